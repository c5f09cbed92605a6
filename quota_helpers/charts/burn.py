"""Where the points of a window went: bars by project, model or whatever was asked for; a timeline where it has days."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import is_demo, keys_of, with_columns
from ..labels import Names, one_of
from ..outlook.bars import window_rank, window_title
from ..outlook.burn import BURN_COLUMNS, NOBODYS, OWN_TURNS, TIMES, UNEXPLAINED
from . import style
from .style import ATTENTION, PLAIN_AXIS, QUIET

MOST_ROWS: Final = 24  # bars of a chart; the rest together is one
MOST_SERIES: Final = 4  # beside what is not explained: colours and hatches
REST: Final = "all others"
MISSING: Final = (
    "Nothing to share out: it takes session logs that say whose they are, and readings of the same account in which a "
    "percentage rises (from these logs, or kept by the panel)."
)
HIDDEN: Final = ("project", "session", "machine")  # what may tell of a person's work; numbered where it is shown
COLOURS: Final = {UNEXPLAINED: ATTENTION, NOBODYS: QUIET}


def plot_burn(
    burned: pd.DataFrame,
    *,
    window: str | None = None,
    accounts: Names = None,
    projects: bool = False,
    template: Any = None,
) -> go.Figure:
    """The points of a window by what burned them; with a column `day` a timeline, stacked by the column beside it.

    Args:
        burned: What `qh.burn(windows, tokens, by=...)` returned.
        window: Which window's points; None: the week's, else those of the longest that is there.
        accounts: Labels or keys of accounts; None means all, added up.
        projects: Whether projects, sessions and machines are called by their names; else they are numbered.
        template: As in `plot_windows`.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> from quota_helpers.outlook.burn import burn
    >>> times = pd.date_range("2026-11-20T10:00Z", periods=5, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 5000})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "fetched_at": times,
    ...                         "used_percent": range(0, 10, 2), "window_seconds": 604800, "reset_at": times[4]})
    >>> plot_burn(burn(windows, turns, by="model")).layout.title.text
    'Where the week went: by model (estimate)'
    """
    burned = with_columns(burned, "burned", tuple(BURN_COLUMNS), "qh.burn(windows, tokens, by=...) makes one")
    names = list(burned.columns[4 : list(burned.columns).index("kind")])
    rows, window = _chosen(burned, window, accounts)
    asked = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "kind"
    what = {"weekly": "the week", "five_hour": "the five hours"}.get(window, window_title("codex", window))
    title = f"Where {what} went: by {asked} (estimate){style.demo_words(invented=is_demo(burned))}"
    total = float(rows["points"].sum())
    if not total > 0:
        return style.note_figure(title, MISSING, template)
    left = float(rows.loc[rows["kind"] != OWN_TURNS, "points"].sum())
    notes = (f"{total:.0f} points since the first turn", f"{left:.0f} of them no turn explains", "from these logs only")
    for name in set(names) & set(HIDDEN) if not projects else ():
        rows = rows.assign(**{name: _numbered(rows, name)})
    shown = [name for name in names if name != "day"] or ["kind"]
    # What was asked for, joined to one text.
    rows = rows.assign(what=rows[shown].astype(str).agg(" · ".join, axis=1))
    draw = _timeline if "day" in names else _bars
    return draw(rows, sort=not set(shown) & set(TIMES), title=style.titled(title, *notes), template=template)


def _chosen(burned: pd.DataFrame, window: str | None, accounts: Names) -> tuple[pd.DataFrame, str]:
    keys = keys_of(burned, accounts)
    rows = burned if keys is None else burned[burned["account_key"].isin(keys)]
    there = sorted(set(rows["window"].dropna()), key=lambda name: window_rank("codex", name))
    if window is None or not there:
        window = "weekly" if "weekly" in there or not there else there[-1]
    return rows[rows["window"] == one_of(window, there or [window], "window")], window


def _numbered(rows: pd.DataFrame, name: str) -> pd.Series:
    """Names as numbers, the one that burned most first; what is no name stays."""
    own = rows["kind"] == OWN_TURNS
    order = rows[own].groupby(name)["points"].sum().sort_values(ascending=False, kind="stable").index
    called = {value: f"{name} {number}" for number, value in enumerate(order, 1) if value != f"{name} not named"}
    return rows[name].where(~own, rows[name].map(lambda value: called.get(value, value)))


def _bars(rows: pd.DataFrame, *, sort: bool, **common: Any) -> go.Figure:
    table = rows.pivot_table(index="what", columns="kind", values="points", aggfunc="sum", sort=False).fillna(0.0)
    table = style.largest(table.T, MOST_ROWS - (len(table) > MOST_ROWS), REST).T if sort else table
    total, sums = table.to_numpy().sum(), table.sum(axis=1).to_numpy()
    table = table[[kind for kind in (OWN_TURNS, UNEXPLAINED, NOBODYS) if kind in table]]
    traces = [
        bar | {"orientation": "h", "x": bar["y"], "customdata": 100 * bar["y"] / total, "y": list(range(len(table)))}
        for bar in style.stacked(table, "%{x:.1f} points, %{customdata:.0f} %: {name}", COLOURS)
    ]
    traces[-1] |= {"text": [f"{value:.1f}" for value in sums], "textposition": "outside", "cliponaxis": False}
    return style.named_bars(
        traces,
        [style.cut(str(name)) for name in table.index],
        bottom=80,
        xaxis={"range": [0, 1.12 * float(sums.max())], "title": {"text": "points"}, **PLAIN_AXIS},
        **common,
    )


def _timeline(rows: pd.DataFrame, *, sort: bool, **common: Any) -> go.Figure:  # noqa: ARG001 - days have their order
    words = rows["what"].where(rows["kind"] == OWN_TURNS, rows["kind"].astype(str))
    table = rows.assign(what=words, day=rows["day"].dt.tz_localize(None)).pivot_table(
        index="day", columns="what", values="points", aggfunc="sum", fill_value=0.0
    )
    table = table.reindex(pd.date_range(table.index.min(), table.index.max(), freq="D"), fill_value=0.0)
    others = [name for name in COLOURS if name in table]
    mine = table.drop(columns=others)
    table = style.largest(mine, MOST_SERIES - (len(mine.columns) > MOST_SERIES), REST).join(table[others])
    return style.daily_bars(
        style.stacked(table, "<b>{name}</b><br>%{x|%a %d %b}: %{y:.1f} points", COLOURS),
        table.index,
        yaxis={"title": {"text": "points"}, "rangemode": "tozero", **PLAIN_AXIS},
        **common,
    )
