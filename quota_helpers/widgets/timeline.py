"""`HistoryPanel`: choose a range of dates, accounts and windows, and see just that in full resolution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final, cast

import ipywidgets
import numpy as np
import pandas as pd
import traitlets

from ..charts.heatmap import plot_heatmap
from ..charts.history import plot_history
from ..charts.history_lines import HistoryLine, history_lines
from ..frames import is_demo, readings
from ..history import History
from ..outlook.bars import Show, percent
from ..periods import follow_all
from ..times import from_micros, local_time, micros
from .alerts import guarded
from .choosing import Choosing
from .controls import Chart, row, style, tabs
from .twin import twin_html

CHARTS: Final = {"over time": "over time", "cycles": "cycles on top of each other", "hours": "by weekday and hour"}
PRESETS: Final[dict[str, float | None]] = {"24 h": 1, "7 d": 7, "30 d": 30, "all": None}
"""Label -> days up to the newest reading; None is everything."""
HEADS: Final = ("account", "window", "now", "highest", "scheduled resets", "early refills", "unconfirmed readings")
"""Of the table in a saved notebook."""


class HistoryPanel(Choosing):
    """Percent used over time, for a chosen range, chosen accounts and windows.

    Zooming with the mouse inside a chart enlarges what was sent; choosing dates here draws the range anew from all
    readings. Every attribute below can be set, too: the controls follow, as the attributes follow the controls.

    Args:
        readings: A `History`, or any frame with the columns of `COLUMNS` and many readings over time.
        reveal: Whether e-mail addresses are shown in full.
        tz: Time zone of axis and dates; None means UTC for the demo, else this machine's.
        now: The present moment (aware) for "resets in"; None means the newest reading.

    Attributes:
        accounts: Labels of the accounts that are shown; the fullest one at first. Full names and keys can be set, too.
        windows: Names of the windows that are shown; all at first.
        since: Beginning of the range (aware); None is the first reading.
        until: End of the range (aware); None is the newest reading.
        show: "used" or "left".
        chart: "over time", "cycles" or "hours".
        tz: Time zone by name, "local" for this machine's.
        alerts: Messages about what went wrong.

    Raises:
        HistoryError: The history cannot be read.
        TypeError: *readings* is neither.
        ValueError: The frame has not the columns of readings.

    >>> import quota_helpers as qh
    >>> from quota_helpers.invented.history import demo_snapshots
    >>> panel = HistoryPanel(qh.to_frame(demo_snapshots()[:2000]))
    >>> panel.windows = ("weekly",)
    >>> panel
    HistoryPanel(3,200 readings of 5 accounts)
    """

    accounts = traitlets.Tuple()
    since = traitlets.Instance(datetime, allow_none=True)
    until = traitlets.Instance(datetime, allow_none=True)
    show = traitlets.Enum(("left", "used"), default_value="used")
    chart = traitlets.Enum(tuple(CHARTS), default_value="over time")

    accounts_trait = "accounts"

    def __init__(
        self,
        readings: History | pd.DataFrame,
        *,
        reveal: bool = False,
        tz: str | tzinfo | None = None,
        now: datetime | None = None,
    ) -> None:
        self._readings, self._reveal, self._now = readings, reveal, now
        self._figure: Any = None
        frame = self._read()
        super().__init__(invented=is_demo(frame))
        self.tz = self._zone_name(tz)
        self._build()
        self._take(frame)
        self._wire()

    @property
    def frame(self) -> pd.DataFrame:
        """All readings, whatever is chosen."""
        return self._frame

    @property
    def figure(self) -> Any:
        """The chart that is shown."""
        return self._figure

    def reload(self) -> None:
        """Read the history again and draw; what was chosen stays chosen."""
        self._take(self._read())

    def show_last(self, days: float | None) -> None:
        """Show the last so many days up to the newest reading; None shows everything."""
        newest = self._frame["fetched_at"].max()
        with self._unheard():
            self.until = None
            self.since = None if days is None or pd.isna(newest) else (newest - timedelta(days=days)).to_pydatetime()
        self._repaint()

    def _read(self) -> pd.DataFrame:
        frame = self._readings.frame() if isinstance(self._readings, History) else self._readings
        return readings(frame, "readings")

    def _take(self, frame: pd.DataFrame) -> None:
        """Show these readings from now on."""
        self._frame = frame
        # Cycles are found once, in all readings: what is chosen below only cuts pieces out of them.
        self._followed = follow_all(frame)
        lines = history_lines(frame, known=self._followed)
        moment = micros(self._now) if self._now else _newest(lines)
        fullest = dict.fromkeys(_key(line) for line in sorted(lines, key=lambda line: line.urgency(moment)))
        names = {_key(line): line.account for line in sorted(lines, key=lambda line: line.account)}
        keys = tuple(key for key in self._keys if key in names) or tuple(fullest)[:1]
        self._offer(names, keys, {line.window for line in lines}, {})
        self._repaint()

    def _build(self) -> None:
        self.preset = ipywidgets.ToggleButtons(
            options=list(PRESETS),
            value="all",
            description="Range",
            tooltips=["the last day", "the last week", "the last 30 days", "everything"],
        )
        self.first, self.last = (ipywidgets.DatePicker(description=words) for words in ("From", "to"))
        self.view = tabs(CHARTS, tooltips=list(CHARTS.values()), value=self.chart)
        self.button = ipywidgets.Button(description="Reload", icon="refresh", tooltip="read the history again")
        self.status = ipywidgets.HTML()
        self.output = Chart()
        kept = [self.button] if isinstance(self._readings, History) else []
        self.folded.children = (self.window_picker, row(self.zone))
        head = row(self.picker, self.left_used, *kept, self.fold)
        days = row(self.preset, self.first, self.last)
        self.children = (style(), self.status, head, self.folded, days, self.alerts, self.view, self.output)

    def _wire(self) -> None:
        self._wire_choices({"chart": self.view})
        self.preset.observe(self._on_preset, "value")
        self.first.observe(self._on_dates, "value")
        self.last.observe(self._on_dates, "value")
        self.button.on_click(self._on_reload)
        self.observe(self._on_choice, ["accounts", "windows", "since", "until", "show", "chart", "tz"])

    # Handlers: from a control or an attribute to what follows.

    @guarded("Range")
    def _on_preset(self, change: Any) -> None:
        if self._settled and change["new"] is not None:
            self.show_last(PRESETS[change["new"]])

    @guarded("Range")
    def _on_dates(self, _: object) -> None:
        if not self._settled:
            return
        first, last = self.first.value, self.last.value
        if first and last and first > last:
            # A slip of the pen is no fault of the program: said, not raised.
            self.alerts.show("Dates", f"The range ends ({last}) before it begins ({first}): change one of the dates.")
            return
        self.alerts.clear("Dates")
        with self._unheard():
            self.since = self._midnight(first)
            # The newest reading's own day ends with that reading: the rest of it is still to come.
            open_end = last is None or last >= self._frame["fetched_at"].max().tz_convert(self._zone).date()
            self.until = None if open_end else self._midnight(last + timedelta(days=1))
        self._repaint()

    @guarded("Reload")
    def _on_reload(self, _: object) -> None:
        self.reload()

    @traitlets.validate("since", "until")
    def _check_moment(self, proposal: Any) -> datetime | None:
        moment: datetime | None = proposal["value"]
        if moment is not None and moment.utcoffset() is None:
            raise traitlets.TraitError(f"{moment!r} has no time zone. Give an aware time, such as datetime.now(UTC)")
        return moment

    # Work.

    def _midnight(self, day: date | None) -> datetime | None:
        """The beginning of a day in the panel's time zone."""
        if day is None:
            return None
        midnight = pd.Timestamp(datetime.combine(day, time.min))
        # A change of daylight saving can skip midnight, or bring it twice.
        moment: datetime = midnight.tz_localize(self._zone, ambiguous=True, nonexistent="shift_forward").to_pydatetime()
        return moment

    def _move_dates(self) -> None:
        """Let preset and dates say what is shown."""
        times, close = self._frame["fetched_at"], timedelta(seconds=1)
        newest = times.max()
        if pd.isna(newest):
            return
        whole = "all" if self.since is None else None
        last_days = (
            label
            for label, days in PRESETS.items()
            if days and self.since and abs(newest - timedelta(days=days) - self.since) < close
        )
        self.preset.value = next(last_days, whole) if self.until is None else None
        first = times.min() if self.since is None else pd.Timestamp(self.since)
        last = newest if self.until is None else pd.Timestamp(self.until) - close  # midnight ends the day before
        self.first.value, self.last.value = (moment.tz_convert(self._zone).date() for moment in (first, last))

    def _repaint(self) -> None:
        with self._unheard():
            self._move_choices(reveal=self._reveal)
            self._move_dates()
        part: dict[str, Any] = {
            "accounts": self._keys,
            "since": self.since,
            "until": self.until,
            "reveal": self._reveal,
        }
        self._lines = history_lines(self._frame, known=self._followed, windows=self.windows, **part)
        part["tz"] = self._zone
        if self.chart == "hours":
            window = "five_hour" if "five_hour" in self.windows else next(iter(self.windows), "five_hour")
            self._figure = plot_heatmap(self._frame, window, known=self._followed, **part)
        else:
            overlay, show = self.chart == "cycles", cast("Show", self.show)
            self._figure = plot_history(
                self._frame, lines=self._lines, now=self._now, overlay=overlay, show=show, **part
            )
        self.status.value = f'<p role="status">{status_text(self._lines, self._zone)}</p>'
        self.output.draw(self._figure)

    def _static_html(self) -> str:
        """The chosen windows as a table: what is used now, how full it got, how often it was refilled."""
        present = micros(self._now) if self._now else _newest(self._lines)
        said = f"{status_text(self._lines, self._zone).removesuffix('.')}."
        cells = (_cells(line, present) for line in self._lines)
        count = len(self._lines)
        return twin_html("Quota used over time", said, heads=HEADS, rows=cells, count=count, more="windows")

    def __repr__(self) -> str:
        return f"HistoryPanel({len(self._frame):,} readings of {len(self._names)} accounts)"


def status_text(lines: Sequence[HistoryLine], zone: tzinfo) -> str:
    """How many readings of whom, and of which time."""
    if not lines:
        return "No readings in this range."
    times = [_times(line) for line in lines]
    first, last = (from_micros(int(end)) for end in (min(part[0] for part in times), max(part[-1] for part in times)))
    accounts = len({line.account for line in lines})
    who = "1 account" if accounts == 1 else f"{accounts} accounts"
    return f"{sum(map(len, times)):,} readings of {who}, {local_time(first, zone)} to {local_time(last, zone)}"


def _times(line: HistoryLine) -> Any:
    """The times of its readings in the range that is shown."""
    times = line.followed.series.time
    edges = [knots.time for knots in (line.line, line.other, line.stale) if len(knots)]
    low = min((int(part[0]) for part in edges), default=0)
    high = max((int(part[-1]) for part in edges), default=0)
    return times[(times >= low) & (times <= high)]


def _cells(line: HistoryLine, now: int) -> tuple[object, ...]:
    return (
        line.label,
        line.title,
        line.says(now),
        percent(line.highest) if len(line.line) else "unknown",
        line.ends.count("scheduled"),
        line.early,
        int((~np.isnan(line.other.used)).sum()),
    )


def _newest(lines: Sequence[HistoryLine]) -> int:
    return max((int(line.followed.series.time[-1]) for line in lines), default=0)


def _key(line: HistoryLine) -> str:
    return line.followed.series.account_key or line.account
