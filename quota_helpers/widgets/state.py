"""The panel's state: what can be set and read, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd
import traitlets

from ..frames import to_frame
from ..labels import of_kind
from ..outcomes import Collection
from ..outlook.foresight import Foresight
from ..sources import Source
from .alerts import guarded
from .choosing import Choosing
from .controls import AUTO_MINUTES
from .messages import about, describe
from .roster import Roster
from .view import VIEWS, Choice, View


class PanelState(Choosing):
    """The attributes of a `QuotaPanel`, which describes them.

    Args:
        source: Whom to ask.
    """

    selected = traitlets.Tuple()
    view = traitlets.Enum(VIEWS, default_value="windows")
    reveal = traitlets.Bool(default_value=False)
    auto_minutes = traitlets.Enum(AUTO_MINUTES, default_value=0)
    keep_history = traitlets.Bool(default_value=False)

    accounts_trait = "selected"
    minute_seconds: ClassVar[float] = 60.0
    """Length of an auto-refresh minute; a test has no time for real ones."""
    answer_seconds: ClassVar[float] = 5.0
    """How long an open page may take to say that it is there; it is asked three times."""

    def __init__(self, source: Source) -> None:
        wanted = "a source: qh.connect(), qh.demo() or qh.live(...) gives one; to draw readings: qh.plot_windows(frame)"
        self._source = of_kind(source, Source, "source", wanted)
        super().__init__(invented=source.is_demo)
        self._collection = Collection(fetched_at=source.clock())
        self._frame: pd.DataFrame | None = None
        self._view = View(self._show_only)

    @property
    def collection(self) -> Collection:
        """The last run."""
        return self._collection

    @property
    def frame(self) -> pd.DataFrame:
        """The last run as a tidy frame: all accounts, whatever is selected."""
        if self._frame is None:
            self._frame = to_frame(self._collection)
        return self._frame

    @property
    def figure(self) -> Any:
        """What is shown as a plotly Figure; the windows' where a table is shown."""
        return self._view.figure

    @guarded("Choosing accounts")
    def _show_only(self, number: int) -> None:
        """Only the account of this number; when it is the only one already, all of them."""
        if not 0 <= number < len(self._roster.keys):
            return
        key = self._roster.keys[number]
        self.selected = self._roster.keys if self._keys == (key,) else (key,)

    def _choice(self, kept: str, history: Any, foresight: Foresight | None) -> Choice:
        return Choice(
            keys=frozenset(self._keys),
            everyone=self._keys == self._roster.keys,
            windows=None if self.windows == self.window_picker.names else self.windows,
            show="left" if self.show == "left" else "used",
            view=self.view,
            zone=self._zone,
            reveal=self.reveal,
            is_demo=self._source.is_demo,
            about=about(self._source),
            kept=kept,
            history=history,
            foresight=foresight,
        )

    def _static_html(self) -> str:
        return self._view.static_html()

    def __repr__(self) -> str:
        return describe(self._collection, is_demo=self._source.is_demo)


def roster_of(source: Source, collection: Collection) -> Roster:
    """Every login of a run: those that were found, those whose file cannot be read, and whatever else was read."""
    names: dict[str, str] = {account.key: account.name for account in source.accounts}
    for snapshot in collection.snapshots:
        key = snapshot.account_key or snapshot.account or "?"
        names.setdefault(key, snapshot.account or key)
    notes: dict[str, str] = {}
    for failure in collection.failures:
        # A login file that cannot be read has no key: its name is all there is.
        key = failure.account_key or f"login {failure.account}"
        names.setdefault(key, failure.account)
        notes[key] = "failed"
    return Roster(names, notes)


def moved(names: Mapping[str, str], before: tuple[str, ...], chosen: tuple[str, ...]) -> tuple[str, ...]:
    """What is chosen of new names: what was chosen stays chosen, and whoever chose all has chosen what is new, too."""
    return tuple(names) if chosen == before else tuple(name for name in chosen if name in names)
