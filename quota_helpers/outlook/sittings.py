"""Windows shorter than a day: the earlier ones that stood alike at the same time show how this one may go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..periods import Cycle, Followed
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


def short_rises(
    followed: Followed, past: Past, gone: float, hours: float, count: int, rng: np.random.Generator
) -> tuple[Floats | None, str]:
    """Rises of *count* paths over the *hours* that are left of a window, *gone* hours after it began.

    None where too few earlier windows are known; beside them why they give no risk, or "".
    """
    length = followed.series.length * SECOND
    cycles = [cycle for cycle in followed.cycles if cycle.reset != MISSING][-MOST - 1 :]
    if len(cycles) <= FEWEST:
        return None, f"fewer than {FEWEST} earlier windows are known"
    full = np.array([cycle.peak >= FULL for cycle in cycles])
    at, recent = min(STEPS, gone * HOUR_US / length * STEPS), RECENT * STEPS
    curves = _curves(cycles, length, past)
    still = _levels(curves, at)[:-1, 0] < FULL - 1  # not used up yet at that time
    _go_on(curves, full)
    now, before = _levels(curves, at, max(0.0, at - recent)).T
    like = np.column_stack([now / WIDTH_USED, (now - before) / WIDTH_RECENT])
    # Those that stood alike, the present pace beside them: it fades to less than the average, how fast is not sure.
    step = followed.series.length / HOUR / STEPS
    steps = max(1, int(np.ceil(hours / step)))
    ahead = np.minimum(STEPS, at + np.arange(steps + 1.0) * min(1.0, hours / (steps * step)))
    rises = np.maximum(0.0, np.diff(_levels(curves[:-1], *ahead), axis=1))
    weight = np.exp(-0.5 * ((like[:-1] - like[-1]) ** 2).sum(axis=1)) * still
    row = np.searchsorted(np.cumsum(weight), rng.random(count) * (weight.sum() + PSEUDO_WEIGHT), side="right")
    drawn: Floats = rises[np.minimum(row, len(rises) - 1)]
    own = row >= len(rises)
    share = np.exp(-np.arange(steps) / (FADE * STEPS))
    pace = like[-1, 1] * WIDTH_RECENT / max(1.0, min(at, recent)) * share
    pace += PSEUDO_SHARE * (float(past.used[-1]) / max(at, 1.0)) * (1 - share)
    drawn[own] = np.maximum(0.0, pace) * rng.gamma(2.0, 0.5, (int(own.sum()), 1))
    return drawn, _why_no_risk(like[:-1], full[:-1].astype(np.float64), still)


def _curves(cycles: Sequence[Cycle], length: float, past: Past) -> Floats:
    """Windows x (STEPS + 1): percent used over the window."""
    start = np.array([cycle.reset - length for cycle in cycles])
    risen = np.interp(start[:, None] + length * np.linspace(0.0, 1.0, STEPS + 1), past.time, past.risen)
    origin = np.interp(np.maximum(start, [cycle.begun for cycle in cycles]), past.time, past.risen)
    first = np.array([cycle.first for cycle in cycles])
    curves: Floats = np.clip(risen - origin[:, None] + first[:, None], 0.0, FULL)
    curves[:, 0] = 0.0
    return curves


def _go_on(curves: Floats, full: Flags) -> None:
    """Let those that came to 100 % go on as in the hour before: the use that was wanted, not the one that was had."""
    hour = STEPS // 5
    for row in np.flatnonzero(full):
        at = int(np.argmax(curves[row] >= FULL - 1))
        if at:
            slope = (curves[row, at] - curves[row, max(0, at - hour)]) / min(at, hour)
            curves[row, at:] = curves[row, at] + slope * np.arange(STEPS + 1 - at)


def _levels(curves: Floats, *at: float) -> Floats:
    """Percent used at these steps, windows x steps."""
    steps = np.array(at)
    low = np.minimum(steps.astype(np.intp), STEPS - 1)
    levels: Floats = curves[:, low] + (steps - low) * (curves[:, low + 1] - curves[:, low])
    return levels


def _why_no_risk(like: Floats, full: Floats, still: Flags) -> str:
    """Why this says nothing of the risk; "" if it was nearer the truth than how often windows ran out before."""
    if not full.any():
        return "none of its earlier windows ran out, which says little of the risk"
    apart = ((like[:, None, :] - like[None, :, :]) ** 2).sum(axis=2)
    weight = np.tril(np.exp(-0.5 * apart), -1) * still
    seen = np.tril(np.ones_like(weight), -1) * still
    base = ((seen * full).sum(axis=1) + 0.5) / (seen.sum(axis=1) + 1.0)
    said = ((weight * full).sum(axis=1) + base) / (weight.sum(axis=1) + 1.0)
    judged = still & (np.arange(len(full)) >= FEWEST // 2)
    own, rate = (float(((told - full)[judged] ** 2).sum()) for told in (said, base))
    return "" if own < rate else "on its own past a risk was no better than how often it ran out"
