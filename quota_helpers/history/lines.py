"""Lines of files that others may have written: whether their values are what the columns hold, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta

from ..times import micros
from .rows import Rows
from .schema import FRAME_COLUMNS, READINGS, TOKEN_COLUMNS, TURNS, Kind

LONGEST_TEXT: Final = 1_000_000
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Nothing was read before, nothing resets after: other times are no times of readings."""

LARGEST_COUNT: Final = 2**53
RANGES: Final = {"used_percent": (0.0, 1e6), "remaining_percent": (0.0, 100.0)}
"""Column -> the least and the most that it can be."""

REQUIRED: Final = {
    READINGS: ("limit", "state", "origin", "fetched_at"),
    TURNS: ("time", "session", "input", "cached_input", "output", "reasoning", "total"),
}
"""Kind of a line -> the columns without which it tells nothing."""

STATES: Final = frozenset({"current", "stale", "not_started", "unknown", None})
_LONGEST_WINDOW: Final = 10 * 366 * 86_400.0  # seconds
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
_NARROWER: Final = {
    "window_seconds": Annotated[float, Meta(ge=1.0, le=_LONGEST_WINDOW)],
    **{name: Annotated[float, Meta(ge=least, le=most)] for name, (least, most) in RANGES.items()},
}

Line: Any = msgspec.defstruct(
    "Line",
    [
        (name, _NARROWER.get(name, _TYPES[dtype]) | None, None)
        for name, dtype in (FRAME_COLUMNS | TOKEN_COLUMNS).items()
    ],
)
"""A reading or a turn, checked: every column of both."""


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


def wrong(line: Any) -> str | None:
    """What a line lacks, or which of its values cannot be; None: nothing."""
    for name in REQUIRED[kind_of(line)]:
        if getattr(line, name) is None:
            return f"has no {name}"
    if line.state not in STATES:
        return f"state is none of {', '.join(sorted(filter(None, STATES)))}"
    for name in ("fetched_at", "reset_at", "time"):
        when = getattr(line, name)
        if when is not None and not FIRST <= when <= LAST:
            return f"{name} is out of range"
    return None


def rows_of_lines(kind: Kind, lines: Sequence[Any]) -> Rows:
    """Lines of one kind, nothing wrong with them, as rows."""
    places: dict[Any, int] = {}
    content = attrgetter(*kind.told)
    which = np.array([places.setdefault(content(line), len(places)) for line in lines], np.int64)
    time = np.array([micros(getattr(line, kind.time)) for line in lines], np.int64)
    return Rows(kind, list(places), which, time, {name: _column(kind, name, lines) for name in kind.numbers})


def _column(kind: Kind, name: str, lines: Iterable[Any]) -> np.ndarray[Any, Any]:
    values = [getattr(line, name) for line in lines]
    if kind is TURNS:
        values = [value or 0 for value in values]
    elif name == "reset_at":
        values = [None if value is None else micros(value) for value in values]
    return np.array(values, object)


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
