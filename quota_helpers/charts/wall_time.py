"""Instants as wall time, fast: plotly has no time zones, so its axes get numbers that read as local time."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Final

import numpy as np
import pandas as pd

from ..frames import Integers
from ..times import SECOND

_DAY: Final = 86_400 * SECOND


def wall_time(times: Integers, zone: tzinfo) -> Integers:
    """Microseconds since 1970 that read as *zone*'s wall time, from microseconds since 1970 in UTC.

    On the night on which the clock goes back, the hour before and the hour after the change would lie on top of each
    other and a line would run backwards: they share the room of one hour, one after the other.

    This machine's own zone can only be asked instant by instant, in Python. A day on which the clock does not change
    is asked for its two ends only.
    """
    if zone is UTC or not len(times):
        return times
    day, which = np.unique(times // _DAY, return_inverse=True)
    begin, end = _offset(day * _DAY, zone), _offset((day + 1) * _DAY, zone)
    offset = begin[which]
    for at in np.flatnonzero(begin != end).tolist():
        inside = which == at
        offset[inside] = _across(times[inside], int(day[at]) * _DAY, int(begin[at]), int(end[at]), zone)
    return times + offset


def _across(times: Integers, midnight: int, before: int, after: int, zone: tzinfo) -> Integers:
    """The offsets of times of the day (in UTC) on which the clock changes from *before* to *after*."""
    minutes = np.arange(midnight, midnight + _DAY + 1, 60 * SECOND)
    high = int(minutes[np.argmax(_offset(minutes, zone) == after)])
    back = max(0, before - after)
    shared = np.clip(times - (high - back), 0, 2 * back) // 2
    return np.where(times < high - back, before, np.where(times < high + back, before - shared, after))


def _offset(times: Integers, zone: tzinfo) -> Integers:
    aware = pd.DatetimeIndex(times.view("M8[us]"), tz="UTC").tz_convert(zone)
    local: Integers = aware.tz_localize(None).as_unit("us").asi8
    return local - times
