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
    start = _hours(time, series.longest_pause, zone, since, until)
    if not len(start):
        return Hours(start, np.zeros(0))
    carried = _carried(start, time, used, reset, series.longest_pause)
    read = np.searchsorted(time, start + HOUR) > np.searchsorted(time, start)
    if measure == "rises":
        value = _rises(start, time, used, cycle)
    elif measure == "highest":
        value = np.fmax(_highest(start, time, used), carried)
    else:
        value = _mean(start, time, used, reset, series.longest_pause)
    return Hours(start, np.where(read | ~np.isnan(carried), value, np.nan))


def _hours(time: Integers, pause: int, zone: tzinfo, since: int | None, until: int | None) -> Integers:
    """The whole hours of which something may be known: those of every run of readings without a long pause.

    Not all hours from the first to the last: one reading of years ago would make millions of empty ones.
    """
    first = time if since is None else np.maximum(time, since)
    last = time if until is None else np.minimum(time, until)
    edges = np.flatnonzero(np.diff(time) > pause) + 1
    begins, ends = (
        first[np.append(0, edges)] if len(time) else time,
        last[np.append(edges - 1, -1)] if len(time) else time,
    )
    shift = _shift(int(time[-1]), zone) if len(time) else 0
    runs = [
        np.arange((begin + shift) // HOUR * HOUR - shift, end + 1, HOUR, dtype=np.int64)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        if begin <= end
    ]
    return np.unique(np.concatenate(runs)) if runs else np.zeros(0, np.int64)


def _shift(when: int, zone: tzinfo) -> int:
    """How far the zone's whole hours lie beside those of UTC: half an hour in India."""
    offset = pd.Timestamp(when, unit="us", tz="UTC").tz_convert(zone).utcoffset()
    return int(offset.total_seconds()) * SECOND % HOUR


def _carried(start: Integers, time: Integers, used: Floats, reset: Integers, pause: int) -> Floats:
    """The level that each hour begins with: that of the reading before, up to its reset and over no long pause."""
    before = np.searchsorted(time, start, side="right") - 1
    at, behind = np.clip(before, 0, None), np.clip(before + 1, None, len(time) - 1)
    close = (before >= 0) & (before + 1 < len(time)) & (time[behind] - time[at] <= pause)
    over = (reset[at] != MISSING) & (reset[at] <= start)
    return np.where((close & ~over) | (time[at] == start), used[at], np.nan)


def _highest(start: Integers, time: Integers, used: Floats) -> Floats:
    """The highest reading in each hour; NaN without one."""
    place = np.searchsorted(start, time, side="right") - 1
    inside = (place >= 0) & (time - start[np.clip(place, 0, None)] < HOUR)
    found = np.full(len(start), -np.inf)
    np.maximum.at(found, place[inside], used[inside])
    return np.where(np.isinf(found), np.nan, found)


def _mean(start: Integers, time: Integers, used: Floats, reset: Integers, pause: int) -> Floats:
    """The mean over the time of each hour of which the level is known; a single reading stands for its hour."""
    lasts = np.append(np.diff(time), 0)
    lasts = np.where(lasts > pause, 0, lasts)
    lasts = np.where(reset == MISSING, lasts, np.clip(reset - time, 0, lasts))
    knots = np.stack([time, time + lasts], axis=1).ravel()
    known = np.repeat(np.append(0.0, np.cumsum(lasts.astype(np.float64))), 2)[1:-1]
    level = np.repeat(np.append(0.0, np.cumsum(lasts * used)), 2)[1:-1]
    ends = start + HOUR
    seconds = np.interp(ends, knots, known) - np.interp(start, knots, known)
    area = np.interp(ends, knots, level) - np.interp(start, knots, level)
    return np.where(seconds > 0, area / np.where(seconds > 0, seconds, 1.0), _highest(start, time, used))


def _rises(start: Integers, time: Integers, used: Floats, cycle: npt.NDArray[np.int32]) -> Floats:
    """Points used up in each hour; a rise between two readings is spread evenly over the time between them."""
    anew = cycle[1:] != cycle[:-1]
    steps = np.where(anew, used[1:] * (cycle[1:] >= 0), np.maximum(0.0, np.diff(used)))
    total = np.append(0.0, np.cumsum(steps))
    risen: Floats = np.interp(start + HOUR, time, total) - np.interp(start, time, total)
    return risen
