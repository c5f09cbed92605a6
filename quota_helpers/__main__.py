"""`python -m quota_helpers`."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def main() -> int:
    """Runs the command line, started as cheaply as Python allows; returns the exit code.

    What the modules bring, some forty thousand objects, lives until the end. Unless told so, the garbage collector
    looks through all of it several times while it is loaded and twice when Python exits: a sixth of a short run.
    """
    gc.disable()
    guarded = _guard()
    # Not to be found: pandas, where a run needs it, would load it as well. 40 MB, and the command writes no Parquet.
    sys.modules.setdefault("pyarrow", None)  # type: ignore[arg-type]  # so Python is told
    from .cli import main as run  # noqa: PLC0415 - the collector has to be off before anything is loaded

    gc.freeze()
    gc.enable()
    if not guarded:
        return run()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run()
    finally:
        _guard()


def _guard() -> bool:
    """Lets Ctrl-C end the process without a word: nothing is at stake before the work begins and after its end.

    False where whoever started it has switched Ctrl-C off: then it stays so.
    """
    if signal.getsignal(signal.SIGINT) not in {signal.default_int_handler, _leave}:
        return False
    signal.signal(signal.SIGINT, _leave)
    return True


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)


try:
    import gc
    import signal

    if __name__ == "__main__":
        _guard()
        sys.exit(main())
except KeyboardInterrupt:
    os._exit(INTERRUPTED)
