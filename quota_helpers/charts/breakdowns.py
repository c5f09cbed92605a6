"""What used up each past window, as the server itself breaks it down: by model, surface or source."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import keys_of
from ..labels import Names, account_labels, one_of
from ..privacy import mask_identity
from ..siblings import is_invented
from ..times import local_time
from . import style

MOST_KEYS: Final = 4  # each with its colour and hatch; the rest together is "other"
MOST_ROWS: Final = 20


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
    title = f"What used up each window: by {dimension}{style.demo_words(invented=invented)}"
    if breakdowns.empty:
        return style.note_figure(title, "The server broke no window down.", template)
    one_of(dimension, sorted(set(breakdowns["dimension"].dropna())), "dimension")
    one_of(window, sorted(set(breakdowns["window"].dropna())), "window")
    labels = account_labels(dict(zip(breakdowns["account_key"], breakdowns["account"], strict=True)), mask_identity)
    chosen = breakdowns["account_key"].isin(keys_of(breakdowns, accounts) or labels)
    chosen &= (breakdowns["dimension"] == dimension) & (breakdowns["window"] == window)
    rows = breakdowns[chosen].dropna(subset=["starts_at", "percent"])
    if rows.empty:
        return style.note_figure(title, "The server broke none of these windows down.", template)
    table = rows.pivot_table("percent", ["starts_at", "account_key"], "key", aggfunc="sum").fillna(0)
    table = style.largest(table.sort_index(ascending=False)[:MOST_ROWS], MOST_KEYS, "other")
    zone = style.zone_for(tz, invented=invented)
    form, length = ("%d %b %H:%M", 8) if window == "five_hour" else ("%d %b", 13)
    shown = [
        f"{style.cut(labels[key], length)} · "
        f"{local_time(when.to_pydatetime().astimezone(UTC), zone, named=False, form=form)}"
        for when, key in table.index
    ]
    bars = style.stacked(table, "<b>{name}</b>: %{x:.2f} %")
    return style.named_bars(
        [bar | {"orientation": "h", "x": bar["y"], "y": list(range(len(shown)))} for bar in bars],
        shown,
        title=style.titled(title, f"{window}, percent of the window"),
        bottom=66,
        template=template,
        xaxis={"ticksuffix": " %", "rangemode": "tozero", **style.PLAIN_AXIS},
    )
