"""What others may have written: whether its values are what the columns hold, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta

from ..frames import Integers
from ..times import MISSING, micros
from .rows import Column, Rows
from .schema import COUNTS, FRAME_COLUMNS, READINGS, TOKEN_COLUMNS, TURNS, Kind

LONGEST_TEXT: Final = 1_000_000
LARGEST_COUNT: Final = 2**53
FIRST, LAST = micros(datetime(1990, 1, 1, tzinfo=UTC)), micros(datetime(2200, 1, 1, tzinfo=UTC))
"""Nothing was read before, nothing resets after: other times are no times of readings (microseconds)."""

REQUIRED: Final = {
    READINGS: ("limit", "state", "origin", "fetched_at"),
    TURNS: ("time", "session", "input", "cached_input", "output", "reasoning", "total"),
}
"""Kind of a row -> the columns without which it tells nothing."""

_STATES: Final = ("current", "not_started", "stale", "unknown")
_LONGEST_WINDOW: Final = 10 * 366 * 86_400.0  # seconds
_RANGES: Final = {
    "used_percent": (0.0, 1e6),
    "remaining_percent": (0.0, 100.0),
    **dict.fromkeys(("reset_at", "fetched_at", "time"), (FIRST, LAST)),
    **dict.fromkeys(COUNTS, (0, LARGEST_COUNT)),
}
_WORDS: Final = {"float": "a number", "int": "a whole number", "bool": "true or false", "str": "a text",
                 "datetime": "an ISO 8601 time"}  # fmt: skip
_TYPES: Final[dict[str, Any]] = {
    "str": Annotated[str, Meta(max_length=LONGEST_TEXT)],
    "float64": float,
    "int64": Annotated[int, Meta(ge=0, le=LARGEST_COUNT)],
    "boolean": bool,
    "bool": bool,
    "datetime64[us, UTC]": Annotated[datetime, Meta(tz=True)],
    "timedelta64[us]": float,
}
_WINDOW: Final[Any] = Annotated[float, Meta(ge=1.0, le=_LONGEST_WINDOW)]

Line: Any = msgspec.defstruct(
    "Line",
    [
        (name, (_WINDOW if name == "window_seconds" else _TYPES[dtype]) | None, None)
        for name, dtype in (FRAME_COLUMNS | TOKEN_COLUMNS).items()
    ],
)
"""A reading or a turn, its types checked: every column of both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedLine:
    """A line of an imported file that was left out.

    Attributes:
        line: Its number, the first line being 1; of a file that is no lines, that of the row or entry.
        reason: What is wrong with it; the column and the type, never the value.
    """

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def kind_of(line: Any) -> Kind:
    """Whether a line tells of a reading or of a turn."""
    return TURNS if line.time is not None and line.fetched_at is None else READINGS


def rows_of_lines(kind: Kind, lines: Sequence[Any]) -> tuple[Rows, dict[int, str]]:
    """Lines of one kind as rows, those that can be; and place -> what is wrong with it, of the others."""
    places: dict[Any, int] = {}
    content = attrgetter(*kind.told)
    which = np.array([places.setdefault(content(line), len(places)) for line in lines], np.int64)
    values = {name: [getattr(line, name) for line in lines] for name in (kind.time, *kind.numbers)}
    for name, times in values.items():
        if kind.columns[name].startswith("datetime64"):
            values[name] = [None if when is None else micros(when) for when in times]
    time, *numbers = (np.array(column, np.float64) for column in values.values())
    return checked(kind, list(places), which, time, dict(zip(kind.numbers, numbers, strict=True)))


def checked(
    kind: Kind, told: Sequence[Sequence[Any]], which: Integers, time: Column, numbers: Mapping[str, Column]
) -> tuple[Rows, dict[int, str]]:
    """What others say as rows, those that can be; and place -> what is wrong with it, of the others.

    Arguments as of `Rows`; their types are right, but times and numbers are floats, NaN where missing.
    """
    wrong: dict[int, str] = {}

    def say(bad: Any, text: str) -> None:
        for place in np.flatnonzero(bad).tolist():
            wrong.setdefault(place, text)

    for place, content in enumerate(told):
        if text := _wrong_content(kind, dict(zip(kind.told, content, strict=True))):
            say(which == place, text)
    for name, column in {kind.time: time, **numbers}.items():
        least, most = _RANGES[name]
        if name in REQUIRED[kind]:
            say(np.isnan(column), f"has no {name}")
        say((column < least) | (column > most), f"{name} is out of range")
    good = np.ones(len(time), bool)
    good[list(wrong)] = False
    whole = {name: _whole(column[good], kind, name) for name, column in {kind.time: time, **numbers}.items()}
    return Rows(kind, told, which[good], whole.pop(kind.time), whole), wrong


def _wrong_content(kind: Kind, told: Mapping[str, Any]) -> str:
    for name in REQUIRED[kind]:
        if told.get(name, name) is None:
            return f"has no {name}"
    return f"state is none of {', '.join(_STATES)}" if told.get("state", _STATES[0]) not in _STATES else ""


def _whole(column: Column, kind: Kind, name: str) -> Column:
    """As the rows have it: integers, but for percents; a count that is not said is none."""
    if kind.columns[name] == "float64":
        return column
    missing = np.isnan(column)
    return np.where(missing, 0 if name in COUNTS else MISSING, np.where(missing, 0, column).astype(np.int64))


def reason(error: Exception) -> str:
    """What is wrong with a line that could not be read; the column and the type, never the value.

    >>> reason(msgspec.ValidationError("Expected `float | null`, got `str` - at `$.used_percent`"))
    'used_percent is str instead of a number'
    """
    if isinstance(error, UnicodeError):
        return "is no UTF-8"
    if not isinstance(error, msgspec.ValidationError):
        return "is no JSON" if isinstance(error, msgspec.MsgspecError | RecursionError) else str(error)
    text, _, place = str(error).replace("`", "").replace(" | null", "").partition(" - at $.")
    wanted, _, got = text.removeprefix("Expected ").partition(", got ")
    if not place:
        return f"holds {got} instead of an object"
    if got:
        return f"{place} is {got} instead of {_WORDS.get(wanted, wanted)}"
    if "datetime" in text:
        return f"{place} {'has no time zone' if 'timezone' in text else 'is no ISO 8601 time'}"
    return f"{place} is {f'longer than {LONGEST_TEXT:,} characters' if 'length' in text else 'out of range'}"
