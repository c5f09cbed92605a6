"""What the history says of the present run: its forecast, remembered as it was shown, and what a reset is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any

import pandas as pd

from ..history import History
from ..models import OWN
from ..outcomes import Collection
from ..periods import follow_all
from ..times import HOUR, Moment, local_time, micros, zone_of
from .bars import WindowBar, by_account, percent, window_bars
from .forecast import forecast
from .past import refill_clock
from .pool import PoolForecast, together
from .prospects import logins
from .record import TrackRecord, track_record
from .usage_paths import MOST_DAYS


@dataclass(frozen=True, slots=True, eq=False)
class Foresight:
    """The forecast of one run."""

    forecast: pd.DataFrame  # of the own limits of the accounts that were read
    pool: PoolForecast  # how long all of them together last
    record: TrackRecord  # what was shown before, held to what came


def foresee(history: History, collection: Collection) -> Foresight:
    """Ask what becomes of the own limits of a run that the history keeps, and remember it: call this to show it.

    The only thing here that writes; `forecast` and the others stay pure.

    Raises:
        HistoryError: The history cannot be read or written.
    """
    known = {login.account_key: login for login in logins(window_bars(collection))}
    now = max([collection.fetched_at, *(one.fetched_at for one in collection.snapshots if one.fetched_at)])
    kept = history.accounts()
    wanted = known.keys() & {*kept["account_key"].fillna(kept["account"])}
    frame = history.frame(accounts=wanted, since=now - timedelta(days=MOST_DAYS))
    frame = frame[frame["limit"] == OWN]
    told = forecast(frame, now=now)
    history.add_forecast(told, asked_at=now)
    usable = [key for key, login in known.items() if login.usable]
    pool = together(frame[frame["account_key"].fillna(frame["account"]).isin(usable)], now=now)
    return Foresight(told, pool, track_record(history.forecasts(), frame))


def resets_worth(
    readings: Any, history: pd.DataFrame, *, now: Moment | None = None, tz: str | tzinfo | None = None
) -> dict[str, str]:
    """Account key -> what using an earned reset now would bring, of every account of which history tells something.

    It brings back what is used of the longest own window. That comes back at the announced reset anyway, and earlier
    where the server refills the window unasked: as often as it did in this account's own past.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> from quota_helpers.frames import to_frame
    >>> past = to_frame([one for one in demo_snapshots() if one.account == "ada"])
    >>> print(resets_worth(past, past, tz="UTC").popitem()[1])  # doctest: +NORMALIZE_WHITESPACE
    used now, one brings back 42 % of the weekly window, which comes back by itself Thu 19 Nov 13:00;
    15 % chance of a free refill before
    """
    bars = window_bars(readings, now=now)
    longest = {own[0].account_key: bar for own in by_account(bars) if (bar := _longest(own))}
    if not longest:
        return {}
    moment, zone = micros(bars[0].now), zone_of(tz)
    own = history[(history["limit"] == OWN) & history["account_key"].isin(list(longest))]
    said = {}
    for followed in follow_all(own):
        bar = longest[followed.series.whose]
        if followed.series.window != bar.window or bar.reset_at is None or bar.resets_in is None:
            continue
        chance = refill_clock(followed.cycles, moment).chance(bar.resets_in.total_seconds() / HOUR)
        back = local_time(bar.reset_at, zone, named=False, form="%a %d %b %H:%M")
        said[bar.account_key] = (
            f"used now, one brings back {percent(min(100.0, bar.used or 0.0))} of the {bar.title} window, which "
            f"comes back by itself {back}; {100 * chance:.0f} % chance of a free refill before"
        )
    return said


def _longest(own: list[WindowBar]) -> WindowBar | None:
    """The longest own window of one account whose numbers are of now and of which something is used."""
    known = [bar for bar in own if bar.own and bar.used and bar.state == "current" and bar.window_seconds]
    return max(known, key=lambda bar: bar.window_seconds or 0.0, default=None)
