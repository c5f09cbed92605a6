"""The demo's people, as `world.json` describes them: who they are, and what happens when each of them asks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .meters import T0, Json, filled

WORLD: Final[Json] = json.loads(Path(__file__).with_name("world.json").read_text("utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who asks: a person in an account, and the plan the server names."""

    user_id: str
    account_id: str
    email: str
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """One invented login."""

    name: str  # name of its file, without `.auth.json`
    seat: Seat  # who it is
    # top-level fields of its body, where they differ from the usual ones; meters are read when it is asked
    template: Mapping[str, Any] = field(default_factory=dict, hash=False)
    # its whole body, where that is none of today's form
    legacy: Mapping[str, Any] | None = field(default=None, hash=False)
    resets: Any = field(default=None, hash=False)  # template of what lists its earned resets, or None for none
    refusal: str | None = None  # name of the answer when it is not a good one
    # points by which the `x-codex-*` headers exceed the body; None for an answer without such headers
    header_skew: int | None = None
    # a seat of a workspace: asked without the account header, the server does not know which one is meant
    workspace: bool = False
    id_in_file: bool = True  # the login file names the account id; otherwise only the token's claims do
    valid_for: timedelta = timedelta(days=60)  # time from `T0` to the expiry of its token


def body(account: DemoAccount, now: datetime) -> Json:
    """What the server says about *account* at *now*: the same answer for the same instant."""
    seat = account.seat
    if account.legacy is not None:
        who = {"$email": seat.email, "$plan": seat.plan}
        return {
            key: who[value] if isinstance(value, str) else filled(value, now) for key, value in account.legacy.items()
        }
    identity = {"user_id": seat.user_id, "account_id": seat.account_id, "email": seat.email, "plan_type": seat.plan}
    sent: Json = filled(WORLD["body"] | identity | dict(account.template), now)
    if sent["rate_limit"] and sent["rate_limit"]["limit_reached"]:
        sent["rate_limit_reached_type"] = {"type": "rate_limit_reached", "details": "default"}
        sent["ordinary_usage_allowed"] = False
    return sent


def seat(name: str, plan: str, *, account_id: str | None = None) -> Seat:
    """An invented person: e-mail, user id and account id all made from one plain name."""
    return Seat(
        user_id=f"user-demo-{name}",
        account_id=account_id or f"acct-demo-{name}",
        email=f"{name}@example.com",
        plan=plan,
    )


def _account(told: Json) -> DemoAccount:
    named = ("name", "legacy", "resets", "refusal", "header_skew", "workspace", "id_in_file")
    return DemoAccount(
        seat=seat(told.get("person") or told["name"], told["plan"], account_id=told.get("account_id")),
        template=told.get("body", {}),
        valid_for=timedelta(days=told.get("days_valid", 60)),
        **{name: told[name] for name in named if name in told},
    )


ACCOUNTS: Final = tuple(map(_account, WORLD["accounts"]))


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
