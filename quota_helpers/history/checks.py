"""Whether the values of an imported line are what their columns hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

from .rows import COUNTS, FRAME_COLUMNS, TOKEN_COLUMNS

Kind = Literal["reading", "turn"]

LINE_COLUMNS: Final[dict[Kind, dict[str, str]]] = {"reading": FRAME_COLUMNS, "turn": TOKEN_COLUMNS}
"""Kind of a line -> its columns, name -> dtype."""

REQUIRED: Final[dict[Kind, tuple[str, ...]]] = {
    "reading": ("limit", "state", "origin", "fetched_at"),
    "turn": ("time", "session", *COUNTS),
}
"""Kind of a line -> the columns without which it tells nothing."""

_STATES: Final = frozenset({"current", "stale", "not_started", "unknown"})
_LARGEST_COUNT: Final = 2**63 - 1


def checked(kind: Kind, values: dict[str, Any]) -> list[Any]:
    """A line's values in the order of the columns, each of its type.

    Raises:
        ValueError: One is missing or of another type.
    """
    for name in REQUIRED[kind]:
        if values.get(name) is None:
            raise ValueError(f"has no {name}")
    return [
        None if values.get(name) is None else _VALUES[dtype](name, values[name])
        for name, dtype in LINE_COLUMNS[kind].items()
    ]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _unexpected(name, "a text", value)
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"{name} is no UTF-8")
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
    return moment


def _unexpected(name: str, wanted: str, value: Any) -> ValueError:
    return ValueError(f"{name} is {type(value).__name__} instead of {wanted}")


_VALUES: Final[dict[str, Callable[[str, Any], Any]]] = {
    "str": _text,
    "float64": _number,
    "int64": _count,
    "boolean": _truth,
    "datetime64[us, UTC]": _time,
    "timedelta64[us]": _number,
}
