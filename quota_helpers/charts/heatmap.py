"""When quota is used: by weekday and hour, or account by account over the last days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..labels import Names
from ..outlook.bars import window_title
from ..periods import Followed, follow_all
from ..periods.readings import Floats
from ..times import MISSING, Moment, bounds
from .hours import DAYS, HOUR, HOURS_A_DAY, Hours, Measure, by_hour
from .invented import is_invented, zone_for
from .style import cut, ink, label_space, layout, note_figure, quiet

Form = Literal["week", "accounts"]

CELL: Final = 17  # pixels
TOP: Final = 84
PANEL_GAP: Final = 40
MOST_PANELS: Final = 6
MOST_ACCOUNTS: Final = 60
FULL: Final = 100
RECENT: Final = 7 * 24 * HOUR
GAPS_UP_TO: Final = 200  # columns; more of them, and the lines between are all one sees
ZERO_WIDTH: Final = "\u200b"

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

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.
    """
    if form not in {"week", "accounts"} or measure not in WORDS:
        raise ValueError(f"no heatmap {form!r} of {measure!r}: form is week or accounts, measure {', '.join(WORDS)}")
    series = follow_all(frame, accounts, window, limit)
    return heatmap_figure(
        series,
        window,
        limit=limit,
        form=form,
        measure=measure,
        since=since,
        until=until,
        tz=tz,
        reveal=reveal,
        invented=is_invented(frame),
    )


def heatmap_figure(
    series: Sequence[Followed],
    window: str,
    *,
    limit: str = "codex",
    form: Form = "week",
    measure: Measure = "highest",
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
    invented: bool = False,
) -> go.Figure:
    """What `plot_heatmap` draws, of one window's readings whose cycles are known; the arguments are the same."""
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
    demo = ", demo accounts" if invented else ""
    title = f"{window_title(limit, window).capitalize()} window{demo}: {WORDS[measure]}"
    if not found:
        return note_figure(title, "No readings of this window in this range.")
    names = sorted(found, key=lambda name: _fullest(name, found[name]))
    draw = _weeks if form == "week" else _accounts
    return draw(title, [(cut(name), found[name]) for name in names], measure, zone)


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
        "colorbar": {
            "thickness": 10,
            "len": 140,
            "lenmode": "pixels",
            "y": 1,
            "yanchor": "top",
            "x": 1.01,
            "outlinewidth": 0,
            "tickvals": ticks,
            "ticktext": [quiet(f"{tick:g}{sign}") for tick in ticks],
            "tickfont": {"size": 10},
        },
    }


def _weeks(title: str, rows: Sequence[tuple[str, Hours]], measure: Measure, zone: tzinfo) -> go.Figure:
    shown = rows[:MOST_PANELS]
    across = 1 if len(shown) == 1 else 2
    lines = -(-len(shown) // across)
    height = CELL * len(DAYS)
    inner = height * lines + PANEL_GAP * (lines - 1)
    figure = go.Figure()
    grids = [hours.by_week(measure, zone) for _, hours in shown]
    scale = _scale(measure, grids)
    for number, ((label, _), grid) in enumerate(zip(shown, grids, strict=True)):
        line, column = divmod(number, across)
        name = str(number + 1) if number else ""
        width = (1 - 0.06 * (across - 1)) / across
        left, top = column * (width + 0.06), 1 - line * (height + PANEL_GAP) / inner
        axes = {"xaxis": f"x{name}", "yaxis": f"y{name}"}
        hover = f"<b>{ink(label)}</b><br>%{{y}} %{{x}}:00: %{{z:.1f}} {_unit(measure)}<extra></extra>"
        figure.add_trace(_heat(list(range(HOURS_A_DAY)), list(DAYS), grid, scale, hover, bar=not number).update(axes))
        figure.add_trace(_crosses(grid, list(range(HOURS_A_DAY)), list(DAYS), measure).update(axes))
        figure.layout[f"xaxis{name}"] = {
            "domain": [left, left + width],
            "anchor": f"y{name}",
            "range": [-0.5, 23.5],
            "tickvals": [0, 6, 12, 18, 23],
            "ticktext": [quiet(f"{hour}:00") for hour in (0, 6, 12, 18, 23)],
            "tickfont": {"size": 10},
            **_BARE,
        }
        figure.layout[f"yaxis{name}"] = {
            "domain": [max(0.0, top - height / inner), top],
            "anchor": f"x{name}",
            "range": [6.5, -0.5],
            "tickvals": list(DAYS),
            "ticktext": [quiet(day) for day in DAYS],
            "tickfont": {"size": 10},
            **_BARE,
        }
        figure.add_annotation(
            text=f"<b>{ink(label)}</b>",
            x=left,
            xref="paper",
            xanchor="left",
            y=1,
            yref=f"y{name} domain",
            yanchor="bottom",
            showarrow=False,
        )
    notes = ["by weekday and hour", _zone_name(zone, rows), *_notes(measure)]
    notes += [f"{len(shown)} of {len(rows)} accounts"] if len(shown) < len(rows) else []
    layout(figure, title, " · ".join(notes), height=TOP + inner + 34, left=48, top=TOP)
    return figure.update_layout(margin={"r": 64, "b": 34})


def _accounts(title: str, rows: Sequence[tuple[str, Hours]], measure: Measure, zone: tzinfo) -> go.Figure:
    shown = rows[:MOST_ACCOUNTS]
    step = HOUR
    first = min(int(hours.start[0]) for _, hours in shown)
    last = max(int(hours.start[-1]) for _, hours in shown)
    grid = np.full((len(shown), (last - first) // step + 1), np.nan)
    for number, (_, hours) in enumerate(shown):
        at = (hours.start - first) // step
        grid[number, at] = hours.value
    times = pd.DatetimeIndex(np.arange(first, last + 1, step).view("M8[us]"), tz="UTC").tz_convert(zone)
    local = times.tz_localize(None)
    x = local.as_unit("ms").asi8.astype(np.float64)
    # Zero-width spaces tell accounts apart whose names were cut to the same text.
    y = [f"{label}{ZERO_WIDTH * number}" for number, (label, _) in enumerate(shown, start=1)]
    figure = go.Figure()
    hover = f"<b>%{{y}}</b><br>%{{x|%a %d %b %H:%M}}: %{{z:.1f}} {_unit(measure)}<extra></extra>"
    gap = 1 if grid.shape[1] <= GAPS_UP_TO else 0
    figure.add_trace(_heat(x, y, grid, _scale(measure, [grid]), hover, bar=True).update(xgap=gap))
    figure.add_trace(_crosses(grid, x, y, measure))
    notes = ["hour by hour", _zone_name(zone, rows), *_notes(measure)]
    notes += [f"{len(shown)} of {len(rows)} accounts"] if len(shown) < len(rows) else []
    height = TOP + CELL * len(shown) + 44
    layout(
        figure,
        title,
        " · ".join(notes),
        height=max(TOP + 150, height),
        left=label_space([n for n, _ in shown]),
        top=TOP,
    )
    figure.update_xaxes(type="date", tickfont={"size": 10}, nticks=9, tickformat=_DAY, **_BARE)
    figure.update_yaxes(
        type="category",
        tickvals=y,
        ticktext=[ink(name) for name, _ in shown],
        range=[len(shown) - 0.5, -0.5],
        fixedrange=True,
        **_BARE,
    )
    return figure.update_layout(margin={"r": 64, "b": 44})


_BARE: Final = {"showgrid": False, "zeroline": False, "ticks": ""}
_DAY: Final = '<span style="color:var(--jp-ui-font-color2, #7a7a7a)">%a<br>%d %b</span>'


def _heat(x: Any, y: Any, grid: Any, scale: dict[str, Any], hover: str, *, bar: bool) -> go.Heatmap:
    return go.Heatmap(x=x, y=y, z=grid, xgap=1, ygap=1, hovertemplate=hover, hoverongaps=False, showscale=bar, **scale)


def _crosses(grid: Any, x: Any, y: Any, measure: Measure) -> go.Scatter:
    """An x on every hour in which the window was full; yellow cells of 98 % look the same."""
    full = np.nan_to_num(grid) >= FULL if measure == "highest" else np.zeros_like(grid, np.bool_)
    rows, columns = (found.tolist() for found in np.nonzero(full))
    return go.Scatter(
        x=[x[at] for at in columns],
        y=[y[at] for at in rows],
        mode="markers",
        marker={"symbol": "x-thin", "size": 6, "line": {"width": 1.2, "color": "#000000"}},
        hoverinfo="skip",
        showlegend=False,
    )


def _notes(measure: Measure) -> list[str]:
    return ["x = full", "empty = not known"] if measure == "highest" else ["empty = not known"]


def _unit(measure: Measure) -> str:
    return "points" if measure == "rises" else "% used"


def _zone_name(zone: tzinfo, rows: Sequence[tuple[str, Hours]]) -> str:
    last = max((int(hours.start[-1]) for _, hours in rows), default=MISSING)
    return str(pd.Timestamp(last, unit="us", tz="UTC").tz_convert(zone).strftime("%Z"))
