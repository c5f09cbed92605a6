"""A sensible first chart, before anything is chosen."""

from __future__ import annotations

from typing import Final

import pandas as pd
from pandas.api import types

from .columns import columns_of, own_columns
from .spec import ChartSpec

QUOTA: Final = frozenset({"account", "window", "remaining_percent", "fetched_at"})
FEW_ACCOUNTS: Final = 9
FEW_NAMES: Final = 12


def default_spec(frame: pd.DataFrame) -> ChartSpec:
    """What is drawn first.

    A frame of quota readings: what is left of each window, over time where there are several readings, else by
    account (of several limits with a window of one name the one that runs out first). Any other frame: its first
    numbers over its first times, else by its first names; without numbers the rows of its first column are counted.

    Raises:
        ChartError: It is no DataFrame, or two of its columns have the same name.
    """
    names = own_columns(frame)
    if frozenset(names) >= QUOTA:
        return _of_quota(frame)
    columns = {name: frame.iloc[:, place] for place, name in enumerate(names)}
    times = [name for name, column in columns.items() if types.is_datetime64_any_dtype(column.dtype)]
    numbers = [name for name, column in columns.items() if _holds_numbers(column)]
    words = [name for name, column in columns.items() if _holds_names(column)]
    index = [name for name in columns_of(frame) if name not in names]
    color = next((name for name in words if columns[name].nunique() <= FEW_NAMES), None)
    if numbers and (times or isinstance(frame.index, pd.DatetimeIndex)):
        return ChartSpec(x=times[0] if times else index[0], y=numbers[0], color=color)
    if numbers and words:
        return ChartSpec(x=words[0], y=numbers[0], kind="bar", aggregation="mean")
    if len(numbers) > 1:
        return ChartSpec(x=numbers[0], y=numbers[1], kind="scatter")
    if numbers:
        return ChartSpec(x=numbers[0], kind="histogram")
    first = (*names, *index)
    return ChartSpec(x=first[0], kind="bar", aggregation="count") if first else ChartSpec()


def _of_quota(frame: pd.DataFrame) -> ChartSpec:
    accounts = frame["account"].nunique()
    if not types.is_datetime64_any_dtype(frame["fetched_at"].dtype) or len(frame) < 1:
        return ChartSpec(x="account", y="remaining_percent", color="window", kind="bar", aggregation="min")
    span = frame["fetched_at"].max() - frame["fetched_at"].min()
    readings = frame.groupby("account")["fetched_at"].nunique().max()
    if not readings > 1:
        return ChartSpec(x="account", y="remaining_percent", color="window", kind="bar", aggregation="min")
    return ChartSpec(
        x="fetched_at",
        y="remaining_percent",
        color="window",
        facet="account" if 1 < accounts <= FEW_ACCOUNTS else None,
        kind="line",
        aggregation="min" if accounts <= FEW_ACCOUNTS else "mean",
        # The readings of one account fall together by themselves; those of many are put together by the hour.
        every="hour" if accounts > FEW_ACCOUNTS or span > pd.Timedelta(days=2) else "none",
    )


def _holds_numbers(column: pd.Series) -> bool:
    numeric = types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype)
    return (numeric and not types.is_bool_dtype(column.dtype)) or types.is_timedelta64_dtype(column.dtype)


def _holds_names(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype) or types.is_bool_dtype(column.dtype)
