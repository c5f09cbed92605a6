"""Windows that have closed, by the clock or by a refill before: what a forecast is held to."""

from __future__ import annotations

from dataclasses import dataclass

from ..periods import Cycle, Followed
from ..times import MISSING, SECOND
from .demand import FULL
from .refills import EARLY


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
