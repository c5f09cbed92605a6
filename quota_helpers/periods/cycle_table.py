"""The cycles of all windows as a frame, and how fast windows are used in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from ..labels import Names
from ..tables import frame_of
from ..times import HOUR, SECOND
from .follow import Followed, follow
from .readings import picked, series_of

CYCLE_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "limit": "str",
    "window": "str",
    "cycle": "int64",  # number within the window of the account, from 0
    "began_at": "datetime64[us, UTC]",  # its first reading
    "seen_at": "datetime64[us, UTC]",  # its last reading
    "reset_at": "datetime64[us, UTC]",  # the reset as it was announced last
    "end": "str",  # how it ended
    "ended_at": "datetime64[us, UTC]",  # when: the announced reset, else the first reading that shows the early end
    "first_used": "float64",  # percent at the first reading
    "last_used": "float64",  # percent at the last reading
    "peak_used": "float64",  # percent, the highest
    "readings": "int64",
    "window_seconds": "float64",
}
"""Columns of `cycles`, name -> dtype."""

_OF_A_CYCLE: Final = {
    "began_at": "begun",
    "seen_at": "seen",
    "reset_at": "reset",
    "end": "end",
    "ended_at": "ended",
    "first_used": "first",
    "last_used": "last",
    "peak_used": "peak",
    "readings": "readings",
}

BURN: Final = ("points", "hours", "burn_per_hour", "burn_per_day")
"""The columns that `with_burn` adds."""

OF_CYCLES: Final = ("began_at", "seen_at", "first_used", "peak_used")
"""The columns by which it knows a frame of cycles."""


def follow_all(
    frame: pd.DataFrame,
    accounts: Names = None,
    windows: Names = None,
    limits: Names = None,
    known: Sequence[Followed] | None = None,
) -> list[Followed]:
    """Every window of every account that is asked for, with its cycles and what became of each reading.

    What is asked for are names or keys, as everywhere; None means all. *known*: what was found in the whole frame
    before. Raises as `frames.readings` and `labels.choose`.
    """
    if known is None:
        return [follow(series) for series in picked(series_of(frame), accounts, windows, limits)]
    wanted = {id(series) for series in picked([one.series for one in known], accounts, windows, limits)}
    return [one for one in known if id(one.series) in wanted]


def cycles(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each filling of a window, from one reset to the next, with `CYCLE_COLUMNS`.

    Announced resets that differ by at most 10 minutes (five hours) to 30 minutes (a week and longer) are the same one.
    A fall of the percentage ends a cycle if the announced reset has passed, or if a second reading agrees and the old
    window does not come back before its reset: single odd readings and a server that takes turns between two windows
    (flapping) end nothing, nor does a reset that slides along while the window is used. A window that has not started
    has no cycle; a stretch without readings of it has none. A reading that the frame holds twice counts once.

    `end` is one of
    - "scheduled": the announced reset came;
    - "early, clock restarted": the window was refilled before, and a full length begins anew;
    - "early, clock kept": it was refilled before, and the announced reset stays;
    - "clock moved": the announced reset changed, nothing was refilled;
    - "unknown": it was refilled, and no reset was announced (the oldest session logs do not);
    - "open": it goes on.

    Args:
        frame: Many readings over time, in any order, with at least the columns `account_key`, `limit`, `window`,
            `used_percent`, `reset_at`, `window_seconds` and `fetched_at`.

    Raises:
        TypeError: It is no DataFrame.
        ValueError: It has not these columns.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> from quota_helpers.frames import to_frame
    >>> found = cycles(to_frame(demo_snapshots()))
    >>> found.loc[found["end"] == "early, clock kept", ["account", "window", "last_used"]].to_numpy().tolist()
    [['team-blue', 'weekly', 29.0]]
    """
    rows = (
        one.series.names
        | {"cycle": number, "window_seconds": one.series.length}
        | {column: getattr(cycle, name) for column, name in _OF_A_CYCLE.items()}
        for one in follow_all(frame)
        for number, cycle in enumerate(one.cycles)
    )
    return frame_of(rows, CYCLE_COLUMNS)


def with_burn(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the columns `points` (of percent), `hours`, `burn_per_hour` and `burn_per_day` (points in each).

    Of readings they tell what happened since the reading before: unknown for the first of a cycle, for a reading that
    belongs to none, and after a pause (2 hours of a five-hour window, 12 of a week), for nobody knows when it was used.
    Of cycles: from the first reading to the peak, over the time that was seen. A mean of several rows weighs each with
    its hours: the sum of `points` through the sum of `hours`.

    Args:
        frame: Readings over time, or the frame of `cycles`; it is not changed.

    Raises:
        TypeError, ValueError: It is neither.

    >>> readings = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "used_percent": [1.0, 2, 5],
    ...     "reset_at": pd.Timestamp("2026-11-27", tz="UTC"), "window_seconds": 604800.0,
    ...     "fetched_at": pd.to_datetime(["2026-11-21T10:00Z", "2026-11-21T12:00Z", "2026-11-21T13:00Z"])})
    >>> with_burn(readings)["burn_per_hour"].tolist()
    [nan, 0.5, 3.0]
    """
    if isinstance(frame, pd.DataFrame) and set(OF_CYCLES) <= set(frame.columns):
        hours = ((frame["seen_at"] - frame["began_at"]) / pd.Timedelta(hours=1)).to_numpy("float64", na_value=np.nan)
        points = (frame["peak_used"] - frame["first_used"]).to_numpy("float64", na_value=np.nan)
    else:
        points, hours = np.full((2, len(frame)), np.nan)
        for followed in follow_all(frame):
            series, rows = followed.series, followed.believed
            passed = np.diff(series.time[rows])
            near = (np.diff(followed.cycle[rows]) == 0) & (passed <= series.longest_pause)
            later = series.rows[rows[1:][near]]
            points[later], hours[later] = np.diff(series.used[rows])[near], passed[near] / (HOUR * SECOND)
    known = (hours > 0) & ~np.isnan(points)
    points, hours = np.where(known, points, np.nan), np.where(known, hours, np.nan)
    rate = points / hours
    return frame.assign(points=points, hours=hours, burn_per_hour=rate, burn_per_day=rate * 24)
