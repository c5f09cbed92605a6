"""A body's reading with its explanation, whichever carrier it came from, and every value of it under one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal

from ..bodies import walk
from ..fields import ALIASES, Aliases, Fields, Log, to_instant, to_instant_ms, to_number
from ..models import QuotaWindow, SpendLimit, UsageSnapshot
from ..normalize import Trace, trace_headers, trace_token_count, trace_usage

Carrier = Literal["usage", "session", "headers"]
UNKNOWN_TIME: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Stands for a time of reading nobody knows: so late that no reset looks too far away from it. It is never shown."""
SEARCHED: Final = 20_000
"""How many values of a body are searched for one that tells when it was sent."""
_SUMMARY: Final = frozenset({"allowed", "limit_reached"})  # a snapshot repeats these of its own limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a body says and why.

    Attributes:
        trace: The reading and its explanation.
        fetched_at: When the server said so (aware, UTC), or None where neither the caller nor the body says when.
        carrier: "usage" (also the app-server's answer, stream events and error bodies), "session" or "headers".
    """

    trace: Trace
    fetched_at: datetime | None
    carrier: Carrier = "usage"

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
    known = fetched_at if fetched_at is not None else sent_at(payload, aliases)
    trace, carrier = _traced(payload, known or UNKNOWN_TIME, aliases)
    moment = trace.snapshot.fetched_at
    if moment.year < UNKNOWN_TIME.year:
        return Reading(trace=trace, fetched_at=moment, carrier=carrier)
    return Reading(trace=replace(trace, snapshot=_timeless(trace.snapshot)), fetched_at=None, carrier=carrier)


def _traced(payload: Any, moment: datetime, aliases: Aliases) -> tuple[Trace, Carrier]:
    if isinstance(payload, Mapping):
        if any(isinstance(key, str) and key.lower().startswith("x-codex-") for key in payload):
            return trace_headers(payload, fetched_at=moment, aliases=aliases), "headers"
        if _is_line(payload):
            line = trace_token_count(payload, fetched_at=moment, aliases=aliases)
            if line is not None:
                return line, "session"
    return trace_usage(payload, fetched_at=moment, aliases=aliases), "usage"


def _timeless(snapshot: UsageSnapshot) -> UsageSnapshot:
    """The snapshot without what was counted from a time that nobody knows."""
    return replace(
        snapshot,
        windows=tuple(replace(one, fetched_at=None, reset_at=_said(one)) for one in snapshot.windows),
        spend_limits=tuple(replace(one, fetched_at=None, reset_at=_said(one)) for one in snapshot.spend_limits),
    )


def _said(block: QuotaWindow | SpendLimit) -> datetime | None:
    """The reset, unless it was counted from the time of reading."""
    counted = block.paths.get("reset_at") == block.paths.get("reset_after_seconds")
    return None if counted else block.reset_at


def _is_line(payload: Mapping[str, Any]) -> bool:
    inner = [payload, *(payload[key] for key in ("payload", "msg") if isinstance(payload.get(key), Mapping))]
    return "timestamp" in payload or len(inner) > 1 or any(place.get("type") == "token_count" for place in inner)


def sent_at(payload: Any, aliases: Aliases = ALIASES) -> datetime | None:
    """When a body was sent, by its own word: a window's reset minus the seconds to it; None where none has both."""
    for place in islice(walk(payload), SEARCHED):
        if place.type != "object" or len(place.value) < 2:  # noqa: PLR2004  # a reset and the seconds to it
            continue
        fields = Fields(place.value, place.path, Log(aliases))
        reset_at = fields.read("reset_at", to_instant) or fields.read("reset_at_ms", to_instant_ms)
        seconds = fields.read("reset_after_seconds", to_number)
        if reset_at is not None and seconds is not None:
            try:
                return reset_at - timedelta(seconds=seconds)
            except OverflowError:
                continue
    return None


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
