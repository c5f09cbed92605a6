"""Bodies that the tests of raw fields share; every account in them is invented."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from quota_helpers.bodies.envelopes import reply_of
from quota_helpers.models import Headers, RawReply

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EPOCH_NOW = int(NOW.timestamp())
TOKEN = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJpbnZlbnRlZCJ9.c2lnbmF0dXJlLWludmVudGVk"


ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=20,
)


def window(used: Any, length: int, after: int = 3_600) -> dict[str, Any]:
    return {
        "used_percent": used,
        "limit_window_seconds": length,
        "reset_after_seconds": after,
        "reset_at": EPOCH_NOW + after,
    }


MODERN: dict[str, Any] = {
    "user_id": "user-invented-1",
    "account_id": "acct-invented-1",
    "email": "jane.doe@example.com",
    "plan_type": "plus",
    "rate_limit": {
        "allowed": True,
        "limit_reached": False,
        "primary_window": window(12, 18_000),
        "secondary_window": window(40, 604_800, 90_000),
    },
    "code_review_rate_limit": None,
    "additional_rate_limits": [
        {
            "limit_name": "GPT-5.3-Codex-Spark",
            "metered_feature": "codex_bengalfox",
            "rate_limit": {"allowed": True, "limit_reached": False, "primary_window": window(3, 18_000)},
        }
    ],
    "model_usage": {"gpt-6-astra": {"available": True, "available_at": None, "credits_would_enable": False}},
    "credits": {
        "has_credits": True,
        "unlimited": False,
        "balance": "1348.7450000000",
        "approx_local_messages": [10, 20],
        "approx_cloud_messages": None,
    },
    "spend_control": {"reached": False, "individual_limit": None},
    "rate_limit_reached_type": None,
    "rate_limit_reset_credits": {"available_count": 2, "applicable_available_count": 1},
}

SPEND_ONLY: dict[str, Any] = {
    "plan_type": "business",
    "rate_limit": None,
    "spend_control": {
        "reached": False,
        "individual_limit": {
            "source": "group_based_spend_controls",
            "limit": "100",
            "used": "1.23",
            "used_percent": 1,
            "remaining_percent": 99,
            "reset_after_seconds": 600,
            "reset_at": EPOCH_NOW + 600,
        },
    },
}

HEADERS = {
    "Date": "Sun, 22 Nov 2026 12:00:00 GMT",
    "Content-Type": "application/json",
    "CF-Ray": "9a1b2c3d4e5f-FRA",
    "x-codex-plan-type": "plus",
    "x-codex-primary-used-percent": "12.4",
    "x-codex-primary-window-minutes": "300",
    "x-codex-primary-reset-at": str(EPOCH_NOW + 3_601),
    "x-codex-secondary-used-percent": "77",
    "x-codex-secondary-window-minutes": "10080",
    "x-codex-secondary-reset-at": str(EPOCH_NOW + 90_000),
}


def changed(payload: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A deep copy with top-level members replaced; `...` removes one."""
    made = copy.deepcopy(payload)
    for key, value in values.items():
        if value is ...:
            del made[key]
        else:
            made[key] = value
    return made


def reply(
    payload: Any, account: str = "work", *, minutes: float = 0, status: int = 200, headers: Any = (), **more: Any
) -> RawReply:
    return RawReply(
        status=status,
        headers=Headers(headers),
        payload=payload,
        fetched_at=NOW + timedelta(minutes=minutes),
        account=account,
        account_key=f"key-{account}",
        **more,
    )


def body_called(name: str, payload: Any, **more: Any) -> RawReply:
    """A body of which nobody knows whose it is."""
    return reply_of(payload, name, **more)


def nested(levels: int, leaf: Any = 1) -> Any:
    """*leaf* within so many objects and arrays, taking turns."""
    value = leaf
    for level in range(levels):
        value = [value] if level % 2 else {"inner": value}
    return value
