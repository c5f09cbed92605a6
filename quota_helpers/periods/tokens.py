"""What the turns of session logs add up to: tokens per day, and about how many of them one percent costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from ..frames import Integers, counts, is_demo, keys_of, micros, readings
from ..labels import Names, one_of
from ..models import OWN
from ..tables import frame_of
from ..times import Moment, bounds, zone_of
from .cycle_table import follow_all
from .follow import Followed

Count = Literal["total", "uncached", "output"]

NO_MODEL: Final = "model not named"
OTHERS: Final = "other models"

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


def daily_tokens(
    tokens: pd.DataFrame,
    *,
    count: Count = "total",
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    tz: str | tzinfo = "UTC",
    most_models: int | None = None,
) -> pd.DataFrame:
    """Tokens by day (index, local midnight without a zone; days without any are 0) and model, the largest model first.

    Args:
        tokens: `SessionLogs.tokens` or `History.tokens()`.
        count: Which tokens: "total"; "uncached" (without the input that came from the cache); "output".
        accounts: Keys of accounts ("unattributed" for sessions that do not say whose they are); None means all.
        since: From this moment on: an aware time, an ISO text, or a timedelta back from the last turn.
        until: Before this moment.
        tz: Whose days.
        most_models: The columns of all but the so many largest models are added up as "other models"; None: of none.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> import quota_helpers as qh
    >>> turns = pd.DataFrame({"time": pd.to_datetime(["2026-11-20T10:00Z"]), "account_key": "a1", "model": "gpt-5.6",
    ...                       "total": 1200, "cached_input": 800, "output": 100})
    >>> qh.daily_tokens(turns, count="uncached").to_dict("list")
    {'gpt-5.6': [400]}
    """
    tokens = counts(tokens)
    amount = counted(tokens, count)
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
    largest = amount[keep].groupby(model).sum().sort_values(ascending=False, kind="stable").index.tolist()
    if most_models is not None and len(largest) > most_models + 1:
        model = model.where(model.isin(largest[:most_models]), OTHERS)
        largest = [*largest[:most_models], OTHERS]
    day = tokens["time"][keep].dt.tz_convert(zone_of(tz)).dt.tz_localize(None).dt.normalize().rename("day")
    turns = pd.DataFrame({"day": day, "model": model, "amount": amount[keep]})
    table = turns.pivot_table(index="day", columns="model", values="amount", aggfunc="sum", fill_value=0)
    every = pd.date_range(table.index.min(), table.index.max(), freq="D", name="day")
    return table.reindex(index=every, columns=largest, fill_value=0)


def counted(tokens: pd.DataFrame, count: Count) -> pd.Series:
    """The tokens of each turn that are to be counted."""
    one_of(count, get_args(Count), "count")
    amount = tokens["output" if count == "output" else "total"].fillna(0)
    return amount - tokens["cached_input"].fillna(0) if count == "uncached" else amount


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
    return series.names | {
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
