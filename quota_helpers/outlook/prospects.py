"""What is to be expected of each login: the windows that rank it, and which of them run out before their reset.

The pace of one reading says so, or a forecast where it has a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..times import DAY
from .bars import WindowBar, blocked_why, by_account, ranking
from .pace import pace_of

LIKELY: Final = 0.5
"""A window whose forecast runs out more often than this will not last."""

UNLIKELY: Final = 1 / 3
"""A window whose forecast runs out less often than this is likely to last."""

SURE: Final = 0.95
"""More is as good as certain; the rest is less than 1 in 20."""

Forecast = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""(account key, limit, window) -> the forecast's row."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """One window and its end.

    Attributes:
        bar: The window as it stands.
        ends_at: When it runs out before its reset (aware); None when it lasts, or nothing is known.
        per_day: Percentage points a day that would last, or None.
        risk: How likely it runs out before its reset (0 to 1), where a forecast has a number, else None.
        why: Why a forecast that was made has no number, or "".
    """

    bar: WindowBar
    ends_at: datetime | None = None
    per_day: float | None = None
    risk: float | None = None
    why: str = ""

    @property
    def known(self) -> bool:
        """Whether its percentage is one of now."""
        return self.bar.used is not None and self.bar.state != "stale"

    @property
    def lasts(self) -> bool:
        """Whether it is known to last until its reset."""
        return self.ends_at is None and (self.risk is not None or self.bar.lasts)


@dataclass(frozen=True, slots=True)
class Login:
    """One login.

    Attributes:
        account_key: Whose it is.
        label: The name to show.
        windows: Those that rank it; none where a model's limit is all that was sent.
        blocked: Why it lets nothing through, or "".
    """

    account_key: str
    label: str
    windows: tuple[Prospect, ...]
    blocked: str

    @property
    def stops_soon(self) -> bool:
        """Whether a window shorter than a day runs out before its reset."""
        return any(window.ends_at and (window.bar.window_seconds or DAY) < DAY for window in self.windows)

    @property
    def known(self) -> bool:
        """Whether it has windows and the percentages of all are of now."""
        return bool(self.windows) and all(window.known for window in self.windows)

    @property
    def full(self) -> list[WindowBar]:
        """Those of its windows that are used up."""
        return [window.bar for window in self.windows if window.bar.full]

    @property
    def free(self) -> bool:
        """Whether it can be used now; what is unknown, stale or blocked cannot be said to be."""
        return self.known and not self.full and not self.blocked

    @property
    def usable(self) -> bool:
        """Whether it can be used now or when its windows are back."""
        return self.known and not self.blocked

    @property
    def back_at(self) -> datetime | None:
        """When none of its windows is used up any more (aware); None when that is not known."""
        resets = [bar.reset_at for bar in self.full]
        known = [reset for reset in resets if reset is not None]
        return max(known) if known and len(known) == len(resets) else None

    @property
    def first(self) -> Prospect:
        """The window that binds first."""
        return min(self.windows, key=_binding)


def logins(bars: Sequence[WindowBar], forecast: Any = None) -> list[Login]:
    """The logins of some bars, the one that binds first on top.

    Args:
        bars: As `window_bars` returns them.
        forecast: Rows as `qh.forecast` gives them (a frame or mappings); None: the pace speaks.
    """
    rows = _rows(forecast)
    made = [
        Login(own[0].account_key, own[0].label, tuple(_prospect(bar, rows) for bar in ranking(own)), blocked_why(own))
        for own in by_account(bars)
    ]
    return sorted(made, key=lambda login: (not login.blocked, sorted(map(_binding, login.windows))))


def _rows(forecast: Any) -> Forecast:
    plain: Iterable[Mapping[str, Any]] = forecast.to_dict("records") if hasattr(forecast, "to_dict") else forecast or ()
    return {(row["account_key"], row["limit"], row["window"]): row for row in plain}


def odds(risk: float) -> str:
    """A probability as people say it.

    >>> odds(0.17), odds(0.8), odds(0.001)
    ('1 in 6', '4 in 5', 'less than 1 in 20')
    """
    if not 1 - SURE <= risk <= SURE:
        return "more than 19 in 20" if risk > SURE else "less than 1 in 20"
    of = round(1 / min(risk, 1 - risk))
    return f"1 in {of}" if risk <= 1 - risk else f"{of - 1} in {of}"


def _prospect(bar: WindowBar, rows: Forecast) -> Prospect:
    pace = pace_of(bar)
    row = rows.get((bar.account_key, bar.limit, bar.window))
    risk = None if bar.full or row is None else row.get("p_exhausted")
    if row is None or risk is None or risk != risk:  # noqa: PLR0124 - NaN does not equal itself
        why = "" if bar.full or row is None else str(row.get("reason") or "")
        return Prospect(bar, None if bar.full else pace.runs_out_at, pace.per_day, why=why)
    return Prospect(bar, _moment(row.get("exhausted_p50")) if risk > LIKELY else None, row.get("budget_per_day"), risk)


def _moment(value: Any) -> datetime | None:
    if value is None or value != value:  # noqa: PLR0124 - NaT does not equal itself
        return None
    when: datetime = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return when


def _binding(window: Prospect) -> tuple[int, float]:
    order, seconds = window.bar.binding
    if window.risk is None or window.bar.full:
        return order, seconds
    if window.ends_at is not None and window.bar.fetched_at is not None:
        return 1, (window.ends_at - window.bar.fetched_at).total_seconds()
    return (3, seconds) if order == 1 else (order, seconds)
