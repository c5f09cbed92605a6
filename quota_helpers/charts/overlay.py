"""The cycles of a window on top of each other: does this week go faster than the last ones?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..frames import Integers
from ..periods import Cycle
from ..periods.follow import CONFIRMED
from ..periods.readings import Floats
from ..times import MISSING, SECOND, duration, from_micros, local_time
from .history_lines import EARLY, EARLY_KEPT, KINDS, HistoryLine
from .knots import needed
from .style import ATTENTION, GRID, NORMAL, QUIET, cut, ink, layout, note_figure, quiet

PANEL_HEIGHT: Final = 190  # pixels
PANEL_GAP: Final = 34
TOP: Final = 96
MOST_PANELS: Final = 6
MOST_CYCLES: Final = 60
"""Of one window; the newest ones. More lines on top of each other show nothing."""


def plot_overlay(lines: Sequence[HistoryLine], title: str, notes: Sequence[str], zone: tzinfo) -> go.Figure:
    """One panel for each line; its cycles by the share of the window that has passed, the newest one in colour."""
    panels = [line for line in lines if curves(line)][:MOST_PANELS]
    if not panels:
        return note_figure(title, "No cycle whose length and reset are known.")
    inner = PANEL_HEIGHT * len(panels) + PANEL_GAP * (len(panels) - 1)
    traces: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for number, line in enumerate(panels):
        suffix = str(number + 1) if number else ""
        top = 1 - number * (PANEL_HEIGHT + PANEL_GAP) / inner
        axes[f"yaxis{suffix}"] = _y_axis(max(0.0, top - PANEL_HEIGHT / inner), top)
        found = curves(line)
        for at, curve in enumerate(found):
            traces += _traces(line, curve, f"y{suffix}", zone, newest=at == len(found) - 1)
        whose = f"{cut(line.label)} · " if len({other.account for other in panels}) > 1 else ""
        texts.append(_panel_title(f"{whose}{line.title}", f"{len(found)} cycles", f"y{suffix}"))
    figure = go.Figure({"data": traces, "layout": axes})
    more = [f"{len(panels)} of {len(lines)} windows"] if len(panels) < len(lines) else []
    subtitle = " · ".join(["across: share of the window that has passed", "bold = the newest cycle", *notes, *more])
    layout(figure, title, subtitle, height=TOP + inner + 44, left=48, top=TOP)
    return figure.update_layout(
        annotations=texts,
        margin={"b": 44},
        hovermode="closest",
        xaxis={
            "range": [-1, 102],
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": [quiet(text) for text in ("0", "25", "50", "75", "100 %")],
            "anchor": f"y{len(panels) if len(panels) > 1 else ''}",
            "gridcolor": GRID,
            "zeroline": False,
            "tickfont": {"size": 10},
        },
    )


Curve = tuple[Cycle, Floats, Floats]


def curves(line: HistoryLine) -> list[Curve]:
    """For each cycle of the line: percent of the window that had passed, and percent used. Oldest first."""
    series, followed = line.followed.series, line.followed
    if np.isnan(series.length):
        return []
    low = line.line.time[0] if len(line.line) else 0
    high = line.line.time[-1] if len(line.line) else 0
    found = []
    for number in range(max(0, len(followed.cycles) - MOST_CYCLES), len(followed.cycles)):
        cycle = followed.cycles[number]
        if cycle.reset == MISSING or cycle.seen < low or cycle.begun > high:
            continue
        rows = np.flatnonzero((followed.cycle == number) & (followed.reading == CONFIRMED))
        used = series.used[rows]
        passed = np.round(100 - (cycle.reset - series.time[rows]) / (series.length * SECOND) * 100, 3)
        pause = np.diff(series.time[rows]) > series.longest_pause
        kept = needed(used, pause)
        gaps: Integers = (np.cumsum(kept) - kept)[np.flatnonzero(pause) + 1]
        found.append((cycle, np.insert(passed[kept], gaps, np.nan), np.insert(used[kept], gaps, np.nan)))
    return found


def _traces(line: HistoryLine, curve: Curve, axis: str, zone: tzinfo, *, newest: bool) -> list[dict[str, Any]]:
    cycle, passed, used = curve
    begun = local_time(from_micros(cycle.begun), zone, named=False)
    kind = "goes on" if cycle.end == "open" else f"ended: {KINDS[cycle.end]}"
    lasted = duration(pd.Timedelta(cycle.seen - cycle.begun, unit="us").to_pytimedelta())
    hover = (
        f"<b>{ink(line.label)}</b> {ink(line.title)}<br>begun {begun}, seen for {lasted}, {kind}"
        "<br>%{x:.0f} % passed, %{y:.4~g} % used<extra></extra>"
    )
    common = {"type": "scatter", "yaxis": axis, "showlegend": False, "hovertemplate": hover}
    found: list[dict[str, Any]] = [
        common
        | {
            "x": passed,
            "y": used,
            "mode": "lines",
            "opacity": 1.0 if newest else 0.55,
            "line": {"color": NORMAL if newest else QUIET, "width": 3 if newest else 1.2},
        }
    ]
    if cycle.end in KINDS and KINDS[cycle.end] in {EARLY, EARLY_KEPT}:
        symbol = "diamond" if KINDS[cycle.end] == EARLY else "diamond-open"
        marker = {"symbol": symbol, "size": 10, "color": ATTENTION, "line": {"width": 2 if "open" in symbol else 0}}
        found.append(
            common
            | {
                "x": passed[-1:],
                "y": used[-1:],
                "mode": "markers+text",
                "marker": marker,
                "text": [ink(f" {KINDS[cycle.end]} ")],
                "textposition": "middle right",
                "textfont": {"size": 11},
            }
        )
    return found


def _y_axis(low: float, high: float) -> dict[str, Any]:
    return {
        "domain": [low, high],
        "range": [-3, 108],
        "tickvals": [0, 50, 100],
        "ticktext": [quiet(text) for text in ("0", "50", "100 %")],
        "tickfont": {"size": 10},
        "gridcolor": GRID,
        "zeroline": False,
    }


def _panel_title(name: str, words: str, axis: str) -> dict[str, Any]:
    return {
        "text": f"<b>{ink(name)}</b> {quiet(words)}",
        "x": 0,
        "xref": "x domain",
        "xanchor": "left",
        "y": 1,
        "yref": f"{axis} domain",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
    }
