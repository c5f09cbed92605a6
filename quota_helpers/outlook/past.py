"""What a window's past says: how much was used when, which of its fillings are over, how often it is refilled early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..frames import Integers
from ..periods import Cycle, Followed
from ..periods.follow import CONFIRMED, NOT_STARTED
from ..periods.readings import Floats
from ..times import DAY, HOUR, MISSING, SECOND
from .bars import FULL

HOUR_US: Final = HOUR * SECOND
DAY_HOURS: Final = 24

LONGEST_GAP: Final = 36  # hours: a rise over less is spread over the gap, more is missing
HALF_LIFE: Final = 30.0 * DAY_HOURS  # hours: what happened in another month says half as much
PRIOR_EVENTS: Final = 1.0  # before anything was seen: one surprise in
PRIOR_HOURS: Final = 14.0 * DAY_HOURS  # two weeks
EARLY: Final = frozenset({"early, clock restarted", "early, clock kept"})
_APART: Final = 1e6  # percent: keeps cycles apart in one running maximum


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The believed readings of one window up to a moment, oldest first."""

    time: Integers  # microseconds
    used: Floats  # percent, at most 100, never falling within a cycle
    risen: Floats  # points used up since the first reading, over resets; what nobody saw is left out
    known: Floats  # hours since then in which use was seen: no long gap, and not held back at 100 %

    def until(self, when: int) -> Past:
        """What was known at a moment."""
        end = int(np.searchsorted(self.time, when, side="right"))
        return Past(self.time[:end], self.used[:end], self.risen[:end], self.known[:end])

    @property
    def days(self) -> float:
        """How many days of use were seen."""
        return float(self.known[-1]) / DAY_HOURS if len(self.known) else 0.0


def past_of(followed: Followed) -> Past:
    """The past of a window that has a cycle."""
    rows = np.flatnonzero((followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED))
    series = followed.series
    time, cycle = series.time[rows], followed.cycle[rows]
    used = np.clip(series.used[rows], 0.0, FULL)
    # A clock that moved refilled nothing: the same filling goes on.
    goes_on = np.array([False, *(one.end == "clock moved" for one in followed.cycles[:-1])], np.bool_)
    changed = cycle[1:] != cycle[:-1]
    new = changed & ~((cycle[1:] > 0) & (cycle[:-1] >= 0) & goes_on[np.maximum(cycle[1:], 0)])
    filling = np.append(0, np.cumsum(new)) * _APART
    # Of a fraction the sum and the difference leave a little less.
    used = np.maximum(used, np.maximum.accumulate(used + filling) - filling)
    hours = np.diff(time) / HOUR_US
    longest = LONGEST_GAP if series.length >= DAY else series.longest_pause / HOUR_US
    seen = (hours <= longest) & (used[:-1] < FULL)
    rise = np.where(new, used[1:], np.maximum(0.0, np.diff(used)))
    return Past(time, used, np.append(0.0, np.cumsum(rise * seen)), np.append(0.0, np.cumsum(hours * seen)))


@dataclass(frozen=True, slots=True)
class Closed:
    """One filling that is over."""

    number: int  # which of the cycles it is
    cycle: Cycle
    begun: int  # microseconds
    base: float  # share of the closed ones before it that ran out, as if there had been one more that half did

    @property
    def ran_out(self) -> float:
        """1 if it was used up, else 0."""
        return float(self.cycle.peak >= FULL)


def closed_windows(followed: Followed) -> list[Closed]:
    """The closed fillings of a window, oldest first."""
    closed: list[Closed] = []
    out = 0.5
    for number, cycle in enumerate(followed.cycles):
        if cycle.end in {"scheduled", *EARLY} and cycle.reset != MISSING:
            closed.append(Closed(number, cycle, begun_at(followed, number), out / (len(closed) + 1)))
            out += closed[-1].ran_out
    return closed


def begun_at(followed: Followed, number: int) -> int:
    """When a filling began (microseconds): a length before its reset, or when the one before it ended early."""
    cycle = followed.cycles[number]
    start = cycle.begun
    if cycle.reset != MISSING and followed.series.length == followed.series.length:  # false for NaN
        start = min(start, cycle.reset - int(followed.series.length * SECOND))
    if number and (before := followed.cycles[number - 1].ended) != MISSING and before <= cycle.begun:
        start = max(start, before)
    return start


@dataclass(frozen=True, slots=True)
class RefillClock:
    """Surprise refills come without memory; how often is known as far as the past tells."""

    events: float  # how many were seen (older ones count less), with those taken for granted
    hours: float  # in how many hours (faded in the same way)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Hours until the next surprise refill, one for each path."""
        drawn: Floats = rng.exponential(1.0, count) * self.hours / rng.gamma(self.events, 1.0, count)
        return drawn

    def chance(self, hours: float) -> float:
        """How likely (0 to 1) one comes within so many hours: what `draw` gives on average.

        >>> round(RefillClock(1.0, 336.0).chance(336.0), 2)
        0.5
        """
        return float(1.0 - (1.0 + max(0.0, hours) / self.hours) ** -self.events)


def refill_clock(cycles: Sequence[Cycle], now: int) -> RefillClock:
    """The clock of a window as its cycles up to *now* (microseconds) set it."""
    decay = np.log(2.0) / HALF_LIFE
    known = [cycle for cycle in cycles if cycle.begun < now]
    ended = [min(now, cycle.ended if cycle.end != "open" else cycle.seen) for cycle in known]
    start, end = ((now - np.array(times, np.float64)) / HOUR_US for times in ([cycle.begun for cycle in known], ended))
    early = [cycle.end in EARLY and cycle.ended <= now for cycle in known]
    exposure = float(((np.exp(-decay * end) - np.exp(-decay * start)) / decay).sum())
    events = float(np.exp(-decay * end[np.array(early, np.bool_)]).sum()) if known else 0.0
    return RefillClock(PRIOR_EVENTS + events, PRIOR_HOURS + max(0.0, exposure))
