"""Any body, whichever carrier it came from: recognized by shape, read, and every value beside where it was read from.

What lost to another value or could not be read stands beside those, with the reason. Where nobody says when a body was
sent, the time that its own windows tell counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal

from ..fields.aliases import ALIASES, WINDOW_FIELDS, Aliases
from ..fields.reader import Fields, Log, to_instant, to_instant_ms, to_number
from ..models import QuotaWindow, SpendLimit, UsageSnapshot
from ..times import Moment
from .draft import Draft
from .headers import read_headers
from .usage import read_line, read_usage

Status = Literal["read", "ignored", "broken"]
Carrier = Literal["usage", "session", "headers"]

_NO_TIME: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Stands for a time of reading nobody knows: so late that no reset looks too far away from it. It is never shown."""
_SEARCHED: Final = 20_000
"""How many values of a body are searched for one that tells when it was sent."""
COUNTED: Final = "the time of the reading plus the seconds to go"
"""The rule of a reset that was given as seconds only."""
_SOURCES: Final = WINDOW_FIELDS - {"used_percent", "window_seconds", "reset_at"}
"""Fields that are no value of their own: they tell how another one was worked out."""
_SUMMARY: Final = frozenset({"allowed", "limit_reached"})
"""Fields of a snapshot that repeat those of the account's own limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One value of a reply and what became of it."""

    path: str  # its JSON path
    # `codex.weekly.used_percent`, `credits.balance`, `spend:individual.used_percent`, `plan`; `codex.weekly` alone is
    # the object that holds the window
    read_as: str
    rule: str = ""  # by which rule, in words; empty where it was simply taken
    status: Status = "read"  # "ignored": known, but another value won; "broken": not what its field holds
    why: str = ""  # it was ignored or is broken
    value: Any = field(default=None, repr=False)  # what the snapshot has; None for what was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A reading and its explanation."""

    snapshot: UsageSnapshot
    reads: tuple[Read, ...]  # where each of its values came from, then what was ignored or broken
    # when the server said so (aware, UTC), or None where neither the caller nor the body says when: then nothing in the
    # reading counts from it, and the snapshot's own `fetched_at` says nothing
    fetched_at: datetime | None
    carrier: Carrier = "usage"  # also of the app-server's answer, stream events and error bodies

    def at(self, path: str) -> tuple[Read, ...]:
        """Everything that is known about the value at *path*."""
        return tuple(read for read in self.reads if read.path == path)

    def values(self) -> dict[tuple[str, str], Any]:
        """(name, JSON path) -> value, for every value of the snapshot, such as `codex.weekly.used_percent`."""
        return {(read.read_as, read.path): read.value for read in self.reads if read.status == "read"}


def trace_body(payload: Any, *, fetched_at: Moment | None = None, aliases: Aliases = ALIASES) -> Trace:
    """Read a usage body, an app-server answer, a stream event, an error body, a session line or response headers.

    Args:
        payload: Any JSON value; one that is no object gives a reading with a note and nothing else.
        fetched_at: When the server said so. None: a session line's own timestamp; else what the body itself tells,
            where a window gives both its reset and the seconds to it; else unknown.
        aliases: The table of spellings.

    Raises:
        ValueError: *fetched_at* is no moment.

    >>> trace_body({"x-codex-primary-used-percent": "31"}).carrier
    'headers'
    """
    known = fetched_at if fetched_at is not None else sent_at(payload, aliases)
    draft, carrier = _drafted(payload, known or _NO_TIME, aliases)
    snapshot = draft.finish()
    timeless = known is None and snapshot.fetched_at >= _NO_TIME
    if timeless:
        snapshot = _timeless(snapshot)
    lost = (
        Read(path=issue.path, read_as=issue.read_as, status=issue.status, why=issue.why)
        for issue in dict.fromkeys(draft.log.issues)
    )
    moment = None if timeless else snapshot.fetched_at
    return Trace(snapshot=snapshot, reads=(*_reads(snapshot), *lost), fetched_at=moment, carrier=carrier)


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


def _drafted(payload: Any, moment: Moment, aliases: Aliases) -> tuple[Draft, Carrier]:
    if isinstance(payload, Mapping):
        if any(isinstance(key, str) and key.lower().startswith("x-codex-") for key in payload):
            return read_headers(payload, moment, aliases), "headers"
        if _is_line(payload) and (line := read_line(payload, moment, aliases)) is not None:
            return line, "session"
    return read_usage(payload, moment, aliases), "usage"


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


# --- where each value came from ---


def _reads(snapshot: UsageSnapshot) -> Iterator[Read]:
    for name, path in snapshot.paths.items():
        if name not in _SUMMARY:
            yield Read(path=path, read_as=name, value=getattr(snapshot, name))
    for limit in snapshot.limits:
        yield from _of_block(limit.limit_id, limit)
    for window in snapshot.windows:
        yield from _of_block(f"{window.limit_id}.{window.name}", window, "name", _naming(window))
    for prefix, block in (("credits", snapshot.credits), ("reset_credits", snapshot.reset_credits)):
        if block is not None:
            yield from _of_block(prefix, block)
    for cap in snapshot.spend_limits:
        yield from _of_block(cap.limit_id, cap, "limit_id", f"named by its key {cap.slot}")


def _of_block(prefix: str, block: Any, naming: str = "", rule: str = "") -> Iterator[Read]:
    """Every value of one block; what stands under *naming* is the block as a whole, called so by *rule*."""
    for name, path in block.paths.items():
        if name == naming:
            yield Read(path=path, read_as=prefix, rule=rule, value=getattr(block, name))
        elif name not in _SOURCES:
            yield Read(path=path, read_as=f"{prefix}.{name}", rule=_rule(block, name), value=getattr(block, name))


def _naming(window: QuotaWindow) -> str:
    if window.window_seconds is not None:
        return f"length {window.window_seconds:.0f} s says {window.name}; slot {window.slot} ignored"
    if window.name in {window.slot, "usage_limit"}:
        return f"no length: called after its slot {window.slot} (inferred)"
    return f"no length: slot {window.slot} says {window.name} (inferred)"


def _rule(block: Any, name: str) -> str:
    """How a value was worked out, told by the field it was worked out from."""
    paths: Mapping[str, str] = block.paths
    if name == "used_percent" and "remaining_percent" in paths:
        return "100 minus what is left"
    if name == "used_percent" and paths[name] in {paths.get("used"), paths.get("remaining")}:
        return "worked out from the cap"
    if name == "reset_at" and "reset_after_seconds" in paths:
        return COUNTED
    if name == "reset_at" and "reset_at_ms" in paths:
        return "epoch milliseconds"
    if name == "window_seconds":
        return ("minutes times 60; " if "window_minutes" in paths else "") + _naming(block)
    return ""
