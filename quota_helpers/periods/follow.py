"""Following one window through time: where a cycle ends, how, and which readings do not belong.

The announced reset jitters by seconds, sometimes moves by days, slides along with the clock while a window has not
started (of some accounts also while it is used), and now and then the server answers from another window altogether
and returns (flapping). A fall of the percentage is therefore a reset only if the clock has passed the old one, or if a
second reading agrees and the old window does not come back. Otherwise the reading is "unconfirmed": shown, but not
believed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from ..frames import Integers
from ..times import MISSING, SECOND
from .readings import Flags, Floats, Series

End = Literal["scheduled", "early, clock restarted", "early, clock kept", "clock moved", "unknown", "open"]

CONFIRMED, UNCONFIRMED, NOT_STARTED, NO_NUMBER = range(4)
READINGS: Final = ("confirmed", "unconfirmed", "not_started", "no number")
"""What the numbers in `Followed.reading` mean."""

FALL: Final = 2.0
"""Percent: a smaller fall is two servers that do not quite agree."""

_SLIDES: Final = 60 * SECOND  # a window that has not started resets a full length from now, within this
_YOUNG: Final = 3  # readings: a cycle of fewer may turn out to be the other window


@dataclass(slots=True)
class Cycle:
    """One filling of a window, from one reset to the next. Times are microseconds.

    Attributes:
        reset: The announced reset (the last one that was announced), or `MISSING`.
        begun: Time of its first reading.
        seen: Time of its last reading.
        first: Percent used at its first reading.
        last: Percent used at its last reading.
        peak: The highest percentage.
        readings: How many there are.
        end: How it ended.
        ended: When: the announced reset, or for an early end the first reading that shows it; `MISSING` while open.
    """

    reset: int
    begun: int
    seen: int
    first: float
    last: float
    peak: float
    readings: int
    end: End = "open"
    ended: int = MISSING

    def close(self, end: End, ended: int) -> None:
        """It ends, like this and then."""
        self.end, self.ended = end, ended


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What became of each reading of a series.

    Attributes:
        series: The readings.
        reading: For each one, which of `READINGS` it is.
        cycle: For each one, the number of its cycle; -1 for none.
        cycles: The cycles, oldest first.
    """

    series: Series
    reading: npt.NDArray[np.uint8]
    cycle: npt.NDArray[np.int32]
    cycles: list[Cycle]


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Neighbouring readings that agree in clock and do not fall, as columns.

    `announced` is the reset that the first of them announces, `reset` the last one's.
    """

    start: list[int]
    count: list[int]
    begun: list[int]
    seen: list[int]
    first: list[float]
    last: list[float]
    peak: list[float]
    announced: list[int]
    reset: list[int]
    idle: list[bool]
    clock: list[int]


def follow(series: Series) -> Followed:
    """Find the cycles of one series."""
    reading = np.zeros(len(series.time), np.uint8)
    cycle = np.full(len(series.time), -1, np.int32)
    reading[np.isnan(series.used)] = NO_NUMBER
    known = np.flatnonzero(reading == CONFIRMED)
    odd = _odd_ones(series.used[known], series.reset[known], series.tolerance)
    reading[known[odd]] = UNCONFIRMED
    known = known[~odd]
    runs = _runs(series, known)
    walk = _Walk(runs, series)
    walk.through()
    lengths = np.array(runs.count, np.intp)
    reading[known] = np.repeat(np.array(walk.reading, np.uint8), lengths)
    cycle[known] = np.repeat(np.array(walk.cycle, np.int32), lengths)
    return Followed(series, reading, cycle, walk.cycles)


def _odd_ones(used: Floats, reset: Integers, tolerance: int) -> Flags:
    """Single readings that fall although the clock is the same, and whose successor is back where it was."""
    odd = np.zeros(len(used), np.bool_)
    before, here, after = used[:-2], used[1:-1], used[2:]
    same = (np.abs(reset[1:-1] - reset[:-2]) <= tolerance) & (np.abs(reset[2:] - reset[:-2]) <= tolerance)
    odd[1:-1] = same & (before - here > FALL) & (after >= before - FALL)
    return odd


def _runs(series: Series, known: npt.NDArray[np.intp]) -> _Runs:
    time, used, reset = series.time[known], series.used[known], series.reset[known]
    clocked = reset != MISSING
    length = -1 if np.isnan(series.length) else int(series.length * SECOND)
    idle = (used <= 1) & (np.abs(np.where(clocked, reset, 0) - time - length) <= _SLIDES) & (length > 0)
    both = clocked[1:] & clocked[:-1]
    moved = both & (np.abs(np.where(both, reset[1:] - reset[:-1], 0)) > series.tolerance)
    fell = used[:-1] - used[1:] > FALL
    apart = ~(idle[1:] & idle[:-1]) & (moved | fell | (idle[1:] != idle[:-1]))
    start = np.flatnonzero(np.append(True, apart)) if len(known) else np.zeros(0, np.intp)
    end = np.append(start[1:], len(known)) if len(known) else start
    last_reset = reset[end - 1]
    return _Runs(
        start=start.tolist(),
        count=(end - start).tolist(),
        begun=time[start].tolist(),
        seen=time[end - 1].tolist(),
        first=used[start].tolist(),
        last=used[end - 1].tolist(),
        peak=np.maximum.reduceat(used, start).tolist(),
        announced=reset[start].tolist(),
        reset=last_reset.tolist(),
        idle=idle[start].tolist(),
        clock=_clocks(last_reset, idle[start], series.tolerance).tolist(),
    )


def _clocks(reset: Integers, idle: Flags, tolerance: int) -> npt.NDArray[np.intp]:
    """The same number for announced resets that are the same within the tolerance; -1 for none."""
    clock = np.full(len(reset), -1, np.intp)
    told = np.flatnonzero((reset != MISSING) & ~idle)
    order = told[np.argsort(reset[told], kind="stable")]
    ordered = reset[order]
    clock[order] = np.cumsum(np.diff(ordered, prepend=ordered[:1]) > tolerance)
    return clock


class _Walk:
    """The runs, one after the other, with the cycle that is going on in mind."""

    def __init__(self, runs: _Runs, series: Series) -> None:
        self.runs = runs
        self.tolerance, self.longest_pause = series.tolerance, series.longest_pause
        self.length = 0 if np.isnan(series.length) else int(series.length * SECOND)
        self.reading = [CONFIRMED] * len(runs.start)
        self.cycle = [-1] * len(runs.start)
        self.cycles: list[Cycle] = []
        self.now: Cycle | None = None
        self.clock = -1
        self.places: dict[int, list[int]] = defaultdict(list)
        self.rows: dict[int, int] = defaultdict(int)
        for place, (clock, count, idle) in enumerate(zip(runs.clock, runs.count, runs.idle, strict=True)):
            if not idle:
                self.places[clock].append(place)
                self.rows[clock] += count

    def through(self) -> None:
        """Judge every run."""
        for place, idle in enumerate(self.runs.idle):
            if self.now is None:
                self._begin(place)
            elif self._slides_on(place, self.now):
                self._extend(place, self.now)
            elif idle or not self._same_clock(place):
                self._other_clock(place, self.now)
            elif not self._fell(place, self.now):
                self._extend(place, self.now)
            elif self.runs.count[place] > 1 or self._comes_again(place):
                clocked = -1 not in {self.runs.clock[place], self.clock}
                self.now.close("early, clock kept" if clocked else "unknown", self.runs.begun[place])
                self._begin(place)
            else:
                self.reading[place] = UNCONFIRMED

    def _other_clock(self, place: int, now: Cycle) -> None:
        runs = self.runs
        if now.reset != MISSING and runs.begun[place] >= now.reset - self.tolerance:
            now.close("scheduled", now.reset)
            self._begin(place)
        elif self._returns(place, now):
            if self._is_the_other(place, now):
                self._disown()
                self._begin(place)
            else:
                self.reading[place] = UNCONFIRMED
        elif runs.count[place] == 1 and not self._comes_again(place):
            self.reading[place] = UNCONFIRMED
        else:
            anew = runs.reset[place] - runs.begun[place] >= self.length - self.tolerance
            refilled = runs.idle[place] or self._fell(place, now) or (anew and runs.first[place] <= now.last)
            now.close("early, clock restarted" if refilled else "clock moved", runs.begun[place])
            self._begin(place)

    def _same_clock(self, place: int) -> bool:
        return -1 in {self.runs.clock[place], self.clock} or self.runs.clock[place] == self.clock

    def _fell(self, place: int, now: Cycle) -> bool:
        return self.runs.first[place] < now.last - FALL

    def _slides_on(self, place: int, now: Cycle) -> bool:
        """Whether it is the window going on, whose reset the server counts anew with every use (seen in the wild)."""
        runs = self.runs
        if runs.idle[place] or self._fell(place, now):
            return False
        if self._slid(now.reset, now.seen, runs.announced[place], runs.begun[place]):
            return True
        # A full length from a use since the last reading: no refill, for more is used than before, and too soon.
        return (
            now.seen - self.tolerance <= runs.announced[place] - self.length <= runs.begun[place] + self.tolerance
            and runs.begun[place] < now.reset - self.tolerance
            and runs.begun[place] - now.seen <= self.longest_pause
            and runs.first[place] > now.last
        )

    def _slid(self, reset: int, seen: int, later_reset: int, later: int) -> bool:
        """Whether an announced reset moved ahead, but by no more than the clock, and before it was due."""
        return later < reset - self.tolerance and 0 < later_reset - reset <= later - seen + self.tolerance

    def _returns(self, place: int, now: Cycle) -> bool:
        """Whether the window that is going on is seen again, as full as it was, before its reset."""
        if place + 1 < len(self.runs.start) and self._slides_on(place + 1, now):
            return True
        again = self.places[self.clock]
        at = bisect_right(again, place)
        if at == len(again):
            return False
        return self.runs.begun[again[at]] < now.reset and self.runs.first[again[at]] >= now.last - FALL

    def _comes_again(self, place: int) -> bool:
        """Whether a later reading agrees with this one; after one that has not started, any other does."""
        runs, after = self.runs, place + 1
        if runs.idle[place]:
            return after < len(runs.start)
        if self.places[runs.clock[place]][-1] > place:
            return True
        return (
            after < len(runs.start)
            and not runs.idle[after]
            and runs.first[after] >= runs.last[place] - FALL
            and self._slid(runs.reset[place], runs.seen[place], runs.announced[after], runs.begun[after])
        )

    def _is_the_other(self, place: int, now: Cycle) -> bool:
        """Whether the young cycle is the stray one: the series began in the middle of a flapping."""
        other = 0 if self.runs.idle[place] else self.rows[self.runs.clock[place]]
        return now.readings < _YOUNG and other > 2 * self.rows[self.clock]

    def _begin(self, place: int) -> None:
        runs = self.runs
        if runs.idle[place]:
            self.reading[place], self.now = NOT_STARTED, None
            return
        self.clock = runs.clock[place]
        self.now = Cycle(
            runs.reset[place],
            runs.begun[place],
            runs.seen[place],
            runs.first[place],
            runs.last[place],
            runs.peak[place],
            runs.count[place],
        )
        self.cycle[place] = len(self.cycles)
        self.cycles.append(self.now)

    def _extend(self, place: int, now: Cycle) -> None:
        runs = self.runs
        self.cycle[place] = len(self.cycles) - 1
        if runs.clock[place] != -1:
            self.clock, now.reset = runs.clock[place], runs.reset[place]
        now.seen, now.last = runs.seen[place], runs.last[place]
        now.peak = max(now.peak, runs.peak[place])
        now.readings += runs.count[place]

    def _disown(self) -> None:
        number = len(self.cycles) - 1
        self.cycles.pop()
        for place, cycle in enumerate(self.cycle):
            if cycle == number:
                self.reading[place], self.cycle[place] = UNCONFIRMED, -1
