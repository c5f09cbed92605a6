"""Raw bodies: how they are kept, without what names somebody, and how they come back."""

# ruff: noqa: S608 - the names of tables and columns are ours; what comes from outside is always bound

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..errors import HistoryError
from ..models import RawReply
from ..privacy import forget_identities
from ..times import from_micros

_NULL: Final = b"null"  # the bytes of a body that is JSON's null: its payload is None, as that of one that is no JSON


def packed(payload: Any) -> bytes:
    """A body's text as it is kept, without identities; its keys stay in their order."""
    return json.dumps(forget_identities(payload), separators=(",", ":")).encode("ascii")


def read_bodies(connection: sqlite3.Connection, place: str, where: str, values: Sequence[Any]) -> Iterator[RawReply]:
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
        moment = from_micros(fetched_at)
        try:
            payload = json.loads(zlib.decompress(data))
        except (zlib.error, ValueError):
            # Without the cause: a JSONDecodeError carries the document.
            raise HistoryError(
                f"In the history {place} the body kept at {moment:%Y-%m-%d %H:%M:%S} UTC is damaged.",
                account=account,
                hint="Restore the file from a copy; the readings can still be read.",
            ) from None
        yield RawReply(
            account=account,
            account_key=account_key,
            fetched_at=moment,
            payload=payload,
            body=_NULL if payload is None else b"",
        )


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
