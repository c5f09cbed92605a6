"""The information half of the overview: what each bar says, without drawing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import pandas as pd

from ..frames import frame_at
from ..privacy import mask_identity
from .style import latest, window_rank, window_title

Show = Literal["left", "used"]
Mark = Literal["", "full", "fast", "stale", "not started", "unknown"]

FAST_AT_LEAST_USED: Final = 10.0  # percent; whole-percent readings of less say little about a pace
FAST_AT_LEAST_GONE: Final = 5.0  # percent of the window's time, for the same reason
FAST_PROJECTION: Final = 105.0  # percent used at the reset, were the average so far to go on


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBar:
    """One window of one account at one moment.

    Attributes:
        account: The account's name as it is in the frame.
        label: The name to show: masked unless revealed.
        limit: Limit id.
        window: Window name.
        used: Percent used, or None when unknown.
        gone: Percent of the window's time that has passed, or None when unknown (or not started).
        reset_at: When it resets, or None.
        resets_in: Time to the reset; negative once it has passed, None when unknown.
        state: current, stale, not_started or unknown, at that moment.
        mark: The word that goes with the number: full, fast (ahead of pace), stale, not started, unknown.
        plan: The plan, as the server spelled it.
        fetched_at: When the server said so.
    """

    account: str
    label: str
    limit: str
    window: str
    used: float | None
    gone: float | None
    reset_at: pd.Timestamp | None
    resets_in: timedelta | None
    state: str
    mark: Mark
    plan: str
    fetched_at: pd.Timestamp | None

    @property
    def left(self) -> float | None:
        """Percent left, never below 0; None when unknown."""
        return None if self.used is None else max(0.0, 100.0 - self.used)

    @property
    def title(self) -> str:
        """The window's name for people."""
        return window_title(self.limit, self.window)

    def shown(self, show: Show) -> float | None:
        """The number that the bar shows: percent left or used."""
        return self.left if show == "left" else self.used

    @property
    def urgency(self) -> float:
        """Sort value: what runs out first has the highest. A stale percentage is history and counts for nothing."""
        return -1.0 if self.used is None or self.state == "stale" else self.used


def window_bars(
    frame: pd.DataFrame,
    *,
    now: datetime | None = None,
    reveal: bool = False,
    mask: Callable[[str], str] = mask_identity,
) -> list[WindowBar]:
    """The newest reading of every window as a bar, accounts with what runs out first on top.

    Args:
        frame: With the columns of `COLUMNS`.
        now: The present moment (aware); None means the latest `fetched_at` of the frame.
        reveal: Whether e-mail addresses in account names are shown in full.
        mask: How a name is masked otherwise.
    """
    if frame.empty:
        return []
    moment = now or frame["fetched_at"].max().to_pydatetime()
    rows = frame_at(latest(frame), moment).to_dict("records")
    bars = [_bar(row, moment, (lambda name: name) if reveal else mask) for row in rows]
    by_account: dict[str, list[WindowBar]] = {}
    for bar in bars:
        by_account.setdefault(bar.account, []).append(bar)
    for own in by_account.values():
        own.sort(key=lambda bar: window_rank(bar.limit, bar.window))
    return [bar for own in sorted(by_account.values(), key=_runs_out_first) for bar in own]


def _runs_out_first(bars: Sequence[WindowBar]) -> tuple[float, float, str]:
    worst = max(bar.urgency for bar in bars)
    return -worst, -sum(bar.urgency for bar in bars) / len(bars), bars[0].account


def _bar(row: dict[Any, Any], now: datetime, mask: Callable[[str], str]) -> WindowBar:
    used = _known(row["used_percent"])
    reset_at, seconds = _known(row["reset_at"]), _known(row["window_seconds"])
    state = row["state"]
    gone = None
    if reset_at is not None and seconds and state == "current":
        gone = min(100.0, max(0.0, 100.0 * (1 - (reset_at - pd.Timestamp(now)).total_seconds() / seconds)))
    account = _known(row["account"]) or "?"
    resets_in = _known(row["resets_in"])
    return WindowBar(
        account=account,
        label=mask(account),
        limit=_known(row["limit"]) or "?",
        window=_known(row["window"]) or "",
        used=used,
        gone=gone,
        reset_at=reset_at,
        resets_in=None if resets_in is None else resets_in.to_pytimedelta(),
        state=state,
        mark=_mark(used, gone, state),
        plan=_known(row["plan"]) or "",
        fetched_at=_known(row["fetched_at"]),
    )


def _mark(used: float | None, gone: float | None, state: str) -> Mark:
    if used is None or state == "unknown":
        return "unknown"
    if state == "stale":
        return "stale"
    if used >= 100:  # noqa: PLR2004 - a full window
        return "full"
    if state == "not_started":
        return "not started"
    ahead = gone is not None and used >= FAST_AT_LEAST_USED and gone >= FAST_AT_LEAST_GONE
    return "fast" if ahead and gone and used / gone * 100 > FAST_PROJECTION else ""


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value
