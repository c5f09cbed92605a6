"""The body of the usage request, the app-server's answer, the stream event and the 429 body: recognized by shape."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ..fields import (
    ALIASES,
    Aliases,
    Fields,
    Issue,
    Log,
    to_text,
    type_name,
)
from ..models import Limit, QuotaWindow, UsageSnapshot
from ..models.snapshot import Origin
from .draft import OWN, Draft
from .limits import holds_usage, read_others, read_own
from .numbers import read_reset
from .windows import has_windows

if TYPE_CHECKING:
    from .trace import Trace

_ENVELOPES: Final = ("result", "params")


def normalize_usage(
    payload: Any,
    *,
    fetched_at: datetime,
    aliases: Aliases = ALIASES,
    account: str | None = None,
    account_key: str | None = None,
    origin: Origin | None = None,
) -> UsageSnapshot:
    """Read a usage body or an app-server answer, whichever it is; also a `codex.rate_limits` event or a 429 body.

    Args:
        payload: Any JSON value; what cannot be read is a note, never an error.
        fetched_at: When the server said so (aware); relative resets count from it.
        aliases: The table of spellings.
        account: The login's name.
        account_key: The login's key.
        origin: The carrier, when the caller knows better than the shape ("demo").

    Raises:
        ValueError: *fetched_at* has no time zone.
    """
    return _read(payload, fetched_at, aliases, account, account_key, origin)[0]


def trace_usage(payload: Any, *, fetched_at: datetime, aliases: Aliases = ALIASES) -> Trace:
    """The same reading with its explanation: which value of the body gave which number, by which rule.

    Raises:
        ValueError: *fetched_at* has no time zone.
    """
    from .trace import explain  # noqa: PLC0415 - a plain reading explains nothing

    return explain(*_read(payload, fetched_at, aliases, None, None, None))


def is_usage(payload: Any, *, aliases: Aliases = ALIASES) -> bool:
    """Whether a reply's body has at least one field of a usage body or an app-server answer; an error has none."""
    return isinstance(payload, dict) and holds_usage(_open(payload, Log(aliases))[0])


def _open(payload: dict[str, Any], log: Log) -> tuple[Fields, Origin]:
    """The object that holds the usage, taken out of a JSON-RPC envelope where there is one, and whose shape it has."""
    root = Fields(payload, "$", log)
    for envelope in _ENVELOPES:
        inner = root.unknown.get(envelope)
        if isinstance(inner, dict) and not holds_usage(root):
            return Fields(inner, f"$.{envelope}", log), "app_server"
    return root, _origin(root)


def _read(
    payload: Any,
    fetched_at: datetime,
    aliases: Aliases,
    account: str | None,
    account_key: str | None,
    origin: Origin | None,
) -> tuple[UsageSnapshot, list[Issue]]:
    draft = Draft(fetched_at, aliases)
    if not isinstance(payload, dict):
        draft.log.note(f"expected an object, found {type_name(payload)}: no usage body", "$")
        return draft.finish(origin or "usage", account, account_key)
    root, shape = _open(payload, draft.log)
    read_body(root, draft)
    if shape == "usage":
        _note_missing_header(draft)
    return draft.finish(origin or shape, account, account_key)


def read_body(root: Fields, draft: Draft) -> None:
    """Everything in one body: the account's own limit first, then the other limits, then the rest."""
    places = [root, *read_own(root, draft)]
    read_others(root, draft)
    draft.read_account(places)
    if not holds_usage(root):
        _read_error(root, draft)


def _origin(root: Fields) -> Origin:
    """Which carrier the shape belongs to; camelCase alone does not make it the app-server's."""
    if root.value("reached_kind") == "codex.rate_limits":
        return "headers"  # the event in the response stream tells what the response's headers tell
    keys = {key for key, _ in root.candidates("rate_limit")}
    by_id = "rate_limits_by_limit_id" in root or "rate_limits_by_limit_id" in root.nulls
    bare = "limit_id" in root and has_windows(root, root=True)
    return "app_server" if by_id or bare or "rateLimits" in keys else "usage"


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
