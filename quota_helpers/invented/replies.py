"""From a request's headers to an answer: the checks that the real server makes, in its order. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

from ..times import DAY
from .accounts import WORLD, DemoAccount, Seat, body
from .history import month
from .meters import T0, Json, filled

NO_SCOPE: Final = {"plan_type": "free", "rate_limit": None, "code_review_rate_limit": None, "credits": None}
"""What a workspace seat is told when the account header is missing: no reading, and not a free plan either."""

_PAGE: Final = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1" /><title>{0}</title></head>'
    "<body><h1>{0}</h1><p>{1}</p></body></html>\n"
)
RESETS: Final = "rate-limit-reset-credits"
PLAN_HISTORY: Final = "usage/plan_limit_history"
PROFILE: Final = "profiles/me"
PATHS: Final = ("usage", RESETS, PLAN_HISTORY, PROFILE)
_NONE_EARNED: Final[Json] = {"credits": [], "available_count": 0, "total_earned_count": 0}
_SHARES: Final = {
    "model": {"gpt-6-astra": 0.7, "gpt-5.3-codex-spark": 0.3},
    "surface": {"cli": 0.8, "ide": 0.15, "cloud": 0.05},
    "thread_source": {"user": 0.9, "subagent": 0.1},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, before it is bytes on a socket."""

    status: int  # HTTP status code
    content_type: str = "application/json"  # value of the header of this name
    headers: tuple[tuple[str, str], ...] = ()  # further headers, in order
    body: bytes = b""  # the body's bytes


def as_json(document: object) -> bytes:
    """A JSON body, compact and in UTF-8, as the service sends it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def refused(name: str) -> Reply:
    """An answer that is no usage, as the real service was seen to send it; `world.json` has them by name."""
    told: Json = WORLD["refusals"][name]
    page = told.get("page")
    return Reply(
        status=told["status"],
        content_type="text/html; charset=UTF-8" if page else told.get("content_type", "application/json"),
        headers=tuple(told.get("headers", {}).items()),
        body=_PAGE.format(*page).encode() if page else as_json(told["body"]),
    )


def answer(
    authorization: str | None,
    account_id: str | None,
    *,
    accounts: Mapping[str, DemoAccount],
    now: datetime,
    what: str = "usage",
) -> Reply:
    """The answer to `GET .../wham/usage`, or to one of its siblings (*what*, with its query)."""
    account = _who(authorization, account_id, accounts, now)
    if isinstance(account, Reply):
        return account
    if what != "usage":
        told = sibling(account, what, now)
        return refused("not_found") if told is None else Reply(status=200, body=as_json(told))
    document = body(account, now)
    headers = _edge_headers(account, now)
    if account.header_skew is not None:
        headers += codex_headers(document, skew=account.header_skew)
    return Reply(status=200, body=as_json(document), headers=headers)


def _who(
    authorization: str | None, account_id: str | None, accounts: Mapping[str, DemoAccount], now: datetime
) -> DemoAccount | Reply:
    """Whom the request is from, or the answer to somebody who gets no further."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return refused("unauthorized")
    account = accounts.get(token.strip())
    if account is None:
        return refused("unknown_token")
    if account.refusal is not None:
        return refused(account.refusal)
    if not account_id and account.workspace:
        return Reply(status=200, body=as_json(NO_SCOPE), headers=_edge_headers(account, now))
    if account_id and account_id != account.seat.account_id:
        return refused("wrong_account")
    return account


def codex_headers(document: Json, *, skew: int = 0) -> tuple[tuple[str, str], ...]:
    """The same windows as `x-codex-*` headers, *skew* points higher than in the body.

    As on the wire an absent secondary is sent as zeros with an empty reset, and booleans are spelled by Python.
    """
    told: Json = {"plan-type": document["plan_type"]}
    for slot in ("primary", "secondary"):
        window = document["rate_limit"][f"{slot}_window"] or {}
        told |= {
            f"{slot}-used-percent": window["used_percent"] + skew if window else 0,
            f"{slot}-window-minutes": window.get("limit_window_seconds", 0) // 60,
            f"{slot}-reset-after-seconds": window.get("reset_after_seconds", 0),
            f"{slot}-reset-at": window.get("reset_at", ""),
        }
    for name in ("has_credits", "unlimited", "balance"):
        told[f"credits-{name.replace('_', '-')}"] = document["credits"][name]
    return tuple((f"x-codex-{name}", str(value)) for name, value in told.items())


def _edge_headers(account: DemoAccount, now: datetime) -> tuple[tuple[str, str], ...]:
    mark = hashlib.sha256(f"{account.name} {now.isoformat()}".encode()).hexdigest()
    return (
        ("x-request-id", f"req-demo-{mark[:16]}"),
        ("Set-Cookie", f"__cf_bm=demo-cookie-{mark[16:40]}; path=/; HttpOnly"),
        ("Cache-Control", "no-store"),
    )


def sibling(account: DemoAccount, what: str, now: datetime) -> Any:
    """The body of one endpoint beside the usage, or None where the server has none for this account."""
    path, _, query = what.partition("?")
    if path == RESETS:
        return filled(_NONE_EARNED if account.resets is None else account.resets, now)
    kept = month().get(account.name)
    if kept is None:
        return None
    days = int(parse_qs(query).get("days", ["30"])[0])
    return _profile(kept["tokens"]) if path == PROFILE else _plan_history(account.seat, kept["periods"], days)


def _plan_history(seat: Seat, kept: list[list[int]], days: int) -> Json:
    """Each window that reaches into those days; of the oldest one the server does not know its beginning."""
    now = int(T0.timestamp())
    since = now - days * DAY
    periods = [period for period in kept if period[2] > since]
    covered = min((begun for _, begun, _, _ in periods), default=since)
    return {
        "data_as_of": _iso(now),
        "coverage_start": _iso(max(covered, since)),
        "coverage_complete": covered >= since,
        "approximate": True,
        "boundary_tolerance_seconds": 60,
        "periods": [_period(seat, *period, known=period[1] >= since) for period in periods],
    }


def _period(seat: Seat, minutes: int, begun: int, end: int, hundredths: int, *, known: bool) -> Json:
    dimensions = [
        {
            "dimension": name,
            "rows": [{"key": key, "basis_points": int(hundredths * part)} for key, part in parts.items()],
        }
        for name, parts in _SHARES.items()
    ]
    return {
        "id": f"period-demo-{seat.user_id}-{minutes}-{end}",
        "window_minutes": minutes,
        "plan_type": seat.plan,
        "starts_at": _iso(begun),
        "ends_at": _iso(end),
        "accounting_complete": known and end <= T0.timestamp(),
        "used_basis_points": hundredths if known else None,
        "breakdowns": dimensions if known else None,
    }


def _profile(tokens: Mapping[str, int]) -> Json:
    """Tokens of each day, on all machines: this one's, and what others add."""
    return {
        "stats": {
            "lifetime_tokens": sum(tokens.values()),
            "peak_daily_tokens": max(tokens.values()),
            "longest_running_turn_sec": 1260,
            "current_streak_days": 3,
            "longest_streak_days": 12,
            "daily_usage_buckets": [{"start_date": day, "tokens": spent} for day, spent in tokens.items()],
        }
    }


def _iso(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"
