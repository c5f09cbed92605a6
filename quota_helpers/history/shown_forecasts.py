"""Forecasts that somebody was shown, with what they were made from: so they can be held to what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ..frames import micros
from ..times import HOUR, MISSING, SECOND
from ..times import micros as micros_of
from .rows import insert_new, moments, or_none, plain_values
from .schema import FORECAST_COLUMNS, forecasts, number_of

_TIMES: Final = [name for name, dtype in FORECAST_COLUMNS.items() if dtype.startswith("datetime64")]
_FULL: Final = 100.0


def insert_forecasts(connection: sa.Connection, told: pd.DataFrame) -> int:
    """Add the rows of a frame like `History.forecasts`' that say a risk; how many were not there yet."""
    rows = told[told["p_exhausted_refills"].notna() & (told["used_percent"] < _FULL)]
    times = {name: micros(rows[name]) for name in _TIMES}
    plain = rows.assign(**{name: or_none(time, time == MISSING) for name, time in times.items()})
    columns = [plain_values(plain, name, forecasts, np.arange(len(rows))) for name in FORECAST_COLUMNS]
    told_of = zip(*(rows[name].tolist() for name in ("account_key", "limit", "window")), strict=True)
    series = [number_of(["forecast", *names]) for names in told_of]
    hours = (times["asked_at"] // (HOUR * SECOND)).tolist()
    return insert_new(connection, forecasts, zip(series, hours, *columns, strict=True))


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


def read_forecasts(
    connection: sa.Connection, where: Sequence[sa.ColumnElement[bool]], labels: Mapping[str, str]
) -> pd.DataFrame:
    """The forecasts that match, the oldest first; a file that an older program made and nobody may write has none."""
    known = connection.dialect.name != "sqlite" or sa.inspect(connection).has_table(forecasts.name)
    query = sa.select(*(forecasts.c[name] for name in FORECAST_COLUMNS)).where(*where)
    rows = connection.execute(query.order_by(forecasts.c.asked_at, forecasts.c.series)).all() if known else []
    columns: dict[str, Any] = dict(zip(FORECAST_COLUMNS, zip(*rows, strict=True) if rows else [()] * 99, strict=False))
    for name in _TIMES:
        columns[name] = moments(np.array([MISSING if at is None else at for at in columns[name]], np.int64))
    columns["account"] = [
        labels.get(key, name) for key, name in zip(columns["account_key"], columns["account"], strict=True)
    ]
    columns["calibrated"] = list(map(bool, columns["calibrated"]))
    return pd.DataFrame({name: pd.Series(columns[name], dtype=dtype) for name, dtype in FORECAST_COLUMNS.items()})
