"""One open database: a connection for all threads, and transactions that are either written to the disk or undone."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ..errors import HistoryError
from .place import check_owner, explained, make_place, shown
from .schema import SCHEMA_VERSION, create, upgrade

_SETTINGS: Final = (
    "synchronous = FULL",  # in WAL mode: the log is on the disk before a commit returns
    "fullfsync = ON",  # macOS: through the drive's own cache as well
    "secure_delete = ON",  # what is forgotten is overwritten
    "journal_size_limit = 4194304",  # the log shrinks again after a large write
    "cache_size = -65536",  # 64 MiB: a million rows go in without spilling
)
_MISSING: Final = (0, 0)


class Store:
    """A history's database. Its methods may be called from any thread; they take turns.

    Attributes:
        path: The file, or None for a database in memory.
    """

    def __init__(self, path: Path | None, *, timeout_seconds: float = 10.0) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._timeout = timeout_seconds
        if path is not None:
            make_place(path)
        try:
            self._connection: sqlite3.Connection | None = self._open()
        except sqlite3.Error as error:
            raise explained(error, path) from error
        self._file = self._identity()
        # Closes it when the notebook forgets to; at the latest when the interpreter ends.
        self._finalizer = weakref.finalize(self, self._connection.close)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            ":memory:" if self.path is None else self.path,
            timeout=self._timeout,
            isolation_level=None,  # transactions are ours: BEGIN IMMEDIATE
            check_same_thread=False,
        )
        try:
            check_owner(connection, self.path)  # reads before anything is written
            _use_log(connection, self._timeout)
            for setting in _SETTINGS:
                connection.execute(f"PRAGMA {setting}")
            if check_owner(connection, self.path) < SCHEMA_VERSION:
                self._build(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _build(self, connection: sqlite3.Connection) -> None:
        with _transaction(connection, "IMMEDIATE"):
            version = check_owner(connection, self.path)  # another kernel may have been faster
            if version == 0:
                create(connection)
            elif version < SCHEMA_VERSION:
                try:
                    upgrade(connection, version)
                except zlib.error as error:
                    raise HistoryError(
                        f"The history {shown(self.path)} has version {version}, and one of its bodies is damaged: it "
                        f"cannot be brought to version {SCHEMA_VERSION}.",
                        hint="Restore it from a copy, or move it away and start a new one.",
                    ) from error

    def _identity(self) -> tuple[int, int]:
        if self.path is None:
            return _MISSING
        try:
            found = self.path.stat()
        except OSError:
            return _MISSING
        return found.st_dev, found.st_ino

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._connection is None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One view of the data: what others write meanwhile is not seen.

        Raises:
            HistoryError: It cannot be read.
        """
        with self._lock, self._translated(), _transaction(self._checked(), "DEFERRED") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One change, whole or not at all. When the block has been left, it is on the disk.

        Raises:
            HistoryError: It cannot be written; the data are as before.
        """
        with self._lock, self._translated(), _transaction(self._checked(), "IMMEDIATE") as connection:
            if self._identity() != self._file:
                raise HistoryError(
                    f"The history {shown(self.path)} was removed or replaced while it was open.",
                    hint="Open it again; nothing was written.",
                )
            if check_owner(connection, self.path) != SCHEMA_VERSION:
                raise HistoryError(
                    f"The history {shown(self.path)} changed its version.", hint="Restart the kernel and open it again."
                )
            yield connection

    def tidy(self) -> None:
        """Empty the write-ahead log into the file, so that nothing deleted is left in it; others may be in the way."""
        with self._lock, self._translated():
            self._checked().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def size(self) -> int:
        """Bytes on the disk, the write-ahead log included; in memory, bytes of its pages."""
        with self._lock, self._translated():
            if self.path is None:
                (pages,), (page,) = (
                    self._checked().execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
                )
                return int(pages) * int(page)
            self._checked()
            files = (self.path, self.path.with_name(self.path.name + "-wal"))
            return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close the file, so that it can be moved or deleted. Doing it twice does no harm."""
        with self._lock, self._translated():
            if self._connection is not None:
                self._finalizer()
                self._connection = None

    def _checked(self) -> sqlite3.Connection:
        if self._connection is None:
            raise HistoryError(f"The history {shown(self.path)} is closed.", hint="Open it again: History(path)")
        return self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explained(error, self.path) from error


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[sqlite3.Connection]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # After a full disk SQLite may have rolled back by itself.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _use_log(connection: sqlite3.Connection, timeout: float) -> None:
    """Switch to write-ahead logging. Several kernels may try on a new file at once: SQLite does not always wait."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
