"""Is anybody looking? A closed page cannot say goodbye, but it does not answer either."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from .picker import AccountPicker

TRIES: Final = 3  # a cell that computes for long holds back the answers, and the clock runs on


class Watch:
    """Asks the open views of a picker whether they are there.

    Args:
        picker: The widget whose views answer.
    """

    def __init__(self, picker: AccountPicker) -> None:
        self._picker = picker
        self._asked = 0

    async def is_on(self, seconds: float) -> bool:
        """Whether some view in some open page answers, in at most three times so many seconds."""
        for _ in range(TRIES):
            self._asked += 1
            answered = asyncio.Event()
            self._picker.ask(self._asked, _setter(answered))
            try:
                await asyncio.wait_for(answered.wait(), seconds)
            except TimeoutError:
                continue
            return True
        return False


def _setter(event: asyncio.Event) -> Callable[[int], None]:
    return lambda _: event.set()
