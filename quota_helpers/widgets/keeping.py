"""Whether what the panel reads is kept, and where: asked once, in a line, before the first byte is written."""

from __future__ import annotations

import functools
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Final, Literal

import ipywidgets
import pandas as pd

from ..history import History, default_path
from ..history.opening import delete_history, keep_history, keeping, open_history
from ..history.place import beside, shown
from ..outcomes import Collection
from ..settings import settings_path
from ..sources import Source

NO: Final = False
MONTH: Final = "about 1 MB a month and login"


class Keeper:
    """Asks once, remembers the answer over kernels, and adds runs to a history that is opened when it is needed.

    Args:
        source: Whose runs are kept; the demo's have no place in a person's history, so nobody is asked.
        history: Where to: handing one over is a yes. None is the one in the user's data folder, False is nowhere.
        decided: Called with the new answer when a button was pressed.

    Attributes:
        question: The line that asks; invisible when there is nothing to ask.
        details: Where it is kept, how much it is, and the buttons to stop and to delete.
    """

    def __init__(
        self, source: Source, history: History | Literal[False] | None, decided: Callable[[bool], None]
    ) -> None:
        self._history = history or None
        self._given = bool(history)
        self._source = source
        self._open = history is None and not source.is_demo  # to a yes or a no
        self._demo = history is None and source.is_demo
        self._frame: pd.DataFrame | None = None
        answer = keeping().answer if self._open else None
        self._asked = self._open and answer is None
        self._keeps = self._given or bool(answer)
        self._decided = decided
        self._sure = False
        self.question = self._ask_line()
        self._said = ipywidgets.HTML()
        self._switch = ipywidgets.Button()
        self._delete = ipywidgets.Button(icon="trash")
        self._switch.on_click(lambda _: decided(not self._keeps))
        self._delete.on_click(self._on_delete)
        self.details = ipywidgets.HBox([self._said, self._switch, self._delete])
        self.details.add_class("qp-row")
        self.refresh()

    @property
    def keeps(self) -> bool:
        """Whether runs are kept."""
        return self._keeps

    @property
    def path(self) -> Path | None:
        """The file, whether it is there or not; None in memory."""
        return self._history.path if self._history is not None else default_path()

    @property
    def size(self) -> int:
        """Bytes of the file and what belongs to it; 0 where there is none."""
        return sum(file.stat().st_size for file in beside(self.path) if file.is_file()) if self.path else 0

    @property
    def told(self) -> str:
        """What the headline says of it."""
        if not self._keeps:
            return ""
        if not self.path:
            return "history kept in memory"
        return f"history kept in {shown(self.path)} ({_amount(self.size)}), stop or delete it under More"

    @property
    def has_readings(self) -> bool:
        """Whether there is a history to look at."""
        return self._given or self._demo or (self._open and (self._keeps or self.size > 0))

    def switch(self, *, keep: bool) -> None:
        """Keep from now on, or not, in this panel."""
        self._keeps, self._sure = keep, False
        self.refresh()

    def remember(self, *, keep: bool) -> None:
        """What was answered: it holds for the panels to come.

        Raises:
            SettingsError: It cannot be remembered.
        """
        self._asked = False
        if self._open and keeping().answer is not keep:
            keep_history(keep)

    def frame(self) -> pd.DataFrame:
        """The kept readings; the demo's month where the accounts are the demo's.

        Raises:
            HistoryError: They cannot be read.
        """
        if self._frame is None:
            self._frame = self._opened().frame()
        return self._frame

    def keep(self, collection: Collection) -> str:
        """Add one run; what was done, in words. May be called from any thread.

        Raises:
            HistoryError: It could not be written.
        """
        added = self._opened().add(collection)
        self._frame = None
        return f"{added.new_rows} new readings kept" if added.new_rows else "nothing new to keep"

    def _opened(self) -> History:
        if self._history is None:
            self._history = open_history(self._source) if self._demo else History()
        return self._history

    def _ask_line(self) -> ipywidgets.HBox:
        words = ipywidgets.HTML(
            f"<b>Keep history?</b> Every reading of every login here, other people's too, goes into "
            f"{escape(shown(default_path()))}, {MONTH}: then this panel also says how the weeks went. "
            "Stop it or delete it under <i>More</i>."
        )
        words.add_class("qp-question")
        yes, no = ipywidgets.Button(description="Keep history"), ipywidgets.Button(description="Not now")
        for button, keep in ((yes, True), (no, False)):
            button.on_click(functools.partial(self._answer, keep))
        line = ipywidgets.HBox([words, yes, no])
        line.add_class("qp-row")
        return line

    def _answer(self, keep: bool, _: object) -> None:  # noqa: FBT001 - the answer itself
        self._decided(keep)

    def _on_delete(self, _: object) -> None:
        """Delete the file at the second press; the first one only asks."""
        if not self._sure:
            self._sure = True
            return self.refresh()
        if self._history is not None:
            self._history.close()
            self._history = None
        delete_history()
        self._frame = None
        self._sure = False
        return self._decided(NO)

    def refresh(self) -> None:
        """Say anew what is kept and how much it is."""
        self.question.layout.display = None if self._asked and not self._keeps else "none"
        self.details.layout.display = None if self._open or self._given else "none"
        place = escape(shown(self.path)) if self.path else "memory"
        amount = f" ({_amount(self.size)})" if self.size else ""
        if self._keeps:
            said = f"History is kept in {place}{amount}."
        else:
            said = f"History is not kept.{f' What was kept is in {place}{amount}.' if amount else ''}"
        chosen = f" Your answer is remembered in {escape(shown(settings_path()))}." if self._open else ""
        self._said.value = f"<span>{said}{chosen}</span>"
        self._switch.description = "Stop keeping" if self._keeps else "Keep history"
        self._delete.description = f"Really delete{amount}?" if self._sure else "Delete it"
        self._delete.layout.display = None if self._open and self.size else "none"


def _amount(size: int) -> str:
    """Bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"  # noqa: PLR2004 - from where one counts in MB
