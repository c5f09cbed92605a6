"""What one account's server said at one moment, in one spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from ..html import bullets, paragraph, table
from ..privacy import mask_identity, printable
from ..times import TOLERANCE_SECONDS, local_time, wait

HEADS: Final = ("limit", "window", "used", "left", "resets", "state")
"""Columns of the rich display of windows; times and states are as of the reading."""

State = Literal["current", "stale", "not_started", "unknown"]

OWN: Final = "codex"
"""The account's own limit: it alone ranks an account."""


def window_state(
    *,
    used_percent: float | None,
    reset_at: datetime | None,
    window_seconds: float | None,
    fetched_at: datetime | None,
    now: datetime,
) -> State:
    """How a reading stands at *now*; all times aware.

    stale: the reset has passed since (or, without one, a whole length has), so the percentage is history.
    not_started: at most 1 % used and the reset a full length after the reading: it slides with every fetch.
    """
    if used_percent is None:
        return "unknown"
    length = None if window_seconds is None else timedelta(seconds=window_seconds)
    if reset_at is None:
        over = fetched_at is not None and length is not None and now - fetched_at > length
        return "stale" if over else "current"
    if reset_at <= now:
        return "stale"
    if used_percent <= 1 and length is not None:
        anchor = (fetched_at or now) + length
        if abs((reset_at - anchor).total_seconds()) <= TOLERANCE_SECONDS:
            return "not_started"
    return "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaWindow:
    """One metered window of one limit, as it stood when the server answered.

    Attributes:
        limit_id: Which limit it belongs to: "codex" is the account's own, else the server's id of it.
        limit_name: The limit's name for people, or None.
        name: "five_hour", "weekly", "monthly", "daily", else the length in its largest exact unit ("9h", "14d").
            A window named by nothing but an unknown slot carries the slot's name.
        used_percent: Share already spent: 0 is untouched, 100 is gone, more is possible; None is unknown.
        window_seconds: Length in seconds, or None when the server did not say (or said nonsense).
        reset_at: When it is whole again (aware, UTC), or None.
        slot: Where it stood: "primary", "secondary", or the key that held it.
        name_inferred: The name comes from slot or key, because no length was given.
        fetched_at: When the server said so (aware, UTC).
        paths: Field name -> JSON path it was read from.
    """

    limit_id: str
    name: str
    limit_name: str | None = None
    used_percent: float | None = None
    window_seconds: float | None = None
    reset_at: datetime | None = None
    slot: str | None = None
    name_inferred: bool = False
    fetched_at: datetime | None = None
    paths: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def remaining_percent(self) -> float | None:
        """What is left to spend: 100 minus used, never below 0; None is unknown."""
        return None if self.used_percent is None else max(0.0, round(100.0 - self.used_percent, 9))

    def state(self, now: datetime) -> State:
        """How the reading stands at *now* (aware): current, stale, not_started or unknown."""
        said = {name: getattr(self, name) for name in ("used_percent", "reset_at", "window_seconds", "fetched_at")}
        return window_state(**said, now=now)

    def resets_in(self, now: datetime) -> timedelta | None:
        """Time from *now* (aware) to the reset; negative once it has passed, None where it is unknown."""
        return None if self.reset_at is None else self.reset_at - now

    def cells(self) -> tuple[str, ...]:
        """One row of a table with the columns of `HEADS`.

        >>> QuotaWindow(limit_id="codex", name="weekly", used_percent=31).cells()
        ('codex', 'weekly', '31 %', '69 %', 'unknown', '?')
        """
        now, reset_at = self.fetched_at, self.reset_at
        resets = "unknown" if reset_at is None else local_time(reset_at, UTC)
        if reset_at is not None and now is not None:
            resets += f" ({wait(reset_at - now)})"
        used, left = (
            "?" if share is None else f"{share:.4g} %" for share in (self.used_percent, self.remaining_percent)
        )
        state = "?" if now is None else self.state(now)
        return self.limit_name or self.limit_id, self.name, used, left, resets, state

    def _repr_html_(self) -> str:
        return table(HEADS, [self.cells()])


Origin = Literal["usage", "app_server", "headers", "session", "demo"]

REACHED: Final = {
    "rate_limit_reached": "the usage limit is reached",
    "usage_limit_reached": "the usage limit is reached",
    "workspace_owner_credits_depleted": "the workspace's credits are depleted",
    "workspace_member_credits_depleted": "the workspace's credits are depleted",
    "workspace_owner_usage_limit_reached": "the workspace's usage limit is reached",
    "workspace_member_usage_limit_reached": "the workspace's usage limit is reached",
}
"""The server's words for what was reached, and ours; the set is open."""


def blocked_by(
    *, allowed: bool | None, limit_reached: bool | None, reached_type: str | None, spend_reached: bool | None = None
) -> str | None:
    """Why nothing goes through, in words; None where nothing says so. Windows with plenty left prove nothing.

    The most exact word counts. A limit that is reached while requests are allowed is not blocked: credits take over.

    >>> blocked_by(allowed=False, limit_reached=True, reached_type="workspace_owner_credits_depleted")
    "the workspace's credits are depleted"
    >>> blocked_by(allowed=True, limit_reached=True, reached_type=None) is None
    True
    """
    if reached_type:
        return REACHED.get(reached_type) or f"the server says: {printable(reached_type.replace('_', ' '))}"
    if spend_reached:
        return "the spending cap is reached"
    if limit_reached and not allowed:
        return REACHED["rate_limit_reached"]
    return "the server allows no requests" if allowed is False else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit (bucket) of the account: its own, a model's, code review.

    Kept also when it came without any window, which is no reading, not 0 %.

    Attributes:
        limit_id: "codex" for the account's own, "code_review", else the server's id (`metered_feature`).
        limit_name: Its name for people, or None.
        allowed: The server's word, or None when it did not say.
        limit_reached: The server's word; not the opposite of `allowed` (both can be true).
        reached_type: What was reached, in the server's words, or None.
        paths: Field name -> JSON path it was read from.
    """

    limit_id: str
    limit_name: str | None = None
    allowed: bool | None = None
    limit_reached: bool | None = None
    reached_type: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def blocked(self) -> str | None:
        """Why this limit lets nothing through, in words, or None where nothing says so."""
        return blocked_by(allowed=self.allowed, limit_reached=self.limit_reached, reached_type=self.reached_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """Credits that can be spent beyond the windows. `has_credits` false does not mean exhausted.

    Attributes:
        balance: As the server's decimal string reads ("0E-10" is 0), or None.
        approx_local_messages: Rough number of messages left, as (low, high), or None.
        paths: Field name -> JSON path it was read from.
    """

    has_credits: bool | None = None
    unlimited: bool | None = None
    balance: Decimal | None = None
    overage_limit_reached: bool | None = None
    approx_local_messages: tuple[float, float] | None = None
    approx_cloud_messages: tuple[float, float] | None = None
    paths: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def said(self) -> str:
        """What there is, with its unit; "" where there is nothing to spend.

        >>> Credits(has_credits=True, balance=Decimal("1348.7450")).said
        '1,348.745 credits'
        """
        if self.unlimited:
            return "unlimited credits"
        return f"{_amount(self.balance)} credits" if self.balance else ""

    def _repr_html_(self) -> str:
        told = {
            "has credits": self.has_credits,
            "unlimited": self.unlimited,
            "balance": None if self.balance is None else f"{_amount(self.balance)} credits",
            "overage limit reached": self.overage_limit_reached,
        }
        return table((), [(name, "?" if value is None else value) for name, value in told.items()])


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendLimit:
    """A monthly spending cap of a workspace seat; resets at the start of the month, UTC.

    Attributes:
        limit_id: "spend:individual", "spend:workspace_shared", ... as the reply's key names it.
        limit: The cap, in the server's unit (credits or currency; it does not say which), or None.
        used: What is spent of it, in the same unit, or None.
        remaining: What is left, in the same unit, or None.
        used_percent: Share spent, 0 and up, or None.
        reset_at: When it starts anew (aware, UTC), or None.
        source: Who set it, in the server's words, or None.
        slot: The key it stood under.
        fetched_at: When the server said so (aware, UTC).
        paths: Field name -> JSON path it was read from.
    """

    limit_id: str
    limit: Decimal | None = None
    used: Decimal | None = None
    remaining: Decimal | None = None
    used_percent: float | None = None
    reset_at: datetime | None = None
    source: str | None = None
    slot: str | None = None
    fetched_at: datetime | None = None
    paths: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def remaining_percent(self) -> float | None:
        """What is left to spend, in percent: never below 0; None is unknown."""
        return self.as_window().remaining_percent

    def as_window(self) -> QuotaWindow:
        """The cap as one more window, which is how frames and displays show it."""
        return QuotaWindow(
            limit_id=self.limit_id,
            name="monthly",
            used_percent=self.used_percent,
            reset_at=self.reset_at,
            slot=self.slot,
            fetched_at=self.fetched_at,
        )

    @property
    def said(self) -> str:
        """What is spent of the cap, with its unit, which the server does not name; "" where an amount is unknown.

        >>> SpendLimit(limit_id="spend:individual", limit=Decimal(50), used=Decimal("12.5")).said
        "12.5 of 50 spent, in the server's unit"
        """
        if self.limit is None or self.used is None:
            return ""
        return f"{_amount(self.used)} of {_amount(self.limit)} spent, in the server's unit"


def _amount(value: Decimal) -> str:
    """Never in powers of ten: the server sends "0E-10"."""
    shown = f"{value:,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCredits:
    """Earned resets that wait to be used.

    Attributes:
        available_count: How many there are, or None.
        applicable_available_count: How many could be used right now, or None.
        paths: Field name -> JSON path it was read from.
    """

    available_count: int | None = None
    applicable_available_count: int | None = None
    paths: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSnapshot:
    """One account's quota as one carrier told it at one moment.

    Attributes:
        account: The login's name, or None while nobody has said whose it is.
        account_key: The login's key (short one-way hash), or None.
        plan: As the server spelled it; an open set.
        windows: Every window of every limit, the account's own first.
        limits: Every limit that was mentioned, with or without windows.
        credits: Credits, or None when the reply has none.
        spend_limits: Spending caps, individual first.
        reset_credits: Earned resets, or None.
        allowed: The server's word for the account's own limit, or None.
        limit_reached: The same; not the opposite of `allowed`.
        reached_type: What was reached, in the server's words, or None.
        ordinary_usage_allowed: The server's word on whether included usage goes on, or None.
        spend_reached: Whether spend control says that a cap was reached, or None.
        fetched_at: When the server said so (aware, UTC).
        origin: Which carrier: "usage", "app_server", "headers", "session"; "demo" for invented accounts.
        notes: What was odd, in words, each ending in " @ " and the JSON path it is about.
        paths: Field name -> JSON path it was read from.
    """

    fetched_at: datetime
    origin: Origin = "usage"
    account: str | None = None
    account_key: str | None = None
    plan: str | None = None
    windows: tuple[QuotaWindow, ...] = ()
    limits: tuple[Limit, ...] = ()
    credits: Credits | None = None
    spend_limits: tuple[SpendLimit, ...] = ()
    reset_credits: ResetCredits | None = None
    allowed: bool | None = None
    limit_reached: bool | None = None
    reached_type: str | None = None
    ordinary_usage_allowed: bool | None = None
    spend_reached: bool | None = None
    notes: tuple[str, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict, hash=False)

    def window(self, name: str, limit_id: str = "codex") -> QuotaWindow | None:
        """The window called *name* of one limit, by default the account's own; None when there is none."""
        return next((w for w in self.windows if w.limit_id == limit_id and w.name == name), None)

    @property
    def blocked(self) -> str | None:
        """Why the account's own quota lets nothing through, in words, or None where nothing says so."""
        return blocked_by(
            allowed=False if self.ordinary_usage_allowed is False else self.allowed,
            limit_reached=self.limit_reached,
            reached_type=self.reached_type,
            spend_reached=self.spend_reached,
        )

    @property
    def five_hour(self) -> QuotaWindow | None:
        """The account's own five-hour window, or None when the server sent none."""
        return self.window("five_hour")

    @property
    def weekly(self) -> QuotaWindow | None:
        """The account's own weekly window, or None when the server sent none."""
        return self.window("weekly")

    def _repr_html_(self) -> str:
        """What a notebook shows: whose it is and when, whether it is blocked, every window, what was odd."""
        who = mask_identity(self.account or self.account_key or "nobody named")
        head = f"{who}, plan {self.plan or 'unknown'}, as of {local_time(self.fetched_at, UTC)}"
        caps = (cap.as_window() for cap in self.spend_limits)
        return (
            paragraph(head)
            + paragraph(self.blocked and f"Blocked: {self.blocked}.")
            + table(HEADS, [window.cells() for window in (*self.windows, *caps)])
            + bullets(self.notes, title="Odd in it:")
        )
