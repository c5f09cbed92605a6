"""Ask a source from the kernel's loop without holding it up, and tell how far it is, ten times a second at most."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from ..outcomes import Collection
from ..sources import Source

Progress = Callable[[int, int], None]
Result = TypeVar("Result")

UPDATE_SECONDS: Final = 0.1  # a thousand messages a second and the server drops output

_locks: Final[WeakKeyDictionary[Source, threading.Lock]] = WeakKeyDictionary()


def collect(source: Source, *, on_progress: Progress | None = None, stop: threading.Event | None = None) -> Collection:
    """One run over the source; a run of another panel on the same source is waited for."""
    with _locks.setdefault(source, threading.Lock()):
        return source.collect(progress=False if on_progress else None, on_progress=on_progress, stop=stop)


async def collect_aside(source: Source, on_progress: Progress, stop: threading.Event) -> Collection:
    """The same in a thread; *on_progress* is called in the loop. *stop* is set when this is cancelled."""
    loop = asyncio.get_running_loop()
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= UPDATE_SECONDS:
            last = time.monotonic()
            _call(loop, lambda: on_progress(done, total))

    try:
        return await aside(lambda: collect(source, on_progress=report, stop=stop))
    finally:
        stop.set()


async def aside(work: Callable[[], Result]) -> Result:
    """The result of *work*, done in a daemon thread: unlike an executor's it does not hold back the kernel's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # without an error there is a result

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            failure = error
            _call(loop, lambda: settle(None, failure))
        else:
            _call(loop, lambda: settle(result, None))

    threading.Thread(target=run, name="quota-panel", daemon=True).start()
    return await future


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    # The loop may have ended meanwhile: then nobody waits for this.
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)
