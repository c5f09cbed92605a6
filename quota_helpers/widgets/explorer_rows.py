"""One body as the browser gets it: columns of numbers and masked text, nothing that could identify a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from ..fields import Aliases
from ..raw import STATUSES, Body, FieldRows, field_rows
from ..raw.identities import Clean, cleaner, private_texts
from .explorer_merge import Merged, merged, unmerged

CONTAINERS: Final = frozenset({"object", "array"})


@dataclass(frozen=True, slots=True)
class View:
    """One body, or two of them merged, ready for the browser.

    Attributes:
        rows: The rows of the chosen body, identities masked unless revealed.
        clean: Masks a text as the rows are masked.
        paths: JSON path of every shown row; those that only the other body has stand at the end of their parents.
        index: JSON path -> number of its row.
        message: What is sent, but for the numbers of account and comparison.
        buffers: Its columns: depth, key, type, note, difference, and all texts as JSON.
    """

    rows: FieldRows
    clean: Clean = field(repr=False)
    paths: list[str] = field(repr=False)
    index: dict[str, int] = field(repr=False)
    message: dict[str, Any] = field(repr=False)
    buffers: list[bytes] = field(repr=False)


def view_of(
    body: Body, other: Body | None, *, aliases: Aliases, reveal: bool, identities: frozenset[str] = frozenset()
) -> View:
    """The rows of a body, compared with another one's if there is one.

    Raises:
        BodyError: One of them is nested deeper than 500 levels.
    """
    rows = field_rows(body, aliases=aliases, reveal=reveal)
    other_rows = None if other is None else field_rows(other, aliases=aliases, reveal=reveal)
    private = identities.union(*(private_texts(one.payload) for one in (body, other) if one is not None))
    clean = cleaner(frozenset() if reveal else private, reveal=reveal)
    both = (
        unmerged(rows) if other is None or other_rows is None else merged(rows, other_rows, body.payload, other.payload)
    )
    index = {path: number for number, path in enumerate(both.columns["path"])}
    texts, numbers = _encoded(both, clean)
    message = {
        "kind": "body",
        "count": len(index),
        "complete": rows.complete and (other_rows is None or other_rows.complete),
        "fetched_at": _text_of("", rows.fetched_at) if rows.fetched_at else "",
        "readings": _readings(rows, index, clean),
        "notes": [clean(note.rpartition(" @ ")[0]) for note in rows.notes],
    }
    return View(rows, clean, both.columns["path"], index, message, [*numbers, texts])


def _encoded(both: Merged, clean: Clean) -> tuple[bytes, list[bytes]]:
    """The texts as JSON in bytes, and the columns of numbers, each little-endian."""
    columns = both.columns
    keys: dict[str, int] = {}
    types: dict[str, int] = {}
    notes: dict[tuple[str, ...], int] = {}
    key_column = [
        -1 - key if isinstance(key, int) else keys.setdefault(key, len(keys)) for key in columns["key"]
    ]  # an index of an array is its own negative number
    type_column = [types.setdefault(name, len(types)) for name in columns["type"]]
    told = zip(*(columns[name] for name in ("status", "read_as", "rule", "why", "meaning")), strict=True)
    note_column = [notes.setdefault(note, len(notes)) for note in told]
    seen: dict[str, str] = {}
    values = [_value(kind, value, clean, seen) for kind, value in zip(columns["type"], columns["value"], strict=True)]
    texts = {
        "keys": [clean(key) for key in keys],
        "types": list(types),
        "statuses": STATUSES,
        "notes": [[note[0], *map(clean, note[1:])] for note in notes],
        "values": values,
        "before": {number: _value(kind, value, clean, seen) or kind for number, (kind, value) in both.before.items()},
    }
    numbers = [
        np.asarray(columns["depth"], "<u2"),
        np.asarray(key_column, "<i4"),
        np.asarray(type_column, "<u1"),
        np.asarray(note_column, "<u4"),
        np.asarray(both.difference, "<u1"),
    ]
    return json.dumps(texts, separators=(",", ":")).encode(), [column.tobytes() for column in numbers]


def _value(kind: str, value: Any, clean: Clean, seen: dict[str, str]) -> str | None:
    """A leaf as text: a browser would round large numbers; None for objects and arrays."""
    if kind == "string":
        shown = seen.get(value)
        if shown is None:
            shown = seen[value] = clean(value)
        return shown
    if kind in CONTAINERS:
        return None
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    return str(value)


def _readings(rows: FieldRows, index: Mapping[str, int], clean: Clean) -> list[list[Any]]:
    """[name, value as text, numbers of the rows it was read from] of everything read, in the order of the rows."""
    found = []
    for name, paths in rows.read_from.items():
        value = rows.readings.get(name)
        values = value if isinstance(value, list) else [value]
        text = ", ".join(dict.fromkeys(_text_of(name, one) for one in values))
        numbers = [index[path] for path in dict.fromkeys(paths) if path in index]
        found.append([clean(name), clean(text), numbers])
    # Those without a row (a huge body's) come last.
    return sorted(found, key=lambda reading: reading[2][:1] or [len(index)])


def _text_of(name: str, value: Any) -> str:
    """A reading for people, with its unit."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC".replace(":00 UTC", " UTC")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " to ".join(_text_of("", one) for one in value)
    if isinstance(value, int | float):
        unit = " %" if name.endswith("_percent") else " s" if name.endswith("_seconds") else ""
        return (str(value) if isinstance(value, int) else repr(value).removesuffix(".0")) + unit
    return str(value)
