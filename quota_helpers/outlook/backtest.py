"""How often the forecast would have been right: asked again at earlier moments of the reader's own past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ..labels import Names
from ..periods import Followed, follow_all
from ..periods.follow import follow
from ..times import SECOND
from .closed import Closed, closed_windows
from .demand import FULL, past_of
from .forecast import forecast_row
from .record import TrackRecord, judged, record_of

ORIGINS: Final = 6  # moments of each window, evenly
MOST_WINDOWS: Final = 26  # the latest ones of each kind


def backtest(
    frame: pd.DataFrame,
    *,
    accounts: Names = None,
    windows: Names = "weekly",
    limits: Names = "codex",
    seed: int = 0,
    paths: int = 200,
) -> TrackRecord:
    """Ask the forecast at earlier moments, each time with what was known then, and score it against what came.

    Beside it stand: how often earlier windows ran out (base rate); used / elapsed for the whole window; and a model of
    weekday by hour with a half-life of 14 days that knows of no refills (as ccpace describes its own).

    Args:
        frame: Many readings over time.
        accounts: Names or keys; None means all.
        windows: Names of windows; None means all.
        limits: Limit ids; None means all.
        seed: The same seed gives the same answer.
        paths: How many ways each forecast draws.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> from quota_helpers.frames import to_frame
    >>> list(backtest(to_frame(demo_snapshots()), accounts="ada").scores["rule"])
    ['forecast', 'base rate', 'whole window', 'weekday by hour']
    """
    found = follow_all(frame, accounts, windows, limits)
    return record_of((row for one in found for row in _asked(one, seed, paths)), seed)


def _asked(whole: Followed, seed: int, paths: int) -> Iterator[dict[str, Any]]:
    for closed in closed_windows(whole)[-MOST_WINDOWS:]:
        for share in np.arange(1, ORIGINS + 1) / (ORIGINS + 1):
            row = _at(whole, closed, closed.begun + int(share * whole.series.length * SECOND), seed, paths)
            if row is not None:
                yield row


def _at(whole: Followed, closed: Closed, when: int, seed: int, paths: int) -> dict[str, Any] | None:
    """What was said at a moment of a window, from the readings until then; None where there was no number."""
    series, cycle = whole.series, closed.cycle
    count = int(np.searchsorted(series.time, when, side="right"))
    if not count or not cycle.begun <= series.time[count - 1] < cycle.ended or when >= cycle.ended:
        return None
    cuts = {name: getattr(series, name)[:count] for name in ("rows", "time", "used", "reset")}
    known = follow(replace(series, **cuts))
    row = forecast_row(known, when, seed, paths, prove=False)
    if np.isnan(row["p_exhausted_refills"]) or known.cycles[-1].last >= FULL:
        return None
    return judged(whole, closed, row, when, past_of(known))
