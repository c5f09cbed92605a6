"""A window's time, cut into blocks: those in which one's own turns ran, and the quiet ones between them.

Percentages are whole numbers and may lag behind by minutes, so a block of turns lasts until some time after its last
turn; what rises in a quiet block was used by nobody whose log is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from ..frames import Integers
from ..periods.follow import CONFIRMED, Followed
from ..periods.readings import Flags, Floats
from ..times import MISSING, SECOND
from .own_turns import Places, Turns

LAG: Final = 35 * 60 * SECOND
"""Microseconds after a turn's end within which a percentage may still rise because of it."""

LEAD: Final = 5 * 60 * SECOND
"""Microseconds before a turn's end within which it may be counted already: older logs write it after its tools ran."""

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
    """

    since: Integers
    until: Integers
    points: Floats
    own: Flags
    unsure: Flags
    full: Flags
    low: Places
    high: Places

    @property
    def hours(self) -> Floats:
        """How long each lasts."""
        return (self.until - self.since) / (3600.0 * SECOND)

    def between(self, low: int | None, high: int | None) -> Blocks:
        """Those that end at *low* or later and before *high*, in microseconds; None: no bound."""
        inside = (self.until >= (MISSING if low is None else low)) & (
            self.until < (-MISSING - 1 if high is None else high)
        )
        return self if inside.all() else Blocks(*(getattr(self, column.name)[inside] for column in fields(self)))


def blocks_of(followed: Followed, turns: Turns, doubtful: Integers, edges: Sequence[int] = ()) -> Blocks:
    """Cut a window's time; it begins with the first turn, for before nobody knows whether logs were kept.

    Args:
        followed: The window's readings.
        turns: The account's turns.
        doubtful: When turns ended of which nobody knows whose they are.
        edges: Moments that no block reaches over; a rise belongs to the reading that shows it.
    """
    since, until, points, start, cycle = _intervals(followed)
    known = since >= (turns.time[0] - LAG if len(turns.time) else np.iinfo(np.int64).max)
    since, until, points, start, cycle = since[known], until[known], points[known], start[known], cycle[known]
    own = _any_in(turns.time, since - LAG, until + LEAD)
    unsure = _any_in(doubtful, since - LAG, until + LEAD)
    part = np.searchsorted(np.array(edges, np.int64), until, side="right")
    apart = (
        (np.diff(cycle) != 0)
        | (np.diff(part) != 0)
        | (np.diff(own) != 0)
        | (np.diff(unsure) != 0)
        | (since[1:] != until[:-1])
    )
    bounds = np.flatnonzero(np.concatenate([[True], apart, [True]])) if len(since) else np.zeros(1, np.intp)
    ran = np.searchsorted(turns.time, since, side="right"), np.searchsorted(turns.time, until, side="right")
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
    )


def _intervals(followed: Followed) -> tuple[Integers, Integers, Floats, Floats, Integers]:
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
    scheduled = np.array([False] + [one.end == "scheduled" for one in cycles[:-1]])[: len(cycles)]
    since = np.where(new, np.maximum(time[:-1], begun[cycle[1:]]), time[:-1])
    start = np.where(new, 0.0, level[:-1])
    told = (start < FULL) & (since < time[1:]) & (~new | scheduled[cycle[1:]])
    return since[told], time[1:][told], (level[1:] - start)[told], start[told], cycle[1:][told]


def _any_in(times: Integers, since: Integers, until: Integers) -> Flags:
    """Whether any of the times lies after *since* and not after *until*, for each pair."""
    found: Flags = np.searchsorted(times, until, side="right") > np.searchsorted(times, since, side="right")
    return found


def _cuts(points: Floats, ran: tuple[Places, Places], low: int, high: int) -> list[int]:
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
