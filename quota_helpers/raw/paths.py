"""Walking any JSON value in document order, with the JSON path of everything in it; nothing here recurses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..errors import BodyError
from ..fields import child_path
from ..nesting import DEEPEST

if TYPE_CHECKING:
    from .catalogue import KnownField

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
"""JSON's name of each Python type. A whole number and one with a decimal point are told apart, as the client does."""

_STEP: Final = re.compile(r"""\.([A-Za-z_][A-Za-z0-9_]*)|\[(0|[1-9][0-9]*)\]|\[("(?:[^"\\]|\\.)*")\]""")


class Place(NamedTuple):
    """One value of a body and where it stands.

    Attributes:
        path: Its JSON path.
        parent: The path of the object or array that holds it; "" for the root.
        key: Its key or index there; "$" for the root.
        depth: 0 for the root.
        type: JSON's name of its type.
        value: The value itself.
        known: What the catalogue says about it, or None.
    """

    path: str
    parent: str
    key: str | int
    depth: int
    type: str
    value: Any
    known: KnownField | None


def type_of(value: Any) -> str:
    """JSON's name of a value's type; another Python type goes by its own name."""
    return TYPES.get(type(value)) or type(value).__name__


def too_deep(path: str) -> BodyError:
    """The error for a body that is nested more deeply than anything a server means."""
    return BodyError(
        f"the body is nested deeper than {DEEPEST} levels, at {path[:80]}...",
        hint="Such a body is no usage body; look at the reply's bytes instead.",
    )


def walk(payload: Any, root: KnownField | None = None, *, fold_items: bool = False) -> Iterator[Place]:
    """Every value of *payload* in document order, the root first; objects and arrays before what they hold.

    Args:
        payload: Any JSON value.
        root: What the catalogue says about the root, to look up the rest; None to look nothing up.
        fold_items: Write every index as `[]`, so that an array's elements share one path.

    Raises:
        BodyError: It is nested deeper than 500 levels.
    """
    suffixes: dict[str, str] = {}
    names = TYPES
    yield Place("$", "", "$", 0, type_of(payload), payload, root)
    waiting = [("$", _members(payload), root)]
    while waiting:
        parent, members, holder = waiting[-1]
        depth = len(waiting)
        for key, value in members:
            if isinstance(key, int):
                path = parent + ("[]" if fold_items else f"[{key}]")
                known = holder.item if holder is not None else None
            else:
                suffix = suffixes.get(key)
                if suffix is None:
                    suffix = suffixes[key] = child_path("", key)
                path = parent + suffix
                known = holder.inside(key) if holder is not None else None
            kind = names.get(type(value)) or type(value).__name__
            yield Place(path, parent, key, depth, kind, value, known)
            if value and kind in {"object", "array"}:
                if depth >= DEEPEST:
                    raise too_deep(path)
                waiting.append((path, _members(value), known))
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


def steps_of(path: str) -> list[str | int]:
    """The keys and indices of a JSON path such as `$.additional_rate_limits[0]["odd key"]`.

    Raises:
        ValueError: It is no such path.
    """
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            break
        plain, index, quoted = step.groups()
        steps.append(plain if plain is not None else int(index) if index is not None else json.loads(quoted))
        at = step.end()
    if not path.startswith("$") or at != len(path):
        raise ValueError(f"not a JSON path: {path!r}; it looks like $.rate_limit.primary_window")
    return steps


def value_at(payload: Any, path: str) -> Any:
    """The value that stands at *path*.

    Raises:
        ValueError: It is no JSON path.
        LookupError: Nothing stands there.
    """
    value = payload
    for step in steps_of(path):
        found = type(value) is (dict if isinstance(step, str) else list)
        if not found:
            raise LookupError(path)
        value = value[step]
    return value
