"""A window's time, cut into blocks: those in which one's own turns ran, and the quiet ones between them.

Percentages are whole numbers and may lag behind by minutes, so a block of turns lasts until some time after its last
turn; what rises in a quiet block was used by nobody whose log is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pandas as pd

from ..frames import Integers
from ..periods import Followed
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
_QUARTERS: Final = 16  # of a day: so many say how much trickles away
_AROUND: Final = "8D"
_USUAL: Final = 0.4  # quantile of the rates of quarters

PIECE: Final = 4.0
"""Points: a longer block of turns is cut at rises into pieces of at least so many."""

FULL: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks of one window, oldest first, as columns; times are microseconds."""

    since: Integers  # time of the reading that each begins with
    until: Integers  # time of the reading that it ends with
    points: Floats  # by how much the percentage rose
    own: Flags  # whether turns of the account ran in it, or shortly before
    unsure: Flags  # whether turns ran of which nobody knows whose they are
    full: Flags  # whether the window was full at its end: what would have been used more is not known
    hours: Floats  # how long it lasted, without the time in which a window of the account was full
    quiet_points: Floats  # what rose in quiet blocks up to its end
    quiet_hours: Floats  # how long those lasted
    low: Places  # its first turn, as a position in `Turns`
    high: Places  # the position after its last one
    amounts: Floats  # its tokens by model and kind
    weighted: Floats  # its weighted tokens, where a `Ledger` has the weights

    def part(self, chosen: Flags | slice) -> Blocks:
        """Some of the blocks."""
        return Blocks(*(getattr(self, column.name)[chosen] for column in fields(self)))

    @property
    def trickle(self) -> Floats:
        """Points of each block that somebody else uses by the hour, as the days of quiet time around it show.

        What comes in bursts is none: in most quarters of a day nothing rises then.
        """
        quiet = ~self.own & ~self.unsure & ~self.full
        quarter = (self.since + self.until)[quiet] // 2 // QUARTER * QUARTER
        sums = pd.DataFrame({"hours": self.hours[quiet], "points": self.points[quiet]}).groupby(quarter).sum()
        sums = sums[sums["hours"] >= 1]
        if len(sums) < _QUARTERS:
            return np.zeros(len(self.points))
        rate = (sums["points"] / sums["hours"]).set_axis(pd.to_datetime(sums.index, unit="us"))
        usual = rate.rolling(_AROUND, center=True).quantile(_USUAL)
        found: Floats = self.hours * np.interp((self.since + self.until) / 2, sums.index + QUARTER / 2, usual)
        return found

    @property
    def measured(self) -> Flags:
        """Those that say what tokens cost: one's own, and not full at their end."""
        return self.own & ~self.unsure & ~self.full & (self.high > self.low)


def blocks_of(
    followed: Followed,
    turns: Turns,
    doubtful: Integers,
    shut: Sequence[tuple[Integers, Floats]],
    lag: int,
    edges: Integers,
) -> Blocks:
    """Cut a window's time; it begins with the first turn, for before nobody knows whether logs were kept.

    *doubtful*: when turns ended of which nobody knows whose they are; *shut*: `time_full` of the account's windows;
    *lag*: microseconds that turns are counted late. No block reaches over an edge; a rise belongs to the reading that
    shows it.
    """
    known = (columns := rises_of(followed))[0] >= turns.time[0] - LONGEST_LAG
    since, until, points, start, cycle = (column[known] for column in columns)
    own, unsure = (
        np.searchsorted(times, until + LEAD, side="right") > np.searchsorted(times, since - LONGEST_LAG, side="right")
        for times in (turns.time, doubtful)
    )
    burst = points > 0
    rises = np.flatnonzero(burst)
    for at in np.flatnonzero(since[rises[1:]] - until[rises[:-1]] <= BURST_PAUSE).tolist():
        burst[rises[at] : rises[at + 1]] = True
    part = np.searchsorted(edges, until, side="right")
    apart = since[1:] != until[:-1]
    for told in (cycle, part, own, unsure, burst & ~own):
        apart |= told[1:] != told[:-1]
    ran = [np.searchsorted(turns.time, time - lag, side="right") for time in (since, until)]
    first = _pieces(points, np.append(np.ones(min(1, len(since)), np.bool_), apart), own, ran)
    last = _lasts(first, len(since))
    # While any window of an account is full nobody uses any of the others.
    full = np.max([np.interp(until[last], *one) - np.interp(since[first], *one) for one in shut], axis=0)
    risen, spent = np.add.reduceat(points, first) if len(first) else points, turns.cumulated()
    hours = (until[last] - since[first] - full) / (3600.0 * SECOND)
    low, high = ran[0][first], ran[1][last]
    return Blocks(
        since=since[first],
        until=until[last],
        points=risen,
        own=own[first],
        unsure=unsure[first],
        full=start[last] + points[last] >= FULL,
        hours=hours,
        quiet_points=np.cumsum(np.where(own[first], 0.0, risen)),
        quiet_hours=np.cumsum(np.where(own[first], 0.0, hours)),
        low=low,
        high=high,
        amounts=spent[high] - spent[low],
        weighted=np.zeros(len(first)),
    )


def _pieces(points: Floats, new: Flags, own: Flags, ran: Sequence[Places]) -> Places:
    """The first interval of each block; long blocks of turns in pieces that have `PIECE` points and a turn at least.

    *new*: whether a block begins with an interval; *ran*: how many turns had ended at its beginning and at its end.
    """
    begin = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    before = np.cumsum(points) - points
    piece = (before - before[begin]) // PIECE * own
    first = np.flatnonzero(new | (np.diff(piece, prepend=0) != 0))
    last = _lasts(first, len(new))
    enough = before[last] + points[last] - before[first] >= PIECE
    enough &= (ran[1][last] > ran[0][first]) & (ran[0][first] > ran[0][begin[first]])
    return first[new[first] | enough]


def _lasts(first: Places, count: int) -> Places:
    return np.append(first[1:], count)[: len(first)] - 1


def time_full(followed: Followed) -> tuple[Integers, Floats]:
    """Moments, and for how long up to each a window was full, in microseconds; between them it is interpolated."""
    rows = followed.believed
    time, full = np.append(0, followed.series.time[rows]), np.append(False, followed.series.used[rows] >= FULL)
    return time, np.append(0.0, np.cumsum(np.diff(time) * full[:-1]))


def rises_of(followed: Followed) -> tuple[Integers, Integers, Floats, Floats, Integers]:
    """Between neighbouring readings of a cycle: since, until, points risen, level at its start, cycle.

    After a reset that came as announced a cycle begins at nothing, when its window did; after any other end nobody
    knows what its first reading holds. A full window tells nothing more.
    """
    series, cycles, rows = followed.series, followed.cycles, followed.believed
    time, used, cycle = series.time[rows], series.used[rows], followed.cycle[rows].astype(np.int64)
    # Two servers that do not quite agree: the level is the highest so far, told apart by cycle.
    level = np.maximum.accumulate(used + cycle * 1e6) - cycle * 1e6
    new = np.diff(cycle) > 0
    begun = np.array([MISSING if one.reset == MISSING else one.reset - series.span for one in cycles], np.int64)
    # A cycle whose window began long before the other one's last reading is no other window (a flap at its very end).
    fresh = np.array([one.end == "scheduled" for one in cycles], np.bool_)[cycle[:-1]]
    fresh &= begun[cycle[1:]] >= time[:-1] - series.tolerance
    since = np.where(new, np.maximum(time[:-1], begun[cycle[1:]]), time[:-1])
    start = np.where(new, 0.0, level[:-1])
    told = (start < FULL) & (since < time[1:]) & (~new | fresh)
    return since[told], time[1:][told], (level[1:] - start)[told], start[told], cycle[1:][told]
