"""Who gets what back, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta, tzinfo
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import chosen, present_of, readings
from ..labels import Names
from ..outlook.bars import WindowBar, percent, window_bars
from ..times import Moment, duration, local_time
from .style import (
    GRID,
    NORMAL,
    PLAIN_AXIS,
    demo_words,
    figure_of,
    note_figure,
    plain,
    titled,
    window_label,
    word_trace,
    worded_rows,
    zone_for,
)

ROW: Final = 46  # pixels: a name and its words, a stem, what lies between two
WORDS: Final = -0.3  # share of a row: where its words stand
LABEL_LENGTH: Final = 27  # characters; the words to the right of it take the rest of 360 pixels

# The axis is logarithmic, in minutes: a five-hour and a monthly window fit into one picture.
TICKS: Final = {1: "1 m", 10: "10 m", 60: "1 h", 300: "5 h", 1_440: "1 d", 10_080: "7 d", 43_200: "30 d"}


def plot_resets(
    frame: pd.DataFrame,
    *,
    now: Moment | None = None,
    accounts: Names = None,
    windows: Names = None,
    limits: Names = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
    template: Any = None,
) -> go.Figure:
    """A timeline of the resets that lie ahead, the next one on top: whose window, when, and how much comes back.

    Windows that have not started, whose reset has passed or is unknown are left out: nothing is known to come back.

    Args:
        frame: With the columns of `COLUMNS`; of several readings of one window the newest counts.
        now: The present moment; None means the latest `fetched_at` of the frame.
        accounts: Only these, by name, label or key; None means all.
        windows: Only windows of these names, such as "weekly"; None means all.
        limits: Only these limits, by id or the server's name; "codex" is the account's own; None means all.
        tz: Time zone of the texts; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.
        template: As in `plot_windows`.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> import quota_helpers as qh
    >>> with qh.demo() as source:
    ...     frame = qh.to_frame(source.collect())
    >>> qh.plot_resets(frame, accounts="ada", now=timedelta(minutes=5)).layout.title.text
    'Next resets, demo accounts'
    """
    frame = chosen(readings(frame), accounts, windows, limits)
    present = present_of(frame, now)
    bars = window_bars(frame, now=present, reveal=reveal)
    invented = any(bar.origin == "demo" for bar in bars)
    title = f"Next resets{demo_words(invented=invented)}"
    coming = _coming(bars)
    if not coming or present is None:
        return note_figure(title, "No reset is known to lie ahead.", template)
    zone = zone_for(tz, invented=invented)
    head = titled(
        title,
        "who gets what back, and when",
        "dot = reset, its size = what comes back",
        f"from {local_time(present, zone)}, logarithmic",
    )
    minutes = [max(1.0, bar.resets_in.total_seconds() / 60) for bar in coming if bar.resets_in is not None]
    last = max(minutes)
    ticks = {value: text for value, text in TICKS.items() if value <= last * 1.5}
    across = {
        "type": "log",
        "range": [0, math.log10(last * 1.3)],
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
        **PLAIN_AXIS,
    }
    axes = {"xaxis": across, **worded_rows(len(coming))}
    height = 84 + 28 + ROW * len(coming)
    return figure_of(_traces(coming, minutes, zone), head, height=height, template=template, **axes)


def _coming(bars: Sequence[WindowBar]) -> list[WindowBar]:
    """The windows with something to get back at a known reset ahead, the next one first."""
    ahead = [bar for bar in bars if bar.used and bar.resets_in is not None and bar.state == "current"]
    return sorted(ahead, key=lambda bar: (bar.reset_at, bar.label))


def _traces(coming: Sequence[WindowBar], minutes: Sequence[float], zone: tzinfo) -> list[dict[str, Any]]:
    rows = list(range(len(coming)))
    # One trace for all stems: a gap (None) lifts the pen.
    stems = {
        "type": "scatter",
        "name": "time",
        "x": [value for end in minutes for value in (1, end, None)],
        "y": [value for row in rows for value in (row, row, None)],
        "mode": "lines",
        "line": {"color": GRID, "width": 1},
        "hoverinfo": "skip",
    }
    sizes = [7 + min(100.0, bar.used or 0.0) / 9 for bar in coming]
    dots = {
        "type": "scatter",
        "name": "resets",
        "x": minutes,
        "y": rows,
        "mode": "markers",
        "marker": {"size": sizes, "color": NORMAL, "opacity": 1, "line": {"width": 0}},
        "hovertext": [_hover(bar, zone) for bar in coming],
        "hoverinfo": "text",
        "cliponaxis": False,
    }
    names = [(0.0, row + WORDS, plain(_label(bar, coming)), False) for row, bar in zip(rows, coming, strict=True)]
    words = [(1.0, row + WORDS, _words(bar, zone), True) for row, bar in zip(rows, coming, strict=True)]
    return [stems, dots, word_trace([*names, *words], xaxis="x2")]


def _label(bar: WindowBar, coming: Sequence[WindowBar]) -> str:
    alone = len({other.account_key for other in coming}) == 1
    return bar.title if alone else window_label(bar.label, bar.title, LABEL_LENGTH)


def _words(bar: WindowBar, zone: tzinfo) -> str:
    return plain(f"+{percent(min(100.0, bar.used or 0.0))} in {duration(bar.resets_in)} · {_when(bar, zone)}")


def _when(bar: WindowBar, zone: tzinfo) -> str:
    """The reset as short as it is clear: a time today, a weekday within a week, else a date."""
    if bar.reset_at is None or bar.resets_in is None:
        return ""
    day = "" if bar.resets_in < timedelta(hours=12) else "%a " if bar.resets_in < timedelta(days=6) else "%d %b "
    try:
        return bar.reset_at.astimezone(zone).strftime(f"{day}%H:%M")
    except (OverflowError, ValueError):  # the last days of the calendar are beyond it in some zones
        return local_time(bar.reset_at, zone, named=False)


def _hover(bar: WindowBar, zone: tzinfo) -> str:
    when = local_time(bar.reset_at, zone) if bar.reset_at is not None else ""
    return (
        f"<b>{plain(bar.label)}</b> {plain(bar.title)}<br>{bar.used:g} % comes back<br>"
        f"{when}, in {duration(bar.resets_in)}"
    )
