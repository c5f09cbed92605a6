"""One open database, a file, memory or a server: transactions that are either written to the disk or undone."""

from __future__ import annotations

import sqlite3
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from ..errors import HistoryError
from .place import beside, check_owner, connect, explained, open_file, open_to_read, shown
from .schema import APPLICATION_ID, lock, make_tables, version_of

_SIZE: Final = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' "
    "AND relnamespace = current_schema()::regnamespace",
}
_BROKEN: Final = (ValueError, LookupError, OverflowError, TypeError, zlib.error)


class Database:
    """A history's database. Its methods may be called from any thread; on a file they take turns.

    Args:
        place: The file, the URL of a server, or None for memory.
        timeout_seconds: How long to wait for others.
        read_only: Only look at the file, and leave nothing beside it.

    Attributes:
        path: The file, or None.
        shown: The place as people may see it: the home folder as `~`, a server without its password.
        read_only: Whether the file, or its folder, may not be written; then it is only read.
    """

    def __init__(self, place: Path | str | None, *, timeout_seconds: float = 10.0, read_only: bool = False) -> None:
        self.path = place if isinstance(place, Path) else None
        self.read_only = read_only
        self.closed = False
        self._lock = threading.RLock()
        if isinstance(place, str):
            url = _url(place)
            self.shown = url.render_as_string(hide_password=True)
            self._engine = self._server(url, timeout_seconds)
        else:
            self.shown = shown(place)
            self._engine = self._file(timeout_seconds)
        try:
            self._begin()
        except BaseException:
            self._engine.dispose()
            raise
        self._identity = self._look()

    def _file(self, timeout: float) -> sa.Engine:
        with self._translated():
            if self.path is None:
                connection = connect(":memory:", timeout)
            elif self.read_only:
                connection = open_to_read(self.path)
            else:
                connection, self.read_only = open_file(self.path, timeout)
        # One connection for all threads, closed with the engine; at the latest when nobody holds the engine any more
        # (Python 3.13 warns of a connection that is left open).
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: connection,
            poolclass=StaticPool,
            hide_parameters=True,
            skip_autocommit_rollback=True,
        )
        weakref.finalize(engine, connection.close)
        return engine

    def _server(self, url: sa.URL, timeout: float) -> sa.Engine:
        try:
            return sa.create_engine(
                url,
                pool_pre_ping=True,  # a server that was restarted meanwhile is asked again
                hide_parameters=True,
                connect_args={"connect_timeout": max(2, round(timeout))},
            )
        except ModuleNotFoundError as error:
            raise HistoryError(
                f"The history {self.shown} needs the package {error.name}.",
                hint="Install it: pip install 'quota-helpers[postgres]'",
            ) from None

    def _begin(self) -> None:
        with self._translated():
            with self._transaction("BEGIN") as connection:
                version = version_of(connection)
            if not version and not self.read_only:
                with self._transaction("BEGIN IMMEDIATE") as connection:
                    make_tables(connection)
            else:
                check_owner(APPLICATION_ID, version, self.shown)

    def _look(self) -> tuple[int, int] | None:
        """Which file it is that stands at the path."""
        try:
            found = self.path.stat() if self.path is not None else None
        except OSError:
            return None
        return found and (found.st_dev, found.st_ino)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One view of the data: what others write meanwhile is not seen. In the block nothing but that is done.

        Raises:
            HistoryError: It cannot be read, or what comes out is not what was written into it.
        """
        try:
            with self._translated(), self._transaction("BEGIN") as connection:
                yield connection
        except _BROKEN:
            # Without the cause: it may carry what was kept.
            raise HistoryError(
                f"The history {self.shown} is damaged: it holds values that are none of ours.",
                hint="Restore it from a copy, or move it away and start a new one.",
            ) from None

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[sa.Connection]:
        """One change, whole or not at all. When the block has been left, it is on the disk.

        Args:
            alone: On a server too, nobody else writes meanwhile: for what removes rows.

        Raises:
            HistoryError: It cannot be written; the data are as before.
        """
        with self._translated():
            if self.read_only:
                raise HistoryError(
                    f"The history {self.shown} is read-only.",
                    hint="Make the file and its folder writable, or give another path.",
                )
            with self._transaction("BEGIN IMMEDIATE") as connection:
                if self._look() != self._identity:
                    raise HistoryError(
                        f"The history {self.shown} was removed or replaced while it was open.",
                        hint="Open it again; nothing was written.",
                    )
                lock(connection, alone=alone)
                check_owner(APPLICATION_ID, version_of(connection), self.shown)
                yield connection

    def tidy(self) -> None:
        """Empty the write-ahead log into the file, so that nothing deleted is left in it; others may be in the way."""
        if self.path is not None:
            with self._lock, self._translated(), self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close it, so that a file can be moved or deleted. Doing it twice does no harm."""
        with self._lock, self._translated():
            self.closed = True
            self._engine.dispose()

    def size(self) -> int:
        """Bytes on the disk, the write-ahead log included; in memory and on a server, bytes of its pages."""
        with self.reading() as connection:
            if self.path is not None:
                return sum(file.stat().st_size for file in beside(self.path) if file.exists())
            return int(connection.exec_driver_sql(_SIZE[connection.dialect.name]).scalar() or 0)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sa.Connection]:
        if self.closed:
            raise HistoryError(f"The history {self.shown} is closed.", hint="Open it again: History(path)")
        if self._engine.dialect.name != "sqlite":
            level = "REPEATABLE READ" if begin == "BEGIN" else "READ COMMITTED"
            with self._engine.connect() as connection, connection.execution_options(isolation_level=level).begin():
                yield connection
            return
        with self._lock, self._engine.connect() as connection:
            connection.exec_driver_sql(begin)
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                # After a full disk SQLite may have rolled back by itself.
                with suppress(sa.exc.DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise explained(error.orig, self.shown) from None
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise explained(error, self.shown) from None


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        url = sa.URL.create("none")
    if url.drivername != "postgresql+psycopg":
        # Without what was given: it may hold a password.
        raise HistoryError(
            "A history on a server has an address like postgresql+psycopg://user@host/database.",
            hint="Give such an address, or the path of a file.",
        )
    return url
