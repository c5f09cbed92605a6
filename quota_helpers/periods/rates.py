"""How fast a window is used: the points and the hours between one reading and the next."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ..times import SECOND
from .cycle_table import follow_all
from .follow import CONFIRMED

BURN: Final = ("points", "hours", "burn_per_hour", "burn_per_day")
"""The columns that `with_burn` adds."""

OF_CYCLES: Final = ("began_at", "seen_at", "first_used", "peak_used")


def with_burn(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the columns `points` (of percent), `hours`, `burn_per_hour` and `burn_per_day` (points in each).

    Of readings they tell what happened since the reading before: unknown for the first of a cycle, for a reading that
    belongs to none, and after a pause (2 hours of a five-hour window, 12 of a week), for nobody knows when it was used.
    Of cycles: from the first reading to the peak, over the time that was seen. A mean of several rows weighs each with
    its hours: the sum of `points` through the sum of `hours`.

    Args:
        frame: Readings over time, or the frame of `cycles`; it is not changed.

    Raises:
        TypeError, ValueError: It is neither.

    >>> readings = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "used_percent": [1.0, 2, 5],
    ...     "reset_at": pd.Timestamp("2026-11-27", tz="UTC"), "window_seconds": 604800.0,
    ...     "fetched_at": pd.to_datetime(["2026-11-21T10:00Z", "2026-11-21T12:00Z", "2026-11-21T13:00Z"])})
    >>> with_burn(readings)["burn_per_hour"].tolist()
    [nan, 0.5, 3.0]
    """
    if isinstance(frame, pd.DataFrame) and set(OF_CYCLES) <= set(frame.columns):
        hours = ((frame["seen_at"] - frame["began_at"]) / pd.Timedelta(hours=1)).to_numpy("float64", na_value=np.nan)
        points = (frame["peak_used"] - frame["first_used"]).to_numpy("float64", na_value=np.nan)
    else:
        points, hours = _between_readings(frame)
    known = (hours > 0) & ~np.isnan(points)
    points, hours = np.where(known, points, np.nan), np.where(known, hours, np.nan)
    rate = points / hours
    return frame.assign(points=points, hours=hours, burn_per_hour=rate, burn_per_day=rate * 24)


def _between_readings(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    follow_ups = follow_all(frame)
    points, hours = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    for followed in follow_ups:
        series = followed.series
        rows = np.flatnonzero((followed.reading == CONFIRMED) & (followed.cycle >= 0))
        passed = np.diff(series.time[rows])
        near = (np.diff(followed.cycle[rows]) == 0) & (passed <= series.longest_pause)
        later = series.rows[rows[1:][near]]
        points[later] = np.diff(series.used[rows])[near]
        hours[later] = passed[near] / (3600 * SECOND)
    return points, hours
