"""When quota is used: by weekday and hour, or account by account over the last days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..frames import is_demo
from ..labels import Names
from ..outlook.bars import window_title
from ..periods import Followed, follow_all
from ..periods.readings import Floats
from ..times import MISSING, Moment, bounds
from .hours import DAYS, HOUR, HOURS_A_DAY, Hours, Measure, by_hour
from .style import (
    LABEL_LENGTH,
    PLAIN_AXIS,
    TOP,
    axis_of,
    cut,
    demo_words,
    figure_of,
    label_space,
    note_figure,
    panels,
    plain,
    time_axis,
    titled,
    words_at,
    zone_for,
)
from .wall_time import wall_time

Form = Literal["week", "accounts"]

CELL: Final = 17  # pixels
PANEL_GAP: Final = 40
MOST_PANELS: Final = 6
MOST_ACCOUNTS: Final = 60
FULL: Final = 100
RECENT: Final = 7 * 24 * HOUR
GAPS_UP_TO: Final = 60  # columns; more of them, and the lines between are all one sees

WORDS: Final[dict[Measure, str]] = {
    "highest": "highest use",
    "mean": "mean use",
    "rises": "percent points used up per hour",
}


def plot_heatmap(
    frame: pd.DataFrame,
    window: str = "five_hour",
    *,
    limit: str = "codex",
    form: Form = "week",
    measure: Measure = "highest",
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
    template: Any = None,
    known: Sequence[Followed] | None = None,
) -> go.Figure:
    """A window's use by the hour; an x marks hours in which it was full, an empty cell hours of which nothing is known.

    Args:
        frame: With the columns of `COLUMNS`, many readings over time.
        window: Name of the window.
        limit: Limit id.
        form: "week": weekday by hour of the day, all weeks together, one panel per account. "accounts": one row per
            account, the one that was full most often on top, hour after hour.
        measure: "highest" or "mean" percent used, or "rises": the percent points used up in each hour.
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
    >>> plot_heatmap(qh.to_frame(demo_snapshots()[:2000]), measure="rises").layout.title.text
    'Five hour window, demo accounts'
    """
    if form not in {"week", "accounts"} or measure not in WORDS:
        raise ValueError(f"no heatmap {form!r} of {measure!r}: form is week or accounts, measure {', '.join(WORDS)}")
    series = follow_all(frame, accounts, window, limit, known)
    invented = is_demo(frame)
    zone = zone_for(tz, invented=invented)
    newest = max((int(followed.series.time[-1]) for followed in series), default=None)
    low, high = bounds(since, until, newest=newest)
    if low is None and form == "accounts" and newest is not None:
        low = (high or newest) - RECENT
    found: dict[str, Hours] = {}
    for followed in series:
        hours = by_hour(followed, measure, zone, low, None if high is None else high - 1)
        if np.isfinite(hours.value).any():
            found[followed.series.account if reveal else followed.series.label] = hours
    title = f"{window_title(limit, window).capitalize()} window{demo_words(invented=invented)}"
    if not found:
        return note_figure(title, "No readings of this window in this range.", template)
    rows = sorted(found.items(), key=lambda row: _fullest(*row))
    shown = rows[: MOST_PANELS if form == "week" else MOST_ACCOUNTS]
    notes = [
        f"{WORDS[measure]} by weekday and hour" if form == "week" else f"{WORDS[measure]}, hour by hour",
        _zone_name(zone, rows),
        "x = full" if measure == "highest" else "",
        "empty = not known",
        f"{len(shown)} of {len(rows)} accounts" if len(shown) < len(rows) else "",
    ]
    draw = _weeks if form == "week" else _accounts
    return draw(shown, measure, zone, title=titled(title, *notes), bottom=BOTTOM, template=template)


def _fullest(name: str, hours: Hours) -> tuple[int, float, str]:
    """Sort key: the most hours at 100 % first, then the highest mean."""
    return -sum((hours.value >= FULL).tolist()), -float(np.nanmean(hours.value)), name


def _scale(measure: Measure, grids: Sequence[Floats]) -> dict[str, Any]:
    most = 100.0 if measure != "rises" else max([1.0, *(float(np.nanmax(grid)) for grid in grids)])
    ticks = [0, 50, 100] if measure != "rises" else [0, round(most / 2, 1), round(most, 1)]
    sign = " %" if measure != "rises" else ""
    return {
        "colorscale": "Cividis",
        "zmin": 0,
        "zmax": most,
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
            "tickvals": ticks,
            "ticktext": [f"{tick:g}{sign}" for tick in ticks],
            "tickfont": {"size": 10},
        },
    }


def _weeks(shown: Sequence[tuple[str, Hours]], measure: Measure, zone: tzinfo, **common: Any) -> go.Figure:
    inner, domains = panels(len(shown), CELL * len(DAYS), PANEL_GAP)
    grids = [hours.by_week(measure, zone) for _, hours in shown]
    scale = _scale(measure, grids)
    hours_of_day, days, ticks = list(range(HOURS_A_DAY)), list(DAYS), (0, 6, 12, 18, 23)
    traces: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for number, ((label, _), grid, domain) in enumerate(zip(shown, grids, domains, strict=True)):
        across, down = axis_of(number, "x"), axis_of(number)
        hover = f"<b>{plain(label)}</b><br>%{{y}} %{{x}}:00: %{{z:.1f}} {_unit(measure)}<extra></extra>"
        place = {"xaxis": across, "yaxis": down, "name": label}
        traces.append(_heat(hours_of_day, days, grid, scale, hover) | place | {"showscale": not number})
        traces.append(_crosses(grid, hours_of_day, days, measure) | place)
        hours = {"range": [-0.5, 23.5], "tickvals": list(ticks), "ticktext": [f"{hour}:00" for hour in ticks]}
        axes[axis_of(number, "xaxis")] = {"anchor": down, **hours, **_BARE}
        weekdays = {"range": [6.5, -0.5], "tickvals": days, "ticktext": days}
        axes[axis_of(number, "yaxis")] = {"domain": domain, "anchor": across, **weekdays, **_BARE}
        axes.setdefault("annotations", []).append(words_at(f"<b>{plain(label)}</b>", down))
    return figure_of(traces, height=TOP + inner + BOTTOM, left=44, **axes, **common)


def _accounts(shown: Sequence[tuple[str, Hours]], measure: Measure, zone: tzinfo, **common: Any) -> go.Figure:
    times = np.unique(np.concatenate([hours.start for _, hours in shown]))
    # A column without a number on both sides of a gap: else its neighbours would be drawn across it.
    gaps = np.flatnonzero(np.diff(times) > HOUR)
    times = np.unique(np.concatenate([times, times[gaps] + HOUR, times[gaps + 1] - HOUR]))
    grid = np.full((len(shown), len(times)), np.nan)
    for number, (_, hours) in enumerate(shown):
        grid[number, np.searchsorted(times, hours.start)] = hours.value
    x = (wall_time(times + HOUR // 2, zone) / 1000).tolist()  # the middle of each hour, where a cell is drawn
    y = list(range(len(shown)))
    labels = [cut(label, LABEL_LENGTH) for label, _ in shown]
    hover = f"<b>%{{customdata}}</b><br>%{{x|%a %d %b %H:%M}}: %{{z:.1f}} {_unit(measure)}<extra></extra>"
    gap = 1 if grid.shape[1] <= GAPS_UP_TO else 0
    names = {"customdata": [[plain(label)] * len(times) for label, _ in shown]}
    return figure_of(
        [
            _heat(x, y, grid, _scale(measure, [grid]), hover) | {"xgap": gap, "name": WORDS[measure]} | names,
            _crosses(grid, x, y, measure),
        ],
        height=max(TOP + 66, TOP + CELL * len(shown)) + BOTTOM,
        left=label_space(labels),
        xaxis=time_axis(nticks=5, showgrid=False),
        yaxis={"tickvals": y, "ticktext": list(map(plain, labels)), "range": [len(shown) - 0.5, -0.5], **_BARE},
        **common,
    )


_BARE: Final = {**PLAIN_AXIS, "showgrid": False, "ticks": ""}
BOTTOM: Final = 84  # pixels, for the hours and the scale of colours


def _heat(x: Any, y: Any, grid: Any, scale: dict[str, Any], hover: str) -> dict[str, Any]:
    cells = {"x": x, "y": y, "z": grid, "xgap": 1, "ygap": 1, "hoverongaps": False}
    return {"type": "heatmap", "hovertemplate": hover, **cells, **scale}


def _crosses(grid: Any, x: Any, y: Any, measure: Measure) -> dict[str, Any]:
    """An x on every hour in which the window was full; yellow cells of 98 % look the same."""
    full = np.nan_to_num(grid) >= FULL if measure == "highest" else np.zeros_like(grid, np.bool_)
    rows, columns = (found.tolist() for found in np.nonzero(full))
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


def _unit(measure: Measure) -> str:
    return "points" if measure == "rises" else "% used"


def _zone_name(zone: tzinfo, rows: Sequence[tuple[str, Hours]]) -> str:
    last = max((int(hours.start[-1]) for _, hours in rows), default=MISSING)
    return str(pd.Timestamp(last, unit="us", tz="UTC").tz_convert(zone).strftime("%Z"))
