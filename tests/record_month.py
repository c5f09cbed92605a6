"""Makes the demo's month: `python tests/record_month.py` writes quota_helpers/invented/month.json.gz.

Invented people work by a rhythm, what they spend fills windows, and what `truth` tells happens to them. Kept are the
readings that somebody had who looked every 20 minutes, and what the server itself would account. Run it when the
demo's bodies at `T0`, a rhythm or the truth changes; a test holds the file to it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any, Final

from quota_helpers.invented.accounts import ACCOUNTS, DemoAccount, body
from quota_helpers.invented.meters import FULL, T0, Json
from quota_helpers.invented.truth import (
    DEARER,
    EARLY_REFILL,
    EARLY_REFILL_ANNOUNCED,
    FLAPPING,
    GAP,
    KEPT_CLOCK,
    LIFTED,
    ODD_READING,
    PLAN_BEFORE,
    PLAN_CHANGE,
    PRICE_JUMP,
    TOKENS_PER_PERCENT,
)
from quota_helpers.models import Account, Limit, QuotaWindow, UsageSnapshot
from quota_helpers.normalize import normalize_usage

PLACE = Path(__file__).parent.parent / "quota_helpers" / "invented" / "month.json.gz"

PACE: Final = timedelta(minutes=20)
"""How often the past was looked at; every time of the past is a multiple of it before `T0`."""

SEED: Final = "quota demo"

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How somebody works.

    Attributes:
        hours: Hours of the day (UTC) in which a sitting may begin.
        sittings: Chance per step that one begins in these hours.
        stays: Chance per step that it goes on.
        weekend: Factor on both for Saturday and Sunday.
        points: The most five-hour percents a step costs.
    """

    hours: range
    sittings: float = 0.25
    stays: float = 0.8
    weekend: float = 0.3
    points: float = 9.0

    def demand(self, name: str, times: list[datetime]) -> list[float]:
        """Five-hour percents that the person called *name* would use up in the step that ends at each time."""
        chance = Random(f"{SEED} {name}")
        found, at_work = [], False
        for when in times:
            factor = self.weekend if when.weekday() >= _SATURDAY else 1.0
            likely = self.stays * (0.5 + factor / 2) if at_work else self.sittings * factor * (when.hour in self.hours)
            at_work = chance.random() < likely
            # random() alone is the same in every version of Python; its other distributions are not promised to be.
            amount = self.points * (0.15 + 0.85 * chance.random() ** 2)
            found.append(amount if at_work else 0.0)
        return found


RHYTHMS: Final[Mapping[str, Rhythm]] = {
    "ada": Rhythm(hours=range(7, 17), points=13.0),
    "kim@example.com": Rhythm(hours=range(6, 20), sittings=0.4, stays=0.85, weekend=0.5, points=15.0),
    "night-owl": Rhythm(hours=range(19, 24), sittings=0.35, stays=0.9, weekend=1.0, points=11.0),
    "team-blue": Rhythm(hours=range(8, 18), sittings=0.2, points=12.0),
    "wren": Rhythm(hours=range(17, 22), sittings=0.2, weekend=1.0),
}
"""The demo accounts that have a past."""


DAYS: Final = 30

LONG_SHARE: Final = {"weekly": 1 / 7, "monthly": 1 / 16}
"""Percents of a longer window that one five-hour percent costs."""

_FLAPPING_AHEAD: Final = timedelta(hours=18)  # the other window's reset comes earlier by this much
_EARLIER_SHARE: Final = 45  # percent of a window that was used by its middle when the month began
_JITTER: Final = (0, 0, 0, 1, 2, -1)  # seconds by which an announced reset differs from one reading to the next


@dataclass(frozen=True, slots=True)
class Level:
    """How a window stood at one moment: exact percent and announced reset; None: it has not started."""

    used: float
    reset_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastMonth:
    """One account's month, step by step.

    Attributes:
        account: The demo account.
        times: The moments that were looked at, oldest first; the last one is `T0`.
        spent: Five-hour percents that the step up to each time used up.
        levels: Window name -> its level at each time.
        now: The reading at `T0`, as the demo server gives it.
    """

    account: DemoAccount
    times: tuple[datetime, ...]
    spent: tuple[float, ...]
    levels: dict[str, tuple[Level, ...]]
    now: UsageSnapshot


def key_of(account: DemoAccount) -> str:
    """The key that its login has everywhere."""
    seat = account.seat
    return Account(name=account.name, account_id=seat.account_id, user_id=seat.user_id, email=seat.email).key


@cache
def past(name: str) -> PastMonth:
    """The month of the demo account called *name*.

    Raises:
        KeyError: It has none.
    """
    rhythm = RHYTHMS[name]
    account = next(account for account in ACCOUNTS if account.name == name)
    steps = timedelta(days=DAYS) // PACE
    times = tuple(T0 - PACE * (steps - number) for number in range(steps + 1))
    now = normalize_usage(body(account, T0), fetched_at=T0)
    spent = tuple(rhythm.demand(name, list(times)))
    levels = {}
    if (five := now.five_hour) is not None:
        levels["five_hour"], spent = _short(name, five, times, spent)
    for window in now.windows:
        if window.limit_id == "codex" and window.name in LONG_SHARE:
            levels[window.name] = _long(name, window, times, spent)
    return PastMonth(account, times, spent, levels, now)


def _short(
    name: str, now: QuotaWindow, times: tuple[datetime, ...], demand: tuple[float, ...]
) -> tuple[tuple[Level, ...], tuple[float, ...]]:
    """Five hours begin with the first use after the last ones ended; what is beyond 100 % is not spent."""
    length, last_reset, last_used = _known(now)
    began = last_reset - length
    running = [want for when, want in zip(times, demand, strict=True) if when - PACE >= began]
    scale = last_used / sum(running) if sum(running) else 0.0
    levels, spent = [], []
    used, reset = 0.0, None
    for when, want in zip(times, demand, strict=True):
        since = when - PACE  # what was spent at `when` was spent from here on
        step = 0.0
        if LIFTED.covers(name, when):
            step, used, reset = want, 0.0, None
        elif since >= began:
            used = 0.0 if reset is None else used
            step, reset = want * scale if scale else last_used * PACE / (T0 - began), last_reset
        elif reset is not None and when >= reset:
            used, reset = 0.0, None  # a short break
        elif reset is not None:
            step = min(want, FULL - used)
        elif want and since + length <= began:  # nothing may overlap the demo's last five hours
            step, reset = want, since + length
        used += step if reset is not None else 0.0
        levels.append(Level(used, reset))
        spent.append(step)
    return tuple(levels), tuple(spent)


def _long(name: str, now: QuotaWindow, times: tuple[datetime, ...], spent: tuple[float, ...]) -> tuple[Level, ...]:
    """Weeks and months follow each other without a break; the last one ends as the demo server says."""
    length, last_reset, last_used = _known(now)
    resets = _resets(name, now.name, last_reset, length, times[0])
    levels = []
    used = _EARLIER_SHARE * (1 - (resets[0][1] - times[0]) / length)
    for when, step in zip(times, spent, strict=True):
        if len(resets) > 1 and when >= resets[1][0]:
            resets, used = resets[1:], 0.0
        elif (name, now.name, when) == (KEPT_CLOCK.account, KEPT_CLOCK.window, KEPT_CLOCK.at):
            used = 0.0
        used = min(FULL, used + step * LONG_SHARE[now.name])
        levels.append(Level(used, resets[0][1]))
    return _scaled(levels, last_reset, last_used)


def _scaled(levels: list[Level], last_reset: datetime, last_used: float) -> tuple[Level, ...]:
    """The same, with the last window's levels brought to what it stands at now."""
    own = levels[-1].used
    mine = [level.reset_at == last_reset for level in levels]
    refilled = max((at for at in range(1, len(levels)) if levels[at].used < levels[at - 1].used), default=0)
    return tuple(
        replace(level, used=level.used * last_used / own) if last and at >= refilled and own else level
        for at, (level, last) in enumerate(zip(levels, mine, strict=True))
    )


def _resets(
    name: str, window: str, last_reset: datetime, length: timedelta, first: datetime
) -> list[tuple[datetime, datetime]]:
    """(begin, announced reset) of each window that reaches into the month, oldest first."""
    found = [(last_reset - length, last_reset)]
    while found[0][0] > first:
        begin = found[0][0]
        early = (name, window, begin) == (EARLY_REFILL.account, EARLY_REFILL.window, EARLY_REFILL.at)
        reset = EARLY_REFILL_ANNOUNCED if early else begin
        found.insert(0, (reset - length, reset))
    return found


def _known(window: QuotaWindow) -> tuple[timedelta, datetime, float]:
    if window.window_seconds is None or window.reset_at is None or window.used_percent is None:
        raise ValueError(f"the demo's {window.name} window has no length, reset or percentage at T0")
    return timedelta(seconds=window.window_seconds), window.reset_at, window.used_percent


def _snapshots(month: PastMonth) -> Iterator[UsageSnapshot]:
    name, seat, key = month.account.name, month.account.seat, key_of(month.account)
    chance = Random(f"{SEED} jitter {name}")
    for at, when in enumerate(month.times[:-1]):
        if GAP.covers(name, when):
            continue
        lifted = LIFTED.covers(name, when)
        windows = tuple(
            _window(month, window, at, chance, alone=lifted)
            for window in month.now.windows
            if window.name in month.levels
            and window.limit_id == "codex"
            and not (lifted and window.name == "five_hour")
        )
        full = any((window.used_percent or 0) >= FULL for window in windows)
        yield UsageSnapshot(
            account=name,
            account_key=key,
            plan=PLAN_BEFORE if name == PLAN_CHANGE.account and when < PLAN_CHANGE.at else seat.plan,
            windows=windows,
            limits=(Limit(limit_id="codex", allowed=not full, limit_reached=full),),
            allowed=not full,
            limit_reached=full,
            fetched_at=when,
            origin="demo",
        )


def _window(month: PastMonth, now: QuotaWindow, at: int, chance: Random, *, alone: bool) -> QuotaWindow:
    name, when = month.account.name, month.times[at]
    level = month.levels[now.name][at]
    length = timedelta(seconds=now.window_seconds or 0)
    jitter = timedelta(seconds=_JITTER[int(chance.random() * len(_JITTER))])
    used, reset = int(level.used), when + length if level.reset_at is None else level.reset_at + jitter
    if (name, now.name, when) == (ODD_READING.account, ODD_READING.window, ODD_READING.at):
        used = 0
    if FLAPPING.covers(name, when) and chance.random() < 0.4:  # less often than the real one
        reset -= _FLAPPING_AHEAD
        used = int(2 + 4 * (when - FLAPPING.since) / (FLAPPING.until - FLAPPING.since))
    return QuotaWindow(
        limit_id=now.limit_id,
        name=now.name,
        used_percent=float(used),
        window_seconds=now.window_seconds,
        reset_at=reset,
        slot="primary" if alone else now.slot,
        fetched_at=when,
    )


def _periods(account: DemoAccount) -> Iterator[dict[str, Any]]:
    month = past(account.name)
    for window in month.now.windows:
        if window.limit_id != "codex" or window.name not in month.levels or window.window_seconds is None:
            continue
        length = timedelta(seconds=window.window_seconds)
        for reset, levels in groupby(month.levels[window.name], key=lambda level: level.reset_at):
            if reset is not None:
                used = max(level.used for level in levels)
                yield {
                    "minutes": int(window.window_seconds // 60),
                    "starts": reset - length,
                    "ends": reset,
                    "used": used,
                }


def _tokens(account: DemoAccount) -> dict[str, int]:
    """Tokens of each day, whoever spent them."""
    month = past(account.name)
    days: dict[str, float] = {}
    for when, percents in zip(month.times, month.spent, strict=True):
        days.setdefault(f"{when:%Y-%m-%d}", 0.0)
        days[f"{when:%Y-%m-%d}"] += percents * tokens_per_percent(account.name, when)
    return {day: int(tokens) for day, tokens in days.items()}


def tokens_per_percent(account: str, when: datetime) -> float:
    """What one five-hour percent costs an account at a moment."""
    jumped = account == PRICE_JUMP.account and when > PRICE_JUMP.at
    return TOKENS_PER_PERCENT["five_hour"] / (DEARER if jumped else 1.0)


def kept(name: str) -> Json:
    """What the file keeps of one account."""
    month = past(name)
    snapshots = list(_snapshots(month))
    periods = [
        [one["minutes"], int(one["starts"].timestamp()), int(one["ends"].timestamp()), int(one["used"] * 100)]
        for one in _periods(month.account)
    ]
    return {
        "key": snapshots[0].account_key,
        "lengths": {window.name: window.window_seconds for one in snapshots for window in one.windows},
        "readings": [
            [
                (one.fetched_at - month.times[0]) // PACE,
                one.plan,
                [[w.name, int(w.used_percent), int(w.reset_at.timestamp()), w.slot] for w in one.windows],
            ]
            for one in snapshots
        ],
        "periods": periods,
        "tokens": _tokens(month.account),
    }


def main() -> None:
    text = json.dumps({name: kept(name) for name in RHYTHMS}, separators=(",", ":"))
    PLACE.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
