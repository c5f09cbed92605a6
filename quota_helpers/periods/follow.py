"""Following one window through time: where a cycle ends, how, and which readings do not belong.

The announced reset jitters by seconds, sometimes moves by days, slides along with the clock while a window has not
started (of some accounts also while it is used), and now and then the server answers from another window altogether
and returns (flapping). A fall of the percentage is therefore a reset only if the clock has passed the old one, or if a
second reading agrees and the old window does not come back. Otherwise the reading is "unconfirmed": shown, but not
believed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..frames import Integers
from ..times import MISSING, SECOND
from .readings import Flags, Floats, Series

End = Literal["scheduled", "early, clock restarted", "early, clock kept", "clock moved", "unknown", "open"]

CONFIRMED, UNCONFIRMED, NOT_STARTED, NO_NUMBER = range(4)
"""What may become of a reading."""

FALL: Final = 2.0
"""Percent: a smaller fall is two servers that do not quite agree."""

_SLIDES: Final = 60 * SECOND  # a window that has not started resets a full length from now, within this
_STRAY, _IDLE, _UNKNOWN = -UNCONFIRMED, -NOT_STARTED, -NO_NUMBER  # instead of a cycle's number
_YOUNG: Final = 3  # readings: a cycle of fewer may turn out to be the other window


@dataclass(slots=True)
class Cycle:
    """One filling of a window, from one reset to the next. Times are microseconds."""

    reset: int  # the announced reset (the last one that was announced), or `MISSING`
    begun: int  # time of its first reading
    seen: int  # time of its last reading
    first: float  # percent used at its first reading
    last: float  # percent used at its last reading
    peak: float  # the highest percentage
    readings: int  # how many there are
    end: End = "open"  # how it ended
    ended: int = MISSING  # when: as announced, else the first reading that shows an early end

    def close(self, end: End, ended: int) -> None:
        """It ends, like this and then."""
        self.end, self.ended = end, ended


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What became of each reading of a series."""

    series: Series  # the readings
    reading: npt.NDArray[np.uint8]  # which of the four each one is
    cycle: npt.NDArray[np.int32]  # the number of its cycle, -1 for none
    cycles: list[Cycle]  # the cycles, oldest first

    @property
    def believed(self) -> npt.NDArray[np.intp]:
        """The places of the readings that belong to a cycle: the confirmed ones."""
        return np.flatnonzero(self.cycle >= 0)


class _Run(NamedTuple):
    """Neighbouring readings that agree in clock and do not fall; first what it shares with a `Cycle`.

    `announced` is the reset that the first of them announces, `reset` the last one's.
    """

    reset: int
    begun: int
    seen: int
    first: float
    last: float
    peak: float
    readings: int
    announced: int
    idle: bool
    clock: int


def follow(series: Series) -> Followed:
    """Find the cycles of one series."""
    cycle = np.full(len(series.time), _UNKNOWN, np.int32)
    known = np.flatnonzero(~np.isnan(series.used))
    odd = _odd_ones(series.used[known], series.reset[known], series.tolerance)
    cycle[known[odd]] = _STRAY
    runs = _runs(series, known[~odd])
    walk = _Walk(runs, series)
    walk.through()
    cycle[known[~odd]] = np.repeat(np.array(walk.cycle, np.int32), np.array([run.readings for run in runs], np.intp))
    return Followed(series, np.maximum(CONFIRMED, -cycle).astype(np.uint8), np.maximum(cycle, _STRAY), walk.cycles)


def _odd_ones(used: Floats, reset: Integers, tolerance: int) -> Flags:
    """Single readings that fall although the clock is the same, and whose successor is back where it was."""
    odd = np.zeros(len(used), np.bool_)
    before, here, after = used[:-2], used[1:-1], used[2:]
    same = (np.abs(reset[1:-1] - reset[:-2]) <= tolerance) & (np.abs(reset[2:] - reset[:-2]) <= tolerance)
    odd[1:-1] = same & (before - here > FALL) & (after >= before - FALL)
    return odd


def _runs(series: Series, known: npt.NDArray[np.intp]) -> list[_Run]:
    if not len(known):
        return []
    time, used, reset = series.time[known], series.used[known], series.reset[known]
    clocked = reset != MISSING
    idle = (used <= 1) & (np.abs(np.where(clocked, reset, 0) - time - series.span) <= _SLIDES) & (series.span > 0)
    both = clocked[1:] & clocked[:-1]
    moved = both & (np.abs(np.where(both, reset[1:] - reset[:-1], 0)) > series.tolerance)
    fell = used[:-1] - used[1:] > FALL
    apart = ~(idle[1:] & idle[:-1]) & (moved | fell | (idle[1:] != idle[:-1]))
    start = np.flatnonzero(np.append(True, apart))
    end = np.append(start[1:], len(known))
    last = end - 1
    peak = np.maximum.reduceat(used, start)
    clock = _clocks(reset[last], idle[start], series.tolerance)
    shared = (reset[last], time[start], time[last], used[start], used[last], peak, end - start)
    columns = (column.tolist() for column in (*shared, reset[start], idle[start], clock))
    return [_Run(*row) for row in zip(*columns, strict=True)]


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

    def __init__(self, runs: list[_Run], series: Series) -> None:
        self.runs = runs
        self.tolerance, self.longest_pause, self.length = series.tolerance, series.longest_pause, series.span
        self.cycle = [_STRAY] * len(runs)
        self.cycles: list[Cycle] = []
        self.now: Cycle | None = None
        self.clock = -1
        self.places: dict[int, list[int]] = defaultdict(list)
        self.readings: Counter[int] = Counter()
        for place, run in enumerate(runs):
            if not run.idle:
                self.places[run.clock].append(place)
                self.readings[run.clock] += run.readings

    def through(self) -> None:
        """Judge every run."""
        for place, run in enumerate(self.runs):
            if self.now is None:
                self._begin(place)
            elif self._slides_on(run, self.now):
                self._extend(place, self.now)
            elif run.idle or not (run.clock == self.clock or -1 in {run.clock, self.clock}):
                self._other_clock(place, self.now)
            elif not self._fell(run, self.now):
                self._extend(place, self.now)
            elif run.readings > 1 or self._comes_again(place):
                self.now.close("unknown" if -1 in {run.clock, self.clock} else "early, clock kept", run.begun)
                self._begin(place)

    def _other_clock(self, place: int, now: Cycle) -> None:
        run = self.runs[place]
        if now.reset != MISSING and run.begun >= now.reset - self.tolerance:
            now.close("scheduled", now.reset)
            self._begin(place)
        elif self._returns(place, now):
            other = 0 if run.idle else self.readings[run.clock]
            if now.readings < _YOUNG and other > 2 * self.readings[self.clock]:
                # The young cycle is the stray one: the series began in the middle of a flapping.
                number = len(self.cycles) - 1
                self.cycles.pop()
                self.cycle = [_STRAY if cycle == number else cycle for cycle in self.cycle]
                self._begin(place)
        elif run.readings > 1 or self._comes_again(place):
            anew = run.reset - run.begun >= self.length - self.tolerance
            refilled = run.idle or self._fell(run, now) or (anew and run.first <= now.last)
            now.close("early, clock restarted" if refilled else "clock moved", run.begun)
            self._begin(place)

    def _fell(self, run: _Run, now: Cycle) -> bool:
        return run.first < now.last - FALL

    def _slides_on(self, run: _Run, now: Cycle) -> bool:
        """Whether it is the window going on, whose reset the server counts anew with every use (seen in the wild)."""
        if run.idle or self._fell(run, now):
            return False
        if self._slid(now.reset, now.seen, run):
            return True
        # A full length from a use since the last reading: no refill, for more is used than before, and too soon.
        return (
            now.seen - self.tolerance <= run.announced - self.length <= run.begun + self.tolerance
            and run.begun < now.reset - self.tolerance
            and run.begun - now.seen <= self.longest_pause
            and run.first > now.last
        )

    def _slid(self, reset: int, seen: int, later: _Run) -> bool:
        """Whether an announced reset moved ahead, but by no more than the clock, and before it was due."""
        due = reset - self.tolerance
        return later.begun < due and 0 < later.announced - reset <= later.begun - seen + self.tolerance

    def _returns(self, place: int, now: Cycle) -> bool:
        """Whether the window that is going on is seen again, as full as it was, before its reset."""
        if place + 1 < len(self.runs) and self._slides_on(self.runs[place + 1], now):
            return True
        again = self.places[self.clock]
        at = bisect_right(again, place)
        if at == len(again):
            return False
        return self.runs[again[at]].begun < now.reset and not self._fell(self.runs[again[at]], now)

    def _comes_again(self, place: int) -> bool:
        """Whether a later reading agrees with this one; after one that has not started, any other does."""
        run, after = self.runs[place], self.runs[place + 1 : place + 2]
        if run.idle or self.places[run.clock][-1] > place:
            return bool(after)
        return any(
            not one.idle and one.first >= run.last - FALL and self._slid(run.reset, run.seen, one) for one in after
        )

    def _begin(self, place: int) -> None:
        run = self.runs[place]
        if run.idle:
            self.cycle[place], self.now = _IDLE, None
            return
        self.clock, self.now = run.clock, Cycle(*run[:7])
        self.cycle[place] = len(self.cycles)
        self.cycles.append(self.now)

    def _extend(self, place: int, now: Cycle) -> None:
        run = self.runs[place]
        self.cycle[place] = len(self.cycles) - 1
        if run.clock != -1:
            self.clock, now.reset = run.clock, run.reset
        now.seen, now.last = run.seen, run.last
        now.peak = max(now.peak, run.peak)
        now.readings += run.readings
