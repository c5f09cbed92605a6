"""Who gets what back, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import present_of, readings
from ..outlook.bars import WindowBar, percent, window_bars
from ..times import Moment, duration, local_time
from .bar_blocks import word_trace
from .invented import zone_for
from .style import (
    GRID,
    NORMAL,
    PLAIN_AXIS,
    ROW_HEIGHT,
    ink,
    is_demo,
    label_space,
    layout_spec,
    note_spec,
    quiet,
    window_label,
)

CHART_SHARE: Final = 0.42  # of the width; the words beside it take the rest

# The axis is logarithmic, in minutes: a five-hour and a monthly window fit into one picture.
TICKS: Final = {1: "1 m", 10: "10 m", 60: "1 h", 300: "5 h", 1_440: "1 d", 10_080: "7 d", 43_200: "30 d"}


def plot_resets(
    frame: pd.DataFrame, *, now: Moment | None = None, tz: str | tzinfo | None = None, reveal: bool = False
) -> go.Figure:
    """A timeline of the resets that lie ahead, the next one on top: whose window, when, and how much comes back.

    Windows that have not started, whose reset has passed or is unknown are left out: nothing is known to come back.

    Args:
        frame: With the columns of `COLUMNS`; of several readings of one window the newest counts.
        now: The present moment (aware); None means the latest `fetched_at` of the frame.
        tz: Time zone of the texts; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.
    """
    frame = readings(frame)
    now = present_of(frame, now)
    bars = window_bars(frame, now=now, reveal=reveal)
    return go.Figure(resets_spec(frame, bars, now=now, tz=tz))


def resets_spec(
    frame: pd.DataFrame, bars: Sequence[WindowBar], *, now: datetime | None = None, tz: str | tzinfo | None = None
) -> dict[str, Any]:
    """What `plot_resets` draws, as plotly's plain specification: building a Figure takes ten times as long.

    Args:
        frame: The rows that *bars* were made of.
        bars: As `window_bars` returns them.
        now: As in `plot_resets`, like what follows.
        tz: Time zone of the texts.
    """
    title = f"Next resets{', demo accounts' if is_demo(frame) else ''}: who gets what back, and when"
    coming = _coming(bars)
    if not coming:
        return note_spec(title, "No reset is known to lie ahead.")
    present = pd.Timestamp(now) if now else frame["fetched_at"].max()
    zone = zone_for(tz, invented=is_demo(frame))
    subtitle = f"dot = reset, its size = what comes back · from {local_time(present, zone)}, logarithmic"
    height = 84 + 28 + ROW_HEIGHT * len(coming)
    layout = layout_spec(title, subtitle, height=height, left=label_space(_labels(coming)), top=64)
    return {"data": _traces(coming, zone), "layout": layout | _axes(coming)}


def _coming(bars: Sequence[WindowBar]) -> list[WindowBar]:
    """The windows with something to get back at a known reset ahead, the next one first."""
    ahead = [bar for bar in bars if bar.used and bar.resets_in is not None and bar.state == "current"]
    return sorted(ahead, key=lambda bar: (bar.reset_at, bar.label))


def _minutes(coming: Sequence[WindowBar]) -> list[float]:
    return [max(1.0, bar.resets_in.total_seconds() / 60) for bar in coming if bar.resets_in is not None]


def _traces(coming: Sequence[WindowBar], zone: tzinfo) -> list[dict[str, Any]]:
    rows = list(range(len(coming)))
    minutes = _minutes(coming)
    # One trace for all stems: a gap (None) lifts the pen.
    stems = {
        "type": "scatter",
        "x": [value for end in minutes for value in (1, end, None)],
        "y": [value for row in rows for value in (row, row, None)],
        "mode": "lines",
        "line": {"color": GRID, "width": 1},
        "hoverinfo": "skip",
    }
    sizes = [7 + min(100.0, bar.used or 0.0) / 9 for bar in coming]
    dots = {
        "type": "scatter",
        "x": minutes,
        "y": rows,
        "mode": "markers",
        "marker": {"size": sizes, "color": NORMAL, "line": {"width": 0}},
        "hovertext": [_hover(bar, zone) for bar in coming],
        "hoverinfo": "text",
    }
    words = word_trace([(1, row, _words(bar, zone), True) for row, bar in zip(rows, coming, strict=True)])
    return [stems, dots, {**words, "xaxis": "x2"}]


def _axes(coming: Sequence[WindowBar]) -> dict[str, dict[str, Any]]:
    last = max(_minutes(coming))
    ticks = {value: text for value, text in TICKS.items() if value <= last * 1.5}
    across = {
        "type": "log",
        "range": [0, math.log10(last * 2)],
        "domain": [0, CHART_SHARE],
        "tickvals": list(ticks),
        "ticktext": [quiet(text) for text in ticks.values()],
        "tickfont": {"size": 10},
        "gridcolor": GRID,
        **PLAIN_AXIS,
    }
    down = {
        "range": [len(coming) - 0.4, -0.6],
        "tickvals": list(range(len(coming))),
        "ticktext": [ink(label) for label in _labels(coming)],
        "ticklabelstandoff": 6,
        "showgrid": False,
        **PLAIN_AXIS,
    }
    words = {"domain": [CHART_SHARE, 1], "range": [0, 1], "visible": False, "fixedrange": True}
    return {"xaxis": across, "yaxis": down, "xaxis2": words}


def _labels(coming: Sequence[WindowBar]) -> list[str]:
    return [window_label(bar.label, bar.title) for bar in coming]


def _words(bar: WindowBar, zone: tzinfo) -> str:
    if bar.reset_at is None:
        return ""
    when = local_time(bar.reset_at, zone, named=False)
    return f"{ink(f'+{percent(min(100.0, bar.used or 0.0))}')} {quiet(f'in {duration(bar.resets_in)} · {when}')}"


def _hover(bar: WindowBar, zone: tzinfo) -> str:
    when = local_time(bar.reset_at, zone) if bar.reset_at is not None else ""
    return (
        f"<b>{ink(bar.label)}</b> {ink(bar.title)}<br>{bar.used:g} % comes back<br>{when}, in {duration(bar.resets_in)}"
    )
