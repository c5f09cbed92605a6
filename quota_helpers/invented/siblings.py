"""What the demo's server says beside the usage: the same invented month, as the server would account it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from urllib.parse import parse_qs

from .accounts import DemoAccount
from .clock import T0
from .meters import Json, filled
from .rhythm import RHYTHMS
from .truth import ELSEWHERE_SHARE, TOKENS_PER_PERCENT

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


def sibling(account: DemoAccount, what: str, now: datetime) -> Any:
    """The body of one endpoint beside the usage, or None where the server has none for this account."""
    path, _, query = what.partition("?")
    if path == RESETS:
        return filled(_NONE_EARNED if account.resets is None else account.resets, now)
    if account.name not in RHYTHMS:
        return None
    return _profile(account) if path == PROFILE else _plan_history(account, int(parse_qs(query).get("days", ["30"])[0]))


def _plan_history(account: DemoAccount, days: int) -> Json:
    """Each window that reaches into those days; of the oldest one the server does not know its beginning."""
    since = T0 - timedelta(days=days)
    periods = [period for period in _periods(account) if period["ends"] > since]
    covered = min((period["starts"] for period in periods), default=since)
    return {
        "data_as_of": _iso(T0),
        "coverage_start": _iso(max(covered, since)),
        "coverage_complete": covered >= since,
        "approximate": True,
        "boundary_tolerance_seconds": 60,
        "periods": [_sent(account, period, known=period["starts"] >= since) for period in periods],
    }


def _periods(account: DemoAccount) -> Iterator[dict[str, Any]]:
    from .history import past  # noqa: PLC0415 - a month takes a moment, and few ask for it

    month = past(account.name)
    for window in month.now.windows:
        if window.limit_id != "codex" or window.name not in month.levels or window.window_seconds is None:
            continue
        length = timedelta(seconds=window.window_seconds)
        for reset, levels in groupby(month.levels[window.name], key=lambda level: level.reset_at):
            if reset is not None:
                used = max(level.used for level in levels)
                yield {
                    "minutes": int(window.window_seconds // 60),
                    "starts": reset - length,
                    "ends": reset,
                    "used": used,
                }


def _sent(account: DemoAccount, period: dict[str, Any], *, known: bool) -> Json:
    hundredths = int(period["used"] * 100)
    dimensions = [
        {
            "dimension": name,
            "rows": [{"key": key, "basis_points": int(hundredths * part)} for key, part in parts.items()],
        }
        for name, parts in _SHARES.items()
    ]
    return {
        "id": f"period-demo-{account.seat.user_id}-{period['minutes']}-{int(period['ends'].timestamp())}",
        "window_minutes": period["minutes"],
        "plan_type": account.seat.plan,
        "starts_at": _iso(period["starts"]),
        "ends_at": _iso(period["ends"]),
        "accounting_complete": known and period["ends"] <= T0,
        "used_basis_points": hundredths if known else None,
        "breakdowns": dimensions if known else None,
    }


def _profile(account: DemoAccount) -> Json:
    """Tokens of each day, on all machines: this one's, and what others add."""
    from .history import past  # noqa: PLC0415 - as above

    month = past(account.name)
    days: dict[str, float] = {}
    for when, percents in zip(month.times, month.spent, strict=True):
        days.setdefault(f"{when:%Y-%m-%d}", 0.0)
        days[f"{when:%Y-%m-%d}"] += percents * TOKENS_PER_PERCENT["five_hour"] / (1 - ELSEWHERE_SHARE)
    whole = {day: int(tokens) for day, tokens in days.items()}
    return {
        "stats": {
            "lifetime_tokens": sum(whole.values()),
            "peak_daily_tokens": max(whole.values()),
            "longest_running_turn_sec": 1260,
            "current_streak_days": 3,
            "longest_streak_days": 12,
            "daily_usage_buckets": [{"start_date": day, "tokens": tokens} for day, tokens in whole.items()],
        }
    }


def _iso(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
