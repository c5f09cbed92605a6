"""How often the forecast was right: asked again at earlier moments of the reader's own past, beside simple rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ..labels import Names
from ..periods import Cycle, Followed, follow_all
from ..periods.follow import follow
from ..periods.readings import Floats
from ..times import MISSING, SECOND
from .demand import FULL, HOUR_US, Past, past_of
from .forecast import begun_at, forecast_row
from .refills import EARLY

RULES: Final = ("forecast", "base rate", "whole window", "weekday by hour")
ORIGINS: Final = 6  # moments of each window, evenly
MOST_WINDOWS: Final = 26  # the latest ones of each kind
RESAMPLED: Final = 500
HALF_LIFE_HOURS: Final = 14 * 24.0  # of the weekday-by-hour rule
WEEK_HOURS: Final = 168
BINS: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What the forecast would have said, and what came.

    Attributes:
        asked: One row for each moment: `account, account_key, limit, window, cycle, asked_at`, what each of `RULES`
            said of running out before the next refill (0 to 1), the band (`low, middle, high`, percent), `hours_off`
            (error of the time of running out, at most until the window's end), and what came (`ran_out, ended_used`).
        scores: One row for each rule: `rule, moments, windows, brier` (lower is better), `skill` (1 is perfect, 0 the
            base rate) with its 80 % interval over whole windows (`skill_low, skill_high`), `flips` (changes of the
            verdict in a window); of the forecast also `pinball` (points), `cover` (share inside the 80 % band) and
            `hours_off`.
        reliability: One row for each range of what was said: `said` (mean), `came` (share), `moments`.
    """

    asked: pd.DataFrame
    scores: pd.DataFrame
    reliability: pd.DataFrame

    def __repr__(self) -> str:
        return "no closed window to ask about" if self.asked.empty else self.scores.round(3).to_string(index=False)

    def _repr_html_(self) -> str:
        html: str = self.scores.round(3).to_html(index=False, border=0)
        return html


def backtest(
    frame: pd.DataFrame,
    *,
    accounts: Names = None,
    windows: Names = "weekly",
    limits: Names = "codex",
    seed: int = 0,
    paths: int = 200,
) -> Backtest:
    """Ask the forecast at earlier moments, each time with what was known then, and score it against what came.

    Beside it stand: how often earlier windows ran out (base rate); used / elapsed for the whole window; and a model of
    weekday by hour with a half-life of 14 days that knows of no refills (as ccpace describes its own).

    Args:
        frame: Many readings over time.
        accounts: Names or keys; None means all.
        windows: Names of windows; None means all.
        limits: Limit ids; None means all.
        seed: The same seed gives the same answer.
        paths: How many ways each forecast draws.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> from quota_helpers.frames import to_frame
    >>> list(backtest(to_frame(demo_snapshots()), accounts="ada").scores["rule"])
    ['forecast', 'base rate', 'whole window', 'weekday by hour']
    """
    rows = [row for one in follow_all(frame, accounts, windows, limits) for row in _asked(one, seed, paths)]
    asked = pd.DataFrame(rows, columns=_COLUMNS)
    return Backtest(asked, _scores(asked, np.random.default_rng(seed)), _reliability(asked))


_COLUMNS: Final = [
    *("account", "account_key", "limit", "window", "cycle", "asked_at", *RULES),
    *("low", "middle", "high", "hours_off", "ran_out", "ended_used"),
]


def _asked(whole: Followed, seed: int, paths: int) -> Iterator[dict[str, Any]]:
    closed: list[float] = []
    length = whole.series.length * SECOND
    for number, cycle in enumerate(whole.cycles):
        if (cycle.end != "scheduled" and cycle.end not in EARLY) or cycle.reset == MISSING:
            continue
        begun = begun_at(whole, number)
        if number >= len(whole.cycles) - MOST_WINDOWS:
            for share in np.arange(1, ORIGINS + 1) / (ORIGINS + 1):
                row = _at(whole, cycle, begun + int(share * length), seed, paths)
                if row is not None:
                    yield row | {"cycle": number, "base rate": (sum(closed) + 0.5) / (len(closed) + 1)}
        closed.append(float(cycle.peak >= FULL))


def _at(whole: Followed, cycle: Cycle, when: int, seed: int, paths: int) -> dict[str, Any] | None:
    """What was said at a moment of a cycle, from the readings until then; None where there was no number."""
    series = whole.series
    count = int(np.searchsorted(series.time, when, side="right"))
    if not count or not cycle.begun <= series.time[count - 1] < cycle.ended or when >= cycle.ended:
        return None
    cuts = {name: getattr(series, name)[:count] for name in ("rows", "time", "used", "reset")}
    known = follow(replace(series, **cuts, copies=series.copies[:0], copied=series.copied[:0]))
    row = forecast_row(known, when, seed, paths)
    if np.isnan(row["p_exhausted_refills"]) or known.cycles[-1].last >= FULL:
        return None
    begun, inside = begun_at(known, len(known.cycles) - 1), whole.cycle == whole.cycles.index(cycle)
    full = series.time[inside & (series.used >= FULL)]
    end = int(full[0]) if len(full) else cycle.ended
    told = row["exhausted_p50"] if row["exhausted_p50"] != MISSING else cycle.reset
    pace = row["used_percent"] / max(1, when - begun) * series.length * SECOND
    projected = row["used_percent"] + _weekday_by_hour(past_of(known), when, cycle.reset)
    return {
        **{name: row[name] for name in ("account", "account_key", "limit", "window")},
        "asked_at": pd.Timestamp(when, unit="us", tz="UTC"),
        "forecast": row["p_exhausted_refills"],
        "whole window": float(pace >= FULL),
        "weekday by hour": float(projected >= FULL),
        **dict(zip(("low", "middle", "high"), (row[f"used_refills_p{share}"] for share in (10, 50, 90)), strict=True)),
        "hours_off": abs(min(told, cycle.reset) - end) / HOUR_US,
        "ran_out": float(cycle.peak >= FULL),
        "ended_used": cycle.peak,
    }


def _weekday_by_hour(past: Past, now: int, reset: int) -> float:
    """Points until the reset, each hour as that hour of the week was on average."""
    edges = np.arange(past.time[0] // HOUR_US * HOUR_US, now + 1, HOUR_US)
    if len(edges) < 2:  # noqa: PLR2004  # no whole hour
        return 0.0
    weight = 0.5 ** ((now - edges[1:]) / HOUR_US / HALF_LIFE_HOURS)
    place = edges[:-1] // HOUR_US % WEEK_HOURS
    points = np.bincount(place, weight * np.diff(np.interp(edges, past.time, past.risen)), WEEK_HOURS)
    hours = np.bincount(place, weight * np.diff(np.interp(edges, past.time, past.known)), WEEK_HOURS)
    mean = points / np.maximum(hours, 1e-9)
    return float(mean[np.arange(now // HOUR_US + 1, reset // HOUR_US + 1) % WEEK_HOURS].sum())


def _scores(asked: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    names = ("rule", "moments", "windows", "brier", "skill", "skill_low", "skill_high", "flips", "pinball", "cover")
    columns = [*names, "hours_off"]
    if asked.empty:
        return pd.DataFrame({"rule": list(RULES)}, columns=columns)
    truth = asked["ran_out"].to_numpy()
    window = pd.factorize(pd.MultiIndex.from_frame(asked[["account_key", "limit", "window", "cycle"]]))[0]
    errors: dict[str, Floats] = {
        rule: np.bincount(window, (asked[rule].to_numpy() - truth) ** 2).astype(np.float64) for rule in RULES
    }
    drawn = rng.integers(window.max() + 1, size=(RESAMPLED, window.max() + 1))
    rows = []
    for rule in RULES:
        low, high = np.quantile(_skill(errors[rule][drawn], errors["base rate"][drawn]), (0.1, 0.9))
        verdict = asked[rule].to_numpy() > 0.5  # noqa: PLR2004  # sooner than not
        flips = (verdict[1:] != verdict[:-1]) & (window[1:] == window[:-1])
        skill = float(_skill(errors[rule], errors["base rate"]))
        brier = float(errors[rule].sum() / len(asked))
        row = (rule, len(asked), int(window.max()) + 1, brier, skill, float(low), float(high))
        rows.append(dict(zip(names, (*row, float(flips.sum()) / (window.max() + 1)), strict=False)))
    ended = asked["ended_used"]
    rows[0] |= {
        "pinball": _pinball(asked),
        "cover": float(ended.between(asked["low"] - 1e-9, asked["high"] + 1e-9).mean()),
        "hours_off": float(asked["hours_off"].mean()),
    }
    return pd.DataFrame(rows, columns=columns)


def _skill(own: Floats, base: Floats) -> Floats:
    skill: Floats = 1.0 - own.sum(axis=-1) / np.maximum(base.sum(axis=-1), 1e-9)
    return skill


def _pinball(asked: pd.DataFrame) -> float:
    """Mean loss of the three quantiles, in points."""
    losses = []
    for share, name in ((0.1, "low"), (0.5, "middle"), (0.9, "high")):
        off = (asked["ended_used"] - asked[name]).to_numpy()
        losses.append(np.maximum(share * off, (share - 1) * off).mean())
    return float(np.mean(losses))


def _reliability(asked: pd.DataFrame) -> pd.DataFrame:
    ranges = pd.cut(asked["forecast"].astype(float), list(BINS), include_lowest=True)
    grouped = asked.groupby(ranges, observed=True)
    return grouped.agg(said=("forecast", "mean"), came=("ran_out", "mean"), moments=("ran_out", "size")).reset_index(
        drop=True
    )
