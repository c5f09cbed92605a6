"""Where the points of a window went: bars by project, model or whatever was asked for; a timeline where it has days."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ..frames import is_demo, with_columns
from ..labels import Names, account_labels, choose, one_of
from ..outlook.bars import window_rank, window_title
from ..outlook.burn import BURN_COLUMNS, NOBODYS, OWN_TURNS, TIMES, UNEXPLAINED
from ..privacy import mask_identity
from .style import (
    ATTENTION,
    FURTHER,
    PLAIN_AXIS,
    QUIET,
    SHAPES,
    cut,
    demo_words,
    figure_of,
    hatched,
    label_space,
    note_figure,
    plain,
    time_axis,
    titled,
)

MOST_ROWS: Final = 24  # bars of a chart; the rest together is one
MOST_SERIES: Final = 4  # beside what is not explained: colours and hatches
ROW: Final = 24  # pixels
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
    title = f"Where {what} went: by {asked} (estimate){demo_words(invented=is_demo(burned))}"
    if not rows["points"].sum() > 0:
        return note_figure(title, MISSING, template)
    left = float(rows.loc[rows["kind"] != OWN_TURNS, "points"].sum())
    total = float(rows["points"].sum())
    notes = (f"{total:.0f} points since the first turn", f"{left:.0f} of them no turn explains", "from these logs only")
    for name in set(names) & set(HIDDEN) if not projects else ():
        rows = rows.assign(**{name: _numbered(rows, name)})
    draw, shown = _timeline if "day" in names else _bars, [name for name in names if name != "day"] or ["kind"]
    return draw(titled(title, *notes), rows, shown, template)


def _chosen(burned: pd.DataFrame, window: str | None, accounts: Names) -> tuple[pd.DataFrame, str]:
    names = dict(zip(burned["account_key"], burned["account"], strict=True))
    labels = account_labels(names, mask_identity)
    keys = choose(accounts, {key: (labels[key], names[key]) for key in names})
    rows = burned[burned["account_key"].isin(keys)]
    there = sorted(set(rows["window"].dropna()), key=lambda name: window_rank("codex", name))
    if window is None or not there:
        window = "weekly" if "weekly" in there or not there else there[-1]
    else:
        one_of(window, there, "window")
    return rows[rows["window"] == window], window


def _numbered(rows: pd.DataFrame, name: str) -> pd.Series:
    """Names as numbers, the one that burned most first; what is no name stays."""
    own = rows["kind"] == OWN_TURNS
    order = rows[own].groupby(name)["points"].sum().sort_values(ascending=False, kind="stable").index
    called = {value: f"{name} {number}" for number, value in enumerate(order, 1) if value != f"{name} not named"}
    return rows[name].where(~own, rows[name].map(lambda value: called.get(value, value)))


def _table(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Points by what was asked for (joined to one text), and by kind."""
    words = rows[names[0]].astype(str) if len(names) == 1 else rows[names].astype(str).agg(" · ".join, axis=1)
    return rows.assign(what=words).pivot_table(index="what", columns="kind", values="points", aggfunc="sum", sort=False)


def _bars(title: dict[str, Any], rows: pd.DataFrame, names: list[str], template: Any) -> go.Figure:
    table = _table(rows, names).fillna(0.0)
    if not set(names) & set(TIMES):
        table = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
        if len(table) > MOST_ROWS:
            rest = table.iloc[MOST_ROWS - 1 :].sum().rename(REST)
            table = pd.concat([table.iloc[: MOST_ROWS - 1], rest.to_frame().T])
    shown = [cut(str(name)) for name in table.index]
    total = table.to_numpy().sum()
    places = list(range(len(table)))
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "y": places,
            "x": table[kind].to_numpy(),
            "name": kind,
            "marker": _marker(kind, 0),
            "customdata": (100 * table[kind] / total).to_numpy(),
            "hovertemplate": f"%{{x:.1f}} points, %{{customdata:.0f}} %: {kind}<extra></extra>",
        }
        for kind in (OWN_TURNS, UNEXPLAINED, NOBODYS)
        if kind in table
    ]
    sums = table.sum(axis=1).to_numpy()
    traces[-1] |= {"text": [f"{value:.1f}" for value in sums], "textposition": "outside", "cliponaxis": False}
    return figure_of(
        traces,
        title,
        height=150 + ROW * len(table),
        left=label_space(shown),
        bottom=80,
        template=template,
        barmode="stack",
        showlegend=True,
        legend={"traceorder": "normal"},
        xaxis={"range": [0, 1.12 * float(sums.max())], "title": {"text": "points"}, **PLAIN_AXIS},
        yaxis={"tickvals": places, "ticktext": list(map(plain, shown)), "autorange": "reversed", **PLAIN_AXIS},
    )


def _timeline(title: dict[str, Any], rows: pd.DataFrame, names: list[str], template: Any) -> go.Figure:
    words = rows[names].astype(str).agg(" · ".join, axis=1).where(rows["kind"] == OWN_TURNS, rows["kind"].astype(str))
    day = rows["day"].dt.tz_localize(None)
    table = rows.assign(what=words, day=day).pivot_table(
        index="day", columns="what", values="points", aggfunc="sum", fill_value=0.0
    )
    table = table.reindex(pd.date_range(table.index.min(), table.index.max(), freq="D"), fill_value=0.0)
    mine = [name for name in table.sum().sort_values(ascending=False, kind="stable").index if name not in COLOURS]
    if len(mine) > MOST_SERIES:
        table[REST] = table[mine[MOST_SERIES - 1 :]].sum(axis=1)
        mine = [*mine[: MOST_SERIES - 1], REST]
    traces = [
        {
            "type": "bar",
            "x": table.index.to_numpy(),
            "y": table[name].to_numpy(),
            "name": plain(cut(name, 30)),
            "marker": _marker(name, number),
            "hovertemplate": f"<b>{plain(cut(name))}</b><br>%{{x|%a %d %b}}: %{{y:.1f}} points<extra></extra>",
        }
        for number, name in enumerate([*mine, *(name for name in COLOURS if name in table)])
    ]
    return figure_of(
        traces,
        title,
        height=340,
        left=52,
        bottom=66,
        template=template,
        barmode="stack",
        bargap=0.25,
        showlegend=True,
        legend={"traceorder": "normal"},
        xaxis=time_axis(showgrid=False),
        yaxis={"title": {"text": "points"}, "rangemode": "tozero", **PLAIN_AXIS},
    )


def _marker(kind: str, number: int) -> dict[str, Any]:
    shape = "-" if kind in COLOURS else SHAPES[number % MOST_SERIES]
    return hatched(COLOURS.get(kind, FURTHER[number % MOST_SERIES]), shape)
