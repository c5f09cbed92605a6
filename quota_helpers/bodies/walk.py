"""Walking any JSON value in document order, with the JSON path of everything in it; nothing here recurses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..errors import BodyError
from ..fields.catalogue import KnownField
from ..paths import DEEPEST, child_path

MOST_PLACES: Final = 1_000_000
"""How many values of one body get a row."""
MOST_PATH_TEXT: Final = 256 * 2**20
"""Characters of all their paths: many values at great depth would fill the memory with their paths alone."""

TYPES: Final[Mapping[type, str]] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
"""JSON's name of each Python type; another type goes by its own name. A whole number and one with a decimal point are
told apart, as the client does."""


class Place(NamedTuple):
    """One value of a body and where it stands."""

    path: str  # its JSON path
    parent: str  # the path of the object or array that holds it; "" for the root
    key: str | int  # its key or index there; "$" for the root
    depth: int  # 0 for the root
    type: str  # JSON's name of its type
    value: Any  # the value itself
    known: KnownField | None  # what the catalogue says about it, or None
    folded: str  # its path with every index as `[]` and every key of a known map as `{}`: those are data, not fields


def too_deep(path: str) -> BodyError:
    """The error for a body that is nested more deeply than anything a server means."""
    return BodyError(
        f"the body is nested deeper than {DEEPEST} levels, at {path[:80]}...",
        hint="Such a body is no usage body; look at the reply's bytes instead.",
    )


def walk(payload: Any, root: KnownField | None = None) -> Iterator[Place]:
    """Every value of *payload* in document order, the root first; objects and arrays before what they hold.

    >>> [place.path for place in walk({"limits": [{"used": 5}]})]
    ['$', '$.limits', '$.limits[0]', '$.limits[0].used']

    Args:
        payload: Any JSON value.
        root: What the catalogue says about the root, to look up the rest; None to look nothing up.

    Raises:
        BodyError: It is nested deeper than 500 levels.
    """
    suffixes: dict[str, str] = {}
    yield Place("$", "", "$", 0, TYPES.get(type(payload)) or type(payload).__name__, payload, root, "$")
    waiting = [("$", "$", _members(payload), root)]
    while waiting:
        parent, folded, members, holder = waiting[-1]
        depth = len(waiting)
        known = None
        for key, value in members:
            if isinstance(key, int):
                suffix, fold = f"[{key}]", "[]"
                known = holder.item if holder is not None else None
            else:
                suffix = fold = suffixes.get(key) or suffixes.setdefault(key, child_path("", key))
                if holder is not None:
                    known = holder.inside(key)
                    fold = "{}" if known is not None and known is holder.entry else suffix
            path, at = parent + suffix, folded + fold
            kind = TYPES.get(type(value)) or type(value).__name__
            yield Place(path, parent, key, depth, kind, value, known, at)
            if value and kind in {"object", "array"}:
                if depth >= DEEPEST:
                    raise too_deep(path)
                waiting.append((path, at, _members(value), known))
                break
        else:
            waiting.pop()


def _members(value: Any) -> Iterator[tuple[str | int, Any]]:
    if type(value) is dict:
        # A key that is no text is not JSON; it is shown as its text rather than refused.
        return ((key if type(key) is str else str(key), item) for key, item in value.items())
    if type(value) is list:
        return iter(enumerate(value))
    return iter(())
