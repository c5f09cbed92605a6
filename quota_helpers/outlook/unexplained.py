"""What was not you: points that no turn of your own explains, by week, as a whole, or one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import Integers, micros, readings
from ..labels import Names, advice, of_kind
from ..models import OWN
from ..periods import Followed, follow_all
from ..periods.readings import Flags, Floats
from ..tables import frame_of
from ..times import MISSING, SECOND, span
from .ledger import Ledger, ledgers_of
from .prices import LIKELY, ROUNDING

WHOLE, INTERVALS = "whole", "intervals"

UNEXPLAINED_COLUMNS: Final[dict[str, str]] = {
    "account_key": "str",
    "limit": "str",
    "window": "str",
    "start": "datetime64[us, UTC]",
    "end": "datetime64[us, UTC]",
    "points": "float64",  # percent of the window: by how much it rose
    "explained": "float64",  # points that one's own turns cost
    "unexplained": "float64",  # the others
    "low": "float64",  # of `unexplained`, 95 %
    "high": "float64",
    "verdict": "str",  # "explained", "unexplained" or "undecided"
    "reason": "str",
}
"""Columns of `unexplained`, name -> dtype."""

SURE: Final = 3.0  # standard errors: so far from nothing a sum must be before it is called unexplained
NOTHING: Final = (1.0, 0.03)  # points, and share of all: less is nothing to speak of
LITTLE: Final = (2.0, 0.10)  # the same: where it cannot be more, all is explained
_NOBODY: Final = 0.1  # share of points beside turns without an account, from which on nothing is said


def unexplained(
    windows: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    per: str | timedelta = "7D",
    accounts: Names = None,
    weights: Mapping[str, float] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Points that no turn on this machine explains, with `UNEXPLAINED_COLUMNS`; an estimate, with its interval.

    What rises while no turn runs was used by something else; what rises beside turns is held against what their tokens
    cost, a price that is fitted to the account's own blocks of turns, together with its changes (`cost_changes`). Who
    it was is not known: another machine, the web, a review bot, or the service's own accounting. Where foreign use and
    a change of the price cannot be told apart the verdict is "undecided".

    Args:
        windows: Readings over time: `History.frame()` or `SessionLogs.windows`.
        tokens: Turns of the same accounts: `History.tokens()` or `SessionLogs.tokens`.
        per: A length ("7D", "24h", a timedelta), counted back from the newest reading; "whole": one row for all since
            the first turn; "intervals": each stretch of which something is not explained.
        accounts: Names or keys; None means all.
        weights: As in `burn`.
        seed: The same seed gives the same answer.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> times = pd.date_range("2026-11-20T10:00Z", periods=24, freq="10min")
    >>> turns = pd.DataFrame({"time": times[:3], "account_key": "a1", "model": "gpt-5.6", "total": 5000})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "fetched_at": times,
    ...     "used_percent": [0, 2, 4, 6] + 18 * [6] + [10, 15], "window_seconds": 604800, "reset_at": "2026-11-24"})
    >>> unexplained(windows, turns, per="intervals")[["points", "verdict", "reason"]].to_numpy().tolist()
    [[9.0, 'unexplained', '9 points, no turn on this machine']]
    """
    length = None if per in (WHOLE, INTERVALS) else _length(per)
    times = micros(readings(windows, "windows")["fetched_at"])
    times = times[times != MISSING]
    edges: Integers = np.zeros(0, np.int64)
    if length is not None and len(times):
        edges = np.arange(times.max() + 1, times.min(), -length)[:0:-1]
    found = ledgers_of(windows, tokens, accounts=accounts, weights=weights, edges=edges, seed=seed)
    rows = [row for one in found for row in (_intervals(one) if per == INTERVALS else _sums(one, edges))]
    told = {(one.followed.series.account_key, one.followed.series.window) for one in found}
    for one in follow_all(windows, accounts, None, OWN):
        if (one.series.account_key, one.series.window) not in told:
            silent = _row(one, one.series.time[0], one.series.time[-1])
            rows.append(silent | {"verdict": "undecided", "reason": "no turn of this account is in these logs"})
    return frame_of(rows, UNEXPLAINED_COLUMNS)


def _length(per: str | timedelta) -> int:
    """Microseconds of each row."""
    if isinstance(per, str):
        try:
            per = span(per)
        except ValueError:
            hint = advice(str(per), (WHOLE, INTERVALS), listed=0)
            wanted = f'per {per!r} is no length such as "7D" (a year at most), nor "whole" or "intervals". {hint}'
            raise ValueError(wanted.strip()) from None
    of_kind(per, timedelta, "per", 'a length such as "7D", "whole" or "intervals"')
    if per < timedelta(minutes=10):
        raise ValueError(f"per is {per}, shorter than the ten minutes between two readings")
    return int(per.total_seconds()) * SECOND


def _row(followed: Followed, start: int, end: int) -> dict[str, Any]:
    return followed.series.names | {"start": int(start), "end": int(end)}


def _sums(ledger: Ledger, edges: Integers) -> Iterator[dict[str, Any]]:
    blocks = ledger.blocks
    part = np.searchsorted(edges, blocks.until, side="right")
    for number in np.unique(part).tolist():
        inside = part == number
        sums, errors = np.array([_sum(view, inside) for view in (ledger, ledger.doubt) if view is not None]).T
        points = float(blocks.points[inside].sum())
        low, high = (sums - LIKELY * errors).min(), (sums + LIKELY * errors).max()
        nobodys = float(blocks.points[inside & blocks.unsure].sum())
        verdict, reason = _judged(ledger, points, (sums - SURE * errors).min(), high, nobodys)
        yield _row(ledger.followed, blocks.since[inside][0], blocks.until[inside][-1]) | {
            "points": points,
            "explained": np.clip(points - sums[0], 0, points),
            "unexplained": np.clip(sums[0], 0, points),
            "low": np.clip(low, 0, points),
            "high": np.clip(high, 0, points),
            "verdict": verdict,
            "reason": reason,
        }


def _sum(ledger: Ledger, inside: Flags) -> tuple[float, float]:
    """Points in some blocks that are not explained, and the standard error of their sum."""
    blocks, due = ledger.blocks, ledger.due
    # Of a full window nobody knows what more it would have been.
    left = np.where(blocks.full, np.maximum(0.0, blocks.points - due), blocks.points - due)
    left = np.where(blocks.unsure, 0.0, left)[inside]
    if ledger.prices is None:
        return float(left.sum()), float(np.sqrt(ROUNDING))
    group = ledger.group[inside]
    doubt = ledger.prices.error(ledger.prices.due(blocks.amounts[inside], group), group)
    apart = 1 + int((blocks.since[inside][1:] != blocks.until[inside][:-1]).sum())
    scatter = float(((ledger.spread * due[inside]) ** 2).sum())
    return float(left.sum()), float(np.sqrt(scatter + ROUNDING * apart + doubt**2))


def _judged(ledger: Ledger, points: float, surely: float, high: float, nobodys: float) -> tuple[str, str]:
    """The verdict and its reason."""
    if nobodys > _NOBODY * points:
        return "undecided", f"{nobodys:.0f} points rose beside turns of logs that do not say whose they are"
    if surely > max(NOTHING[0], NOTHING[1] * points):
        return "unexplained", "more than the turns on this machine cost"
    if ledger.prices is None:
        return "undecided", "too few rises beside turns to tell what tokens cost"
    if high <= max(LITTLE[0], LITTLE[1] * points):
        return "explained", "the turns on this machine cost as much"
    if ledger.doubt is not None:
        return "undecided", "foreign use and a change of the price cannot be told apart"
    return "undecided", "within what whole percents and the spread of costs leave open"


def _intervals(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """Each burst of quiet time, and each block of turns that others had a share in."""
    blocks, due = ledger.blocks, ledger.due
    error: Floats = np.sqrt(ROUNDING + (ledger.spread * due) ** 2)
    left = blocks.points - due
    quiet = ~blocks.own & ~blocks.unsure & (blocks.points > 0)
    beside = blocks.own & ~blocks.unsure & (left > np.maximum(NOTHING[0], SURE * error))
    for at in np.flatnonzero(quiet | beside).tolist():
        points, turns = float(blocks.points[at]), int(blocks.high[at] - blocks.low[at])
        reason = f"{points:.0f} point{'s' * (points > 1)}, " + (
            "no turn on this machine"
            if quiet[at]
            else f"of which {turns} turn{'s' * (turns != 1)} on this machine cost about {due[at]:.0f}"
        )
        sure = beside[at] or points > 1
        yield _row(ledger.followed, blocks.since[at], blocks.until[at]) | {
            "points": points,
            "explained": points - left[at],
            "unexplained": left[at],
            "low": max(0.0, left[at] - LIKELY * error[at]),
            "high": min(points, left[at] + LIKELY * error[at]) if beside[at] else points,
            "verdict": "unexplained" if sure else "undecided",
            "reason": reason if sure else f"{reason}; a single one may have been due before",
        }
