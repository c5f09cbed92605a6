"""What one percent of a window costs in tokens: an estimate, with its spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import Integers, counts, is_demo, micros, readings
from ..tables import frame_of
from .cycle_table import follow_all
from .follow import Followed
from .tokens import Count, counted

OWN: Final = "codex"

COST_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "limit": "str",
    "window": "str",
    "estimates": "int64",  # how many stretches were measured
    "percent": "float64",  # percent points that they cover
    "tokens": "int64",  # tokens that were spent in them
    "lower": "float64",  # tokens for one percent: a quarter of the stretches cost less
    "median": "float64",  # tokens for one percent
    "upper": "float64",  # tokens for one percent: a quarter cost more
    "elsewhere": "int64",  # stretches left out: the percentage rose, and these logs know of no tokens
    "origin": "str",  # "demo" for what is estimated from invented readings
    "first": "datetime64[us, UTC]",
    "last": "datetime64[us, UTC]",
}
"""Columns of `token_cost`, name -> dtype."""


def token_cost(
    tokens: pd.DataFrame, windows: pd.DataFrame, *, points: float = 3.0, count: Count = "total"
) -> pd.DataFrame:
    """Estimate what one percent of each window costs in tokens, with `COST_COLUMNS`; one row per account and window.

    Percentages are whole numbers, so each cycle is cut into stretches between two rises that are at least *points*
    apart (the longer, the less rounding matters); a stretch costs the tokens that the same account's sessions spent in
    it. Stretches over a reset, a pause without readings, or flapping do not exist; what was used elsewhere (another
    machine, the web) is not in these logs and makes a percent look cheaper than it is.

    Only an account's own limit is estimated: a turn does not say which limit it was counted against, and a model's own
    limit would be charged with the tokens of all models.

    It is an estimate: the service publishes no such price, counts models and cached tokens differently, and may change
    its mind at any time. The quartiles say how far to trust it.

    Args:
        tokens: `SessionLogs.tokens` or `History.tokens()`.
        windows: Readings over time with the columns of `COLUMNS`, of the same accounts: `SessionLogs.windows` or
            `History.frame()`.
        points: Percent points that a stretch covers at least.
        count: Which tokens: "total"; "uncached" (without the input that came from the cache); "output".

    Raises:
        TypeError: *tokens* is no frame of turns, or *windows* none of readings.
        ValueError: *points* is not above 0, or *count* is another word.

    >>> times = pd.date_range("2026-11-20T10:00Z", periods=9, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 5000})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "five_hour", "fetched_at": times,
    ...                         "used_percent": range(0, 18, 2), "window_seconds": 18000, "reset_at": times[8]})
    >>> token_cost(turns, windows)[["window", "median"]].to_numpy().tolist()
    [['five_hour', 2500.0]]
    """
    if not points > 0:
        raise ValueError(f"points must be above 0, not {points!r}")
    spent = _by_account(counts(tokens), count)
    own = follow_all(readings(windows, "windows"), limits=OWN)
    origin = "demo" if is_demo(windows) or is_demo(tokens) else ""
    rows = [row | {"origin": origin} for followed in own if (row := _row(followed, spent, points))]
    return frame_of(rows, COST_COLUMNS)


def _by_account(tokens: pd.DataFrame, count: Count) -> dict[str, tuple[Integers, Integers]]:
    """Account key -> times of its turns, and the tokens spent up to and with each (one more than the times)."""
    turns = pd.DataFrame(
        {"key": tokens["account_key"], "time": micros(tokens["time"]), "amount": counted(tokens, count)}
    )
    turns = turns.sort_values("time", kind="stable")
    return {
        str(key): (mine["time"].to_numpy(), np.append(0, np.cumsum(mine["amount"].to_numpy(np.int64))))
        for key, mine in turns.groupby("key")
    }


def _row(followed: Followed, spent: dict[str, tuple[Integers, Integers]], points: float) -> dict[str, Any] | None:
    series = followed.series
    if series.account_key not in spent:
        return None
    time, total = spent[series.account_key]
    since, until, percent = np.array(list(stretches(followed, points)), np.float64).reshape(-1, 3).T
    # A reading is logged at the end of the turn that it counts.
    low, high = (total[np.searchsorted(time, edges.astype(np.int64), side="right")] for edges in (since, until))
    amount, some = high - low, high > low
    if not some.any():
        return None
    lower, median, upper = np.percentile(amount[some] / percent[some], [25, 50, 75])
    return {name: getattr(series, name) for name in ("account", "account_key", "limit", "window")} | {
        "estimates": int(some.sum()),
        "percent": percent[some].sum(),
        "tokens": amount[some].sum(),
        "lower": lower,
        "median": median,
        "upper": upper,
        "elsewhere": int((~some).sum()),
        "first": int(since[some][0]),
        "last": int(until[some][-1]),
    }


def stretches(followed: Followed, points: float) -> Iterator[tuple[int, int, float]]:
    """(since, until, points) of every cycle cut at rises that are at least *points* apart, in microseconds.

    Measuring begins at a cycle's first rise: before it, nobody knows how full the percent was.
    """
    series, rows = followed.series, followed.believed
    begun, level, before, last, cycle = 0, np.nan, np.nan, 0, -1
    columns = (series.time[rows].tolist(), series.used[rows].tolist(), followed.cycle[rows].tolist())
    for time, used, number in zip(*columns, strict=True):
        if number != cycle or time - last > series.longest_pause:
            cycle, level = number, np.nan
        elif used > before and np.isnan(level):
            begun, level = time, used
        elif used > before and used - level >= points:
            yield begun, time, used - level
            begun, level = time, used
        before, last = used, time
