"""The tidy frame: one row per account, limit and window, the same columns wherever the reading came from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from .models import COLUMNS, SpendLimit, UsageSnapshot
from .models.tidy import tidy_rows, whose
from .outcomes import Collection
from .times import TOLERANCE_SECONDS, zone_of

Snapshots = Collection | UsageSnapshot | Iterable[UsageSnapshot]

CREDIT_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "plan": "str",
    "has_credits": "boolean",  # false does not mean exhausted
    "unlimited": "boolean",
    "balance": "float64",  # in the server's unit
    "overage_limit_reached": "boolean",
    "resets_available": "Int64",  # earned resets that wait to be used
    "resets_applicable": "Int64",  # how many of them could be used right now
    "fetched_at": "datetime64[us, UTC]",
}
"""Columns of `credits_frame`, name -> dtype."""

SPEND_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "plan": "str",
    "limit": "str",  # "spend:individual", ...
    "cap": "float64",  # in the server's unit (it does not say which)
    "used": "float64",  # the same unit
    "remaining": "float64",  # the same unit
    "used_percent": "float64",
    "remaining_percent": "float64",
    "reset_at": "datetime64[us, UTC]",
    "source": "str",  # who set the cap, in the server's words
    "fetched_at": "datetime64[us, UTC]",
}
"""Columns of `spend_frame`, name -> dtype."""

Integers = npt.NDArray[np.int64]

_EVERYWHERE: Final = (pd.Timestamp("0001-01-02", tz="UTC"), pd.Timestamp("9999-12-30", tz="UTC"))


def to_frame(readings: Snapshots) -> pd.DataFrame:
    """One row per account x limit x window, with the columns of `COLUMNS`; an empty frame keeps them all.

    A snapshot (and a limit) without windows keeps one row whose window is missing and whose state is "unknown";
    spend limits are rows with the window "monthly". `state` and `resets_in` are as of the row's `fetched_at`:
    see `frame_at` for another moment.

    Args:
        readings: A `Collection`, one snapshot, or any iterable of snapshots.
    """
    return _frame((row for snapshot in _snapshots(readings) for row in tidy_rows(snapshot)), COLUMNS)


def frame_at(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """A copy of the frame with `state` and `resets_in` as of *now* (aware) instead of each row's `fetched_at`."""
    moment = pd.Timestamp(now)
    length = pd.to_timedelta(frame["window_seconds"], unit="s")
    in_time = frame["reset_at"] - moment
    over = frame["reset_at"].isna() & (moment - frame["fetched_at"] > length)
    off_anchor = (frame["reset_at"] - frame["fetched_at"] - length).abs()
    idle = (frame["used_percent"] <= 1) & (off_anchor <= pd.Timedelta(seconds=TOLERANCE_SECONDS))
    rules = [frame["used_percent"].isna(), (in_time <= pd.Timedelta(0)) | over, idle]
    state = np.select(rules, ["unknown", "stale", "not_started"], "current")
    return frame.assign(resets_in=in_time, state=pd.Series(state, index=frame.index, dtype="str"))


def local_times(frame: pd.DataFrame, tz: str | tzinfo | None = None) -> pd.DataFrame:
    """A copy of the frame with `reset_local` and `fetched_local` added, in the time zone *tz* (None: this machine's).

    Args:
        frame: Any frame with `reset_at` and `fetched_at`.
        tz: A name such as "Europe/Berlin", a tzinfo, or None.
    """
    zone = zone_of(tz)
    added = frame.copy()
    for source, target in (("reset_at", "reset_local"), ("fetched_at", "fetched_local")):
        # On the calendar's first and last day some zone is already beyond it, and pandas could not even show the frame.
        added[target] = frame[source].where(frame[source].between(*_EVERYWHERE)).dt.tz_convert(zone)
    return added


def micros(times: pd.Series) -> Integers:
    """Whole microseconds since 1970 of a column of aware times; missing ones are `times.MISSING`.

    >>> micros(pd.Series(pd.to_datetime(["1970-01-01T00:00:01Z"])))
    array([1000000])
    """
    aware = times if isinstance(times.dtype, pd.DatetimeTZDtype) else pd.to_datetime(times, utc=True)
    numbers: Integers = aware.dt.tz_convert(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    return numbers


def credits_frame(readings: Snapshots) -> pd.DataFrame:
    """One row per account that has credits or earned resets, with the columns of `CREDIT_COLUMNS`."""
    return _frame((_credit_row(s) for s in _snapshots(readings) if s.credits or s.reset_credits), CREDIT_COLUMNS)


def spend_frame(readings: Snapshots) -> pd.DataFrame:
    """One row per account and spending cap, with the columns of `SPEND_COLUMNS`."""
    rows = (_spend_row(snapshot, spend) for snapshot in _snapshots(readings) for spend in snapshot.spend_limits)
    return _frame(rows, SPEND_COLUMNS)


def _snapshots(readings: Snapshots) -> Iterable[UsageSnapshot]:
    if isinstance(readings, Collection):
        return readings.snapshots
    return (readings,) if isinstance(readings, UsageSnapshot) else readings


def _frame(rows: Iterable[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    table = list(rows)
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in table], dtype=dtype) for name, dtype in columns.items()}
    )


def _credit_row(snapshot: UsageSnapshot) -> dict[str, Any]:
    row = whose(snapshot)
    if credit := snapshot.credits:
        row |= {
            "has_credits": credit.has_credits,
            "unlimited": credit.unlimited,
            "balance": None if credit.balance is None else float(credit.balance),
            "overage_limit_reached": credit.overage_limit_reached,
        }
    if resets := snapshot.reset_credits:
        row |= {
            "resets_available": resets.available_count,
            "resets_applicable": resets.applicable_available_count,
        }
    return row


def _spend_row(snapshot: UsageSnapshot, spend: SpendLimit) -> dict[str, Any]:
    return whose(snapshot) | {
        "limit": spend.limit_id,
        "cap": None if spend.limit is None else float(spend.limit),
        "used": None if spend.used is None else float(spend.used),
        "remaining": None if spend.remaining is None else float(spend.remaining),
        "used_percent": spend.used_percent,
        "remaining_percent": spend.remaining_percent,
        "reset_at": spend.reset_at,
        "source": spend.source,
    }
