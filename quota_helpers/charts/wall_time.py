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

    This machine's own zone can only be asked instant by instant, in Python. A day on which the clock does not change
    is asked for its two ends only.
    """
    if zone is UTC or not len(times):
        return times
    day, which = np.unique(times // _DAY, return_inverse=True)
    begin, end = _offset(day * _DAY, zone), _offset((day + 1) * _DAY, zone)
    offset = begin[which]
    changing = (begin != end)[which]
    offset[changing] = _offset(times[changing], zone)
    return times + offset


def _offset(times: Integers, zone: tzinfo) -> Integers:
    aware = pd.DatetimeIndex(times.view("M8[us]"), tz="UTC").tz_convert(zone)
    local: Integers = aware.tz_localize(None).as_unit("us").asi8
    return local - times
