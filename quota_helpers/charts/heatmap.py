"""When quota is used: by weekday and hour, or account by account over the last days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..frames import is_demo
from ..labels import Names, one_of
from ..outlook.bars import window_title
from ..periods import Followed, follow_all
from ..periods.follow import CONFIRMED, NOT_STARTED
from ..periods.readings import Floats
from ..times import MISSING, SECOND, Moment, bounds
from . import style
from .style import LABEL_LENGTH, PLAIN_AXIS, TOP, axis_of, cut, plain, titled, words_at
from .wall_time import wall_time

Form = Literal["week", "accounts"]

HOUR: Final = 3_600 * SECOND
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS_A_DAY: Final = 24
CELL: Final = 17  # pixels
PANEL_GAP: Final = 40
BOTTOM: Final = 84  # pixels, for the hours and the scale of colours
MOST_PANELS: Final = 6
MOST_ACCOUNTS: Final = 60
FULL: Final = 100
RECENT: Final = 7 * 24 * HOUR
GAPS_UP_TO: Final = 60  # columns; more of them, and the lines between are all one sees

_BARE: Final = {**PLAIN_AXIS, "showgrid": False, "ticks": ""}
_SCALE: Final[dict[str, Any]] = {
    "colorscale": "Cividis",
    "zmin": 0,
    "zmax": 100.0,
    # Beside the title's lines, where no cell is: at its usual place it takes a fifth of a narrow chart.
    "colorbar": {
        "orientation": "h",
        "thickness": 8,
        "len": 120,
        "lenmode": "pixels",
        "x": 1,
        "xanchor": "right",
        "y": 0,
        "yanchor": "top",
        "ypad": 36,
        "xpad": 14,
        "outlinewidth": 0,
        "tickvals": [0, 50, 100],
        "ticktext": ["0 %", "50 %", "100 %"],
        "tickfont": {"size": 10},
    },
}


def plot_heatmap(
    frame: pd.DataFrame,
    window: str = "five_hour",
    *,
    limit: str = "codex",
    form: Form = "week",
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
    template: Any = None,
    known: Sequence[Followed] | None = None,
) -> go.Figure:
    """A window's highest use by the hour; an x marks hours in which it was full; of an empty cell nothing is known.

    Args:
        frame: With the columns of `COLUMNS`, many readings over time.
        window: Name of the window.
        limit: Limit id.
        form: "week": weekday by hour of the day, all weeks together, one panel per account. "accounts": one row per
            account, the one that was full most often on top, hour after hour.
        accounts: Names or keys; None means all (of "week" those with most use, up to six).
        since: From this moment on, in any form (a timedelta counts back from the newest reading); None means all, and
            for "accounts" the last seven days.
        until: Before this moment.
        tz: Whose hours; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.
        template: As in `plot_windows`.
        known: As in `periods.follow_all`, where the cycles of the whole frame are known.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> import quota_helpers as qh
    >>> from quota_helpers.invented.history import demo_snapshots
    >>> plot_heatmap(qh.to_frame(demo_snapshots()[:2000]), form="accounts").layout.title.text
    'Five hour window, demo accounts'
    """
    one_of(form, ("week", "accounts"), "form")
    series = follow_all(frame, accounts, window, limit, known)
    invented = is_demo(frame)
    zone = style.zone_for(tz, invented=invented)
    newest = max((int(followed.series.time[-1]) for followed in series), default=None)
    low, high = bounds(since, until, newest=newest)
    if low is None and form == "accounts" and newest is not None:
        low = (high or newest) - RECENT
    hours = {
        followed.series.account if reveal else followed.series.label: by_hour(
            followed, zone, low, None if high is None else high - 1
        )
        for followed in series
    }
    found = {label: values for label, values in hours.items() if len(values)}
    title = f"{window_title(limit, window).capitalize()} window{style.demo_words(invented=invented)}"
    if not found:
        return style.note_figure(title, "No readings of this window in this range.", template)
    # The most hours at 100 % first, then the highest mean.
    order = sorted(found, key=lambda label: (-(found[label] >= FULL).sum(), -found[label].mean(), label))
    shown = {label: found[label] for label in order[: MOST_PANELS if form == "week" else MOST_ACCOUNTS]}
    notes = [
        "highest use by weekday and hour" if form == "week" else "highest use, hour by hour",
        max(values.index[-1] for values in found.values()).strftime("%Z"),
        "x = full",
        "empty = not known",
        f"{len(shown)} of {len(found)} accounts" if len(shown) < len(found) else "",
    ]
    draw = _weeks if form == "week" else _accounts
    return draw(shown, title=titled(title, *notes), bottom=BOTTOM, template=template)


def _weeks(shown: Mapping[str, pd.Series], **common: Any) -> go.Figure:
    inner, domains = style.panels(len(shown), CELL * len(DAYS), PANEL_GAP)
    hours_of_day, days, ticks = list(range(HOURS_A_DAY)), list(DAYS), (0, 6, 12, 18, 23)
    traces: list[dict[str, Any]] = []
    axes: dict[str, Any] = {"annotations": []}
    for number, ((label, values), domain) in enumerate(zip(shown.items(), domains, strict=True)):
        across, down, grid = axis_of(number, "x"), axis_of(number), by_week(values)
        hover = f"<b>{plain(label)}</b><br>%{{y}} %{{x}}:00: %{{z:.1f}} % used<extra></extra>"
        place = {"xaxis": across, "yaxis": down, "name": label}
        traces.append(_heat(hours_of_day, days, grid, hover) | place | {"showscale": not number})
        traces.append(_crosses(grid, hours_of_day, days) | place)
        hours = {"range": [-0.5, 23.5], "tickvals": list(ticks), "ticktext": [f"{hour}:00" for hour in ticks]}
        axes[axis_of(number, "xaxis")] = {"anchor": down, **hours, **_BARE}
        weekdays = {"range": [6.5, -0.5], "tickvals": days, "ticktext": days}
        axes[axis_of(number, "yaxis")] = {"domain": domain, "anchor": across, **weekdays, **_BARE}
        axes["annotations"].append(words_at(f"<b>{plain(label)}</b>", down))
    return style.figure_of(traces, height=TOP + inner + BOTTOM, left=44, **axes, **common)


def _accounts(shown: Mapping[str, pd.Series], **common: Any) -> go.Figure:
    table = pd.concat(shown, axis=1, sort=True)
    times, hour = table.index, pd.Timedelta(hours=1)
    # A column without a number on both sides of a gap: else its neighbours would be drawn across it.
    gaps = np.flatnonzero(np.diff(times) > hour)
    times = times.union(times[gaps] + hour).union(times[gaps + 1] - hour)
    grid = table.reindex(times).T.to_numpy()
    middles = times.as_unit("us").asi8 + HOUR // 2  # of each hour, where a cell is drawn
    x, y = (wall_time(middles, times.tz) / 1000).tolist(), list(range(len(shown)))
    labels = [cut(label, LABEL_LENGTH) for label in shown]
    hover = "<b>%{customdata}</b><br>%{x|%a %d %b %H:%M}: %{z:.1f} % used<extra></extra>"
    names = {"name": "highest use", "customdata": [[plain(label)] * len(times) for label in shown]}
    return style.figure_of(
        [
            _heat(x, y, grid, hover) | {"xgap": 1 if len(times) <= GAPS_UP_TO else 0} | names,
            _crosses(grid, x, y),
        ],
        height=max(TOP + 66, TOP + CELL * len(shown)) + BOTTOM,
        left=style.label_space(labels),
        xaxis=style.time_axis(nticks=5, showgrid=False),
        yaxis={"tickvals": y, "ticktext": list(map(plain, labels)), "range": [len(shown) - 0.5, -0.5], **_BARE},
        **common,
    )


def _heat(x: Sequence[Any], y: Sequence[Any], grid: Floats, hover: str) -> dict[str, Any]:
    cells = {"x": x, "y": y, "z": grid, "xgap": 1, "ygap": 1, "hoverongaps": False}
    return {"type": "heatmap", "hovertemplate": hover, **cells, **_SCALE}


def _crosses(grid: Floats, x: Sequence[Any], y: Sequence[Any]) -> dict[str, Any]:
    """An x on every hour in which the window was full; yellow cells of 98 % look the same."""
    rows, columns = (found.tolist() for found in np.nonzero(np.nan_to_num(grid) >= FULL))
    return {
        "type": "scatter",
        "name": "full",
        "x": [x[at] for at in columns],
        "y": [y[at] for at in rows],
        "mode": "markers",
        "marker": {"symbol": "x-thin", "size": 6, "line": {"width": 1.2, "color": "#000000"}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def by_week(values: pd.Series) -> Floats:
    """Seven days by 24 hours: over all weeks the highest value of the hour."""
    places = {"day": values.index.day_of_week, "hour": values.index.hour, "used": values.to_numpy()}
    highest = pd.DataFrame(places).pivot_table("used", "day", "hour", "max")
    grid: Floats = highest.reindex(index=range(len(DAYS)), columns=range(HOURS_A_DAY)).to_numpy("float64")
    return grid


def by_hour(followed: Followed, zone: tzinfo, since: int | None = None, until: int | None = None) -> pd.Series:
    """The highest percentage of each whole hour of the zone of which something is known.

    Between two readings the percentage stays what it was, up to the announced reset and over no pause longer than
    `Series.longest_pause`. Unconfirmed readings do not count. *since* and *until* are microseconds; the hours in which
    they lie are the first and the last.
    """
    rows = np.flatnonzero((followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED))
    time, used, reset = followed.series.time[rows], followed.series.used[rows], followed.series.reset[rows]
    if not len(time):
        return pd.Series(used, pd.DatetimeIndex(time.view("M8[us]"), tz="UTC").tz_convert(zone))
    offset = pd.Timestamp(int(time[-1]), unit="us", tz="UTC").tz_convert(zone).utcoffset()
    shift = int(offset.total_seconds()) * SECOND % HOUR  # of the zone's whole hours: half an hour in India
    held = np.append(np.diff(time) <= followed.series.longest_pause, False)
    end = np.where(held, np.append(time[1:], 0), time)
    end = np.where(reset == MISSING, end, np.minimum(end, reset))
    first = (time + shift) // HOUR
    count = np.maximum((end - 1 + shift) // HOUR - first, 0) + 1  # of the hours in which a reading holds
    hour = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    highest = pd.Series(np.repeat(used, count)).groupby(hour).max()
    low = highest.index[0] if since is None else (since + shift) // HOUR
    high = highest.index[-1] if until is None else (until + shift) // HOUR
    highest = highest.loc[low:high]
    start = highest.index.to_numpy(np.int64) * HOUR - shift
    return highest.set_axis(pd.DatetimeIndex(start.view("M8[us]"), tz="UTC").tz_convert(zone))
