"""`python -m quota_helpers`."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Runs the command line, started as cheaply as Python allows; returns the exit code.

    What the modules bring, some forty thousand objects, lives until the end. Unless told so, the garbage collector
    looks through all of it several times while it is loaded and twice when Python exits: a sixth of a short run.
    """
    gc.disable()
    from .cli import main as run  # noqa: PLC0415 - the collector has to be off before anything is loaded

    gc.freeze()
    gc.enable()
    return run()


if __name__ == "__main__":
    sys.exit(main())
