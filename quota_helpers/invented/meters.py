"""Meters that run: how much of a window is used at an instant, and the bodies that say so on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

T0: Final = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
"""The demo begins on this Monday morning."""

STEP: Final = timedelta(minutes=5)
"""Time from one collect to the next: the n-th one happens at T0 + STEP * (n - 1)."""
Json = dict[str, Any]
FULL: Final = 100


def hours_since(start: datetime, now: datetime) -> float:
    """Hours from *start* to *now*, 0 when *now* is earlier."""
    return max(0.0, (now - start).total_seconds() / 3600)


@dataclass(frozen=True, slots=True)
class Meter:
    """One window in use: it fills at a steady rate and starts anew at each reset."""

    seconds: int  # length of the window
    used: float  # percent used at `T0`
    per_hour: float  # percent used up in an hour
    minutes: int  # from `T0` to the reset of the window that runs then

    def reset_at(self, now: datetime) -> datetime:
        """When the window that runs at *now* ends."""
        first, length = T0 + timedelta(minutes=self.minutes), timedelta(seconds=self.seconds)
        return first if now < first else first + length * ((now - first) // length + 1)

    def used_percent(self, now: datetime) -> int:
        """Whole percents used at *now*: full is full, except for an overrun that was there from the beginning."""
        if now < T0 + timedelta(minutes=self.minutes):
            return int(min(max(FULL, self.used), self.used + self.per_hour * hours_since(T0, now)))
        start = self.reset_at(now) - timedelta(seconds=self.seconds)
        return int(min(FULL, self.per_hour * hours_since(start, now)))


def filled(template: Any, now: datetime) -> Any:
    """A body's template with every meter read at *now*.

    An object with a key that begins with `$` becomes what that key makes of its value; the keys beside it are added.

    >>> filled({"left": {"$left": [18000, 31, 14, 190]}}, T0 + timedelta(hours=1))
    {'left': 55}
    """
    if isinstance(template, list):
        return [filled(item, now) for item in template]
    if not isinstance(template, dict):
        return template
    made: Any = {}
    for key, value in template.items():
        if key.startswith("$"):
            made = _MAKERS[key](filled(value, now), now)
        else:
            made[key] = filled(value, now)
    return made


def _window(parts: list[Any], now: datetime) -> Json:
    meter = Meter(*parts)
    return _sent(meter.used_percent(now), meter.seconds, meter.reset_at(now), now)


def _untouched(seconds: int, now: datetime) -> Json:
    """A window that has not started: nothing used, and the reset slides along, always one full length away."""
    return _sent(0, seconds, now + timedelta(seconds=seconds), now)


def _stale(parts: list[Any], now: datetime) -> Json:
    seconds, used, minutes = parts
    return _sent(used, seconds, T0 + timedelta(minutes=minutes), now)


def _sent(used_percent: int, seconds: int, reset_at: datetime, now: datetime) -> Json:
    """A window object with its four fields; `reset_after_seconds` never runs below 0."""
    return {
        "used_percent": used_percent,
        "limit_window_seconds": seconds,
        "reset_after_seconds": max(0, int((reset_at - now).total_seconds())),
        "reset_at": int(reset_at.timestamp()),
    }


def _limit(windows: list[Json | None], _: datetime) -> Json:
    """A limit around its windows; reached as soon as one of them is full."""
    used = [window["used_percent"] for window in windows if window]
    reached = any(isinstance(percent, int) and percent >= FULL for percent in used)
    primary, secondary = windows
    return {
        "allowed": not reached,
        "limit_reached": reached,
        "primary_window": primary,
        "secondary_window": secondary,
    }


def _cap(parts: list[float], now: datetime) -> Json:
    """A cap on a month's spending: of *limit*, so much is spent at `T0` and so much more in each hour."""
    limit, at_t0, per_hour = parts
    month_start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_month = (month_start + timedelta(days=32)).replace(day=1)
    before, since = (at_t0, T0) if month_start <= T0 else (0.0, month_start)
    used = min(float(limit), before + per_hour * hours_since(since, now))
    percent = int(100 * used / limit)
    cap = {
        "source": "group_based_spend_controls",
        "limit": str(limit),
        "used": f"{used:.2f}",
        "remaining": f"{limit - used:.2f}",
        "used_percent": percent,
        "remaining_percent": 100 - percent,
        "reset_after_seconds": int((next_month - now).total_seconds()),
        "reset_at": int(next_month.timestamp()),
    }
    return {"reached": used >= limit, "reached_limit_type": None, "individual_limit": cap}


_MAKERS: Final[Mapping[str, Callable[[Any, datetime], Any]]] = {
    "$window": _window,
    "$untouched": _untouched,
    "$stale": _stale,
    "$limit": _limit,
    "$cap": _cap,
    "$left": lambda parts, now: FULL - Meter(*parts).used_percent(now),
    "$at": lambda minutes, _: f"{T0 + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
    "$ms": lambda parts, now: int(Meter(*parts).reset_at(now).timestamp() * 1000),
}
