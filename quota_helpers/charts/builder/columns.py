"""The columns of any DataFrame under names that can be chosen, and the questions that a column of times answers."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pandas as pd
from pandas.api import types

from ...errors import ChartError
from ...frames import NEEDED
from ...labels import advice
from ...periods.rates import BURN, OF_CYCLES

JOINT: Final = " · "  # between the levels of a column with several
OWN_TIMES: Final = ("fetched_at", "began_at", "time")  # of readings, cycles and tokens
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CALENDAR: Final = {"weekday": "dt.day_name()", "hour": "dt.hour"}
RATES: Final = {"burn_per_hour": "points / hours", "burn_per_day": "points / hours * 24"}


def columns_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """The names that can be chosen: the columns as text (levels joined by " · "), the index levels, the questions.

    Questions are `weekday` and `hour` where a column holds times, and `burn_per_hour` and `burn_per_day` (points of
    percent, see `periods.with_burn`) of readings and cycles, unless the frame has columns of these names.

    Raises:
        ChartError: It is no DataFrame, or two of its columns have the same name.
    """
    return (*own_columns(frame), *index_names(frame), *questions_of(frame))


def own_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    """The names of the columns alone; raises as `columns_of`."""
    if not isinstance(frame, pd.DataFrame):
        raise ChartError(f"A chart needs a pandas DataFrame, not {type(frame).__name__}.")
    several = frame.columns.nlevels > 1
    names = tuple(JOINT.join(map(str, name)) if several else str(name) for name in frame.columns)
    double = [repr(name) for name, count in Counter(names).items() if count > 1]
    if double:
        raise ChartError(
            f"Several columns have the same name: {', '.join(double)}. Rename them, or keep the first of each: "
            "frame.loc[:, ~frame.columns.duplicated()]"
        )
    return names


def index_names(frame: pd.DataFrame) -> tuple[str, ...]:
    """The names of the index levels as columns; none for a plain row number, or where a name is taken."""
    index, names = frame.index, own_columns(frame)
    if index.nlevels == 1 and index.name is None and isinstance(index, pd.RangeIndex):
        return ()
    bare = "index" if index.nlevels == 1 and "index" not in names else None
    found = tuple((bare or f"level_{number}") if name is None else str(name) for number, name in enumerate(index.names))
    return () if set(found) & set(names) or len(set(found)) < len(found) else found


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column or an index level by its name."""
    names = own_columns(frame)
    if name in names:
        return frame.iloc[:, names.index(name)]
    return pd.Series(frame.index.get_level_values(index_names(frame).index(name)))


def time_of(frame: pd.DataFrame) -> str | None:
    """The column of times that a chart goes by: a reading's, a cycle's, a turn's own, else the first there is."""
    names = own_columns(frame) + index_names(frame)
    times = [name for name in names if types.is_datetime64_any_dtype(column(frame, name).dtype)]
    return next((name for name in (*OWN_TIMES, *times) if name in times), None)


def questions_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """The columns that can be chosen although the frame does not hold them."""
    names = {*own_columns(frame), *index_names(frame)}
    calendar = [name for name in CALENDAR if time_of(frame) is not None and name not in names]
    burns = (set(NEEDED) <= names or set(OF_CYCLES) <= names) and not names & set(BURN) and frame.columns.nlevels == 1
    return (*calendar, *(RATES if burns else ()))


def values_of(frame: pd.DataFrame, name: str, most: int = 200) -> dict[str, Any]:
    """The values of a column that can be picked, the most frequent first: what each is called -> itself.

    Rows without a value are "(missing)" -> None. Values that have no short code, such as lists, are left out.

    Args:
        frame: Any DataFrame.
        name: As `columns_of` names it.
        most: How many are offered.

    Raises:
        ChartError: There is no such column.
    """
    check_columns(frame, {"only": name})
    if name in questions_of(frame):
        return {day: day for day in WEEKDAYS} if name == "weekday" else {}
    values = column(frame, name)
    found: dict[str, Any] = {}
    try:
        counted = values.value_counts(dropna=True).index[:most]
    except TypeError:  # values that cannot be counted, such as lists, cannot be picked either
        return found
    for value in counted:
        try:
            literal(value)
        except ChartError:
            continue
        found.setdefault(str(value), value)
    return found | ({"(missing)": None} if values.hasnans else {})


def check_columns(frame: pd.DataFrame, roles: dict[str, str | None]) -> None:
    """Raise a `ChartError` that names the role, the column and what comes near it, when one is missing."""
    known = columns_of(frame)
    for role, name in roles.items():
        if name is not None and name not in known:
            hint = advice(name, known) or "The frame has no columns."
            raise ChartError(f"{role}: there is no column {name!r}. {hint}")


def literal(value: Any) -> str:
    """Python code for a value of a column.

    Raises:
        ChartError: For a value that has no short code, such as a list.
    """
    if isinstance(value, pd.Timestamp):
        # isoformat keeps nanoseconds; the zone's name would be lost in it
        zone = "" if value.tz is None else f".tz_convert({str(value.tz)!r})"
        return f"pd.Timestamp({value.isoformat()!r}){zone}"
    if isinstance(value, pd.Timedelta):
        return f"pd.Timedelta({value.isoformat()!r})"
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, str):
        return text(plain)
    if isinstance(plain, bool | int) or (isinstance(plain, float) and plain - plain == 0):
        return repr(plain)
    raise ChartError(f"A value of type {type(value).__name__} cannot be picked. Use the filter instead.")


def text(value: str) -> str:
    """Python code for a text, in double quotes where that needs no escapes."""
    return f'"{value}"' if value.isprintable() and '"' not in value and "\\" not in value else repr(value)
