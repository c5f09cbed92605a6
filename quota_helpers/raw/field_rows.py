"""The rows of one body: every value of it with what it means, what it was read as, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, overload

Status = Literal["read", "known but unused", "unknown", "ignored", "broken"]
STATUSES: Final[tuple[Status, ...]] = ("read", "known but unused", "unknown", "ignored", "broken")


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
