"""The columns of any DataFrame under names that can be chosen, and the code that gives them these names."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from typing import Any, Final

import pandas as pd

from .spec import ChartError

JOINT: Final = " · "  # between the levels of a column with several


def columns_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """The names that can be chosen: those of the columns as text (levels joined by " · "), then the index levels.

    Raises:
        ChartError: It is no DataFrame, or two of its columns have the same name.
    """
    return own_columns(frame) + index_names(frame)


def own_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    """The names of the columns alone."""
    if not isinstance(frame, pd.DataFrame):
        raise ChartError(f"A chart needs a pandas DataFrame, not {type(frame).__name__}.")
    names = _flat(frame)
    double = [repr(name) for name, count in Counter(names).items() if count > 1]
    if double:
        raise ChartError(
            f"Several columns have the same name: {', '.join(double)}. Rename them, or keep the first of each: "
            "frame.loc[:, ~frame.columns.duplicated()]"
        )
    return names


def index_names(frame: pd.DataFrame) -> tuple[str, ...]:
    """The names under which `reset_index` would add the index; none for a plain row number or a name that is taken."""
    index = frame.index
    if index.nlevels == 1 and index.name is None and isinstance(index, pd.RangeIndex):
        return ()
    names = _flat(frame)
    bare = "index" if index.nlevels == 1 and "index" not in names else None
    found = tuple((bare or f"level_{number}") if name is None else str(name) for number, name in enumerate(index.names))
    # reset_index refuses when one of the names is there already
    return () if set(found) & set(names) or len(set(found)) < len(found) else found


def values_of(frame: pd.DataFrame, column: str, most: int = 200) -> dict[str, Any]:
    """The values of a column that can be picked, the most frequent first: what each is called -> itself.

    Rows without a value are "(missing)" -> None. Values that have no short code, such as lists, are left out.

    Args:
        frame: Any DataFrame.
        column: As `columns_of` names it.
        most: How many are offered.
    """
    found: dict[str, Any] = {}
    values = _values(frame, column)
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


def _values(frame: pd.DataFrame, column: str) -> pd.Series:
    names = own_columns(frame)
    if column in names:
        return frame.iloc[:, names.index(column)]
    check_columns(frame, {"only": column})
    return pd.Series(frame.index.get_level_values(index_names(frame).index(column)))


def naming_code(frame: pd.DataFrame) -> str:
    """What is appended to the frame's name so that its columns have the names of `own_columns`; often nothing."""
    if frame.columns.nlevels > 1:
        return f'.set_axis(["{JOINT}".join(map(str, name)) for name in {{name}}.columns], axis=1)'
    if not all(isinstance(name, str) for name in frame.columns):
        return ".set_axis([str(name) for name in {name}.columns], axis=1)"
    return ""


def index_code(frame: pd.DataFrame) -> str:
    """What is appended so that the index levels are columns with the names of `index_names`."""
    if any(name is not None and not isinstance(name, str) for name in frame.index.names):
        return f".reset_index(names={list(index_names(frame))!r})"
    return ".reset_index()"


def check_columns(frame: pd.DataFrame, roles: dict[str, str | None]) -> None:
    """Raise a `ChartError` that names the role, the column and what comes near it, when one is missing."""
    known = columns_of(frame)
    for role, column in roles.items():
        if column is not None and column not in known:
            raise ChartError(f"{role}: there is no column {column!r}. {_advice(column, known)}")


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


def _flat(frame: pd.DataFrame) -> tuple[str, ...]:
    if frame.columns.nlevels > 1:
        return tuple(JOINT.join(map(str, name)) for name in frame.columns)
    return tuple(map(str, frame.columns))


def _advice(column: str, known: tuple[str, ...]) -> str:
    if not known:
        return "The frame has no columns."
    folded = {name.casefold(): name for name in known}
    near = [name for name in known if column and column.casefold() in name.casefold()]
    near += [folded[name] for name in get_close_matches(column.casefold(), list(folded))]
    if near:
        return f"Did you mean {', '.join(list(dict.fromkeys(near))[:5])}?"
    more = "" if len(known) <= 12 else f" and {len(known) - 12} more"  # noqa: PLR2004 - what fits in two lines
    return f"There are: {', '.join(known[:12])}{more}."
