"""A folder that several machines share: each writes its own files there, whole and by rename, and reads everybody's.

A machine's files are `<machine>/<year>-<month>.jsonl.gz`. Each line says once what repeats, and holds up to 5,000 rows
as columns; times are microseconds since 1970:

    {"kind": "reading", "about": {"account": "work", "limit": "codex", "window": "weekly", ...},
     "time": [...], "numbers": {"used_percent": [...], "remaining_percent": [...], "reset_at": [...]}}

What others wrote is not trusted: sizes are bounded, values checked, identities removed as from everything that is kept.
"""

from __future__ import annotations

import errno
import gzip
import os
import re
import stat
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
import sqlalchemy as sa

from ..errors import HistoryError
from ..files import reason, whole_file
from ..labels import of_kind
from ..machine import machine_id, machine_name
from ..privacy import printable
from ..times import from_micros, micros
from .database import Database
from .lines import Line, checked
from .place import shown
from .rows import Rows, Rule, clean_text, insert_rows, plain_numbers, private_content, read_frame, rows_of
from .schema import KINDS, READINGS, SHARED_BY, TURNS, shared_files

LARGEST_FILE: Final = 16 * 2**20
LARGEST_CONTENT: Final = 128 * 2**20
"""Bytes of a file, and of what it unpacks to; a month of one machine has some hundred thousand bytes."""

MOST_FILES: Final = 5_000
MOST_ROWS: Final = 5_000
_LONGEST_LINE: Final = 8 * 2**20
_MONTH: Final = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))\.jsonl\.gz")
_DAY: Final = 86_400_000_000  # microseconds
_PRIME: Final = 1_000_003
_NOT_SHARED: Final = (OSError, EOFError, zlib.error, msgspec.MsgspecError, ValueError, OverflowError, RecursionError)

File = tuple[int, int]
"""Size, and when it was changed: what a file is known again by."""

Remembered = sa.RowMapping
"""A row of `shared_files`."""


class Strand(msgspec.Struct, omit_defaults=True):
    """A line: rows that share one content."""

    kind: Literal["reading", "turn"]
    about: Line
    time: list[int]
    numbers: dict[str, list[float | None]]


def folder_at(said: str | os.PathLike[str], name: str) -> Path:
    """The folder that an argument of that name says.

    Raises:
        HistoryError: It says none: an empty text, which would be the working folder.
        TypeError: It is no path.
    """
    of_kind(said, (str, os.PathLike), name, "the path of a folder")
    if not os.fspath(said).strip():
        raise HistoryError(
            f"{name} is an empty text, and no folder to share by.",
            hint="Give the folder's path (is a variable not set?), or None to share nothing.",
        )
    return Path(said).expanduser().absolute()


class SharedFolder:
    """One machine's view of the folder.

    Args:
        folder: It is made when there is none, in a folder that is there; a drive that is away may come back.
        projects: Whether session ids and names of projects are written into it.

    Attributes:
        skipped: What in the folder was left out, one text for each, by the last `sync`.

    Raises:
        HistoryError: It is a file, or below one.
    """

    def __init__(self, folder: Path, *, projects: bool = False) -> None:
        self.folder, self.skipped = folder, tuple[str, ...]()
        self._projects = projects
        self._id = machine_id()
        label = re.sub(r"[^A-Za-z0-9]+", "-", machine_name()).strip("-")[:40]
        self.machine = self._id if label == self._id else f"{label}-{self._id}"
        if (folder.exists() and not folder.is_dir()) or folder.parent.is_file():
            raise HistoryError(
                f"The shared folder {shown(folder)} is no folder.", hint="Give a folder, or a place where one can be."
            )

    def sync(self, database: Database) -> None:
        """Read what others have written since the last time, then write what is new here.

        What is wrong with the folder, a file, or the history meanwhile, never stands in the way: it is in `skipped`.
        """
        wrong: list[str] = []
        try:
            self.folder.mkdir(exist_ok=True)
            files = self._files(wrong)
            known = _remembered(database)
            for name, path in files.items():
                self._read(database, name, path, known.get(name))
            self._write_own(database, known.keys() - files.keys())
        except (OSError, HistoryError) as error:
            wrong.append(str(error) if isinstance(error, HistoryError) else f"{shown(self.folder)}: {reason(error)}")
        with suppress(HistoryError):  # it was said above
            wrong += [f"{name}: {row['wrong']}" for name, row in _remembered(database).items() if row["wrong"]]
        self.skipped = tuple(sorted(map(printable, wrong)))

    # --- in ---

    def _files(self, wrong: list[str]) -> dict[str, Path]:
        """The files of all machines by their names below the folder; what is none of them is named in *wrong*."""
        found: dict[str, Path] = {}
        for place in _visible(self.folder):
            if place.is_symlink() or not place.is_dir():
                wrong.append(f"{place.name}: is no machine's folder")
                continue
            for path in _visible(place):
                name = f"{place.name}/{path.name}"
                if not _MONTH.fullmatch(path.name) or not stat.S_ISREG(path.lstat().st_mode):
                    wrong.append(f"{name}: is no month of a machine, such as 2026-11.jsonl.gz")
                elif len(found) == MOST_FILES:
                    wrong.append(f"{name}: is more than {MOST_FILES:,} files")
                else:
                    found[name] = path
        return found

    def _read(self, database: Database, name: str, path: Path, known: Remembered | None) -> None:
        """Add what the file holds, all of it or nothing, unless it is as it was."""
        machine = name.partition("/")[0]
        own = machine == self._id or machine.endswith(f"-{self._id}")
        rule = Rule(shared_by=None if own else clean_text(machine), machine=clean_text(machine))
        there = (known["size"], known["changed"]) if known else (0, 0)
        try:
            with path.open("rb") as packed:
                before, there = there, _as_file(os.fstat(packed.fileno()))
                if known and there == before:
                    return
                if not there[0]:
                    raise EOFError
                if there[0] > LARGEST_FILE:
                    raise ValueError(f"is larger than {LARGEST_FILE >> 20} MiB")  # told like the others
                with database.writing() as connection:
                    left_out = 0
                    for strand in _strands(packed):
                        rows, bad = rows_of_strand(strand)
                        insert_rows(connection, rows, rule)
                        left_out += bad
                    wrong = f"{left_out:,} of its rows cannot be" if left_out else None
                    _remember(connection, name, there, wrong=wrong)
        except _NOT_SHARED as error:
            wrong = str(error) if type(error) is ValueError else "is damaged, or not there as a whole yet"
            if isinstance(error, OSError) and error.errno is not None:
                wrong = reason(error)
            with database.writing() as connection:
                _remember(connection, name, there, wrong=wrong)

    # --- out ---

    def _write_own(self, database: Database, gone: set[str]) -> None:
        """Write the months of which this machine holds anything else than its files say."""
        known = {
            name: row["holds"]
            for name, row in _remembered(database).items()
            if name.startswith(f"{self.machine}/") and name not in gone
        }
        written: dict[str, str | None] = {}
        with database.reading() as connection:
            holds = {f"{self.machine}/{month}.jsonl.gz": told for month, told in self._months(connection).items()}
            for name in holds.keys() | known:
                path = self.folder / name
                if holds.get(name) != known.get(name):
                    written[name] = holds.get(name)
                    if name in holds:
                        self._write(connection, path)
                    else:
                        path.unlink(missing_ok=True)
        with database.writing() as connection:
            for name in gone | written.keys():
                there = _as_file((self.folder / name).stat()) if written.get(name) else None
                _remember(connection, name, there, holds=written.get(name))

    def _write(self, connection: sa.Connection, path: Path) -> None:
        start = datetime.strptime(f"{path.name[:7]} +0000", "%Y-%m %z")
        end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)

        path.parent.mkdir(exist_ok=True)
        if path.parent.is_symlink():
            raise OSError(errno.ELOOP, "this machine's folder is a link to somewhere else")
        with whole_file(path) as stream:
            with gzip.GzipFile("", "wb", 6, stream, mtime=0) as packed:
                for kind in KINDS:
                    month = (kind.at >= micros(start), kind.at < micros(end))
                    frame = read_frame(connection, kind, [kind.about.c[SHARED_BY].is_(None)], month)
                    packed.writelines(self._lines(rows_of(kind, frame)))
            if hasattr(os, "fchmod"):  # as open as its folder is: others shall read it
                os.fchmod(stream.fileno(), path.parent.stat().st_mode & 0o666)

    def _lines(self, rows: Rows) -> Iterator[bytes]:
        for place, told in enumerate(rows.told):
            about = dict(zip(rows.kind.told, told, strict=True))
            if not self._projects:
                about = private_content(about)
            plain = {
                name: bool(value) if rows.kind.columns[name] in {"boolean", "bool"} else value
                for name, value in about.items()
                if value is not None
            }
            of_place = np.flatnonzero(rows.which == place)
            for part in np.split(of_place, range(MOST_ROWS, len(of_place), MOST_ROWS)):
                numbers = {name: plain_numbers(column[part]) for name, column in rows.numbers.items()}
                strand = {"kind": rows.kind.name, "about": plain, "time": rows.time[part].tolist(), "numbers": numbers}
                yield msgspec.json.encode(strand) + b"\n"

    def _months(self, connection: sa.Connection) -> dict[str, str]:
        """Month -> a sum over what was put in here of it."""
        sums: dict[str, list[int]] = defaultdict(lambda: [int(self._projects)] + [0] * 2 * len(KINDS))
        for place, kind in enumerate(KINDS):
            day = (kind.at // _DAY).label("day")
            # A session's own name and its project may be learnt later.
            told = sa.func.sum(kind.at % _PRIME + (kind.number % _PRIME if self._projects else 0))
            query = sa.select(day, sa.func.count(), told).join_from(
                kind.rows, kind.about, kind.about.c.id == kind.number
            )
            own = kind.about.c[SHARED_BY].is_(None)
            for number, count, total in connection.execute(query.where(own).group_by(day)):
                of_month = sums[f"{from_micros(number * _DAY):%Y-%m}"]
                of_month[1 + 2 * place] += count
                of_month[2 + 2 * place] += total
        return {month: " ".join(map(str, values)) for month, values in sums.items()}


def rows_of_strand(strand: Strand) -> tuple[Rows, int]:
    """The rows of a line that can be, and how many cannot.

    Raises:
        ValueError: It is no line of ours.
    """
    kind = READINGS if strand.kind == "reading" else TURNS
    if {*strand.numbers} != {*kind.numbers} or {len(strand.time)} != {len(each) for each in strand.numbers.values()}:
        raise ValueError("has columns that are missing or not of one length")
    time, *numbers = (np.array(column, np.float64) for column in (strand.time, *map(strand.numbers.get, kind.numbers)))
    told = [getattr(strand.about, name) for name in kind.told]
    which = np.zeros(len(time), np.int64)
    rows, wrong = checked(kind, [told], which, time, dict(zip(kind.numbers, numbers, strict=True)))
    return rows, len(wrong)


def _strands(packed: Any) -> Iterator[Strand]:
    decode, left = msgspec.json.Decoder(Strand).decode, LARGEST_CONTENT
    with gzip.GzipFile(fileobj=packed) as stream:
        while line := stream.readline(min(_LONGEST_LINE, left) + 1):
            left -= len(line)
            if len(line) > _LONGEST_LINE or left < 0:
                raise ValueError(f"unpacks to more than {LARGEST_CONTENT >> 20} MiB, or has a line of too many")
            yield decode(line)


def _visible(folder: Path) -> list[Path]:
    """What is in it; what is hidden is of the program that synchronizes it."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _remembered(database: Database) -> dict[str, Remembered]:
    """What the files were like when they were last read or written."""
    with database.reading() as connection:
        return {row["file"]: row for row in connection.execute(sa.select(shared_files)).mappings()}


def _remember(
    connection: sa.Connection, name: str, there: File | None, *, wrong: str | None = None, holds: str | None = None
) -> None:
    """What a file is like now; None: it is gone."""
    connection.execute(shared_files.delete().where(shared_files.c.file == name))
    if there is not None:
        row = {"file": name, "size": there[0], "changed": there[1], "wrong": wrong, "holds": holds}
        connection.execute(shared_files.insert(), row)


def _as_file(found: os.stat_result) -> File:
    return found.st_size, found.st_mtime_ns
