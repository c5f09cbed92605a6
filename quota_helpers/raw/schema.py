"""The official client's own schema beside the catalogue: which fields it knows and we do not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from ..errors import BodyError
from ..fields.catalogue import KnownField, catalogue
from ..paths import child_path
from ..privacy import printable

SCHEMA_COLUMNS: Final[dict[str, str]] = {
    "change": "str",  # "new to the world", or "steady" where the catalogue has it
    "path": "str",  # array indices as [], keys of maps as {}
    "types": "str",
    "known": "boolean",
    "meaning": "str",  # the catalogue's, else the schema's own description
}
"""Columns of `schema_drift`, name -> dtype."""

_DEEPEST: Final = 20


def schema_drift(schema: str | Path | Mapping[str, Any], *, steady: bool = False) -> pd.DataFrame:
    """The fields of one JSON schema, those first that the catalogue of known fields does not have.

    `codex app-server generate-json-schema --out DIR` writes one file per message: give
    `DIR/v2/GetAccountRateLimitsResponse.json`, for example.

    Args:
        schema: The schema, or its file.
        steady: Whether fields that are known are rows too.

    Raises:
        BodyError: The file cannot be read, or is no JSON object.

    >>> schema_drift({"properties": {"rateLimits": {}, "surprise": {"type": "string"}}})["path"].tolist()
    ['$.surprise']
    """
    root = schema if isinstance(schema, Mapping) else _loaded(Path(schema))
    rows = {row["path"]: row for row in _fields(root, root, "$", catalogue().root, 0)}
    wanted = [row for row in rows.values() if steady or not row["known"]]
    wanted.sort(key=lambda row: bool(row["known"]))
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in wanted], dtype=dtype) for name, dtype in SCHEMA_COLUMNS.items()}
    )


def _loaded(path: Path) -> Mapping[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BodyError(f"{printable(str(path))} holds no JSON schema: {type(error).__name__}.") from None
    if not isinstance(told, dict):
        raise BodyError(f"{printable(str(path))} holds no JSON schema: it is no object.")
    return told


def _fields(
    node: Any, root: Mapping[str, Any], path: str, known: KnownField | None, depth: int
) -> Iterator[dict[str, Any]]:
    for part in _parts(node, root) if depth < _DEEPEST else ():
        for name, inner in _objects(part.get("properties")):
            place = child_path(path, name)
            field = known.inside(name) if known else None
            yield _row(place, inner, root, field)
            yield from _fields(inner, root, place, field, depth + 1)
        if isinstance(part.get("items"), dict):
            yield from _fields(part["items"], root, f"{path}[]", known.item if known else None, depth + 1)
        if isinstance(part.get("additionalProperties"), dict):
            entry = known.entry if known else None
            yield from _fields(part["additionalProperties"], root, f"{path}{{}}", entry, depth + 1)


def _row(path: str, node: Mapping[str, Any], root: Mapping[str, Any], known: KnownField | None) -> dict[str, Any]:
    types = [name for part in _parts(node, root) for name in _types(part)]
    return {
        "change": "steady" if known else "new to the world",
        "path": path,
        "types": "|".join(dict.fromkeys(types)),
        "known": known is not None,
        "meaning": known.meaning if known else printable(str(node.get("description", "")))[:200],
    }


def _parts(node: Any, root: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The node and all that it refers to or is put together from."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    yield node
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target: Any = root
        for step in reference[2:].split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        yield from _parts(target, root, depth + 1)
    for choice in ("anyOf", "allOf", "oneOf"):
        for inner in node.get(choice) or ():
            yield from _parts(inner, root, depth + 1)


def _types(part: Mapping[str, Any]) -> list[str]:
    told = part.get("type")
    return [told] if isinstance(told, str) else [name for name in told or () if isinstance(name, str)]


def _objects(properties: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(properties, dict):
        yield from ((name, inner if isinstance(inner, dict) else {}) for name, inner in properties.items())
