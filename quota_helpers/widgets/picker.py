"""The account picker: type a name and Enter shows that one, or tick several; by mouse and by keyboard, for hundreds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

TRIES: Final = 3  # a cell that computes for long holds back the answers, and the clock runs on


class AccountPicker(anywidget.AnyWidget):
    """A list of labels to tick; the browser's half is `picker.js`.

    Only labels and numbers travel to the browser, never the names behind them.

    Attributes:
        labels: What is shown, in order; no two are alike.
        notes: A word beside each label, or "".
        chosen: Numbers of the ticked labels, ascending.
    """

    _esm = Path(__file__).with_name("picker.js")

    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    chosen = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._answered = asyncio.Event()
        self.on_msg(self._take)

    def offer(self, labels: Sequence[str], notes: Sequence[str], chosen: Sequence[int]) -> None:
        """Show other labels, with these of them ticked."""
        with self.hold_sync(), self.hold_trait_notifications():
            self.labels, self.notes, self.chosen = list(labels), list(notes), list(chosen)

    async def is_watched(self, seconds: float) -> bool:
        """Whether some view in some open page answers, in at most three times so many seconds.

        A closed page cannot say goodbye, but it does not answer either.
        """
        for _ in range(TRIES):
            self._answered = asyncio.Event()
            self.send({"kind": "ping"})
            try:
                await asyncio.wait_for(self._answered.wait(), seconds)
            except TimeoutError:
                continue
            return True
        return False

    @traitlets.validate("chosen")
    def _check(self, proposal: Any) -> list[int]:
        """Numbers that stand for no label (a browser can be a moment behind) are left out."""
        return sorted({number for number in proposal["value"] if 0 <= number < len(self.labels)})

    def _take(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict) and content.get("kind") == "pong":
            self._answered.set()
