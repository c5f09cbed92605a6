"""Will it last? Of each window: the fan of what may be used at its reset, the risk, the budget, or why nobody can say.

Pure: nothing is kept, nothing drawn, and chance comes from a seed.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import present_of, readings
from ..models import OWN
from ..periods import Cycle, Followed, follow_all
from ..periods.follow import CONFIRMED, NO_NUMBER, NOT_STARTED, UNCONFIRMED
from ..tables import frame_of
from ..times import DAY, HOUR, MISSING, SECOND, Moment, duration, micros
from .bars import FULL, SAID_BY_A_FULL_WINDOW
from .past import DAY_HOURS, HOUR_US, Past, begun_at, closed_windows, past_of, refill_clock
from .prospects import SURE, UNLIKELY, odds
from .sittings import short_rises
from .usage_paths import (
    DAY_US,
    ENOUGH_DAYS,
    MOST_DAYS,
    QUANTILES,
    Paths,
    cold_start,
    day_blocks,
    paths_from,
)

FORECAST_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "limit": "str",
    "window": "str",
    "used_percent": "float64",
    "reset_at": "datetime64[us, UTC]",  # as it is announced; where the last reading leaves it out, its cycle's
    "p_exhausted": "float64",  # 0 to 1: it runs out before the announced reset, if only that comes
    "p_exhausted_refills": "float64",  # 0 to 1: it runs out before the next refill, surprise ones counted
    "used_p10": "float64",  # percent used at the announced reset, if only that comes
    "used_p50": "float64",
    "used_p90": "float64",
    "used_refills_p10": "float64",  # percent used when the window ends, by it or by a refill before
    "used_refills_p50": "float64",
    "used_refills_p90": "float64",
    "exhausted_p10": "datetime64[us, UTC]",  # by then it has run out in 10 of 100 cases; NaT: in fewer
    "exhausted_p50": "datetime64[us, UTC]",
    "exhausted_p90": "datetime64[us, UTC]",
    "budget_per_day": "float64",  # points a day that keep the risk under 10 %
    "calibrated": "bool",  # whether it was right oftener than the simple rules in eight windows or more of this one
    "verdict": "str",  # a sentence
    "reason": "str",  # why a number is missing, or ""
}
"""Columns of `forecast`, name -> dtype."""

SAFE: Final = 0.1  # the risk that the budget keeps to
CLOSED_WINDOWS: Final = 8  # before this many have closed, nothing is called calibrated
FEWEST_DAYS: Final = 2.0
FEWEST_GONE: Final = 0.05  # of the window
OLDEST_SHARE: Final = 7  # a reading older than a seventh of its window says little of now
OLDEST_HOURS: Final = 36
ORIGINS: Final = (0.3, 0.6)  # shares of the window at which its own past is asked
CHECK_PATHS: Final = 100
MOST_CHECKED: Final = 26  # windows, the latest ones
_ODD: Final = {
    NO_NUMBER: "the server sent no number",
    NOT_STARTED: "the window has not begun",
    UNCONFIRMED: "the last reading is not confirmed by another one",
}
LIKELY: Final = 1 - UNLIKELY


def forecast(frame: pd.DataFrame, *, now: Moment | None = None, seed: int = 0, paths: int = 400) -> pd.DataFrame:
    """What may become of every window until its reset, one row for each, with `FORECAST_COLUMNS`.

    Windows of a day and longer go on as past days of the same account did, drawn whole, at the level of the last
    days; with less than eight days of use as a Gamma process about the average so far. Shorter ones go on as past
    windows did that stood alike. Surprise refills come as often as they did. "Running out" has two numbers: if only
    the announced reset comes (plan by it), and counting refills before it (judge by it).

    There is no number (NaN, and the reason in words) where the last reading is old, blocked or not confirmed, where
    the window has not begun, and where less than two days or 5 % of it are known. A window shorter than a day has no
    risk unless this method was right oftener on its own past than always saying how often it ran out.

    Args:
        frame: Many readings over time, as `cycles` takes them; later ones than *now* are left out.
        now: The present moment; None means the newest reading.
        seed: The same seed gives the same answer.
        paths: How many ways are drawn.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> from quota_helpers.frames import to_frame
    >>> told = forecast(to_frame(demo_snapshots()))
    >>> bool(told["p_exhausted"].dropna().between(0, 1).all())
    True
    """
    if not (isinstance(paths, int) and paths > 0):
        raise ValueError(f"paths must be a whole number above 0, not {paths!r}")
    frame = readings(frame)
    present = present_of(frame, now)
    rows: list[dict[str, Any]] = []
    if present is not None:
        frame, moment = frame[frame["fetched_at"] <= pd.Timestamp(present)], micros(present)
        every = follow_all(frame)
        full = {
            (one.series.whose, one.series.limit)
            for one in every
            if one.series.used[-1] >= FULL and not one.series.length * SECOND < moment - one.series.time[-1]
        }
        blocked = frame["blocked"].iloc[[int(one.series.rows[-1]) for one in every]].fillna("").tolist()
        for one, why in zip(every, blocked, strict=True):
            # A full window of the same limit says the same, and until when.
            said = why in SAID_BY_A_FULL_WINDOW and (one.series.whose, one.series.limit) in full
            rows.append(forecast_row(one, moment, seed, paths, "" if said else str(why)))
    return frame_of(rows, FORECAST_COLUMNS)


def forecast_row(
    followed: Followed, now: int, seed: int = 0, paths: int = 400, blocked: str = "", *, prove: bool = True
) -> dict[str, Any]:
    """The row of one window, whose readings end at *now* (microseconds); *blocked* is why nothing passes, or "".

    Without *prove* it is not found out if the number is calibrated, which takes longer than the number.
    """
    series, reason = followed.series, why_not(followed, now)
    row = {name: np.nan if dtype == "float64" else MISSING for name, dtype in FORECAST_COLUMNS.items()} | {
        "account": series.label,
        "account_key": series.whose,
        "limit": series.limit,
        "window": series.window,
        "used_percent": float(series.used[-1]),
        # Where the last reading leaves it out, the paths go to its cycle's.
        "reset_at": int(series.reset[-1]) if reason else followed.cycles[-1].reset,
        "calibrated": False,
        "reason": reason,
    }
    if not reason and followed.cycles[-1].last >= FULL:
        past = past_of(followed)
        when = past.time[(past.time >= followed.cycles[-1].begun) & (past.used >= FULL)][0]
        ends = _quantiles("used", [FULL] * 3) | _quantiles("used_refills", [FULL] * 3)
        row |= ends | {"p_exhausted": 1.0, "p_exhausted_refills": 1.0, "budget_per_day": 0.0}
        return row | _quantiles("exhausted", [int(when)] * 3) | {"verdict": "used up"}
    reason = reason or blocked
    drawn, reason = (None, reason) if reason else forecast_paths(followed, seed, paths)
    row["reason"] = reason
    if drawn is None:
        return row | {"verdict": f"no forecast: {reason}"}
    out, start = drawn.run_out, int(series.time[-1])
    row |= _quantiles("used", np.quantile(drawn.at_reset, QUANTILES).tolist())
    row |= _quantiles("used_refills", np.quantile(drawn.at_end, QUANTILES).tolist())
    row["budget_per_day"] = _budget(drawn)
    if not reason:
        row["p_exhausted"] = float(np.isfinite(out).mean())
        row["p_exhausted_refills"] = float((out < np.minimum(drawn.refill, drawn.edges[-1])).mean())
        hours = np.quantile(out, QUANTILES, method="inverted_cdf").tolist()
        times = [max(now, start + int(at * HOUR_US)) if np.isfinite(at) else MISSING for at in hours]
        row |= _quantiles("exhausted", times)
        row["calibrated"] = prove and (series.length < DAY or _proven(followed, seed))
    return row | {"verdict": _verdict(row, now, short=series.length < DAY)}


def _quantiles(name: str, values: Sequence[float]) -> dict[str, Any]:
    return dict(zip((f"{name}_p10", f"{name}_p50", f"{name}_p90"), values, strict=True))


def _budget(drawn: Paths) -> float:
    """Points a day: the mean use, all of it made larger or smaller until nine paths of ten last."""
    used = drawn.level[:, -1] - drawn.level[:, 0]
    left, days = max(0.0, FULL - drawn.shown), max(drawn.edges[-1], 1e-9) / DAY_HOURS
    most = float(np.quantile(used, 1 - SAFE))
    share = min(1.0, float(used.mean()) / most) if most > 0 else 1.0
    return float(left / days * share)


def forecast_paths(followed: Followed, seed: int = 0, count: int = 400) -> tuple[Paths | None, str]:
    """The paths of a window for which `why_not` knows no reason, or None; beside them why they give no risk, or ""."""
    series, past, reset = followed.series, past_of(followed), followed.cycles[-1].reset
    # Chance of this window's own: what else the frame holds changes nothing.
    name = f"{series.whose}\0{series.limit}\0{series.window}"
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    last, used = int(past.time[-1]), float(past.used[-1])
    gone = (last - begun_at(followed, len(followed.cycles) - 1)) / HOUR_US
    if series.length >= DAY:
        if past.days < ENOUGH_DAYS and (last - int(past.time[0])) / HOUR_US < FEWEST_DAYS * DAY_HOURS:
            return None, "less than two days of readings are known"
        if past.days < ENOUGH_DAYS and gone < FEWEST_GONE * series.length / HOUR:
            return None, "less than 5 % of the window is gone, and its days are not known yet"
        return _by_days(past, followed.cycles, reset, gone, count, rng), ""
    hours = (reset - last) / HOUR_US
    drawn, thin = short_rises(followed, past, gone, hours, count, rng)
    if drawn is None:
        return None, thin
    return paths_from(drawn, used, hours, hours / drawn.shape[1], refill_clock(followed.cycles, last), rng), thin


def _by_days(
    past: Past, cycles: Sequence[Cycle], reset: int, gone: float, count: int, rng: np.random.Generator
) -> Paths:
    """Paths of a window of a day and longer, *gone* hours after it began, from the past's last reading to a reset."""
    last, used = int(past.time[-1]), float(past.used[-1])
    hours = min((reset - last) / HOUR_US, MOST_DAYS * DAY_HOURS)
    if past.days < ENOUGH_DAYS:
        rises = cold_start(used, gone, hours, count, rng)
    else:
        rises = day_blocks(past, last, hours, count, rng)
    return paths_from(rises, used, hours, 1.0, refill_clock(cycles, last), rng)


def why_not(followed: Followed, now: int) -> str:
    """Why the last reading is nothing to go on from, in words; "" when it is."""
    series, last = followed.series, int(followed.reading[-1])
    age = now - int(series.time[-1])
    if last != CONFIRMED:
        return _ODD[last]
    cycle = followed.cycles[-1]
    if cycle.reset == MISSING or np.isnan(series.length):
        return "no reset is announced"
    if now >= cycle.reset:
        return "its reset has passed since the last reading"
    if cycle.reset - int(series.time[-1]) > min(series.length * SECOND + series.tolerance, MOST_DAYS * DAY_US):
        return "its announced reset is further away than the window is long"
    if age > min(OLDEST_HOURS * HOUR, series.length / OLDEST_SHARE) * SECOND:
        return f"the last reading is {duration(timedelta(microseconds=age))} old"
    return ""


def _proven(followed: Followed, seed: int) -> bool:
    """Whether, over eight closed windows and more, this was nearer the truth than the base rate and the even pace."""
    past, closed, length = past_of(followed), closed_windows(followed), followed.series.length * SECOND
    told: list[tuple[float, float, float, float]] = []
    for one in closed[-MOST_CHECKED:]:
        for share in ORIGINS:
            known = past.until(one.begun + int(share * length))
            if known.days < FEWEST_DAYS or not one.cycle.begun <= known.time[-1] < one.cycle.ended:
                continue
            if known.used[-1] < FULL:
                gone = (int(known.time[-1]) - one.begun) / HOUR_US
                rng = np.random.default_rng([seed, one.number])
                drawn = _by_days(known, followed.cycles, one.cycle.reset, gone, CHECK_PATHS, rng)
                even = float(known.used[-1] * length / HOUR_US / max(gone, 1.0) >= FULL)
                told.append((float((drawn.run_out < drawn.refill).mean()), one.base, even, one.ran_out))
    if len(closed) < CLOSED_WINDOWS or not told:
        return False
    *rules, truth = np.array(told).T
    own, *others = (float(((rule - truth) ** 2).mean()) for rule in rules)
    return own < min(others)


def _verdict(row: dict[str, Any], now: int, *, short: bool) -> str:
    """The row in one sentence."""
    risk = row["p_exhausted"]
    if np.isnan(risk):
        return f"at its reset likely {row['used_p10']:.0f} to {row['used_p90']:.0f} % used; {row['reason']}"
    budget_of = row["budget_per_day"] / DAY_HOURS if short else row["budget_per_day"]
    safe = f"safe budget {budget_of:.2g} points {'an hour' if short else 'a day'}"
    if risk < 1 - SURE:
        return f"will very likely last: less than 1 in 20 risk; {safe}"
    if risk <= LIKELY:
        word = "likely to last" if risk < UNLIKELY else "may not last"
        return f"{word}: {odds(risk)} risk; {safe}"
    when = duration(timedelta(microseconds=row["exhausted_p50"] - now))
    word = "will very likely run out" if risk > SURE else "likely to run out"
    return f"{word}, about in {when}: {odds(risk)} risk; {safe}"


def rises(history: Any, now: datetime, ahead: timedelta) -> dict[tuple[str, str], float]:
    """(account key, own window) -> points that are used meanwhile, at most, in nine cases of ten, or until its reset.

    Of a `History` or a frame of readings until *now* (aware); windows that have no risk are left out.
    """
    frame = readings(history.frame() if callable(getattr(history, "frame", None)) else history)
    frame = frame[(frame["limit"] == OWN) & (frame["fetched_at"] <= pd.Timestamp(now))]
    at, found = micros(now), {}
    for one in follow_all(frame):
        paths, thin = (None, "") if why_not(one, at) else forecast_paths(one)
        if paths is not None and not thin:
            since = (at - int(one.series.time[-1])) / HOUR_US
            levels = paths.level_at(since + ahead.total_seconds() * SECOND / HOUR_US)
            found[one.series.whose, one.series.window] = max(0.0, float(np.quantile(levels, 1 - SAFE)) - paths.shown)
    return found
