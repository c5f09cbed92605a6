"""Tokens per day: what the turns of session logs add up to."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from ..frames import counts, keys_of, micros
from ..labels import Names, one_of
from ..times import Moment, bounds, zone_of

Count = Literal["total", "uncached", "output"]

NO_MODEL: Final = "model not named"
OTHERS: Final = "other models"


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
