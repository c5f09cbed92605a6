"""Many bodies side by side: which fields each of them has, of which type, with which value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

import numpy as np
import pandas as pd

from ..masking import printable
from .body import Body, BodySource, bodies_of
from .catalogue import catalogue
from .paths import MOST_PATH_TEXT, MOST_PLACES, walk
from .shapes import Shape, shape_of
from .show import safe_value

MISSING: Final = "missing"
"""Type of a field that a body does not have; a field that is there and null has the type "null"."""
SHOWN_ROWS: Final = 60
SHOWN_SOURCES: Final = 12
LONGEST_TEXT: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldComparison:
    """Bodies side by side, path by path.

    Attributes:
        frame: One row a path, rows that differ first; columns are (what, source) with what in present, type, value.
            The type of an absent field is "missing"; the value of an object, array, null or absent field is None.
        differs: Path -> "presence", "type", "value" (the first of these that differs) or "same".
        shapes: One row a shape: `shape` (fingerprint), `bodies` (how many share it), `fields`, `sources` (their names).
        shape: Source -> its `Shape`.
        complete: Whether every value has a row; the rows of a huge body end after the first million.
    """

    frame: pd.DataFrame
    differs: pd.Series
    shapes: pd.DataFrame
    shape: dict[str, Shape] = field(repr=False)
    complete: bool = True

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
        """Path x source: the value as sent; None for objects, arrays, null and absent fields (see `types`)."""
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
        table = pd.DataFrame(
            {
                "type_before": self.frame[("type", before)],
                "type_after": self.frame[("type", after)],
                "before": self.frame[("value", before)],
                "after": self.frame[("value", after)],
            }
        )
        change = [
            _change((kind, _comparable(kind, value)), (other, _comparable(other, later)))
            for kind, other, value, later in table.itertuples(index=False)
        ]
        table.insert(0, "change", pd.Series(change, index=table.index, dtype="str"))
        return table[table["change"] != "same"].rename_axis("path").reset_index()

    def __repr__(self) -> str:
        return (
            f"FieldComparison({len(self.shape)} bodies, {len(self.frame)} fields, "
            f"{int((self.differs != 'same').sum())} differ, {len(self.shapes)} shapes)"
        )

    def _repr_html_(self) -> str:
        sources = self.sources[:SHOWN_SOURCES]
        rows = [
            f"<tr><th scope='row' style='text-align:left'>{_text(path)}</th><td>{_text(self.differs.iloc[at])}</td>"
            + "".join(f"<td>{self._cell(at, source)}</td>" for source in sources)
            + "</tr>"
            for at, path in enumerate(self.frame.index[:SHOWN_ROWS])
        ]
        more = [] if self.complete else ["what was too much to list"]
        if len(self.frame) > SHOWN_ROWS:
            more.append(f"{len(self.frame) - SHOWN_ROWS} more fields")
        if len(self.shape) > SHOWN_SOURCES:
            more.append(f"{len(self.shape) - SHOWN_SOURCES} more bodies")
        return (
            f"<p>{_text(repr(self)[len('FieldComparison(') : -1])}</p><table><thead><tr>"
            "<th scope='col' style='text-align:left'>path</th><th scope='col'>differs in</th>"
            + "".join(f"<th scope='col'>{_text(source)}</th>" for source in sources)
            + f"</tr></thead><tbody>{''.join(rows)}</tbody></table>"
            + (f"<p>and {' and '.join(more)}, in <code>.frame</code></p>" if more else "")
        )

    def _cell(self, at: int, source: str) -> str:
        kind = self.frame[("type", source)].iloc[at]
        if kind in {"string", "integer", "number", "boolean"}:
            return _text(str(self.frame[("value", source)].iloc[at]))
        return f"<i>{_text(kind)}</i>"


def compare_fields(bodies: BodySource, *, reveal: bool = True) -> FieldComparison:
    """Many bodies side by side: accounts, or one account over time.

    Args:
        bodies: A collection; a mapping of names to payloads or replies; or an iterable of replies, stored bodies or
            plain payloads. A single body's dict is not several bodies: put it into a list.
        reveal: False masks ids and e-mail addresses.

    Raises:
        BodyError: It is no such thing, or a body is nested deeper than 500 levels.
    """
    found = bodies_of(bodies)
    walked = [_cells(body, reveal=reveal) for body in found]
    columns = [cells for cells, _ in walked]
    paths = _merged(columns)
    cells = [[column.get(path, (MISSING, None)) for column in columns] for path in paths]
    differs = [_difference(row) for row in cells]
    order = [at for at, word in enumerate(differs) if word != "same"]
    order += [at for at, word in enumerate(differs) if word == "same"]
    index = pd.Index([paths[at] for at in order], name="path", dtype="str")
    shapes = {body.name: shape_of(body.payload) for body in found}
    return FieldComparison(
        frame=_frame([cells[at] for at in order], index, [body.name for body in found]),
        differs=pd.Series([differs[at] for at in order], index=index, name="differs", dtype="str"),
        shapes=_shapes(shapes),
        shape=shapes,
        complete=all(whole for _, whole in walked),
    )


def _cells(body: Body, *, reveal: bool) -> tuple[dict[str, tuple[str, Any, str]], bool]:
    """(path -> type, value, parent; whether that is everything)."""
    cells: dict[str, tuple[str, Any, str]] = {}
    room = MOST_PATH_TEXT
    for place in walk(body.payload, catalogue().root):
        room -= len(place.path)
        if room < 0 or len(cells) >= MOST_PLACES:
            return cells, False
        cells[place.path] = (place.type, safe_value(place, reveal=reveal), place.parent)
    return cells, True


def _merged(columns: Sequence[dict[str, tuple[str, Any, str]]]) -> list[str]:
    """Every path of every body, in document order: a field that only a later body has stands among its neighbours."""
    children: dict[str, dict[str, None]] = {}
    for column in columns:
        for path, (_, _, parent) in column.items():
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


def _comparable(kind: str, value: Any) -> Any:
    # Not a number is equal to nothing, itself included.
    return repr(value) if kind == "number" else value


def _change(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    if before[0] != after[0]:
        return "presence" if MISSING in {before[0], after[0]} else "type"
    return "same" if before[1] == after[1] else "value"


def _difference(row: Sequence[tuple[Any, ...]]) -> str:
    types = {cell[0] for cell in row}
    if len(types) > 1:
        return "presence" if MISSING in types else "type"
    kind = next(iter(types))
    return "value" if len({_comparable(kind, cell[1]) for cell in row}) > 1 else "same"


def _frame(rows: Sequence[Sequence[tuple[Any, ...]]], index: pd.Index, sources: list[str]) -> pd.DataFrame:
    count = len(sources)
    grid = np.empty((len(rows), 3 * count), dtype=object)
    for at, row in enumerate(rows):
        grid[at, :count] = [cell[0] != MISSING for cell in row]
        grid[at, count : 2 * count] = [cell[0] for cell in row]
        values = grid[at, 2 * count :]
        for column, cell in enumerate(row):
            values[column] = cell[1]
    columns = pd.MultiIndex.from_product([["present", "type", "value"], sources], names=["what", "source"])
    return pd.DataFrame(grid, index=index, columns=columns, dtype=object)


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


def _text(text: str) -> str:
    return escape(printable(text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"))
