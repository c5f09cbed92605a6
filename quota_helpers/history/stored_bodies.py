"""Raw bodies: how they are kept, without what names somebody, and how they come back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from ..models import RawReply
from ..privacy import forget_identities
from ..times import from_micros
from .rows import Conditions, clean_text, insert_new
from .schema import bodies, number_of, replies

_NULL: Final = b"null"  # the bytes of a body that is JSON's null: its payload is None, as that of one that is no JSON


def packed(payload: Any) -> bytes:
    """A body's text as it is kept, without identities; its keys stay in their order."""
    return json.dumps(forget_identities(payload), separators=(",", ":")).encode("ascii")


def insert_bodies(connection: sa.Connection, told: Iterable[tuple[str | None, int, RawReply]]) -> int:
    """Keep the bodies of replies (account name, time in microseconds, reply), each content once; how many were new."""
    contents: dict[int, bytes] = {}
    rows = []
    for name, at, reply in told:
        body = packed(reply.payload)
        number = number_of(body)
        contents[number] = body
        account = None if name is None else clean_text(name, "account")
        key = None if reply.account_key is None else clean_text(reply.account_key, "account_key")
        rows.append((number_of([at, number, account, key]), at, number, account, key))
    insert_new(connection, bodies, ((number, zlib.compress(contents[number], 9)) for number in sorted(contents)))
    return insert_new(connection, replies, sorted(rows))


def read_bodies(connection: sa.Connection, conditions: Conditions = ()) -> Iterator[RawReply]:
    """The kept bodies that match, oldest first."""
    query = sa.select(replies.c.account, replies.c.account_key, replies.c.fetched_at, bodies.c.data)
    query = query.join_from(replies, bodies, bodies.c.id == replies.c.body).where(*conditions)
    for row in connection.execute(query.order_by(replies.c.fetched_at, replies.c.id)):
        payload = json.loads(zlib.decompress(row.data))
        yield RawReply(
            account=row.account,
            account_key=row.account_key,
            fetched_at=from_micros(row.fetched_at),
            payload=payload,
            body=_NULL if payload is None else b"",
        )


def prune_bodies(connection: sa.Connection, limit: int) -> None:
    """Drop the bodies of replies that came at or before *limit* (microseconds since 1970)."""
    if connection.execute(replies.delete().where(replies.c.fetched_at <= limit)).rowcount:
        drop_orphans(connection)


def drop_orphans(connection: sa.Connection) -> None:
    """Drop the contents that no reply has any more."""
    connection.execute(bodies.delete().where(bodies.c.id.not_in(sa.select(replies.c.body))))
