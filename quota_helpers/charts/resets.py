"""Who gets what back, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import chosen, present_of, readings
from ..labels import Names
from ..outlook.bars import WindowBar, percent, window_bars
from ..times import Moment, duration, local_time
from . import style
from .style import GRID, NORMAL, PLAIN_AXIS, plain, titled

ROW: Final = 50  # pixels: a name, a stem, its words, what lies between two
WORDS: Final = -0.3  # share of a row: where the name stands; the words below the stem, so that they never meet
LABEL_LENGTH: Final = 38  # characters

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
    earned: pd.DataFrame | None = None,
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
        earned: What `resets_frame` gives: the accounts' earned resets are marked where they lapse, those that can still
            be used and do lapse.
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
    title = f"Next resets{style.demo_words(invented=invented)}"
    zone = style.zone_for(tz, invented=invented)
    events = [] if present is None else [*_refills(bars, zone), *_lapses(earned, bars, present, zone)]
    if not events or present is None:
        return style.note_figure(title, "No reset is known to lie ahead.", template)
    events.sort(key=lambda event: (event.at, event.label))
    head = titled(
        title,
        "who gets what back, and when",
        "dot = reset, its size = what comes back",
        "◇ = an earned reset lapses" if any(event.symbol != "circle" for event in events) else "",
        f"from {local_time(present, zone)}, logarithmic",
    )
    minutes = [max(1.0, (event.at - present).total_seconds() / 60) for event in events]
    last = max(minutes)
    ticks = {value: text for value, text in TICKS.items() if value <= last * 1.5}
    across = {
        "type": "log",
        "range": [0, math.log10(last * 1.3)],
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
        **PLAIN_AXIS,
    }
    axes = {"xaxis": across, **style.worded_rows(len(events))}
    height = 84 + 28 + ROW * len(events)
    return style.figure_of(_traces(events, minutes), head, height=height, template=template, **axes)


@dataclass(frozen=True, slots=True)
class _Event:
    """One row: what comes back, or lapses, and when."""

    at: datetime
    account_key: str
    label: str
    title: str
    words: str
    hover: str
    size: float = 10.0
    symbol: str = "diamond-open"


def _refills(bars: Sequence[WindowBar], zone: tzinfo) -> Iterator[_Event]:
    """The windows with something to get back at a known reset ahead."""
    for bar in bars:
        if bar.used and bar.resets_in is not None and bar.reset_at is not None and bar.state == "current":
            back = min(100.0, bar.used)
            when, moment = _when(bar.reset_at, bar.resets_in, zone)
            words = f"+{percent(back)} in {duration(bar.resets_in)} · {when}"
            hover = f"{bar.used:g} % comes back<br>{moment}"
            yield _Event(bar.reset_at, bar.account_key, bar.label, bar.title, words, hover, 7 + back / 9, "circle")


def _lapses(
    earned: pd.DataFrame | None, bars: Sequence[WindowBar], present: datetime, zone: tzinfo
) -> Iterator[_Event]:
    """The earned resets of these accounts that can still be used, each at the moment it lapses."""
    labels = {bar.account_key: bar.label for bar in bars}
    rows = () if earned is None else earned[earned["status"] == "available"].dropna(subset=["expires_at"]).itertuples()
    for row in rows:
        at = row.expires_at.to_pydatetime()
        if row.account_key in labels and at > present:
            when, moment = _when(at, at - present, zone)
            words = f"lapses in {duration(at - present)} · {when}"
            hover = f"lapses unless it is used<br>{moment}"
            yield _Event(at, row.account_key, labels[row.account_key], "earned reset", words, hover)


def _traces(events: Sequence[_Event], minutes: Sequence[float]) -> list[dict[str, Any]]:
    rows = list(range(len(events)))
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
    dots = {
        "type": "scatter",
        "name": "resets",
        "x": minutes,
        "y": rows,
        "mode": "markers",
        "marker": {
            "size": [event.size for event in events],
            "symbol": [event.symbol for event in events],
            "color": NORMAL,
            "opacity": 1,
            "line": {"width": [0 if event.symbol == "circle" else 2 for event in events]},
        },
        "hovertext": [f"<b>{plain(event.label)}</b> {plain(event.title)}<br>{event.hover}" for event in events],
        "hoverinfo": "text",
        "cliponaxis": False,
    }
    alone = len({event.account_key for event in events}) == 1
    names = [event.title if alone else style.window_label(event.label, event.title, LABEL_LENGTH) for event in events]
    left = [(0.0, row + WORDS, plain(name), False) for row, name in zip(rows, names, strict=True)]
    right = [(1.0, row - WORDS, plain(event.words), True) for row, event in zip(rows, events, strict=True)]
    return [stems, dots, style.word_trace([*left, *right], xaxis="x2")]


def _when(at: datetime, left: timedelta, zone: tzinfo) -> tuple[str, str]:
    """A moment as short as it is clear (a time today, a weekday within a week, else a date), and in full."""
    day = "" if left < timedelta(hours=12) else "%a " if left < timedelta(days=6) else "%d %b "
    return local_time(at, zone, named=False, form=f"{day}%H:%M"), f"{local_time(at, zone)}, in {duration(left)}"
