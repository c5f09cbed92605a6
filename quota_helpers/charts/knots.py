"""Lines with as few points as say the same: only where the percentage changes, and for very many, only what is seen.

A knot is a point of the drawn line; where a knot is NaN the pen is lifted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..frames import Integers
from ..periods import Followed
from ..periods.follow import CONFIRMED, NOT_STARTED, UNCONFIRMED
from ..periods.readings import Flags, Floats
from ..times import MISSING

_KEPT_PER_BIN: Final = 4  # the first, the lowest, the highest and the last


@dataclass(frozen=True, slots=True, eq=False)
class Knots:
    """Points of a line: time in microseconds since 1970, percent used; NaN lifts the pen."""

    time: Integers
    used: Floats

    def __len__(self) -> int:
        return len(self.time)


def believed(followed: Followed) -> Knots:
    """The line through all readings that belong to the window; equal to it at every one of them.

    Of neighbouring readings with equal values only the first and the last are kept. At a scheduled reset the line
    falls at the announced moment, at any other at the first reading that shows it. Pauses longer than
    `Series.longest_pause` are gaps.
    """
    series = followed.series
    rows = np.flatnonzero((followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED))
    time, used, cycle = series.time[rows], series.used[rows], followed.cycle[rows]
    if not len(rows):
        return Knots(time, used)
    pause = np.diff(time) > series.longest_pause
    turn = (cycle[1:] != cycle[:-1]) & (used[1:] < used[:-1]) & ~pause
    kept = needed(used, pause | turn)
    times, values, places = [], [], []
    for at in np.flatnonzero(pause):
        places.append(at + 1)
        times.append(time[at])
        values.append(np.nan)
    for at in np.flatnonzero(turn):
        fall = time[at + 1]
        bottom = used[at + 1]
        if cycle[at] >= 0:
            over = followed.cycles[cycle[at]]
            if over.end == "scheduled" and time[at] <= over.ended <= fall:
                fall, bottom = over.ended, 0.0
        places += [at + 1, at + 1]
        times += [fall, fall]
        values += [used[at], bottom]
    shift: Integers = np.cumsum(kept) - kept  # where each reading stands once the others are left out
    where = shift[np.array(places, np.intp)]
    return Knots(
        np.insert(time[kept], where, np.array(times, np.int64)),
        np.insert(used[kept], where, np.array(values, np.float64)),
    )


def grounded(knots: Knots) -> Knots:
    """The same line with its gaps brought down to 0: the outline of the area under it."""
    gaps = np.flatnonzero(np.isnan(knots.used))
    inner = gaps[(gaps > 0) & (gaps < len(knots) - 1)]
    used = np.where(np.isnan(knots.used), 0.0, knots.used)
    return Knots(np.insert(knots.time, inner + 1, knots.time[inner + 1]), np.insert(used, inner + 1, 0.0))


def unbelieved(followed: Followed) -> Knots:
    """The readings nobody confirmed, as a line of their own: another window's band, or single points."""
    rows = np.flatnonzero(followed.reading == UNCONFIRMED)
    time, used = followed.series.time[rows], followed.series.used[rows]
    pause = np.diff(time) > followed.series.longest_pause
    # Readings of two bands alternate, so nothing is left out here; there are few.
    places = np.flatnonzero(pause) + 1
    return Knots(np.insert(time, places, time[places]), np.insert(used, places, np.nan))


def stale(followed: Followed) -> Knots:
    """Readings whose own reset had passed when they were made: the percentage is history."""
    series = followed.series
    old = (series.reset != MISSING) & (series.reset <= series.time) & ~np.isnan(series.used)
    rows = np.flatnonzero(old & (followed.reading != UNCONFIRMED))
    time, used = series.time[rows], series.used[rows]
    apart = np.diff(rows) > 1
    kept = needed(used, apart)
    places = np.flatnonzero(apart) + 1
    shift: Integers = np.cumsum(kept) - kept
    where = shift[places]
    return Knots(np.insert(time[kept], where, time[places]), np.insert(used[kept], where, np.nan))


def needed(used: Floats, broken: Flags) -> Flags:
    """Which points the line needs: the ends of each run of equal values, and both sides of a break."""
    needed = np.ones(len(used), np.bool_)
    if len(used) > 2:  # noqa: PLR2004  # two points are needed both
        changed = (used[1:] != used[:-1]) | broken
        needed[1:-1] = changed[1:] | changed[:-1]
    return needed


def clipped(knots: Knots, since: int | None, until: int | None) -> Knots:
    """The part between two moments, with the points where the line enters and leaves."""
    low = 0 if since is None else int(np.searchsorted(knots.time, since))
    high = len(knots) if until is None else int(np.searchsorted(knots.time, until, side="right"))
    time, used = knots.time[low:high], knots.used[low:high]
    if since is not None and 0 < low < len(knots):
        time, used = np.append(since, time), np.append(_between(knots, low, since), used)
    if until is not None and 0 < high < len(knots):
        time, used = np.append(time, until), np.append(used, _between(knots, high, until))
    return Knots(time, used)


def _between(knots: Knots, after: int, moment: int) -> float:
    """The line's value between the knots before and at *after*; NaN in a gap."""
    (left, right), (low, high) = knots.time[after - 1 : after + 1], knots.used[after - 1 : after + 1]
    share = (moment - left) / (right - left) if right > left else 0.0
    return float(low + (high - low) * share)


def thinned(knots: Knots, most: int) -> Knots:
    """At most about *most* points that look the same: of each narrow strip the first, lowest, highest and last.

    No peak is lost, however narrow. Nothing happens to a line of fewer points.
    """
    if len(knots) <= most:
        return knots
    first, last = int(knots.time[0]), int(knots.time[-1])
    bins = max(1, most // _KEPT_PER_BIN)
    strip = (knots.time - first) * bins // max(1, last - first + 1)
    gap = np.isnan(knots.used)
    points = np.flatnonzero(~gap)
    order = points[np.lexsort((knots.used[points], strip[points]))]  # by strip, from low to high
    kept = np.zeros(len(knots), np.bool_)
    for found in (points, order):
        starts = np.append(True, np.diff(strip[found]) > 0)  # the first one begins a strip
        kept[found[starts]] = kept[found[np.append(starts[1:], True)]] = True
    gaps = np.flatnonzero(gap)
    if len(gaps):
        kept[gaps[np.append(True, np.diff(strip[gaps]) > 0)]] = True
    return Knots(knots.time[kept], knots.used[kept])
