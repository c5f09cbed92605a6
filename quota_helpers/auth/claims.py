"""What a token says about itself: its claims, read without verification and never trusted for more than a label.

The facts: `exp` (epoch seconds); `email` or `https://api.openai.com/profile`.email; and under
`https://api.openai.com/auth`: chatgpt_account_id, chatgpt_plan_type, chatgpt_user_id or user_id,
chatgpt_account_is_fedramp.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import jwt

from ..times import from_epoch

_AUTH: Final = "https://api.openai.com/auth"
_PROFILE: Final = "https://api.openai.com/profile"
_UNVERIFIED: Final = {
    f"verify_{check}": False for check in ("signature", "exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}


class Claims(NamedTuple):
    """The claims of one or two tokens; None is unknown.

    Attributes:
        expires_at: When the first token expires (aware, UTC).
        has_expiry: The first token has an `exp`, readable or not: then no other source is asked.
    """

    account_id: str | None = None
    user_id: str | None = None
    email: str | None = None
    plan: str | None = None
    fedramp: bool = False
    expires_at: datetime | None = None
    has_expiry: bool = False


def read_claims(access_token: str, id_token: str | None) -> Claims:
    """The claims of the access token, completed from the id token. A token that cannot be decoded says nothing.

    The id token's own expiry is no concern of ours: it is short-lived and never sent.
    """
    first, second = _payload(access_token), _payload(id_token)
    auth, profile = _objects(_AUTH, first, second), _objects(_PROFILE, first, second)
    return Claims(
        account_id=_first((*auth, first, second), "chatgpt_account_id"),
        user_id=_first(auth, "chatgpt_user_id", "user_id"),
        email=_first((first, profile[0], second, profile[1]), "email"),
        plan=_first(auth, "chatgpt_plan_type"),
        fedramp=any(scope.get("chatgpt_account_is_fedramp") is True for scope in auth),
        expires_at=instant(first.get("exp"), milliseconds=False),
        has_expiry="exp" in first,
    )


def label(value: object) -> str | None:
    """The text without surrounding blanks; None unless it is text that can be shown and stored as it is."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if text and text.isprintable() else None


def instant(value: object, *, milliseconds: bool = True) -> datetime | None:
    """The instant (aware, UTC) that an epoch number names; None for anything else and for what no calendar holds.

    Args:
        value: Epoch seconds; booleans, text, NaN and negative numbers are no instants.
        milliseconds: Whether a number above 10^11 is meant as milliseconds.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return from_epoch(value, milliseconds=milliseconds)


def _payload(token: str | None) -> Mapping[str, Any]:
    if token is None:
        return {}
    try:
        payload: object = jwt.decode(token, options=_UNVERIFIED)  # type: ignore[arg-type]  # a TypedDict, built by key
    except (jwt.PyJWTError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return {}  # no JWT, or not one that PyJWT reads: the token itself may be as good as any
    return payload if isinstance(payload, dict) else {}


def _objects(key: str, *payloads: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    found = (payload.get(key) for payload in payloads)
    return tuple(value if isinstance(value, dict) else {} for value in found)


def _first(scopes: tuple[Mapping[str, Any], ...], *names: str) -> str | None:
    return next((text for scope in scopes for name in names if (text := label(scope.get(name)))), None)
