"""What the command line prints for programs: one JSON document, the bodies as they came but for tokens, headers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from ..models import RawReply, UsageSnapshot
from ..models.tidy import plain, window_row
from ..outcomes import Collection
from ..privacy import hide_tokens, hide_tokens_in, printable

_CONTROLS: Final = re.compile("[\x7f-\x9f]")  # JSON's own escapes end before these, which steer a terminal too
_ACCOUNT: Final = ("account", "account_key", "plan", "allowed", "limit_reached", "reached_type", "blocked")


def document(collection: Collection, *, demo: bool = False) -> dict[str, Any]:
    """One run as one JSON document: `fetched_at`, `demo`, `accounts`, `failures`; times in ISO 8601, UTC."""
    document: dict[str, Any] = plain(
        {
            "fetched_at": collection.fetched_at,
            "demo": demo,
            "accounts": [_account(snapshot) for snapshot in collection.snapshots],
            "failures": [
                {
                    "account": one.account,
                    "error": one.kind,
                    "status": one.status,
                    "message": one.message,
                    "hint": one.hint,
                }
                for one in collection.failures
            ],
        }
    )
    return document


def _account(snapshot: UsageSnapshot) -> dict[str, Any]:
    windows = [window_row(window, snapshot.fetched_at) for window in snapshot.windows]
    return {
        **{name: getattr(snapshot, name) for name in _ACCOUNT},
        "windows": [{name: row[name] for name in row if name != "resets_in"} for row in windows],
        "credits": snapshot.credits,
        "spend_limits": [plain(cap) | {"remaining_percent": cap.remaining_percent} for cap in snapshot.spend_limits],
        "reset_credits": snapshot.reset_credits,
        "notes": snapshot.notes,
    }


def print_replies(
    replies: Mapping[str, RawReply], *, headers: bool, bodies: bool, single: bool, terminal: bool
) -> None:
    """Status and headers of each account under its name, its body as JSON, or both.

    Args:
        replies: Account name -> reply.
        headers: Whether status and headers are wanted.
        bodies: Whether the bodies are.
        single: Whether one account alone was asked for: its body stands there as it is.
        terminal: Whether a person reads them: each body under its name. Else, of several, there is one object a line.
    """
    for name, reply in replies.items():
        if headers:
            print(f"=== {printable(name)} ===\nHTTP {reply.status}")
            for key, value in reply.headers.pairs():
                print(f"{printable(key)}: {printable(hide_tokens(value))}")
        elif terminal and not single and reply.payload is not None:
            print(f"=== {printable(name)} ===")
        if bodies and reply.payload is None:
            sys.stdout.flush()
            say(f"{name}: the body is no JSON: {hide_tokens(reply.text)}")
        elif bodies and (headers or single or terminal):
            print(_json(reply.payload, indent=2))
        elif bodies:
            print(_json(_kept(name, reply)))


def _kept(name: str, reply: RawReply) -> dict[str, Any]:
    """One line's object; `qh.read_bodies` and `qh.to_frame` know this form."""
    moment = reply.fetched_at.isoformat().replace("+00:00", "Z") if reply.fetched_at is not None else None
    return {"account": name, "status": reply.status, "fetched_at": moment, "payload": reply.payload}


def _json(value: Any, indent: int | None = None) -> str:
    text = json.dumps(hide_tokens_in(value, writable=True), indent=indent, ensure_ascii=False)
    return _CONTROLS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def say(line: str) -> None:
    """One line beside what was asked for."""
    print(printable(line), file=sys.stderr)
