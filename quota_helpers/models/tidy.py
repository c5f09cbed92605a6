"""A snapshot as plain rows: one for each limit and window, with the names of `COLUMNS`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .snapshot import Limit, SpendLimit, UsageSnapshot
from .window import QuotaWindow, window_state


def tidy_rows(snapshot: UsageSnapshot) -> Iterator[dict[str, Any]]:
    """One row per limit and window; what is missing in a row is not known.

    A snapshot (and a limit) without windows keeps one row; spend limits are rows with the window "monthly". Money is
    in two words beside them, "credits" and "spent", which are no columns: their unit would be lost there.
    """
    limits = {limit.limit_id: limit for limit in snapshot.limits}
    metered = {window.limit_id for window in snapshot.windows}
    for window in snapshot.windows:
        yield _window_row(snapshot, limits.get(window.limit_id), window)
    if not snapshot.windows:
        yield _bare_row(snapshot, limits.get("codex") or Limit(limit_id="codex"))
        metered.add("codex")
    for limit in snapshot.limits:
        if limit.limit_id not in metered:
            yield _bare_row(snapshot, limit)
    for spend in snapshot.spend_limits:
        yield _spend_window_row(snapshot, spend)


def whose(snapshot: UsageSnapshot) -> dict[str, Any]:
    """The columns that all rows of a snapshot share: whose they are, by which carrier, and when."""
    return {
        "account": snapshot.account,
        "account_key": snapshot.account_key,
        "plan": snapshot.plan,
        "origin": snapshot.origin,
        "fetched_at": snapshot.fetched_at,
        "credits": snapshot.credits.said if snapshot.credits else "",
    }


def _window_row(snapshot: UsageSnapshot, limit: Limit | None, window: QuotaWindow) -> dict[str, Any]:
    return (
        whose(snapshot)
        | {
            "limit": window.limit_id,
            "limit_name": window.limit_name,
            "window": window.name,
            "slot": window.slot,
            "used_percent": window.used_percent,
            "remaining_percent": window.remaining_percent,
            "reset_at": window.reset_at,
            "resets_in": window.resets_in(snapshot.fetched_at),
            "window_seconds": window.window_seconds,
            "state": window.state(snapshot.fetched_at),
            "name_inferred": window.name_inferred,
        }
        | _said(snapshot, limit)
    )


def _bare_row(snapshot: UsageSnapshot, limit: Limit) -> dict[str, Any]:
    return (
        whose(snapshot)
        | {
            "limit": limit.limit_id,
            "limit_name": limit.limit_name,
            "state": "unknown",
        }
        | _said(snapshot, limit)
    )


def _said(snapshot: UsageSnapshot, limit: Limit | None) -> dict[str, Any]:
    """What the server said about the limit as a whole; about the account's own it says more in other places."""
    if limit is None:
        return {}
    whole = snapshot if limit.limit_id == "codex" else limit
    return {
        "allowed": limit.allowed,
        "limit_reached": limit.limit_reached,
        "reached_type": whole.reached_type,
        "blocked": whole.blocked,
    }


def _spend_window_row(snapshot: UsageSnapshot, spend: SpendLimit) -> dict[str, Any]:
    state = window_state(
        used_percent=spend.used_percent,
        reset_at=spend.reset_at,
        window_seconds=None,
        fetched_at=snapshot.fetched_at,
        now=snapshot.fetched_at,
    )
    return whose(snapshot) | {
        "limit": spend.limit_id,
        "window": "monthly",
        "slot": spend.slot,
        "used_percent": spend.used_percent,
        "remaining_percent": spend.remaining_percent,
        "reset_at": spend.reset_at,
        "resets_in": None if spend.reset_at is None else spend.reset_at - snapshot.fetched_at,
        "state": state,
        "limit_reached": snapshot.spend_reached,
        "name_inferred": False,
        "spent": spend.said,
    }
