"""The columns of any DataFrame under names that can be chosen; what they hold, what can be asked, what suits them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, Final

import pandas as pd
from pandas.api import types

from ...errors import ChartError
from ...frames import NEEDED
from ...labels import advice
from ...periods.cycle_table import BURN, OF_CYCLES
from .spec import WHOLE, ChartSpec

JOINT: Final = " · "  # between the levels of a column with several
OWN_TIMES: Final = ("fetched_at", "began_at", "time")  # of readings, cycles and tokens
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CALENDAR: Final = ("weekday", "hour")
RATES: Final = {"burn_per_hour": 1, "burn_per_day": 24}  # hours
TOKENS: Final = frozenset({"time", "session", "total"})
FEW_ACCOUNTS: Final = 9
FEW_NAMES: Final = 12
LONG: Final = pd.Timedelta(days=2)  # readings over a longer time are put together by the hour


def columns_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """The names that can be chosen: the columns as text (levels joined by " · "), the index levels, the questions.

    Questions are `weekday` and `hour` where a column holds times, and `burn_per_hour` and `burn_per_day` (points of
    percent, see `periods.with_burn`) of readings and cycles, unless the frame has columns of these names.

    Raises:
        ChartError: It is no DataFrame, or two of its columns have the same name.
    """
    table = flat(frame)
    return (*table.columns, *questions_of(table))


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its names as text and its index levels as columns behind the others; raises as `columns_of`.

    A plain row number is no such level, nor are levels whose name is taken.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ChartError(f"A chart needs a pandas DataFrame, not {type(frame).__name__}.")
    several = frame.columns.nlevels > 1
    names = [JOINT.join(map(str, name)) if several else str(name) for name in frame.columns]
    if double := [repr(name) for name, count in Counter(names).items() if count > 1]:
        raise ChartError(
            f"Several columns have the same name: {', '.join(double)}. Rename them, or keep the first of each: "
            "frame.loc[:, ~frame.columns.duplicated()]"
        )
    table, index = frame.set_axis(names, axis=1), frame.index
    if index.nlevels == 1 and index.name is None and isinstance(index, pd.RangeIndex):
        return table
    bare = "index" if index.nlevels == 1 and "index" not in names else None
    levels = [(bare or f"level_{number}") if name is None else str(name) for number, name in enumerate(index.names)]
    if set(levels) & set(names) or len(set(levels)) < len(levels):
        return table
    return table.reset_index(names=levels)[[*names, *levels]]


def questions_of(table: pd.DataFrame) -> tuple[str, ...]:
    """The columns that can be chosen although the flat frame does not hold them."""
    names = set(table.columns)
    calendar = [name for name in CALENDAR if time_of(table) is not None and name not in names]
    burns = (names.issuperset(NEEDED) or names.issuperset(OF_CYCLES)) and not names & set(BURN)
    return (*calendar, *(RATES if burns else ()))


def time_of(table: pd.DataFrame) -> str | None:
    """The column of times that a chart goes by: a reading's, a cycle's, a turn's own, else the first there is."""
    times = [name for name in table.columns if types.is_datetime64_any_dtype(table[name].dtype)]
    return next((name for name in (*OWN_TIMES, *times) if name in times), None)


def held(table: pd.DataFrame, name: str | None) -> str:
    """What a column or a question holds: "number", "time", "names", or "" for anything else."""
    if name not in table:
        return "number" if name in RATES else "names" if name in CALENDAR else ""
    dtype: Any = table[name].dtype
    if types.is_datetime64_any_dtype(dtype):
        return "time"
    if isinstance(dtype, pd.StringDtype | pd.CategoricalDtype) or types.is_bool_dtype(dtype):
        return "names"
    numeric = types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    return "number" if numeric or types.is_timedelta64_dtype(dtype) else ""


def check_columns(frame: pd.DataFrame, spec: ChartSpec) -> None:
    """Raise a `ChartError` that names the role, the column and what comes near it, when one is missing."""
    known = columns_of(frame)
    for role, name in {"x": spec.x, "y": spec.y, "colour": spec.color, "facet": spec.facet}.items():
        if name is not None and name not in known:
            hint = advice(name, known) or "The frame has no columns."
            raise ChartError(f"{role}: there is no column {name!r}. {hint}")


def default_spec(frame: pd.DataFrame, spec: ChartSpec | None = None, **choices: Any) -> ChartSpec:
    """What is drawn first: the columns that are chosen, else those that suit the frame, in a kind that suits them.

    Of quota readings what is left of each window, over time where there are several readings, else by account; of
    cycles the peak of each; of session logs the tokens a day by model. Of any other frame its first numbers over its
    first times, else by its first names; without numbers the rows of its first column are counted.

    Args:
        frame: Any DataFrame.
        spec: Choices that are all decided; nothing is left to suit the frame then.
        choices: Fields of `ChartSpec` that are decided, in place of those of *spec*.

    Raises:
        ChartError: It is no DataFrame, two of its columns have the same name, or a choice is none.
    """
    if unknown := sorted(set(choices) - set(ChartSpec.__dataclass_fields__)):
        raise ChartError(f"There is no choice {unknown[0]!r}. There are: {', '.join(ChartSpec.__dataclass_fields__)}.")
    if spec is not None:
        return replace(spec, **choices)
    table = flat(frame)
    columns = _columns(table) if not {"x", "y"} & set(choices) else {}
    spec = ChartSpec(**columns | choices)
    fitting = suited(frame, spec)
    if spec.kind in WHOLE or spec.kind == "heatmap":
        fitting["aggregation"] = "none"  # these choose for themselves
    return replace(spec, **{key: value for key, value in fitting.items() if key not in choices})


def _columns(table: pd.DataFrame) -> dict[str, str | None]:
    names = list(table.columns)
    holding = {name: held(table, name) for name in names}
    words = [name for name in names if holding[name] == "names"]
    numbers = [name for name in names if holding[name] == "number"]
    few = [name for name in words if table[name].nunique() <= FEW_NAMES]
    time, color = time_of(table), next(iter(few), None)
    facet = "account" if "account" in names and 1 < _accounts(table) <= FEW_ACCOUNTS else None
    match _subject(table):
        case "readings":
            often = table.groupby("account_key", dropna=False)["fetched_at"].nunique().max() > 1
            over = time == "fetched_at" and often
            y = "remaining_percent" if "remaining_percent" in names else "used_percent"
            who = "account" if "account" in names else "account_key"
            return {"x": "fetched_at" if over else who, "y": y, "color": "window", "facet": facet if over else None}
        case "cycles":
            return {"x": "began_at", "y": "peak_used", "color": "window" if "window" in names else None, "facet": facet}
        case "tokens":
            return {"x": "time", "y": "total", "color": "model" if "model" in few else None}
    if not numbers:
        return {"x": next(iter(names), None)}
    if time:
        return {"x": time, "y": numbers[0], "color": color}
    return dict(zip("xy", (words[0], numbers[0]) if words else numbers, strict=False))


def _subject(table: pd.DataFrame) -> str:
    """What a frame of ours is about: "readings", "cycles" or "tokens"; "" of any other."""
    subjects = {"readings": NEEDED, "cycles": OF_CYCLES, "tokens": TOKENS}
    return next((name for name, columns in subjects.items() if set(columns) <= set(table.columns)), "")


def suited(frame: pd.DataFrame, spec: ChartSpec) -> dict[str, Any]:
    """The kind, the aggregation and the step that suit the x and the y of the choices.

    Raises:
        ChartError: The frame has no such column.
    """
    check_columns(frame, spec)
    table = flat(frame)
    along, how, every, subject = held(table, spec.x), "none", "none", _subject(table)
    y = str(spec.y)
    summary = "mean" if not y.endswith("_percent") else "max" if y.startswith("used") else "min"
    summary = "sum" if subject == "tokens" else summary
    if held(table, spec.y) != "number":
        kind = "bar" if along not in {"number", "time"} else "histogram" if spec.y is None else "scatter"
        how = "count" if kind == "bar" else "none"
    elif along != "time":
        kind, how = ("scatter", "none") if along == "number" else ("bar", summary)
    elif subject == "readings":
        # The readings of one account fall together by themselves; those of many are put together by the hour.
        many, times = _accounts(table) > FEW_ACCOUNTS, table[spec.x].dropna()
        kind, how = "line", "mean" if many else summary
        every = "hour" if many or (len(times) and times.max() - times.min() > LONG) else "none"
    else:
        kind = {"tokens": "bar", "cycles": "scatter"}.get(subject, "line")
        how, every = (summary, "day") if subject == "tokens" else ("none", "none")
    return {"kind": kind, "aggregation": how if spec.x is not None else "none", "every": every}


def _accounts(table: pd.DataFrame) -> int:
    return int(table["account_key" if "account_key" in table else "account"].nunique())
