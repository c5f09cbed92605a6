"""The fields of one body as columns, ready to be laid beside those of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..bodies import MOST_PATH_TEXT, MOST_PLACES, Place, walk
from ..models import RawReply
from .shapes import Shape, shape_from, shape_of
from .show import shown

MISSING: Final = "missing"
"""Type of a field that a body does not have; a field that is there and null has the type "null"."""

Codes = dict[tuple[str, Any], int]
"""(type, value as sent) -> number: what is equal is known to be equal without keeping what it was."""


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
