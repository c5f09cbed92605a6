"""A history as a file that other programs read: JSONL (readings and turns), CSV or Parquet (readings).

Times are ISO 8601 in UTC with microseconds, percents as Python writes them. In CSV a missing value is an empty cell;
a text that is empty, holds a line break, or would be taken for a formula by a spreadsheet, stands behind a backslash.
So a row is always one line, and a bad line spoils no other. All of them come back exactly.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import numpy as np
import pandas as pd

from ..errors import HistoryError
from ..files import reason as why
from ..files import whole_file
from .lines import LONGEST_TEXT, REQUIRED, Line, SkippedLine, kind_of, reason, rows_of_lines
from .place import shown
from .rows import Rows
from .schema import FRAME_COLUMNS, KINDS, READINGS

FORMATS: Final = (".jsonl", ".jsonl.gz", ".csv", ".parquet")
"""How the name of an export ends."""

_CHUNK: Final = 20_000  # lines held in memory at once
_LONGEST_LINE: Final = 8 * LONGEST_TEXT
_ESCAPED: Final = re.compile(r"\A\Z|\A[=+\-@\t\\]|[\r\n]")
_HINT: Final = "Import a file that was written by History.export."


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an `add` has written; when you hold it, it is on the disk.

    Attributes:
        new_rows: Readings that were not known before.
        known_rows: Readings that were, and stand there once.
        bodies: Raw bodies that were kept.
        new_turns: Turns of sessions (token counts) that were not known before.
        known_turns: Turns that were.
    """

    new_rows: int = 0
    known_rows: int = 0
    bodies: int = 0
    new_turns: int = 0
    known_turns: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came out of a file.

    Attributes:
        added: What was written.
        bad_lines: Lines that were left out, each with its number and the reason.
    """

    added: Added
    bad_lines: tuple[SkippedLine, ...] = ()


def format_of(path: Path) -> str:
    """Which format a path means, by how its name ends.

    Raises:
        HistoryError: It is none, or Parquet without pyarrow.
    """
    ending = next((ending for ending in FORMATS if path.name.lower().endswith(ending)), None)
    if ending is None:
        raise HistoryError(
            f"{shown(path)}: a history is exported and imported as {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
            hint="Choose one of them.",
        )
    if ending == ".parquet" and find_spec("pyarrow") is None:
        raise HistoryError(
            f"{shown(path)}: Parquet needs the package pyarrow.", hint="Install it: pip install pyarrow; or choose .csv"
        )
    return ending


# --- out ---


def write_file(path: Path, readings: pd.DataFrame, turns: Callable[[], pd.DataFrame]) -> int:
    """Write the file, whole or not at all; how many lines with data. Turns are for JSONL only.

    Raises:
        HistoryError: It cannot be written; what was there before is still there.
    """
    ending, frames = format_of(path), [readings]
    if ending.startswith(".jsonl"):
        frames.append(turns())
    try:
        with whole_file(path) as stream:
            if ending == ".parquet":
                readings.to_parquet(stream, engine="pyarrow", index=False)
            elif ending == ".jsonl.gz":
                with gzip.GzipFile("", "wb", 6, stream, mtime=0) as packed:
                    packed.writelines(_json_lines(frames))
            elif ending == ".csv":
                _write_csv(stream, readings)
            else:
                stream.writelines(_json_lines(frames))
    except OSError as error:
        raise HistoryError(
            f"The export {shown(path)} cannot be written: {why(error)}.",
            hint="Check the folder, its permissions and the free space; nothing was changed.",
        ) from error
    return sum(map(len, frames))


def _json_lines(frames: Iterable[pd.DataFrame]) -> Iterator[bytes]:
    encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode
    for frame in frames:
        for row in _plain_rows(frame):
            yield f"{encode(dict(zip(frame.columns, row, strict=True)))}\n".encode()


def _write_csv(stream: IO[bytes], frame: pd.DataFrame) -> None:
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([_cell(value) for value in row] for row in _plain_rows(frame))
    text.detach()


def _plain_rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(frame), _CHUNK):
        part = frame.iloc[start : start + _CHUNK]
        yield from zip(*(_plain(part[name]) for name in part), strict=True)


def _plain(column: pd.Series) -> list[Any]:
    """The column as JSON values: texts, numbers, true and false; None where it is missing."""
    kind = column.dtype.kind
    values: list[Any]
    if kind == "M":
        zone = "+00:00" if column.dt.tz is not None else ""  # without one in others' files only
        times = column.dt.tz_convert(None) if zone else column
        values = [f"{item}{zone}" for item in np.datetime_as_string(times.to_numpy(), unit="us").tolist()]
    elif kind == "m":
        values = (column.to_numpy().astype("timedelta64[us]").astype(np.int64) / 1e6).tolist()
    else:
        values = column.tolist()
    missing = column.isna().to_numpy()
    return [None if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str) and _ESCAPED.search(value):
        return "\\" + value.encode("unicode_escape").decode()
    return value


# --- in ---


def read_file(path: Path, take: Callable[[Rows], None]) -> tuple[SkippedLine, ...]:
    """Hand the file's rows to *take*; the lines that were left out come back.

    Raises:
        HistoryError: The file cannot be read, or is no export of a history at all: said once, with the first reason.
    """
    ending = format_of(path)
    bad: dict[int, str] = {}
    good = 0
    try:
        opened: Any = gzip.open if ending == ".jsonl.gz" else open
        with opened(path, "rb") as stream:
            if ending == ".parquet":
                told = _parquet_values(path, stream)
            else:
                told = _csv_values(path, stream) if ending == ".csv" else _json_values(stream)
            while chunk := dict(islice(told, _CHUNK)):
                bad |= {number: line for number, line in chunk.items() if isinstance(line, str)}
                for kind in KINDS:
                    lines = {at: line for at, line in chunk.items() if at not in bad and kind_of(line) is kind}
                    if lines:
                        rows, wrong = rows_of_lines(kind, list(lines.values()))
                        bad |= {at: wrong[place] for place, at in enumerate(lines) if place in wrong}
                        good += len(rows)
                        take(rows)
    except (OSError, EOFError, zlib.error) as error:
        told_why = (
            why(error) if isinstance(error, OSError) and error.errno else "it is damaged, or not there as a whole"
        )
        raise HistoryError(
            f"{shown(path)} cannot be read: {told_why}.", hint="Check the path and its permissions."
        ) from error
    skipped = tuple(SkippedLine(line=number, reason=bad[number]) for number in sorted(bad))
    if skipped and not good:
        more = f" ({len(skipped):,} lines like that)" if len(skipped) > 1 else ""
        raise HistoryError(f"{shown(path)} holds no readings: {skipped[0]}{more}.", hint=_HINT)
    return skipped


def _json_values(stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """(number, line or what is wrong with it) of each line."""
    decode = msgspec.json.Decoder(Line).decode
    for number, text in _numbered_lines(stream):
        yield number, _line(decode, text)


def _csv_values(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    lines = _numbered_lines(stream)
    _, head = next(lines, (1, b""))
    names = next(csv.reader([head.decode("utf-8-sig", "replace")]), [])
    _check_columns(path, names, "its first line")

    def decode(text: bytes) -> Any:
        cells = next(csv.reader([text.decode()], strict=True))
        if len(cells) != len(names):
            raise csv.Error(f"has {len(cells)} cells instead of {len(names)}")
        told = {name: _uncell(name, cell) for name, cell in zip(names, cells, strict=True) if cell}
        return msgspec.convert(told, Line, strict=False)

    # Python's own limit of 131,072 characters a cell is less than what we write; it holds for all who read CSV.
    limit = csv.field_size_limit(2 * LONGEST_TEXT + 2)
    try:
        for number, text in lines:
            yield number, _line(decode, text)
    finally:
        csv.field_size_limit(limit)


def _parquet_values(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    try:
        frame = pd.read_parquet(stream, engine="pyarrow")
    except (ValueError, NotImplementedError) as error:  # pyarrow's own are among them
        raise HistoryError(
            f"{shown(path)} is no Parquet file, is damaged, or not there as a whole.", hint=_HINT
        ) from error
    _check_columns(path, frame.columns, "it")
    for number, row in enumerate(_plain_rows(frame), 1):
        yield number, _line(lambda told: msgspec.convert(told, Line), dict(zip(frame.columns, row, strict=True)))


def _line(decode: Callable[[Any], Any], told: Any) -> Any:
    try:
        return decode(told)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, csv.Error) as error:
        return reason(error)


def _numbered_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while text := stream.readline(_LONGEST_LINE):
        number += 1
        if text.strip():
            yield number, text.removeprefix(codecs.BOM_UTF8) if number == 1 else text


def _check_columns(path: Path, names: Iterable[str], what: str) -> None:
    """Whether there is what makes a reading one.

    Raises:
        HistoryError: There is not.
    """
    if missing := [name for name in REQUIRED[READINGS] if name not in names]:
        raise HistoryError(
            f"{shown(path)} is no exported history: {what} has no column {', '.join(missing)}.", hint=_HINT
        )


def _uncell(name: str, cell: str) -> str:
    if FRAME_COLUMNS.get(name) != "str" or not cell.startswith("\\"):
        return cell
    return cell[1:].encode("latin-1", "backslashreplace").decode("unicode_escape")
