"""The three numbers of a window or a cap: share used, length, reset; each in several spellings that may disagree."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ..fields import (
    Fields,
    to_instant,
    to_instant_ms,
    to_minutes,
    to_number,
    to_percent,
    to_remaining,
    to_seconds,
)

RESET_TOLERANCE: Final = timedelta(seconds=120)
LENGTH_TOLERANCE: Final = 60.0


def read_percent(fields: Fields) -> float | None:
    """The share used, in percent: as sent, else 100 minus what is left; "used" counts where both are given."""
    used = fields.read("used_percent", to_percent)
    remaining = fields.read("remaining_percent", to_remaining)
    if remaining is None:
        return used
    if used is None:
        fields.paths["used_percent"] = fields.paths["remaining_percent"]
        return round(100.0 - remaining, 9)
    path = fields.paths.pop("remaining_percent")
    fields.ignored(path, "used_percent", "what is used is given as well, and counts")
    if abs(max(0.0, 100.0 - used) - remaining) > 1:
        fields.log.note("used and remaining percent disagree; used counts", path)
    return used


def read_length(fields: Fields) -> float | None:
    """The window's length in seconds, from seconds or minutes."""
    seconds = fields.read("window_seconds", to_seconds)
    minutes = fields.read("window_minutes", to_minutes)
    if minutes is None:
        return seconds
    if seconds is None:
        fields.paths["window_seconds"] = fields.paths["window_minutes"]
        return minutes
    path = fields.paths.pop("window_minutes")
    fields.ignored(path, "window_seconds", "the length in seconds is given as well, and counts")
    if abs(seconds - minutes) > LENGTH_TOLERANCE:
        fields.log.note("length in minutes disagrees with the length in seconds, which counts", path)
    return seconds


def read_reset(fields: Fields, fetched_at: datetime) -> datetime | None:
    """When it is whole again (aware, UTC): the instant as sent, else *fetched_at* plus the seconds to go."""
    reset_at = fields.read("reset_at", to_instant)
    millis = fields.read("reset_at_ms", to_instant_ms)
    if millis is not None:
        reset_at = _also(fields, reset_at, millis, "reset_at_ms")
    seconds = fields.read("reset_after_seconds", to_number)
    if seconds is not None:
        try:
            relative = fetched_at + timedelta(seconds=seconds)
        except OverflowError:
            path = fields.paths.pop("reset_after_seconds")
            fields.log.broken(path, "reset_at", "expected seconds to a reset, found a number out of range", fields)
        else:
            reset_at = _also(fields, reset_at, relative, "reset_after_seconds")
    return reset_at


def _also(fields: Fields, reset_at: datetime | None, other: datetime, name: str) -> datetime:
    """The instant that counts, of one known already and *other*, which was read from the field *name*."""
    if reset_at is None:
        fields.paths["reset_at"] = fields.paths[name]
        return other
    path = fields.paths.pop(name)
    fields.ignored(path, "reset_at", "reset_at is given as well, and counts")
    if abs(other - reset_at) > RESET_TOLERANCE:
        fields.log.note("disagrees with reset_at by more than two minutes; reset_at counts", path)
    return reset_at
