"""Readings by the hour: the information half of the heatmaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..frames import Integers
from ..periods import Followed
from ..periods.follow import CONFIRMED, NOT_STARTED
from ..periods.readings import Floats
from ..times import MISSING, SECOND

Measure = Literal["highest", "mean", "rises"]

HOUR: Final = 3_600 * SECOND
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS_A_DAY: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """One window of one account by the hour; NaN where nothing is known.

    Attributes:
        start: Beginning of each hour, in microseconds since 1970; whole hours of the time zone.
        value: Highest or mean percent used in it, or percent points by which it rose.
    """

    start: Integers
    value: Floats

    def by_week(self, measure: Measure, zone: tzinfo) -> Floats:
        """Seven days by 24 hours: over all weeks the highest value of the hour ("highest"), else the mean."""
        local = pd.DatetimeIndex(self.start.view("M8[us]"), tz="UTC").tz_convert(zone)
        place = local.day_of_week.to_numpy() * HOURS_A_DAY + local.hour.to_numpy()
        known = ~np.isnan(self.value)
        size = len(DAYS) * HOURS_A_DAY
        count = np.bincount(place[known], minlength=size)
        if measure == "highest":
            total = np.full(size, -np.inf)
            np.maximum.at(total, place[known], self.value[known])
        else:
            total = np.bincount(place[known], self.value[known], minlength=size) / np.maximum(count, 1)
        return np.where(count > 0, total, np.nan).reshape(len(DAYS), HOURS_A_DAY)


def by_hour(
    followed: Followed, measure: Measure, zone: tzinfo, since: int | None = None, until: int | None = None
) -> Hours:
    """The line of one window, hour by hour.

    Between two readings the percentage stays what it was, up to the announced reset and over no pause longer than
    `Series.longest_pause`. Unconfirmed readings do not count.

    Args:
        followed: The readings with their cycles.
        measure: "highest" or "mean" percent used, or "rises": percent points used up in the hour.
        zone: Whose whole hours.
        since: From this moment on (microseconds since 1970).
        until: Up to this moment.
    """
    rows = np.flatnonzero((followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED))
    series = followed.series
    time, used, reset, cycle = series.time[rows], series.used[rows], series.reset[rows], followed.cycle[rows]
    if not len(time):
        return Hours(np.zeros(0, np.int64), np.zeros(0))
    first = int(time[0]) if since is None else max(since, int(time[0]))
    last = int(time[-1]) if until is None else min(until, int(time[-1]))
    shift = int(pd.Timestamp(first, unit="us", tz="UTC").tz_convert(zone).utcoffset().total_seconds()) * SECOND % HOUR
    start = np.arange((first + shift) // HOUR * HOUR - shift, last + 1, HOUR, dtype=np.int64)
    if not len(start):
        return Hours(start, np.zeros(0))
    held = _held(start, time, used, reset, series.longest_pause)
    if measure == "rises":
        return Hours(start, np.where(np.isnan(held), np.nan, _rises(start, time, used, cycle)))
    return Hours(start, _values(start, time, used, held, measure))


def _held(start: Integers, time: Integers, used: Floats, reset: Integers, pause: int) -> Floats:
    """What is known of each hour even without a reading in it."""
    before = np.searchsorted(time, start, side="right") - 1
    after = np.searchsorted(time, start + HOUR)  # the first reading behind the hour
    read = after - 1 > before
    at = np.clip(before, 0, None)
    behind = np.clip(after, None, len(time) - 1)
    close = (before >= 0) & (after < len(time)) & (time[behind] - time[at] <= pause)
    over = (reset[at] != MISSING) & (reset[at] <= start)
    return np.where(read, 0.0, np.where(close & ~over, used[at], np.nan))


def _values(start: Integers, time: Integers, used: Floats, held: Floats, measure: Measure) -> Floats:
    hour = (time - start[0]) // HOUR
    inside = (hour >= 0) & (hour < len(start))
    place, values = hour[inside], used[inside]
    count = np.bincount(place, minlength=len(start))
    if measure == "highest":
        found = np.full(len(start), -np.inf)
        np.maximum.at(found, place, values)
    else:
        found = np.bincount(place, values, minlength=len(start)) / np.maximum(count, 1)
    return np.where(count > 0, found, held)


def _rises(start: Integers, time: Integers, used: Floats, cycle: npt.NDArray[np.int32]) -> Floats:
    """Points used up in each hour; a rise between two readings is spread evenly over the time between them."""
    anew = cycle[1:] != cycle[:-1]
    steps = np.where(anew, used[1:] * (cycle[1:] >= 0), np.maximum(0.0, np.diff(used)))
    total = np.append(0.0, np.cumsum(steps))
    return np.diff(np.interp(np.append(start, start[-1] + HOUR), time, total))
