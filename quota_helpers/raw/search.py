"""Finding rows while somebody types, and what changed between two bodies: quick enough for every keystroke."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, Literal

from .rows import FieldRows

Change = Literal["added", "gone", "type", "value"]
_COLUMNS: Final = ("path", "value", "read_as")


class FieldSearch:
    """Searches the rows of one body by path, value and reading; the text of each row is prepared once.

    >>> FieldSearch(rows).find("weekly used")  # doctest: +SKIP
    [14]
    """

    def __init__(self, rows: FieldRows) -> None:
        self._statuses: list[str] = rows.columns["status"]
        columns = (rows.columns[name] for name in _COLUMNS)
        self._texts = [
            f"{path}\n{_text(value)}\n{read_as}".casefold() for path, value, read_as in zip(*columns, strict=True)
        ]

    def find(self, query: str = "", statuses: Collection[str] = ()) -> list[int]:
        """Indices of the rows that hold every word of *query*, without regard to case, in the order of the body.

        Args:
            query: Words, separated by spaces; none finds every row.
            statuses: Only rows of these statuses; empty for all.
        """
        found: Iterator[int] | range = range(len(self._texts))
        if statuses:
            wanted = frozenset(statuses)
            found = (at for at, status in enumerate(self._statuses) if status in wanted)
        texts = self._texts
        words = query.casefold().split()
        if not words:
            return list(found)
        hits = [at for at in found if words[0] in texts[at]]
        for word in words[1:]:
            hits = [at for at in hits if word in texts[at]]
        return hits


def _text(value: object) -> str:
    # As JSON spells them, for that is what people see and type.
    return "true" if value is True else "false" if value is False else "null" if value is None else str(value)


def row_changes(before: FieldRows, after: FieldRows) -> dict[str, Change]:
    """JSON path -> what happened to it from one body to another; paths that are the same in both are left out.

    "gone" paths stand only in *before*, "added" ones only in *after*; a "type" or "value" differs.
    """
    changes: dict[str, Change] = {}
    old = {path: (kind, value) for path, kind, value in _cells(before)}
    for path, kind, value in _cells(after):
        earlier = old.pop(path, None)
        if earlier is None:
            changes[path] = "added"
        elif earlier[0] != kind:
            changes[path] = "type"
        elif earlier[1] != value:
            changes[path] = "value"
    changes.update(dict.fromkeys(old, "gone"))
    return changes


def _cells(rows: FieldRows) -> Iterator[tuple[str, str, object]]:
    return zip(*(rows.columns[name] for name in ("path", "type", "value")), strict=True)
