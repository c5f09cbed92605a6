"""Any body, whichever carrier it came from: recognized by shape, and read with the time that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal

from ..fields import ALIASES, Aliases, Fields, Log, to_instant, to_instant_ms, to_number
from ..models import QuotaWindow, SpendLimit, UsageSnapshot
from .headers import trace_headers
from .session import trace_token_count
from .trace import Trace
from .usage import trace_usage

Carrier = Literal["usage", "session", "headers"]

_NO_TIME: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Stands for a time of reading nobody knows: so late that no reset looks too far away from it. It is never shown."""
_SEARCHED: Final = 20_000
"""How many values of a body are searched for one that tells when it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a body says and why.

    Attributes:
        trace: The reading and its explanation.
        fetched_at: When the server said so (aware, UTC), or None where neither the caller nor the body says when: then
            nothing in the reading counts from it, and its own `fetched_at` says nothing.
        carrier: "usage" (also the app-server's answer, stream events and error bodies), "session" or "headers".
    """

    trace: Trace
    fetched_at: datetime | None
    carrier: Carrier = "usage"


def trace_body(payload: Any, *, fetched_at: datetime | None = None, aliases: Aliases = ALIASES) -> Carried:
    """Read a usage body, an app-server answer, a stream event, an error body, a session line or response headers.

    Args:
        payload: Any JSON value.
        fetched_at: When the server said so (aware). None: a session line's own timestamp; else what the body itself
            tells, where a window gives both its reset and the seconds to it; else unknown.
        aliases: The table of spellings.

    Raises:
        ValueError: *fetched_at* has no time zone.

    >>> trace_body({"x-codex-primary-used-percent": "31"}).carrier
    'headers'
    """
    known = fetched_at if fetched_at is not None else sent_at(payload, aliases)
    trace, carrier = _traced(payload, known or _NO_TIME, aliases)
    moment = trace.snapshot.fetched_at
    if moment.year < _NO_TIME.year or known is not None:
        return Carried(trace=trace, fetched_at=moment, carrier=carrier)
    return Carried(trace=replace(trace, snapshot=_timeless(trace.snapshot)), fetched_at=None, carrier=carrier)


def sent_at(payload: Any, aliases: Aliases = ALIASES) -> datetime | None:
    """When a body was sent, by its own word: a window's reset minus the seconds to it; None where none has both.

    >>> sent_at({"primary_window": {"reset_at": 1_800_000_000, "reset_after_seconds": 86_400}})
    datetime.datetime(2027, 1, 14, 8, 0, tzinfo=datetime.timezone.utc)
    """
    for place in islice(_objects(payload), _SEARCHED):
        if len(place) < 2:  # noqa: PLR2004  # a reset and the seconds to it
            continue
        fields = Fields(place, "$", Log(aliases))
        reset_at = fields.read("reset_at", to_instant) or fields.read("reset_at_ms", to_instant_ms)
        seconds = fields.read("reset_after_seconds", to_number)
        if reset_at is not None and seconds is not None:
            try:
                return reset_at - timedelta(seconds=seconds)
            except OverflowError:
                continue
    return None


def _objects(payload: Any) -> Iterator[dict[str, Any]]:
    """Every object in a body, outer ones and first ones first; nothing here recurses."""
    waiting = [payload]
    while waiting:
        level, waiting = waiting, []
        for item in level:
            if isinstance(item, dict):
                yield item
            waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()


def _traced(payload: Any, moment: datetime, aliases: Aliases) -> tuple[Trace, Carrier]:
    if isinstance(payload, Mapping):
        if any(isinstance(key, str) and key.lower().startswith("x-codex-") for key in payload):
            return trace_headers(payload, fetched_at=moment, aliases=aliases), "headers"
        if _is_line(payload):
            line = trace_token_count(payload, fetched_at=moment, aliases=aliases)
            if line is not None:
                return line, "session"
    return trace_usage(payload, fetched_at=moment, aliases=aliases), "usage"


def _is_line(payload: Mapping[str, Any]) -> bool:
    inner = [payload, *(payload[key] for key in ("payload", "msg") if isinstance(payload.get(key), Mapping))]
    return "timestamp" in payload or len(inner) > 1 or any(place.get("type") == "token_count" for place in inner)


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
