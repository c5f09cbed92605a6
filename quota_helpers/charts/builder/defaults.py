"""A sensible first chart, before anything is chosen, and the kind of chart that suits two columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pandas as pd
from pandas.api import types

from ...frames import NEEDED
from ...periods.rates import OF_CYCLES
from .columns import CALENDAR, RATES, check_columns, column, index_names, own_columns, questions_of, time_of
from .spec import Aggregation, ChartSpec

TOKENS: Final = frozenset({"time", "session", "total"})
FEW_ACCOUNTS: Final = 9
FEW_NAMES: Final = 12
LONG: Final = pd.Timedelta(days=2)  # readings over a longer time are put together by the hour


def default_spec(frame: pd.DataFrame, **choices: Any) -> ChartSpec:
    """What is drawn first: the columns that are chosen, else those that suit the frame, in a kind that suits them.

    Of quota readings what is left of each window, over time where there are several readings, else by account; of
    cycles the peak of each; of session logs the tokens a day by model. Of any other frame its first numbers over its
    first times, else by its first names; without numbers the rows of its first column are counted.

    Args:
        frame: Any DataFrame.
        choices: Fields of `ChartSpec` that are decided.

    Raises:
        ChartError: It is no DataFrame, two of its columns have the same name, or a choice is none.
    """
    own_columns(frame)
    columns = _columns(frame) if not {"x", "y"} & set(choices) else {}
    spec = ChartSpec(**columns | choices)
    fitting = suited(frame, spec)
    if spec.kind in {"histogram", "box", "violin", "heatmap"}:
        fitting["aggregation"] = "none"  # these choose for themselves
    return replace(spec, **{key: value for key, value in fitting.items() if key not in choices})


def suited(frame: pd.DataFrame, spec: ChartSpec) -> dict[str, Any]:
    """The kind, the aggregation and the step that suit the x and the y of the choices.

    Raises:
        ChartError: The frame has no such column.
    """
    x, y = spec.x, spec.y
    check_columns(frame, {"x": x, "y": y})
    number, time = _is(frame, x, "number"), _is(frame, x, "time")
    kind, how, every = "bar", "none", "none"
    if y is None:
        kind, how = ("histogram", "none") if number or time else ("bar", "count")
    elif not _is(frame, y, "number"):
        kind, how = ("scatter", "none") if number or time else ("bar", "count")
    elif time:
        kind, how, every = _over_time(frame, spec)
    elif number:
        kind = "scatter"
    elif x is not None:
        how = _summary(frame, y)
    return {"kind": kind, "aggregation": how if x is not None or how == "none" else "none", "every": every}


def _over_time(frame: pd.DataFrame, spec: ChartSpec) -> tuple[str, str, str]:
    times = column(frame, str(spec.x)).dropna()
    if set(own_columns(frame)) >= TOKENS:
        return "bar", "sum", "day"
    if set(own_columns(frame)) >= set(OF_CYCLES):
        return "scatter", "none", "none"
    if not _holds_readings(frame):
        return "line", "none", "none"
    # The readings of one account fall together by themselves; those of many are put together by the hour.
    long = len(times) and times.max() - times.min() > LONG
    many = _accounts(frame) > FEW_ACCOUNTS
    return "line", "mean" if many else _summary(frame, str(spec.y)), "hour" if many or long else "none"


def _summary(frame: pd.DataFrame, y: str) -> Aggregation:
    if set(own_columns(frame)) >= TOKENS:
        return "sum"
    return "mean" if not y.endswith("_percent") else "max" if y.startswith("used") else "min"


def _columns(frame: pd.DataFrame) -> dict[str, str | None]:
    names = own_columns(frame)
    facet = "account" if "account" in names and 1 < _accounts(frame) <= FEW_ACCOUNTS else None
    if _holds_readings(frame):
        often = frame.groupby("account_key", dropna=False)["fetched_at"].nunique().max() > 1
        over = time_of(frame) == "fetched_at" and often
        who = "account" if "account" in names else "account_key"
        y = "remaining_percent" if "remaining_percent" in names else "used_percent"
        return {"x": "fetched_at" if over else who, "y": y, "color": "window", "facet": facet if over else None}
    if set(OF_CYCLES) <= set(names):
        return {"x": "began_at", "y": "peak_used", "color": "window" if "window" in names else None, "facet": facet}
    few = next((name for name in names if _is(frame, name, "names") and _count(frame, name) <= FEW_NAMES), None)
    if set(names) >= TOKENS:
        model = "model" if "model" in names and _count(frame, "model") <= FEW_NAMES else None
        return {"x": "time", "y": "total", "color": model}
    numbers = [name for name in names if _is(frame, name, "number")]
    words = [name for name in names if _is(frame, name, "names")]
    if numbers and (time := time_of(frame)):
        return {"x": time, "y": numbers[0], "color": few}
    if numbers:
        x, *rest = [*words[:1], *numbers]
        return {"x": x, "y": rest[0] if rest else None}
    return {"x": next(iter((*names, *index_names(frame))), None)}


def _holds_readings(frame: pd.DataFrame) -> bool:
    return {*NEEDED} <= set(own_columns(frame))


def _accounts(frame: pd.DataFrame) -> int:
    return _count(frame, "account_key" if "account_key" in own_columns(frame) else "account")


def _count(frame: pd.DataFrame, name: str) -> int:
    return int(column(frame, name).nunique())


def _is(frame: pd.DataFrame, name: str | None, what: str) -> bool:
    """Whether a column holds "number", "time" or "names"."""
    if name is None or name in questions_of(frame):
        return (what == "number" and name in RATES) or (what == "names" and name in CALENDAR)
    dtype: Any = column(frame, name).dtype
    if what == "time":
        return bool(types.is_datetime64_any_dtype(dtype))
    if what == "names":
        return isinstance(dtype, pd.StringDtype | pd.CategoricalDtype) or types.is_bool_dtype(dtype)
    numeric = types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype) and not types.is_bool_dtype(dtype)
    return bool(numeric or types.is_timedelta64_dtype(dtype))
