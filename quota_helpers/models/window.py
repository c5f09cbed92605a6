"""One quota window: what is used, when it resets, and where in the reply each number stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from ..html import table
from ..times import TOLERANCE_SECONDS, local_time, wait

HEADS: Final = ("limit", "window", "used", "left", "resets", "state")
"""Columns of the rich display of windows; times and states are as of the reading."""

State = Literal["current", "stale", "not_started", "unknown"]


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
        return window_state(
            used_percent=self.used_percent,
            reset_at=self.reset_at,
            window_seconds=self.window_seconds,
            fetched_at=self.fetched_at,
            now=now,
        )

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
