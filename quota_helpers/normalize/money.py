"""Credits, spending caps and earned resets."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from ..fields import (
    SPEND_KINDS,
    Fields,
    MismatchError,
    child_path,
    to_boolean,
    to_count,
    to_decimal,
    to_pair,
    to_text,
)
from ..models import Credits, ResetCredits, SpendLimit
from .numbers import read_percent, read_reset

_SPEND_FIELDS: Final = frozenset({"spend_limit", "spend_used", "spend_remaining", "used_percent", "remaining_percent"})
_WORD_STARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read_credits(fields: Fields) -> Credits | None:
    """The credits block; None when it is empty."""
    fields.owner = "credits"
    if not (fields.names or fields.nulls or fields.unknown):
        return None
    return Credits(
        has_credits=fields.read("has_credits", to_boolean),
        unlimited=fields.read("unlimited", to_boolean),
        balance=fields.read("balance", to_decimal),
        overage_limit_reached=fields.read("overage_limit_reached", to_boolean),
        approx_local_messages=fields.read("approx_local_messages", to_pair),
        approx_cloud_messages=fields.read("approx_cloud_messages", to_pair),
        paths=fields.paths,
    )


def read_reset_credits(fields: Fields) -> ResetCredits:
    """Earned resets that wait to be used."""
    fields.owner = "reset_credits"
    return ResetCredits(
        available_count=fields.read("available_count", to_count),
        applicable_available_count=fields.read("applicable_available_count", to_count),
        paths=fields.paths,
    )


def read_spend_limits(control: Fields | None, others: list[Fields], fetched_at: datetime) -> tuple[SpendLimit, ...]:
    """Every spending cap, the individual one first.

    Args:
        control: The `spend_control` block, whose word counts most; caps of unknown kinds are read from it too.
        others: Where else caps were met: at the root of the body, inside `rate_limit`.
        fetched_at: When the server said so.
    """
    places = ([control] if control is not None else []) + others
    found = []
    for kind in SPEND_KINDS:
        limit: SpendLimit | None = None
        for place in places:
            for key, value in place.candidates(kind):
                limit = _prefer(limit, place, key, value, f"spend:{kind.removesuffix('_limit')}", fetched_at)
        if limit is not None:
            found.append(limit)
    if control is not None:
        found += _unknown_kinds(control, {limit.limit_id for limit in found}, fetched_at)
    return tuple(found)


def _prefer(
    first: SpendLimit | None, place: Fields, key: str, value: Any, limit_id: str, fetched_at: datetime
) -> SpendLimit | None:
    """The cap that counts, of one found already and the next one of the same kind."""
    path = place.at(key)
    if not isinstance(value, dict):
        place.log.broken(path, limit_id, str(MismatchError("an object", value)))
        return first
    fields = Fields(value, path, place.log, owner=limit_id)
    if _SPEND_FIELDS.isdisjoint(fields.names):
        place.log.note("nothing in it reads like a spending cap", path)
        return first
    limit = _read_spend_limit(fields, limit_id, key, fetched_at)
    if first is None:
        return limit
    winner = first.paths["limit_id"]
    for field, at in limit.paths.items():
        fields.ignored(at, field, f"{winner} counts more")
    if any(
        ours is not None and theirs is not None and ours != theirs
        for ours, theirs in (
            (first.limit, limit.limit),
            (first.used, limit.used),
            (first.used_percent, limit.used_percent),
            (first.reset_at, limit.reset_at),
        )
    ):
        place.log.note(f"disagrees with {winner}, which counts", path)
    return first


def _unknown_kinds(control: Fields, taken: set[str], fetched_at: datetime) -> list[SpendLimit]:
    found = []
    for key, value in control.unknown.items():
        if isinstance(value, dict):
            name = _WORD_STARTS.sub("_", key).replace("-", "_").lower().removesuffix("_limit")
            fields = Fields(value, child_path(control.path, key), control.log, owner=f"spend:{name}")
            if not _SPEND_FIELDS.isdisjoint(fields.names) and fields.owner not in taken:
                taken.add(fields.owner)
                found.append(_read_spend_limit(fields, fields.owner, key, fetched_at))
    return found


def _read_spend_limit(fields: Fields, limit_id: str, slot: str, fetched_at: datetime) -> SpendLimit:
    fields.paths["limit_id"] = fields.path
    return SpendLimit(
        limit_id=limit_id,
        limit=fields.read("spend_limit", to_decimal, "limit"),
        used=fields.read("spend_used", to_decimal, "used"),
        remaining=fields.read("spend_remaining", to_decimal, "remaining"),
        used_percent=read_percent(fields),
        reset_at=read_reset(fields, fetched_at),
        source=fields.read("spend_source", to_text, "source"),
        slot=slot,
        fetched_at=fetched_at,
        paths=fields.paths,
    )
