"""Schema drift: which fields came, went or changed their type over time, and which names nobody had seen before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from ..bodies import BodySource, Place, bodies_of, walk
from ..fields.catalogue import Catalogue, KnownField, catalogue
from ..labels import numbered
from ..models import RawReply
from ..privacy import printable
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
    found = sorted(bodies_of(bodies), key=_when)
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
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in DRIFT_COLUMNS.items()}
    )


def _when(body: RawReply) -> tuple[bool, float]:
    return (True, body.fetched_at.timestamp()) if body.fetched_at is not None else (False, 0.0)


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
        yield known.vocabulary, _shown(place.value)
    if place.type == "object" and known.key_values in book.closed:
        for key in place.value:
            yield known.key_values, _shown(str(key))


def _shown(text: str) -> str:
    return printable(text)


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
