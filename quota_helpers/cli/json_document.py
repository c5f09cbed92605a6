"""A collection as one JSON document."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ..models import QuotaWindow, UsageSnapshot
from ..outcomes import Collection, Failure


def document(collection: Collection, *, demo: bool = False) -> dict[str, Any]:
    """The collection as one JSON document: `fetched_at`, `demo`, `accounts`, `failures`; times in ISO 8601, UTC.

    Args:
        collection: What one run brought home.
        demo: Whether the accounts are the demo's invented ones.
    """
    return {
        "fetched_at": _iso(collection.fetched_at),
        "demo": demo,
        "accounts": [_account(snapshot) for snapshot in collection.snapshots],
        "failures": [_failure(failure) for failure in collection.failures],
    }


def _account(snapshot: UsageSnapshot) -> dict[str, Any]:
    return {
        "account": snapshot.account,
        "account_key": snapshot.account_key,
        "plan": snapshot.plan,
        "allowed": snapshot.allowed,
        "limit_reached": snapshot.limit_reached,
        "reached_type": snapshot.reached_type,
        "blocked": snapshot.blocked,
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
        "limit_name": window.limit_name,
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
