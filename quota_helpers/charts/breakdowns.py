"""What used up each past window, as the server itself breaks it down: by model, surface or source."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..labels import Names, account_labels, choose, one_of
from ..privacy import mask_identity
from ..siblings import is_invented
from ..times import local_time
from .style import (
    PLAIN_AXIS,
    cut,
    demo_words,
    figure_of,
    label_space,
    note_figure,
    plain,
    stacked,
    titled,
    zone_for,
)

MOST_KEYS: Final = 4  # each with its colour and hatch; the rest together is "other"
MOST_ROWS: Final = 20
ROW: Final = 24  # pixels


def plot_breakdowns(
    breakdowns: pd.DataFrame,
    *,
    dimension: str = "model",
    window: str = "weekly",
    accounts: Names = None,
    tz: str | tzinfo | None = None,
    template: Any = None,
) -> go.Figure:
    """Percent of each past window by model (or another dimension), one bar per window, the newest on top.

    Args:
        breakdowns: From `siblings.plan_breakdowns`.
        dimension: One of the server's words: model, surface, thread_source, ...
        window: "weekly", "five_hour", ...
        accounts: Labels or keys of accounts; None means all.
        tz: The zone of the days; None means UTC for the demo, else this machine's.
        template: As in `plot_windows`.

    Raises:
        ValueError: There is no such dimension, window or account in the frame.
    """
    invented = is_invented(breakdowns)
    title = f"What used up each window: by {dimension}{demo_words(invented=invented)}"
    if breakdowns.empty:
        return note_figure(title, "The server broke no window down.", template)
    names = dict(zip(breakdowns["account_key"], breakdowns["account"], strict=True))
    labels = account_labels(names, mask_identity)
    keys = choose(accounts, {key: (labels[key], names[key]) for key in names})
    one_of(dimension, sorted(set(breakdowns["dimension"].dropna())), "dimension")
    one_of(window, sorted(set(breakdowns["window"].dropna())), "window")
    chosen = breakdowns["account_key"].isin(keys) & (breakdowns["dimension"] == dimension)
    rows = breakdowns[chosen & (breakdowns["window"] == window)].dropna(subset=["starts_at", "percent"])
    if rows.empty:
        return note_figure(title, "The server broke none of these windows down.", template)
    table = rows.pivot_table("percent", ["starts_at", "account_key"], "key", aggfunc="sum").fillna(0)
    table = _largest(table.sort_index(ascending=False)[:MOST_ROWS])
    zone = zone_for(tz, invented=invented)
    form, length = ("%d %b %H:%M", 8) if window == "five_hour" else ("%d %b", 13)
    shown = [
        f"{cut(labels[key], length)} · {local_time(when.to_pydatetime().astimezone(UTC), zone, named=False, form=form)}"
        for when, key in table.index
    ]
    places = list(range(len(shown)))
    bars = stacked(table, ": %{x:.2f} %")
    return figure_of(
        [bar | {"orientation": "h", "x": bar["y"], "y": places} for bar in bars],
        titled(title, f"{window}, percent of the window"),
        height=150 + ROW * len(shown),
        left=label_space(shown),
        bottom=66,
        template=template,
        barmode="stack",
        showlegend=True,
        legend={"traceorder": "normal"},
        xaxis={"ticksuffix": " %", "rangemode": "tozero", **PLAIN_AXIS},
        yaxis={"tickvals": places, "ticktext": list(map(plain, shown)), "autorange": "reversed", **PLAIN_AXIS},
    )


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that use most, the others as one."""
    order = table.sum().sort_values(ascending=False, kind="stable").index
    kept, rest = list(order[:MOST_KEYS]), list(order[MOST_KEYS:])
    return table[kept].assign(other=table[rest].sum(axis=1)) if rest else table[kept]
