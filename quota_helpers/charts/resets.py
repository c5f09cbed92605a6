"""Who gets what back, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from .bars import WindowBar, window_bars
from .style import (
    GRID,
    NORMAL,
    ROW_HEIGHT,
    duration,
    ink,
    is_demo,
    label_space,
    layout,
    moment,
    note_figure,
    percent,
    quiet,
    text_column,
    window_label,
    zone_for,
)

CHART_SHARE: Final = 0.42  # of the width; the words beside it take the rest

# The axis is logarithmic, in minutes: a five-hour and a monthly window fit into one picture.
TICKS: Final = {1: "1 m", 10: "10 m", 60: "1 h", 300: "5 h", 1_440: "1 d", 10_080: "7 d", 43_200: "30 d"}


def plot_resets(
    frame: pd.DataFrame, *, now: datetime | None = None, tz: str | tzinfo | None = None, reveal: bool = False
) -> go.Figure:
    """A timeline of the resets that lie ahead, the next one on top: whose window, when, and how much comes back.

    Windows that have not started, whose reset has passed or is unknown are left out: nothing is known to come back.

    Args:
        frame: With the columns of `COLUMNS`; of several readings of one window the newest counts.
        now: The present moment (aware); None means the latest `fetched_at` of the frame.
        tz: Time zone of the texts; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.
    """
    title = f"Next resets{', demo accounts' if is_demo(frame) else ''}: who gets what back, and when"
    coming = reset_bars(frame, now=now, reveal=reveal)
    if not coming:
        return note_figure(title, "No reset is known to lie ahead.")
    present = pd.Timestamp(now) if now else frame["fetched_at"].max()
    zone = zone_for(frame, tz)
    figure = _draw(coming, zone)
    subtitle = f"dot = reset, its size = what comes back · from {moment(present, zone)}, logarithmic"
    return layout(
        figure, title, subtitle, height=84 + 28 + ROW_HEIGHT * len(coming), left=label_space(_labels(coming)), top=64
    )


def reset_bars(frame: pd.DataFrame, *, now: datetime | None = None, reveal: bool = False) -> list[WindowBar]:
    """The windows with something to get back at a known reset ahead, the next one first."""
    ahead = [
        bar
        for bar in window_bars(frame, now=now, reveal=reveal)
        if bar.used and bar.resets_in is not None and bar.state == "current"
    ]
    return sorted(ahead, key=lambda bar: (bar.reset_at, bar.account))


def _draw(coming: Sequence[WindowBar], zone: str | tzinfo) -> go.Figure:
    rows = list(range(len(coming)))
    minutes = [max(1.0, bar.resets_in.total_seconds() / 60) for bar in coming if bar.resets_in is not None]
    figure = go.Figure()
    # One trace for all stems: a gap (None) lifts the pen.
    figure.add_scatter(
        x=[value for end in minutes for value in (1, end, None)],
        y=[value for row in rows for value in (row, row, None)],
        mode="lines",
        line={"color": GRID, "width": 1},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=minutes,
        y=rows,
        mode="markers",
        marker={
            "size": [7 + min(100.0, bar.used or 0.0) / 9 for bar in coming],
            "color": NORMAL,
            "line": {"width": 0},
        },
        hovertext=[_hover(bar, zone) for bar in coming],
        hoverinfo="text",
    )
    last = max(minutes)
    words = text_column(1, rows, [_words(bar, zone) for bar in coming], right=True)
    figure.add_trace(words.update(xaxis="x2"))
    ticks = {value: text for value, text in TICKS.items() if value <= last * 1.5}
    figure.update_xaxes(
        type="log",
        range=[0, math.log10(last * 1.3)],
        domain=[0, CHART_SHARE],
        tickvals=list(ticks),
        ticktext=[quiet(text) for text in ticks.values()],
        tickfont={"size": 10},
        gridcolor=GRID,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6],
        tickvals=rows,
        ticktext=[ink(label) for label in _labels(coming)],
        ticklabelstandoff=6,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    words_axis = {"domain": [CHART_SHARE, 1], "range": [0, 1], "visible": False, "fixedrange": True}
    return figure.update_layout(xaxis2=words_axis)


def _labels(coming: Sequence[WindowBar]) -> list[str]:
    return [window_label(bar.label, bar.title) for bar in coming]


def _words(bar: WindowBar, zone: str | tzinfo) -> str:
    if bar.reset_at is None:
        return ""
    when = moment(bar.reset_at, zone, named=False)
    return f"{ink(f'+{percent(min(100.0, bar.used or 0.0))}')} {quiet(f'in {duration(bar.resets_in)} · {when}')}"


def _hover(bar: WindowBar, zone: str | tzinfo) -> str:
    when = moment(bar.reset_at, zone) if bar.reset_at is not None else ""
    return (
        f"<b>{ink(bar.label)}</b> {ink(bar.title)}<br>{bar.used:g} % comes back<br>{when}, in {duration(bar.resets_in)}"
    )
