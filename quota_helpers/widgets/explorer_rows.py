"""One body as the browser gets it, or two as one tree: plain rows of masked text that identify nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from ..fields import Aliases
from ..models import RawReply
from ..raw import FieldRows, field_rows
from ..raw.compare import in_order
from ..raw.explain import FieldRow
from ..raw.show import Mask
from .twin import twin_html

SAME, ADDED, REMOVED, CHANGED = range(4)
SIGNS: Final = {"read": "✓", "known but unused": "○", "unknown": "?", "ignored": "–", "broken": "!"}  # noqa: RUF001 - a dash as it is meant
"""The same signs as in the browser."""
MOST_FIELDS: Final = 150
LONGEST_VALUE: Final = 80
CONTAINERS: Final = frozenset({"object", "array"})

Row = tuple[int, str | int, str, str | None, int, int, str | None]
"""Depth; key (text) or index (a number); type; value as text, since a browser would round large numbers (None for
objects and arrays); number of its note; difference; and of a changed value what the other body has."""


@dataclass(frozen=True, slots=True)
class BodyView:
    """One body, or two of them merged, ready for the browser.

    Attributes:
        rows: The fields of the chosen body, not masked.
        mask: Masks them.
        paths: JSON path of every shown row; those that only the other body has stand at the end of their parents.
        index: JSON path -> number of its row.
        message: What is sent, but for the numbers of account and comparison.
    """

    rows: FieldRows
    mask: Mask = field(repr=False)
    paths: list[str] = field(repr=False)
    index: dict[str, int] = field(repr=False)
    message: dict[str, Any] = field(repr=False)


def view_of(
    body: RawReply, other: RawReply | None, *, aliases: Aliases, reveal: bool, identities: frozenset[str] = frozenset()
) -> BodyView:
    """The rows of a body, compared with another one's if there is one.

    Raises:
        BodyError: One of them is nested deeper than 500 levels.
    """
    rows = field_rows(body, aliases=aliases)
    other_rows = None if other is None else field_rows(other, aliases=aliases)
    mask = Mask(*(one.content for one in (body, other) if one is not None), known=identities, reveal=reveal)
    clean = cache(mask.text)
    notes: dict[tuple[str, ...], int] = {}
    index: dict[str, int] = {}
    sent: list[Row] = []
    for row, change, was in _fields(rows, other_rows):
        index[row.path] = len(sent)
        note = notes.setdefault((row.status, row.read_as, row.rule, row.why, row.meaning), len(notes))
        shown = clean(row.key) if isinstance(row.key, str) else row.key
        before = None if was is None else _text(was, mask) or was.type
        sent.append((row.depth, shown, row.type, _text(row, mask), note, change, before))
    message = {
        "kind": "body",
        "compared": other is not None,
        "complete": rows.complete and (other_rows is None or other_rows.complete),
        "fetched_at": _text_of("", rows.fetched_at) if rows.fetched_at else "",
        "rows": sent,
        "notes": [[status, *map(mask.text, words)] for status, *words in notes],
        "readings": _readings(rows, index, mask),
    }
    return BodyView(rows, mask, list(index), index, message)


def _fields(rows: FieldRows, other: FieldRows | None) -> Iterator[tuple[FieldRow, int, FieldRow | None]]:
    """Each row to show, its difference, and of a changed value the other body's row.

    At the end of each object stands what only the other body has in it. Values are compared before they are masked, so
    two people's e-mail addresses differ although both look alike.
    """
    if other is None:
        yield from ((row, SAME, None) for row in rows)
        return
    mine, theirs = ({row.path: row for row in body} for body in (rows, other))
    for path in in_order({row.path: row.parent for row in body} for body in (rows, other)):
        if path not in theirs or path not in mine:
            yield (mine[path], ADDED, None) if path in mine else (theirs[path], REMOVED, None)
        elif _comparable(mine[path]) == _comparable(theirs[path]):
            yield mine[path], SAME, None
        else:
            yield mine[path], CHANGED, theirs[path]


def _comparable(row: FieldRow) -> tuple[str, str | None]:
    """Type and value: not a number is equal to itself here, 1 is not 1.0; what an object holds has its own rows."""
    return row.type, None if row.type in CONTAINERS else repr(row.value)


def _text(row: FieldRow, mask: Mask) -> str | None:
    if row.type in CONTAINERS:
        return None
    if row.value is None or isinstance(row.value, bool):
        return "null" if row.value is None else "true" if row.value else "false"
    return str(mask.value(row.path, row.value))


def _readings(rows: FieldRows, index: Mapping[str, int], mask: Mask) -> list[list[Any]]:
    """[name, value as text, numbers of the rows it was read from] of everything read, in the order of the rows."""
    found = []
    for name, paths in rows.read_from.items():
        value = rows.readings.get(name)
        values = value if isinstance(value, list) else [value]
        text = ", ".join(dict.fromkeys(_text_of(name, one) for one in values))
        numbers = [index[path] for path in dict.fromkeys(paths) if path in index]
        found.append([mask.text(name), mask.text(text), numbers])
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


def static_rows(title: str, view: BodyView | None, trouble: str) -> str:
    """A table of the chosen body's fields with their status, or the word on why there is none.

    Args:
        title: Whose body it is, masked.
        view: The body.
        trouble: Why there is no body to show.
    """
    if view is None:
        return twin_html(title, trouble)
    mask = view.mask
    cells = (
        [
            _cut(mask.text(row.path)),
            _cut(_value(row, mask)),
            f"{SIGNS[row.status]} {row.status}",
            _cut(mask.text(row.read_as or row.why)),
        ]
        for row in view.rows
    )
    first = "" if view.rows.complete else "only the first "
    said = f"{first}{len(view.rows):,} fields, {len(view.rows.read_from)} readings."
    heads = ("path", "value", "status", "read as")
    return twin_html(title, said, heads=heads, rows=cells, count=len(view.rows), most=MOST_FIELDS, more="fields")


def _value(row: FieldRow, mask: Mask) -> str:
    text = _text(row, mask)
    return str(row.value) if text is None else f'"{text}"' if row.type == "string" else text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
