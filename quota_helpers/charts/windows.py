"""Every window of every account as a bar: what is left, when it resets, how fast it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import present_of, readings
from ..labels import Names, choose, one_of
from ..outlook.bars import Show, WindowBar, window_bars, window_rank
from ..times import LENGTHS, Moment, local_time
from .bar_blocks import Block, Column, block_axes, block_traces
from .invented import zone_for
from .style import ROW_HEIGHT, cut, is_demo, label_space, layout_spec, note_spec

MOST_COLUMNS: Final = 3  # side by side; more leave no room for the words at 800 pixels
COMMON_SHARE: Final = 0.25  # a window that fewer accounts have goes into the list below the grid
FEW_ACCOUNTS: Final = 2  # so few accounts are a list of windows, each on a line of its own
# Widths of a column, where the bar takes 100: number, word and reset just fit beside it at 800 pixels.
GRID_SPANS: Final = {1: 240, 2: 300, 3: 350}
LIST_TITLE, LIST_SPAN = 78, 268  # in the list the window's name stands before its bar

Grid = dict[tuple[str, str], list[WindowBar]]


def plot_windows(
    frame: pd.DataFrame,
    *,
    now: Moment | None = None,
    show: Show = "left",
    windows: Names = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
) -> go.Figure:
    """Bars per account and window, what binds first on top.

    The bar is the percentage left (or used), the small tick the share of the window's time that is left (or gone):
    a bar behind its tick is ahead of pace, hatched and marked "▲ fast". Beside it the number and the time to the reset.

    Args:
        frame: With the columns of `COLUMNS`; of several readings of one window the newest counts.
        now: The present moment; None means the newest reading.
        show: "left" or "used".
        windows: Only windows of these names, such as "weekly"; None means all.
        tz: Time zone of the hover texts; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.
    """
    frame = readings(frame)
    one_of(show, ("left", "used"), "show")
    if windows is not None:
        known = {name: (name.replace("_", " "),) for name in (*LENGTHS, *frame["window"].dropna().unique())}
        frame = frame[frame["window"].isin(choose(windows, known, "window"))]
    present = present_of(frame, now)
    bars = window_bars(frame, now=present, reveal=reveal)
    return go.Figure(windows_spec(frame, bars, now=present, show=show, tz=tz))


def windows_spec(
    frame: pd.DataFrame,
    bars: Sequence[WindowBar],
    *,
    now: datetime | None = None,
    show: Show = "left",
    tz: str | tzinfo | None = None,
) -> dict[str, Any]:
    """What `plot_windows` draws, as plotly's plain specification: building a Figure takes ten times as long.

    Args:
        frame: The rows that *bars* were made of.
        bars: As `window_bars` returns them.
        now: As in `plot_windows`, like all that follow.
        show: "left" or "used".
        tz: Time zone of the texts.
    """
    title = f"Quota {show}{', demo accounts' if is_demo(frame) else ''}: what runs out first on top"
    if not bars:
        return note_spec(title, "No window to show.")
    present = pd.Timestamp(now) if now else frame["fetched_at"].max()
    zone = zone_for(tz, invented=is_demo(frame))
    grid, rest = _split(bars)
    blocks, lines = _blocks(bars, grid, rest)
    data: list[dict[str, Any]] = []
    axes: dict[str, dict[str, Any]] = {}
    for number, block in enumerate(blocks, 1):
        data += block_traces(block, number, show, zone)
        axes |= block_axes(block, number)
    annotations = [note for block in axes.values() for note in block.pop("annotations", ())]
    time_word = "time left" if show == "left" else "time gone"
    subtitle = f"bar = {show}, tick = {time_word}, right = resets in · {local_time(present, zone)}"
    left = label_space([cut(bar.label) for bar in bars])
    layout = layout_spec(title, subtitle, height=84 + 28 + lines * ROW_HEIGHT, left=left)
    return {"data": data, "layout": layout | axes | {"barmode": "overlay", "annotations": annotations}}


def _split(bars: Sequence[WindowBar]) -> tuple[Grid, list[WindowBar]]:
    """The windows that many accounts have, as columns of a grid; the others, as a list."""
    accounts = len({bar.account_key for bar in bars})
    counts = Counter((bar.limit, bar.window) for bar in bars if bar.window)
    common = [key for key, count in counts.most_common() if count >= COMMON_SHARE * accounts]
    # The account's own windows have the first right to a column.
    common.sort(key=lambda key: (key[0] != "codex", -counts[key]))
    chosen = [] if accounts <= FEW_ACCOUNTS else sorted(common[:MOST_COLUMNS], key=lambda key: window_rank(*key))
    grid: Grid = {key: [] for key in chosen}
    rest = []
    for bar in bars:
        column = grid.get((bar.limit, bar.window))
        # A second window of the same name (both slots weekly) has no place of its own in the grid.
        if column is None or any(other.account_key == bar.account_key for other in column):
            rest.append(bar)
        else:
            column.append(bar)
    return grid, sorted(rest, key=lambda bar: bar.binding)


def _blocks(bars: Sequence[WindowBar], grid: Grid, rest: Sequence[WindowBar]) -> tuple[list[Block], int]:
    """The grid above the list, and how many lines they take."""
    # In the order of the bars, which is the table's.
    gridded = {bar.account_key for column in grid.values() for bar in column}
    order = {bar.account_key: cut(bar.label) for bar in bars if bar.account_key in gridded}
    row_of = {account: row for row, account in enumerate(order)}
    gap = 2 if grid and rest else 0
    lines = len(order) + len(rest) + gap
    blocks = []
    if order:
        columns = tuple(
            Column(own[0].title, tuple(row_of[bar.account_key] for bar in own), tuple(own)) for own in grid.values()
        )
        blocks.append(Block(tuple(order.values()), columns, GRID_SPANS[len(grid)], ((len(rest) + gap) / lines, 1.0)))
    if rest:
        listed = Column("further windows" if order else "", tuple(range(len(rest))), tuple(rest))
        labels = tuple(cut(bar.label) for bar in rest)
        blocks.append(Block(labels, (listed,), LIST_SPAN, (0.0, len(rest) / lines), LIST_TITLE))
    return blocks, lines
