"""Tokens: by day and model, and what one percent of a window costs."""

from __future__ import annotations

import math
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..frames import counts, keys_of, micros
from ..labels import Names, one_of
from ..outlook.bars import window_rank, window_title
from ..privacy import mask_identity
from ..times import Moment, bounds, zone_of
from .invented import is_invented, zone_for
from .style import (
    CHARACTER_WIDTH,
    CLEAR,
    FURTHER,
    GRID,
    HATCH,
    NORMAL,
    QUIET,
    ROW_HEIGHT,
    cut,
    ink,
    label_space,
    layout,
    note_figure,
    quiet,
    window_label,
)
from .token_cost import COUNTS, Count

MOST_MODELS: Final = 4  # each with its colour and hatch; the rest together is "other models"
NO_MODEL: Final = "model not named"
OTHERS: Final = "other models"
HATCHES: Final = ("", "/", "x", ".", "-")
HEIGHT: Final = 320
GAP: Final = 8  # pixels between the cost chart's bars and its words


def plot_tokens(
    tokens: pd.DataFrame,
    *,
    count: Count = "total",
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo | None = None,
) -> go.Figure:
    """Tokens per day, stacked by model.

    Args:
        tokens: `SessionLogs.tokens` or `History.tokens()`.
        count: Which tokens: "total"; "uncached" (without the input that came from the cache); "output".
        accounts: Keys of accounts ("unattributed" for sessions that do not say whose they are); None means all.
        since: From this moment on: an aware time, an ISO text, or a timedelta back from the last turn.
        until: Before this moment.
        tz: Whose days; None means UTC for the demo, else this machine's.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.
    """
    tokens = counts(tokens)
    invented = is_invented(tokens)
    zone = zone_for(tz, invented=invented)
    table = daily_tokens(tokens, count=count, accounts=accounts, since=since, until=until, tz=zone)
    demo = ", demo accounts" if invented else ""
    title = f"Tokens by day and model{demo}"
    if table.empty:
        return note_figure(title, "No turn in this range.")
    figure = go.Figure()
    days = table.index.to_numpy()
    for number, model in enumerate(table.columns):
        figure.add_bar(
            x=days,
            y=table[model].to_numpy(),
            name=ink(cut(str(model), 30)),
            marker={
                "color": FURTHER[number % len(FURTHER)],
                "pattern": {
                    "shape": HATCHES[number % len(HATCHES)],
                    "fillmode": "overlay",
                    "fgcolor": HATCH,
                    "size": 6,
                    "solidity": 0.25,
                },
            },
            hovertemplate=f"<b>{ink(cut(str(model), 30))}</b><br>%{{x|%a %d %b}}: %{{y:.4~s}} tokens<extra></extra>",
        )
    total = float(table.to_numpy().sum())
    words = {"total": "all tokens, those from the cache included", "uncached": "without cached input"}
    subtitle = f"{short(total)} in {len(table)} days · {words.get(count, 'output tokens')}"
    layout(figure, title, subtitle, height=HEIGHT, left=56)
    most = float(table.sum(axis=1).max())
    ticks = _ticks(most)
    figure.update_yaxes(
        tickvals=ticks, ticktext=[quiet(short(tick)) for tick in ticks], gridcolor=GRID, zeroline=False, fixedrange=True
    )
    figure.update_xaxes(
        type="date",
        tickfont={"size": 10},
        showgrid=False,
        nticks=10,
        tickformat='<span style="color:var(--jp-ui-font-color2, #7a7a7a)">%a<br>%d %b</span>',
    )
    legend = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "bgcolor": CLEAR}
    return figure.update_layout(
        barmode="stack", bargap=0.25, showlegend=True, legend=legend | {"traceorder": "normal"}, margin={"b": 66}
    )


def daily_tokens(
    tokens: pd.DataFrame,
    *,
    count: Count = "total",
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo = "UTC",
) -> pd.DataFrame:
    """Tokens by day (index, local midnight without a zone; days without any are 0) and model, the largest model first.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.
    """
    one_of(count, COUNTS, "count")
    tokens = counts(tokens)
    amount = tokens["output" if count == "output" else "total"]
    if count == "uncached":
        amount = amount - tokens["cached_input"]
    time = micros(tokens["time"])
    low, high = bounds(since, until, newest=int(time.max()) if len(time) else None)
    keep = np.full(len(tokens), fill_value=True)
    if (keys := keys_of(tokens, accounts)) is not None:
        keep &= tokens["account_key"].isin(keys).to_numpy()
    if low is not None:
        keep &= time >= low
    if high is not None:
        keep &= time < high
    if not keep.any():
        return pd.DataFrame()
    model = tokens["model"][keep].fillna(NO_MODEL)
    largest = amount[keep].groupby(model).sum().sort_values(ascending=False, kind="stable").index
    if len(largest) > MOST_MODELS + 1:
        model = model.where(model.isin(largest[:MOST_MODELS]), OTHERS)
        largest = [*largest[:MOST_MODELS], OTHERS]
    day = tokens["time"][keep].dt.tz_convert(zone_of(tz)).dt.tz_localize(None).dt.normalize().rename("day")
    turns = pd.DataFrame({"day": day, "model": model, "amount": amount[keep]})
    table = turns.pivot_table(index="day", columns="model", values="amount", aggfunc="sum", fill_value=0)
    every = pd.date_range(table.index.min(), table.index.max(), freq="D", name="day")
    return table.reindex(index=every, columns=list(largest), fill_value=0)


def plot_token_cost(costs: pd.DataFrame, *, reveal: bool = False) -> go.Figure:
    """What one percent costs in tokens, as estimated by `token_cost`: the median as a dot, the quartiles as a bar.

    Args:
        costs: What `token_cost` returned.
        reveal: Whether e-mail addresses in account names are shown in full.
    """
    demo = ", demo accounts" if is_invented(costs) else ""
    title = f"Estimate: tokens that one percent costs{demo}"
    if costs.empty:
        return note_figure(title, "No stretch in which both tokens and a rise of the percentage are known.")
    order = sorted(
        costs.to_dict("records"), key=lambda row: (window_rank(row["limit"], row["window"]), str(row["account"]))
    )
    rows = list(range(len(order)))
    names = [row["account"] if reveal else mask_identity(row["account"]) for row in order]
    labels = [
        window_label(name, window_title(row["limit"], row["window"])) for name, row in zip(names, order, strict=True)
    ]
    most = max(row["upper"] for row in order)
    figure = go.Figure()
    hover = [_hover(row) for row in order]
    figure.add_bar(
        y=rows,
        base=[row["lower"] for row in order],
        x=[max(row["upper"] - row["lower"], most * 0.002) for row in order],
        orientation="h",
        width=0.5,
        marker={"color": NORMAL, "opacity": 0.6},
        hovertext=hover,
        hoverinfo="text",
    )
    figure.add_scatter(
        y=rows,
        x=[row["median"] for row in order],
        mode="markers",
        marker={"size": 10, "color": NORMAL, "line": {"width": 1.5, "color": QUIET}},
        hovertext=hover,
        hoverinfo="text",
    )
    words = [(f"about {short(row['median'])}", _spread(row)) for row in order]
    figure.add_scatter(
        y=rows,
        x=[most * 1.04] * len(rows),
        mode="text",
        text=[f"{ink(median)} {quiet(spread)}" for median, spread in words],
        textposition="middle right",
        textfont={"size": 11.5},
        hoverinfo="skip",
        cliponaxis=False,
    )
    ticks = _ticks(most)
    figure.update_xaxes(
        range=[0, most * 1.04],
        tickvals=ticks,
        ticktext=[quiet(short(tick)) for tick in ticks],
        tickfont={"size": 10},
        gridcolor=GRID,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6],
        tickvals=rows,
        ticktext=[ink(label) for label in labels],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    subtitle = "dot = median, bar = middle half of the n estimates · from this machine's logs only"
    layout(figure, title, subtitle, height=84 + 28 + ROW_HEIGHT * len(rows), left=label_space(labels), top=64)
    # The words stand in the margin, in pixels: a share of the width would cut them in a narrow notebook.
    longest = max(len(median) + 1 + len(spread) for median, spread in words)
    return figure.update_layout(margin_r=GAP + int(CHARACTER_WIDTH * longest))


def _ticks(most: float) -> list[float]:
    """0 and up to four round numbers below *most*."""
    step = 10 ** math.floor(math.log10(max(most, 1)))
    step *= next(factor for factor in (0.25, 0.5, 1, 2.5) if factor * step * 4 >= most)
    return [step * number for number in range(int(most // step) + 1)]


def short(tokens: float) -> str:
    """A count for people: "1.26 M", "180 k", "950".

    >>> short(1_260_000), short(179_800), short(950), short(0)
    ('1.26 M', '180 k', '950', '0')
    """
    for unit, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if tokens >= unit:
            return f"{tokens / unit:.3g}{sign}"
    return f"{tokens:.0f}"


def _spread(row: dict[Any, Any]) -> str:
    return f"({short(row['lower'])} to {short(row['upper'])}, n = {row['estimates']})"


def _hover(row: dict[Any, Any]) -> str:
    lines = [
        f"about {short(row['median'])} tokens for one percent (an estimate)",
        f"half of {row['estimates']} estimates lie between {short(row['lower'])} and {short(row['upper'])}",
        f"measured over {row['percent']:.0f} percent points, {short(row['tokens'])} tokens",
    ]
    if row["elsewhere"]:
        lines.append(f"{row['elsewhere']} stretches left out: used elsewhere")
    return "<br>".join(lines)
