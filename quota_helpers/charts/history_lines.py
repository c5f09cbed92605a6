"""The information half of the history: each window of each account as a line of few points, and what it says.

A line is made of knots: points that are joined; where a knot is NaN the pen is lifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from ..frames import Integers
from ..labels import Names
from ..outlook.bars import Show, percent, window_rank, window_title
from ..outlook.past import EARLY
from ..periods import Cycle, Followed, follow_all
from ..periods.follow import CONFIRMED, NO_NUMBER, NOT_STARTED, UNCONFIRMED
from ..periods.readings import Flags, Floats
from ..times import MISSING, SECOND, Moment, bounds, duration

ENDS: Final = {
    "scheduled": "scheduled reset",
    "early, clock restarted": "early refill",
    "early, clock kept": "early refill, clock kept",
    "clock moved": "clock moved",
    "unknown": "refill, reset unknown",
}
"""End of a cycle -> what it is called in the chart."""

Number = TypeVar("Number", Integers, Floats)

_KEPT_PER_BIN: Final = 4  # of a thinned line: the first, the lowest, the highest and the last


@dataclass(frozen=True, slots=True, eq=False)
class Knots:
    """Points of a line: time in microseconds since 1970, percent used; NaN lifts the pen."""

    time: Integers
    used: Floats

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True, eq=False)
class HistoryLine:
    """One window of one account over time.

    Attributes:
        account: Its name as in the frame.
        label: The name to show: masked unless revealed.
        limit: Limit id.
        window: Window name.
        followed: Its readings and cycles.
        line: The knots of its line.
        other: The readings nobody confirmed.
        stale: The readings whose reset had passed.
        marks: The cycles that ended, each of them at a reset.
        pauses: Stretches without readings: from and to in microseconds, and whether the account was read meanwhile, so
            that it was the server that sent no such window.
        plans: (time in microseconds, plan before, plan after) of each change.
    """

    account: str
    label: str
    limit: str
    window: str
    followed: Followed
    line: Knots
    other: Knots
    stale: Knots
    marks: tuple[Cycle, ...]
    pauses: tuple[tuple[int, int, bool], ...]
    plans: tuple[tuple[int, str, str], ...]

    @property
    def panel(self) -> tuple[str, str]:
        """What is drawn in one panel: its limit and window."""
        return self.limit, self.window

    @property
    def title(self) -> str:
        """The window's name for people."""
        return window_title(self.limit, self.window)

    @property
    def ends(self) -> list[str]:
        """What each of its resets was, as `cycles` says it."""
        return [cycle.end for cycle in self.marks]

    @property
    def early(self) -> int:
        """How many of its resets were early refills."""
        return sum(end in EARLY for end in self.ends)

    @property
    def newest(self) -> int:
        """Position of the newest reading that counts, or -1."""
        return int(next(reversed(_believable(self.followed)), -1))

    @property
    def used(self) -> float:
        """Percent used at the newest reading, NaN when unknown."""
        return float(self.followed.series.used[self.newest]) if self.newest >= 0 else float("nan")

    @property
    def highest(self) -> float:
        """The highest percentage that the line reaches; 0 where there is none."""
        return float(np.nanmax(self.line.used, initial=0.0))

    def urgency(self, now: int) -> tuple[float, str]:
        """Sort key of its account, the fullest first; where the reset has passed at *now*, the last."""
        current = self.newest >= 0 and self.followed.series.reset[self.newest] > now
        return (-self.used if current else 1.0), self.account

    def says(self, now: int, show: Show = "used") -> str:
        """The answer in words, as of *now* (microseconds): "42 % used, resets in 3 d 04 h, 1 early refill"."""
        if self.newest < 0:
            return "no reading"
        announced = int(self.followed.series.reset[self.newest])
        value = f"{percent(self.used if show == 'used' else max(0.0, 100.0 - self.used))} {show}"
        wait = duration(pd.Timedelta(announced - now, unit="us").to_pytimedelta()) if announced > 0 else ""
        words = [value]
        if wait and announced <= now:
            words = [f"{value} before the reset {wait} ago"]
        elif self.followed.reading[self.newest] == NOT_STARTED:
            words = ["not started"]
        elif wait:
            words.append(f"resets in {wait}")
        odd = int((~np.isnan(self.other.used)).sum())
        for count, what in ((self.early, "early refill"), (odd, "unconfirmed reading")):
            words += [f"{count} {what}{'s' if count > 1 else ''}"] if count else []
        return ", ".join(words)


def history_lines(
    frame: pd.DataFrame,
    *,
    accounts: Names = None,
    windows: Names = None,
    limits: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    now: Moment | None = None,
    reveal: bool = False,
    known: Sequence[Followed] | None = None,
) -> list[HistoryLine]:
    """One line for each window of each account that has a number in the range, panel by panel, the fullest first.

    Cycles are found in the whole frame, then cut to the range: what a reset was does not depend on the range. The
    arguments are those of `plot_history`, but that None means all accounts; *known* is as in `periods.follow_all`.
    """
    everything = follow_all(frame, accounts, windows, limits, known)
    newest = max((int(one.series.time[-1]) for one in everything), default=None)
    low, high = bounds(since, until, now=now, newest=newest)
    found = []
    for one in everything:
        series = one.series
        times = series.time[one.reading != NO_NUMBER]
        first = times[0 if low is None else np.searchsorted(times, low) :][:1]
        if not (len(first) and _within(first[0], low, high)):
            continue
        same = [other for other in everything if other is not one and other.series.whose == series.whose]
        line = HistoryLine(
            account=series.account,
            label=series.account if reveal else series.label,
            limit=series.limit,
            window=series.window,
            followed=one,
            line=clipped(believed(one), low, high),
            other=clipped(unbelieved(one), low, high),
            stale=clipped(stale(one), low, high),
            marks=tuple(cycle for cycle in one.cycles if cycle.end in ENDS and _within(cycle.ended, low, high)),
            pauses=tuple(_pauses(one, same, low, high)),
            plans=tuple(_plans(frame["plan"].iloc[series.rows], one, low, high)) if "plan" in frame else (),
        )
        found.append(line)
    return sorted(found, key=_place)


def _place(line: HistoryLine) -> tuple[object, ...]:
    return window_rank(line.limit, line.window), -line.used if line.used == line.used else 1.0, line.account


def _within(time: int, low: int | None, high: int | None) -> bool:
    return (low is None or time >= low) and (high is None or time < high)


def _pauses(
    followed: Followed, same: Sequence[Followed], low: int | None, high: int | None
) -> Iterable[tuple[int, int, bool]]:
    time = followed.series.time[followed.reading != NO_NUMBER]
    for at in np.flatnonzero(np.diff(time) > followed.series.longest_pause):
        since, until = int(time[at]), int(time[at + 1])
        if (low is None or until > low) and (high is None or since < high):
            asked = any(_read_between(other, since, until) for other in same)
            yield since if low is None else max(since, low), until if high is None else min(until, high), asked


def _read_between(other: Followed, since: int, until: int) -> bool:
    """Whether there were readings all along, not just at the edges of the stretch."""
    times = other.series.time
    inside = times[np.searchsorted(times, since, "right") : np.searchsorted(times, until)]
    if other.series.limit != "codex" or not len(inside):
        return False
    return bool(np.diff(inside, prepend=since, append=until).max() < (until - since) / 2 + 60 * SECOND)


def _plans(plans: pd.Series, followed: Followed, low: int | None, high: int | None) -> Iterable[tuple[int, str, str]]:
    known = np.flatnonzero(plans.notna().to_numpy())
    names = plans.to_numpy(dtype=object)[known]
    for at in np.flatnonzero(names[1:] != names[:-1]).tolist():
        when = int(followed.series.time[known[at + 1]])
        if _within(when, low, high):
            yield when, str(names[at]), str(names[at + 1])


def _believable(followed: Followed) -> Integers:
    """Positions of the readings that belong to the window."""
    return np.flatnonzero((followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED))


def joined(along: Number, used: Floats, broken: Flags) -> tuple[Number, Floats]:
    """A line with only the points that it needs: the ends of each run of equal values, and both sides of a break.

    *broken* says for each point but the last whether the pen is lifted behind it.
    """
    kept = np.ones(len(used), np.bool_)
    changed = (used[1:] != used[:-1]) | broken
    kept[1:-1] = changed[1:] | changed[:-1]
    breaks = np.flatnonzero(broken)
    where = np.cumsum(kept)[breaks]  # where each break stands once other points are left out
    return np.insert(along[kept], where, along[breaks]), np.insert(used[kept], where, np.nan)


def believed(followed: Followed) -> Knots:
    """The line through all readings that belong to the window; equal to it at every one of them.

    Of neighbouring readings with equal values only the first and the last are kept. At a scheduled reset the line
    falls at the announced moment, at any other at the first reading that shows it. Pauses longer than
    `Series.longest_pause` are gaps.
    """
    series, rows = followed.series, _believable(followed)
    time, used, cycle = series.time[rows], series.used[rows], followed.cycle[rows]
    near = np.diff(time) <= series.longest_pause
    turns = np.flatnonzero((np.diff(cycle) != 0) & (np.diff(used) < 0) & near)
    falls, bottoms = time[turns + 1], used[turns + 1]
    for number, at in enumerate(turns.tolist()):
        over = followed.cycles[cycle[at]] if cycle[at] >= 0 else None
        if over and over.end == "scheduled" and time[at] <= over.ended <= falls[number]:
            falls[number], bottoms[number] = over.ended, 0.0
    places = np.repeat(turns + 1, 2)
    time = np.insert(time, places, np.repeat(falls, 2))
    used = np.insert(used, places, np.column_stack([used[turns], bottoms]).ravel())
    return Knots(*joined(time, used, np.diff(time) > series.longest_pause))


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
    # Readings of two bands alternate, so nothing is left out here; there are few.
    places = np.flatnonzero(np.diff(time) > followed.series.longest_pause) + 1
    return Knots(np.insert(time, places, time[places]), np.insert(used, places, np.nan))


def stale(followed: Followed) -> Knots:
    """Readings whose own reset had passed when they were made: the percentage is history."""
    series = followed.series
    old = (series.reset != MISSING) & (series.reset <= series.time) & ~np.isnan(series.used)
    rows = np.flatnonzero(old & (followed.reading != UNCONFIRMED))
    return Knots(*joined(series.time[rows], series.used[rows], np.diff(rows) > 1))


def clipped(knots: Knots, since: int | None, until: int | None) -> Knots:
    """The part between two moments, with the points where the line enters and leaves."""
    low = 0 if since is None else int(np.searchsorted(knots.time, since))
    high = len(knots) if until is None else int(np.searchsorted(knots.time, until, side="right"))
    time, used = knots.time[low:high], knots.used[low:high]
    if since is not None and 0 < low < len(knots):
        time, used = np.append(since, time), np.append(np.interp(since, knots.time, knots.used), used)
    if until is not None and 0 < high < len(knots):
        time, used = np.append(time, until), np.append(used, np.interp(until, knots.time, knots.used))
    return Knots(time, used)


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
    points, gaps = np.flatnonzero(~gap), np.flatnonzero(gap)
    by_height = points[np.lexsort((knots.used[points], strip[points]))]  # by strip, from low to high
    kept = np.zeros(len(knots), np.bool_)
    for found in (points, by_height):
        kept[found[np.diff(strip[found], prepend=-1) > 0]] = True
        kept[found[np.diff(strip[found], append=bins) > 0]] = True
    kept[gaps[np.diff(strip[gaps], prepend=-1) > 0]] = True
    return Knots(knots.time[kept], knots.used[kept])
