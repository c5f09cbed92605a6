"""Several logins of one person: how long all of them together last, and which to use first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import present_of, readings
from ..models import OWN
from ..periods import Followed, follow_all
from ..periods.readings import Floats
from ..times import DAY, SECOND, Moment, from_micros, micros
from .bars import FULL
from .forecast import FEWEST_DAYS, why_not
from .past import HOUR_US, Past, past_of
from .usage_paths import QUANTILES, day_blocks

PATHS: Final = 400
UNSURE: Final = 0.4  # spread of the level: of all logins the last days say less than a week of one does


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolForecast:
    """What becomes of several logins, used one after the other, until the last of their resets."""

    order: tuple[str, ...] = ()  # account keys: what comes back first is spent first, nothing goes to waste
    until: datetime | None = None  # the last of their announced resets (aware)
    p_exhausted: float = float("nan")  # how likely (0 to 1) all of them are used up at some time before
    exhausted: tuple[datetime | None, ...] = (None, None, None)  # by when in 10, 50, 90 of 100 cases; None: in fewer
    used: tuple[float, ...] = (float("nan"),) * 3  # points used by all together until then, in as many cases
    reason: str = ""  # why there is no number


def together(frame: pd.DataFrame, *, now: Moment | None = None, seed: int = 0) -> PoolForecast:
    """How long the weeks of several logins last when one person uses them one after the other.

    What is wanted is what all of them were used for together, drawn in whole days as `forecast` draws them. Only
    announced resets are counted. Of many readings over time, until *now* (None: the newest one).

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> from quota_helpers.frames import to_frame
    >>> together(to_frame(())).reason
    'no login has a number of now'
    """
    frame = readings(frame)
    present = present_of(frame, now)
    if present is None:
        return PoolForecast(reason="no login has a number of now")
    moment = micros(present)
    found = follow_all(frame[frame["fetched_at"] <= pd.Timestamp(present)], None, "weekly", OWN)
    usable = [one for one in found if one.series.length >= DAY and not why_not(one, moment)]
    if not usable:
        return PoolForecast(reason="no login has a number of now")
    usable.sort(key=lambda one: (one.cycles[-1].reset, one.series.whose))
    past = _of_all([past_of(one) for one in usable])
    if past.days < FEWEST_DAYS:
        return PoolForecast(reason="less than two days of readings are known")
    rng = np.random.default_rng(seed)
    until = usable[-1].cycles[-1].reset
    rises = day_blocks(past, moment, (until - moment) / HOUR_US, PATHS, rng, UNSURE)
    run_out, used = _spend(usable, rises, moment, rng)
    ends = np.quantile(run_out, QUANTILES, method="inverted_cdf").tolist()
    last = sorted(usable, key=lambda one: one.cycles[-1].last >= FULL)  # what is used up
    return PoolForecast(
        order=tuple(one.series.whose for one in last),
        until=from_micros(until),
        p_exhausted=float(np.isfinite(run_out).mean()),
        exhausted=tuple(from_micros(moment + int(at * HOUR_US)) if np.isfinite(at) else None for at in ends),
        used=tuple(np.quantile(used, QUANTILES).tolist()),
    )


def _of_all(pasts: Sequence[Past]) -> Past:
    """The use of all logins as if they were one; it is seen while any of them is."""
    time = np.unique(np.concatenate([past.time for past in pasts]))
    risen = [np.interp(time, past.time, past.risen) for past in pasts]
    seen = np.max([np.diff(np.interp(time, past.time, past.known)) for past in pasts], axis=0)
    return Past(time, np.zeros(len(time)), np.sum(risen, axis=0), np.append(0.0, np.cumsum(seen)))


def _spend(usable: Sequence[Followed], rises: Floats, now: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Hours until all are used up (infinite: never), and points that were used, for each path."""
    shown = np.array([one.cycles[-1].last for one in usable])
    level = np.clip(shown[:, None] - rng.random((len(usable), len(rises))), 0.0, FULL)
    level[shown >= FULL] = FULL
    back: list[Any] = [(one.cycles[-1].reset - now) / HOUR_US for one in usable]
    run_out, used = np.full(len(rises), np.inf), np.zeros(len(rises))
    for step in range(rises.shape[1]):
        wanted = rises[:, step].copy()
        for number in np.argsort(back, kind="stable").tolist():
            if back[number] <= step:
                level[number] = 0.0
                back[number] += usable[number].series.length * SECOND / HOUR_US
            taken = np.minimum(wanted, FULL - level[number])
            level[number] += taken
            used += taken
            wanted -= taken
        run_out = np.where((wanted > 0) & np.isinf(run_out), step, run_out)
    return run_out, used
