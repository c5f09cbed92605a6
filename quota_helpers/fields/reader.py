"""Reading one JSON object field by field: what was read from where, what was broken, what lost to another spelling.

The `to_...` functions turn one JSON value into one Python value, or say in a plain word what was expected. The value is
never in the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, KeysView, Mapping
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple, TypeVar

from ..paths import child_path
from ..times import DAY, MILLISECONDS_ABOVE, MINUTE, from_epoch, from_iso
from .aliases import ALIASES, Aliases, fold

LARGEST: Final = 1e15
"""A number beyond this is a mistake, not a quota."""
SHORTEST_WINDOW: Final = MINUTE
LONGEST_WINDOW: Final = 10 * 366 * DAY
_LENGTH: Final = "a length of a minute to ten years"
MOST_DIGITS: Final = 60

# Stricter than float(): no "nan", no "1_000", no digits of other scripts.
_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?\s*")
_WORDS: Final = {"true": True, "false": False, "1": True, "0": False}
Value = TypeVar("Value")
Candidate = tuple[int, str, Any]
MOST_NOTES: Final = 200
MOST_ISSUES: Final = 10_000


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


def _number_within(value: Any, low: float, high: float, expected: str, *, times: int = 1) -> float:
    number = to_number(value) * times
    if low <= number <= high:
        return number
    raise MismatchError(expected, value)


def to_percent(value: Any) -> float:
    """A share in percent: 0 and up, more than 100 is possible."""
    return _number_within(value, 0, LARGEST, "a percentage of 0 or more")


def to_remaining(value: Any) -> float:
    """What is left, in percent: 0 to 100."""
    return _number_within(value, 0, 100, "a remaining percentage of 0 to 100")


def to_seconds(value: Any) -> float:
    """The length of a window in seconds: a minute to ten years, since 0 and 1 were sent for "no idea"."""
    return _number_within(value, SHORTEST_WINDOW, LONGEST_WINDOW, _LENGTH)


def to_minutes(value: Any) -> float:
    """The same from a number of minutes, in seconds."""
    return _number_within(value, SHORTEST_WINDOW, LONGEST_WINDOW, _LENGTH, times=60)


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


class Issue(NamedTuple):
    """A value that was recognized, but is not in the reading, and why."""

    path: str
    field: str  # what it would have been, within `owner`
    status: Literal["ignored", "broken"]  # "ignored": another value won
    why: str
    owner: Fields | None = None  # whose own name may become known later; None at the top

    @property
    def read_as(self) -> str:
        """What it would have been, in full: `codex.weekly.reset_at`."""
        prefix = self.owner.owner if self.owner is not None else ""
        return ".".join(part for part in (prefix, self.field) if part)


class Log:
    """What was odd about one reply, gathered while it is read."""

    def __init__(self, aliases: Aliases = ALIASES) -> None:
        self.aliases = aliases  # the table of spellings in use
        self.issues: list[Issue] = []  # values that were recognized but not used; the first 10,000
        self._notes: list[str] = []
        self._dropped = 0

    def note(self, text: str, path: str) -> None:
        """Say what is odd about the value at *path*."""
        if len(self._notes) < MOST_NOTES:
            self._notes.append(f"{text} @ {path}")
        else:
            self._dropped += 1

    def issue(
        self, path: str, field: str, status: Literal["ignored", "broken"], why: str, owner: Fields | None = None
    ) -> None:
        """Remember a recognized value that is not in the reading."""
        if len(self.issues) < MOST_ISSUES:
            self.issues.append(Issue(path, field, status, why, owner))

    def broken(self, path: str, field: str, why: str, owner: Fields | None = None) -> None:
        """A value that could not be read: an issue and a note."""
        self.issue(path, field, "broken", why, owner)
        self.note(why, path)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes, at most 200 and a last one that counts the rest."""
        rest = (f"and {self._dropped} more oddities @ $",) if self._dropped else ()
        return (*self._notes, *rest)


class Fields:
    """One JSON object: its members sorted by meaning, typed readers, and the paths they read."""

    __slots__ = ("_found", "_labels", "log", "members", "nulls", "owner", "path", "paths", "unknown")

    def __init__(
        self,
        members: Mapping[str, Any],
        path: str,
        log: Log,
        *,
        labels: Mapping[str, str] | None = None,
        owner: str = "",
    ) -> None:
        """Sort the members; keys that are no text are passed over.

        *labels* says the JSON path of a key where the keys are not the object's own (flat forms, headers).
        """
        self.members = members
        self.path = path
        self.log = log
        self.owner = owner  # what the object turned out to be, such as "codex.weekly"
        self.paths: dict[str, str] = {}  # field name -> path of everything read so far; becomes a value's `paths`
        self.nulls: dict[str, str] = {}  # canonical name -> path of members that are null
        self.unknown: dict[str, Any] = {}  # members whose key is not in the table
        self._labels = labels
        self._found: dict[str, list[Candidate]] = {}
        exact, folded, found = log.aliases.exact, log.aliases.folded, self._found
        for key, value in members.items():
            hit = exact.get(key)
            if hit is None:
                hit = folded.get(fold(key)) if isinstance(key, str) else None
                if hit is None:
                    if isinstance(key, str):
                        self.unknown[key] = value
                    continue
            name, rank = hit
            if value is None:
                self.nulls[name] = self.at(key)
            else:
                found.setdefault(name, []).append((rank, key, value))

    def at(self, key: str) -> str:
        """The JSON path of the member called *key*."""
        labels = self._labels
        return labels[key] if labels is not None and key in labels else child_path(self.path, key)

    @property
    def names(self) -> KeysView[str]:
        """Canonical names of the members that are there and not null."""
        return self._found.keys()

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def candidates(self, name: str) -> list[tuple[str, Any]]:
        """Every spelling of *name* that is there and not null, as (key, value), the one that counts first."""
        return [(key, value) for _, key, value in sorted(self._found.get(name, ()), key=itemgetter(0))]

    def value(self, name: str) -> Any:
        """The value as it was sent, of the spelling that counts; None when there is none."""
        first = self.candidates(name)
        return first[0][1] if first else None

    def read(self, name: str, convert: Callable[[Any], Value | None], field: str | None = None) -> Value | None:
        """The value of *name*, or None where it is missing, null or broken; its path goes to `paths`, under *field*.

        Of several spellings the first readable one counts; that another one disagrees is a note. *convert* is one of
        the `to_...` functions.
        """
        chosen: Value | None = None
        winner = ""
        for key, raw in self.candidates(name):
            path = self.at(key)
            try:
                value = convert(raw)
            except MismatchError as error:
                self.log.broken(path, field or name, str(error), self)
                continue
            if value is None:
                continue
            if chosen is None:
                chosen, winner = value, key
                self.paths[field or name] = path
                continue
            self.ignored(path, field or name, f"the spelling {winner} comes first")
            if value != chosen:
                self.log.note(f"disagrees with the spelling {winner}, which counts", path)
        return chosen

    def ignored(self, path: str, field: str, why: str) -> None:
        """Remember that a readable value lost to another one."""
        self.log.issue(path, field, "ignored", why, self)

    def inner(self, name: str) -> Fields | None:
        """The object under *name*, or None where it is missing or null; another type is a note."""
        return next(iter(self.objects(name)), None)

    def objects(self, name: str, field: str | None = None) -> list[Fields]:
        """The object under each spelling of *name*, the one that counts first; another type is a note."""
        return [
            opened
            for key, value in self.candidates(name)
            if (opened := self.open(key, value, field or name, self)) is not None
        ]

    def open(self, key: str, value: Any, field: str, owner: Fields | None = None) -> Fields | None:
        """The member *key* as an object; None and a note when it is of another type."""
        path = self.at(key)
        if isinstance(value, dict):
            return Fields(value, path, self.log)
        self.log.broken(path, field, str(MismatchError("an object", value)), owner)
        return None
