"""Users whose tokens, prices and foreign use are known to the last point, and what their readings and logs show.

Built on the demand of `simulated_users`. Everything comes from one seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from simulated_users import FIVE_STEPS, KINDS, START_US, STEP, STEPS_A_DAY, WEEK_STEPS, _times, demand

MODELS = ("gpt-6-astra", "gpt-6-mini")
KIND_WEIGHTS = np.array([1.0, 0.1, 6.0, 6.0])  # fresh and cached input, visible output, reasoning


@dataclass(frozen=True)
class Spender:
    """One invented user: readings, turns and the truth.

    Attributes:
        windows: Readings of the week and, mostly, of five hours.
        tokens: The turns of the logs.
        foreign: Share of all weekly points that no turn explains, since the first turn.
        stepped: When a percent became dearer, or None.
    """

    windows: pd.DataFrame
    tokens: pd.DataFrame
    foreign: float
    stepped: pd.Timestamp | None


def spender(seed, *, days=42, foreign=0.0, step=0.0, step_day=None, until_day=None, drain=None, noise=0.1):
    """One user.

    Args:
        seed: Of everything.
        days: How long.
        foreign: Share of all points that others use, in bursts at any time of the day (about).
        step: By how much a token becomes dearer: 0.3 is 30 %.
        step_day: When; None: drawn from the middle half.
        until_day: When the readings end; None: with the days.
        drain: None, or the day from which on the foreign use begins, as a steady trickle with breaks.
        noise: How far a turn's price deviates from its tokens, as a share (standard deviation).
    """
    rng = np.random.default_rng([seed, 14])
    steps = days * STEPS_A_DAY
    own = demand(rng, KINDS[seed % len(KINDS)], days)
    begins = np.flatnonzero(own)[0]
    others = _bursts(rng, steps, own.sum() * foreign / (1 - foreign)) if drain is None else None
    if others is None:
        others = _trickle(rng, steps, int(drain * STEPS_A_DAY), own, foreign)
    step_day = rng.uniform(0.25, 0.75) * days if step_day is None else step_day
    dearer = np.where(np.arange(steps) >= int(step_day * STEPS_A_DAY), 1 + step, 1.0)
    ratio, lag = rng.uniform(3.0, 8.0), rng.integers(0, 3)
    run, used, five, reset, five_reset = _through(rng, own * dearer, others, ratio, lag)
    tokens = _turns(rng, run * own, noise, seed)
    last = steps if until_day is None else int(until_day * STEPS_A_DAY)
    share = np.exp(rng.uniform(np.log(0.3), np.log(0.98)))
    windows = _readings(rng, share, used, five, reset, five_reset, int(seed), last)
    tokens = tokens[tokens["time"] <= _times([last * STEP])[0]]
    mine, theirs = (run * own * dearer)[begins:last].sum(), (run * others)[begins:last].sum()
    stepped = _times([step_day * 86_400])[0] if step else None
    return Spender(windows, tokens, theirs / (mine + theirs), stepped)


def _bursts(rng, steps, points):
    """Others' use: bursts of ten minutes to three hours at any time of the day."""
    others = np.zeros(steps)
    if points > 0:
        count = max(3, int(points / rng.uniform(3, 12)))
        for start, size in zip(rng.integers(steps, size=count), rng.gamma(2.0, 1.0, count), strict=True):
            length = rng.integers(1, 19)
            others[start : start + length] += size / length
        others *= points / others.sum()
    return others


def _trickle(rng, steps, begin, own, foreign):
    """Others' use from some day on: a little in most hours, until they make up the share of that time."""
    others = np.zeros(steps)
    hours = np.repeat(rng.random(steps // 6 + 1) < 0.7, 6)[:steps]
    others[begin:] = hours[begin:] * rng.gamma(1.0, 1.0, steps - begin)
    return others * own[begin:].sum() * foreign / (1 - foreign) / max(others.sum(), 1e-9)


def _through(rng, own, others, ratio, lag):
    """What the windows let through (a share of each step), and their levels and resets as they are shown."""
    steps = len(own)
    surprise = rng.random(steps) < 1 / (20 * STEPS_A_DAY)
    run, used, five = np.zeros(steps), np.zeros(steps), np.zeros(steps)
    reset, five_reset = np.zeros(steps, int), np.zeros(steps, int)
    ends, level, sitting, five_begun, booked = int(rng.uniform(0.1, 1) * WEEK_STEPS), 0.0, 0.0, -FIVE_STEPS, [0.0] * 3
    for now in range(steps):
        if now >= ends or surprise[now]:
            ends, level = now + WEEK_STEPS, 0.0
            if surprise[now]:
                sitting, five_begun = 0.0, now
        wanted = own[now] + others[now]
        if now >= five_begun + FIVE_STEPS and wanted > 0:
            sitting, five_begun = 0.0, now
        allowed = max(0.0, min(wanted, 100 - level, (100 - sitting) / ratio))
        run[now] = allowed / wanted if wanted else 0.0
        booked.append(allowed)
        late = booked[-1 - lag]  # the server counts a little later
        level, sitting = min(100.0, level + late), min(100.0, sitting + late * ratio)
        used[now], five[now], reset[now], five_reset[now] = level, sitting, ends, five_begun + FIVE_STEPS
    return run, used, five, reset, five_reset


def _turns(rng, points, noise, seed):
    """One to four turns for each step with work; the share of cached input drifts over weeks."""
    steps = np.flatnonzero(points > 0)
    count = rng.integers(1, 5, len(steps))
    at = np.repeat(steps, count)
    amount = np.repeat(points[steps] / count, count) * np.exp(rng.normal(-(noise**2) / 2, noise, len(at)))
    drift = np.cumsum(rng.normal(0, 0.02, len(points)))
    cached = 1 / (1 + np.exp(-(1.5 + rng.normal(0, 0.5) + drift[at] / 2 + rng.normal(0, 0.4, len(at)))))
    output, thought = np.exp(rng.normal(-3.3, 0.4, len(at))), rng.uniform(0.2, 0.8, len(at))
    mix = np.column_stack([1 - cached, cached, output * (1 - thought), output * thought])
    kinds = KIND_WEIGHTS * np.exp([0, *rng.normal(0, [0.3, 0.2, 0.0])])
    kinds[3] = kinds[2]
    model = (rng.random(len(points)) < rng.uniform(0, 0.5)).astype(int)[at // 12 * 12]
    price = np.array([1.0, np.exp(rng.normal(-1.2, 0.3))])[model] / rng.uniform(4e5, 2e6)
    scale = amount / (mix @ kinds) / price
    whole = np.round(mix * scale[:, None]).astype(np.int64)
    moments = at * STEP + rng.integers(0, STEP - 60, len(at))  # before the step's reading
    project = rng.integers(0, 3, len(points))[at // 18 * 18]
    frame = pd.DataFrame(
        {
            "time": pd.DatetimeIndex((START_US + moments * 1_000_000).view("M8[us]"), tz="UTC"),
            "session": [f"s{number}" for number in at // 36],
            "account_key": f"u{seed}",
            "model": np.array(MODELS)[model],
            "effort": np.array(["high", "low"])[(at // 30) % 2],
            "project": np.array(["site", "engine", "notes"])[project],
            "input": whole[:, 0] + whole[:, 1],
            "cached_input": whole[:, 1],
            "output": whole[:, 2] + whole[:, 3],
            "reasoning": whole[:, 3],
        }
    )
    frame["total"] = frame["input"] + frame["output"]
    return frame.sort_values("time", ignore_index=True)


def _readings(rng, share, used, five, reset, five_reset, seed, last):
    taken = rng.random(len(used)) < share
    for _ in range(len(used) // (14 * STEPS_A_DAY)):  # the machine sleeps
        start = rng.integers(len(used))
        taken[start : start + rng.integers(6, STEPS_A_DAY)] = False
    flapping = np.zeros(len(used), bool)
    start = rng.integers(len(used))
    flapping[start : start + 40] = rng.random(40)[: len(used) - start] < 0.4
    steps = np.flatnonzero(taken[:last])
    frames = [_window(rng, steps, used, reset, "weekly", 604_800.0, flapping)]
    if rng.random() < 0.8:  # some accounts have no five-hour window
        frames.append(_window(rng, steps[steps < five_reset[steps]], five, five_reset, "five_hour", 18_000.0, flapping))
    return pd.concat(frames, ignore_index=True).assign(account_key=f"u{seed}", limit="codex")


def _window(rng, steps, used, reset, name, seconds, flapping):
    odd = rng.random(len(steps)) < 0.003
    other = flapping[steps]
    announced = np.where(odd, steps * STEP + seconds, reset[steps] * STEP + rng.integers(-2, 3, len(steps)))
    return pd.DataFrame(
        {
            "window": name,
            "window_seconds": seconds,
            "used_percent": np.where(odd, 0.0, np.where(other, 3.0, np.floor(used[steps] + 1e-9))),
            "reset_at": _times(announced - np.where(other, seconds // 9, 0)),
            "fetched_at": _times(steps * STEP + rng.integers(STEP - 60, STEP, len(steps))),
        }
    )
