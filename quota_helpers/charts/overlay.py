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
from .style import (
    ATTENTION,
    NORMAL,
    QUIET,
    TOP,
    axis_of,
    cut,
    figure_of,
    note_figure,
    panels,
    percent_axis,
    plain,
    titled,
    words_at,
)

PANEL_HEIGHT: Final = 190  # pixels
PANEL_GAP: Final = 34
MOST_PANELS: Final = 6
MOST_CYCLES: Final = 60
"""Of one window; the newest ones. More lines on top of each other show nothing."""


def plot_overlay(
    lines: Sequence[HistoryLine], title: str, notes: Sequence[str], zone: tzinfo, template: Any = None
) -> go.Figure:
    """One panel for each line; its cycles by the share of the window that has passed, the newest one in colour."""
    shown = [(line, found) for line in lines if (found := curves(line))][:MOST_PANELS]
    if not shown:
        return note_figure(title, "No cycle whose length and reset are known.", template)
    inner, domains = panels(len(shown), PANEL_HEIGHT, PANEL_GAP)
    traces: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    several = len({line.account for line, _ in shown}) > 1
    for number, ((line, found), domain) in enumerate(zip(shown, domains, strict=True)):
        axes[axis_of(number, "yaxis")] = percent_axis(domain=domain, range=[-3, 108])
        for at, curve in enumerate(found):
            traces += _traces(line, curve, axis_of(number), zone, newest=at == len(found) - 1)
        whose = f"{cut(line.label)} · " if several else ""
        texts.append(words_at(f"<b>{plain(f'{whose}{line.title}')}</b> {len(found)} cycles", axis_of(number)))
    more = f"{len(shown)} of {len(lines)} windows" if len(shown) < len(lines) else ""
    return figure_of(
        traces,
        titled(title, "across: share of the window that has passed", "bold = the newest cycle", *notes, more),
        height=TOP + inner + 44,
        left=44,
        template=template,
        annotations=texts,
        hovermode="closest",
        xaxis={
            "range": [-1, 102],
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": ["0", "25", "50", "75", "100 %"],
            "anchor": axis_of(len(shown) - 1),
        },
        **axes,
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
        f"<b>{plain(line.label)}</b> {plain(line.title)}<br>begun {begun}, seen for {lasted}, {kind}"
        "<br>%{x:.0f} % passed, %{y:.4~g} % used<extra></extra>"
    )
    common = {"type": "scatter", "yaxis": axis, "showlegend": False, "hovertemplate": hover}
    look = {"color": NORMAL, "width": 3} if newest else {"color": QUIET, "width": 1.2}
    drawn = {"x": passed, "y": used, "mode": "lines", "opacity": 1.0 if newest else 0.55, "line": look}
    if cycle.end not in KINDS or KINDS[cycle.end] not in {EARLY, EARLY_KEPT}:
        return [common | drawn]
    symbol, edge = ("diamond", 0) if KINDS[cycle.end] == EARLY else ("diamond-open", 2)
    sign = {
        "x": passed[-1:],
        "y": used[-1:],
        "mode": "markers+text",
        "marker": {"symbol": symbol, "size": 10, "color": ATTENTION, "line": {"width": edge}},
        "text": [plain(f" {KINDS[cycle.end]} ")],
        "textposition": "middle right",
        "textfont": {"size": 11},
    }
    return [common | drawn, common | sign]
