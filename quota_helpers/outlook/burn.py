"""Which project, session, model or hour burned the points of a window, and what no turn of one's own explains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import counts, is_demo, present_of, readings
from ..labels import Names, listed, one_of
from ..tables import frame_of
from ..times import Moment, bounds, zone_of
from .ledger import Ledger, ledgers_of

TEXTS: Final = ("project", "session", "model", "effort", "client", "machine")
TIMES: Final = ("hour", "weekday", "day")
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
OWN_TURNS, UNEXPLAINED, NOBODYS = "own turns", "unexplained", "turns without an account"

BURN_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "limit": "str",
    "window": "str",
    "kind": "str",  # whether one's own turns burned it, or what else is known of it
    "points": "float64",  # percent of the window
    "share": "float64",  # of all points of this window, 0 to 1
    "turns": "int64",
    "tokens": "int64",
    "origin": "str",  # "demo" where it comes from invented readings
}
"""Columns of `burn`, name -> dtype; what was asked for stands before `kind`."""


def burn(
    windows: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    by: str | Iterable[str] = "project",
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo = "UTC",
    weights: dict[str, float] | None = None,
) -> pd.DataFrame:
    """The points of each window, shared out over one's own turns by their weighted tokens, and added up.

    The rises of the percentage are split at the turns that ran meanwhile, cycle by cycle. What rose while no turn ran,
    or by far more than its tokens ever cost, is a row of its own with the kind "unexplained"; what rose beside turns of
    logs that do not say whose they are has the kind "turns without an account". It begins with the account's first
    turn: nobody knows whether logs were kept before. Only an account's own limit is looked at.

    Args:
        windows: Readings over time: `History.frame()` or `SessionLogs.windows`.
        tokens: Turns of the same accounts: `History.tokens()` or `SessionLogs.tokens`.
        by: "project", "session", "model", "effort", "client", "machine", "hour" (0 to 23), "weekday", "day" (local
            midnight), or several of them.
        accounts: Names or keys; None means all that have turns.
        since: What rose from this moment on; a timedelta counts back from the newest reading.
        until: What rose before this moment.
        tz: Whose hours and days.
        weights: Weights of `cached_input`, `output` and `reasoning` tokens where a token of fresh input weighs 1;
            None: estimated from these readings, within plausible bounds.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> times = pd.date_range("2026-11-20T10:00Z", periods=5, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 5000,
    ...                       "project": ["site", "site", "site", "site", "engine"]})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "fetched_at": times,
    ...                         "used_percent": range(0, 10, 2), "window_seconds": 604800, "reset_at": times[4]})
    >>> burn(windows, turns, by="project")[["project", "points", "turns"]].to_numpy().tolist()
    [['site', 6.0, 3], ['engine', 2.0, 1]]
    """
    names = list(dict.fromkeys(listed(by, "by") or ()))
    for name in names:
        one_of(name, (*TEXTS, *TIMES), "by")
    zone = zone_of(tz)
    low, high = bounds(since, until, now=present_of(readings(windows, "windows"), None))
    edges = np.array([edge for edge in (low, high) if edge is not None], np.int64)
    tokens = counts(tokens)  # the rows that the ledgers' turns are known by
    found = ledgers_of(windows, tokens, accounts=accounts, weights=weights, edges=edges)
    columns = dict(list(BURN_COLUMNS.items())[:4]) | {name: _dtype(name, zone) for name in names} | BURN_COLUMNS
    parts = [
        part.assign(place=place) for place, one in enumerate(found) for part in _parts(one, tokens, names, low, high)
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return frame_of((), columns)
    table = _summed(pd.concat(parts, ignore_index=True), names, zone)
    whose = pd.DataFrame([one.followed.series.names for one in found])
    table = table.join(whose, on="place").assign(origin="demo" if is_demo(windows) or is_demo(tokens) else "")
    return table[list(columns)].astype(columns)


def _dtype(name: str, zone: tzinfo) -> Any:
    return {"hour": "Int64", "day": pd.DatetimeTZDtype("us", zone)}.get(name, "str")


def _summed(table: pd.DataFrame, names: list[str], zone: tzinfo) -> pd.DataFrame:
    """One row for each value of the names, of each window: points, their share, turns and tokens."""
    when = pd.Series(pd.DatetimeIndex(table["when"].to_numpy(np.int64).view("M8[us]"), tz="UTC")).dt.tz_convert(zone)
    weekday = pd.Categorical(when.dt.day_name(), WEEKDAYS, ordered=True)
    calendar = {"hour": when.dt.hour, "weekday": weekday, "day": when.dt.normalize()}
    for name in names:
        if name in calendar:
            table[name] = calendar[name]
        else:
            told = table[name] if name in table else pd.Series(None, table.index, dtype=object)
            table[name] = told.where(table["kind"] == OWN_TURNS, table["kind"]).fillna(f"{name} not named")
    table["kind"] = pd.Categorical(table["kind"], [OWN_TURNS, UNEXPLAINED, NOBODYS], ordered=True)
    grouped = table.groupby(["place", *names, "kind"], sort=False, observed=True)
    summed = grouped[["points", "turns", "tokens"]].sum().reset_index()
    summed["share"] = summed["points"] / summed.groupby("place")["points"].transform("sum")
    if set(names) & set(TIMES):
        return summed.sort_values(["place", *names], kind="stable")
    return summed.sort_values(["place", "kind", "points"], ascending=[True, True, False], kind="stable")


def _parts(
    ledger: Ledger, tokens: pd.DataFrame, names: Sequence[str], since: int | None, until: int | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What rose in that time: a row for each turn with its share of its block's points, and one for each rest."""
    turns, blocks, explained = ledger.turns, ledger.blocks, ledger.explained
    inside = np.full(len(blocks.until), fill_value=True)
    if since is not None:
        inside &= blocks.until >= since
    if until is not None:
        inside &= blocks.until < until
    # What rises late, with no turn in its own block, is the last turn's before it; that is counted there already.
    late = blocks.own & (blocks.high == blocks.low) & (blocks.low > 0)
    low = np.where(late, blocks.low - 1, blocks.low)
    count = np.where(blocks.unsure | ~inside, 0, np.where(late, 1, blocks.high - blocks.low))
    block = np.repeat(np.arange(len(count)), count)
    turn = np.arange(len(block)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    weight = turns.weighted(ledger.weights)[turn]
    rows, new = turns.rows[turn], ~late[block]
    own = {
        "when": turns.time[turn],
        "points": weight / np.bincount(block, weight, len(count))[block] * explained[block],
        "turns": new.astype(int),
        "tokens": tokens["total"].to_numpy()[rows] * new,
        "kind": OWN_TURNS,
    } | {name: tokens[name].to_numpy(object)[rows] for name in names if name in TEXTS and name in tokens}
    left = blocks.points - explained
    some = inside & (left > 0)
    kind = np.where(blocks.unsure, NOBODYS, UNEXPLAINED)[some]
    rest = {"when": blocks.until[some], "points": left[some], "turns": 0, "tokens": 0, "kind": kind}
    return pd.DataFrame(own), pd.DataFrame(rest)
