"""Every value of a body in document order, explained: the walk over the body joined with the trace of its reading."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from ..bodies import MOST_PATH_TEXT, MOST_PLACES, BodySource, body_of, walk
from ..bodies.redact import codex_header
from ..fields import ALIASES, Aliases
from ..fields.catalogue import KnownField, catalogue
from ..normalize import Read
from .field_rows import FieldRow, FieldRows
from .reading import Reading, read_body
from .show import shown, whole

JOIN: Final = ", "
"""Between several readings of one value."""


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
    reading = read_body(content, fetched_at or body.fetched_at, aliases)
    columns.explain(reading)
    return columns.finished(reading)


class _Columns:
    """The columns while they are filled."""

    def __init__(self) -> None:
        self.complete = True
        self._book = catalogue()
        self._meanings: dict[int, str] = {}
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
            meanings.append("" if known is None else self._meaning(known))
        count = len(paths)
        for name in ("read_as", "rule", "why"):
            columns[name].extend([""] * count)
        if not self.complete:
            columns["why"][0] = f"only the first {count:,} values are shown"
        self._at = dict(zip(paths, range(count), strict=True))

    def _header(self, key: str) -> KnownField | None:
        lower = key.lower()
        return codex_header(lower, self._book)[1] if lower.startswith("x-codex-") else None

    def _meaning(self, known: KnownField) -> str:
        text = self._meanings.get(id(known))
        if text is None:
            text = f"{known.meaning} [{known.unit}]" if known.unit else known.meaning
            self._meanings[id(known)] = text
        return text

    def explain(self, reading: Reading) -> None:
        """Enter what the reading says about each path."""
        for read in reading.trace.reads:
            self._reads.setdefault(read.path, []).append(read)
            self._rules[read.read_as, read.path] = read.rule
        for path, reads in self._reads.items():
            at = self._at.get(path)
            if at is not None:
                self._enter(at, reads, timeless=reading.fetched_at is None)
        self._mark_parts()
        for note in reading.trace.snapshot.notes:
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
                columns["meaning"][at] = "" if known is None else self._meaning(known)

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

    def finished(self, reading: Reading) -> FieldRows:
        read_from: dict[str, list[str]] = {}
        read_as: dict[str, list[str]] = {}
        for read in reading.trace.reads:
            if read.status == "read":
                read_from.setdefault(read.read_as, []).append(read.path)
                read_as.setdefault(read.path, []).append(read.read_as)
        found: dict[str, list[Any]] = {}
        for (name, _), value in reading.values().items():
            found.setdefault(name, []).append(value)
        readings = {name: items[0] if len(items) == 1 else items for name, items in found.items()}
        return FieldRows(
            self.columns, reading.fetched_at, read_from, read_as, readings, reading.trace.snapshot.notes, self.complete
        )
