"""What is known of every window at one moment, and how it is said: the half of all bars that draws nothing.

Charts draw these as plotly's bars, the panel as a table in HTML, the command line as text. None of them decides what a
bar means: its number, its words, its order and the role of its colour are here, and need no pandas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, Literal

from ..labels import account_labels
from ..models import OWN, window_state
from ..models.snapshot import REACHED
from ..privacy import mask_identity
from ..times import HOUR, LENGTHS, Moment, duration, local_time, moment
from .newest import newest

Show = Literal["left", "used"]
Mark = Literal["", "full", "fast", "blocked", "stale", "not started", "unknown"]
Role = Literal["normal", "attention", "quiet"]


UNKNOWN: Final = (5, 0.0)  # how a window of which nothing is known binds
FULL: Final = 100.0  # percent
FAST_AT_LEAST_USED: Final = 10.0  # percent; readings of less say little about a pace
FAST_PROJECTION: Final = 1.05  # share used at the reset, were the average so far to go on
NOISE: Final = 1.0  # percent; the server counts whole ones
# A full window says the same, and says until when.
SAID_BY_A_FULL_WINDOW: Final = frozenset({REACHED["rate_limit_reached"], "the server allows no requests"})

_SAID: Final = ("plan", "limit_name", "window", "slot", "blocked", "origin", "spent", "credits")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBar:
    """One window of one account at one moment; a text that was not sent is "", a number or a time None."""

    account: str  # its name as it was read
    account_key: str  # what it is grouped by; the name where there is no key
    label: str  # the name to show: masked unless revealed, different for different keys
    plan: str
    limit: str
    limit_name: str
    window: str
    slot: str  # where in the reply it stood
    used: float | None  # percent, 0 and up
    reset_at: datetime | None
    window_seconds: float | None
    state: str  # current, stale, not_started or unknown, at that moment
    blocked: str  # why its limit lets nothing through, in words
    origin: str  # which carrier it came by; "demo" for invented accounts
    fetched_at: datetime | None
    spent: str  # of a cap, with its unit
    credits: str  # the account's, with their unit
    now: datetime  # the moment; all times are aware
    risk: float | None = None  # how likely (0 to 1) it runs out before its reset, where a forecast has a number
    ends_at: datetime | None = None  # when it runs out, where that forecast says that it does
    budget: float | None = None  # percentage points an hour that would last, by that forecast
    why: str = ""  # why a forecast that was made has no number

    @property
    def resets_in(self) -> timedelta | None:
        """Time to the reset; negative once it has passed, None when unknown."""
        return None if self.reset_at is None else self.reset_at - self.now

    @property
    def gone(self) -> float | None:
        """Percent of the window's time that has passed; None when unknown, stale or not started."""
        if self.resets_in is None or not self.window_seconds or self.state != "current":
            return None
        return min(100.0, max(0.0, 100.0 * (1 - self.resets_in.total_seconds() / self.window_seconds)))

    @property
    def left(self) -> float | None:
        """Percent left, never below 0; None when unknown."""
        return None if self.used is None else max(0.0, round(100.0 - self.used, 9))

    @property
    def own(self) -> bool:
        """Whether it is a window of the account's own limit."""
        return self.limit == OWN

    @property
    def title(self) -> str:
        """The window's name for people."""
        return window_title(self.limit, self.window, self.limit_name)

    @property
    def known(self) -> bool:
        """Whether its percentage is one of now; one whose reset has passed is history."""
        return self.used is not None and self.state != "stale"

    @property
    def full(self) -> bool:
        """Whether nothing is left of it now."""
        return self.known and (self.used or 0.0) >= FULL

    @property
    def mark(self) -> Mark:
        """The one word that goes with the number; "fast" is ahead of pace."""
        if self.state == "stale":
            return "stale"
        if self.full:
            return "full"
        if self.blocked:
            return "blocked"
        if self.used is None:
            return "unknown"
        if self.state == "not_started":
            return "not started"
        return "fast" if self.fast else ""

    @property
    def fast(self) -> bool:
        """Whether the average so far, a whole percent of noise taken off, uses it up clearly before its reset."""
        if self.used is None or not self.gone or self.used < FAST_AT_LEAST_USED:  # no time has gone: there is no pace
            return False
        return self.used - NOISE > FAST_PROJECTION * self.gone

    @property
    def lasts(self) -> bool:
        """Whether it is known to last: by a forecast, or behind an even pace, a whole percent of noise added."""
        if self.risk is not None:
            return self.ends_at is None
        return self.used is not None and self.gone is not None and self.used + NOISE <= self.gone

    @property
    def role(self) -> Role:
        """What its colour means; never the only carrier of that."""
        if self.mark in {"stale", "unknown"}:
            return "quiet"
        return "attention" if self.mark in {"full", "fast", "blocked"} else "normal"

    @property
    def enough_for(self) -> timedelta | None:
        """How long what is left would last at the average pace so far, whatever its reset; None when unknown.

        Under 10 % used the average says little: then nobody is taken to be faster than the window's own even pace.
        """
        if not self.used or self.left is None or not self.gone or self.window_seconds is None:
            return None
        share = self.left * self.gone / self.used
        if self.used < FAST_AT_LEAST_USED:
            share = max(share, self.left)
        return timedelta(seconds=share / 100 * self.window_seconds)

    @property
    def runs_out_at(self) -> datetime | None:
        """When it is used up, if clearly before its reset: by a forecast, else at the average pace so far."""
        if self.risk is not None:
            return self.ends_at
        if self.reset_at is None or not (self.full or self.fast):
            return None
        return self.now if self.full or self.enough_for is None else min(self.reset_at, self.now + self.enough_for)

    @property
    def per_hour(self) -> float | None:
        """Percentage points an hour that would last; None also when there is no time left."""
        if self.risk is not None:
            return self.budget
        hours = self.resets_in.total_seconds() / HOUR if self.resets_in and self.state != "stale" else 0.0
        return self.left / hours if self.left is not None and hours > 0 else None

    @property
    def binding(self) -> tuple[int, float]:
        """Sort key: the window that binds first has the smallest.

        Used up (the longest wait first), then what runs out before its reset (the first one first), what has no pace
        (the least left first), what lasts, what has not begun; a percentage that is unknown or history comes last.
        """
        if self.used is None or not self.known:
            return UNKNOWN
        if self.full:
            return 0, -(self.resets_in.total_seconds() if self.resets_in else float("inf"))
        soon = self.enough_for if self.fast and self.risk is None else None
        if self.ends_at is not None and self.fetched_at is not None:
            soon = self.ends_at - self.fetched_at
        if soon is not None:
            return 1, soon.total_seconds()
        if self.state == "not_started" or not self.used:
            return 4, 0.0
        if self.enough_for is None:
            return 2, 100.0 - self.used
        return 3, self.enough_for.total_seconds()

    def shown(self, show: Show) -> float | None:
        """The number that the bar shows: percent left or used."""
        return self.left if show == "left" else self.used

    def fill(self, show: Show) -> float:
        """Length of the bar in percent of its track; what is over 100 % used fills it."""
        return min(100.0, self.shown(show) or 0.0)

    def tick(self, show: Show) -> float | None:
        """Where an even pace would be, in percent of the track; None when unknown."""
        return self.gone if self.gone is None or show == "used" else 100.0 - self.gone

    def number(self, show: Show) -> str:
        """The percentage in words; "unknown" when the server sent none that can be read."""
        value = self.shown(show)
        return "unknown" if value is None else percent(value)

    def word(self, show: Show) -> str:
        """What goes with the number: used up, fast, blocked, stale, not started, or nothing."""
        full = "used up" if show == "left" else "full"
        return {"full": full, "fast": "▲ fast", "unknown": ""}.get(self.mark, self.mark)

    @property
    def reset(self) -> str:
        """Time to the reset; "reset passed" for a stale reading, "" when unknown or not started."""
        if self.state == "stale":
            return "reset passed"
        # The reset of a window that has not started slides with every fetch.
        return "" if self.state == "not_started" else duration(self.resets_in)

    def sentence(self, show: Show) -> str:
        """The bar for somebody who does not see it."""
        if self.used is None:
            return ", ".join(filter(None, (f"{self.title}: unknown".lstrip(": "), self.blocked and "blocked")))
        parts = [
            f"{self.title}: {self.number(show)} {show}".lstrip(": "),
            self.word(show).removeprefix("▲ ").replace("fast", "ahead of pace"),
        ]
        if self.state == "stale":
            parts.append("its reset has passed")
        elif self.reset:
            parts.append(f"resets in {self.reset}")
        return ", ".join(filter(None, parts))

    def lines(self, zone: tzinfo | None) -> list[str]:
        """Everything that is known of the window, a line each; times in *zone* (None: this machine's)."""
        known = self.used is not None
        lines = [f"{self.used:g} % used, {self.left:g} % left" if known else "the server sent no readable percentage"]
        lines += filter(None, [self.spent])
        if self.reset_at is not None:
            ago = " ago" if self.state == "stale" else ""
            lines.append(f"resets {local_time(self.reset_at, zone)} ({duration(self.resets_in)}{ago})")
        if self.gone is not None:
            lines.append(f"{self.gone:.0f} % of the window's time is gone")
        if self.blocked:
            lines.append(f"blocked: {self.blocked}")
        elif self.mark:
            lines.append(self.mark)
        return lines


def window_bars(readings: Any, *, now: Moment | None = None, reveal: bool = False) -> list[WindowBar]:
    """The newest reading of every window as a bar, the account that binds first on top.

    Args:
        readings: A `Collection`, a snapshot, several, or a frame with (at least) `account_key`, `limit`, `window`,
            `used_percent`, `reset_at`, `window_seconds` and `fetched_at`.
        now: The present moment; a timedelta counts back from the latest `fetched_at`, which None means itself.
        reveal: Whether e-mail addresses in account names are shown in full.

    Raises:
        TypeError: *readings* is nothing of the kind.
        ValueError: Nothing says when *now* is.
    """
    rows = newest(readings)
    if not rows:
        return []
    last = max(filter(None, (row.get("fetched_at") for row in rows)), default=None)
    if now is None and last is None:
        raise ValueError("no reading says when it was made: give now=")
    present = moment(last if now is None else now, now=last, name="now")
    names = {row["account_key"]: row.get("account") for row in rows}
    labels = account_labels(names, None if reveal else mask_identity)
    accounts = by_account(_bar(row, present, labels[row["account_key"]]) for row in rows)
    ordered = sorted(map(_unblocked, accounts), key=_binds_first)
    return [bar for own in ordered for bar in sorted(own, key=lambda bar: window_rank(bar.limit, bar.window))]


def _bar(row: dict[str, Any], now: datetime, label: str) -> WindowBar:
    used, reset_at, seconds, fetched = (
        row.get(name) for name in ("used_percent", "reset_at", "window_seconds", "fetched_at")
    )
    said: dict[str, Any] = {name: row.get(name) or "" for name in _SAID}
    if fetched and reset_at and fetched < reset_at <= now:
        said["blocked"] = ""  # what a reading said before its window began anew is history like its percentage
    return WindowBar(
        **said,
        account=row.get("account") or row["account_key"],
        account_key=row["account_key"],
        label=label,
        limit=row.get("limit") or "?",
        used=None if used is None else used + 0.0,  # no -0
        reset_at=reset_at,
        window_seconds=seconds,
        state=window_state(used_percent=used, reset_at=reset_at, window_seconds=seconds, fetched_at=fetched, now=now),
        fetched_at=fetched,
        now=now,
    )


def _unblocked(own: list[WindowBar]) -> list[WindowBar]:
    """Without the reasons that a full window of the same limit gives already."""
    full = {bar.limit for bar in own if bar.full}
    return [
        replace(bar, blocked="") if bar.limit in full and bar.blocked in SAID_BY_A_FULL_WINDOW else bar for bar in own
    ]


def _binds_first(own: list[WindowBar]) -> tuple[bool, list[tuple[int, float]], str]:
    """Sort key of one account's bars: blocked, then by its own windows, the one that binds first first."""
    return not blocked_why(own), sorted(bar.binding for bar in ranking(own)) or [UNKNOWN], own[0].account


def by_account(bars: Iterable[WindowBar]) -> list[list[WindowBar]]:
    """The bars of each account, in the order in which the accounts come."""
    accounts: dict[str, list[WindowBar]] = {}
    for bar in bars:
        accounts.setdefault(bar.account_key, []).append(bar)
    return list(accounts.values())


def blocked_why(bars: Sequence[WindowBar]) -> str:
    """Why an account lets nothing through although its windows have something left, in words; "" when it does."""
    return next((bar.blocked for bar in bars if bar.blocked and (bar.own or bar.limit.startswith("spend:"))), "")


def ranking(bars: Sequence[WindowBar]) -> list[WindowBar]:
    """The bars that rank an account: those of its own limit, else of its spending caps; a model's limit ranks nobody.

    A window that is over, and that a later reading no longer has, says nothing any more.
    """
    own = [bar for bar in bars if bar.own]
    if not any(bar.window for bar in own):
        return [bar for bar in bars if bar.limit.startswith("spend:")] or own
    latest = max((bar.fetched_at for bar in own if bar.fetched_at), default=None)
    return [bar for bar in own if bar.fetched_at == latest or bar.known]


def window_title(limit: str, window: str, limit_name: str = "") -> str:
    """A window's name for people: "five hour", "weekly"; another limit's with the limit in front.

    >>> window_title("codex", "five_hour"), window_title("codex_bengalfox", "weekly", "GPT-5.3-Codex-Spark")
    ('five hour', 'GPT-5.3-Codex-Spark weekly')
    """
    name = window.replace("_", " ")
    if limit == OWN:
        return name
    if limit.startswith("spend:"):
        return f"spend, {limit.removeprefix('spend:').replace('_', ' ')}"
    return f"{limit_name or limit.replace('_', ' ')} {name}".rstrip()


def window_rank(limit: str, window: str) -> tuple[int, int, str, str]:
    """Sort key: the account's own windows from short to long, then other limits by name, spending last."""
    place = [*LENGTHS, window].index(window)
    kind = 0 if limit == OWN else 2 if limit.startswith("spend:") else 1
    return kind, place, limit if kind else "", window


def percent(value: float) -> str:
    """A percentage for people: whole ones bare, others with one decimal, and never a rounded 0 or 100.

    >>> percent(50.25), percent(99.99), percent(-0.0)
    ('50.2 %', '> 99.9 %', '0 %')
    """
    rounded = round(value, 1) + 0.0  # no -0
    if rounded in {0.0, 100.0} and value != rounded:
        return "< 0.1 %" if value < 1 else ("> 99.9 %" if value < rounded else "> 100 %")
    return f"{rounded:g} %"
