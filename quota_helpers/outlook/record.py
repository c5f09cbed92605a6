"""The track record: what was said of windows that have closed since, beside simple rules and beside what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import micros, readings, with_columns
from ..periods import Followed, follow_all
from ..periods.readings import Floats
from ..times import MISSING, SECOND, local_time
from .closed import Closed, closed_windows
from .demand import FULL, HOUR_US, Past, past_of

RULES: Final = ("forecast", "base rate", "whole window", "weekday by hour")
RESAMPLED: Final = 500
HALF_LIFE_HOURS: Final = 14 * 24.0  # of the weekday-by-hour rule
WEEK_HOURS: Final = 168
BINS: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
_WINDOW: Final = ["account_key", "limit", "window", "cycle"]
_BAND: Final = ("used_refills_p10", "used_refills_p50", "used_refills_p90")
_SHOWN: Final = (
    *("account", *_WINDOW[:-1], "asked_at", "used_percent", "p_exhausted_refills", "exhausted_p50"),
    *_BAND,
)
_COLUMNS: Final = [
    *("account", *_WINDOW, "asked_at", *RULES),
    *("low", "middle", "high", "hours_off", "ran_out", "ended_used"),
]


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
        return (
            "no closed window to ask about"
            if self.asked.empty
            else self.scores.round(3).to_string(index=False, na_rep="")
        )

    def _repr_html_(self) -> str:
        html: str = self.scores.round(3).to_html(index=False, border=0, na_rep="")
        return repr(self) if self.asked.empty else html

    def sentence(self, zone: tzinfo | None = None) -> str:
        """How it went so far, good or bad, each window counted once; and the last one that closed. Days in *zone*."""
        if self.asked.empty:
            return "No window of which a forecast was shown has closed yet."
        last = self.asked.loc[self.asked.groupby(_WINDOW, sort=False)["asked_at"].idxmin()].iloc[-1]
        off = self.asked[list(RULES[:2])].sub(self.asked["ran_out"], axis=0) ** 2
        windows = pd.concat([self.asked[[*_WINDOW, "forecast", "ran_out"]], off.add_suffix(" off")], axis=1)
        mean = windows.groupby(_WINDOW, sort=False).mean()
        nearer = "nearer" if mean["forecast off"].mean() < mean["base rate off"].mean() else "not nearer"
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
        if (whole := found.get(key)) is None:
            continue
        past = past_of(whole)
        for closed in closed_windows(whole):
            inside = told[(told["asked_at"] >= closed.cycle.begun) & (told["asked_at"] < closed.cycle.ended)]
            rows += [judged(whole, closed, row, row["asked_at"], past) for row in inside.to_dict("records")]
    rows.sort(key=lambda row: (row["closed"], row["asked_at"]))
    return record_of(rows, seed)


def record_of(rows: Iterable[Mapping[str, Any]], seed: int) -> TrackRecord:
    """The record of judged rows, those of one window in a row."""
    asked = pd.DataFrame(list(rows), columns=_COLUMNS)
    return TrackRecord(asked, _scores(asked, np.random.default_rng(seed)), _reliability(asked))


def judged(whole: Followed, closed: Closed, row: Mapping[str, Any], when: int, past: Past) -> dict[str, Any]:
    """One forecast beside the rules and beside what came.

    Args:
        whole: The window with all its readings.
        closed: The filling that was forecast.
        row: The forecast's row, its times in microseconds.
        when: When it was asked (microseconds).
        past: The past of the window.
    """
    series, cycle = whole.series, closed.cycle
    full = series.time[(whole.cycle == closed.number) & (series.used >= FULL)]
    end = int(full[0]) if len(full) else cycle.ended
    told = row["exhausted_p50"] if row["exhausted_p50"] != MISSING else cycle.reset
    pace = row["used_percent"] / max(1, when - closed.begun) * series.length * SECOND
    projected = row["used_percent"] + _weekday_by_hour(past.until(when), when, cycle.reset)
    return {
        **{name: row[name] for name in ("account", "account_key", "limit", "window")},
        "cycle": closed.number,
        "closed": cycle.ended,
        "asked_at": pd.Timestamp(when, unit="us", tz="UTC"),
        "forecast": row["p_exhausted_refills"],
        "base rate": closed.base,
        "whole window": float(pace >= FULL),
        "weekday by hour": float(projected >= FULL),
        **dict(zip(("low", "middle", "high"), (row[name] for name in _BAND), strict=True)),
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
