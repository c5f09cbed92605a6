"""A window's fillings: when each began, which are over, and how often one is refilled before its announced reset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..periods import Cycle, Followed
from ..periods.readings import Floats
from ..times import MISSING, SECOND
from .demand import DAY_HOURS, FULL, HOUR_US

HALF_LIFE: Final = 30.0 * DAY_HOURS  # hours: what happened in another month says half as much
PRIOR_EVENTS: Final = 1.0  # before anything was seen: one surprise in
PRIOR_HOURS: Final = 14.0 * DAY_HOURS  # two weeks
EARLY: Final = frozenset({"early, clock restarted", "early, clock kept"})


@dataclass(frozen=True, slots=True)
class RefillClock:
    """Surprise refills come without memory; how often is known as far as the past tells.

    Attributes:
        events: How many were seen (older ones count less), with those taken for granted.
        hours: In how many hours (faded in the same way).
    """

    events: float
    hours: float

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


@dataclass(frozen=True, slots=True)
class Closed:
    """One filling that is over.

    Attributes:
        number: Which of the cycles it is.
        cycle: The cycle.
        begun: When it began (microseconds).
        base: Share of the closed ones before it that ran out, as if there had been one more that half did.
    """

    number: int
    cycle: Cycle
    begun: int
    base: float

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
