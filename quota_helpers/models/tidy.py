"""Plain values of what was read: the columns of the tidy frame, a snapshot's rows with those names, and JSON of any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from .snapshot import Limit, QuotaWindow, UsageSnapshot

COLUMNS: Final[dict[str, str]] = {
    "account": "str",  # its label: the name its file gave, or the masked e-mail
    "account_key": "str",  # short one-way hash of user and account
    "plan": "str",  # as the server spelled it
    "limit": "str",  # "codex" for the account's own, else the limit's id; "spend:..." for money
    "limit_name": "str",  # the server's name of the limit for people
    "window": "str",  # five_hour, weekly, monthly, daily, else the length; missing = no window was sent
    "slot": "str",  # where in the reply it stood: primary, secondary, a key
    "used_percent": "float64",  # 0 and up, in percent
    "remaining_percent": "float64",  # never below 0, in percent
    "reset_at": "datetime64[us, UTC]",  # when the window is whole again
    "resets_in": "timedelta64[us]",  # reset_at - fetched_at; negative when stale
    "window_seconds": "float64",  # length of the window, in seconds
    "state": "str",  # current, stale, not_started, unknown; as of fetched_at
    "allowed": "boolean",  # the server's word for this limit
    "limit_reached": "boolean",  # the same; not the opposite of allowed
    "reached_type": "str",  # what was reached, in the server's words
    "blocked": "str",  # why nothing goes through, in words; missing = not blocked
    "name_inferred": "boolean",  # the window was named by slot or key, for want of a length
    "origin": "str",  # usage, app_server, headers, session, demo
    "fetched_at": "datetime64[us, UTC]",  # when the server said so
}
"""Column name -> dtype; an empty frame keeps them all."""

INVENTED_ORIGIN: Final = "demo"
"""`origin` of readings of the demo's invented accounts."""

INVENTED_SESSIONS: Final = "0199d000-0000-7000-8000-"
"""What the ids of the demo's invented sessions begin with."""


def tidy_rows(snapshot: UsageSnapshot) -> Iterator[dict[str, Any]]:
    """One row per limit and window, with the names of `COLUMNS`; what is missing in a row is not known.

    A snapshot (and a limit) without windows keeps one row, and so does an own limit without windows that lets nothing
    through: no other row would say so. Spend limits are rows with the window "monthly". Money is in two words beside
    them, "credits" and "spent", which are no columns: their unit would be lost there.
    """
    limits = {limit.limit_id: limit for limit in snapshot.limits}
    metered = {window.limit_id for window in snapshot.windows}
    known = whose(snapshot)
    for window in snapshot.windows:
        yield known | window_row(window, snapshot.fetched_at) | _said(snapshot, limits.get(window.limit_id))
    alone = not snapshot.windows or (snapshot.blocked and "codex" not in metered)
    own = [limits.get("codex") or Limit(limit_id="codex")] if alone else []
    metered |= {limit.limit_id for limit in own}
    for limit in (*own, *(limit for limit in snapshot.limits if limit.limit_id not in metered)):
        about = {"limit": limit.limit_id, "limit_name": limit.limit_name, "state": "unknown"}
        yield known | about | _said(snapshot, limit)
    for cap in snapshot.spend_limits:
        money = {"limit_reached": snapshot.spend_reached, "spent": cap.said}
        yield known | window_row(cap.as_window(), snapshot.fetched_at) | money


def whose(snapshot: UsageSnapshot) -> dict[str, Any]:
    """The columns that all rows of a snapshot share: whose they are, by which carrier, and when."""
    said = {name: getattr(snapshot, name) for name in ("account", "account_key", "plan", "origin", "fetched_at")}
    return said | {"credits": snapshot.credits.said if snapshot.credits else ""}


def window_row(window: QuotaWindow, now: datetime) -> dict[str, Any]:
    """What one window says, as of *now*."""
    return {
        "limit": window.limit_id,
        "limit_name": window.limit_name,
        "window": window.name,
        "slot": window.slot,
        "used_percent": window.used_percent,
        "remaining_percent": window.remaining_percent,
        "reset_at": window.reset_at,
        "resets_in": window.resets_in(now),
        "window_seconds": window.window_seconds,
        "state": window.state(now),
        "name_inferred": window.name_inferred,
    }


def plain(value: Any, *, whole: bool = False) -> Any:
    """A value of ours as JSON: amounts as their exact text, times as ISO 8601 in UTC, without `paths` and `fetched_at`.

    Args:
        value: A snapshot's part, or a list, a dict or a number of such.
        whole: As people write it: whole numbers without a decimal point, times without a fraction of a second.
    """
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        when = value.replace(microsecond=0) if whole else value
        return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and whole and value == int(value):
        return int(value)
    if is_dataclass(value):
        value = {item.name: getattr(value, item.name) for item in fields(value)}
        value = {name: item for name, item in value.items() if name not in {"paths", "fetched_at"}}
    if isinstance(value, dict):
        return {name: plain(item, whole=whole) for name, item in value.items()}
    return [plain(item, whole=whole) for item in value] if isinstance(value, list | tuple) else value


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
