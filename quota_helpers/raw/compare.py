"""Many bodies side by side: which fields each of them has, of which type, with which value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from ..bodies import MOST_PATH_TEXT, MOST_PLACES, BodySource, Place, bodies_of, walk
from ..html import Markup, escaped, paragraph, table
from ..labels import numbered
from ..privacy import printable
from ..tables import frame_of
from .explain import objects
from .show import Mask, shown

FINGERPRINT_LENGTH = 8
MISSING: Final = "missing"
"""Type of a field that a body does not have; a field that is there and null has the type "null"."""
SHAPE_COLUMNS: Final = {"shape": "str", "bodies": "int64", "fields": "int64", "sources": "str"}
SHOWN_ROWS: Final = 60
SHOWN_SOURCES: Final = 12
LONGEST_TEXT: Final = 120


@dataclass(frozen=True, slots=True)
class Shape:
    """Paths and types of one body; the indices of arrays are folded, and the order of keys does not count.

    Attributes:
        fingerprint: Eight hexadecimal characters; equal for equal shapes.
        signature: Path -> types there, such as `{"$.credits": "null", "$.additional_rate_limits[]": "object"}`.
    """

    fingerprint: str
    signature: dict[str, str] = field(repr=False, hash=False, compare=False)

    def __str__(self) -> str:
        return self.fingerprint


def shape_of(payload: Any) -> Shape:
    """The shape of a body: two have one exactly when every path holds the same types in both.

    A whole number and one with a decimal point are two types, and null is one of its own. An array's elements share one
    path (`[]`), which has all their types.
    """
    types: dict[str, set[str]] = {}
    for place in walk(payload):
        types.setdefault(place.folded, set()).add(place.type)
    return _shape(types)


def _shape(types: Mapping[str, set[str]]) -> Shape:
    signature = {path: "|".join(sorted(types[path])) for path in sorted(types)}
    text = "\n".join(f"{path}: {kinds}" for path, kinds in signature.items())
    # Keys may hold lone surrogates, which plain UTF-8 refuses.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Shape(digest[:FINGERPRINT_LENGTH], signature)


Cell = tuple[str, str, Any, int]
"""Of one field of one body: the path of what holds it, its type, what is shown of its value (not yet masked), and a
number, the same for fields of equal type and value as sent, in whichever body."""
_ABSENT: Final[Cell] = ("", MISSING, None, -1)


class Column(NamedTuple):
    """One body: its fields by path, in document order, its shape, and whether every field is here."""

    cells: dict[str, Cell]
    shape: Shape
    complete: bool


def _column(payload: Any, codes: dict[tuple[str, Any], int]) -> Column:
    """One walk over a body; what is equal is known by *codes*, (type, value as sent) -> number, which grows."""
    cells: dict[str, Cell] = {}
    types: dict[str, set[str]] = {}
    room = MOST_PATH_TEXT
    for place in walk(payload):
        types.setdefault(place.folded, set()).add(place.type)
        room -= len(place.path)
        if room >= 0 and len(cells) < MOST_PLACES:
            code = codes.setdefault((place.type, _comparable(place)), len(codes))
            cells[place.path] = (place.parent, place.type, shown(place), code)
        else:
            room = -1
    return Column(cells, _shape(types), room >= 0)


def _comparable(place: Place) -> Any:
    """What a field is equal by: objects and arrays by being there, for what they hold has fields of its own."""
    kind = place.type
    if kind in {"string", "integer"}:
        return place.value
    # Not a number is equal to nothing, itself included; another Python type may not be hashable.
    return None if kind in {"object", "array"} else repr(place.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldComparison:
    """Bodies side by side, path by path.

    Attributes:
        frame: One row a path, rows that differ first; columns are (what, source) with what in present, type, value.
            The type of an absent field is "missing"; the value of an object or array is how much it holds, that of
            null or an absent field None.
        differs: Path -> "presence", "type", "value" (the first of these that differs) or "same".
        shapes: One row a shape: `shape` (fingerprint), `bodies` (how many share it), `fields`, `sources` (their names).
        shape: Source -> its `Shape`.
        complete: Whether every value has a row; the rows of a huge body end after the first million.
        codes: Rows of the frame x bodies: numbers that are equal where type and value as sent are; -1 where absent.
    """

    frame: pd.DataFrame
    differs: pd.Series
    shapes: pd.DataFrame
    shape: dict[str, Shape] = field(repr=False)
    complete: bool = True
    codes: np.ndarray = field(repr=False)

    @property
    def sources(self) -> list[str]:
        """Names of the bodies, in order."""
        return list(self.shape)

    @property
    def present(self) -> pd.DataFrame:
        """Path x source: whether the body has the field."""
        return self._part("present").astype(bool)

    @property
    def types(self) -> pd.DataFrame:
        """Path x source: JSON type, or "missing"."""
        return self._part("type")

    @property
    def sent(self) -> pd.DataFrame:
        """Path x source: the value as sent; how much objects and arrays hold; None for null and absent fields."""
        return self._part("value")

    def _part(self, what: str) -> pd.DataFrame:
        return self.frame.xs(what, axis=1, level="what")

    def between(self, before: str, after: str) -> pd.DataFrame:
        """What differs between two of the bodies: path, change, and type and value in each of them.

        Raises:
            KeyError: No body has that name; the message lists the names there are.
        """
        for name in (before, after):
            if name not in self.shape:
                raise KeyError(f"no body {name!r}; there are: {', '.join(self.sources)}")
        one, other = (self.codes[:, self.sources.index(name)] for name in (before, after))
        part = self.frame[one != other]
        types = part[("type", before)], part[("type", after)]
        return pd.DataFrame(
            {
                "change": pd.Series(list(map(_word, zip(*types, strict=True))), index=part.index, dtype="str"),
                "type_before": types[0],
                "type_after": types[1],
                "before": part[("value", before)],
                "after": part[("value", after)],
            }
        ).reset_index()

    def __repr__(self) -> str:
        return (
            f"FieldComparison({len(self.shape)} bodies, {len(self.frame)} fields, "
            f"{int((self.differs != 'same').sum())} differ, {len(self.shapes)} shapes)"
        )

    def _repr_html_(self) -> str:
        sources = self.sources[:SHOWN_SOURCES]
        rows = (
            (_short(path), self.differs.iloc[at], *(self._cell(at, source) for source in sources))
            for at, path in enumerate(self.frame.index[:SHOWN_ROWS])
        )
        more = [] if self.complete else ["what was too much to list"]
        if len(self.frame) > SHOWN_ROWS:
            more.append(f"{len(self.frame) - SHOWN_ROWS} more fields")
        if len(self.shape) > SHOWN_SOURCES:
            more.append(f"{len(self.shape) - SHOWN_SOURCES} more bodies")
        head = paragraph(_short(repr(self)[len("FieldComparison(") : -1]))
        rest = f"<p>and {' and '.join(more)}, in <code>.frame</code></p>" if more else ""
        return head + table(("path", "differs in", *map(_short, sources)), rows) + rest

    def _cell(self, at: int, source: str) -> str:
        kind = self.frame[("type", source)].iloc[at]
        if kind in {"string", "integer", "number", "boolean"}:
            return _short(str(self.frame[("value", source)].iloc[at]))
        return Markup(f"<i>{escaped(kind)}</i>")


def compare_fields(bodies: BodySource, *, reveal: bool = False) -> FieldComparison:
    """Many bodies side by side: accounts, or one account over time.

    >>> compare_fields({"work": {"plan_type": "plus"}, "home": {"plan_type": "pro"}}).differs.to_dict()
    {'$.plan_type': 'value', '$': 'same'}

    Args:
        bodies: A collection, a mapping of names to payloads or replies, a list of them, history.bodies(), text, a path.
        reveal: Show ids and e-mail addresses, which are masked in values, in paths and in the bodies' names, those that
            are then alike numbered. What differs is judged by what was sent.

    Raises:
        BodyError: It is no such thing, or a body is nested deeper than 500 levels.
    """
    found = bodies_of(bodies)
    numbers: dict[tuple[str, Any], int] = {}
    columns = [_column(body.payload, numbers) for body in found]
    mask = Mask(*(body.payload for body in found), reveal=reveal)
    clean = cache(mask.text)  # each path once, however many bodies have it
    sources = numbered([clean(body.name) for body in found])
    paths = in_order({path: cell[0] for path, cell in column.cells.items()} for column in columns)
    sides = [[column.cells.get(path, _ABSENT) for path in paths] for column in columns]
    codes = np.array([[code for *_, code in side] for side in sides], dtype=np.int64).reshape(len(sides), len(paths)).T
    words = np.full(len(paths), "same", dtype=object)
    for at in np.flatnonzero((codes != codes[:, :1]).any(axis=1)):
        words[at] = _word(side[at][1] for side in sides)
    parts: list[list[Any]] = [
        *([cell is not _ABSENT for cell in side] for side in sides),
        *([kind for _, kind, _, _ in side] for side in sides),
        *([mask.value(path, cell[2]) for path, cell in zip(paths, side, strict=True)] for side in sides),
    ]
    order = np.argsort(words == "same", kind="stable")
    index = pd.Index(numbered(list(map(clean, paths))), name="path", dtype="str")[order]
    names = pd.MultiIndex.from_product([["present", "type", "value"], sources], names=["what", "source"])
    grid = np.empty((len(paths), len(parts)), dtype=object)
    for number, part in enumerate(parts):
        grid[:, number] = objects(part)
    shapes = {
        name: Shape(column.shape.fingerprint, {clean(path): kinds for path, kinds in column.shape.signature.items()})
        for name, column in zip(sources, columns, strict=True)
    }
    return FieldComparison(
        frame=pd.DataFrame(grid[order], index=index, columns=names, dtype=object),
        differs=pd.Series(words[order], index=index, name="differs", dtype="str"),
        shapes=_shapes(shapes),
        shape=shapes,
        complete=all(column.complete for column in columns),
        codes=codes[order],
    )


def in_order(bodies: Iterable[Mapping[str, str]]) -> list[str]:
    """Every path of bodies (path -> its parent's), in document order: what only a later one has ends its object."""
    children: dict[str, dict[str, None]] = {}
    for parents in bodies:
        for path, parent in parents.items():
            children.setdefault(parent, {})[path] = None
    paths: list[str] = []
    waiting = list(children.get("", ()))
    while waiting:
        paths.append(waiting.pop())
        waiting += reversed(children.get(paths[-1], {}))
    return paths


def _word(types: Iterable[str]) -> str:
    """In what fields that are not equal differ first: presence, type or value."""
    kinds = set(types)
    return "presence" if MISSING in kinds else "type" if len(kinds) > 1 else "value"


def _shapes(shapes: Mapping[str, Shape]) -> pd.DataFrame:
    groups: dict[str, list[str]] = {}
    for source, shape in shapes.items():
        groups.setdefault(shape.fingerprint, []).append(source)
    rows = (
        {"shape": name, "bodies": len(of), "fields": len(shapes[of[0]].signature), "sources": ", ".join(of)}
        for name, of in sorted(groups.items(), key=lambda group: -len(group[1]))
    )
    return frame_of(rows, SHAPE_COLUMNS)


def _short(text: str) -> str:
    return printable(text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…")
