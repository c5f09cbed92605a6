"""The track record: what was or would have been said of windows that have closed, beside simple rules and what came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import micros, readings, with_columns
from ..labels import Names
from ..periods import Followed, follow_all
from ..periods.follow import follow
from ..periods.readings import Floats
from ..times import MISSING, SECOND, local_time
from .bars import FULL
from .forecast import forecast_row
from .past import DAY_HOURS, HOUR_US, Closed, Past, closed_windows, past_of
from .usage_paths import QUANTILES

RULES: Final = ("forecast", "base rate", "whole window", "weekday by hour")
RESAMPLED: Final = 500
HALF_LIFE_HOURS: Final = 14 * DAY_HOURS  # of the weekday-by-hour rule
WEEK_HOURS: Final = 7 * DAY_HOURS
BINS: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
ORIGINS: Final = 6  # moments of each window at which `backtest` asks, evenly
MOST_WINDOWS: Final = 26  # the latest ones of each kind
_WINDOW: Final = ["account_key", "limit", "window", "cycle"]
_BAND: Final = {"low": "used_refills_p10", "middle": "used_refills_p50", "high": "used_refills_p90"}
_SHOWN: Final = (
    *("account", *_WINDOW[:-1], "asked_at", "used_percent", "p_exhausted_refills", "exhausted_p50"),
    *_BAND.values(),
)
_COLUMNS: Final = [*("account", *_WINDOW, "asked_at", *RULES, *_BAND), "hours_off", "ran_out", "ended_used"]
_SCORES: Final = (
    *("rule", "moments", "windows", "brier", "skill", "skill_low", "skill_high", "flips", "pinball", "cover"),
    "hours_off",
)


@dataclass(frozen=True, slots=True, eq=False)
class TrackRecord:
    """What was said, and what came.

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
        scores: str = self.scores.round(3).to_string(index=False, na_rep="")
        return "no closed window to ask about" if self.asked.empty else scores

    def _repr_html_(self) -> str:
        html: str = self.scores.round(3).to_html(index=False, border=0, na_rep="")
        return repr(self) if self.asked.empty else html

    def sentence(self, zone: tzinfo | None = None) -> str:
        """How it went so far, good or bad, each window counted once; and the last one that closed. Days in *zone*."""
        if self.asked.empty:
            return "No window of which a forecast was shown has closed yet."
        last = self.asked.loc[self.asked.groupby(_WINDOW, sort=False)["asked_at"].idxmin()].iloc[-1]
        own, base = ((self.asked[rule] - self.asked["ran_out"]) ** 2 for rule in RULES[:2])
        told = self.asked.assign(more=own - base).groupby(_WINDOW, sort=False)
        mean = told[["forecast", "ran_out", "more"]].mean()
        nearer = "nearer" if mean["more"].mean() < 0 else "not nearer"
        one = len(mean) == 1
        return (
            f"Shown of {len(mean)} window{'' if one else 's'} that {'has' if one else 'have'} closed: "
            f"{100 * mean['forecast'].mean():.0f} % risk on average, {mean['ran_out'].sum():.0f} ran out; {nearer} the "
            "truth than always saying how often it ran out before. "
            f"Last: {local_time(last['asked_at'], zone, form='%A', named=False)}'s "
            f"({local_time(last['asked_at'], zone, form='%d %b', named=False)}) {100 * last['forecast']:.0f} % of "
            f"{last['account']}'s {last['window'].replace('_', ' ')}: it {'ran out' if last['ran_out'] else 'lasted'}."
        )


def track_record(shown: pd.DataFrame, frame: pd.DataFrame, *, seed: int = 0) -> TrackRecord:
    """Hold the forecasts that were shown to what came; of windows that are still open nothing is known yet.

    Beside them stand what simple rules would have said at the same moments, as in `backtest`.

    Args:
        shown: What `History.forecasts()` gives.
        frame: Many readings over time: `History.frame()`.
        seed: Of the intervals: the same one gives the same.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> from quota_helpers.history import History
    >>> with History.in_memory() as history:
    ...     track_record(history.forecasts(), history.frame()).sentence()
    'No window of which a forecast was shown has closed yet.'
    """
    shown = with_columns(shown, "shown", _SHOWN, "History.forecasts() gives one")
    found = {(one.series.whose, one.series.limit, one.series.window): one for one in follow_all(readings(frame))}
    times = {name: micros(shown[name]) for name in ("asked_at", "exhausted_p50")}
    rows: list[dict[str, Any]] = []
    for key, told in shown.assign(**times).groupby(_WINDOW[:-1], sort=False):
        whole = found.get(key)
        if whole is None or not (over := closed_windows(whole)):
            continue
        past = past_of(whole)
        for closed in over:
            inside = told[(told["asked_at"] >= closed.cycle.begun) & (told["asked_at"] < closed.cycle.ended)]
            rows += [_judged(whole, closed, row, row["asked_at"], past) for row in inside.to_dict("records")]
    rows.sort(key=lambda row: (row["closed"], row["asked_at"]))
    return _record_of(rows, seed)


def backtest(
    frame: pd.DataFrame,
    *,
    accounts: Names = None,
    windows: Names = "weekly",
    limits: Names = "codex",
    seed: int = 0,
    paths: int = 200,
) -> TrackRecord:
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
    found = follow_all(frame, accounts, windows, limits)
    return _record_of((row for one in found for row in _asked(one, seed, paths)), seed)


def _asked(whole: Followed, seed: int, paths: int) -> Iterator[dict[str, Any]]:
    """What was said at moments of each window, from the readings until then; where there was a number."""
    series = whole.series
    for closed in closed_windows(whole)[-MOST_WINDOWS:]:
        for share in np.arange(1, ORIGINS + 1) / (ORIGINS + 1):
            when = closed.begun + int(share * series.length * SECOND)
            count = int(np.searchsorted(series.time, when, side="right"))
            if not count or series.time[count - 1] < closed.cycle.begun or when >= closed.cycle.ended:
                continue
            cuts = {name: getattr(series, name)[:count] for name in ("rows", "time", "used", "reset")}
            known = follow(replace(series, **cuts))
            row = forecast_row(known, when, seed, paths, prove=False)
            if not np.isnan(row["p_exhausted_refills"]) and known.cycles[-1].last < FULL:
                yield _judged(whole, closed, row, when, past_of(known))


def _record_of(rows: Iterable[Mapping[str, Any]], seed: int) -> TrackRecord:
    """The record of judged rows, those of one window in a row."""
    asked = pd.DataFrame(list(rows), columns=_COLUMNS)
    ranges = pd.cut(asked["forecast"].astype(float), list(BINS), include_lowest=True)
    told = {"said": ("forecast", "mean"), "came": ("ran_out", "mean"), "moments": ("ran_out", "size")}
    reliability = asked.groupby(ranges, observed=True).agg(**told).reset_index(drop=True)
    return TrackRecord(asked, _scores(asked, np.random.default_rng(seed)), reliability)


def _judged(whole: Followed, closed: Closed, row: Mapping[str, Any], when: int, past: Past) -> dict[str, Any]:
    """One forecast (its row, times in microseconds) of a window beside the rules and beside what came.

    *past* is what was known of the window at the moment *when*, or more.
    """
    series, cycle = whole.series, closed.cycle
    full = series.time[(whole.cycle == closed.number) & (series.used >= FULL)]
    end = int(full[0]) if len(full) else cycle.ended
    told = row["exhausted_p50"] if row["exhausted_p50"] != MISSING else cycle.reset
    pace = row["used_percent"] / max(1, when - closed.begun) * series.length * SECOND
    projected = row["used_percent"] + _weekday_by_hour(past.until(when), when, cycle.reset)
    return {
        **{name: row[name] for name in ("account", *_WINDOW[:-1])},
        "cycle": closed.number,
        "closed": cycle.ended,
        "asked_at": pd.Timestamp(when, unit="us", tz="UTC"),
        "forecast": row["p_exhausted_refills"],
        "base rate": closed.base,
        "whole window": float(pace >= FULL),
        "weekday by hour": float(projected >= FULL),
        **{name: row[column] for name, column in _BAND.items()},
        "hours_off": abs(min(told, cycle.reset) - end) / HOUR_US,
        "ran_out": closed.ran_out,
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
    if asked.empty:
        return pd.DataFrame({"rule": list(RULES)}, columns=list(_SCORES))
    truth = asked["ran_out"].to_numpy()
    window = asked.groupby(_WINDOW, sort=False).ngroup().to_numpy()
    count = int(window.max()) + 1
    off = {rule: np.bincount(window, (asked[rule].to_numpy() - truth) ** 2).astype(np.float64) for rule in RULES}
    drawn = rng.integers(count, size=(RESAMPLED, count))
    rows: list[dict[str, Any]] = []
    for rule in RULES:
        low, high = np.quantile(_skill(off[rule][drawn], off["base rate"][drawn]), (0.1, 0.9))
        verdict = asked[rule].to_numpy() > 0.5  # noqa: PLR2004  # sooner than not
        flips = (verdict[1:] != verdict[:-1]) & (window[1:] == window[:-1])
        skill, brier = float(_skill(off[rule], off["base rate"])), float(off[rule].sum() / len(asked))
        row = (rule, len(asked), count, brier, skill, float(low), float(high), float(flips.sum()) / count)
        rows.append(dict(zip(_SCORES, row, strict=False)))
    ended = asked["ended_used"]
    missed = np.array([ended - asked[name] for name in _BAND])
    shares = np.array(QUANTILES)[:, None]
    rows[0] |= {
        "pinball": float(np.maximum(shares * missed, (shares - 1) * missed).mean(axis=1).mean()),
        "cover": float(ended.between(asked["low"] - 1e-9, asked["high"] + 1e-9).mean()),
        "hours_off": float(asked["hours_off"].mean()),
    }
    return pd.DataFrame(rows, columns=list(_SCORES))


def _skill(own: Floats, base: Floats) -> Floats:
    skill: Floats = 1.0 - own.sum(axis=-1) / np.maximum(base.sum(axis=-1), 1e-9)
    return skill
