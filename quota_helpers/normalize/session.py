"""One `token_count` line of Codex's own session logs, in every form that was written since 2025."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ..fields import ALIASES, Aliases, Fields, MismatchError, to_instant
from ..models import UsageSnapshot
from ..paths import child_path
from ..times import Moment, moment
from .draft import Draft
from .limits import shape_of
from .usage import read_body

_HOLDERS: Final = ("payload", "msg")
"""Where a line keeps its event: "payload" since late 2025, "msg" before."""
EVENT: Final = "token_count"


def normalize_token_count(
    event: Any,
    *,
    fetched_at: Moment | None = None,
    aliases: Aliases = ALIASES,
) -> UsageSnapshot | None:
    """Read one line of a session log (already parsed), or the event in it.

    The reading is as old as the line: its own `timestamp` becomes the snapshot's `fetched_at`, and relative resets
    (`resets_in_seconds`, written until 2025) count from it. One line speaks of one limit, named by its `limit_id`;
    lines of several limits alternate within a second, so group readings by limit.

    Args:
        event: The line: `{"timestamp", "type", "payload": {"type": "token_count", "rate_limits": {...}}}`.
        fetched_at: When it was written (aware), for an event that carries no readable timestamp.
        aliases: The table of spellings.

    Returns:
        A snapshot; one without windows and with a note where the event's `rate_limits` is null or missing, which is
        common and means no reading. None when the line is no such event, or when nothing says when it was written.

    Raises:
        ValueError: *fetched_at* is no moment.

    >>> limits = {"primary": {"used_percent": 3.0, "window_minutes": 10080}}
    >>> line = {"timestamp": "2026-11-20T12:00:00Z", "payload": {"type": "token_count", "rate_limits": limits}}
    >>> normalize_token_count(line).weekly.used_percent
    3.0
    """
    draft = read_line(event, fetched_at, aliases)
    return None if draft is None else draft.finish()


def read_line(event: Any, fetched_at: Moment | None, aliases: Aliases) -> Draft | None:
    """The same before it is a snapshot."""
    fetched_at = None if fetched_at is None else moment(fetched_at, name="fetched_at")
    found = _event(event, aliases)
    if found is None:
        return None
    body, path = found
    written, odd = _written(event)
    when = written or fetched_at
    if when is None:
        return None
    draft = Draft(when, aliases, "session")
    if odd:
        draft.log.broken("$.timestamp", "fetched_at", odd)
    if written is not None:
        draft.paths["fetched_at"] = "$.timestamp"
    read_body(shape_of(Fields(body, path, draft.log)), draft)
    return draft


def _event(event: Any, aliases: Aliases) -> tuple[Mapping[str, Any], str] | None:
    """The object that holds `rate_limits`, and its path; None when the line is of another kind."""
    if not isinstance(event, Mapping):
        return None
    places = [(event, "$")]
    places += [(event[key], child_path("$", key)) for key in _HOLDERS if isinstance(event.get(key), Mapping)]
    spellings = aliases["rate_limit"]
    for place, path in places:
        if place.get("type") == EVENT or any(spelling in place for spelling in spellings):
            return place, path
    return None


def _written(event: Mapping[str, Any]) -> tuple[datetime | None, str]:
    """The line's own timestamp, and what is wrong with it if it cannot be read."""
    value = event.get("timestamp")
    if value is None:
        return None, ""
    try:
        return to_instant(value), ""
    except MismatchError as error:
        return None, str(error)
