"""Meters that run: how much of a window is used at an instant, and the window object that says so on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from .clock import T0, hours_since

Json = dict[str, Any]

FULL: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One window in use: it fills at a steady rate and starts anew at each reset.

    Attributes:
        seconds: Length of the window.
        used: Percent used at `T0`.
        per_hour: Percent used up in an hour.
        resets_in: Time from `T0` to the reset of the window that runs then.
    """

    seconds: int
    used: float
    per_hour: float = 0.0
    resets_in: timedelta

    def reset_at(self, now: datetime) -> datetime:
        """When the window that runs at *now* ends."""
        first, length = T0 + self.resets_in, timedelta(seconds=self.seconds)
        return first if now < first else first + length * ((now - first) // length + 1)

    def used_percent(self, now: datetime) -> int:
        """Whole percents used at *now*: full is full, except for an overrun that was there from the beginning."""
        if now < T0 + self.resets_in:
            return int(min(max(FULL, self.used), self.used + self.per_hour * hours_since(T0, now)))
        start = self.reset_at(now) - timedelta(seconds=self.seconds)
        return int(min(FULL, self.per_hour * hours_since(start, now)))

    def window(self, now: datetime) -> Json:
        """The window as the usage endpoint sends it."""
        return window(used_percent=self.used_percent(now), seconds=self.seconds, reset_at=self.reset_at(now), now=now)


def window(*, used_percent: int, seconds: int, reset_at: datetime, now: datetime) -> Json:
    """A window object with its four fields; `reset_after_seconds` never runs below 0."""
    return {
        "used_percent": used_percent,
        "limit_window_seconds": seconds,
        "reset_after_seconds": max(0, int((reset_at - now).total_seconds())),
        "reset_at": int(reset_at.timestamp()),
    }


def untouched(seconds: int, now: datetime) -> Json:
    """A window that has not started: nothing used, and the reset slides along, always one full length away."""
    return window(used_percent=0, seconds=seconds, reset_at=now + timedelta(seconds=seconds), now=now)


def rate_limit(primary: Json | None, secondary: Json | None = None) -> Json:
    """A limit around its windows; reached as soon as one of them is full."""
    reached = any(isinstance(used, int) and used >= FULL for used in map(_used, (primary, secondary)))
    return {
        "allowed": not reached,
        "limit_reached": reached,
        "primary_window": primary,
        "secondary_window": secondary,
    }


def _used(sent: Json | None) -> object:
    return None if sent is None else sent["used_percent"]
