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

SCHEMA_COLUMNS: Final[dict[str, str]] = {
    "change": "str",  # "new to the world", or "steady" where the catalogue has it
    "path": "str",  # array indices as [], keys of maps as {}
    "types": "str",
    "known": "boolean",
    "meaning": "str",  # the catalogue's, else the schema's own description
}
"""Columns of `schema_drift`, name -> dtype."""
_DEEPEST: Final = 20


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
    found = sorted(bodies_of(bodies), key=lambda body: body.fetched_at.timestamp() if body.fetched_at else -math.inf)
    groups: dict[tuple[str, str], _Group] = {}
    names: dict[str, str] = {}
    for body in found:
        owner = body.account_key or body.account or ""
        names[owner] = body.account or body.account_key or ""
        groups.setdefault((owner, _kind(body)), _Group()).take_in(body)
    mask = Mask(*(body.payload for body in found), reveal=reveal)
    labels = dict(zip(names, numbered(list(map(mask.text, names.values()))), strict=True))
    rows = [
        {"account": labels[owner] or None, "kind": kind, **row}
        for (owner, kind), group in groups.items()
        for row in group.rows(mask)
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


@dataclass(slots=True)
class _Seen:
    """What was seen of one path, or of one member of a closed set, of one account and kind."""

    known: bool
    meaning: str
    bodies: list[RawReply] = field(default_factory=list)
    plan: str = ""
    types: list[str] = field(default_factory=list)


class _Group:
    """The bodies of one account and kind, taken in in the order of time."""

    def __init__(self) -> None:
        self.bodies: list[RawReply] = []
        self.seen: dict[tuple[str, str | None], _Seen] = {}  # by path, and member of a closed set or None

    def take_in(self, body: RawReply) -> None:
        """One body more."""
        self.bodies.append(body)
        book = catalogue()
        plan = ""
        types: dict[tuple[str, str | None], set[str]] = {}
        for place in walk(body.payload, book.root):
            known, path = place.known, place.folded
            meaning = known.meaning if known is not None else ""
            self.seen.setdefault((path, None), _Seen(known is not None, meaning))
            types.setdefault((path, None), set()).add(place.type)
            for values, member in _members(place, book):
                self.seen.setdefault((path, member), _Seen(book.is_harmless(values, member), meaning))
                types.setdefault((path, member), set())
                plan = plan or (member if values == "plans" else "")
        for item, kinds in types.items():
            seen, told = self.seen[item], "|".join(sorted(kinds))
            seen.bodies.append(body)
            seen.plan = plan
            if told and seen.types[-1:] != [told]:
                seen.types.append(told)

    def rows(self, mask: Mask) -> Iterator[dict[str, Any]]:
        """One row for each path and member, but for whose it is."""
        for (path, member), seen in self.seen.items():
            first, last = seen.bodies[0], seen.bodies[-1]
            changes = {
                WORLD: not seen.known,
                RETYPED: len(seen.types) > 1,
                GONE: last is not self.bodies[-1],
                ACCOUNT: seen.known and first is not self.bodies[0],
            }
            yield {
                "change": "; ".join(word for word, true in changes.items() if true) or STEADY,
                "plan": seen.plan or None,
                "path": mask.text(path),
                "value": None if member is None else mask.text(member),
                "types": " -> ".join(seen.types) or None,
                "first_seen": first.fetched_at,
                "last_seen": last.fetched_at,
                "bodies": len(seen.bodies),
                "of": len(self.bodies),
                "known": seen.known,
                "meaning": seen.meaning or None,
            }


def _members(place: Place, book: Catalogue) -> Iterator[tuple[str, str]]:
    """(set, member) for strings of a closed set, and for the keys of a map whose keys are such a set's."""
    known = place.known
    if known is None:
        return
    if place.type == "string" and known.vocabulary in book.closed and place.value:
        yield known.vocabulary, printable(place.value)
    if place.type == "object" and known.key_values in book.closed:
        yield from ((known.key_values, printable(str(key))) for key in place.value)


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
    rows = {row["path"]: row for row in _fields(root, root, "$", catalogue().root)}
    wanted = [row for row in rows.values() if steady or not row["known"]]
    return frame_of(sorted(wanted, key=lambda row: bool(row["known"])), SCHEMA_COLUMNS)


def _loaded(path: Path) -> Mapping[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BodyError(f"{printable(str(path))} holds no JSON schema: {type(error).__name__}.") from None
    if not isinstance(told, dict):
        raise BodyError(f"{printable(str(path))} holds no JSON schema: it is no object.")
    return told


def _fields(
    node: Any, root: Mapping[str, Any], path: str, known: KnownField | None, depth: int = 0
) -> Iterator[dict[str, Any]]:
    for part in _parts(node, root) if depth < _DEEPEST else ():
        properties = part.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            place, field = child_path(path, name), known.inside(name) if known else None
            yield _row(place, list(_parts(inner, root)), field)
            yield from _fields(inner, root, place, field, depth + 1)
        yield from _fields(part.get("items"), root, f"{path}[]", known.item if known else None, depth + 1)
        entry = part.get("additionalProperties")
        yield from _fields(entry, root, f"{path}{{}}", known.entry if known else None, depth + 1)


def _row(path: str, parts: Sequence[Mapping[str, Any]], known: KnownField | None) -> dict[str, Any]:
    types = [told if isinstance(told := part.get("type", []), list) else [told] for part in parts]
    said = next((part["description"] for part in parts[:1] if "description" in part), "")
    return {
        "change": WORLD if known is None else STEADY,
        "path": path,
        "types": "|".join(dict.fromkeys(str(name) for names in types for name in names)),
        "known": known is not None,
        "meaning": known.meaning if known else printable(str(said))[:200],
    }


def _parts(node: Any, root: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The node and all that it refers to or is put together from; what is no object says nothing."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    yield node
    target: Any = root if "$ref" in node else None
    for step in str(node.get("$ref")).removeprefix("#/").split("/"):
        target = target.get(step) if isinstance(target, dict) else None
    for inner in (target, *(one for choice in ("anyOf", "allOf", "oneOf") for one in node.get(choice) or ())):
        yield from _parts(inner, root, depth + 1)
