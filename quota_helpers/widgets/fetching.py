"""Ask a source from the kernel's loop without holding it up, and tell how far it is, ten times a second at most."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final

from ..outcomes import Collection
from ..sources import Source
from ..workers import aside, call_in

UPDATE_SECONDS: Final = 0.1  # a thousand messages a second and the server drops output


async def collect_aside(source: Source, on_progress: Callable[[int, int], None], stop: threading.Event) -> Collection:
    """One run over the source, in a thread; *on_progress* is called in the loop.

    *stop* is set when this is cancelled.
    """
    loop = asyncio.get_running_loop()
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= UPDATE_SECONDS:
            last = time.monotonic()
            call_in(loop, lambda: on_progress(done, total))

    try:
        return await aside(lambda: source.collect(progress=False, on_progress=report, stop=stop))
    finally:
        stop.set()
