"""The file itself: where it is, whether it is ours, and what to say when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ..errors import HistoryError
from .schema import APPLICATION_ID, SCHEMA_VERSION

_MAGIC: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100
_PRIMARY: Final = 0xFF  # extended result codes carry the primary one in their low byte

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
    sqlite3.SQLITE_NOTADB: ("is no history: it is no database", "Give another path, or move this file away."),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Restore it from a copy, or move it away and start a new one."),
}
_EXPLAINED[sqlite3.SQLITE_LOCKED] = _EXPLAINED[sqlite3.SQLITE_BUSY]


def shown(path: Path | None) -> str:
    """The path as people see it, with their home folder as `~`: a saved notebook shall not tell the user's name."""
    if path is None:
        return "in memory"
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or this user has no home
        return str(path)


def explained(error: sqlite3.Error, path: Path | None) -> HistoryError:
    """SQLite's error as ours: the file, what is wrong with it, and what to do."""
    code = getattr(error, "sqlite_errorcode", None)
    what, hint = _EXPLAINED.get(-1 if code is None else code & _PRIMARY, (f"cannot be used: {error}", None))
    return HistoryError(f"The history {shown(path)} {what}.", hint=hint)


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
            header = stream.read(_HEADER_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HistoryError(f"The history {shown(path)} cannot be made or read: {reason}.") from error
    if header:
        _check_header(path, header)


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


def _check_header(path: Path, header: bytes) -> None:
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise HistoryError(
            f"The history {shown(path)} is no history: it is no database.",
            hint="Give another path, or move this file away.",
        )
    if _has_bytes(path, "-journal"):
        return  # whoever made the file was killed; SQLite first undoes what was not finished, then `Store` looks again
    version, application = (int.from_bytes(header[at : at + 4], "big") for at in (60, 68))
    if version == 0 or _has_bytes(path, "-wal"):
        _peek(path)
    else:
        _check(path, application, version, tables=1)


def _has_bytes(path: Path, suffix: str) -> bool:
    beside = path.with_name(path.name + suffix)
    return beside.exists() and beside.stat().st_size > 0


def _peek(path: Path) -> None:
    """Look into the database without changing anything: what counts may stand in its write-ahead log."""
    ways = ["mode=ro"]
    if not _has_bytes(path, "-wal"):
        # Leaves no files beside it, but takes no locks either: a failure may be another kernel just writing.
        ways.insert(0, "mode=ro&immutable=1")
    for way in ways:
        try:
            with closing(sqlite3.connect(f"{_uri(path)}?{way}", uri=True, timeout=10)) as connection:
                check_owner(connection, path)
        except sqlite3.Error as error:
            if way == ways[-1]:
                raise explained(error, path) from error
        else:
            return


def check_owner(connection: sqlite3.Connection, path: Path | None) -> int:
    """The schema version of an open database; 0 is a new one.

    Raises:
        HistoryError: It belongs to another program, or to a newer version of this one.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    _check(path, application, version, tables)
    return int(version)


def _check(path: Path | None, application: int, version: int, tables: int) -> None:
    if (application, version, tables) == (0, 0, 0):
        return
    if application != APPLICATION_ID or version < 1:
        raise HistoryError(
            f"The history {shown(path)} is no history: it is a database of another program.",
            hint="Give another path, or move this file away.",
        )
    if version > SCHEMA_VERSION:
        raise HistoryError(
            f"The history {shown(path)} has version {version}; this program knows versions up to {SCHEMA_VERSION}.",
            hint="Update quota-helpers, or give another path.",
        )


def _uri(path: Path) -> str:
    posix = path.absolute().as_posix()
    return "file://" + quote(posix if posix.startswith("/") else f"/{posix}")
