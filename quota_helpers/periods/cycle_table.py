"""The cycles of all windows as a frame, and the readings with what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from ..labels import Names
from .follow import READINGS, Followed, follow
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


def follow_all(
    frame: pd.DataFrame,
    accounts: Names = None,
    windows: Names = None,
    limits: Names = None,
    known: Sequence[Followed] | None = None,
) -> list[Followed]:
    """Every window of every account that is asked for, with its cycles and what became of each reading.

    Args:
        frame: Many readings over time.
        accounts: Names or keys; None means all, as below.
        windows: Names of windows.
        limits: Ids of limits, or the server's names for them.
        known: What was found in the whole frame before; None means to find it now.

    Raises:
        TypeError, ValueError: As `frames.readings` and `picked`.
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
    rows: list[dict[str, Any]] = [
        {
            "account": followed.series.account,
            "account_key": followed.series.account_key,
            "limit": followed.series.limit,
            "window": followed.series.window,
            "cycle": number,
            "began_at": cycle.begun,
            "seen_at": cycle.seen,
            "reset_at": cycle.reset,
            "end": cycle.end,
            "ended_at": cycle.ended,
            "first_used": cycle.first,
            "last_used": cycle.last,
            "peak_used": cycle.peak,
            "readings": cycle.readings,
            "window_seconds": followed.series.length,
        }
        for followed in follow_all(frame)
        for number, cycle in enumerate(followed.cycles)
    ]
    return typed_frame(rows, CYCLE_COLUMNS)


def label_readings(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of the frame with two columns more.

    `cycle`: number of the cycle as in `cycles`, missing where the reading belongs to none. `reading`: "confirmed";
    "unconfirmed" (an odd one, or from another window than the one going on); "not_started"; "no number".
    """
    cycle = np.full(len(frame), -1, np.int64)
    reading = np.full(len(frame), READINGS.index("no number"), np.uint8)
    for followed in follow_all(frame):
        cycle[followed.series.rows] = followed.cycle
        reading[followed.series.rows] = followed.reading
        cycle[followed.series.copies] = followed.cycle[followed.series.copied]
        reading[followed.series.copies] = followed.reading[followed.series.copied]
    return frame.assign(
        cycle=pd.arrays.IntegerArray(cycle, cycle < 0),
        reading=pd.array(READINGS, dtype="str").take(reading.astype(np.intp)),
    )


def typed_frame(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a frame with these columns, missing where a row lacks one; their times are microseconds since 1970."""
    made = {}
    for name, dtype in columns.items():
        values = [row.get(name) for row in rows]
        timed = dtype.startswith("datetime64")
        made[name] = pd.Series(pd.DatetimeIndex(np.array(values, "M8[us]"), tz="UTC") if timed else values, dtype=dtype)
    return pd.DataFrame(made)
