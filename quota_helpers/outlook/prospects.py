"""What is to be expected of each login: the windows that rank it, and which of them run out before their reset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..times import DAY, HOUR
from .bars import WindowBar, blocked_why, by_account, ranking

LIKELY: Final = 0.5  # a window whose forecast runs out more often than this will not last
UNLIKELY: Final = 1 / 3  # one whose forecast runs out less often is likely to last
SURE: Final = 0.95  # more is as good as certain; the rest is less than 1 in 20


@dataclass(frozen=True, slots=True)
class Login:
    """One login: the windows that rank it (none where a model's limit is all that was sent), and why it is blocked."""

    account_key: str
    label: str
    windows: tuple[WindowBar, ...]
    blocked: str

    @property
    def known(self) -> bool:
        """Whether it has windows and the percentages of all are of now."""
        return bool(self.windows) and all(bar.known for bar in self.windows)

    @property
    def full(self) -> list[WindowBar]:
        """Those of its windows that are used up."""
        return [bar for bar in self.windows if bar.full]

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
    def first(self) -> WindowBar:
        """The window that binds first."""
        return min(self.windows, key=lambda bar: bar.binding)


def logins(bars: Sequence[WindowBar], forecast: Any = None) -> list[Login]:
    """The logins of some bars, the one that binds first on top.

    A forecast (the frame of `qh.forecast`, or its rows) speaks where it has a number, else the pace.
    """
    told = forecast.to_dict("records") if hasattr(forecast, "to_dict") else forecast or ()
    rows = {(row["account_key"], row["limit"], row["window"]): row for row in told}
    made = []
    for own in by_account(bars):
        windows = [_foretold(bar, rows.get((bar.account_key, bar.limit, bar.window), {})) for bar in ranking(own)]
        made.append(Login(own[0].account_key, own[0].label, tuple(windows), blocked_why(own)))
    return sorted(made, key=lambda login: (not login.blocked, sorted(bar.binding for bar in login.windows)))


def _foretold(bar: WindowBar, row: Mapping[str, Any]) -> WindowBar:
    """The window with what a forecast says of it; of one that is used up that is nothing."""
    risk = row.get("p_exhausted")
    if bar.full:
        return bar
    if risk is None or risk != risk:  # noqa: PLR0124 - NaN does not equal itself
        return replace(bar, why=row.get("reason", ""))
    ends_at = row["exhausted_p50"] if risk > LIKELY else None
    return replace(bar, risk=risk, ends_at=ends_at, budget=row["budget_per_day"] / (DAY / HOUR))


def odds(risk: float) -> str:
    """A probability as people say it.

    >>> odds(0.17), odds(0.8), odds(0.001)
    ('1 in 6', '4 in 5', 'less than 1 in 20')
    """
    if not 1 - SURE <= risk <= SURE:
        return "more than 19 in 20" if risk > SURE else "less than 1 in 20"
    of = round(1 / min(risk, 1 - risk))
    return f"1 in {of}" if risk <= 1 - risk else f"{of - 1} in {of}"
