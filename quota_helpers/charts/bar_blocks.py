"""Blocks of bars as plain plotly specification: few traces and one pair of axes a block, for the sake of speed.

JupyterLab draws a chart three times before it is seen, and every further axis and trace costs it milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from html import escape
from typing import Any, Final

from ..outlook.bars import Role, Show, WindowBar
from .style import ATTENTION, GRID, HATCH, NORMAL, PLAIN_AXIS, QUIET, TRACK, cut_title, ink, quiet

THICKNESS: Final = 0.62  # of a row
GAP: Final = 14  # between two columns, where a bar takes 100
Placed = tuple[float, int, WindowBar]  # where the bar begins, its row, itself
Word = tuple[float, float, str, bool]

COLOURS: Final[dict[Role, str]] = {"normal": NORMAL, "attention": ATTENTION, "quiet": QUIET}
SHAPES: Final = {"fast": "/", "stale": ".", "blocked": "x"}


@dataclass(frozen=True, slots=True)
class Column:
    """Bars below each other: what stands above them, their rows and themselves."""

    title: str
    rows: tuple[int, ...]
    bars: tuple[WindowBar, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Columns side by side that share their rows.

    Attributes:
        labels: What stands at the left of each row.
        columns: The columns.
        span: Width of a column, where a bar takes 100.
        domain: Where the block stands in the chart's height.
        titled: Width that the windows' names take before the bars; 0 for none.
    """

    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    span: float
    domain: tuple[float, float]
    titled: float = 0.0

    def placed(self) -> Iterator[Placed]:
        """Each bar with where it begins and its row."""
        for start, column in zip(self.starts(), self.columns, strict=True):
            yield from ((start, row, bar) for row, bar in zip(column.rows, column.bars, strict=True))

    def starts(self) -> list[float]:
        """Where the bars of each column begin."""
        return [self.titled + number * self.span for number in range(len(self.columns))]

    def ends(self) -> list[float]:
        """Where each column ends."""
        last = len(self.columns) - 1
        return [(number + 1) * self.span - (0 if number == last else GAP) for number in range(len(self.columns))]


def block_traces(block: Block, number: int, show: Show, zone: tzinfo | None) -> list[dict[str, Any]]:
    """Tracks, bars, ticks and words of one block; *number* is that of its axes."""
    placed = list(block.placed())
    bars = [bar for _, _, bar in placed]
    place = {"xaxis": f"x{number}", "yaxis": f"y{number}"} if number > 1 else {}
    width = {"type": "bar", "orientation": "h", "width": THICKNESS, **place}
    track: dict[str, Any] = {"color": TRACK}
    if any(bar.mark == "full" for bar in bars):
        track["line"] = {"width": [1.5 * (bar.mark == "full") for bar in bars], "color": ATTENTION}
    tracks = {
        **width,
        **_lying(placed),
        "x": [100] * len(placed),
        "marker": track,
        "hovertext": [_hover(bar, zone) for bar in bars],
        "hoverinfo": "text",
    }
    # A trace for each look: plotly is slow, and complains, where colours and patterns are lists.
    looks: dict[tuple[str, str], list[Placed]] = {}
    for one in placed:
        looks.setdefault((COLOURS[one[2].role], SHAPES.get(one[2].mark, "")), []).append(one)
    filled = [
        {
            **width,
            **_lying(alike),
            "x": [bar.fill(show) for _, _, bar in alike],
            "marker": _marker(*look),
            "hoverinfo": "skip",
        }
        for look, alike in looks.items()
    ]
    timed = [(start + tick, row) for start, row, bar in placed if (tick := bar.tick(show)) is not None]
    ticks = {
        "type": "scatter",
        "x": [x for x, _ in timed],
        "y": [row for _, row in timed],
        "mode": "markers",
        "marker": {"symbol": "line-ns", "size": 13, "line": {"width": 2, "color": QUIET}},
        "hoverinfo": "skip",
        **place,
    }
    return [tracks, *filled, ticks, {**word_trace(_words(block, placed, show)), **place}]


def word_trace(words: Sequence[Word]) -> dict[str, Any]:
    """Words as one trace (annotations are many times slower): x, row, text, and whether it ends at x."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _, _ in words],
        "y": [row for _, row, _, _ in words],
        "text": [text for _, _, text, _ in words],
        "textposition": ["middle left" if ends else "middle right" for _, _, _, ends in words],
        "textfont": {"size": 10.5},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def block_axes(block: Block, number: int) -> dict[str, dict[str, Any]]:
    """The axes of one block by their names, the columns' titles with the rows' axis."""
    suffix = "" if number == 1 else str(number)
    starts = block.starts()
    quiet_axis = {**PLAIN_AXIS, "showgrid": False}
    across = {
        **quiet_axis,
        "anchor": f"y{suffix}",
        "range": [0, block.ends()[-1]],
        "tickvals": [start + value for start in starts for value in (0, 50, 100)],
        "ticktext": [quiet(text) for _ in starts for text in ("0", "50", "100 %")],
        "tickfont": {"size": 10},
        "linecolor": GRID,
    }
    down = {
        **quiet_axis,
        "anchor": f"x{suffix}",
        "domain": list(block.domain),
        "range": [len(block.labels) - 0.4, -0.6],
        "tickvals": list(range(len(block.labels))),
        "ticktext": [ink(label) for label in block.labels],
        "ticklabelstandoff": 6,
    }
    down["annotations"] = [
        {
            "text": f"<b>{ink(cut_title(column.title))}</b>",
            "x": start - block.titled,
            "xref": f"x{suffix}",
            "xanchor": "left",
            "xshift": -2,  # the text has two pixels of padding
            "y": 1,
            "yref": f"y{suffix} domain",
            "yanchor": "bottom",
            "showarrow": False,
        }
        for start, column in zip(starts, block.columns, strict=True)
        if column.title
    ]
    return {f"xaxis{suffix}": across, f"yaxis{suffix}": down}


def _lying(placed: Sequence[Placed]) -> dict[str, Any]:
    return {"base": [start for start, _, _ in placed], "y": [row for _, row, _ in placed]}


def _marker(colour: str, shape: str) -> dict[str, Any]:
    if not shape:
        return {"color": colour}
    # "replace" would make the bar itself transparent
    pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": HATCH, "size": 6, "solidity": 0.25}
    return {"color": colour, "pattern": pattern}


def _words(block: Block, placed: Sequence[Placed], show: Show) -> list[Word]:
    words: list[Word] = [(start + 102, row, _number(bar, show), False) for start, row, bar in placed]
    for start, end, column in zip(block.starts(), block.ends(), block.columns, strict=True):
        for row, bar in zip(column.rows, column.bars, strict=True):
            if text := bar.reset or ("not started" if bar.mark == "not started" else ""):
                words.append((end, row, quiet(text), True))
            if block.titled:
                words.append((0, row, ink(cut_title(bar.title) or "no window sent"), False))
        absent = set(range(len(block.labels))).difference(column.rows)
        words += [(start, row, quiet("no such window"), False) for row in sorted(absent)]
    return words


def _number(bar: WindowBar, show: Show) -> str:
    # What has its word at the right, in the place of a time that would mean nothing, needs none here.
    word = "" if bar.mark in {"stale", "not started"} else bar.word(show)
    return f"{ink(bar.number(show))} <b>{ink(word)}</b>" if word else ink(bar.number(show))


def _hover(bar: WindowBar, zone: tzinfo | None) -> str:
    return "<br>".join([f"<b>{ink(bar.label)}</b> {ink(bar.title)}", *map(escape, bar.lines(zone))])
