"""A collection as text: the command line's table, and one JSON document. Pure; needs no pandas."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final
from unicodedata import combining, east_asian_width

from .models import QuotaWindow, SpendLimit, UsageSnapshot
from .outcomes import Collection, Failure
from .privacy import printable

TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S %Z"
NOT_SENT: Final = "-"  # the server sent no such window
NOT_READABLE: Final = "?"  # it sent one that could not be read

Reading = QuotaWindow | SpendLimit


def table(collection: Collection, zone: tzinfo | None = None) -> list[str]:
    """The lines of the table: remaining percentages and resets, the account with most left first.

    `account  five_hour%  weekly%  weekly_reset`, then whatever further windows some account has.
    `-` means that the server sent no such window, `?` that it sent one which could not be read.

    Args:
        collection: What one run brought home.
        zone: Time zone of the resets; None is this machine's.
    """
    rows = [(snapshot, _readings(snapshot)) for snapshot in collection.snapshots]
    rows.sort(key=lambda row: _order(*row))
    columns = _columns([readings for _, readings in rows])
    cells = [["account", *(title for title, _, _ in columns)]]
    for snapshot, readings in rows:
        cells.append(
            [printable(snapshot.account or "?"), *(show(readings.get(name), zone) for _, name, show in columns)]
        )
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in cells]


def stale_notes(collection: Collection, zone: tzinfo | None = None) -> list[str]:
    """A line for every reading whose reset had already passed when the server sent it: its percentage is history."""
    return [
        f"{snapshot.account}: {name} is stale: its reset {_time(reading, zone)} has passed, so the percentage is old."
        for snapshot in collection.snapshots
        for name, reading in _readings(snapshot).items()
        if isinstance(reading, QuotaWindow) and reading.state(snapshot.fetched_at) == "stale"
    ]


def document(collection: Collection) -> dict[str, Any]:
    """The collection as one JSON document: `fetched_at`, `accounts`, `failures`; times in ISO 8601, UTC."""
    return {
        "fetched_at": _iso(collection.fetched_at),
        "accounts": [_account(snapshot) for snapshot in collection.snapshots],
        "failures": [_failure(failure) for failure in collection.failures],
    }


def _readings(snapshot: UsageSnapshot) -> dict[str, Reading]:
    """Column name -> reading: the account's own windows by their bare name, others with their limit in front."""
    readings: dict[str, Reading] = {}
    for window in snapshot.windows:
        name = window.name if window.limit_id == "codex" else f"{window.limit_id}.{window.name}"
        # Two windows of one length in one limit: the slot tells them apart.
        readings[name if name not in readings else f"{name}:{window.slot}"] = window
    for spend in snapshot.spend_limits:
        readings.setdefault(spend.limit_id, spend)
    return readings


def _columns(
    rows: Sequence[Mapping[str, Reading]],
) -> list[tuple[str, str, Callable[[Reading | None, tzinfo | None], str]]]:
    """(title, reading, how to show it) of every column after the first."""
    columns: list[tuple[str, str, Callable[[Reading | None, tzinfo | None], str]]] = [
        ("five_hour%", "five_hour", _percent),
        ("weekly%", "weekly", _percent),
        ("weekly_reset", "weekly", _time),
    ]
    if any("five_hour" in row for row in rows):
        columns.append(("five_hour_reset", "five_hour", _time))
    # The accounts' own further windows first, then the other limits', each in the order of their first appearance.
    further = dict.fromkeys(name for row in rows for name in row if name not in {"five_hour", "weekly"})
    for name in sorted(further, key=lambda name: "." in name or ":" in name):
        shown = printable(name)
        columns += [(f"{shown}%", name, _percent), (f"{shown}_reset", name, _time)]
    return columns


def _order(snapshot: UsageSnapshot, readings: Mapping[str, Reading]) -> tuple[float, float, float, str]:
    weekly = readings.get("weekly")
    reset = weekly.reset_at.timestamp() if weekly and weekly.reset_at else math.inf
    return _spent(readings.get("five_hour")), _spent(weekly), reset, snapshot.account or ""


def _spent(reading: Reading | None) -> float:
    """Sorts most left first and unknown last."""
    return math.inf if reading is None or reading.remaining_percent is None else -reading.remaining_percent


def _percent(reading: Reading | None, _: tzinfo | None) -> str:
    if reading is None:
        return NOT_SENT
    left = reading.remaining_percent
    return NOT_READABLE if left is None else f"{left:g}"


def _time(reading: Reading | None, zone: tzinfo | None) -> str:
    if reading is None:
        return NOT_SENT
    if reading.reset_at is None:
        return NOT_READABLE
    try:
        return reading.reset_at.astimezone(zone).strftime(TIME_FORMAT)
    except (OverflowError, OSError, ValueError):
        # The system's local-time functions refuse far years (Windows: beyond 3000); the instant itself is fine.
        return reading.reset_at.astimezone(UTC).strftime(TIME_FORMAT)


def _width(text: str) -> int:
    """Columns of a terminal: none for a combining mark (macOS splits `ü` in file names), two for a wide character."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _account(snapshot: UsageSnapshot) -> dict[str, Any]:
    return {
        "account": snapshot.account,
        "account_key": snapshot.account_key,
        "plan": snapshot.plan,
        "allowed": snapshot.allowed,
        "limit_reached": snapshot.limit_reached,
        "windows": [_window(window, snapshot.fetched_at) for window in snapshot.windows],
        "credits": _plain(snapshot.credits),
        "spend_limits": [
            _plain(spend) | {"remaining_percent": spend.remaining_percent} for spend in snapshot.spend_limits
        ],
        "reset_credits": _plain(snapshot.reset_credits),
        "notes": list(snapshot.notes),
    }


def _window(window: QuotaWindow, fetched_at: datetime) -> dict[str, Any]:
    return {
        "limit": window.limit_id,
        "window": window.name,
        "slot": window.slot,
        "used_percent": window.used_percent,
        "remaining_percent": window.remaining_percent,
        "reset_at": _iso(window.reset_at),
        "window_seconds": window.window_seconds,
        "state": window.state(fetched_at),
        "name_inferred": window.name_inferred,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "account": failure.account,
        "error": failure.kind,
        "status": failure.status,
        "message": failure.message,
        "hint": failure.hint,
    }


def _plain(value: Any) -> Any:
    """A value of ours as JSON: decimals as strings (they are exact), times as ISO 8601, paths left out."""
    if is_dataclass(value):
        skipped = {"paths", "fetched_at"}
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.name not in skipped}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return _iso(value)
    return list(value) if isinstance(value, tuple) else value


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
