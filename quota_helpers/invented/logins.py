"""The demo's login files, in the form Codex writes them, with unsigned tokens that open nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from .accounts import DemoAccount
from .clock import T0
from .meters import Json

SIGNED_IN = T0 - timedelta(days=4)


def access_token(account: DemoAccount) -> str:
    """The bearer token of *account*: a JWT with the claims of a real one, unsigned."""
    return _jwt(_claims(account) | {"https://api.openai.com/profile": {"email": account.seat.email}})


def auth_json(account: DemoAccount) -> Json:
    """The content of its login file: the official form of auth.json."""
    return {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {
            "id_token": _jwt(_claims(account) | {"email": account.seat.email}),
            "access_token": access_token(account),
            "refresh_token": f"rt_demo_{account.seat.user_id}_opens_nothing",
            "account_id": account.seat.account_id if account.id_in_file else None,
        },
        "last_refresh": SIGNED_IN.isoformat().replace("+00:00", "Z"),
    }


def write_logins(folder: Path, accounts: Iterable[DemoAccount]) -> None:
    """Write `<name>.auth.json` for every account into *folder*."""
    for account in accounts:
        text = json.dumps(auth_json(account), indent=2) + "\n"
        (folder / f"{account.name}.auth.json").write_text(text, encoding="utf-8", newline="\n")


def _claims(account: DemoAccount) -> Json:
    seat = account.seat
    return {
        "iss": "https://auth.example.com",
        "sub": seat.user_id,
        "iat": int(SIGNED_IN.timestamp()),
        "exp": int((T0 + account.valid_for).timestamp()),
        "https://api.openai.com/auth": {
            "chatgpt_account_id": seat.account_id,
            "chatgpt_plan_type": seat.plan,
            "chatgpt_user_id": seat.user_id,
            "user_id": seat.user_id,
        },
    }


def _jwt(claims: Json) -> str:
    parts = (json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims), "demo")
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)
