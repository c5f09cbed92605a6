"""Many bodies side by side: which fields each of them has, of which type, with which value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from ..bodies import MOST_PATH_TEXT, MOST_PLACES, BodySource, Place, bodies_of, walk
from ..html import Markup, escaped, paragraph, table
from ..labels import numbered
from ..models import RawReply
from ..privacy import printable
from .explain import objects
from .show import Mask, shown

FINGERPRINT_LENGTH = 8
MISSING: Final = "missing"
"""Type of a field that a body does not have; a field that is there and null has the type "null"."""
Codes = dict[tuple[str, Any], int]
"""(type, value as sent) -> number: what is equal is known to be equal without keeping what it was."""
ABSENT: Final = -1
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
    """The shape of a body.

    Two bodies have one shape exactly when every path holds the same types in both. A whole number and one with a
    decimal point are two types, and null is one of its own. An array's elements share one path (`[]`), which has all
    their types.

    Raises:
        BodyError: It is nested deeper than 500 levels.
    """
    types: dict[str, set[str]] = {}
    for place in walk(payload, fold_items=True):
        types.setdefault(place.path, set()).add(place.type)
    return shape_from(types)


def shape_from(types: Mapping[str, set[str]]) -> Shape:
    """The shape of a body of which the types at each folded path are known."""
    signature = {path: "|".join(sorted(types[path])) for path in sorted(types)}
    text = "\n".join(f"{path}: {kinds}" for path, kinds in signature.items())
    # Keys may hold lone surrogates, which plain UTF-8 refuses.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Shape(digest[:FINGERPRINT_LENGTH], signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One body's fields in document order.

    Attributes:
        paths: JSON paths.
        parents: The path of what holds each.
        types: JSON types.
        values: What is shown of each value, not yet masked.
        codes: Numbers, the same for fields of equal type and value as sent, in whichever body.
        shape: The shape of the whole body.
        complete: Whether every value is here; the rows of a huge body end after the first million.
    """

    paths: list[str]
    parents: list[str]
    types: list[str]
    values: list[Any]
    codes: list[int]
    shape: Shape
    complete: bool


def cells_of(body: RawReply, codes: Codes) -> Cells:
    """One walk over a body.

    Args:
        body: The body.
        codes: Numbers given so far; new ones are entered.

    Raises:
        BodyError: It is nested deeper than 500 levels.
    """
    paths: list[str] = []
    parents: list[str] = []
    types: list[str] = []
    values: list[Any] = []
    numbers: list[int] = []
    folded = {"": ""}
    shape: dict[str, set[str]] = {}
    room = MOST_PATH_TEXT
    complete = True
    for place in walk(body.payload):
        path, parent, key, _, kind, _, _ = place
        room -= len(path)
        if room < 0 or len(paths) >= MOST_PLACES:
            complete = False
            break
        paths.append(path)
        parents.append(parent)
        types.append(kind)
        values.append(shown(place))
        numbers.append(codes.setdefault((kind, _comparable(place)), len(codes)))
        # As `walk` folds paths; a second walk would take as long as all the rest.
        at = folded[parent] + ("[]" if type(key) is int else path[len(parent) :])
        shape.setdefault(at, set()).add(kind)
        if kind in {"object", "array"}:
            folded[path] = at
    return Cells(
        paths=paths,
        parents=parents,
        types=types,
        values=values,
        codes=numbers,
        shape=shape_from(shape) if complete else shape_of(body.payload),
        complete=complete,
    )


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
        one, other = (self.sources.index(name) for name in (before, after))
        pair = self.codes[:, [one, other]]
        rows = np.flatnonzero(pair[:, 0] != pair[:, 1])
        part = self.frame.iloc[rows]
        table = pd.DataFrame(
            {
                "type_before": part[("type", before)],
                "type_after": part[("type", after)],
                "before": part[("value", before)],
                "after": part[("value", after)],
            }
        )
        change = _words(table[["type_before", "type_after"]].to_numpy(dtype=object), pair[rows])
        table.insert(0, "change", pd.Series(change, index=table.index, dtype="str"))
        return table.rename_axis("path").reset_index()

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
    numbers: Codes = {}
    columns = [cells_of(body, numbers) for body in found]
    mask = Mask(*(body.payload for body in found), reveal=reveal)
    clean = cache(mask.text)  # each path once, however many bodies have it
    sources = numbered([clean(body.name) for body in found])
    paths = _in_order(columns)
    types, values, codes = _grids(columns, paths)
    for at, path in enumerate(paths):
        values[at] = [mask.value(path, value) for value in values[at]]
    words = _words(types, codes)
    order = np.argsort(words == "same", kind="stable")
    index = pd.Index(numbered(list(map(clean, paths))), name="path", dtype="str")[order]
    names = pd.MultiIndex.from_product([["present", "type", "value"], sources], names=["what", "source"])
    grid = np.hstack([(codes != ABSENT).astype(object), types, values])[order]
    shapes = {
        name: Shape(column.shape.fingerprint, {clean(path): kinds for path, kinds in column.shape.signature.items()})
        for name, column in zip(sources, columns, strict=True)
    }
    return FieldComparison(
        frame=pd.DataFrame(grid, index=index, columns=names, dtype=object),
        differs=pd.Series(words[order], index=index, name="differs", dtype="str"),
        shapes=_shapes(shapes),
        shape=shapes,
        complete=all(column.complete for column in columns),
        codes=codes[order],
    )


def _in_order(columns: Sequence[Cells]) -> list[str]:
    """Every path of every body, in document order: a field that only a later body has stands among its neighbours."""
    if columns and all(column.paths == columns[0].paths for column in columns):
        return columns[0].paths
    children: dict[str, dict[str, None]] = {}
    for column in columns:
        for path, parent in zip(column.paths, column.parents, strict=True):
            children.setdefault(parent, {})[path] = None
    paths: list[str] = []
    waiting = [iter(children.get("", ()))]
    while waiting:
        for path in waiting[-1]:
            paths.append(path)
            if path in children:
                waiting.append(iter(children[path]))
                break
        else:
            waiting.pop()
    return paths


def _grids(columns: Sequence[Cells], paths: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(types, values, codes), each path x body; an absent field is MISSING, None and ABSENT."""
    size = (len(paths), len(columns))
    types, values = np.full(size, MISSING, dtype=object), np.full(size, None, dtype=object)
    codes = np.full(size, ABSENT, dtype=np.int64)
    place = {path: at for at, path in enumerate(paths)}
    for number, column in enumerate(columns):
        at = slice(None) if column.paths == paths else np.fromiter(map(place.__getitem__, column.paths), dtype=np.int64)
        types[at, number], values[at, number], codes[at, number] = column.types, objects(column.values), column.codes
    return types, values, codes


def _words(types: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """For each row "presence", "type", "value" (the first of these in which the bodies differ) or "same"."""
    words = np.full(len(codes), "same", dtype=object)
    for at in np.flatnonzero((codes != codes[:, :1]).any(axis=1)):
        kinds = set(types[at])
        words[at] = "presence" if MISSING in kinds else "type" if len(kinds) > 1 else "value"
    return words


def _shapes(shapes: dict[str, Shape]) -> pd.DataFrame:
    groups: dict[str, list[str]] = {}
    for source, shape in shapes.items():
        groups.setdefault(shape.fingerprint, []).append(source)
    sizes = {shape.fingerprint: len(shape.signature) for shape in shapes.values()}
    ordered = sorted(groups, key=lambda fingerprint: -len(groups[fingerprint]))
    return pd.DataFrame(
        {
            "shape": pd.Series(ordered, dtype="str"),
            "bodies": pd.Series([len(groups[name]) for name in ordered], dtype="int64"),
            "fields": pd.Series([sizes[name] for name in ordered], dtype="int64"),
            "sources": pd.Series([", ".join(groups[name]) for name in ordered], dtype="str"),
        }
    )


def _short(text: str) -> str:
    return printable(text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…")
