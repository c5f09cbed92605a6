"""Readings of one window, written as rows of numbers, and what the cycles make of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from quota_helpers.models import COLUMNS
from quota_helpers.periods import cycles, label_readings

START = datetime(2026, 9, 1, tzinfo=UTC)
WEEK = 604_800
FIVE = 18_000
SECOND = 1 / 3600  # in the rows' unit, hours


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


def ends(frame):
    return cycles(frame)["end"].tolist()


def kinds(frame):
    return label_readings(frame)["reading"].tolist()
