"""What the usage endpoint says to each demo account: one function per shape that the world has seen.

Every function takes the seat and the instant and returns the whole body; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..times import FIVE_HOURS, MONTH, WEEK
from .clock import T0, hours_since
from .meters import Json, Meter, rate_limit, untouched, window

MONTHLY_CAP: Final = 250
SPENT_AT_T0: Final = 91.4
SPENT_PER_HOUR: Final = 3.6
NINE_HOURS: Final = 32_400
QUARTER_HOUR: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who asks: a person in an account, and the plan the server names."""

    user_id: str
    account_id: str
    email: str
    plan: str


Usage = Callable[[Seat, datetime], Json]


def modern(seat: Seat, **blocks: object) -> Json:
    """A complete body of November 2026 in the server's order; *blocks* replace or add top-level fields."""
    limit = blocks.get("rate_limit")
    reached = isinstance(limit, dict) and limit["limit_reached"]
    return {
        "user_id": seat.user_id,
        "account_id": seat.account_id,
        "email": seat.email,
        "plan_type": seat.plan,
        "rate_limit": None,
        "code_review_rate_limit": None,
        "additional_rate_limits": None,
        "model_usage": {"gpt-6-astra": {"available": True, "available_at": None, "credits_would_enable": False}},
        "credits": no_credits(),
        "spend_control": {"reached": False, "individual_limit": None},
        "rate_limit_reached_type": {"type": "rate_limit_reached", "details": "default"} if reached else None,
        "rate_limit_upsell": None,
        "promo": None,
        "rate_limit_reset_credits": {"available_count": 0, "applicable_available_count": 0},
        "ordinary_usage_allowed": not reached,
    } | blocks


def no_credits() -> Json:
    """What stands there for an account that has bought none."""
    return {
        "has_credits": False,
        "unlimited": False,
        "overage_limit_reached": False,
        "balance": "0",
        "approx_local_messages": [0, 0],
        "approx_cloud_messages": [0, 0],
    }


def bought_credits(balance: str, *, local: list[int], cloud: list[int]) -> Json:
    """Credits bought: the balance is a decimal string on the wire, the messages a rough range."""
    return no_credits() | {
        "has_credits": True,
        "balance": balance,
        "approx_local_messages": local,
        "approx_cloud_messages": cloud,
    }


def model_limit(name: str, feature: str, limit: Json | None) -> Json:
    """One entry of `additional_rate_limits`: a limit of its own, beside the account's."""
    return {"limit_name": name, "metered_feature": feature, "rate_limit": limit, "normal_model_slug": None}


def classic(seat: Seat, now: datetime) -> Json:
    """Plus: five hours and a week, with credits and earned resets."""
    five = Meter(seconds=FIVE_HOURS, used=31, per_hour=14, resets_in=timedelta(hours=3, minutes=10))
    week = Meter(seconds=WEEK, used=42, per_hour=2.5, resets_in=timedelta(days=3, hours=4))
    return modern(
        seat,
        rate_limit=rate_limit(five.window(now), week.window(now)),
        credits=bought_credits("48.7450000000", local=[120, 185], cloud=[24, 37]),
        rate_limit_reset_credits={"available_count": 2, "applicable_available_count": 1},
        promo={"campaign": "demo-autumn", "title": "Two extra resets this month"},
    )


def weekly_in_primary(seat: Seat, now: datetime) -> Json:
    """Prolite: the week alone, in the primary slot; the model limit's five hours are not the account's."""
    week = Meter(seconds=WEEK, used=58, per_hour=6, resets_in=timedelta(days=2, hours=20))
    spark = rate_limit(untouched(FIVE_HOURS, now), untouched(WEEK, now))
    return modern(
        seat,
        rate_limit=rate_limit(week.window(now)),
        additional_rate_limits=[model_limit("GPT-5.3-Codex-Spark", "codex_bengalfox", spark)],
    )


def monthly(seat: Seat, now: datetime) -> Json:
    """Go: one window of thirty days, in the primary slot."""
    month = Meter(seconds=MONTH, used=79, per_hour=0.9, resets_in=timedelta(days=9, hours=6, minutes=30))
    return modern(
        seat,
        rate_limit=rate_limit(month.window(now)),
        rate_limit_reset_credits={"available_count": 1, "applicable_available_count": 1},
    )


def reversed_slots(seat: Seat, now: datetime) -> Json:
    """A team seat with the week in the primary slot; its five hours come back 20 minutes after `T0`."""
    five = Meter(seconds=FIVE_HOURS, used=86, per_hour=24, resets_in=timedelta(minutes=20))
    week = Meter(seconds=WEEK, used=21, per_hour=4, resets_in=timedelta(days=5, hours=1))
    return modern(seat, rate_limit=rate_limit(week.window(now), five.window(now)))


def overrun(seat: Seat, now: datetime) -> Json:
    """A team seat that ran past the end of its five hours: 104 % used, until the reset."""
    five = Meter(seconds=FIVE_HOURS, used=104, per_hour=9, resets_in=timedelta(hours=1, minutes=25))
    week = Meter(seconds=WEEK, used=67, per_hour=0.5, resets_in=timedelta(days=4, hours=2))
    return modern(
        seat,
        rate_limit=rate_limit(five.window(now), week.window(now)),
        rate_limit_upsell={"banner_type": "demo_more_usage"},
    )


def legacy(seat: Seat, now: datetime) -> Json:
    """The old keys: windows named by key, without a length; what is left, not what is used; milliseconds."""
    five = Meter(seconds=FIVE_HOURS, used=38, per_hour=12, resets_in=timedelta(hours=2, minutes=5))
    week = Meter(seconds=WEEK, used=29, per_hour=1.5, resets_in=timedelta(days=1, hours=13))
    return {
        "email": seat.email,
        "planType": seat.plan,
        "rate_limits": {
            "five_hour": {
                "percent_left": 100 - five.used_percent(now),
                "reset_time_ms": int(five.reset_at(now).timestamp() * 1000),
            },
            "weekly": {
                "percentLeft": 100 - week.used_percent(now),
                "resetTimeMs": int(week.reset_at(now).timestamp() * 1000),
            },
        },
    }


def spend_control(seat: Seat, now: datetime) -> Json:
    """Business: no windows at all, but a monthly cap on spending that starts anew with the month."""
    month_start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_month = (month_start + timedelta(days=32)).replace(day=1)
    before, since = (SPENT_AT_T0, T0) if month_start <= T0 else (0.0, month_start)
    used = min(float(MONTHLY_CAP), before + SPENT_PER_HOUR * hours_since(since, now))
    percent = int(100 * used / MONTHLY_CAP)
    cap = {
        "source": "group_based_spend_controls",
        "limit": str(MONTHLY_CAP),
        "used": f"{used:.2f}",
        "remaining": f"{MONTHLY_CAP - used:.2f}",
        "used_percent": percent,
        "remaining_percent": 100 - percent,
        "reset_after_seconds": int((next_month - now).total_seconds()),
        "reset_at": int(next_month.timestamp()),
    }
    return modern(
        seat,
        credits=bought_credits("1348.7450000000", local=[3300, 5100], cloud=[660, 1020]),
        spend_control={"reached": used >= MONTHLY_CAP, "reached_limit_type": None, "individual_limit": cap},
        ordinary_usage_allowed=None,
    )


def many_limits(seat: Seat, now: datetime) -> Json:
    """Pro: the week, code review with a week of its own, and two models with limits of theirs."""
    week = Meter(seconds=WEEK, used=11, per_hour=7, resets_in=timedelta(days=6, hours=2))
    review = Meter(seconds=WEEK, used=4, per_hour=1, resets_in=timedelta(days=6, hours=2))
    spark = Meter(seconds=FIVE_HOURS, used=30, per_hour=16, resets_in=timedelta(hours=4))
    spark_week = Meter(seconds=WEEK, used=9, per_hour=2, resets_in=timedelta(days=6, hours=9))
    astra = Meter(seconds=86_400, used=72, per_hour=3, resets_in=timedelta(hours=15))
    return modern(
        seat,
        rate_limit=rate_limit(week.window(now)),
        code_review_rate_limit=rate_limit(review.window(now)),
        additional_rate_limits=[
            model_limit(
                "GPT-5.3-Codex-Spark", "codex_bengalfox", rate_limit(spark.window(now), spark_week.window(now))
            ),
            model_limit("GPT-6-Astra", "codex_astra", rate_limit(astra.window(now))),
        ],
    )


def not_started(seat: Seat, now: datetime) -> Json:
    """Plus, not used yet: both windows start with the first message, so their resets slide."""
    return modern(seat, rate_limit=rate_limit(untouched(FIVE_HOURS, now), untouched(WEEK, now)))


def stale(seat: Seat, now: datetime) -> Json:
    """Plus, with a five-hour reading from before its reset: the percentage is history, and is not 0 either."""
    old = window(used_percent=64, seconds=FIVE_HOURS, reset_at=T0 - timedelta(hours=2), now=now)
    week = Meter(seconds=WEEK, used=35, resets_in=timedelta(days=2, hours=7))
    return modern(seat, rate_limit=rate_limit(old, week.window(now)))


def from_the_future(seat: Seat, now: datetime) -> Json:
    """A plan, a window length, a limit and blocks that nobody has seen before."""
    five = Meter(seconds=FIVE_HOURS, used=18, per_hour=13, resets_in=timedelta(hours=2, minutes=40))
    week = Meter(seconds=WEEK, used=50, per_hour=1, resets_in=timedelta(days=3))
    nine = Meter(seconds=NINE_HOURS, used=44, per_hour=5, resets_in=timedelta(hours=6))
    burst = Meter(seconds=QUARTER_HOUR, used=5, per_hour=60, resets_in=timedelta(minutes=9))
    limit = rate_limit(five.window(now) | {"grace_seconds": 120}, week.window(now))
    return modern(
        seat,
        rate_limit=limit | {"tertiary_window": nine.window(now)},
        additional_rate_limits=[{"limit_name": "Demo Comet", "metered_feature": "codex_comet"}],
        burst_pool=burst.window(now) | {"pool": "ember", "shared": False},
        usage_tier={"name": "ember", "level": 3},
    )


def five_hours_only(seat: Seat, now: datetime) -> Json:
    """Edu: five hours and nothing else; spend control is there, but empty."""
    five = Meter(seconds=FIVE_HOURS, used=10, per_hour=18, resets_in=timedelta(hours=3, minutes=45))
    return modern(
        seat,
        rate_limit=rate_limit(five.window(now)),
        credits=bought_credits("14", local=[35, 55], cloud=[7, 11]),
    )


def broken_field(seat: Seat, now: datetime) -> Json:
    """Plus, with one number that is none: the weekly percentage; everything around it is fine."""
    five = Meter(seconds=FIVE_HOURS, used=55, per_hour=8, resets_in=timedelta(hours=1, minutes=50))
    week = Meter(seconds=WEEK, used=0, resets_in=timedelta(days=4, hours=16))
    return modern(seat, rate_limit=rate_limit(five.window(now), week.window(now) | {"used_percent": "n/a"}))
