"""What the panel shows: headline, answers, and one view of the windows at a time, drawn anew from the last run."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection as Group
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final

import ipywidgets
import pandas as pd

from ..charts import plot_resets, plot_windows
from ..charts.history import plot_history
from ..html import bullets
from ..outcomes import Collection
from ..outlook.answers import Answers, answers
from ..outlook.bars import OWN, Show, WindowBar, window_bars
from ..outlook.foresight import Foresight, resets_worth
from ..privacy import printable
from ..siblings import resets_frame
from .bars_html import saved_html, table_html, windows_html
from .board import Board
from .chart import Chart
from .forecast_html import forecast_html
from .messages import answers_html, earned, failures_list, headline, headline_html
from .roster import Roster

VIEWS: Final = ("windows", "resets", "over time", "table")
MOST_RESETS: Final = 40  # rows of a chart; the next ones count, and a list of hundreds is the table's
READING: Final = '<p class="qp-empty" role="status">Reading what was kept and what Codex has logged …</p>'
MOST_LINES: Final = 4  # accounts over time; more of them nobody tells apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is to be shown, and how.

    Attributes:
        keys: Keys of the selected accounts.
        everyone: Whether these are all there are.
        windows: Names of the selected windows; None for all, also for what has no name.
        show: "left" or "used".
        view: One of `VIEWS`.
        zone: Time zone of all times.
        reveal: Whether e-mail addresses are shown in full.
        is_demo: Whether the accounts are invented.
        about: What is to be known of the source.
        kept: What is said of the kept history; "" where there is none.
        history: Readings of all the time, for "over time"; None before they are there.
        foresight: What the kept readings say of what comes; None where there are none.
    """

    keys: Group[str]
    everyone: bool
    windows: Group[str] | None
    show: Show
    view: str
    zone: tzinfo
    reveal: bool
    is_demo: bool
    about: str = ""
    kept: str = ""
    history: pd.DataFrame | None = None
    foresight: Foresight | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a run at one minute: a choice only leaves out some of it.

    Attributes:
        of: The run, the minute and how it is said.
        said: The answers.
        earned: The sentence about earned resets, or "".
        bars: All bars.
        drawn: The rows that were drawn of them.
    """

    of: tuple[Any, ...]
    said: Answers
    earned: str
    bars: list[WindowBar]
    drawn: dict[Any, str] = field(default_factory=dict)


class View:
    """The parts of the panel that only show.

    Args:
        only: Called with the number of the account whose name was clicked.
    """

    def __init__(self, only: Callable[[int], None]) -> None:
        self.head, self.answers = ipywidgets.HTML(), ipywidgets.HTML()
        self.board = Board(only)
        self.note = ipywidgets.HTML()
        self.output = Chart()
        self._known: _Known | None = None
        self._figure: Callable[[], Any] = lambda: None
        self._saved: Callable[[], str] = str

    def draw(
        self, collection: Collection, frame: Callable[[], pd.DataFrame], roster: Roster, choice: Choice, now: datetime
    ) -> None:
        """Draw as it stands at *now*; what has not changed is not sent."""
        labels = roster.labels(reveal=choice.reveal)
        known = self._known = self._at(collection, labels, now, choice)
        count = len(roster.keys)
        line = headline(collection, count, choice.zone, choice.about)
        self.head.value = headline_html(line, choice.kept, is_demo=choice.is_demo)
        self.answers.value = answers_html(
            known.said, collection.failures, count, reveal=choice.reveal, earned=known.earned
        ) + forecast_html(choice.foresight, labels, choice.zone)
        bars = [
            bar
            for bar in known.bars
            if bar.account_key in choice.keys and (choice.windows is None or bar.window in choice.windows)
        ]
        people = {key: (number, labels[key]) for number, key in enumerate(roster.keys)}
        charted = choice.view == "resets" or (choice.view == "over time" and choice.history is not None)
        self._show(charted=charted)
        self._figure = lambda: self._figure_of(collection, frame, bars, choice, now)
        if charted:
            self.output.draw(self._figure())
            self.note.value = _left_out(bars) if choice.view == "resets" else ""
        elif choice.view == "windows":
            self.board.html = windows_html(bars, show=choice.show, zone=choice.zone, people=people, drawn=known.drawn)
        elif choice.view == "table":
            self.board.html = table_html(bars, show=choice.show, zone=choice.zone, people=people)
        else:
            self.board.html = READING
        # Made when it is asked for: a repaint has no time for it.
        self._saved = lambda: self._twin(collection, f"{line}.", known, bars, labels, choice)

    def _at(self, collection: Collection, labels: dict[str, str], now: datetime, choice: Choice) -> _Known:
        minute = now.replace(second=0, microsecond=0)
        of = (collection, choice.foresight, minute, choice.zone, choice.reveal, id(choice.history))
        before = self._known
        if before is not None and before.of[0] is collection and before.of[1:] == of[1:]:
            return before
        told, pool = (None, None) if choice.foresight is None else (choice.foresight.forecast, choice.foresight.pool)
        said = answers(collection, now=now, forecast=told, pool=pool, tz=choice.zone, reveal=choice.reveal)
        bars = window_bars(collection, now=now, reveal=choice.reveal)
        waiting = [one for one in collection.snapshots if one.reset_credits and one.reset_credits.available_count]
        worth = {}
        if waiting and choice.history is not None:
            worth = resets_worth(waiting, choice.history, now=now, tz=choice.zone)
        return _Known(of, said, earned(collection, labels, choice.zone, worth), bars)

    @property
    def figure(self) -> Any:
        """What is shown as a plotly Figure, made when it is asked for; None before the first drawing."""
        return self._figure()

    def static_html(self) -> str:
        """The same without widgets, for saved notebooks."""
        return self._saved()

    def _show(self, *, charted: bool) -> None:
        self.output.layout.display, self.board.layout.display = (None, "none") if charted else ("none", None)
        self.note.layout.display = self.output.layout.display

    def _figure_of(
        self,
        collection: Collection,
        frame: Callable[[], pd.DataFrame],
        bars: list[WindowBar],
        choice: Choice,
        now: datetime,
    ) -> Any:
        if choice.view == "over time" and choice.history is not None:
            return self._history_of(choice.history, bars, choice, now)
        shown = {(bar.account_key, bar.limit, bar.window) for bar in bars}
        rows = frame()
        places = zip(rows["account_key"], rows["limit"], rows["window"].fillna(""), strict=True)
        rows = rows[[place in shown for place in places]]
        if choice.view == "resets":
            rows = rows[rows["reset_at"].isin(_next_resets(bars))]
            lapses = resets_frame(collection) if collection.beside else None
            return plot_resets(rows, now=now, tz=choice.zone, reveal=choice.reveal, earned=lapses)
        return plot_windows(rows, now=now, show=choice.show, tz=choice.zone, reveal=choice.reveal)

    @staticmethod
    def _history_of(kept: pd.DataFrame, bars: list[WindowBar], choice: Choice, now: datetime) -> Any:
        """The own limits of the selected accounts, of many those that bind first."""
        own = kept[kept["limit"] == OWN]
        binding = dict.fromkeys(bar.account_key for bar in bars if bar.own)
        known = set(own["account_key"])
        accounts = [key for key in [*binding, *sorted(set(choice.keys).difference(binding))] if key in known]
        return plot_history(
            # Logs of nobody in particular are shown where nobody in particular is chosen.
            own if accounts or choice.everyone else own.iloc[:0],
            accounts=accounts[:MOST_LINES] or None,
            show=choice.show,
            windows=None if choice.windows is None else list(choice.windows),
            now=now,
            tz=choice.zone,
            reveal=choice.reveal,
        )

    @staticmethod
    def _twin(
        collection: Collection, line: str, known: _Known, bars: list[WindowBar], labels: dict[str, str], choice: Choice
    ) -> str:
        told_behind = "unread" if collection.failures else None
        said = [*(answer.text for answer in known.said if answer.kind != told_behind), known.earned]
        if choice.foresight is not None:
            said.append(f"Forecasts: {choice.foresight.record.sentence(choice.zone)}")
        return saved_html(
            bars,
            show=choice.show,
            title=f"Codex quota {choice.show}",
            said=line,
            labels=labels,
            before=bullets(map(printable, filter(None, said))),
            behind=failures_list(collection.failures, reveal=choice.reveal),
        )


def _next_resets(bars: list[WindowBar]) -> list[datetime]:
    """The moments of the next resets, as many as a chart has room for."""
    return _resets(bars)[:MOST_RESETS]


def _left_out(bars: list[WindowBar]) -> str:
    """What the chart of the resets does not show; "" when it shows all."""
    more = len(_resets(bars)) - MOST_RESETS
    return f'<p class="qp-empty">The next {MOST_RESETS}; {more} more are in the table.</p>' if more > 0 else ""


def _resets(bars: list[WindowBar]) -> list[datetime]:
    return sorted(bar.reset_at for bar in bars if bar.reset_at and bar.used and bar.state == "current")
