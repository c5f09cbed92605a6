"""Lines of files that others may have written: whether their values are what the columns hold, column by column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import pandas as pd

from .schema import FRAME_COLUMNS, TOKEN_COLUMNS

Kind = Literal["reading", "turn"]
Told = tuple[int, dict[str, Any]]
"""Number of a line, and its values by column."""

LINE_COLUMNS: Final[dict[Kind, dict[str, str]]] = {"reading": FRAME_COLUMNS, "turn": TOKEN_COLUMNS}
"""Kind of a line -> its columns, name -> dtype."""

REQUIRED: Final[dict[Kind, tuple[str, ...]]] = {
    "reading": ("limit", "state", "origin", "fetched_at"),
    "turn": ("time", "session", "input", "cached_input", "output", "reasoning", "total"),
}
"""Kind of a line -> the columns without which it tells nothing."""

LONGEST_TEXT: Final = 1_000_000
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Nothing was read before, nothing resets after: other times are no times of readings."""

_ABSENT: Final = {"int64": 0, "bool": False}  # dtype -> what a value is that is not told
_STATES: Final = frozenset({"current", "stale", "not_started", "unknown"})
_LARGEST_COUNT: Final = 2**53
_RANGES: Final = {  # column -> the least and the most that it can be
    "used_percent": (0.0, 1e6),
    "remaining_percent": (0.0, 100.0),
    "window_seconds": (1.0, 10 * 366 * 86_400.0),
    "resets_in": (-math.inf, math.inf),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedLine:
    """A line of an imported file that was left out.

    Attributes:
        line: Its number, the first line being 1.
        reason: What is wrong with it; the column and the type, never the value.
    """

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def checked(kind: Kind, lines: Sequence[Told]) -> tuple[pd.DataFrame, list[SkippedLine]]:
    """The lines as a frame of their columns and dtypes; and those that are not what a reading or turn is."""
    bad: dict[int, str] = {}
    columns: dict[str, list[Any]] = {}
    for name, dtype in LINE_COLUMNS[kind].items():
        values = [told.get(name) for _, told in lines]
        if name in REQUIRED[kind]:
            for at, value in enumerate(values):
                if value is None:
                    bad.setdefault(at, f"has no {name}")
        columns[name] = _column(name, dtype, values, bad)
        if dtype in _ABSENT:
            columns[name] = [_ABSENT[dtype] if value is None else value for value in columns[name]]
    columns.pop("resets_in", None)  # follows from reset_at and fetched_at
    frame = pd.DataFrame({name: pd.Series(told, dtype=LINE_COLUMNS[kind][name]) for name, told in columns.items()})
    if bad:
        frame = frame.drop(index=list(bad))
    return frame, [SkippedLine(line=lines[at][0], reason=reason) for at, reason in sorted(bad.items())]


def _column(name: str, dtype: str, values: list[Any], bad: dict[int, str]) -> list[Any]:
    """The values, checked; what is wrong with one goes to *bad* under its place, unless something is already."""
    check = _CHECKS[dtype]
    try:
        if dtype == "str":  # texts repeat, and nothing but a text equals one
            for text in set(values) - {None}:
                check(name, text)
            return values
        return [None if value is None else check(name, value) for value in values]
    except (TypeError, ValueError):
        good: list[Any] = []
        for at, value in enumerate(values):
            try:
                good.append(None if value is None else check(name, value))
            except ValueError as error:
                bad.setdefault(at, str(error))
                good.append(None)
        return good


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _unexpected(name, "a text", value)
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"{name} is no UTF-8")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"{name} is longer than {LONGEST_TEXT:,} characters")
    if name == "state" and value not in _STATES:
        raise ValueError(f"state is none of {', '.join(sorted(_STATES))}")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unexpected(name, "a number", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is not finite")
    least, most = _RANGES[name]
    if not least <= number <= most:
        raise ValueError(f"{name} is out of range")
    return number


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(name, "a whole number", value)
    if not 0 <= value <= _LARGEST_COUNT:
        raise ValueError(f"{name} is out of range")
    return value


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _unexpected(name, "true or false", value)
    return value


def _time(name: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is no ISO 8601 time") from None
    if moment.utcoffset() is None:
        raise ValueError(f"{name} has no time zone")
    if not FIRST <= moment <= LAST:
        raise ValueError(f"{name} is out of range")
    return moment


def _unexpected(name: str, wanted: str, value: Any) -> ValueError:
    return ValueError(f"{name} is {type(value).__name__} instead of {wanted}")


_CHECKS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "str": _text,
    "float64": _number,
    "int64": _count,
    "boolean": _truth,
    "bool": _truth,
    "datetime64[us, UTC]": _time,
    "timedelta64[us]": _number,
}
