"""What is to be expected of each login: the windows that rank it, and which of them run out before their reset.

The pace of one reading says so, or a forecast where it has a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..times import DAY, HOUR
from .bars import WindowBar, blocked_why, by_account, ranking

LIKELY: Final = 0.5
"""A window whose forecast runs out more often than this will not last."""

UNLIKELY: Final = 1 / 3
"""A window whose forecast runs out less often than this is likely to last."""

SURE: Final = 0.95
"""More is as good as certain; the rest is less than 1 in 20."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """One window and its end.

    Attributes:
        bar: The window as it stands.
        ends_at: When it runs out before its reset (aware); None when it lasts, or nothing is known.
        per_hour: Percentage points an hour that would last, or None.
        risk: How likely it runs out before its reset (0 to 1), where a forecast has a number, else None.
        why: Why a forecast that was made has no number, or "".
    """

    bar: WindowBar
    ends_at: datetime | None = None
    per_hour: float | None = None
    risk: float | None = None
    why: str = ""

    @property
    def lasts(self) -> bool:
        """Whether it is known to last until its reset."""
        return self.ends_at is None and (self.risk is not None or self.bar.lasts)

    @property
    def binding(self) -> tuple[int, float]:
        """Sort key: the window that binds first has the smallest; a forecast knows better than the pace."""
        order, seconds = self.bar.binding
        if self.risk is None or self.bar.full:
            return order, seconds
        if self.ends_at is not None and self.bar.fetched_at is not None:
            return 1, (self.ends_at - self.bar.fetched_at).total_seconds()
        return (3, seconds) if order == 1 else (order, seconds)


@dataclass(frozen=True, slots=True)
class Login:
    """One login: the windows that rank it (none where a model's limit is all that was sent), and why it is blocked."""

    account_key: str
    label: str
    windows: tuple[Prospect, ...]
    blocked: str

    @property
    def known(self) -> bool:
        """Whether it has windows and the percentages of all are of now."""
        return bool(self.windows) and all(window.bar.known for window in self.windows)

    @property
    def full(self) -> list[WindowBar]:
        """Those of its windows that are used up."""
        return [window.bar for window in self.windows if window.bar.full]

    @property
    def usable(self) -> bool:
        """Whether it can be used now or when its windows are back; what is unknown or stale cannot be said to be."""
        return self.known and not self.blocked

    @property
    def free(self) -> bool:
        """Whether it can be used now."""
        return self.usable and not self.full

    @property
    def back_at(self) -> datetime | None:
        """When none of its windows is used up any more (aware); None when that is not known."""
        resets = [bar.reset_at for bar in self.full]
        known = [reset for reset in resets if reset is not None]
        return max(known) if known and len(known) == len(resets) else None

    @property
    def first(self) -> Prospect:
        """The window that binds first."""
        return min(self.windows, key=lambda window: window.binding)


def logins(bars: Sequence[WindowBar], forecast: Any = None) -> list[Login]:
    """The logins of some bars, the one that binds first on top.

    Args:
        bars: As `window_bars` returns them.
        forecast: Rows as `qh.forecast` gives them (a frame or mappings); None: the pace speaks.
    """
    told = forecast.to_dict("records") if hasattr(forecast, "to_dict") else forecast or ()
    rows = {(row["account_key"], row["limit"], row["window"]): row for row in told}
    made = []
    for own in by_account(bars):
        windows = [_prospect(bar, rows.get((bar.account_key, bar.limit, bar.window), {})) for bar in ranking(own)]
        made.append(Login(own[0].account_key, own[0].label, tuple(windows), blocked_why(own)))
    return sorted(made, key=lambda login: (not login.blocked, sorted(window.binding for window in login.windows)))


def _prospect(bar: WindowBar, row: Mapping[str, Any]) -> Prospect:
    """What becomes of a window: a used up one has no end, a forecast without a number leaves it to the pace."""
    risk = row.get("p_exhausted")
    if bar.full:
        return Prospect(bar, None, bar.per_hour)
    if risk is None or risk != risk:  # noqa: PLR0124 - NaN does not equal itself
        return Prospect(bar, bar.runs_out_at, bar.per_hour, why=row.get("reason", ""))
    budget = row["budget_per_day"] / (DAY / HOUR)
    return Prospect(bar, row["exhausted_p50"] if risk > LIKELY else None, budget, risk)


def odds(risk: float) -> str:
    """A probability as people say it.

    >>> odds(0.17), odds(0.8), odds(0.001)
    ('1 in 6', '4 in 5', 'less than 1 in 20')
    """
    if not 1 - SURE <= risk <= SURE:
        return "more than 19 in 20" if risk > SURE else "less than 1 in 20"
    of = round(1 / min(risk, 1 - risk))
    return f"1 in {of}" if risk <= 1 - risk else f"{of - 1} in {of}"
