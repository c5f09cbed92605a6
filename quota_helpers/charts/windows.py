"""Every window of every account as a bar: what is left, when it resets, how fast it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from statistics import mean
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from .bars import Show, WindowBar, window_bars
from .style import (
    ATTENTION,
    GRID,
    HATCH,
    QUIET,
    ROW_HEIGHT,
    TRACK,
    cut,
    cut_title,
    ink,
    is_demo,
    label_space,
    layout,
    moment,
    note_figure,
    quiet,
    text_column,
    window_label,
    window_rank,
    window_title,
    zone_for,
)
from .words import colour_of, hover_of, number_of, reset_of

MOST_COLUMNS: Final = 3  # side by side; more leave no room for the words at 800 pixels
COMMON_SHARE: Final = 0.25  # a window that fewer accounts have goes into the list below the grid
FEW_ACCOUNTS: Final = 2  # so few accounts are a list of windows, each on a line of its own
GRID_RANGE: Final = 300  # the bar takes 0-100, number, word and reset the rest; they just fit at 800 pixels
LIST_RANGE: Final = 165


@dataclass(frozen=True, slots=True)
class _Panel:
    """Bars that share an x axis: one column of the grid, or the list."""

    title: str
    rows: tuple[int, ...]
    bars: tuple[WindowBar, ...]
    domain: tuple[float, float]
    span: float
    y_axis: str


def plot_windows(
    frame: pd.DataFrame,
    *,
    now: datetime | None = None,
    show: Show = "left",
    windows: Iterable[str] | None = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
) -> go.Figure:
    """Bars per account and window, what runs out first on top.

    The bar is the percentage left (or used), the small tick the share of the window's time that is left (or gone):
    a bar behind its tick is ahead of pace, hatched and marked "▲ fast". Beside it the number and the time to the reset.

    Args:
        frame: With the columns of `COLUMNS`; of several readings of one window the newest counts.
        now: The present moment (aware); None means the latest `fetched_at` of the frame.
        show: "left" or "used".
        windows: Only windows of these names, such as "weekly"; None means all.
        tz: Time zone of the hover texts; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.
    """
    if windows is not None:
        frame = frame[frame["window"].isin([windows] if isinstance(windows, str) else list(windows))]
    bars = window_bars(frame, now=now, reveal=reveal)
    title = f"Quota {show}{', demo accounts' if is_demo(frame) else ''}: what runs out first on top"
    if not bars:
        return note_figure(title, "No window to show.")
    present = pd.Timestamp(now) if now else frame["fetched_at"].max()
    zone = zone_for(frame, tz)
    grid, rest = _split(bars)
    figure = go.Figure()
    height = _draw(figure, grid, rest, show, zone)
    time_word = "time left" if show == "left" else "time gone"
    subtitle = f"bar = {show}, tick = {time_word}, right = resets in · {moment(present, zone)}"
    labels = [cut(bar.label) for column in grid.values() for bar in column] + [_list_label(bar) for bar in rest]
    return layout(figure, title, subtitle, height=height, left=label_space(labels))


def _split(bars: Sequence[WindowBar]) -> tuple[dict[tuple[str, str], list[WindowBar]], list[WindowBar]]:
    """The windows that many accounts have, as columns of a grid; the others, as a list."""
    accounts = len({bar.account for bar in bars})
    counts = Counter((bar.limit, bar.window) for bar in bars if bar.window)
    common = [key for key, count in counts.most_common() if count >= COMMON_SHARE * accounts]
    # The account's own windows have the first right to a column.
    common.sort(key=lambda key: (key[0] != "codex", -counts[key]))
    chosen = [] if accounts <= FEW_ACCOUNTS else sorted(common[:MOST_COLUMNS], key=lambda key: window_rank(*key))
    grid: dict[tuple[str, str], list[WindowBar]] = {key: [] for key in chosen}
    rest = []
    for bar in bars:
        column = grid.get((bar.limit, bar.window))
        # A second window of the same name (both slots weekly) has no place of its own in the grid.
        if column is None or any(other.account == bar.account for other in column):
            rest.append(bar)
        else:
            column.append(bar)
    return grid, sorted(rest, key=lambda bar: -bar.urgency)


def _list_label(bar: WindowBar) -> str:
    return window_label(bar.label, bar.title)


def _draw(
    figure: go.Figure,
    grid: dict[tuple[str, str], list[WindowBar]],
    rest: Sequence[WindowBar],
    show: Show,
    zone: str | tzinfo,
) -> int:
    """Draws the grid above the list; returns the figure's height in pixels."""
    order = _in_order(grid)
    labels = {bar.account: bar.label for column in grid.values() for bar in column}
    gap = 2 if grid and rest else 0
    lines = len(order) + len(rest) + gap
    split = (len(rest) + gap) / lines
    width = 1 / len(grid) if grid else 1.0
    for number, ((limit, window), bars) in enumerate(grid.items()):
        rows = tuple(order.index(bar.account) for bar in bars)
        domain = (number * width, (number + 1) * width - (0.02 if number + 1 < len(grid) else 0))
        panel = _Panel(window_title(limit, window), rows, tuple(bars), domain, GRID_RANGE, "y")
        _draw_panel(figure, panel, number + 1, show, zone)
        absent = [row for row in range(len(order)) if row not in rows]
        figure.add_trace(
            text_column(0, absent, [quiet("no such window")] * len(absent)).update(xaxis=_axis(number + 1))
        )
    if order:
        _row_axis(figure, "yaxis", [cut(labels[account]) for account in order], (split, 1.0))
    if rest:
        name = "y2" if order else "y"
        title = "further windows" if order else ""
        panel = _Panel(title, tuple(range(len(rest))), tuple(rest), (0.0, 1.0), LIST_RANGE, name)
        _draw_panel(figure, panel, len(grid) + 1, show, zone)
        top = len(rest) / lines
        _row_axis(figure, name.replace("y", "yaxis"), [_list_label(bar) for bar in rest], (0.0, top))
    figure.update_layout(barmode="overlay")
    return 84 + 28 + lines * ROW_HEIGHT


def _in_order(grid: dict[tuple[str, str], list[WindowBar]]) -> list[str]:
    """The accounts, those with what runs out first on top; where two are alike the mean decides, as in the table."""
    urgencies: dict[str, list[float]] = {}
    for column in grid.values():
        for bar in column:
            urgencies.setdefault(bar.account, []).append(bar.urgency)
    return sorted(urgencies, key=lambda name: (-max(urgencies[name]), -mean(urgencies[name]), name))


def _row_axis(figure: go.Figure, name: str, labels: Sequence[str], domain: tuple[float, float]) -> None:
    figure.update_layout(
        {
            name: {
                "domain": domain,
                "range": [len(labels) - 0.4, -0.6],
                "tickvals": list(range(len(labels))),
                "ticktext": [ink(label) for label in labels],
                "ticklabelstandoff": 6,
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
            }
        }
    )


def _draw_panel(figure: go.Figure, panel: _Panel, number: int, show: Show, zone: str | tzinfo) -> None:
    axis = _axis(number)
    place = {"xaxis": axis, "yaxis": panel.y_axis}
    rows, bars = list(panel.rows), panel.bars
    hover = [hover_of(bar, zone) for bar in bars]
    figure.add_trace(
        go.Bar(
            y=rows,
            x=[100] * len(bars),
            orientation="h",
            width=0.62,
            marker={
                "color": TRACK,
                "line": {"width": [1.5 if bar.mark == "full" else 0 for bar in bars], "color": ATTENTION},
            },
            hovertext=hover,
            hoverinfo="text",
        ).update(place)
    )
    figure.add_trace(
        go.Bar(
            y=rows,
            x=[min(100.0, bar.shown(show) or 0.0) for bar in bars],
            orientation="h",
            width=0.62,
            marker={
                "color": [colour_of(bar) for bar in bars],
                "pattern": {
                    "shape": [{"fast": "/", "stale": "."}.get(bar.mark, "") for bar in bars],
                    # "replace" would make the bar itself transparent
                    "fillmode": "overlay",
                    "fgcolor": HATCH,
                    "size": 6,
                    "solidity": 0.25,
                },
            },
            hovertext=hover,
            hoverinfo="text",
        ).update(place)
    )
    timed = [(row, bar) for row, bar in zip(rows, bars, strict=True) if bar.gone is not None]
    figure.add_trace(
        go.Scatter(
            y=[row for row, _ in timed],
            x=[bar.gone if show == "used" else 100 - (bar.gone or 0.0) for _, bar in timed],
            mode="markers",
            marker={"symbol": "line-ns", "size": 13, "line": {"width": 2, "color": QUIET}},
            hoverinfo="skip",
        ).update(place)
    )
    figure.add_trace(text_column(102, rows, [number_of(bar, show) for bar in bars]).update(place))
    figure.add_trace(text_column(panel.span - 1, rows, [reset_of(bar) for bar in bars], right=True).update(place))
    figure.update_layout(
        {
            axis.replace("x", "xaxis"): {
                "domain": panel.domain,
                "anchor": panel.y_axis,
                "range": [0, panel.span],
                "tickvals": [0, 50, 100],
                "ticktext": [quiet(text) for text in ("0", "50", "100 %")],
                "tickfont": {"size": 10},
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
                "linecolor": GRID,
            }
        }
    )
    if panel.title:
        figure.add_annotation(
            text=f"<b>{ink(cut_title(panel.title))}</b>",
            x=0,
            xref=f"{axis} domain",
            xanchor="left",
            y=1,
            yref=f"{panel.y_axis} domain",
            yanchor="bottom",
            showarrow=False,
        )


def _axis(number: int) -> str:
    return f"x{number if number > 1 else ''}"
