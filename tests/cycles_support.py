"""Readings of one window, written as rows of numbers, and what the cycles make of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from quota_helpers.models import COLUMNS
from quota_helpers.periods import cycles, follow_all

START = datetime(2026, 9, 1, tzinfo=UTC)
WEEK = 604_800
FIVE = 18_000
SECOND = 1 / 3600  # in the rows' unit, hours
KINDS = ("confirmed", "unconfirmed", "not_started", "no number")
SAME = ("account_key", "account", "limit", "window", "fetched_at", "used_percent", "reset_at")


def readings(*rows, seconds=WEEK, window="weekly"):
    """Rows of (hours since START, percent used, hours since START of the announced reset)."""
    frame = pd.DataFrame(
        {
            "account": "ada",
            "account_key": "k",
            "limit": "codex",
            "window": window,
            "window_seconds": float(seconds),
            "used_percent": [float(row[1]) for row in rows],
            "reset_at": pd.to_datetime(
                [None if row[2] is None else START + timedelta(hours=row[2]) for row in rows], utc=True
            ),
            "fetched_at": [START + timedelta(hours=row[0]) for row in rows],
        }
    )
    return frame.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def label_readings(frame):
    """A copy of the frame with the columns `cycle` (missing where a reading belongs to none) and `reading`, in words.

    A row that repeats a reading tells the same as the one that counts.
    """
    same = [repr(row) for row in frame[list(SAME)].itertuples(index=False)]
    found = {
        same[row]: (None if cycle < 0 else cycle, KINDS[reading])
        for one in follow_all(frame)
        for row, cycle, reading in zip(one.series.rows, one.cycle, one.reading, strict=True)
    }
    told = [found.get(row, (None, "no number")) for row in same]
    return frame.assign(cycle=pd.array([cycle for cycle, _ in told], "Int64"), reading=[reading for _, reading in told])


def ends(frame):
    return cycles(frame)["end"].tolist()


def kinds(frame):
    return label_readings(frame)["reading"].tolist()
