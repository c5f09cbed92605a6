"""Two bodies as one tree: what only one of them has, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from ..raw import FieldRows, walk

SAME, ADDED, REMOVED, CHANGED = range(4)
COLUMNS: Final = ("path", "depth", "key", "type", "value", "read_as", "rule", "status", "why", "meaning")


@dataclass(frozen=True, slots=True)
class Merged:
    """The rows to show.

    Attributes:
        columns: Name -> list, all of one length.
        difference: For each row SAME, ADDED (only the chosen body has it), REMOVED (only the other) or CHANGED.
        before: Number of a changed row -> its type and value in the other body, masked as the rows are.
    """

    columns: dict[str, list[Any]]
    difference: list[int] = field(default_factory=list)
    before: Mapping[int, tuple[str, Any]] = field(default_factory=dict)


def unmerged(rows: FieldRows) -> Merged:
    """One body's rows as they are."""
    return Merged({name: rows.columns[name] for name in COLUMNS})


def merged(rows: FieldRows, other: FieldRows, payload: Any, other_payload: Any) -> Merged:
    """The rows of a body, and at the end of each object what only the other body has in it.

    Values are compared as they were sent, so two people's e-mail addresses differ although both are masked.
    """
    there = {path: at for at, path in enumerate(other.columns["path"])}
    order = list(_order(rows, other))
    sent, sent_there = _sent(payload, len(rows)), _sent(other_payload, len(other))
    difference: list[int] = []
    before: dict[int, tuple[str, Any]] = {}
    types, values = other.columns["type"], other.columns["value"]
    for number, at in enumerate(order):
        if at < 0:
            difference.append(REMOVED)
            continue
        match = there.get(rows.columns["path"][at])
        if match is None:
            difference.append(ADDED)
        elif sent[at] == sent_there[match]:
            difference.append(SAME)
        else:
            difference.append(CHANGED)
            before[number] = (types[match], values[match])
    columns = {name: _picked(order, rows.columns[name], other.columns[name]) for name in COLUMNS}
    return Merged(columns, difference, before)


def _picked(order: list[int], mine: list[Any], theirs: list[Any]) -> list[Any]:
    return [mine[at] if at >= 0 else theirs[-1 - at] for at in order]


def _order(rows: FieldRows, other: FieldRows) -> Iterator[int]:
    """Numbers of this body's rows in their order; -1 - n stands for the other body's n-th."""
    removed = _removed(rows, other)
    paths, depths = rows.columns["path"], rows.columns["depth"]
    open_: list[int] = []
    for at, depth in enumerate(depths):
        while open_ and depths[open_[-1]] >= depth:
            yield from removed.get(paths[open_.pop()], ())
        yield at
        open_.append(at)
    while open_:
        yield from removed.get(paths[open_.pop()], ())


def _removed(rows: FieldRows, other: FieldRows) -> dict[str, list[int]]:
    """Path in this body -> rows of the other body that are to stand at its end, each with all that it holds."""
    known = set(rows.columns["path"])
    found: dict[str, list[int]] = {}
    holder: list[int] = []
    ends = 0  # depth of the removed subtree that is being copied
    for at, (path, parent, depth) in enumerate(
        zip(other.columns["path"], other.columns["parent"], other.columns["depth"], strict=True)
    ):
        if path in known:
            holder = []
        elif holder and depth > ends:
            holder.append(-1 - at)
        else:
            holder, ends = found.setdefault(parent, []), depth
            holder.append(-1 - at)
    return found


def _sent(payload: Any, count: int) -> list[tuple[str, Any]]:
    """Type and value of each row, comparable: not a number is equal to itself here, 1 is not 1.0."""
    return [
        (place.type, None if place.type in {"object", "array"} else repr(place.value))
        for place in islice(walk(payload), count)
    ]
