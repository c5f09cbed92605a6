"""What a window's past says of its use: the points of every hour, and the hours of which nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..frames import Integers
from ..periods import Followed
from ..periods.follow import CONFIRMED, NOT_STARTED
from ..periods.readings import Flags, Floats
from ..times import DAY, HOUR, SECOND

HOUR_US: Final = HOUR * SECOND
DAY_HOURS: Final = 24
DAY_US: Final = DAY_HOURS * HOUR_US
FULL: Final = 100.0

LONGEST_GAP: Final = 36  # hours: a rise over less is spread over the gap, more is missing
MOST_DAYS: Final = 120  # older days have faded; a stray reading of years ago costs nothing
FADE_DAYS: Final = 28.0  # e-fold: how much less a day counts the older it is
LEVEL_DAYS: Final = 14.0  # e-fold of the days that say at which level the present stands
PSEUDO_DAYS: Final = 4.0  # how many days of the average hour each hour of the profile is held to
_THURSDAY: Final = 3  # 1970 began on one; Monday is 0
_SATURDAY: Final = 5
_APART: Final = 1e6  # percent: keeps cycles apart in one running maximum


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The believed readings of one window up to a moment.

    Attributes:
        time: Of each reading, in microseconds, oldest first.
        used: Percent used, at most 100, never falling within a cycle.
        risen: Points used up since the first reading, over resets; what nobody saw is left out.
        known: Hours since the first reading in which use was seen: no long gap, and not held back at 100 %.
    """

    time: Integers
    used: Floats
    risen: Floats
    known: Floats

    def until(self, when: int) -> Past:
        """What was known at a moment."""
        end = int(np.searchsorted(self.time, when, side="right"))
        return Past(self.time[:end], self.used[:end], self.risen[:end], self.known[:end])

    @property
    def days(self) -> float:
        """How many days of use were seen."""
        return float(self.known[-1]) / DAY_HOURS if len(self.known) else 0.0


def past_of(followed: Followed) -> Past:
    """The past of a window whose cycles are known."""
    rows = np.flatnonzero((followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED))
    series = followed.series
    time, cycle = series.time[rows], followed.cycle[rows]
    used = np.clip(series.used[rows], 0.0, FULL)
    # A clock that moved refilled nothing: the same filling goes on.
    goes_on = np.array([False, *(one.end == "clock moved" for one in followed.cycles[:-1])], np.bool_)
    changed = cycle[1:] != cycle[:-1]
    new = changed & ~((cycle[1:] > 0) & (cycle[:-1] >= 0) & goes_on[np.maximum(cycle[1:], 0)]) if len(rows) else changed
    filling = np.append(0, np.cumsum(new)) * _APART if len(rows) else used
    # Of a fraction the sum and the difference leave a little less.
    used = np.maximum(used, np.maximum.accumulate(used + filling) - filling)
    hours = np.diff(time) / HOUR_US
    longest = LONGEST_GAP if series.length >= DAY else series.longest_pause / HOUR_US
    seen = (hours <= longest) & (used[:-1] < FULL)
    rise = np.where(new, used[1:], np.maximum(0.0, np.diff(used)))
    start = np.zeros(min(1, len(rows)))
    return Past(time, used, np.append(start, np.cumsum(rise * seen)), np.append(start, np.cumsum(hours * seen)))


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The past as days of 24 hours that end at the present moment, the latest first.

    Attributes:
        rises: Days x 24: points used up in each hour; what is not known is filled from the profile.
        seen: Share of each day of which use is known.
        weight: What each day counts: older ones less, and what was not seen not at all.
        weekend: Share of each day that is Saturday or Sunday (UTC).
        level: Points that the last days had, and points that the profile expects of the same hours (faded).
    """

    rises: Floats
    seen: Floats
    weight: Floats
    weekend: Floats
    level: tuple[float, float]


def days_of(past: Past, now: int) -> Days:
    """The hours of the past, anchored at *now* (microseconds), so that a past day goes on where the present stands."""
    count = int(min(MOST_DAYS, max(1, -(-(now - int(past.time[0])) // DAY_US))))
    edges = now - HOUR_US * np.arange(DAY_HOURS * count + 1, dtype=np.int64)
    risen = -np.diff(np.interp(edges, past.time, past.risen)).reshape(count, DAY_HOURS)[:, ::-1]
    known = -np.diff(np.interp(edges, past.time, past.known)).reshape(count, DAY_HOURS)[:, ::-1]
    known = np.clip(known, 0.0, 1.0)
    weekend = _weekend(edges[1:] + HOUR_US // 2).reshape(count, DAY_HOURS)[:, ::-1]
    age = np.arange(count)
    fade = np.exp(-age / FADE_DAYS)[:, None]
    profile = _profile(risen * fade, known * fade, weekend)
    expected = np.where(weekend, profile[1], profile[0])
    recent = np.exp(-age / LEVEL_DAYS)[:, None]
    return Days(
        rises=risen + (1.0 - known) * expected,
        seen=known.mean(axis=1),
        weight=fade[:, 0] * known.mean(axis=1),
        weekend=weekend.mean(axis=1),
        level=(float((risen * recent).sum()), float((expected * known * recent).sum())),
    )


def _profile(risen: Floats, known: Floats, weekend: Flags) -> Floats:
    """Points an hour, for (weekday, weekend) x hour after *now*'s time of day, each held to what all days have."""
    mean = float(risen.sum()) / max(1.0, float(known.sum()))
    hour = (risen.sum(axis=0) + PSEUDO_DAYS * mean) / (known.sum(axis=0) + PSEUDO_DAYS)
    rows = []
    for kind in (~weekend, weekend):
        points, hours = (risen * kind).sum(axis=0), (known * kind).sum(axis=0)
        rows.append((points + PSEUDO_DAYS * hour) / (hours + PSEUDO_DAYS))
    return np.array(rows)


def _weekend(time: Integers) -> Flags:
    flags: Flags = (time // DAY_US + _THURSDAY) % 7 >= _SATURDAY
    return flags
