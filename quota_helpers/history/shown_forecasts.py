"""Forecasts that somebody was shown, with what they were made from: so they can be held to what came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ..frames import micros
from ..times import HOUR, MISSING, SECOND
from ..times import micros as micros_of
from .rows import Conditions, clean_text, insert_new, moments, plain_numbers, plain_values
from .schema import FORECAST_COLUMNS, forecasts, number_of

_TIMES: Final = [name for name, dtype in FORECAST_COLUMNS.items() if dtype.startswith("datetime64")]
_FULL: Final = 100.0


def insert_forecasts(connection: sa.Connection, told: pd.DataFrame) -> int:
    """Add the rows of a frame like `History.forecasts`' that say a risk; how many were not there yet."""
    rows = told[told["p_exhausted_refills"].notna() & (told["used_percent"] < _FULL)]
    columns = {name: plain_numbers(micros(rows[name])) for name in _TIMES}
    for name in FORECAST_COLUMNS.keys() - columns:
        values = plain_values(rows, name, forecasts, np.arange(len(rows)))
        columns[name] = [clean_text(value, name) if isinstance(value, str) else value for value in values]
    about = zip(columns["account_key"], columns["limit"], columns["window"], strict=True)
    series = [number_of(["forecast", *names]) for names in about]
    hours = [at // (HOUR * SECOND) for at in columns["asked_at"]]
    told_of = (columns[name] for name in FORECAST_COLUMNS)
    return insert_new(connection, forecasts, zip(series, hours, *told_of, strict=True))


def made_from(told: pd.DataFrame, asked_at: datetime, seed: int, paths: int) -> pd.DataFrame:
    """The rows of a forecast with what it was made from, in the columns of `FORECAST_COLUMNS`.

    Raises:
        TypeError: It is no forecast.
    """
    if not isinstance(told, pd.DataFrame) or "p_exhausted" not in told:
        raise TypeError(f"told is {type(told).__name__} instead of what qh.forecast(frame) gives")
    inputs = {"asked_at": micros_of(asked_at), "seed": seed, "paths": paths, "version": version("quota-helpers")}
    frame = told.assign(**inputs)
    frame["asked_at"] = moments(frame["asked_at"].to_numpy(np.int64))
    return frame[list(FORECAST_COLUMNS)]


def read_forecasts(connection: sa.Connection, where: Conditions, labels: Mapping[str, str]) -> pd.DataFrame:
    """The forecasts that match, the oldest first."""
    query = sa.select(*(forecasts.c[name] for name in FORECAST_COLUMNS)).where(*where)
    rows = connection.execute(query.order_by(forecasts.c.asked_at, forecasts.c.series)).all()
    columns = {name: [row[at] for row in rows] for at, name in enumerate(FORECAST_COLUMNS)}
    told: dict[str, Any] = columns | {
        name: moments(np.array([MISSING if at is None else at for at in columns[name]], np.int64)) for name in _TIMES
    }
    told["account"] = list(map(labels.get, columns["account_key"], columns["account"]))
    told["calibrated"] = list(map(bool, columns["calibrated"]))
    return pd.DataFrame({name: pd.Series(told[name], dtype=dtype) for name, dtype in FORECAST_COLUMNS.items()})
