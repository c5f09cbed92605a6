"""What a face shows of the forecast, remembered in the history as it was shown, and how often that was right so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from ..history import History
from ..outcomes import Collection
from .bars import OWN, window_bars
from .forecast import forecast
from .pool import PoolForecast, together
from .prospects import logins
from .record import TrackRecord, track_record
from .usage_paths import MOST_DAYS


@dataclass(frozen=True, slots=True, eq=False)
class Foresight:
    """The forecast of one run.

    Attributes:
        forecast: What `forecast` says of the own limits of the accounts that were read.
        pool: How long all of them together last.
        record: What was shown before, held to what came.
    """

    forecast: pd.DataFrame
    pool: PoolForecast
    record: TrackRecord


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
