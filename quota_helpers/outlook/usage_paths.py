"""Ways that a window's use may go on until its reset: many of them, drawn from its own past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..periods.readings import Flags, Floats
from .bars import FULL
from .past import DAY_HOURS, HOUR_US, Past, RefillClock

QUANTILES: Final = (0.1, 0.5, 0.9)
ENOUGH_DAYS: Final = 8.0  # of seen use, for days to be drawn from
LEVEL_POINTS: Final = 12.0  # how many points of use hold a week's level to the usual one
UNSURE: Final = 0.2  # spread of a week's level about what the last days say (of its logarithm)
OTHER_KIND: Final = 0.05  # what a weekend counts for a weekday
SAME_WEEKDAY: Final = 2.0
HALF: Final = 0.5
WEEK_DAYS: Final = 7
DAY_US: Final = DAY_HOURS * HOUR_US
MOST_DAYS: Final = 120  # older days have faded; a stray reading of years ago costs nothing
FADE_DAYS: Final = 28.0  # e-fold: how much less a day counts the older it is
LEVEL_DAYS: Final = 14.0  # e-fold of the days that say at which level the present stands
PSEUDO_DAYS: Final = 4.0  # how many days of the average hour each hour of the profile is held to
_THURSDAY: Final = 3  # 1970 began on one; Monday is 0
_SATURDAY: Final = 5
COLD_POINTS: Final = 8.0  # points used that make the average so far as sure as one more observation
COLD_BURST: Final = 4.0  # points: the size of a burst where nothing is known of the days


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """What may come, one row for each way. Hours count from the last reading."""

    level: Floats  # paths x (steps + 1): percent used at each edge, never falling; beyond 100 where more is wanted
    edges: Floats  # hours of each edge; the last one is the announced reset
    refill: Floats  # hours until a surprise refill, for each path
    shown: float  # percent that is displayed at the beginning; no path shows less

    @property
    def run_out(self) -> Floats:
        """Hours until each path is at 100 %; infinite for those that last until the announced reset."""
        over = self.level >= FULL
        step = np.maximum(1, over.argmax(axis=1))
        row = np.arange(len(step))
        before, after = self.level[row, step - 1], self.level[row, step]
        share = np.clip((FULL - before) / np.maximum(after - before, 1e-12), 0.0, 1.0)
        hours = self.edges[step - 1] + share * (self.edges[step] - self.edges[step - 1])
        return np.where(over.any(axis=1), hours, np.inf)

    @property
    def at_reset(self) -> Floats:
        """Percent used at the announced reset, if only it comes."""
        return np.clip(self.level[:, -1], self.shown, FULL)

    @property
    def at_end(self) -> Floats:
        """Percent used when the window ends, by the announced reset or a refill before it."""
        return np.clip(self.level_at(self.refill), self.shown, FULL)

    def level_at(self, hours: Floats | float) -> Floats:
        """Percent used after so many hours, one number for each path or the same for all; after the reset as at it."""
        end = np.broadcast_to(np.minimum(hours, self.edges[-1]), len(self.level))
        step = np.clip(np.searchsorted(self.edges, end), 1, len(self.edges) - 1)
        row = np.arange(len(end))
        before, after = self.level[row, step - 1], self.level[row, step]
        share = (end - self.edges[step - 1]) / np.maximum(self.edges[step] - self.edges[step - 1], 1e-12)
        level: Floats = before + share * (after - before)
        return level


def paths_from(
    rises: Floats, used: float, hours: float, step: float, clock: RefillClock, rng: np.random.Generator
) -> Paths:
    """Paths of so many points in each step (hours, the last one cut at the reset) over the *hours* until it.

    *used* is the percentage as it is displayed: the server rounds up.
    """
    steps = rises.shape[1]
    edges = np.minimum(hours, step * np.arange(steps + 1.0))
    level = np.empty((len(rises), steps + 1))
    level[:, 0] = used - (rng.random(len(rises)) if used > 0 else 0.0)
    np.cumsum(rises * np.diff(edges) / step, axis=1, out=level[:, 1:])
    level[:, 1:] += level[:, :1]
    return Paths(level, edges, clock.draw(rng, len(rises)), used)


def day_blocks(
    past: Past, now: int, hours: float, count: int, rng: np.random.Generator, unsure: float = UNSURE
) -> Floats:
    """Rises by the hour, past days drawn whole: rhythm, bursts and quiet days as they were, at the present level."""
    ahead = int(np.ceil(hours / DAY_HOURS))
    rises, weights, weekend, (had, expected) = _days(past, now)
    level = rng.gamma(LEVEL_POINTS + had, 1.0, count) / (LEVEL_POINTS + expected)
    level *= np.exp(rng.normal(-unsure * unsure / 2, unsure, count))
    number = np.arange(1, len(weights) + 1)
    drawn = np.empty((count, ahead, DAY_HOURS))
    for day in range(ahead):
        same = (number + day) % WEEK_DAYS == 0
        kind = weekend[same].mean() if same.any() else weekend.mean()
        weight = weights * np.where(np.abs(weekend - kind) < HALF, 1.0, OTHER_KIND)
        total = np.cumsum(weight * np.where(same, SAME_WEEKDAY, 1.0))
        row = np.searchsorted(total, rng.random(count) * total[-1], side="right").clip(0, len(total) - 1)
        drawn[:, day] = rises[row]
    steps = max(1, int(np.ceil(hours)))
    return drawn.reshape(count, -1)[:, :steps] * level[:, None]


def _days(past: Past, now: int) -> tuple[Floats, Floats, Floats, tuple[float, float]]:
    """The past as days of 24 hours that end *now*, the latest first, so that each goes on where the present stands.

    Points of each hour (what is not known is filled from the profile); what each day counts: older ones less, what was
    not seen not at all; the share of each that is weekend (UTC); and the level: points that the last days had, and
    points that the profile expects of the same hours (faded).
    """
    count = int(min(MOST_DAYS, max(1, -(-(now - int(past.time[0])) // DAY_US))))
    edges = now - HOUR_US * np.arange(DAY_HOURS * count + 1, dtype=np.int64)

    def by_day(hours: Any) -> Any:
        return hours.reshape(count, DAY_HOURS)[:, ::-1]

    risen = by_day(-np.diff(np.interp(edges, past.time, past.risen)))
    known = np.clip(by_day(-np.diff(np.interp(edges, past.time, past.known))), 0.0, 1.0)
    weekend = by_day(((edges[1:] + HOUR_US // 2) // DAY_US + _THURSDAY) % WEEK_DAYS >= _SATURDAY)
    age = np.arange(count)
    fade, recent = np.exp(-age / FADE_DAYS)[:, None], np.exp(-age / LEVEL_DAYS)[:, None]
    profile = _profile(risen * fade, known * fade, weekend)
    expected = np.where(weekend, profile[1], profile[0])
    level = float((risen * recent).sum()), float((expected * known * recent).sum())
    return risen + (1.0 - known) * expected, fade[:, 0] * known.mean(axis=1), weekend.mean(axis=1), level


def _profile(risen: Floats, known: Floats, weekend: Flags) -> Floats:
    """Points an hour, for (weekday, weekend) x hour after *now*'s time of day, each held to what all days have."""
    mean = float(risen.sum()) / max(1.0, float(known.sum()))
    hour = (risen.sum(axis=0) + PSEUDO_DAYS * mean) / (known.sum(axis=0) + PSEUDO_DAYS)
    rows = []
    for kind in (~weekend, weekend):
        points, hours = (risen * kind).sum(axis=0), (known * kind).sum(axis=0)
        rows.append((points + PSEUDO_DAYS * hour) / (hours + PSEUDO_DAYS))
    return np.array(rows)


def cold_start(used: float, gone: float, hours: float, count: int, rng: np.random.Generator) -> Floats:
    """Rises by the hour where days are few: a Gamma process about the average of the *gone* hours, its level unsure."""
    steps = max(1, int(np.ceil(hours)))
    shape = 1.0 + used / COLD_POINTS
    mean = (used + HALF) / max(gone, 1.0) * rng.gamma(shape, 1.0 / shape, count)
    drawn: Floats = rng.gamma(np.repeat(mean[:, None] / COLD_BURST, steps, axis=1), COLD_BURST)
    return drawn
