"""Windows shorter than a day: the earlier ones that stood alike at the same time show how this one may go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..periods import Followed
from ..periods.readings import Flags, Floats
from ..times import HOUR, MISSING, SECOND
from .bars import FULL
from .past import HOUR_US, Past

FEWEST: Final = 20  # earlier windows
STEPS: Final = 30  # of a window: ten minutes of five hours
WIDTH_USED: Final = 18.0  # points: how far apart the percentages of two windows may be, to be alike
WIDTH_RECENT: Final = 9.0  # points: the same of the last 45 minutes
RECENT: Final = 0.15  # of the window: 45 minutes of five hours
PSEUDO_WEIGHT: Final = 4.0  # how many windows the pace so far counts as
PSEUDO_SHARE: Final = 0.7  # of the average, to which the present pace falls
FADE: Final = 0.2  # of the window: in that time
MOST: Final = 400  # earlier windows that are compared


@dataclass(frozen=True, slots=True, eq=False)
class Sittings:
    """Earlier windows of one kind, the present one last, compared at the same share of the window.

    Attributes:
        curve: Windows x (STEPS + 1): percent used over the window; those at 100 % go on as in the hour before.
        full: Which ran out.
        open: Which were not used up yet at that share.
        at: The share of the window that is gone, in steps.
        hours: Hours of a step.
    """

    curve: Floats
    full: Flags
    open: Flags
    at: float
    hours: float

    def _features(self) -> Floats:
        now, before = _level(self.curve, self.at), _level(self.curve, max(0.0, self.at - RECENT * STEPS))
        features: Floats = np.column_stack([now / WIDTH_USED, (now - before) / WIDTH_RECENT])
        return features

    def draw(self, used: float, hours: float, count: int, rng: np.random.Generator) -> Floats:
        """Rises of *count* paths over the rest of the window (*hours*), from *used* percent on."""
        like = self._features()
        weight = np.exp(-0.5 * ((like[:-1] - like[-1]) ** 2).sum(axis=1)) * self.open[:-1]
        steps = max(1, int(np.ceil(hours / self.hours)))
        ahead = np.minimum(STEPS, self.at + np.arange(steps + 1.0) * min(1.0, hours / (steps * self.hours)))
        rises: Floats = np.maximum(0.0, np.diff(_levels(self.curve[:-1], ahead), axis=1))
        pick = rng.random(count) * (weight.sum() + PSEUDO_WEIGHT)
        row = np.searchsorted(np.cumsum(weight), pick, side="right")
        drawn: Floats = rises[np.minimum(row, len(rises) - 1)]
        own = row >= len(rises)
        drawn[own] = self._fading(used, like[-1, 1] * WIDTH_RECENT, steps, int(own.sum()), rng)
        return drawn

    def _fading(self, used: float, recent: float, steps: int, count: int, rng: np.random.Generator) -> Floats:
        """The present pace, which fades to less than the average so far; how fast is not sure."""
        average = used / max(self.at, 1.0)
        share = np.exp(-np.arange(steps) / (FADE * STEPS))
        pace = recent / max(1.0, min(self.at, RECENT * STEPS)) * share + PSEUDO_SHARE * average * (1 - share)
        return np.maximum(0.0, pace) * rng.gamma(2.0, 0.5, (count, 1))

    def why_no_risk(self) -> str:
        """Why this says nothing of the risk; "" if it was nearer the truth than how often they ran out before."""
        like, full = self._features()[:-1], self.full[:-1].astype(np.float64)
        if not full.any():
            return "none of its earlier windows ran out, which says little of the risk"
        apart = ((like[:, None, :] - like[None, :, :]) ** 2).sum(axis=2)
        weight = np.tril(np.exp(-0.5 * apart), -1) * self.open[:-1]
        seen = np.tril(np.ones_like(weight), -1) * self.open[:-1]
        base = ((seen * full).sum(axis=1) + 0.5) / (seen.sum(axis=1) + 1.0)
        said = ((weight * full).sum(axis=1) + base) / (weight.sum(axis=1) + 1.0)
        judged = self.open[:-1] & (np.arange(len(full)) >= FEWEST // 2)
        own, rate = (float(((told - full)[judged] ** 2).sum()) for told in (said, base))
        return "" if own < rate else "on its own past a risk was no better than how often it ran out"


def sittings_of(followed: Followed, past: Past, gone: float) -> Sittings | None:
    """The earlier windows, compared *gone* hours after their beginning; None where too few are known."""
    length = followed.series.length * SECOND
    cycles = [cycle for cycle in followed.cycles if cycle.reset != MISSING][-MOST - 1 :]
    if len(cycles) <= FEWEST:
        return None
    start = np.array([cycle.reset - length for cycle in cycles])
    grid = start[:, None] + length * np.linspace(0.0, 1.0, STEPS + 1)
    risen = np.interp(grid, past.time, past.risen)
    origin = np.interp(np.maximum(start, [cycle.begun for cycle in cycles]), past.time, past.risen)
    first = np.array([cycle.first for cycle in cycles])
    curve = np.clip(risen - origin[:, None] + first[:, None], 0.0, FULL)
    curve[:, 0] = np.minimum(curve[:, 0], 0.0)
    full = np.array([cycle.peak >= FULL for cycle in cycles])
    at = min(STEPS, gone * HOUR_US / length * STEPS)
    still = _level(curve, at) < FULL - 1
    return Sittings(_onward(curve, full), full, still, at, followed.series.length / HOUR / STEPS)


def _onward(curve: Floats, full: Flags) -> Floats:
    """Curves that came to 100 % go on as they did before: the use that was wanted, not the one that was had."""
    hour = STEPS // 5
    for row in np.flatnonzero(full):
        at = int(np.argmax(curve[row] >= FULL - 1))
        if at:
            slope = (curve[row, at] - curve[row, max(0, at - hour)]) / min(at, hour)
            curve[row, at:] = curve[row, at] + slope * np.arange(len(curve[row]) - at)
    return curve


def _level(curve: Floats, at: float) -> Floats:
    return _levels(curve, np.array([at]))[:, 0]


def _levels(curve: Floats, at: Floats) -> Floats:
    low = np.minimum(at.astype(np.intp), STEPS - 1)
    levels: Floats = curve[:, low] + (at - low) * (curve[:, low + 1] - curve[:, low])
    return levels
