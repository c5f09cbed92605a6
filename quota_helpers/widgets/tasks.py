"""Repeated work in the kernel's loop: one timer per place in a notebook, however often its cell is run.

The registry lives in this module, because everything a cell holds is made anew when the cell is run again, while the
kernel's tasks go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

Tick = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class _Timer:
    task: asyncio.Task[None]
    ended: Callable[[], None]


class Timers:
    """Running timers by key; starting one ends the earlier one of the same key."""

    def __init__(self) -> None:
        self._timers: dict[Hashable, _Timer] = {}

    @property
    def running(self) -> tuple[Hashable, ...]:
        """Keys of the timers that run now."""
        return tuple(self._timers)

    def start(self, key: Hashable, tick: Tick, seconds: float, ended: Callable[[], None]) -> None:
        """Call *tick* every so many seconds until it answers False, `stop` is called, or the loop ends.

        Args:
            key: Whose timer it is.
            tick: Does the work. An exception in it is its own matter to show: the timer goes on.
            seconds: Pause between two ticks.
            ended: Called when the timer has ended without its owner's doing.

        Raises:
            RuntimeError: No event loop is running.
        """
        loop = asyncio.get_running_loop()
        self.stop(key)
        task = loop.create_task(_repeat(tick, seconds), name=f"quota timer {key}")
        self._timers[key] = _Timer(task, ended)
        task.add_done_callback(lambda done: self._over(key, done))

    def stop(self, key: Hashable, *, tell: bool = True) -> None:
        """End the timer of this key, if there is one; its owner is told unless it is the one who asks."""
        if timer := self._timers.pop(key, None):
            timer.task.cancel()
            if tell:
                timer.ended()

    def _over(self, key: Hashable, task: asyncio.Task[None]) -> None:
        timer = self._timers.get(key)
        # A timer that was replaced or stopped has been told already.
        if timer and timer.task is task:
            del self._timers[key]
            timer.ended()


async def _repeat(tick: Tick, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        if not await tick():
            return


TIMERS: Final = Timers()
"""The timers of this kernel."""


def in_loop() -> bool:
    """Whether an event loop runs here: in a kernel yes, in plain Python no."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
