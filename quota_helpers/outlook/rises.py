"""How many points more each own window may have used some time from now, as its record makes it likely."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import readings
from ..periods import follow_all
from ..times import SECOND, micros
from .bars import OWN
from .demand import HOUR_US
from .forecast import forecast_paths, why_not

SURE: Final = 0.9
"""Share of the ways that it may go on in which the window has risen by no more."""


def rises(history: Any, now: datetime, ahead: timedelta) -> dict[tuple[str, str], float]:
    """(account key, window) -> points that are used meanwhile, at most, in nine cases of ten; a reset ends the count.

    Windows for which `forecast` has no risk are left out.

    Args:
        history: A `History`, or a frame of readings over time.
        now: The present moment (aware); later readings are left out.
        ahead: How long from then.

    >>> from quota_helpers.frames import to_frame
    >>> from quota_helpers.invented.history import demo_snapshots
    >>> frame = to_frame(demo_snapshots())
    >>> more = rises(frame, frame["fetched_at"].max().to_pydatetime(), timedelta(hours=3))
    >>> len(more) > 3, all(0 <= points < 100 for points in more.values())
    (True, True)
    """
    frame = readings(history.frame() if callable(getattr(history, "frame", None)) else history)
    frame = frame[(frame["limit"] == OWN) & (frame["fetched_at"] <= pd.Timestamp(now))]
    at, found = micros(now), {}
    for followed in follow_all(frame):
        if why_not(followed, at):
            continue
        paths, thin = forecast_paths(followed)
        if paths is None or thin:
            continue
        since = (at - int(followed.series.time[-1])) / HOUR_US
        levels = paths.level_at(since + ahead.total_seconds() * SECOND / HOUR_US)
        found[followed.series.whose, followed.series.window] = max(0.0, float(np.quantile(levels, SURE)) - paths.shown)
    return found
