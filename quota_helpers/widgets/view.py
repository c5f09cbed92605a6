"""What the panel shows: headline, answers, and one view of the windows at a time, drawn anew from the last run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

import ipywidgets
import pandas as pd
import traitlets

from ..charts import plot_resets, plot_windows
from ..charts.history import plot_history
from ..frames import to_frame
from ..html import bullets
from ..models import OWN
from ..outcomes import Collection
from ..outlook.answers import Answer, answers
from ..outlook.bars import Show, WindowBar, window_bars
from ..outlook.foresight import resets_worth
from ..privacy import printable
from ..siblings import resets_frame
from ..sources import Source
from .alerts import guarded
from .board import Board, saved_html, table_html, windows_html
from .choosing import Choosing
from .controls import Chart
from .keeping import Keeper
from .messages import answers_html, earned, failures_list, forecast_html, headline, headline_html

VIEWS: Final = ("windows", "resets", "over time", "table")
MOST_RESETS: Final = 40  # rows of a chart; the next ones count, and a list of hundreds is the table's
READING: Final = '<p class="qp-empty" role="status">Reading what was kept and what Codex has logged …</p>'
MOST_LINES: Final = 4  # accounts over time; more of them nobody tells apart


class PanelView(Choosing):
    """What a `QuotaPanel` chooses from and shows; it describes the attributes.

    Args:
        source: Whose run is shown.
        keeper: Knows the past.
    """

    selected = traitlets.Tuple()
    view = traitlets.Enum(VIEWS, default_value="windows")
    reveal = traitlets.Bool(default_value=False)

    accounts_trait = "selected"

    def __init__(self, source: Source, keeper: Keeper) -> None:
        super().__init__(invented=source.is_demo)
        self._source, self._keeper = source, keeper
        self._collection = Collection(fetched_at=source.clock())
        self._frame: pd.DataFrame | None = None
        self.headline, self.answers = ipywidgets.HTML(), ipywidgets.HTML()
        self.board = Board(self._show_only)
        self.note, self.output = ipywidgets.HTML(), Chart()
        # What is known of a run at one minute: a choice only leaves out some of it.
        self._known: tuple[Any, ...] = ()
        self._said: Sequence[Answer] = ()
        self._earned = ""
        self._all_bars: list[WindowBar] = []
        self._drawn: dict[Any, str] = {}
        # What is shown of it.
        self._line = ""
        self._bars: list[WindowBar] = []
        self._people: dict[str, tuple[int, str]] = {}

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
        now = self._source.clock()
        if self.view == "over time" and self._keeper.frame is not None:
            return self._over_time(self._keeper.frame, now)
        shown = {(bar.account_key, bar.limit, bar.window) for bar in self._bars}
        places = zip(*(self.frame[name].fillna("") for name in ("account_key", "limit", "window")), strict=True)
        rows = self.frame[[place in shown for place in places]]
        if self.view == "resets":
            rows = rows[rows["reset_at"].isin(self._resets()[:MOST_RESETS])]
            lapses = resets_frame(self._collection) if self._collection.beside else None
            return plot_resets(rows, now=now, tz=self._zone, reveal=self.reveal, earned=lapses)
        return plot_windows(rows, now=now, show=self._show, tz=self._zone, reveal=self.reveal)

    @property
    def _show(self) -> Show:
        return cast("Show", self.show)

    @property
    def _every_window(self) -> bool:
        return bool(self.windows == self.window_picker.names)

    @guarded("Choosing accounts")
    def _show_only(self, number: int) -> None:
        """Only the account of this number; when it is the only one already, all of them."""
        keys = tuple(self._names)
        if 0 <= number < len(keys):
            self.selected = keys if self._keys == (keys[number],) else (keys[number],)

    def _draw(self) -> None:
        """Draw as it stands now; what has not changed is not sent."""
        now, labels, failures = self._source.clock(), self._labels(reveal=self.reveal), self._collection.failures
        self._people = {key: (number, label) for number, (key, label) in enumerate(labels.items())}
        self._learn(now, labels)
        self._line = headline(self._collection, len(labels), self._zone, self._source)
        self.headline.value = headline_html(self._line, self._keeper.told, is_demo=self._source.is_demo)
        said = answers_html(self._said, failures, len(labels), reveal=self.reveal, earned=self._earned)
        self.answers.value = said + forecast_html(self._keeper.foresight, labels, self._zone)
        self._bars = [
            bar
            for bar in self._all_bars
            # A bar without a name is a window that was not sent.
            if bar.account_key in self._keys and (self._every_window or bar.window in self.windows)
        ]
        charted = self.view == "resets" or (self.view == "over time" and self._keeper.frame is not None)
        self.board.layout.display = "none" if charted else None
        self.output.layout.display = self.note.layout.display = None if charted else "none"
        how: dict[str, Any] = {"show": self._show, "zone": self._zone, "people": self._people}
        if charted:
            self.output.draw(self.figure)
            more = len(self._resets()) - MOST_RESETS if self.view == "resets" else 0
            left_out = f'<p class="qp-empty">The next {MOST_RESETS}; {more} more are in the table.</p>'
            self.note.value = left_out if more > 0 else ""
        elif self.view == "windows":
            self.board.html = windows_html(self._bars, drawn=self._drawn, **how)
        elif self.view == "table":
            self.board.html = table_html(self._bars, **how)
        else:
            self.board.html = READING

    def _learn(self, now: datetime, labels: dict[str, str]) -> None:
        """Work out the answers and all bars, unless that was done for this run, this minute and this way to say it."""
        collection, past, foresight = self._collection, self._keeper.frame, self._keeper.foresight
        minute = now.replace(second=0, microsecond=0)
        known = (id(collection), id(past), id(foresight), minute, self._zone, self.reveal)
        if known == self._known:
            return
        told, pool = (None, None) if foresight is None else (foresight.forecast, foresight.pool)
        self._said = answers(collection, now=now, forecast=told, pool=pool, tz=self._zone, reveal=self.reveal)
        self._all_bars, self._drawn = window_bars(collection, now=now, reveal=self.reveal), {}
        waiting = [one for one in collection.snapshots if one.reset_credits and one.reset_credits.available_count]
        worth = resets_worth(waiting, past, now=now, tz=self._zone) if waiting and past is not None else {}
        self._earned = earned(collection, labels, self._zone, worth)
        self._known = known

    def _resets(self) -> list[datetime]:
        """The moments of the next resets."""
        return sorted(bar.reset_at for bar in self._bars if bar.reset_at and bar.used and bar.state == "current")

    def _over_time(self, past: pd.DataFrame, now: datetime) -> Any:
        """The own limits of the selected accounts, of many those that bind first."""
        own = past[past["limit"] == OWN]
        binding = dict.fromkeys(bar.account_key for bar in self._bars if bar.own)
        known = set(own["account_key"])
        accounts = [key for key in [*binding, *sorted(set(self._keys).difference(binding))] if key in known]
        return plot_history(
            # Logs of nobody in particular are shown where nobody in particular is chosen.
            own if accounts or len(self._keys) == len(self._names) else own.iloc[:0],
            accounts=accounts[:MOST_LINES] or None,
            show=self._show,
            windows=None if self._every_window else list(self.windows),
            now=now,
            tz=self._zone,
            reveal=self.reveal,
        )

    def _static_html(self) -> str:
        failures = self._collection.failures
        said = [*(answer.text for answer in self._said if answer.kind != "unread" or not failures), self._earned]
        if self._keeper.foresight is not None:
            said.append(f"Forecasts: {self._keeper.foresight.record.sentence(self._zone)}")
        return saved_html(
            self._bars,
            show=self._show,
            said=f"{self._line}.",
            people=self._people,
            before=bullets(map(printable, filter(None, said))),
            behind=failures_list(failures, reveal=self.reveal),
        )

    def __repr__(self) -> str:
        # Viewers that show nothing else get one line of plain text; times in UTC.
        what = "DEMO, invented accounts" if self._source.is_demo else "your logins"
        read, failed = len(self._collection.snapshots), len(self._collection.failures)
        return f"QuotaPanel({what}: {read} read, {failed} failed, {self._collection.fetched_at:%Y-%m-%d %H:%M} UTC)"
