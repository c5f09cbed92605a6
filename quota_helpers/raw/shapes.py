"""The shape of a body: which paths it has and which type stands at each, without the values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bodies import walk

FINGERPRINT_LENGTH = 8


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
