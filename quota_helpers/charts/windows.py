"""Every window of every account as a bar: what is left, when it resets, how fast it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape
from typing import Any, Final, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from ..frames import chosen, present_of, readings
from ..labels import Names, one_of
from ..outlook.bars import Role, Show, WindowBar, window_bars
from ..outlook.grid import grid
from ..times import Moment, local_time
from . import style
from .style import ATTENTION, GRID, NORMAL, PLAIN_AXIS, QUIET, TRACK, plain, titled, words_at

MOST_COLUMNS: Final = 2  # side by side; more leave no room for the words at 360 pixels
ROW: Final = 52  # pixels: a name, a bar, its words
SPAN: Final = 108  # from one column to the next, where a bar takes 100
NAME, THICKNESS, WORDS = -0.33, 0.26, 0.32  # shares of a row: where the name and the words stand, how thick a bar is
LABEL_LENGTH: Final = 26  # characters above a bar, where two stand side by side

COLOURS: Final[dict[Role, str]] = {"normal": NORMAL, "attention": ATTENTION, "quiet": QUIET}
HATCHES: Final = {"fast": "/", "stale": ".", "blocked": "x"}


class Cell(NamedTuple):
    """One place of the drawing."""

    row: int  # from 0 at the top
    column: int  # from 0 at the left
    name: str  # what stands above it, or ""
    bar: WindowBar | None  # None where the account has no such window


class Arrangement(NamedTuple):
    """Where every bar stands: common windows in columns of their own, an account a row; the others below, by name."""

    heads: tuple[str, ...]
    cells: tuple[Cell, ...]
    rows: int
    gridded: int  # how many of the rows are those of accounts


def plot_windows(
    frame: pd.DataFrame,
    *,
    now: Moment | None = None,
    show: Show = "left",
    accounts: Names = None,
    windows: Names = None,
    limits: Names = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
    template: Any = None,
) -> go.Figure:
    """Bars per account and window, what binds first on top.

    The bar is the percentage left (or used), the small tick the share of the window's time that is left (or gone):
    a bar behind its tick is ahead of pace, hatched and marked "▲ fast". Under it the number and the time to the reset.

    Args:
        frame: With the columns of `COLUMNS`; of several readings of one window the newest counts.
        now: The present moment; None means the latest `fetched_at` of the frame.
        show: "left" or "used".
        accounts: Only these, by name, label or key; None means all.
        windows: Only windows of these names, such as "weekly"; None means all.
        limits: Only these limits, by id or the server's name; "codex" is the account's own; None means all.
        tz: Time zone of the hover texts; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.
        template: One of plotly's templates; None means ours, or the default that was set for all charts.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> import quota_helpers as qh
    >>> with qh.demo() as source:
    ...     frame = qh.to_frame(source.collect())
    >>> qh.plot_windows(frame, windows="weekly", limits="codex").layout.title.text
    'Quota left, demo accounts'
    """
    one_of(show, ("left", "used"), "show")
    frame = chosen(readings(frame), accounts, windows, limits)
    present = present_of(frame, now)
    bars = window_bars(frame, now=present, reveal=reveal)
    invented = any(bar.origin == "demo" for bar in bars)
    title = f"Quota {show}{style.demo_words(invented=invented)}"
    if not bars or present is None:
        return style.note_figure(title, "No window to show.", template)
    zone = style.zone_for(tz, invented=invented)
    arranged = arrange(bars)
    head = titled(
        title,
        "what runs out first on top",
        f"bar = {show}, tick = {'time left' if show == 'left' else 'time gone'}, right = resets in",
        local_time(present, zone),
    )
    height = 84 + 40 + ROW * arranged.rows
    traces = _traces(arranged, show, zone)
    return style.figure_of(traces, head, height=height, top=96, template=template, barmode="overlay", **_axes(arranged))


def arrange(bars: Sequence[WindowBar]) -> Arrangement:
    """Give every bar its place; the accounts stay in the order of the bars."""
    table = grid(bars, MOST_COLUMNS)
    gridded = [row for row in table.rows if any(row.cells)]
    cells = [
        Cell(number, column, "" if column else row.bars[0].label, bar)
        for number, row in enumerate(gridded)
        for column, bar in enumerate(row.cells)
    ]
    further = [bar for row in table.rows for bar in row.bars if bar not in row.cells]
    further.sort(key=lambda bar: bar.binding)
    begun, alone = len(gridded), len(table.rows) == 1
    for number, bar in enumerate(further):
        label = style.cut_title(bar.title) if alone else style.window_label(bar.label, bar.title, LABEL_LENGTH)
        cells.append(Cell(begun + number // MOST_COLUMNS, number % MOST_COLUMNS, label, bar))
    rows = begun + -(-len(further) // MOST_COLUMNS)
    return Arrangement(table.titles, tuple(cells), rows, begun)


def _traces(arranged: Arrangement, show: Show, zone: tzinfo | None) -> list[dict[str, Any]]:
    # Each bar with where it begins and its row.
    placed = [(cell.column * SPAN, cell.row, cell.bar) for cell in arranged.cells if cell.bar is not None]
    bars = [bar for _, _, bar in placed]
    track: dict[str, Any] = {"color": TRACK}
    if any(bar.mark == "full" for bar in bars):
        track["line"] = {"width": [1.5 * (bar.mark == "full") for bar in bars], "color": ATTENTION}
    hovers = [
        "<br>".join([f"<b>{plain(bar.label)}</b> {plain(bar.title)}", *map(escape, bar.lines(zone))]) for bar in bars
    ]
    words = {"name": "track", "hovertext": hovers, "hoverinfo": "text"}
    traces = [_lying(placed, [100] * len(placed), track) | words]
    # A trace for each look: plotly is slow, and complains, where colours and patterns are lists.
    looks: dict[tuple[Role, str], list[tuple[float, int, WindowBar]]] = {}
    for one in placed:
        looks.setdefault((one[2].role, one[2].mark), []).append(one)
    for (role, mark), alike in looks.items():
        marker = style.hatched(COLOURS[role], HATCHES[mark]) if mark in HATCHES else {"color": COLOURS[role]}
        filled = _lying(alike, [bar.fill(show) for _, _, bar in alike], marker)
        traces.append(filled | {"name": mark or show, "hoverinfo": "skip"})
    timed = [(start + tick, row) for start, row, bar in placed if (tick := bar.tick(show)) is not None]
    ticks = {
        "type": "scatter",
        "name": "time",
        "x": [x for x, _ in timed],
        "y": [row for _, row in timed],
        "mode": "markers",
        "marker": {"symbol": "line-ns", "size": 13, "line": {"width": 2, "color": QUIET}},
        "hoverinfo": "skip",
    }
    return [*traces, ticks, style.word_trace(_words(arranged, show))]


def _words(arranged: Arrangement, show: Show) -> list[tuple[float, float, str, bool]]:
    words: list[tuple[float, float, str, bool]] = []
    for cell in arranged.cells:
        start = cell.column * SPAN
        if cell.name:
            words.append((start, cell.row + NAME, f"<b>{plain(cell.name)}</b>", False))
        if cell.bar is None:
            words.append((start, cell.row, "no such window", False))
            continue
        words.append((start, cell.row + WORDS, _number(cell.bar, show), False))
        if text := cell.bar.reset or ("not started" if cell.bar.mark == "not started" else ""):
            words.append((start + 100, cell.row + WORDS, plain(text), True))
    return words


def _number(bar: WindowBar, show: Show) -> str:
    # What has its word at the right, in the place of a time that would mean nothing, needs none here.
    word = "" if bar.mark in {"stale", "not started"} else bar.word(show)
    return f"<b>{bar.number(show)}</b> {word}".rstrip()


def _lying(placed: Sequence[tuple[float, int, WindowBar]], x: list[Any], marker: dict[str, Any]) -> dict[str, Any]:
    place = {"base": [start for start, _, _ in placed], "y": [row for _, row, _ in placed], "x": x}
    return {"type": "bar", "orientation": "h", "width": THICKNESS, "marker": marker, **place}


def _axes(arranged: Arrangement) -> dict[str, Any]:
    hidden = {**PLAIN_AXIS, "showgrid": False, "showticklabels": False}
    last = max(cell.column for cell in arranged.cells)
    heads = [
        words_at(plain(style.cut_title(head)), "y", x=column * SPAN, xref="x", xshift=-2)
        for column, head in enumerate(arranged.heads)
    ]
    edge = arranged.gridded - 0.5
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": edge, "y1": edge, "line": {"color": GRID}}
    return {
        "xaxis": {**hidden, "range": [0, last * SPAN + 100]},
        "yaxis": {**hidden, "range": [arranged.rows - 0.5, -0.5]},
        "annotations": heads,
        "shapes": [line] if 0 < arranged.gridded < arranged.rows else [],
    }
