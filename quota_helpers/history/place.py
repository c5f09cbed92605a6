"""The file itself: where it is, whether it is ours, and what to say when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..errors import HistoryError
from .schema import APPLICATION_ID, OLDEST_VERSION, SCHEMA_VERSION

_MAGIC: Final = b"SQLite format 3\0"
_PRIMARY: Final = 0xFF  # extended result codes carry the primary one in their low byte

_NO_DATABASE: Final = ("is no history: it is no database", "Give another path, or move this file away.")
_DAMAGED: Final = ("is damaged", "Restore it from a copy, or move it away and start a new one.")
_SERVER_HINT: Final = "Check that the server runs, and the address, user and password."

_EXPLAINED: Final = {
    sqlite3.SQLITE_BUSY: (
        "is in use by another program for too long",
        "Wait until the other notebook has finished writing, then try again.",
    ),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Free some space, then try again; nothing was changed."),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written to the end: the disk is full, at its quota, or failing",
        "Free some space and check the disk, then try again; nothing was changed.",
    ),
    sqlite3.SQLITE_READONLY: ("is read-only", "Make the file and its folder writable, or give another path."),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "Check that its folder exists and may be written to, or give another path.",
    ),
    sqlite3.SQLITE_PERM: ("may not be opened", "Check the file's permissions, or give another path."),
    sqlite3.SQLITE_NOTADB: _NO_DATABASE,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
}
_EXPLAINED[sqlite3.SQLITE_LOCKED] = _EXPLAINED[sqlite3.SQLITE_BUSY]

_NOT_WRITABLE: Final = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_SETTINGS: Final = (
    "synchronous = FULL",  # in WAL mode: the log is on the disk before a commit returns
    "fullfsync = ON",  # macOS: through the drive's own cache as well
    "secure_delete = ON",  # what is forgotten is overwritten
    "journal_size_limit = 4194304",  # the log shrinks again after a large write
    "cache_size = -65536",  # 64 MiB: a million rows go in without spilling
)


def is_database(data: bytes) -> bool:
    """Whether a file that begins so is one of SQLite's."""
    return data.startswith(_MAGIC)


def shown(path: Path | None) -> str:
    """The path as people see it, with their home folder as `~`: a saved notebook shall not tell the user's name."""
    if path is None:
        return "in memory"
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or this user has no home
        return str(path)


def beside(path: Path) -> list[Path]:
    """The file of a history, and those that SQLite keeps beside it."""
    return [path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal")]


def explained(error: BaseException | None, place: str) -> HistoryError:
    """A driver's error as ours: the place, what is wrong with it, and what to do."""
    if isinstance(error, UnicodeError):
        return HistoryError(f"The history {place} {_DAMAGED[0]}.", hint=_DAMAGED[1])
    if not isinstance(error, sqlite3.Error):
        return HistoryError(f"The history {place} cannot be used: {_told(error)}", hint=_SERVER_HINT)
    code = getattr(error, "sqlite_errorcode", None)
    what, hint = _EXPLAINED.get(-1 if code is None else code & _PRIMARY, (f"cannot be used: {error}", None))
    if "Could not decode" in str(error) or "malformed" in str(error):
        what, hint = _DAMAGED
    return HistoryError(f"The history {place} {what}.", hint=hint)


def _told(error: BaseException | None) -> str:
    """The first line of what a server or its driver says; without the rows that it was about."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return first if first.endswith(".") else f"{first}."


def connect_file(path: Path | None, timeout: float) -> tuple[sqlite3.Connection, bool]:
    """Open the file (None: memory), and say whether it can only be read.

    Raises:
        sqlite3.Error: It cannot be opened.
        HistoryError: It belongs to another program.
    """
    if path is None:
        return _connect(":memory:", timeout), False
    try:
        return _connect_to_write(path, timeout), False
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY not in _NOT_WRITABLE:
            raise
    return connect_to_read(path, timeout), True


def connect_to_read(path: Path, timeout: float = 10) -> sqlite3.Connection:
    """Open a file of ours without changing anything, nor leaving anything beside it.

    Raises:
        sqlite3.Error, UnicodeError: It cannot be read.
        HistoryError: It belongs to another program.
    """
    # "immutable" leaves no files beside it, but takes no locks either: a failure may be another kernel just writing.
    # What counts may stand in its write-ahead log.
    ways = ["mode=ro"] if _has_bytes(path, "-wal") else ["mode=ro&immutable=1", "mode=ro"]
    for way in ways:
        connection = _connect(f"{path.absolute().as_uri()}?{way}", timeout)
        try:
            check_owner(connection, path)
        except BaseException as error:
            connection.close()
            if not isinstance(error, sqlite3.Error | UnicodeError) or way == ways[-1]:
                raise
        else:
            return connection
    raise AssertionError  # there is always a way


def _connect_to_write(path: Path, timeout: float) -> sqlite3.Connection:
    connection = _connect(str(path), timeout)
    try:
        check_owner(connection, path)  # reads before anything is written
        _use_log(connection, timeout)
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(name: str, timeout: float) -> sqlite3.Connection:
    # Transactions are ours (BEGIN IMMEDIATE), and threads take turns.
    return sqlite3.connect(name, timeout=timeout, isolation_level=None, check_same_thread=False, uri="?" in name)


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


def make_place(path: Path) -> None:
    """Make sure that there is a file, owner-only when it is made here, and that it is a history or empty.

    It is only looked at, never changed: a wrong file stays as it is, byte for byte.

    Raises:
        HistoryError: The file cannot be made or read, or is something else.
    """
    try:
        if not path.exists():
            _create(path)
        if not path.is_file():
            raise HistoryError(f"The history {shown(path)} is no file.", hint="Give the path of a file.")
        with path.open("rb") as stream:
            magic = stream.read(len(_MAGIC))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HistoryError(f"The history {shown(path)} cannot be made or read: {reason}.") from error
    if magic and magic != _MAGIC:
        raise HistoryError(f"The history {shown(path)} {_NO_DATABASE[0]}.", hint=_NO_DATABASE[1])
    if magic and not _has_bytes(path, "-journal"):
        # With a journal, whoever made the file was killed: SQLite first undoes what was not finished.
        try:
            connect_to_read(path).close()
        except (sqlite3.Error, UnicodeError) as error:
            raise explained(error, shown(path)) from error


def _create(path: Path) -> None:
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return  # another kernel was faster
    if os.name == "posix":
        # A power cut must not take the file's name away from what is reported as written into it.
        for folder in {path.parent, *(folder.parent for folder in made)}:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                with suppress(OSError):  # some network file systems cannot do that
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _has_bytes(path: Path, suffix: str) -> bool:
    beside = path.with_name(path.name + suffix)
    return beside.exists() and beside.stat().st_size > 0


def check_owner(connection: sqlite3.Connection, path: Path) -> None:
    """See that an open database is empty or a history of ours.

    Raises:
        HistoryError: It belongs to another program, or to another version of this one.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (application, version, tables) == (0, 0, 0):
        return
    if application != APPLICATION_ID:
        raise HistoryError(
            f"The history {shown(path)} is no history: it is a database of another program.",
            hint="Give another path, or move this file away.",
        )
    if not OLDEST_VERSION <= version <= SCHEMA_VERSION:
        raise HistoryError(
            f"The history {shown(path)} has version {version}; this program knows version {SCHEMA_VERSION}.",
            hint="Update quota-helpers, or give another path.",
        )
