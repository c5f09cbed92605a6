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
    FURTHER,
    HATCH,
    PLAIN_AXIS,
    cut,
    demo_words,
    figure_of,
    label_space,
    layout_spec,
    note_spec,
    plain,
    titled,
    zone_for,
)

MOST_KEYS: Final = 4  # each with its colour and hatch; the rest together is "other"
MOST_ROWS: Final = 20
ROW: Final = 24  # pixels
PATTERN: Final = {"fillmode": "overlay", "fgcolor": HATCH, "size": 6, "solidity": 0.25}
SHAPES: Final = ("", "/", "x", ".", "-")


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
        return figure_of(note_spec(title, "The server broke no window down."), template)
    names = dict(zip(breakdowns["account_key"], breakdowns["account"], strict=True))
    labels = account_labels(names, mask_identity)
    keys = choose(accounts, {key: (labels[key], names[key]) for key in names})
    one_of(dimension, sorted(set(breakdowns["dimension"].dropna())), "dimension")
    one_of(window, sorted(set(breakdowns["window"].dropna())), "window")
    chosen = breakdowns["account_key"].isin(keys) & (breakdowns["dimension"] == dimension)
    rows = breakdowns[chosen & (breakdowns["window"] == window)].dropna(subset=["starts_at", "percent"])
    if rows.empty:
        return figure_of(note_spec(title, "The server broke none of these windows down."), template)
    table = rows.pivot_table(index=["starts_at", "account_key"], columns="key", values="percent", aggfunc="sum").fillna(
        0
    )
    table = _largest(table.sort_index(ascending=False)[:MOST_ROWS])
    zone = zone_for(tz, invented=invented)
    form, length = ("%d %b %H:%M", 8) if window == "five_hour" else ("%d %b", 13)
    shown = [f"{cut(labels[key], length)} · {_day(when, zone, form)}" for when, key in table.index]
    return figure_of(_spec(titled(title, f"{window}, percent of the window"), table, shown), template)


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that use most, the others as one."""
    order = table.sum().sort_values(ascending=False, kind="stable").index
    kept, rest = list(order[:MOST_KEYS]), list(order[MOST_KEYS:])
    return table[kept].assign(other=table[rest].sum(axis=1)) if rest else table[kept]


def _spec(title: dict[str, Any], table: pd.DataFrame, shown: list[str]) -> dict[str, Any]:
    rows = list(range(len(shown)))
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "y": rows,
            "x": table[key].to_numpy(),
            "name": plain(cut(str(key), 30)),
            "marker": {
                "color": FURTHER[number],
                "pattern": {
                    "shape": SHAPES[number],
                    "fillmode": "overlay",
                    "fgcolor": HATCH,
                    "size": 6,
                    "solidity": 0.25,
                },
            },
            "hovertemplate": f"<b>{plain(str(key))}</b>: %{{x:.2f}} %<extra></extra>",
        }
        for number, key in enumerate(table.columns)
    ]
    layout = layout_spec(
        title,
        height=150 + ROW * len(rows),
        left=label_space(shown),
        barmode="stack",
        showlegend=True,
        legend={"traceorder": "normal"},
        xaxis={"ticksuffix": " %", "rangemode": "tozero", **PLAIN_AXIS},
        yaxis={"tickvals": rows, "ticktext": list(map(plain, shown)), "autorange": "reversed", **PLAIN_AXIS},
    )
    layout["margin"]["b"] = 66
    return {"data": bars, "layout": layout}


def _day(when: Any, zone: tzinfo, form: str) -> str:
    return local_time(when.to_pydatetime().astimezone(UTC), zone, named=False, form=form)
