"""Whether what the panel reads is kept, and where: asked once, in a line, before the first byte is written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from html import escape
from typing import Final, Literal

import ipywidgets
import pandas as pd

from ..history import History
from ..history.opening import delete_history, keep_history, keeping, open_history
from ..history.overview import said as amount
from ..history.place import shown
from ..outcomes import Collection
from ..outlook.foresight import Foresight, foresee
from ..sessions import logged
from ..settings import settings_path
from ..sources import Source
from .controls import row

MONTH: Final = "about 1 MB a month and login"


class Keeper:
    """Asks once, remembers the answer over kernels, and adds runs to a history that is opened when it is needed.

    Args:
        source: Whose runs are kept; the demo's have no place in a person's history, so nobody is asked.
        history: Where to: handing one over is a yes. None is the one in the user's data folder, False is nowhere.
        decided: Called with the new answer, `keep=`, when a button was pressed.

    Attributes:
        question: The line that asks; invisible when there is nothing to ask.
        details: Where it is kept, how much it is, and the buttons to stop and to delete.
        keeps: Whether runs are kept.
        frame: The readings to look at over time, as of the last `look`; None before it.
        fresh: Whether there are none since.
        foresight: What the history says of what becomes of the run that was kept last; None before.
    """

    def __init__(self, source: Source, history: History | Literal[False] | None, decided: Callable[..., None]) -> None:
        self._source, self._decided = source, decided
        self._given = history or None
        self._own = history is None and not source.is_demo  # in the user's data folder, to a yes or a no
        answer = keeping().answer if self._own else None
        self.keeps = bool(self._given or answer)
        self.frame: pd.DataFrame | None = None
        self.fresh = False
        self.foresight: Foresight | None = None
        self._asking = self._own and answer is None
        self._anyway = history is None and (source.is_demo or logged())  # the demo's month, or Codex's own logs
        self._sure = False
        self._said = ipywidgets.HTML()
        self._switch = self._button(lambda: decided(keep=not self.keeps))
        self._delete = self._button(self._on_delete, icon="trash")
        self.details = row(self._said, self._switch, self._delete)
        words = ipywidgets.HTML(
            f"<b>Keep history?</b> Every reading of every login here, other people's too, goes into "
            f"{escape(shown(keeping().path))}, {MONTH}: then this panel also says how the weeks went. "
            "Stop it or delete it under <i>More</i>."
        ).add_class("qp-question")
        yes = self._button(lambda: decided(keep=True), description="Keep history")
        no = self._button(lambda: decided(keep=False), description="Not now")
        self.question = row(words, yes, no)
        self.refresh(anything=False)

    @property
    def told(self) -> str:
        """What the headline says of it."""
        return f"history kept in {self._where()}, stop or delete it under More" if self.keeps else ""

    @property
    def has_readings(self) -> bool:
        """Whether there is something to look at over time."""
        return bool(self._given or self._anyway or (self._own and (self.keeps or keeping().size)))

    def look(self) -> None:
        """Read what there is to look at: what is kept and what Codex has logged, or the demo's month.

        Raises:
            HistoryError: It cannot be read.
        """
        with nullcontext(self._given) if self._given else open_history(self._source) as history:
            self.frame = history.frame()
        self.fresh = True

    def switch(self, *, keep: bool) -> None:
        """Keep from now on, or not, in this panel."""
        self.keeps, self._sure = keep, False
        self.foresight = self.foresight if keep else None

    def remember(self, *, keep: bool) -> None:
        """What was answered: it holds for the panels to come.

        Raises:
            SettingsError: It cannot be remembered.
        """
        self._asking = False
        if self._own and keeping().answer is not keep:
            keep_history(keep)

    def keep(self, collection: Collection) -> str:
        """Add one run; what was done, in words. May be called from any thread.

        Raises:
            HistoryError: It could not be written.
        """
        with nullcontext(self._given) if self._given else History() as history:
            added = history.add(collection)
            self.foresight = foresee(history, collection)
        self.fresh = False
        return f"{added.new_rows} new readings kept" if added.new_rows else "nothing new to keep"

    def refresh(self, *, anything: bool) -> None:
        """Say anew what is kept and how much it is; before *anything* could be read there is nothing to ask for."""
        self.question.layout.display = None if self._asking and anything and not self.keeps else "none"
        self.details.layout.display = None if self._own or self._given else "none"
        kept = keeping().size if self._own else 0
        said = f"History is kept in {self._where()}." if self.keeps else "History is not kept."
        if kept and not self.keeps:
            said += f" What was kept is in {self._where()}."
        if self._own:
            said += f" Your answer is remembered in {shown(settings_path())}."
        self._said.value = f"<span>{escape(said)}</span>"
        self._switch.description = "Stop keeping" if self.keeps else "Keep history"
        self._delete.description = f"Really delete ({amount(kept)})?" if self._sure else "Delete it"
        self._delete.layout.display = None if kept else "none"

    def _where(self) -> str:
        """The place, and how much is there."""
        place = self._given or keeping()
        return f"{shown(place.path) if place.path else 'what you handed over'} ({amount(place.size)})"

    @staticmethod
    def _button(pressed: Callable[[], None], **looks: str) -> ipywidgets.Button:
        button = ipywidgets.Button(**looks)
        button.on_click(lambda _: pressed())
        return button

    def _on_delete(self) -> None:
        """Delete the file at the second press; the first one only asks."""
        if not self._sure:
            self._sure = True
            return self.refresh(anything=True)
        delete_history()
        self.frame, self.fresh, self._sure = None, False, False
        return self._decided(keep=False)
