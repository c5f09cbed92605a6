"""The body of the usage request, the app-server's answer, the stream event and the 429 body: recognized by shape.

And one `token_count` line of Codex's own session logs, which holds such a body, in every form written since 2025.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..errors import BodyError
from ..fields import ALIASES, Aliases
from ..fields.reader import Fields, Log, MismatchError, to_instant, to_text, type_name
from ..models import OWN, Limit, QuotaWindow, UsageSnapshot
from ..models.snapshot import Origin
from ..paths import child_path, is_too_deep
from ..times import Moment, moment
from .draft import BodyShape, Draft, read_others, read_own, shape_of
from .windows import read_reset

_HOLDERS: Final = ("payload", "msg")
"""Where a line keeps its event: "payload" since late 2025, "msg" before."""
EVENT: Final = "token_count"


def normalize_usage(
    payload: Any,
    *,
    fetched_at: Moment | None = None,
    aliases: Aliases = ALIASES,
    account: str | None = None,
    account_key: str | None = None,
    origin: Origin | None = None,
) -> UsageSnapshot:
    """Read a usage body or an app-server answer, whichever it is; also a `codex.rate_limits` event or a 429 body.

    Args:
        payload: A body as JSON object or as text, or a reply (`source.fetch()`). Whatever stands in the object, it is
            read as far as it can be; what cannot be read is a note, never an error.
        fetched_at: When the server said so; relative resets count from it. A reply brings its own.
        aliases: The table of spellings.
        account: The login's name; by default the reply's.
        account_key: The login's key; by default the reply's.
        origin: The carrier, when the caller knows better than the shape ("demo").

    Raises:
        TypeError: *payload* is no object, reply or text, or nothing says when it was fetched.
        BodyError: The text is no JSON object, or the reply's body is none.
        ValueError: *fetched_at* is no moment.

    >>> body = {"rate_limit": {"primary_window": {"used_percent": 31, "limit_window_seconds": 18000}}}
    >>> snapshot = normalize_usage(body, fetched_at="2026-11-20T12:00Z")
    >>> snapshot.five_hour.used_percent, snapshot.five_hour.remaining_percent, snapshot.weekly
    (31.0, 69.0, None)
    """
    body = _body(payload)
    moment = getattr(payload, "fetched_at", None) if fetched_at is None else fetched_at
    if moment is None:
        raise TypeError("fetched_at is missing: give the time of the reading, such as datetime.now(UTC)")
    account = getattr(payload, "account", None) if account is None else account
    key = getattr(payload, "account_key", None) if account_key is None else account_key
    draft = read_usage(body, moment, aliases)
    draft.origin = origin or draft.origin
    return draft.finish(account, key)


def read_usage(payload: Any, fetched_at: Moment, aliases: Aliases) -> Draft:
    """The same of any JSON value, before it is a snapshot; one that is no object is a note and nothing else."""
    draft = Draft(fetched_at, aliases)
    if not isinstance(payload, dict):
        draft.log.note(f"expected an object, found {type_name(payload)}: no usage body", "$")
        return draft
    shape = shape_of(Fields(payload, "$", draft.log))
    draft.origin = shape.origin
    read_body(shape, draft)
    if shape.origin == "usage":
        _note_missing_header(draft)
    return draft


def is_usage(payload: Any, *, aliases: Aliases = ALIASES) -> bool:
    """Whether a reply's body has at least one field of a usage body or an app-server answer; an error has none."""
    return isinstance(payload, dict) and shape_of(Fields(payload, "$", Log(aliases))).known


def read_body(shape: BodyShape, draft: Draft) -> None:
    """Everything in one body: the account's own limit first, then the other limits, then the rest."""
    root = shape.root.fields
    places = [root, *read_own(shape, draft)]
    read_others(root, draft)
    draft.read_account(places)
    if not shape.known:
        _read_error(root, draft)


def _body(payload: Any) -> dict[str, Any]:
    """The JSON object in what was handed in."""
    body = payload
    if isinstance(payload, str):
        if is_too_deep(payload):
            raise BodyError("The text is nested too deeply for a body.")
        try:
            body = json.loads(payload)
        except ValueError:
            raise BodyError("The text is no JSON.") from None
    elif not isinstance(payload, dict):
        if not hasattr(payload, "payload"):
            raise TypeError(f"payload is {type_name(payload)} instead of a JSON object, its text or a reply")
        body = payload.payload
    if not isinstance(body, dict):
        raise BodyError(f"The body is {type_name(body)}, but a usage body is a JSON object.")
    return body


# --- replies that are no usage body ---


def _read_error(root: Fields, draft: Draft) -> None:
    """The body of a 429 says which plan, and when the limit that was hit comes back; not which window it was."""
    error = root.inner("error") if isinstance(root.value("error"), dict) else None
    kind = None if error is None else error.value("reached_kind")
    if error is None or not (isinstance(kind, str) and "usage_limit" in kind):
        what = "an error reply" if "error" in root else "no key of a usage body in it"
        draft.log.note(f"{what}: no reading", root.path)
        return
    draft.values["plan"] = draft.first([error], "plan", to_text)
    draft.values["reached_type"] = draft.first([error], "reached_kind", to_text, "reached_type")
    draft.limits.append(Limit(limit_id=OWN, limit_reached=True, paths={"limit_reached": draft.paths["reached_type"]}))
    error.owner = f"{OWN}.usage_limit"
    reset_at = read_reset(error, draft.fetched_at)
    if reset_at is not None:
        draft.windows.append(
            QuotaWindow(
                limit_id=OWN,
                name="usage_limit",
                reset_at=reset_at,
                slot="error",
                name_inferred=True,
                fetched_at=draft.fetched_at,
                paths={**error.paths, "name": error.path},
            )
        )
    draft.log.note("a limit was hit; which window, and how much is used, is not said", error.path)


def _note_missing_header(draft: Draft) -> None:
    """A team seat asked without the account header answers 200, "free", and nothing in it."""
    values = draft.values
    empty = not (draft.windows or draft.limits or values.get("spend_limits") or values.get("credits"))
    if empty and values.get("plan") == "free" and values.get("reset_credits") is None:
        draft.log.note(
            "plan free and every block empty: the account header was probably missing, "
            "so this says nothing about the account",
            draft.paths["plan"],
        )


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
    written, odd = None, ""
    try:
        written = None if event.get("timestamp") is None else to_instant(event["timestamp"])
    except MismatchError as error:
        odd = str(error)
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
