"""Raw bodies: what is taken out of them before they are kept, and how they come back."""

# ruff: noqa: S608 - the names of tables and columns are ours; what comes from outside is always bound

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from ..errors import HistoryError
from ..privacy import HIDDEN, hide_tokens, hide_tokens_in, mask_identity

# Matched against a key without case, hyphens and underscores. "limit_id" and "limit_name" are none of them.
_IDENTITY: Final = re.compile(
    r"(?:user|account|member|owner|customer|organi[sz]ation|org|workspace|tenant|device|seat)ids?$"
    r"|(?:user|display|full|first|last|given|family|workspace|account|organi[sz]ation)name$"
    r"|e?mail(?:address(?:es)?|s)?$|phone(?:number)?$|^sub$"
)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ID_SHAPED: Final = re.compile(r"\b(?:user|org|acct|account|workspace)-[A-Za-z0-9_\-]{6,}")
_LONGEST_BITS: Final = 10_000  # Python refuses to write integers of more than 4,300 digits
_SHORTEST_ID: Final = 6  # an identity is looked for in the whole body, unless it could be a word


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBody:
    """One raw body as it was kept: identities and tokens are masked in it.

    Attributes:
        account: The account's name at that time, or None.
        account_key: The account's key, or None.
        fetched_at: When the reply was complete (aware, UTC).
        payload: The body as JSON; feed it to `normalize_usage(payload, fetched_at=fetched_at)`.
    """

    account: str | None
    account_key: str | None
    fetched_at: datetime
    payload: Any = field(repr=False, hash=False)


def packed(payload: Any) -> bytes:
    """A body's text as it is kept, without identities; its keys stay in their order."""
    return json.dumps(_strip(payload), separators=(",", ":")).encode("ascii")


def _strip(payload: Any) -> Any:
    """A copy of a JSON value that names nobody and opens nothing; what an identity key holds is masked everywhere.

    Without recursion: a body may be nested 500 deep.
    """
    known = sorted(_identities(payload), key=len, reverse=True)
    names = re.compile("|".join(map(re.escape, known))) if known else None
    top: list[Any] = [None]
    todo: list[tuple[Any, Any, Any, str, bool]] = [(payload, top, 0, "", False)]
    while todo:
        value, holder, place, key, identity = todo.pop()
        if isinstance(value, dict):
            copy: dict[str, Any] = {}
            for name, item in value.items():
                safe = _free(_masked(str(name), "", names), copy)
                copy[safe] = None  # keeps the order
                todo.append((item, copy, safe, str(name), identity or _names_somebody(str(name))))
            holder[place] = copy
        elif isinstance(value, list | tuple):
            items = [None] * len(value)
            todo.extend((item, items, at, key, identity) for at, item in enumerate(value))
            holder[place] = items
        else:
            holder[place] = _leaf(value, key, names, identity=identity)
    return top[0]


def _leaf(value: Any, key: str, names: re.Pattern[str] | None, *, identity: bool) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _masked(value, key, names) if not identity else HIDDEN if value else ""
    if isinstance(value, int) and value.bit_length() > _LONGEST_BITS:
        return None
    return 0 if identity else value


def _masked(text: str, key: str, names: re.Pattern[str] | None) -> str:
    """The text with tokens, e-mail addresses and the body's own identities masked; *key* is what it stood under."""
    if names is not None:
        text = names.sub(HIDDEN, text)
    text = _ID_SHAPED.sub(HIDDEN, mask_identity(hide_tokens(text)))
    (shown,) = hide_tokens_in({key: text}).values()
    return str(shown)


def _free(name: str, taken: dict[str, Any]) -> str:
    """The name, numbered when masking has made it equal to one that is there."""
    return name if name not in taken else next(new for new in (f"{name}{n}" for n in count(2)) if new not in taken)


def _names_somebody(key: str) -> bool:
    return _IDENTITY.search(re.sub(r"[\W_]", "", key.lower())) is not None


def _identities(payload: Any) -> set[str]:
    found: set[str] = set()
    todo: list[tuple[Any, bool]] = [(payload, False)]
    while todo:
        value, identity = todo.pop()
        if isinstance(value, dict):
            todo.extend((item, identity or _names_somebody(str(key))) for key, item in value.items())
        elif isinstance(value, list | tuple):
            todo.extend((item, identity) for item in value)
        elif identity and isinstance(value, str) and len(value) >= _SHORTEST_ID and not value.isalpha():
            found.add(value)
    return found


def read_bodies(connection: sqlite3.Connection, place: str, where: str, values: Sequence[Any]) -> Iterator[StoredBody]:
    """The kept bodies that match, oldest first.

    Raises:
        HistoryError: One is damaged; *place* says where it is kept.
    """
    rows = connection.execute(
        "SELECT replies.account, replies.account_key, fetched_at, data"
        f" FROM replies JOIN bodies ON bodies.id = replies.body {where} ORDER BY fetched_at, replies.rowid",
        values,
    )
    for account, account_key, fetched_at, data in rows:
        moment = EPOCH + timedelta(microseconds=fetched_at)
        try:
            payload = json.loads(zlib.decompress(data))
        except (zlib.error, ValueError):
            # Without the cause: a JSONDecodeError carries the document.
            raise HistoryError(
                f"In the history {place} the body kept at {moment:%Y-%m-%d %H:%M:%S} UTC is damaged.",
                account=account,
                hint="Restore the file from a copy; the readings can still be read.",
            ) from None
        yield StoredBody(account=account, account_key=account_key, fetched_at=moment, payload=payload)


def keep_body(
    connection: sqlite3.Connection, body: bytes, fetched_at: int, account: str | None, account_key: str | None
) -> bool:
    """Keep one body, once for each content; whether this reply was new."""
    digest = hashlib.sha256(body).digest()
    connection.execute(
        "INSERT OR IGNORE INTO bodies (hash, data) VALUES (?, ?)", (digest, zlib.compress(body, level=9))
    )
    (body_id,) = connection.execute("SELECT id FROM bodies WHERE hash = ?", (digest,)).fetchone()
    written = connection.execute(
        "INSERT OR IGNORE INTO replies (fetched_at, body, account, account_key) VALUES (?, ?, ?, ?)",
        (fetched_at, body_id, account, account_key),
    )
    return written.rowcount > 0


def prune_bodies(connection: sqlite3.Connection, limit: int) -> int:
    """Drop the bodies of replies that came at or before *limit* (microseconds since 1970); how many replies."""
    removed = connection.execute("DELETE FROM replies WHERE fetched_at <= ?", (limit,)).rowcount
    if removed:
        drop_orphans(connection)
    return removed


def drop_orphans(connection: sqlite3.Connection) -> None:
    """Drop the contents that no reply has any more."""
    connection.execute("DELETE FROM bodies WHERE id NOT IN (SELECT body FROM replies)")
