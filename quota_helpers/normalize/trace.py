"""Why a number is what it is: every value of a snapshot beside the place it was read from, and what lost or broke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ..fields import WINDOW_FIELDS, Issue
from ..models import QuotaWindow, SpendLimit, UsageSnapshot

Status = Literal["read", "ignored", "broken"]

_SOURCES: Final = WINDOW_FIELDS - {"used_percent", "window_seconds", "reset_at"}
"""Fields that are no value of their own: they tell how another one was worked out."""
_SUMMARY: Final = frozenset({"allowed", "limit_reached"})
"""Fields of a snapshot that repeat those of the account's own limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One value of a reply and what became of it.

    Attributes:
        path: Its JSON path.
        read_as: What it is: `codex.weekly.used_percent`, `credits.balance`, `spend:individual.used_percent`, `plan`;
            `codex.weekly` alone is the object that holds the window.
        rule: By which rule, in words; empty where it was simply taken.
        status: "read"; "ignored" (known, but another value won); "broken" (not what its field holds).
        why: Why it was ignored or what is broken.
    """

    path: str
    read_as: str
    rule: str = ""
    status: Status = "read"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A reading and its explanation.

    Attributes:
        snapshot: The reading.
        reads: Where each of its values came from, then what was ignored or broken.
    """

    snapshot: UsageSnapshot
    reads: tuple[Read, ...]

    def at(self, path: str) -> tuple[Read, ...]:
        """Everything that is known about the value at *path*."""
        return tuple(read for read in self.reads if read.path == path)


def explain(snapshot: UsageSnapshot, issues: Iterable[Issue]) -> Trace:
    """The trace of a reading."""
    lost = (
        Read(path=issue.path, read_as=issue.read_as, status=issue.status, why=issue.why)
        for issue in dict.fromkeys(issues)
    )
    return Trace(snapshot=snapshot, reads=(*_reads(snapshot), *lost))


def _reads(snapshot: UsageSnapshot) -> Iterator[Read]:
    for field, path in snapshot.paths.items():
        if field not in _SUMMARY:
            yield Read(path=path, read_as=field)
    for limit in snapshot.limits:
        yield from _of_block(limit.limit_id, limit.paths)
    for window in snapshot.windows:
        yield from _of_window(window)
    if snapshot.credits is not None:
        yield from _of_block("credits", snapshot.credits.paths)
    if snapshot.reset_credits is not None:
        yield from _of_block("reset_credits", snapshot.reset_credits.paths)
    for spend in snapshot.spend_limits:
        yield from _of_spend_limit(spend)


def _of_block(prefix: str, paths: Mapping[str, str]) -> Iterator[Read]:
    for field, path in paths.items():
        yield Read(path=path, read_as=f"{prefix}.{field}")


def _of_spend_limit(spend: SpendLimit) -> Iterator[Read]:
    for field, path in spend.paths.items():
        if field == "limit_id":
            yield Read(path=path, read_as=spend.limit_id, rule=f"named by its key {spend.slot}")
        elif field not in _SOURCES:
            yield Read(path=path, read_as=f"{spend.limit_id}.{field}", rule=_rule(spend, field))


def _of_window(window: QuotaWindow) -> Iterator[Read]:
    prefix = f"{window.limit_id}.{window.name}"
    for field, path in window.paths.items():
        if field == "name":
            yield Read(path=path, read_as=prefix, rule=_naming(window))
        elif field not in _SOURCES:
            yield Read(path=path, read_as=f"{prefix}.{field}", rule=_rule(window, field))


def _naming(window: QuotaWindow) -> str:
    if window.window_seconds is not None:
        return f"length {window.window_seconds:.0f} s says {window.name}; slot {window.slot} ignored"
    if window.name in {window.slot, "usage_limit"}:
        return f"no length: called after its slot {window.slot} (inferred)"
    return f"no length: slot {window.slot} says {window.name} (inferred)"


def _rule(value: QuotaWindow | SpendLimit, field: str) -> str:
    """How a value was worked out, told by the field it was worked out from."""
    if field == "used_percent" and "remaining_percent" in value.paths:
        return "100 minus what is left"
    if field == "used_percent" and value.paths[field] in {value.paths.get("used"), value.paths.get("remaining")}:
        return "worked out from the cap"
    if field == "reset_at" and "reset_after_seconds" in value.paths:
        return "the time of the reading plus the seconds to go"
    if field == "reset_at" and "reset_at_ms" in value.paths:
        return "epoch milliseconds"
    if field == "window_seconds" and isinstance(value, QuotaWindow):
        minutes = "minutes times 60; " if "window_minutes" in value.paths else ""
        return minutes + _naming(value)
    return ""
