"""A window's time, cut into blocks: those in which one's own turns ran, and the quiet ones between them.

Percentages are whole numbers and may lag behind by minutes, so a block of turns lasts until some time after its last
turn; what rises in a quiet block was used by nobody whose log is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..frames import Integers
from ..periods.follow import CONFIRMED, Followed
from ..periods.readings import Flags, Floats
from ..times import MISSING, SECOND
from .own_turns import Places, Turns

LONGEST_LAG: Final = 35 * 60 * SECOND
"""Microseconds after a turn's end within which a percentage may still rise because of it."""

LAGS: Final = tuple(minutes * 60 * SECOND for minutes in (0, 5, 10, 20, 30))
"""How late a server may count, in microseconds: the readings tell which it is."""

LEAD: Final = 5 * 60 * SECOND
"""Microseconds before a turn's end within which it may be counted already: older logs write it after its tools ran."""

BURST_PAUSE: Final = 30 * 60 * SECOND
"""Microseconds: rises of quiet time that lie no further apart are one burst."""

QUARTER: Final = 6 * 3600 * SECOND
_QUARTERS: Final = 16  # of a day: so many before and after say how much trickles away
TRICKLE: Final = 0.4

PIECE: Final = 4.0
"""Points: a longer block of turns is cut at rises into pieces of at least so many."""

FULL: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks of one window, oldest first, as columns; times are microseconds.

    Attributes:
        since: Time of the reading that each begins with.
        until: Time of the reading that it ends with.
        points: By how much the percentage rose.
        own: Whether turns of the account ran in it, or shortly before.
        unsure: Whether turns ran of which nobody knows whose they are.
        full: Whether the window was full at its end: what would have been used more is not known.
        low: Its first turn, as a position in `Turns`.
        high: The position after its last one.
        hours: How long it lasted, without the time in which a window of the account was full.
    """

    since: Integers
    until: Integers
    points: Floats
    own: Flags
    unsure: Flags
    full: Flags
    low: Places
    high: Places
    hours: Floats

    @property
    def trickle(self) -> Floats:
        """Points an hour that somebody else uses all the time, as quiet time around each block shows it.

        What comes in bursts is none: in most quarters of a day nothing rises then.
        """
        quiet = ~self.own & ~self.unsure & ~self.full
        begun = int(self.since[0]) if len(self.since) else 0
        quarter = (self.since[quiet] + self.until[quiet]) // 2 - begun
        quarter //= QUARTER
        hours, points = np.bincount(quarter, self.hours[quiet]), np.bincount(quarter, self.points[quiet])
        seen = np.flatnonzero(hours >= 1)
        if len(seen) < _QUARTERS:
            return np.zeros(len(self.points))
        rate = points[seen] / hours[seen]
        low, high = (np.searchsorted(seen, seen + shift) for shift in (-_QUARTERS, _QUARTERS + 1))
        usual = [np.quantile(rate[start:end], TRICKLE) for start, end in zip(low.tolist(), high.tolist(), strict=True)]
        found: Floats = np.interp((self.since + self.until) / 2 - begun, (seen + 0.5) * QUARTER, usual)
        return found

    @property
    def measured(self) -> Flags:
        """Those that say what tokens cost: one's own, and not full at their end."""
        return self.own & ~self.unsure & ~self.full & (self.high > self.low)


def blocks_of(
    followed: Followed,
    turns: Turns,
    doubtful: Integers,
    shut: tuple[Integers, Floats],
    lag: int = 0,
    edges: Sequence[int] = (),
) -> Blocks:
    """Cut a window's time; it begins with the first turn, for before nobody knows whether logs were kept.

    Args:
        followed: The window's readings.
        turns: The account's turns.
        doubtful: When turns ended of which nobody knows whose they are.
        shut: What `time_shut` says of the account's windows.
        lag: How late turns are counted, in microseconds.
        edges: Moments that no block reaches over; a rise belongs to the reading that shows it.
    """
    since, until, points, start, cycle = rises_of(followed)
    known = since >= (turns.time[0] - LONGEST_LAG if len(turns.time) else np.iinfo(np.int64).max)
    since, until, points, start, cycle = since[known], until[known], points[known], start[known], cycle[known]
    own = _any_in(turns.time, since - LONGEST_LAG, until + LEAD)
    unsure = _any_in(doubtful, since - LONGEST_LAG, until + LEAD)
    part = np.searchsorted(np.array(edges, np.int64), until, side="right")
    apart = (np.diff(cycle) != 0) | (np.diff(part) != 0)
    apart |= (np.diff(own) != 0) | (np.diff(unsure) != 0) | (since[1:] != until[:-1])
    apart |= np.diff(_rising(since, until, points) & ~own) != 0
    bounds = np.flatnonzero(np.concatenate([[True], apart, [True]])) if len(since) else np.zeros(1, np.intp)
    ran = tuple(np.searchsorted(turns.time, time - lag, side="right") for time in (since, until))
    pairs = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    cuts = [cut for low, high in pairs for cut in (_cuts(points, ran, low, high) if own[low] else [low])]
    first = np.array(cuts, np.intp)
    last = np.append(first[1:], len(since))[: len(first)] - 1
    total = np.append(0.0, np.cumsum(points))
    return Blocks(
        since=since[first],
        until=until[last],
        points=total[last + 1] - total[first],
        own=own[first],
        unsure=unsure[first],
        full=start[last] + points[last] >= FULL,
        low=ran[0][first],
        high=ran[1][last],
        hours=(until[last] - since[first] - _until(until[last], shut) + _until(since[first], shut)) / (3600.0 * SECOND),
    )


def time_shut(mine: Sequence[Followed]) -> tuple[Integers, Floats]:
    """Moments, and for how long up to each any window of an account was full: then nobody uses any of the others.

    Both in microseconds; between them the time is interpolated.
    """
    edges: list[tuple[int, int]] = []
    for followed in mine:
        rows = np.flatnonzero((followed.reading == CONFIRMED) & (followed.cycle >= 0))
        time, full = followed.series.time[rows], followed.series.used[rows] >= FULL
        change = np.flatnonzero(np.diff(full.astype(np.int64), prepend=0))
        steps = np.where(full[change], 1, -1).tolist()
        edges += zip(time[change].tolist(), steps, strict=True)
    edges.sort()
    moments = np.array([0, *(moment for moment, _ in edges)], np.int64)
    shut = np.cumsum([0, *(step for _, step in edges)]) > 0
    return moments, np.append(0.0, np.cumsum(np.diff(moments) * shut[:-1]))


def _until(moments: Integers, shut: tuple[Integers, Floats]) -> Floats:
    found: Floats = np.interp(moments, *shut)
    return found


def _rising(since: Integers, until: Integers, points: Floats) -> Flags:
    """The intervals in which the percentage rises, and the short ones between them."""
    rises = np.flatnonzero(points)
    begins, ends = np.zeros(len(points) + 1, np.int64), np.zeros(len(points) + 1, np.int64)
    near = np.flatnonzero(since[rises[1:]] - until[rises[:-1]] <= BURST_PAUSE)
    np.add.at(begins, np.append(rises, rises[near]), 1)
    np.add.at(ends, np.append(rises + 1, rises[near + 1] if len(near) else []).astype(np.intp), 1)
    found: Flags = np.cumsum(begins - ends)[:-1] > 0
    return found


def rises_of(followed: Followed) -> tuple[Integers, Integers, Floats, Floats, Integers]:
    """Between neighbouring readings of a cycle: since, until, points risen, level at its start, cycle.

    After a reset that came as announced a cycle begins at nothing, when its window did; after any other end nobody
    knows what its first reading holds. A full window tells nothing more.
    """
    series, cycles = followed.series, followed.cycles
    rows = np.flatnonzero((followed.reading == CONFIRMED) & (followed.cycle >= 0))
    time, used, cycle = series.time[rows], series.used[rows], followed.cycle[rows].astype(np.int64)
    # Two servers that do not quite agree: the level is the highest so far, told apart by cycle.
    level = np.maximum.accumulate(used + cycle * 1e6) - cycle * 1e6
    new = np.diff(cycle) > 0
    length = 0 if np.isnan(series.length) else int(series.length * SECOND)
    begun = np.array([MISSING if one.reset == MISSING else one.reset - length for one in cycles], np.int64)
    # A cycle whose window began long before the other one's last reading is no other window (a flap at its very end).
    fresh = np.array([one.end == "scheduled" for one in cycles], np.bool_)[cycle[:-1]]
    fresh &= begun[cycle[1:]] >= time[:-1] - series.tolerance
    since = np.where(new, np.maximum(time[:-1], begun[cycle[1:]]), time[:-1])
    start = np.where(new, 0.0, level[:-1])
    told = (start < FULL) & (since < time[1:]) & (~new | fresh)
    return since[told], time[1:][told], (level[1:] - start)[told], start[told], cycle[1:][told]


def _any_in(times: Integers, since: Integers, until: Integers) -> Flags:
    """Whether any of the times lies after *since* and not after *until*, for each pair."""
    found: Flags = np.searchsorted(times, until, side="right") > np.searchsorted(times, since, side="right")
    return found


def _cuts(points: Floats, ran: tuple[Places, ...], low: int, high: int) -> list[int]:
    """Where the pieces of a block of turns begin: each has `PIECE` points and a turn at least.

    *ran*: how many turns had ended at the beginning and at the end of each interval.
    """
    found, risen, left = [low], 0.0, float(points[low:high].sum())
    for at in (np.flatnonzero(points[low:high]) + low).tolist():
        risen += points[at]
        left -= points[at]
        if risen >= PIECE and left >= PIECE and ran[0][found[-1]] < ran[1][at] < ran[1][high - 1]:
            found.append(at + 1)
            risen = 0.0
    return found
