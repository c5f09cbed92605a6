"""One window, and all windows of one limit: named by length, else by slot; every number with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

from ..fields.aliases import SLOTS, WINDOW_FIELDS, fold
from ..fields.reader import (
    Fields,
    MismatchError,
    to_instant,
    to_instant_ms,
    to_minutes,
    to_number,
    to_percent,
    to_remaining,
    to_seconds,
)
from ..models import QuotaWindow
from ..times import LENGTHS, window_name

RESET_TOLERANCE: Final = timedelta(seconds=120)
LENGTH_TOLERANCE: Final = 60.0
SLOT_NAMES: Final = {"primary": "five_hour", "secondary": "weekly"}
"""What a slot means when nothing else says how long its window is; the other slots mean what they are called."""
POSITIONS: Final = frozenset({"primary", "secondary", "tertiary"})
LONGEST_MONTH: Final = timedelta(days=31)
Value = TypeVar("Value")
_FLAT: Final = tuple((fold(slot), slot) for slot in SLOTS)
_FLAT_PREFIXES: Final = tuple(prefix for prefix, _ in _FLAT)
_SHARES: Final = frozenset({"used_percent", "remaining_percent"})
_SPENDING: Final = frozenset({"spend_limit", "spend_used", "spend_remaining"})


def read_percent(fields: Fields) -> float | None:
    """The share used, in percent: as sent, else 100 minus what is left; "used" counts where both are given."""
    used = fields.read("used_percent", to_percent)
    left = fields.read("remaining_percent", to_remaining)
    other = None if left is None else round(100.0 - left, 9)
    apart = used is not None and other is not None and abs(min(used, 100.0) - other) > 1
    note = "used and remaining percent disagree; used counts" if apart else ""
    return _either(
        fields, ("used_percent", used), ("remaining_percent", other), "what is used is given as well, and counts", note
    )


def read_length(fields: Fields) -> float | None:
    """The window's length in seconds, from seconds or minutes."""
    seconds = fields.read("window_seconds", to_seconds)
    minutes = fields.read("window_minutes", to_minutes)
    apart = seconds is not None and minutes is not None and abs(seconds - minutes) > LENGTH_TOLERANCE
    note = "length in minutes disagrees with the length in seconds, which counts" if apart else ""
    why = "the length in seconds is given as well, and counts"
    return _either(fields, ("window_seconds", seconds), ("window_minutes", minutes), why, note)


def read_reset(fields: Fields, fetched_at: datetime) -> datetime | None:
    """When it is whole again (aware, UTC): the instant as sent, else *fetched_at* plus the seconds to go."""
    reset_at = fields.read("reset_at", to_instant)
    millis = fields.read("reset_at_ms", to_instant_ms)
    seconds = fields.read("reset_after_seconds", to_number)
    relative = None
    if seconds is not None:
        try:
            relative = fetched_at + timedelta(seconds=seconds)
        except OverflowError:
            path = fields.paths.pop("reset_after_seconds")
            fields.log.broken(path, "reset_at", "expected seconds to a reset, found a number out of range", fields)
    for name, other in (("reset_at_ms", millis), ("reset_after_seconds", relative)):
        apart = reset_at is not None and other is not None and abs(other - reset_at) > RESET_TOLERANCE
        note = "disagrees with reset_at by more than two minutes; reset_at counts" if apart else ""
        reset_at = _either(fields, ("reset_at", reset_at), (name, other), "reset_at is given as well, and counts", note)
    return reset_at


def _either(
    fields: Fields, first: tuple[str, Value | None], other: tuple[str, Value | None], why: str, note: str
) -> Value | None:
    """The value of a field that can be told in two ways: the first counts, *why* and *note* are said of the other."""
    (name, value), (other_name, other_value) = first, other
    if other_value is None:
        return value
    if value is None:
        fields.paths[name] = fields.paths[other_name]
        return other_value
    path = fields.paths.pop(other_name)
    fields.ignored(path, name, why)
    if note:
        fields.log.note(note, path)
    return value


class Spot(NamedTuple):
    """A place where a window stands."""

    slot: str  # the slot's canonical name, or "" for a key that nobody knows
    label: str  # what to call the place: a position, or the key that holds it
    spellings: Sequence[tuple[str, Any]]  # (path, value of any type) of each spelling, the one that counts first
    labels: Mapping[str, str] | None = None  # member -> path, where the members are not the place's own (flat forms)


class Holder(NamedTuple):
    """An object, and where in it windows stand."""

    fields: Fields
    spots: list[Spot]  # in the order they are read
    lengths: bool = True  # its windows say how long they are: zeros without a length are a reading


def held(fields: Fields, *, root: bool = False) -> Holder:
    """Where windows stand in an object; nothing is read yet, nothing noted.

    In the body itself (*root*) only objects in known places are windows.
    """
    spots = [_slot(fields, slot) for slot in SLOTS if slot in fields]
    if root and not any(isinstance(value, dict) for spot in spots for _, value in spot.spellings):
        spots = []
    if fields.unknown:
        spots += _flat(fields)
        spots += () if root else _look_alikes(fields)
    return Holder(fields, spots)


def _slot(fields: Fields, slot: str) -> Spot:
    spellings = fields.candidates(slot)
    key = next((key for key, value in spellings if isinstance(value, dict)), spellings[0][0])
    return Spot(slot, slot if slot in POSITIONS else key, [(fields.at(key), value) for key, value in spellings])


def _flat(fields: Fields) -> Iterator[Spot]:
    """The oldest form: `primary_used_percent` beside `primary_window_minutes`."""
    table = fields.log.aliases.folded
    found: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
    for key, value in fields.unknown.items():
        folded = fold(key)
        if value is None or isinstance(value, (dict, list)) or not folded.startswith(_FLAT_PREFIXES):
            continue
        for prefix, slot in _FLAT:
            rest = folded.removeprefix(prefix)
            if rest != folded and slot not in fields and table.get(rest, ("",))[0] in WINDOW_FIELDS:
                members, labels = found.setdefault(slot, ({}, {}))
                members[rest], labels[rest] = value, fields.at(key)
    return (Spot(slot, slot, [(fields.path, members)], labels) for slot, (members, labels) in found.items())


def _look_alikes(fields: Fields) -> Iterator[Spot]:
    """Windows under keys nobody knows yet: a percentage beside a length or a reset, and no amounts of money."""
    for key, value in fields.unknown.items():
        if isinstance(value, dict):
            names = Fields(value, "", fields.log).names
            window = names & WINDOW_FIELDS
            if window & _SHARES and window - _SHARES and _SPENDING.isdisjoint(names):
                yield Spot("", key, [(fields.at(key), value)])


def read_windows(holder: Holder, fetched_at: datetime, limit_id: str, limit_name: str | None) -> list[QuotaWindow]:
    """Every window of one limit; relative resets count from *fetched_at*."""
    read = [
        (replace(_named(fields, slot, label, limit_id, fetched_at), limit_name=limit_name), fields)
        for spot in holder.spots
        for fields, slot, label in _windows_at(spot, holder, limit_id)
    ]
    return list(_apart(read))


def _windows_at(spot: Spot, holder: Holder, limit_id: str) -> Iterator[tuple[Fields, str, str]]:
    """The windows of one place, each with its slot and label: none, one, or those that a wrapper holds."""
    log, name = holder.fields.log, SLOT_NAMES.get(spot.slot, spot.slot)
    winner = next((at for at, (_, value) in enumerate(spot.spellings) if isinstance(value, dict)), None)
    for at, (path, value) in enumerate(spot.spellings):
        if winner is None or at < winner:
            log.broken(path, f"{limit_id}.{name}", str(MismatchError("a window (an object)", value)))
        elif at > winner:
            first_path, first = spot.spellings[winner]
            key = first_path.removeprefix(f"{holder.fields.path}.")
            log.issue(path, f"{limit_id}.{spot.slot}", "ignored", f"the spelling {key} comes first")
            if _scalars(value) != _scalars(first):
                log.note(f"disagrees with the spelling {key}, which counts", path)
    if winner is None:
        yield Fields({}, spot.spellings[0][0], log), spot.slot, spot.label
        return
    path, value = spot.spellings[winner]
    fields = Fields(value, path, log, labels=spot.labels)
    inner = [slot for slot in SLOTS if slot in fields]
    if not inner or fields.names & WINDOW_FIELDS or spot.labels is not None:
        yield from _if_there(fields, spot.slot, spot.label, limit_id, holder)
        return
    for slot in inner:  # `weekly_limit: {primary_window: {...}}`
        key, value = fields.candidates(slot)[0]
        window = fields.open(key, value, f"{limit_id}.{spot.label}")
        if window is not None:
            label = spot.label if slot == inner[0] else f"{spot.label}.{slot}"
            yield from _if_there(window, spot.slot if slot == "primary" else slot, label, limit_id, holder)


def _if_there(
    fields: Fields, slot: str, label: str, limit_id: str, holder: Holder
) -> Iterator[tuple[Fields, str, str]]:
    """The window, unless its object is empty or full of zeros; what it does not say is a note."""
    names = fields.names
    if not (names or fields.unknown or fields.nulls):
        return
    if _is_absent(fields, holder):
        for name in names & WINDOW_FIELDS:
            for key, _ in fields.candidates(name):
                fields.ignored(fields.at(key), name, "zeros throughout stand for a window that is not there")
        fields.owner = f"{limit_id}.{SLOT_NAMES.get(slot, slot) or label}"
        return
    yield fields, slot, label
    if WINDOW_FIELDS.isdisjoint(names):
        fields.log.note("nothing in it reads like a window: unknown, not 0 %", fields.path)
    elif _SHARES.isdisjoint(names):
        fields.log.note("no percentage in it: unknown, not 0 %", fields.path)


def _named(fields: Fields, slot: str, label: str, limit_id: str, fetched_at: datetime) -> QuotaWindow:
    """The window of one object, under its name."""
    used, seconds, reset_at = read_percent(fields), read_length(fields), read_reset(fields, fetched_at)
    name = (SLOT_NAMES.get(slot, slot) or label) if seconds is None else window_name(seconds)
    fields.owner = f"{limit_id}.{name}"
    if seconds is not None and slot in LENGTHS and slot != name:
        fields.log.note(f"the key says {slot}, the length {name}; the length counts", fields.path)
    if seconds is None and reset_at is not None and name in LENGTHS:
        longest = timedelta(seconds=LENGTHS[name]) + RESET_TOLERANCE
        if reset_at - fetched_at > (max(longest, LONGEST_MONTH) if name == "monthly" else longest):
            fields.log.note(f"named {name} by its slot only, but its reset is farther away than that", fields.path)
    fields.paths["name"] = fields.path
    return QuotaWindow(
        limit_id=limit_id,
        name=name,
        used_percent=used,
        window_seconds=seconds,
        reset_at=reset_at,
        slot=label,
        name_inferred=seconds is None,
        fetched_at=fetched_at,
        paths=fields.paths,
    )


def _apart(read: Sequence[tuple[QuotaWindow, Fields]]) -> Iterator[QuotaWindow]:
    """The windows, each in a slot of its own; what only repeats another one is dropped, two of one name are a note."""
    kept: dict[str, QuotaWindow] = {}
    for window, fields in read:
        first = kept.setdefault(window.name, window)
        if first is not window:
            same = (first.used_percent, first.reset_at) == (window.used_percent, window.reset_at)
            if same and window.slot not in POSITIONS:
                for field, path in window.paths.items():
                    fields.ignored(path, field, f"repeats {first.paths['name']}")
                continue
            other = first.paths["name"]
            fields.log.note(
                f"a second {window.name} window of the limit {window.limit_id}, beside {other}", fields.path
            )
        yield window


def _scalars(value: Any) -> Any:
    """What two spellings of a window are compared by; deep contents are left out, so that nesting costs nothing."""
    if not isinstance(value, dict):
        return type(value)
    return {key: inner for key, inner in value.items() if not isinstance(inner, (dict, list))}


def _is_absent(fields: Fields, holder: Holder) -> bool:
    """A window that is not there is sent as 0 %, length 0, no reset; drawing it would show a fake "100 % left"."""
    names = fields.names
    if "remaining_percent" in names or (holder.lengths and not names & {"window_seconds", "window_minutes"}):
        return False
    return all(_is_zero(value) for name in names & WINDOW_FIELDS for _, value in fields.candidates(name))


def _is_zero(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip()) and not value.strip(" 0.")
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0
