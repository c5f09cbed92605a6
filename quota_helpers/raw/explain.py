"""Every value of a body in document order, explained: where it stands, what it means, which number it became."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, overload

import numpy as np
import pandas as pd

from ..bodies import MOST_PATH_TEXT, MOST_PLACES, BodySource, body_of, walk
from ..bodies.redact import codex_header
from ..fields import ALIASES, Aliases
from ..fields.catalogue import KnownField, catalogue
from ..normalize import Read, Trace, trace_body
from .show import Mask, shown, whole

Status = Literal["read", "known but unused", "unknown", "ignored", "broken"]
STATUSES: Final[tuple[Status, ...]] = ("read", "known but unused", "unknown", "ignored", "broken")
TABLE_COLUMNS: Final = ("path", "type", "value", "read_as", "rule", "status", "why", "meaning")
"""Columns of `field_table`; an empty body keeps them all."""
_MASKED: Final = ("path", "read_as", "rule", "why")
JOIN: Final = ", "
"""Between several readings of one value."""


class FieldRow(NamedTuple):
    """One value of a body; plain JSON throughout, so that `list(row)` and `row._asdict()` can be sent to a browser.

    Attributes:
        path: Its JSON path.
        parent: The path of the object or array that holds it; "" for the root.
        depth: 0 for the root.
        key: Its key or index there.
        type: "object", "array", "string", "integer", "number", "boolean" or "null".
        value: As sent, token-shaped text hidden; how much it holds for objects and arrays; None for null.
        children: How many members or elements it has.
        read_as: What it was read as, such as `codex.weekly.used_percent`; several joined by ", "; "" where nothing.
        rule: By which rule, in words.
        status: One of `STATUSES`. An object or array that only holds read values is "read" without a `read_as`, and so
            are the elements of an array that was read as one value.
        why: Why it is ignored, broken, or odd.
        meaning: What the catalogue says it means, with its unit; "" where it is unknown.
    """

    path: str
    parent: str
    depth: int
    key: str | int
    type: str
    value: Any
    children: int
    read_as: str
    rule: str
    status: str
    why: str
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class FieldRows(Sequence[FieldRow]):
    """The rows of one body, kept as columns: a row is made when it is asked for.

    Attributes:
        columns: Name -> list, all of one length; the names are those of `FieldRow`.
        fetched_at: When the server said so (aware, UTC), or None where nobody knows; see `field_rows`.
        read_from: What was read -> JSON paths it was read from, `{"codex.weekly.used_percent": ["$.rate_limit..."]}`.
        read_as: JSON path -> everything it was read as.
        readings: What was read -> the value in the snapshot; a list where one name was read twice.
        notes: What was odd, in words, each ending in " @ " and its path.
        complete: Whether every value has a row; the rows of a huge body end after the first million.
    """

    columns: dict[str, list[Any]]
    fetched_at: datetime | None
    read_from: dict[str, list[str]] = field(repr=False)
    read_as: dict[str, list[str]] = field(repr=False)
    readings: dict[str, Any] = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)
    complete: bool = True

    @overload
    def __getitem__(self, index: int) -> FieldRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[FieldRow]: ...
    def __getitem__(self, index: int | slice) -> FieldRow | list[FieldRow]:
        if isinstance(index, slice):
            return list(map(FieldRow._make, zip(*(column[index] for column in self.columns.values()), strict=True)))
        return FieldRow._make(column[index] for column in self.columns.values())

    def __len__(self) -> int:
        return len(self.columns["path"])

    def __iter__(self) -> Iterator[FieldRow]:
        return map(FieldRow._make, zip(*self.columns.values(), strict=True))

    def __repr__(self) -> str:
        return f"FieldRows({len(self)} values, {len(self.read_from)} read)"


# Those in which texts of the body can stand, besides the value; a key can be an address, too.


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
    columns = {name: rows.columns[name] for name in TABLE_COLUMNS}
    columns["value"] = list(map(mask.value, columns["path"], columns["value"]))
    for name in _MASKED:
        columns[name] = list(map(mask.text, columns[name]))
    return pd.DataFrame({name: objects(values) for name, values in columns.items()}, copy=False)


def objects(values: list[Any]) -> pd.Series:
    """A column of Python objects as they are: nothing is converted, so 1 stays 1 beside None, and "1" stays text."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object, copy=False)


def field_rows(payload: BodySource, *, fetched_at: datetime | None = None, aliases: Aliases = ALIASES) -> FieldRows:
    """Every object, array and leaf of a body, in document order. `field_table` is the same as a DataFrame, masked.

    Args:
        payload: Any JSON value, a reply, a stored body, response headers as a dict, text, or a path. Of a reply that is
            no JSON the text itself is shown, so that an HTML page of the edge is no empty table.
        fetched_at: When the server said so (aware); by default the reply's own time. For a bare payload without one,
            the body's own word counts, where a window gives both its reset and the seconds to it; else the time stays
            unknown: a reset given only as seconds to go is then marked as such, and its value is None.
        aliases: The table of spellings.

    Raises:
        BodyError: The body is nested deeper than 500 levels, or there is none, or several.
        ValueError: *fetched_at* has no time zone.
    """
    body = body_of(payload)
    content = body.content
    # Walked first: a body that is nested too deeply must not reach a reader that recurses.
    columns = _Columns()
    columns.walk(content)
    trace = trace_body(content, fetched_at=fetched_at or body.fetched_at, aliases=aliases)
    columns.explain(trace)
    return columns.finished(trace)


class _Columns:
    """The columns while they are filled."""

    def __init__(self) -> None:
        self.complete = True
        self._book = catalogue()
        self.columns: dict[str, list[Any]] = {name: [] for name in FieldRow._fields}
        self._at: dict[str, int] = {}
        self._reads: dict[str, list[Read]] = {}
        self._rules: dict[tuple[str, str], str] = {}  # (what was read, path) -> rule

    def walk(self, payload: Any) -> None:
        columns = self.columns
        paths, parents, depths = columns["path"], columns["parent"], columns["depth"]
        keys, types, values, children = columns["key"], columns["type"], columns["value"], columns["children"]
        statuses, meanings = columns["status"], columns["meaning"]
        room = MOST_PATH_TEXT
        for place in walk(payload, self._book.root):
            room -= len(place.path)
            if room < 0 or len(paths) >= MOST_PLACES:
                self.complete = False
                break
            path, parent, key, depth, kind, value, known = place
            paths.append(path)
            parents.append(parent)
            depths.append(depth)
            keys.append(key if isinstance(key, int) else whole(key))
            types.append(kind)
            children.append(len(value) if kind in {"object", "array"} else 0)
            values.append(shown(place))
            if known is None and depth == 1 and type(key) is str:
                known = self._header(key)
            statuses.append("unknown" if known is None else "known but unused")
            meanings.append("" if known is None else known.words)
        count = len(paths)
        for name in ("read_as", "rule", "why"):
            columns[name].extend([""] * count)
        if not self.complete:
            columns["why"][0] = f"only the first {count:,} values are shown"
        self._at = dict(zip(paths, range(count), strict=True))

    def _header(self, key: str) -> KnownField | None:
        lower = key.lower()
        return codex_header(lower, self._book)[1] if lower.startswith("x-codex-") else None

    def explain(self, trace: Trace) -> None:
        """Enter what the reading says about each path."""
        for read in trace.reads:
            self._reads.setdefault(read.path, []).append(read)
            self._rules[read.read_as, read.path] = read.rule
        for path, reads in self._reads.items():
            at = self._at.get(path)
            if at is not None:
                self._enter(at, reads, timeless=trace.fetched_at is None)
        self._mark_parts()
        for note in trace.snapshot.notes:
            text, _, path = note.rpartition(" @ ")
            at = self._at.get(path)
            if at is not None and text not in self.columns["why"][at]:
                self._add("why", at, text)

    def _enter(self, at: int, reads: list[Read], *, timeless: bool) -> None:
        columns = self.columns
        taken = [read for read in reads if read.status == "read"]
        shown = taken or reads
        status = "read" if taken else "broken" if any(read.status == "broken" for read in reads) else "ignored"
        columns["status"][at] = status
        columns["read_as"][at] = JOIN.join(dict.fromkeys(read.read_as for read in shown if read.read_as))
        for read in shown:
            self._add("rule", at, read.rule)
            if taken:
                # Whose number it is was decided for the window as a whole.
                window = read.read_as.rpartition(".")[0]
                self._add("rule", at, self._rules.get((window, columns["parent"][at]), ""))
        for read in reads:
            self._add("why", at, read.why)
        if timeless and any(read.read_as.endswith(".reset_at") and "plus the seconds" in read.rule for read in taken):
            self._add("why", at, "the time of the reading is not known: give fetched_at= to get the instant")
        if status == "read":
            self._mark_holders(at)
            if not columns["meaning"][at] and self._book.window is not None:
                # A spelling of the caller's own: it means what it was read as.
                known = self._book.window.inside(shown[0].read_as.rpartition(".")[2])
                columns["meaning"][at] = "" if known is None else known.words

    def _mark_holders(self, at: int) -> None:
        statuses, parents = self.columns["status"], self.columns["parent"]
        path = parents[at]
        while path:
            holder = self._at[path]
            if statuses[holder] == "read":
                # Its own holders are marked already, unless it was read itself before they were: go on in that case.
                if not self.columns["read_as"][holder]:
                    return
            elif statuses[holder] in {"unknown", "known but unused"}:
                statuses[holder] = "read"
                self._add("rule", holder, "holds values that are read")
            path = parents[holder]

    def _mark_parts(self) -> None:
        """The elements of an array that was read as one value, such as the two ends of a range."""
        columns = self.columns
        for path in self._reads:
            at = self._at.get(path)
            if at is None or columns["type"][at] != "array" or columns["status"][at] != "read":
                continue
            for part in range(at + 1, at + 1 + columns["children"][at]):
                if part < len(columns["parent"]) and columns["parent"][part] == path:
                    columns["status"][part] = "read"
                    self._add("rule", part, f"part of {columns['read_as'][at]}")

    def _add(self, column: str, at: int, text: str) -> None:
        old = self.columns[column][at]
        if text and text not in old:
            self.columns[column][at] = f"{old}; {text}" if old else text

    def finished(self, trace: Trace) -> FieldRows:
        read_from: dict[str, list[str]] = {}
        read_as: dict[str, list[str]] = {}
        for read in trace.reads:
            if read.status == "read":
                read_from.setdefault(read.read_as, []).append(read.path)
                read_as.setdefault(read.path, []).append(read.read_as)
        found: dict[str, list[Any]] = {}
        for (name, _), value in trace.values().items():
            found.setdefault(name, []).append(value)
        readings = {name: items[0] if len(items) == 1 else items for name, items in found.items()}
        return FieldRows(
            self.columns, trace.fetched_at, read_from, read_as, readings, trace.snapshot.notes, self.complete
        )
