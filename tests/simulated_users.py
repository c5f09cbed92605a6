"""Users whose quota is known to the last point: what they want, what the windows allow, what a reader gets to see.

Everything comes from one seed. `simulate(seed, ...)` gives the readings as a frame and the truth beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from quota_helpers.models import COLUMNS

START = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
START_US = int(START.timestamp()) * 1_000_000
STEP = 600  # seconds
STEPS_A_DAY = 144
WEEK_STEPS, FIVE_STEPS = 7 * STEPS_A_DAY, 30
KINDS = ("office", "night", "all day", "bursty")


@dataclass(frozen=True)
class Cycle:
    """One filling as it really was, in steps since START."""

    begun: int
    reset: int
    ended: int
    full: int | None  # when nothing was left

    @property
    def surprise(self) -> bool:
        return self.ended < self.reset


@dataclass(frozen=True)
class User:
    """Readings of one invented user, and the truth."""

    kind: str
    frame: pd.DataFrame
    weeks: tuple[Cycle, ...]
    used: np.ndarray  # percent of the week, at every step


def demand(rng, kind, days):
    """Weekly points wanted in every step, by rhythm, sessions, day and week."""
    hour = np.arange(STEPS_A_DAY) / 6
    shift = rng.normal(0, 1)
    hours = {
        "office": ((hour - shift) % 24 >= 8) & ((hour - shift) % 24 < 18),
        "night": ((hour - shift) % 24 >= 20) | ((hour - shift) % 24 < 3),
        "all day": np.ones(STEPS_A_DAY, bool),
        "bursty": ((hour - shift) % 24 >= 7) & ((hour - shift) % 24 < 23),
    }[kind]
    weekend = {"office": 0.1, "night": 0.9, "all day": 1.0, "bursty": 0.6}[kind]
    spread = {"office": 0.4, "night": 0.5, "all day": 0.35, "bursty": 0.9}[kind]
    week_of = np.repeat(np.exp(rng.normal(0, 0.3, days // 7 + 1)), 7)[:days]
    day_of = np.exp(rng.normal(0, spread, days)) * np.where(np.arange(days) % 7 >= 5, weekend, 1.0)
    wanted = (day_of * week_of)[:, None] * hours[None, :]
    on = rng.random(days * STEPS_A_DAY) < 1.0
    state, leave, come = True, 1 / rng.uniform(4, 15), 1 / rng.uniform(4, 20 if kind != "bursty" else 60)
    for step, chance in enumerate(rng.random(len(on))):
        state = chance >= leave if state else chance < come
        on[step] = state
    wanted = wanted.ravel() * on * rng.gamma(1.0, 1.0, len(on))
    if rng.random() < 0.5:  # work gets dearer or cheaper from some day on
        wanted[int(rng.uniform(0.3, 0.8) * len(wanted)) :] *= np.exp(rng.normal(0, 0.5))
    usual = np.exp(rng.normal(np.log(125), 0.45))  # points a week
    return wanted * usual * days / 7 / wanted.sum()


def simulate(seed, *, days=84, refills=False, mean_wait=8.0, five_hours=True, sampled=None, kind=None):
    """One user.

    Args:
        seed: Of everything.
        days: How long.
        refills: Whether surprise refills come, memoryless, on average every *mean_wait* days.
        five_hours: Whether the five-hour window holds back, and is in the frame.
        sampled: Share of the ten-minute steps at which a reading is taken; None: drawn from 2 to 95 %.
        kind: One of `KINDS`; None: by the seed.
    """
    rng = np.random.default_rng(seed)
    kind = kind or KINDS[seed % len(KINDS)]
    wanted = demand(rng, kind, days).tolist()
    surprise = rng.random(len(wanted)) < (1 / (mean_wait * STEPS_A_DAY) if refills else 0)
    ratio = rng.uniform(3.0, 8.0)  # points of five hours for a point of the week
    used, five = np.zeros(len(wanted)), np.zeros(len(wanted))
    reset, five_reset = np.zeros(len(wanted), int), np.zeros(len(wanted), int)
    week, begun, full, five_begun, level, sitting = [], 0, None, 0, 0.0, 0.0
    ends = int(rng.uniform(0.1, 1) * WEEK_STEPS)
    begun = ends - WEEK_STEPS
    for step, points in enumerate(wanted):
        if step >= ends or surprise[step]:
            week.append(Cycle(begun, ends, step, full))
            begun, ends, full, level = step, step + WEEK_STEPS, None, 0.0
            if surprise[step]:
                sitting, five_begun = 0.0, step
        if step >= five_begun + FIVE_STEPS and points > 0:
            sitting, five_begun = 0.0, step
        allowed = min(points, 100 - level, (100 - sitting) / ratio if five_hours else 100)
        level, sitting = level + allowed, sitting + allowed * ratio
        if level >= 100 - 1e-9 and full is None:
            full = step
        used[step], five[step], reset[step] = level, sitting, ends
        five_reset[step] = five_begun + FIVE_STEPS
    week.append(Cycle(begun, ends, len(wanted), full))
    share = sampled or np.exp(rng.uniform(np.log(0.02), np.log(0.95)))
    return User(
        kind, _frame(rng, seed, share, used, reset, five if five_hours else None, five_reset), tuple(week), used
    )


@dataclass(frozen=True)
class Person:
    """Somebody with several logins, who uses one until it is used up and then another; weekly windows only."""

    frame: pd.DataFrame
    wanted: np.ndarray  # points, at every step
    level: np.ndarray  # steps x logins, percent
    reset: np.ndarray  # steps x logins, steps

    def served(self, step, until, first):
        """Points that are had from a step on, the login *first* used first and then whichever comes back first."""
        level, reset, total = self.level[step].copy(), self.reset[step].copy(), 0.0
        for now in range(step + 1, until):
            level[reset <= now] = 0.0
            reset[reset <= now] += WEEK_STEPS
            left = self.wanted[now]
            for login in [first, *np.argsort(reset, kind="stable")]:
                taken = min(left, 100 - level[login])
                level[login], left, total = level[login] + taken, left - taken, total + taken
            if level[first] >= 100:
                first = int(np.argmin(reset))
        return total


def person(seed, *, logins=3, days=42, sampled=0.3):
    """One person with several logins."""
    rng = np.random.default_rng(seed)
    wanted = demand(rng, KINDS[seed % len(KINDS)], days) * logins
    level, reset = np.zeros((len(wanted), logins)), np.zeros((len(wanted), logins), int)
    now, ends, current = np.zeros(logins), rng.integers(1, WEEK_STEPS, logins), 0
    for step, points in enumerate(wanted):
        now[ends <= step] = 0.0
        ends[ends <= step] += WEEK_STEPS
        left = points
        for login in [current, *range(logins)]:
            taken = min(left, 100 - now[login])
            now[login], left = now[login] + taken, left - taken
            if taken:
                current = login
        level[step], reset[step] = now, ends
    taken = [np.flatnonzero(rng.random(len(wanted)) < sampled) for _ in range(logins)]
    frames = [
        _window(rng, taken[login], level[:, login], reset[:, login], "weekly", 604_800.0).assign(
            account=f"login {login}", account_key=f"{login}", limit="codex"
        )
        for login in range(logins)
    ]
    frame = pd.concat(frames, ignore_index=True).reindex(columns=list(COLUMNS)).astype(COLUMNS)
    return Person(frame, wanted, level, reset)


def _frame(rng, seed, share, used, reset, five, five_reset):
    taken = rng.random(len(used)) < share
    for _ in range(len(used) // (14 * STEPS_A_DAY)):  # the machine sleeps
        start = rng.integers(len(used))
        taken[start : start + rng.integers(6, 2 * STEPS_A_DAY)] = False
    steps = np.flatnonzero(taken)
    frames = [_window(rng, steps, used, reset, "weekly", 604_800.0)]
    if five is not None:
        frames.append(_window(rng, steps[steps < five_reset[steps]], five, five_reset, "five_hour", 18_000.0))
    frame = pd.concat(frames, ignore_index=True).assign(account=f"user {seed}", account_key=f"u{seed}", limit="codex")
    return frame.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def _window(rng, steps, used, reset, name, seconds):
    shown = np.ceil(used[steps] - 1e-9)
    odd = rng.random(len(steps)) < 0.006
    jitter = rng.integers(-2, 3, len(steps))
    announced = np.where(odd, steps * STEP + seconds, reset[steps] * STEP + jitter)
    return pd.DataFrame(
        {
            "window": name,
            "window_seconds": seconds,
            "used_percent": np.where(odd, 0.0, shown),
            "reset_at": _times(announced),
            "fetched_at": _times(steps * STEP + rng.integers(0, 60, len(steps))),
        }
    )


def _times(seconds):
    return pd.DatetimeIndex((START_US + np.asarray(seconds, np.int64) * 1_000_000).view("M8[us]"), tz="UTC")


def at(step):
    """The moment of a step."""
    return pd.Timestamp(START) + pd.Timedelta(seconds=float(step) * STEP + 59)
