"""Tokens: by day and model, and what one percent of a window costs."""

from __future__ import annotations

import math
from datetime import tzinfo
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import counts, is_demo, with_columns
from ..labels import Names, account_labels
from ..outlook.bars import window_rank, window_title
from ..periods import COST_COLUMNS
from ..periods.tokens import Count, daily_tokens
from ..privacy import mask_identity
from ..times import Moment
from . import style
from .style import NORMAL, PLAIN_AXIS, plain

MOST_MODELS: Final = 4  # each with its colour and hatch; the rest together is "other models"
ROW: Final = 50  # pixels of the cost chart: a name, a bar, its words
WORDS: Final = -0.32  # share of a row: where the name stands; the words below the bar, so that they never meet
WEEK: Final = 7  # days; up to so many each has its tick


def plot_tokens(
    tokens: pd.DataFrame,
    *,
    count: Count = "total",
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo | None = None,
    template: Any = None,
) -> go.Figure:
    """Tokens per day, stacked by model; beyond the four largest models the others are one.

    Args:
        tokens: `SessionLogs.tokens` or `History.tokens()`.
        count: As in `daily_tokens`.
        accounts: Keys of accounts; None means all.
        since: From this moment on: an aware time, an ISO text, or a timedelta back from the last turn.
        until: Before this moment.
        tz: Whose days; None means UTC for the demo, else this machine's.
        template: As in `plot_windows`.

    Raises:
        TypeError, ValueError: As `daily_tokens`.

    >>> times = pd.date_range("2026-11-20T10:00Z", periods=9, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 5000})
    >>> plot_tokens(turns, tz="UTC").layout.title.text
    'Tokens by day and model'
    """
    tokens = counts(tokens)
    invented = is_demo(tokens)
    zone = style.zone_for(tz, invented=invented)
    table = daily_tokens(
        tokens, count=count, accounts=accounts, since=since, until=until, tz=zone, most_models=MOST_MODELS
    )
    title = f"Tokens by day and model{style.demo_words(invented=invented)}"
    if table.empty:
        return style.note_figure(title, "No turn in this range.", template)
    words = {"total": "all tokens, those from the cache included", "uncached": "without cached input"}
    days = "1 day" if len(table) == 1 else f"{len(table)} days"
    said = f"{short(float(table.to_numpy().sum()))} in {days}"
    return style.daily_bars(
        style.stacked(table, "<b>{name}</b><br>%{x|%a %d %b}: %{y:.4~s} tokens"),
        table.index,
        title=style.titled(title, said, words.get(count, "output tokens")),
        template=template,
        dtick=style.DAY_MS if len(table) <= WEEK else None,
        yaxis=_axis(float(table.sum(axis=1).max())),
    )


def plot_token_cost(costs: pd.DataFrame, *, reveal: bool = False, template: Any = None) -> go.Figure:
    """What one percent costs in tokens, as estimated by `token_cost`: the median as a dot, the quartiles as a bar.

    Args:
        costs: What `token_cost` returned.
        reveal: Whether e-mail addresses in account names are shown in full.
        template: As in `plot_windows`.

    Raises:
        TypeError, ValueError: *costs* is no such frame; the message says what makes one.

    >>> from quota_helpers.periods import token_cost
    >>> times = pd.date_range("2026-11-20T10:00Z", periods=9, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 5000})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "five_hour", "fetched_at": times,
    ...                         "used_percent": range(0, 18, 2), "window_seconds": 18000, "reset_at": times[8]})
    >>> plot_token_cost(token_cost(turns, windows)).layout.title.text
    'Tokens for 1 % (estimate)'
    """
    costs = with_columns(costs, "costs", tuple(COST_COLUMNS), "qh.token_cost(tokens, windows) estimates them")
    title = f"Tokens for 1 % (estimate){style.demo_words(invented=is_demo(costs))}"
    if costs.empty:
        note = "No stretch in which both tokens and a rise of the percentage are known."
        return style.note_figure(title, note, template)
    names = dict(zip(costs["account_key"], costs["account"], strict=True))
    labels = account_labels(names, None if reveal else mask_identity)
    rows: list[dict[Any, Any]] = costs.to_dict("records")
    rows.sort(key=lambda row: (window_rank(row["limit"], row["window"]), labels[row["account_key"]]))
    most = max(row["upper"] for row in rows)
    hover = {"hovertext": [_hover(row) for row in rows], "hoverinfo": "text", "y": list(range(len(rows)))}
    bars = {
        "type": "bar",
        "name": "middle half",
        "orientation": "h",
        "base": [row["lower"] for row in rows],
        "x": [max(row["upper"] - row["lower"], most * 0.002) for row in rows],
        "width": 0.26,
        "marker": {"color": NORMAL, "opacity": 0.6},
    }
    dots = {
        "type": "scatter",
        "name": "median",
        "x": [row["median"] for row in rows],
        "mode": "markers",
        "marker": {"size": 10, "color": NORMAL, "line": {"width": 1.5, "color": style.QUIET}},
        "cliponaxis": False,
    }
    words: list[tuple[float, float, str, bool]] = []
    for place, row in enumerate(rows):
        window = window_title(row["limit"], row["window"])
        name = window if len(labels) == 1 else style.window_label(labels[row["account_key"]], window, 26)
        spread = f"({short(row['lower'])} to {short(row['upper'])}, n = {row['estimates']})"
        words.append((0.0, place + WORDS, plain(name), False))
        words.append((1.0, place - WORDS, plain(f"about {short(row['median'])} {spread}"), True))
    return style.figure_of(
        [bars | hover, dots | hover, style.word_trace(words, xaxis="x2")],
        style.titled(title, "dot = median, bar = middle half of the n estimates", "from this machine's logs only"),
        height=84 + 28 + ROW * len(rows),
        template=template,
        xaxis={"range": [0, most * 1.04], **_axis(most)},
        **style.worded_rows(len(rows)),
    )


def _axis(most: float) -> dict[str, Any]:
    """An axis of tokens with ticks at 0 and up to four round numbers below *most*."""
    step = 10 ** math.floor(math.log10(max(most, 1)))
    step *= next(factor for factor in (0.25, 0.5, 1, 2.5) if factor * step * 4 >= most)
    ticks = [step * number for number in range(int(most // step) + 1)]
    return {"tickvals": ticks, "ticktext": list(map(short, ticks)), **PLAIN_AXIS}


def short(tokens: float) -> str:
    """A count for people: "1.26 M", "180 k", "950".

    >>> short(1_260_000), short(179_800), short(950), short(0)
    ('1.26 M', '180 k', '950', '0')
    """
    for unit, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if tokens >= unit:
            return f"{tokens / unit:.3g}{sign}"
    return f"{tokens:.0f}"


def _hover(row: dict[Any, Any]) -> str:
    lines = [
        f"about {short(row['median'])} tokens for one percent (an estimate)",
        f"half of {row['estimates']} estimates lie between {short(row['lower'])} and {short(row['upper'])}",
        f"measured over {row['percent']:.0f} percent points, {short(row['tokens'])} tokens",
    ]
    if row["elsewhere"]:
        lines.append(f"{row['elsewhere']} stretches left out: used elsewhere")
    return "<br>".join(lines)
