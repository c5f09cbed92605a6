"""A body's reading with its explanation, whichever carrier it came from, and every value of it under one name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from ..fields import ALIASES, Aliases
from ..models import UsageSnapshot
from ..normalize.carrier import Carried, trace_body

_SUMMARY: Final = frozenset({"allowed", "limit_reached"})  # a snapshot repeats these of its own limit


class Reading(Carried):
    """What a body says and why, with every value of it under one name."""

    __slots__ = ()

    def values(self) -> dict[tuple[str, str], Any]:
        """(name, JSON path) -> value, for every value of the snapshot, such as `codex.weekly.used_percent`."""
        return {(name, path): value for name, path, value in named_values(self.trace.snapshot)}


def read_body(payload: Any, fetched_at: datetime | None, aliases: Aliases = ALIASES) -> Reading:
    """Read a usage body, an app-server answer, a stream event, an error body, a session line or response headers.

    Args:
        payload: Any JSON value.
        fetched_at: When the server said so (aware). None: a session line's own timestamp; else what the body itself
            tells, where a window gives both its reset and the seconds to it; else unknown.
        aliases: The table of spellings.

    Raises:
        ValueError: *fetched_at* has no time zone.
    """
    read = trace_body(payload, fetched_at=fetched_at, aliases=aliases)
    return Reading(trace=read.trace, fetched_at=read.fetched_at, carrier=read.carrier)


def named_values(snapshot: UsageSnapshot) -> Iterator[tuple[str, str, Any]]:
    """(name, JSON path, value) of every value of a snapshot, named as a trace names them: `credits.balance`, `plan`."""
    for field, path in snapshot.paths.items():
        if field not in _SUMMARY:
            yield field, path, getattr(snapshot, field)
    for limit in snapshot.limits:
        yield from _named(limit, limit.limit_id)
    for window in snapshot.windows:
        yield from _named(window, f"{window.limit_id}.{window.name}")
    for prefix, block in (("credits", snapshot.credits), ("reset_credits", snapshot.reset_credits)):
        if block is not None:
            yield from _named(block, prefix)
    for spend in snapshot.spend_limits:
        yield from _named(spend, spend.limit_id)


def _named(block: Any, prefix: str) -> Iterator[tuple[str, str, Any]]:
    for field, path in block.paths.items():
        if field == "name" or (field == "limit_id" and prefix.startswith("spend:")):
            yield prefix, path, getattr(block, field)
        elif hasattr(block, field) and not (field == "remaining_percent" and "used_percent" in block.paths):
            yield f"{prefix}.{field}", path, getattr(block, field)
