"""What is handed to a history, and how it gets into the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol

from ..models import RawReply
from ..outcomes import Collection
from .checks import Kind
from .filters import micros_of
from .results import Added
from .rows import clean_text, insert_tokens, insert_windows

if TYPE_CHECKING:
    import pandas as pd

_OK: Final = range(200, 300)


class Sessions(Protocol):
    """What `History.add_sessions` needs of session logs."""

    @property
    def windows(self) -> pd.DataFrame:
        """Readings, with the tidy frame's columns and `session`."""

    @property
    def tokens(self) -> pd.DataFrame:
        """Turns: time, session, account_key, model, input, cached_input, output, reasoning, total."""


def usable(collection: Collection) -> Iterator[tuple[str, RawReply, int]]:
    """The replies that hold usage, as (account name, reply, time in microseconds); an error reply is no reading."""
    for name, reply in collection.replies.items():
        if reply.status in _OK and reply.payload is not None and reply.fetched_at is not None:
            yield name, reply, micros_of(reply.fetched_at, "fetched_at")


def safe(text: str | None, column: str) -> str | None:
    """The text as it may stand in the file, or None."""
    return None if text is None else clean_text(text, column)


def insert(connection: sqlite3.Connection, kind: Kind, frame: pd.DataFrame) -> Added:
    """Add the frame's rows inside the caller's transaction, and count them."""
    if kind == "reading":
        new = insert_windows(connection, frame)
        return Added(new_rows=new, known_rows=len(frame) - new)
    new = insert_tokens(connection, frame)
    return Added(new_turns=new, known_turns=len(frame) - new)
