"""One window, and all windows of one limit: named by length, else by slot; every number with its path."""

from __future__ import annotations

from collections.abc import KeysView
from datetime import datetime, timedelta
from typing import Any, Final

from ..fields import (
    SLOTS,
    WINDOW_FIELDS,
    Fields,
    Log,
    MismatchError,
    fold,
)
from ..models import QuotaWindow
from ..times import LENGTHS, window_name
from .numbers import RESET_TOLERANCE, read_length, read_percent, read_reset

SLOT_NAMES: Final = {"primary": "five_hour", "secondary": "weekly"}
"""What a slot means when nothing else says how long its window is; the other slots mean what they are called."""
POSITIONS: Final = frozenset({"primary", "secondary", "tertiary"})
_SLOTS: Final = frozenset(SLOTS)
_FLAT: Final = tuple((fold(slot), slot) for slot in SLOTS)
_FLAT_PREFIXES: Final = tuple(prefix for prefix, _ in _FLAT)
_SHARES: Final = frozenset({"used_percent", "remaining_percent"})
_SPENDING: Final = frozenset({"spend_limit", "spend_used", "spend_remaining"})


def has_windows(fields: Fields, *, root: bool = False) -> bool:
    """Whether the object holds windows; at the root of a body only objects in known places count."""
    names = fields.names
    if not _SLOTS.isdisjoint(names):
        return not root or any(
            isinstance(value, dict) for slot in _SLOTS & names for _, value in fields.candidates(slot)
        )
    if not fields.unknown:
        return False
    return bool(_flat_windows(fields)) or (not root and any(True for _ in _look_alikes(fields)))


def read_windows(
    fields: Fields, fetched_at: datetime, limit_id: str, limit_name: str | None, *, root: bool = False
) -> list[QuotaWindow]:
    """Every window of one limit.

    Args:
        fields: The object that holds them: `rate_limit` or one that stands for it.
        fetched_at: When the server said so; relative resets count from it.
        limit_id: The limit's id.
        limit_name: Its name for people, or None.
        root: Whether the object is the body itself, whose unknown members are not searched for windows.
    """
    reader = _WindowReader(fields.log, fetched_at, limit_id, limit_name)
    for slot in SLOTS:
        if slot in fields:
            reader.read_slot(fields, slot)
    if fields.unknown:
        for slot, (members, labels) in _flat_windows(fields).items():
            reader.read_fields(Fields(members, fields.path, fields.log, labels=labels), slot, slot)
        if not root:
            for key, window in _look_alikes(fields):
                reader.read_fields(window, "", key)
    return reader.checked()


class _WindowReader:
    """Reads the windows of one limit, one after the other."""

    __slots__ = ("fetched_at", "limit_id", "limit_name", "log", "windows")

    def __init__(self, log: Log, fetched_at: datetime, limit_id: str, limit_name: str | None) -> None:
        self.log = log
        self.fetched_at = fetched_at
        self.limit_id = limit_id
        self.limit_name = limit_name
        self.windows: list[tuple[QuotaWindow, Fields]] = []

    def read_slot(self, holder: Fields, slot: str) -> None:
        """The window under one slot or key; of several spellings of it the first that is an object counts."""
        winner: tuple[str, Any] | None = None
        candidates = holder.candidates(slot)
        for key, value in candidates:
            path = holder.at(key)
            if winner is not None:
                holder.log.issue(path, f"{self.limit_id}.{slot}", "ignored", f"the spelling {winner[0]} comes first")
                if _scalars(value) != _scalars(winner[1]):
                    self.log.note(f"disagrees with the spelling {winner[0]}, which counts", path)
            elif isinstance(value, dict):
                winner = (key, value)
                self.read_object(Fields(value, path, self.log), slot, slot if slot in POSITIONS else key)
            else:
                name = SLOT_NAMES.get(slot, slot)
                why = str(MismatchError("a window (an object)", value))
                self.log.broken(path, f"{self.limit_id}.{name}", why)
        if winner is None:
            key = candidates[0][0]
            self.add(Fields({}, holder.at(key), self.log), slot, slot if slot in POSITIONS else key)

    def read_object(self, fields: Fields, slot: str, label: str) -> None:
        """A window, or a wrapper around windows (`weekly_limit: {primary_window: {...}}`)."""
        names = fields.names
        inner = _SLOTS & names
        if inner and WINDOW_FIELDS.isdisjoint(names):
            for inside in SLOTS:
                for key, value in fields.candidates(inside)[:1] if inside in inner else ():
                    path = fields.at(key)
                    if isinstance(value, dict):
                        self.read_fields(Fields(value, path, self.log), slot if inside == "primary" else inside, label)
                    else:
                        self.log.broken(path, f"{self.limit_id}.{label}", str(MismatchError("an object", value)))
            return
        self.read_fields(fields, slot, label)

    def read_fields(self, fields: Fields, slot: str, label: str) -> None:
        """One window from the object that holds its numbers; an empty object and one full of zeros are no window."""
        names = fields.names
        if not names and not fields.unknown and not fields.nulls:
            return
        if _is_absent(fields, names):
            for name in names & WINDOW_FIELDS:
                for key, _ in fields.candidates(name):
                    fields.ignored(fields.at(key), name, "zeros throughout stand for a window that is not there")
            fields.owner = f"{self.limit_id}.{SLOT_NAMES.get(slot, slot) or label}"
            return
        self.add(fields, slot, label)
        if WINDOW_FIELDS.isdisjoint(names):
            self.log.note("nothing in it reads like a window: unknown, not 0 %", fields.path)
        elif _SHARES.isdisjoint(names):
            self.log.note("no percentage in it: unknown, not 0 %", fields.path)

    def add(self, fields: Fields, slot: str, label: str) -> None:
        """Name the window and keep it."""
        used = read_percent(fields)
        seconds = read_length(fields)
        reset_at = read_reset(fields, self.fetched_at)
        inferred = seconds is None
        by_slot = SLOT_NAMES.get(slot, slot) or label
        name = by_slot if seconds is None else window_name(seconds)
        fields.owner = f"{self.limit_id}.{name}"
        if not inferred and slot in LENGTHS and slot != name:
            self.log.note(f"the key says {slot}, the length {name}; the length counts", fields.path)
        if inferred and reset_at is not None and name in LENGTHS:
            longest = timedelta(seconds=LENGTHS[name]) + RESET_TOLERANCE
            if reset_at - self.fetched_at > max(longest, timedelta(days=31) if name == "monthly" else longest):
                self.log.note(f"named {name} by its slot only, but its reset is farther away than that", fields.path)
        fields.paths["name"] = fields.path
        window = QuotaWindow(
            limit_id=self.limit_id,
            limit_name=self.limit_name,
            name=name,
            used_percent=used,
            window_seconds=seconds,
            reset_at=reset_at,
            slot=label,
            name_inferred=inferred,
            fetched_at=self.fetched_at,
            paths=fields.paths,
        )
        self.windows.append((window, fields))

    def checked(self) -> list[QuotaWindow]:
        """The windows; what only repeats another one is dropped, two of one name are a note."""
        kept: dict[str, QuotaWindow] = {}
        windows = []
        for window, fields in self.windows:
            first = kept.setdefault(window.name, window)
            if first is not window:
                if window.slot not in POSITIONS and _same(first, window):
                    for field in (*window.paths,):
                        fields.ignored(window.paths[field], field, f"repeats {first.paths['name']}")
                    continue
                other = first.paths["name"]
                self.log.note(
                    f"a second {window.name} window of the limit {self.limit_id}, beside {other}", fields.path
                )
            windows.append(window)
        return windows


def _scalars(value: Any) -> Any:
    """What two spellings of a window are compared by; deep contents are left out, so that nesting costs nothing."""
    if not isinstance(value, dict):
        return type(value)
    return {key: inner for key, inner in value.items() if not isinstance(inner, (dict, list))}


def _same(one: QuotaWindow, other: QuotaWindow) -> bool:
    return one.used_percent == other.used_percent and one.reset_at == other.reset_at


def _is_absent(fields: Fields, names: KeysView[str]) -> bool:
    """Headers send a window that is not there as 0 %, length 0, no reset; drawing it would show a fake "100 % left"."""
    if "remaining_percent" in names or not names & {"window_seconds", "window_minutes"}:
        return False
    return all(_is_zero(value) for name in names & WINDOW_FIELDS for _, value in fields.candidates(name))


def _is_zero(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip()) and not value.strip(" 0.")
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


def _flat_windows(fields: Fields) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    """The oldest form: `primary_used_percent` beside `primary_window_minutes`. Slot -> members and their paths."""
    table = fields.log.aliases.folded
    windows: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
    for key, value in fields.unknown.items():
        if value is None or isinstance(value, (dict, list)):
            continue
        folded = fold(key)
        if not folded.startswith(_FLAT_PREFIXES):
            continue
        for prefix, slot in _FLAT:
            if not folded.startswith(prefix):
                continue
            rest = folded[len(prefix) :]
            if slot not in fields and rest in table and table[rest][0] in WINDOW_FIELDS:
                members, labels = windows.setdefault(slot, ({}, {}))
                members[rest] = value
                labels[rest] = fields.at(key)
    return windows


def _look_alikes(fields: Fields) -> list[tuple[str, Fields]]:
    """Windows under keys nobody knows yet: a percentage beside a length or a reset, and no amounts of money."""
    found = []
    for key, value in fields.unknown.items():
        if isinstance(value, dict):
            window = Fields(value, fields.at(key), fields.log)
            names = window.names & WINDOW_FIELDS
            shares = names & _SHARES
            if shares and names - shares and _SPENDING.isdisjoint(window.names):
                found.append((key, window))
    return found
