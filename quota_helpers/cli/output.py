"""What the command line prints for programs: one JSON document, the bodies as they came but for tokens, headers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from ..models import RawReply, UsageSnapshot
from ..models.tidy import plain, window_row
from ..outcomes import Collection, Failure
from ..privacy import hide_tokens, hide_tokens_in, printable

_CONTROLS: Final = re.compile("[\x7f-\x9f]")  # JSON's own escapes end before these, which steer a terminal too
_ACCOUNT: Final = ("account", "account_key", "plan", "allowed", "limit_reached", "reached_type", "blocked")


def document(collection: Collection, *, demo: bool = False) -> dict[str, Any]:
    """The collection as one JSON document: `fetched_at`, `demo`, `accounts`, `failures`; times in ISO 8601, UTC.

    Args:
        collection: What one run brought home.
        demo: Whether the accounts are the demo's invented ones.
    """
    document: dict[str, Any] = plain(
        {
            "fetched_at": collection.fetched_at,
            "demo": demo,
            "accounts": [_account(snapshot) for snapshot in collection.snapshots],
            "failures": [_failure(failure) for failure in collection.failures],
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


def _failure(failure: Failure) -> dict[str, Any]:
    said = {name: getattr(failure, name) for name in ("status", "message", "hint")}
    return {"account": failure.account, "error": failure.kind, **said}


def print_bodies(replies: Mapping[str, RawReply], *, single: bool, terminal: bool) -> None:
    """The bodies as JSON: one account's as it is; of several one object a line, or for a person each under its name.

    Args:
        replies: Account name -> reply.
        single: Whether one account alone was asked for.
        terminal: Whether a person reads them.
    """
    for name, reply in replies.items():
        if reply.payload is None:
            _complain(name, reply)
        elif single:
            print(_json(reply.payload, indent=2))
        elif terminal:
            print(f"=== {printable(name)} ===\n{_json(reply.payload, indent=2)}")
        else:
            print(_json(_kept(name, reply)))


def print_replies(replies: Mapping[str, RawReply], *, bodies: bool) -> None:
    """Status and headers of each account under its name, and the bodies where they are wanted."""
    for name, reply in replies.items():
        print(f"=== {printable(name)} ===\nHTTP {reply.status}")
        for key, value in reply.headers.pairs():
            print(f"{printable(key)}: {printable(hide_tokens(value))}")
        if bodies and reply.payload is not None:
            print(_json(reply.payload, indent=2))
        elif bodies:
            _complain(name, reply)


def _kept(name: str, reply: RawReply) -> dict[str, Any]:
    """One line's object; `qh.read_bodies` and `qh.to_frame` know this form."""
    moment = reply.fetched_at.isoformat().replace("+00:00", "Z") if reply.fetched_at is not None else None
    return {"account": name, "status": reply.status, "fetched_at": moment, "payload": reply.payload}


def _json(value: Any, indent: int | None = None) -> str:
    text = json.dumps(hide_tokens_in(value, writable=True), indent=indent, ensure_ascii=False)
    return _CONTROLS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _complain(name: str, reply: RawReply) -> None:
    sys.stdout.flush()
    print(f"{printable(name)}: the body is no JSON: {printable(hide_tokens(reply.text))}", file=sys.stderr)
