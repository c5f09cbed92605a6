"""Credits, spending caps and earned resets."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from ..fields.aliases import SPEND_KINDS
from ..fields.reader import Fields, to_boolean, to_count, to_decimal, to_pair, to_text
from ..models import Credits, ResetCredits, SpendLimit
from .windows import read_percent, read_reset

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


def read_spend_limits(controls: list[Fields], others: list[Fields], fetched_at: datetime) -> tuple[SpendLimit, ...]:
    """Every spending cap, the individual one first.

    The first of the `spend_control` blocks (*controls*) counts most, and caps of unknown kinds are read from it too;
    *others* is where else caps were met: at the root of the body, inside `rate_limit`.
    """
    found: dict[str, SpendLimit] = {}
    for kind in SPEND_KINDS:
        limit_id = f"spend:{kind.removesuffix('_limit')}"
        for place in (*controls, *others):
            for key, value in place.candidates(kind):
                fields = place.open(key, value, limit_id)
                if fields is not None and _SPEND_FIELDS.isdisjoint(fields.names):
                    place.log.note("nothing in it reads like a spending cap", fields.path)
                elif fields is not None:
                    fields.owner = limit_id
                    limit = _read_spend_limit(fields, limit_id, key, fetched_at)
                    if found.setdefault(limit_id, limit) is not limit:
                        _lost(limit, found[limit_id], fields)
    for control in controls[:1]:
        _read_unknown_kinds(control, found, fetched_at)
    return tuple(found.values())


def _read_unknown_kinds(control: Fields, found: dict[str, SpendLimit], fetched_at: datetime) -> None:
    for key, value in control.unknown.items():
        limit_id = f"spend:{_WORD_STARTS.sub('_', key).replace('-', '_').lower().removesuffix('_limit')}"
        if isinstance(value, dict) and limit_id not in found:
            fields = Fields(value, control.at(key), control.log, owner=limit_id)
            if not _SPEND_FIELDS.isdisjoint(fields.names):
                found[limit_id] = _read_spend_limit(fields, limit_id, key, fetched_at)


def _lost(limit: SpendLimit, winner: SpendLimit, fields: Fields) -> None:
    """A cap met in a second place: the first counts, and that they differ is a note."""
    at = winner.paths["limit_id"]
    for field, path in limit.paths.items():
        fields.ignored(path, field, f"{at} counts more")
    pairs = ((getattr(limit, name), getattr(winner, name)) for name in ("limit", "used", "used_percent", "reset_at"))
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        fields.log.note(f"disagrees with {at}, which counts", fields.path)


def _read_spend_limit(fields: Fields, limit_id: str, slot: str, fetched_at: datetime) -> SpendLimit:
    fields.paths["limit_id"] = fields.path
    cap = fields.read("spend_limit", to_decimal, "limit")
    used = fields.read("spend_used", to_decimal, "used")
    remaining = fields.read("spend_remaining", to_decimal, "remaining")
    share = read_percent(fields)
    if share is None and cap is not None and cap > 0:
        spent = cap - remaining if used is None and remaining is not None else used
        if spent is not None and spent >= 0:
            share = round(float(spent / cap * 100), 9)
            fields.paths["used_percent"] = fields.paths["remaining" if used is None else "used"]
    return SpendLimit(
        limit_id=limit_id,
        limit=cap,
        used=used,
        remaining=remaining,
        used_percent=share,
        reset_at=read_reset(fields, fetched_at),
        source=fields.read("spend_source", to_text, "source"),
        slot=slot,
        fetched_at=fetched_at,
        paths=fields.paths,
    )
