"""The file itself: where it is, whether it is ours, and what to say when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..errors import HistoryError
from ..files import reason
from .schema import APPLICATION_ID, SCHEMA_VERSION

MAGIC: Final = b"SQLite format 3\0"
"""How a file of SQLite's begins."""

_PRIMARY: Final = 0xFF  # extended result codes carry the primary one in their low byte
_BUSY: Final = (
    "is in use by another program for too long",
    "Wait until the other notebook has finished writing, then try again.",
)
_DAMAGED: Final = ("is damaged", "Restore it from a copy, or move it away and start a new one.")
_EXPLAINED: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
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
    sqlite3.SQLITE_NOTADB: ("is no history: it is no database", "Give another path, or move this file away."),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
}
_NOT_WRITABLE: Final = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_SETTINGS: Final = (
    "synchronous = FULL",  # in WAL mode: the log is on the disk before a commit returns
    "fullfsync = ON",  # macOS: through the drive's own cache as well
    "secure_delete = ON",  # what is forgotten is overwritten
    "journal_size_limit = 4194304",  # the log shrinks again after a large write
    "cache_size = -65536",  # 64 MiB: a million rows go in without spilling
)


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
    """A driver's error as ours: the place, what is wrong with it, and what to do; never the rows it was about."""
    if not isinstance(error, sqlite3.Error | UnicodeError):
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return HistoryError(
            f"The history {place} cannot be used: {first.removesuffix('.')}.",
            hint="Check that the server runs, and the address, user and password.",
        )
    code = getattr(error, "sqlite_errorcode", None)
    what, hint = _EXPLAINED.get(-1 if code is None else code & _PRIMARY, (f"cannot be used: {error}", None))
    if isinstance(error, UnicodeError) or "Could not decode" in str(error) or "malformed" in str(error):
        what, hint = _DAMAGED
    return HistoryError(f"The history {place} {what}.", hint=hint)


def check_owner(application: int, version: int, place: str) -> None:
    """See that tables are ours, and of this program's version.

    Raises:
        HistoryError: They are of another one.
    """
    if application != APPLICATION_ID:
        raise HistoryError(
            f"The history {place} is no history: it is a database of another program.",
            hint="Give another path, or move this file away.",
        )
    if version != SCHEMA_VERSION:
        raise HistoryError(
            f"The history {place} has version {version}; this program knows version {SCHEMA_VERSION}.",
            hint="Update quota-helpers, or give another path.",
        )


def open_file(path: Path, timeout: float) -> tuple[sqlite3.Connection, bool]:
    """Open the file, made owner-only where there is none, and say whether it can only be read.

    What is no history is only looked at, never changed: it stays as it is, byte for byte.

    Raises:
        sqlite3.Error, UnicodeError: It cannot be opened.
        HistoryError: It cannot be made, or is something else.
    """
    try:
        if not path.exists():
            _create(path)
        is_file = path.is_file()
    except OSError as error:
        raise HistoryError(f"The history {shown(path)} cannot be made or read: {reason(error)}.") from error
    if not is_file:
        raise HistoryError(f"The history {shown(path)} is no file.", hint="Give the path of a file.")
    if path.stat().st_size == 1:  # which SQLite takes for an empty one
        what, hint = _EXPLAINED[sqlite3.SQLITE_NOTADB]
        raise HistoryError(f"The history {shown(path)} {what}.", hint=hint)
    if _has_bytes(path, "-journal"):  # whoever made the file was killed: SQLite first undoes what was not finished
        return _open_to_write(path, timeout), False
    reader = open_to_read(path, timeout)
    try:
        writer = _open_to_write(path, timeout)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY in _NOT_WRITABLE:
            return reader, True
        reader.close()
        raise
    reader.close()
    return writer, False


def open_to_read(path: Path, timeout: float = 10) -> sqlite3.Connection:
    """Open a file of ours without changing anything, nor leaving anything beside it.

    Raises:
        sqlite3.Error, UnicodeError: It cannot be read.
        HistoryError: It belongs to another program, or to another version of this one.
    """
    # "immutable" leaves no files beside it, but takes no locks either: a failure may be another kernel just writing,
    # and where one has it open it comes last. What counts may stand in its write-ahead log.
    ways = ["mode=ro"] if _has_bytes(path, "-wal") else ["mode=ro&immutable=1", "mode=ro"]
    if path.with_name(f"{path.name}-wal").exists():
        ways.reverse()
    for way in ways:
        try:
            return _checked(connect(f"{path.absolute().as_uri()}?{way}", timeout), path)
        except (sqlite3.Error, UnicodeError):
            if way == ways[-1]:
                raise
    raise AssertionError  # there is always a way


def connect(name: str, timeout: float) -> sqlite3.Connection:
    """SQLite's own connection; transactions are ours (BEGIN IMMEDIATE), and threads take turns."""
    return sqlite3.connect(name, timeout=timeout, isolation_level=None, check_same_thread=False, uri="?" in name)


def _open_to_write(path: Path, timeout: float) -> sqlite3.Connection:
    connection = _checked(connect(str(path), timeout), path)
    try:
        _use_log(connection, timeout)
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """The connection, whose database is empty or a history of ours; closed when it is not."""
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (application, version, tables) != (0, 0, 0):
            check_owner(application, version, shown(path))
    except BaseException:
        connection.close()
        raise
    return connection


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


def _create(path: Path) -> None:
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # another kernel was faster
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
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
