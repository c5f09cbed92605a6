"""The demo's time: it stands still until somebody moves it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

T0: Final = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
"""The demo begins on this Monday morning."""

STEP: Final = timedelta(minutes=5)
"""Time from one collect to the next: the n-th one happens at T0 + STEP * (n - 1)."""


class DemoClock:
    """A clock to call: aware UTC, the same instant until `advance`."""

    def __init__(self, now: datetime = T0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """The demo's present moment."""
        return self._now

    def advance(self) -> datetime:
        """Move on by one `STEP`, and say what time it is now."""
        with self._lock:
            self._now += STEP
            return self._now


def hours_since(start: datetime, now: datetime) -> float:
    """Hours from *start* to *now*, 0 when *now* is earlier."""
    return max(0.0, (now - start).total_seconds() / 3600)
