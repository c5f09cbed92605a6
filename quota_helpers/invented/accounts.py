"""The demo's people: invented names, and what happens when each of them asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from . import bodies, failures
from .bodies import Seat, Usage
from .failures import Refusal
from .meters import Json

BLUE_TEAM: Final = "acct-demo-team-blue"
"""Two people sit in this workspace: the same account id, two user ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """One invented login.

    Attributes:
        name: Name of its file, without `.auth.json`.
        seat: Who it is.
        usage: Makes the body of a good answer.
        refusal: Makes the answer when it is not a good one; it then goes before `usage`.
        header_skew: Points by which the `x-codex-*` headers exceed the body; None for an answer without such headers.
        workspace: A seat of a workspace: asked without the account header, the server does not know which one is meant.
        id_in_file: The login file names the account id; otherwise only the token's claims do.
        valid_for: Time from `T0` to the expiry of its token.
    """

    name: str
    seat: Seat
    usage: Usage = bodies.classic
    refusal: Refusal | None = None
    header_skew: int | None = None
    workspace: bool = False
    id_in_file: bool = True
    valid_for: timedelta = timedelta(days=60)


def body(account: DemoAccount, now: datetime) -> Json:
    """What the server says about *account* at *now*: the same answer for the same instant."""
    return account.usage(account.seat, now)


def seat(name: str, plan: str, *, account_id: str | None = None) -> Seat:
    """An invented person: e-mail, user id and account id all made from one plain name."""
    return Seat(
        user_id=f"user-demo-{name}",
        account_id=account_id or f"acct-demo-{name}",
        email=f"{name}@example.com",
        plan=plan,
    )


ACCOUNTS: Final = (
    DemoAccount(name="ada", seat=seat("ada", "plus"), usage=bodies.classic, header_skew=0),
    DemoAccount(name="atlas", seat=seat("atlas", "pro"), usage=bodies.many_limits, header_skew=3),
    DemoAccount(name="campus", seat=seat("campus", "edu"), usage=bodies.five_hours_only, id_in_file=False),
    DemoAccount(name="comet", seat=seat("comet", "nova"), usage=bodies.from_the_future),
    DemoAccount(name="daydream", seat=seat("daydream", "plus"), usage=bodies.stale),
    DemoAccount(name="fresh-start", seat=seat("fresh-start", "plus"), usage=bodies.not_started),
    DemoAccount(name="heirloom", seat=seat("heirloom", "plus"), usage=bodies.legacy),
    DemoAccount(
        name="kim@example.com",
        seat=seat("kim", "team", account_id=BLUE_TEAM),
        usage=bodies.overrun,
        header_skew=0,
        workspace=True,
    ),
    DemoAccount(name="ledger", seat=seat("ledger", "business"), usage=bodies.spend_control, workspace=True),
    DemoAccount(name="night-owl", seat=seat("night-owl", "prolite"), usage=bodies.weekly_in_primary),
    DemoAccount(name="patchwork", seat=seat("patchwork", "plus"), usage=bodies.broken_field),
    DemoAccount(
        name="team-blue",
        seat=seat("robin", "team", account_id=BLUE_TEAM),
        usage=bodies.reversed_slots,
        workspace=True,
    ),
    DemoAccount(name="wren", seat=seat("wren", "go"), usage=bodies.monthly, header_skew=0),
    DemoAccount(
        name="expired", seat=seat("old-laptop", "plus"), refusal=failures.token_expired, valid_for=timedelta(days=-3)
    ),
    DemoAccount(name="signed-out", seat=seat("signed-out", "plus"), refusal=failures.token_invalidated),
    DemoAccount(name="edge-blocked", seat=seat("edge-blocked", "plus"), refusal=failures.blocked_by_edge),
    DemoAccount(name="rate-limited", seat=seat("rate-limited", "pro"), refusal=failures.too_many_requests),
    DemoAccount(name="server-down", seat=seat("server-down", "plus"), refusal=failures.unavailable),
)
