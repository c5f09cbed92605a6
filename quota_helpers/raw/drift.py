"""Schema drift: which fields came, went or changed their type over time, and which names nobody had seen before."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from ..bodies import BodySource, Place, bodies_of, walk
from ..errors import BodyError
from ..fields.catalogue import Catalogue, KnownField, catalogue
from ..labels import numbered
from ..models import RawReply
from ..paths import child_path
from ..privacy import printable
from ..tables import frame_of
from .show import Mask

DRIFT_COLUMNS: Final[dict[str, str]] = {
    "change": "str",  # what is news about it, most telling word first; "steady" where nothing is
    "account": "str",  # name, else key, of the account, masked; missing for bare payloads
    "plan": "str",  # the plan under which it was last seen; missing where the body did not say
    "kind": "str",  # "usage" or "error": error replies are compared with one another only
    "path": "str",  # array indices as [], keys of known maps as {}
    "value": "str",  # the member of a closed set, or the key of a known map; missing for fields
    "types": "str",  # JSON types in the order of time, "null -> object"
    "first_seen": "datetime64[us, UTC]",
    "last_seen": "datetime64[us, UTC]",
    "bodies": "int64",  # bodies that have it
    "of": "int64",  # bodies of that account and kind
    "known": "boolean",  # whether the catalogue of known fields has it
    "meaning": "str",
}
"""Columns of `find_drift`, name -> dtype; an empty frame keeps them all."""

WORLD: Final = "new to the world"
ACCOUNT: Final = "new to this account"
GONE: Final = "gone"
RETYPED: Final = "type changed"
STEADY: Final = "steady"
_ORDER: Final = (WORLD, RETYPED, GONE, ACCOUNT, STEADY)
_ERROR: Final = 400
_ERROR_KEYS: Final = frozenset({"error", "detail"})

_Item = tuple[str, str | None]  # path, member of a closed set
SCHEMA_COLUMNS: Final[dict[str, str]] = {
    "change": "str",  # "new to the world", or "steady" where the catalogue has it
    "path": "str",  # array indices as [], keys of maps as {}
    "types": "str",
    "known": "boolean",
    "meaning": "str",  # the catalogue's, else the schema's own description
}
"""Columns of `schema_drift`, name -> dtype."""
_DEEPEST: Final = 20


@dataclass(slots=True)
class _Seen:
    """What was seen of one path, or of one member of a closed set, of one account and kind."""

    known: bool
    meaning: str
    first: int
    last: int = 0
    plan: str = ""
    count: int = 0
    types: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """The bodies of one account and kind, in the order of time."""

    bodies: list[tuple[int, RawReply]] = field(default_factory=list)
    items: dict[_Item, _Seen] = field(default_factory=dict)


def find_drift(bodies: BodySource, *, steady: bool = False, reveal: bool = False) -> pd.DataFrame:
    """What changed in the bodies' fields over time, per account; the most telling rows first.

    The `change` of a row joins what is true of it: "new to the world" (not in the catalogue of known fields, or not a
    known plan, limit id or reached type), "type changed" (null counts as a type), "gone" (not in the last body of its
    account), "new to this account" (known, but the account's first body did not have it). A body that says no plan, or
    another one, goes on in its account's row of time: what vanishes with a plan is gone as well.

    >>> drift = find_drift([{"plan_type": "plus", "credits": {"balance": "5"}}, {"credits": {"balance": 5}}])
    >>> drift[["change", "path", "types"]].to_numpy().tolist()[0]
    ['type changed', '$.credits.balance', 'string -> integer']

    Args:
        bodies: A collection, replies, payloads, history.bodies(), text, a path; or a mapping or list of them. They are
            put in the order of `fetched_at`; those without one come first, as given.
        steady: Also list what did not change.
        reveal: Show ids and e-mail addresses, which are masked in names, paths and values.

    Raises:
        BodyError: It is no such thing, or a body is nested deeper than 500 levels.
    """
    # Those without a time come first, as they were given.
    found = sorted(bodies_of(bodies), key=lambda body: body.fetched_at.timestamp() if body.fetched_at else -math.inf)
    book = catalogue()
    groups: dict[tuple[str, str], _Group] = {}
    names: dict[str, str] = {}
    for at, body in enumerate(found):
        owner = body.account_key or body.account or ""
        names[owner] = body.account or body.account_key or ""
        items, plan = _items(body, book)
        group = groups.setdefault((owner, _kind(body)), _Group())
        group.bodies.append((at, body))
        for item, (types, known, meaning) in items.items():
            seen = group.items.get(item)
            if seen is None:
                seen = group.items[item] = _Seen(known=known, meaning=meaning, first=at)
            seen.last, seen.plan, seen.count = at, plan, seen.count + 1
            if types and (not seen.types or seen.types[-1] != types):
                seen.types.append(types)
    mask = Mask(*(body.payload for body in found), reveal=reveal)
    labels = dict(zip(names, numbered(list(map(mask.text, names.values()))), strict=True))
    rows = [
        row
        for (owner, kind), group in groups.items()
        for row in _rows(labels[owner], kind, group, found, mask)
        if steady or row["change"] != STEADY
    ]
    rows.sort(key=lambda row: _ORDER.index(row["change"].partition("; ")[0]))
    return frame_of(rows, DRIFT_COLUMNS)


def _kind(body: RawReply) -> str:
    """Error replies have fields of their own: beside usage bodies everything would seem to come and go."""
    if body.status is not None:
        return "error" if body.status >= _ERROR else "usage"
    payload = body.payload
    return "error" if isinstance(payload, dict) and not _ERROR_KEYS.isdisjoint(payload) else "usage"


def _items(body: RawReply, book: Catalogue) -> tuple[dict[_Item, tuple[str, bool, str]], str]:
    """((path, member) -> (types, known, meaning), plan) of one body."""
    types: dict[_Item, set[str]] = {}
    about: dict[_Item, tuple[bool, str]] = {}
    plan = ""
    for place, path in _folded(body.payload, book):
        known = place.known
        meaning = known.meaning if known is not None else ""
        types.setdefault((path, None), set()).add(place.type)
        about.setdefault((path, None), (known is not None, meaning))
        for values, member in _members(place, known, book):
            about.setdefault((path, member), (book.is_harmless(values, member), meaning))
            types.setdefault((path, member), set())
            if values == "plans" and not plan:
                plan = member
    return {item: ("|".join(sorted(kinds)), *about[item]) for item, kinds in types.items()}, plan


def _folded(payload: Any, book: Catalogue) -> Iterator[tuple[Place, str]]:
    """Every place with its path, in which the keys of known maps are `{}`: they are data, not fields."""
    paths = {"": ""}
    holders: dict[str, KnownField | None] = {"": None}
    for place in walk(payload, book.root, fold_items=True):
        holder = holders.get(place.parent)
        suffix = place.path[len(place.parent) :]
        is_entry = holder is not None and holder.entry is not None and holder.entry is place.known
        path = paths[place.parent] + ("{}" if is_entry and type(place.key) is str else suffix)
        if place.type in {"object", "array"}:
            paths[place.path], holders[place.path] = path, place.known
        yield place, path


def _members(place: Place, known: KnownField | None, book: Catalogue) -> Iterator[tuple[str, str]]:
    """(set, member) for strings of a closed set, and for the keys of a map whose keys are such a set's."""
    if known is None:
        return
    if place.type == "string" and known.vocabulary in book.closed and place.value:
        yield known.vocabulary, printable(place.value)
    if place.type == "object" and known.key_values in book.closed:
        for key in place.value:
            yield known.key_values, printable(str(key))


def _rows(account: str, kind: str, group: _Group, found: Sequence[RawReply], mask: Mask) -> Iterator[dict[str, Any]]:
    start, end = group.bodies[0][0], group.bodies[-1][0]
    for (path, member), seen in group.items.items():
        changes = []
        if not seen.known:
            changes.append(WORLD)
        if len(seen.types) > 1:
            changes.append(RETYPED)
        if seen.last != end:
            changes.append(GONE)
        if seen.known and seen.first > start:
            changes.append(ACCOUNT)
        yield {
            "change": "; ".join(changes) or STEADY,
            "account": account or None,
            "plan": seen.plan or None,
            "kind": kind,
            "path": mask.text(path),
            "value": None if member is None else mask.text(member),
            "types": " -> ".join(seen.types) or None,
            "first_seen": found[seen.first].fetched_at,
            "last_seen": found[seen.last].fetched_at,
            "bodies": seen.count,
            "of": len(group.bodies),
            "known": seen.known,
            "meaning": seen.meaning or None,
        }


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
    return frame_of(wanted, SCHEMA_COLUMNS)


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
