"""The information half of the history: what each panel and each line says, without drawing it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ..labels import Names
from ..outlook.bars import Show, percent, window_rank, window_title
from ..periods import Cycle, Followed, follow_all
from ..periods.follow import CONFIRMED, NO_NUMBER, NOT_STARTED
from ..times import SECOND, Moment, bounds, duration
from .knots import Knots, believed, clipped, stale, unbelieved

SCHEDULED: Final = "scheduled"
EARLY: Final = "early refill"
EARLY_KEPT: Final = "early refill, clock kept"
MOVED: Final = "clock moved"
UNKNOWN: Final = "refill, reset unknown"

KINDS: Final = {
    "scheduled": SCHEDULED,
    "early, clock restarted": EARLY,
    "early, clock kept": EARLY_KEPT,
    "clock moved": MOVED,
    "unknown": UNKNOWN,
}
"""End of a cycle -> the word for it in the chart."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch without readings of a window, in microseconds.

    Attributes:
        since: The last reading before it.
        until: The first one after it.
        not_sent: The account was read meanwhile; the server sent no such window.
    """

    since: int
    until: int
    not_sent: bool


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
        pauses: Stretches without readings.
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
    pauses: tuple[Pause, ...]
    plans: tuple[tuple[int, str, str], ...]

    @property
    def rank(self) -> tuple[int, int, str, str]:
        """Sort key of its panel."""
        return window_rank(self.limit, self.window)

    @property
    def title(self) -> str:
        """The window's name for people."""
        return window_title(self.limit, self.window)

    @property
    def kinds(self) -> list[str]:
        """What each of its resets was, in the words of `KINDS`."""
        return [KINDS[cycle.end] for cycle in self.marks]

    @property
    def newest(self) -> int:
        """Position of the newest reading that counts, or -1."""
        counts = (self.followed.reading == CONFIRMED) | (self.followed.reading == NOT_STARTED)
        return int(np.flatnonzero(counts)[-1]) if counts.any() else -1

    @property
    def used(self) -> float:
        """Percent used at the newest reading, NaN when unknown."""
        return float(self.followed.series.used[self.newest]) if self.newest >= 0 else float("nan")

    @property
    def highest(self) -> float:
        """The highest percentage that the line reaches; 0 where there is none."""
        known = self.line.used[~np.isnan(self.line.used)]
        return float(known.max()) if len(known) else 0.0

    def urgency(self, now: int) -> tuple[float, str]:
        """Sort key of its account, the fullest first; where the reset has passed at *now*, the last."""
        current = self.newest >= 0 and self.followed.series.reset[self.newest] > now
        return (-self.used if current else 1.0), self.account

    def says(self, now: int, show: Show = "used") -> str:
        """The answer in words, as of *now* (microseconds): "42 % used, resets in 3 d 04 h, 1 early refill"."""
        if self.newest < 0:
            return "no reading"
        series, at = self.followed.series, self.newest
        value = f"{percent(self.used if show == 'used' else max(0.0, 100.0 - self.used))} {show}"
        words = [value]
        announced = int(series.reset[at])
        wait = pd.Timedelta(announced - now, unit="us").to_pytimedelta() if announced > 0 else None
        if wait is not None and wait.total_seconds() <= 0:
            words = [f"{value} before the reset {duration(wait)} ago"]
        elif self.followed.reading[at] == NOT_STARTED:
            words = ["not started"]
        elif wait is not None:
            words.append(f"resets in {duration(wait)}")
        early = sum(kind in {EARLY, EARLY_KEPT} for kind in self.kinds)
        if early:
            words.append(f"{early} early refill{'s' if early > 1 else ''}")
        odd = int((~np.isnan(self.other.used)).sum())
        if odd:
            words.append(f"{odd} unconfirmed reading{'s' if odd > 1 else ''}")
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

    Cycles are found in the whole frame, then cut to the range: what a reset was does not depend on the range.

    Args:
        frame: With the columns of `COLUMNS`, many readings over time.
        accounts: Names or keys; None means all.
        windows: Names of windows, such as "weekly"; None means all.
        limits: Ids of limits, or the server's names for them; None means all.
        since: From this moment on, in any form of `times.moment`.
        until: Before this moment.
        now: What a timedelta counts back from; None means the newest reading.
        reveal: Whether e-mail addresses in account names are shown in full.
        known: As in `periods.follow_all`.
    """
    everything = follow_all(frame, accounts, windows, limits, known)
    newest = max((int(one.series.time[-1]) for one in everything), default=None)
    low, high = bounds(since, until, now=now, newest=newest)
    found = []
    for one in everything:
        readings = one.series.time[one.reading != NO_NUMBER]
        if low is not None:
            readings = readings[readings >= low]
        if high is not None:
            readings = readings[readings < high]
        if len(readings):
            same = [other for other in everything if other.series.whose == one.series.whose]
            found.append(_line(frame, one, same, low, high, reveal=reveal))
    return sorted(found, key=lambda line: (line.rank, -line.used if line.used == line.used else 1.0, line.account))


def _line(
    frame: pd.DataFrame,
    followed: Followed,
    same: Sequence[Followed],
    low: int | None,
    high: int | None,
    *,
    reveal: bool,
) -> HistoryLine:
    series = followed.series
    inside = [cycle for cycle in followed.cycles if _within(cycle.ended, low, high) and cycle.end in KINDS]
    return HistoryLine(
        account=series.account,
        label=series.account if reveal else series.label,
        limit=series.limit,
        window=series.window,
        followed=followed,
        line=clipped(believed(followed), low, high),
        other=clipped(unbelieved(followed), low, high),
        stale=clipped(stale(followed), low, high),
        marks=tuple(inside),
        pauses=tuple(_pauses(followed, same, low, high)),
        plans=tuple(_plans(frame["plan"].iloc[series.rows], followed, low, high)) if "plan" in frame else (),
    )


def _within(time: int, low: int | None, high: int | None) -> bool:
    return (low is None or time >= low) and (high is None or time < high)


def _pauses(followed: Followed, same: Sequence[Followed], low: int | None, high: int | None) -> Iterable[Pause]:
    series = followed.series
    time = series.time[followed.reading != NO_NUMBER]
    for at in np.flatnonzero(np.diff(time) > series.longest_pause):
        since, until = int(time[at]), int(time[at + 1])
        if (low is None or until > low) and (high is None or since < high):
            yield Pause(
                since if low is None else max(since, low),
                until if high is None else min(until, high),
                any(_read_between(other, since, until) for other in same if other is not followed),
            )


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
