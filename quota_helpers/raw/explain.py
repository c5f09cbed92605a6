"""Every value of a body in document order, explained: where it stands, what it means, which number it became."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from ..bodies import MOST_PATH_TEXT, MOST_PLACES, BodySource, Place, body_of, walk
from ..bodies.envelopes import CODEX
from ..bodies.redact import codex_header
from ..fields import ALIASES, Aliases
from ..fields.catalogue import KnownField, catalogue
from ..normalize import Read, Trace, trace_body
from ..normalize.trace import COUNTED
from ..paths import holders_of
from .show import Mask, shown, whole

Status = Literal["read", "known but unused", "unknown", "ignored", "broken"]
STATUSES: Final[tuple[Status, ...]] = ("read", "known but unused", "unknown", "ignored", "broken")
TABLE_COLUMNS: Final = ("path", "type", "value", "read_as", "rule", "status", "why", "meaning")
"""Columns of `field_table`; an empty body keeps them all."""
_MASKED: Final = ("path", "read_as", "rule", "why")
"""Those in which texts of the body can stand, besides the value; a key can be an address, too."""
JOIN: Final = ", "
"""Between several readings of one value."""


class FieldRow(NamedTuple):
    """One value of a body; plain JSON throughout, so that `list(row)` and `row._asdict()` can be sent to a browser."""

    path: str  # its JSON path
    parent: str  # the path of the object or array that holds it; "" for the root
    depth: int  # 0 for the root
    key: str | int  # its key or index there
    type: str  # "object", "array", "string", "integer", "number", "boolean" or "null"
    value: Any  # as sent, token-shaped text hidden; how much it holds for objects and arrays; None for null
    children: int  # how many members or elements it has
    read_as: str  # such as `codex.weekly.used_percent`; several joined by ", "; "" where nothing
    rule: str  # in words
    # one of `STATUSES`; an object or array that only holds read values is "read" without a `read_as`, and so are the
    # elements of an array that was read as one value
    status: str
    why: str  # it is ignored, broken, or odd
    meaning: str  # what the catalogue says it means, with its unit; "" where it is unknown


@dataclass(frozen=True, slots=True, eq=False)
class FieldRows:
    """The rows of one body, in document order."""

    # one for each object, array and leaf, with the values of a `FieldRow`: iterating gives those
    rows: list[tuple[Any, ...]] = field(repr=False)
    fetched_at: datetime | None  # when the server said so (aware, UTC), or None where nobody knows; see `field_rows`
    # what was read -> JSON paths it was read from, `{"codex.weekly.used_percent": ["$.rate_limit..."]}`
    read_from: dict[str, list[str]] = field(repr=False)
    # what was read -> the value in the snapshot; a list where one name was read twice
    readings: dict[str, Any] = field(repr=False)
    complete: bool = True  # whether every value has a row; the rows of a huge body end after the first million

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[FieldRow]:
        return map(FieldRow._make, self.rows)


def field_table(
    payload: BodySource,
    *,
    fetched_at: datetime | None = None,
    aliases: Aliases = ALIASES,
    reveal: bool = False,
) -> pd.DataFrame:
    """One row per leaf, array and object of a body: where it stands, what was sent, and which number it became.

    Columns: `path` (JSON path), `type` (JSON's name), `value` (as sent; of an object or array how much it holds; None
    for null), `read_as` (`codex.weekly.used_percent`, "" where nothing), `rule` (in words), `status` ("read", "known
    but unused", "unknown", "ignored", "broken"), `why`, `meaning` (from the catalogue of known fields).

    >>> table = field_table({"plan_type": "plus", "email": "ada@example.com"})
    >>> table[["path", "value", "read_as"]].to_numpy().tolist()
    [['$', '{2 members}', ''], ['$.plan_type', 'plus', 'plan'], ['$.email', 'ad...@example.com', '']]

    Args:
        payload: Any JSON value, a reply, a stored body, response headers as a dict, text, or a path.
        fetched_at: When the server said so (aware); see `field_rows` for what counts without one.
        aliases: The table of spellings.
        reveal: Show e-mail addresses, and ids of people and accounts, which are masked wherever they stand.

    Raises:
        BodyError: The body is nested deeper than 500 levels, or there is none, or several.
        ValueError: *fetched_at* has no time zone.
    """
    body = body_of(payload)
    return table_of(field_rows(body, fetched_at=fetched_at, aliases=aliases), Mask(body.content, reveal=reveal))


def table_of(rows: FieldRows, mask: Mask) -> pd.DataFrame:
    """The same from rows that are there already."""
    columns = dict(zip(FieldRow._fields, map(list, zip(*rows.rows, strict=True)), strict=True))
    columns["value"] = list(map(mask.value, columns["path"], columns["value"]))
    for name in _MASKED:
        columns[name] = list(map(mask.text, columns[name]))
    return pd.DataFrame({name: objects(columns[name]) for name in TABLE_COLUMNS}, copy=False)


def objects(values: list[Any]) -> pd.Series:
    """A column of Python objects as they are: nothing is converted, so 1 stays 1 beside None, and "1" stays text."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object, copy=False)


def field_rows(payload: BodySource, *, fetched_at: datetime | None = None, aliases: Aliases = ALIASES) -> FieldRows:
    """Every object, array and leaf of a body, in document order. `field_table` is the same as a DataFrame, masked.

    Of a reply that is no JSON the text itself is shown, so that an HTML page of the edge is no empty table. For a bare
    payload without *fetched_at* the body's own word counts, where a window gives both its reset and the seconds to it;
    else the time stays unknown: a reset given only as seconds to go is then marked as such, and its value is None.
    """
    body = body_of(payload)
    content, book = body.content, catalogue()
    trace = trace_body(content, fetched_at=fetched_at or body.fetched_at, aliases=aliases)
    said = _explained(trace)
    rows, nothing = list[tuple[Any, ...]](), _Said()
    room, complete = MOST_PATH_TEXT, True
    for place in walk(content, book.root):
        room -= len(place.path)
        if room < 0 or len(rows) >= MOST_PLACES:
            complete = False
            break
        known = place.known
        if known is None and place.depth == 1 and isinstance(place.key, str) and (name := place.key.lower()):
            known = codex_header(name, book)[1] if name.startswith(CODEX) else None
        rows.append(_row(place, known, said.get(place.path, nothing), said.get(place.parent, nothing)))
    if not complete:
        first = FieldRow._make(rows[0])
        rows[0] = tuple(first._replace(why=_with(f"only the first {len(rows):,} values are shown", first.why)))
    read_from: dict[str, list[str]] = {}
    readings: dict[str, list[Any]] = {}
    for (name, path), value in trace.values().items():
        read_from.setdefault(name, []).append(path)
        readings.setdefault(name, []).append(value)
    values = {name: found[0] if len(found) == 1 else found for name, found in readings.items()}
    return FieldRows(rows, trace.fetched_at, read_from, values, complete)


def _row(place: Place, known: KnownField | None, said: _Said, above: _Said) -> tuple[Any, ...]:
    path, parent, key, depth, kind, value, _, _ = place
    status, rule = said.status, said.rule
    if known is None and said.read_as and status == "read" and (window := catalogue().window):
        # A spelling of the caller's own: it means what it was read as.
        known = window.inside(said.read_as.partition(JOIN)[0].rpartition(".")[2])
    if above.read_as and above.status == "read" and isinstance(key, int):
        # One of the elements of an array that was read as one value, such as the two ends of a range.
        status, rule = "read", _with(rule, f"part of {above.read_as}")
    return (
        path,
        parent,
        depth,
        key if isinstance(key, int) else whole(key),
        kind,
        shown(place),
        len(value) if kind in {"object", "array"} else 0,
        said.read_as,
        rule,
        status or ("unknown" if known is None else "known but unused"),
        said.why,
        "" if known is None else known.words,
    )


@dataclass(slots=True)
class _Said:
    """What the reading says about one path; "" is nothing."""

    status: str = ""
    read_as: str = ""
    rule: str = ""
    why: str = ""


def _explained(trace: Trace) -> dict[str, _Said]:
    """Path -> what the reading says about it, and about the objects and arrays around what was read."""
    said: dict[str, _Said] = defaultdict(_Said)
    reads: dict[str, list[Read]] = defaultdict(list)
    rules = {(read.read_as, read.path): read.rule for read in trace.reads}
    for read in trace.reads:
        reads[read.path].append(read)
    for path, found in reads.items():
        one, holders = said[path], holders_of(path)
        taken = [read for read in found if read.status == "read"]
        one.status = "read" if taken else "broken" if any(read.status == "broken" for read in found) else "ignored"
        one.read_as = JOIN.join(dict.fromkeys(read.read_as for read in taken or found if read.read_as))
        for read in taken or found:
            one.rule = _with(one.rule, read.rule)
            if taken and holders:
                # Whose number it is was decided for the window as a whole.
                one.rule = _with(one.rule, rules.get((read.read_as.rpartition(".")[0], holders[-1]), ""))
        for read in found:
            one.why = _with(one.why, read.why)
            if trace.fetched_at is None and read.status == "read" and read.rule == COUNTED:
                one.why = _with(one.why, "the time of the reading is not known: give fetched_at= to get the instant")
        for holder in holders if taken else ():
            if not said[holder].status:
                said[holder].status, said[holder].rule = "read", "holds values that are read"
    for note in trace.snapshot.notes:
        text, _, path = note.rpartition(" @ ")
        said[path].why = _with(said[path].why, text)
    return said


def _with(old: str, text: str) -> str:
    """One more thing to say, once."""
    return old if text in old else f"{old}; {text}" if old else text
