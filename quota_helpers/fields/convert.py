"""One JSON value into one Python value, or a plain word on what was expected. The value is never in the text."""

from __future__ import annotations

import math
import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ..times import DAY, MILLISECONDS_ABOVE, MINUTE, from_epoch, from_iso

LARGEST: Final = 1e15
"""A number beyond this is a mistake, not a quota."""
SHORTEST_WINDOW: Final = MINUTE
LONGEST_WINDOW: Final = 10 * 366 * DAY
MOST_DIGITS: Final = 60

# Stricter than float(): no "nan", no "1_000", no digits of other scripts.
_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?\s*")
_WORDS: Final = {"true": True, "false": False, "1": True, "0": False}


class MismatchError(Exception):
    """A value is not what its field holds; `str()` is "expected ..., found ..." with the type, never the value."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(f"expected {expected}, found {type_name(value)}")


def type_name(value: object) -> str:
    """The value's type as notes call it: "str", "dict", ..., and "null"."""
    return "null" if value is None else type(value).__name__


def to_number(value: Any) -> float:
    """A finite number within 10**15 either way, from int, float or a numeric string; a boolean is none."""
    kind = type(value)
    if kind is str:
        number = float(value) if _NUMBER.fullmatch(value) else math.nan
    elif kind is int:
        number = float(value) if value.bit_length() < 64 else math.nan  # noqa: PLR2004  # beyond it: no quota's number
    else:
        number = value if kind is float else math.nan
    if -LARGEST <= number <= LARGEST:
        return number
    raise MismatchError("a number", value)


def to_percent(value: Any) -> float:
    """A share in percent: 0 and up, more than 100 is possible."""
    number = to_number(value)
    if number < 0:
        raise MismatchError("a percentage of 0 or more", value)
    return number


def to_remaining(value: Any) -> float:
    """What is left, in percent: 0 to 100."""
    number = to_number(value)
    if not 0 <= number <= 100:  # noqa: PLR2004  # percent
        raise MismatchError("a remaining percentage of 0 to 100", value)
    return number


def to_seconds(value: Any) -> float:
    """The length of a window in seconds: a minute to ten years, since 0 and 1 were sent for "no idea"."""
    return _length(to_number(value), value)


def to_minutes(value: Any) -> float:
    """The same from a number of minutes, in seconds."""
    return _length(to_number(value) * 60, value)


def _length(seconds: float, value: Any) -> float:
    if not SHORTEST_WINDOW <= seconds <= LONGEST_WINDOW:
        raise MismatchError("a length of a minute to ten years", value)
    return seconds


def to_count(value: Any) -> int:
    """A whole number of 0 or more."""
    number = to_number(value)
    if number < 0 or number != int(number):
        raise MismatchError("a whole number of 0 or more", value)
    return int(number)


def to_pair(value: Any) -> tuple[float, float]:
    """Two numbers in a list: a range."""
    match value:
        case [low, high]:
            return to_number(low), to_number(high)
    raise MismatchError("a list of two numbers", value)


def to_boolean(value: Any) -> bool:
    """A truth value: JSON's own, or the words of headers ("True", "false", "1", "0"); the numbers 0 and 1 are none."""
    if value is True or value is False:
        return bool(value)
    word = _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    if word is None:
        raise MismatchError("true or false", value)
    return word


def to_text(value: Any) -> str | None:
    """Text as it was sent; a blank one is as good as none."""
    if not isinstance(value, str):
        raise MismatchError("a text", value)
    return value if value.strip() else None


def to_decimal(value: Any) -> Decimal:
    """An amount, exact: from a decimal string ("1348.7450000000", "0E-10") or a number."""
    if type(value) is str:
        text = value if len(value) <= MOST_DIGITS and _NUMBER.fullmatch(value) else ""
    elif type(value) in {int, float}:
        to_number(value)  # refuses numbers with more digits than str() writes
        text = str(value)
    else:
        text = ""
    if not text:
        raise MismatchError("a decimal number", value)
    number = Decimal(text)
    if not number:
        return Decimal(0)
    if abs(number.adjusted()) > MOST_DIGITS:
        raise MismatchError("a decimal number", value)
    return number


def to_instant(value: Any) -> datetime:
    """A moment (aware, UTC): epoch seconds, or milliseconds when beyond 10**11; a numeric string; ISO 8601.

    A text without a zone is in UTC. Zero and less is no moment: it was sent for "none".
    """
    try:
        if _is_words(value):
            return from_iso(value)
        number = to_number(value)
        moment = from_epoch(number) if number > 0 else None
    except ValueError:
        moment = None
    if moment is None:
        raise MismatchError("a moment", value) from None
    return moment


def to_instant_ms(value: Any) -> datetime:
    """A moment from epoch milliseconds; ISO 8601 is taken as well."""
    if not _is_words(value) and to_number(value) <= MILLISECONDS_ABOVE:
        raise MismatchError("a moment in epoch milliseconds", value)
    return to_instant(value)


def _is_words(value: Any) -> bool:
    return type(value) is str and not _NUMBER.fullmatch(value)
