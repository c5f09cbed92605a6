"""A history as a file that other programs read: CSV (readings) or JSONL (readings and turns). Both come back exactly.

Times are ISO 8601 in UTC with microseconds, percents as Python writes them. In CSV a missing value is an empty cell;
a text that is empty, holds a line break, or would be taken for a formula by a spreadsheet, stands behind a backslash.
So a row is always one line, and a bad line spoils no other.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import pandas as pd

from ..errors import HistoryError
from ..files import reason, whole_file
from .lines import LONGEST_TEXT, REQUIRED, Kind, SkippedLine, Told, checked
from .place import shown
from .schema import FRAME_COLUMNS

_CHUNK: Final = 50_000  # lines held in memory at once
_ESCAPED: Final = re.compile(r"\A\Z|\A[=+\-@\t\\]|[\r\n]")
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_MEANT: Final = {written: char for char, written in _ESCAPES.items()}


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
        return Added(
            new_rows=self.new_rows + other.new_rows,
            known_rows=self.known_rows + other.known_rows,
            bodies=self.bodies + other.bodies,
            new_turns=self.new_turns + other.new_turns,
            known_turns=self.known_turns + other.known_turns,
        )


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
    """Which of "csv" and "jsonl" a path means, by its suffix.

    Raises:
        HistoryError: It is neither.
    """
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".jsonl"}:
        raise HistoryError(
            f"{shown(path)}: a history is exported and imported as .csv or .jsonl.", hint="Choose one of the two."
        )
    return suffix[1:]


def write_file(path: Path, readings: pd.DataFrame, turns: pd.DataFrame | None) -> int:
    """Write the file, whole or not at all; how many lines with data. Turns are for JSONL only.

    Raises:
        HistoryError: It cannot be written; what was there before is still there.
    """
    frames = [frame for frame in (readings, turns) if frame is not None]
    try:
        wanted = format_of(path)
        with whole_file(path, "w") as stream:
            if wanted == "csv":
                _write_csv(stream, readings)
            else:
                _write_jsonl(stream, frames)
    except OSError as error:
        raise HistoryError(
            f"The export {shown(path)} cannot be written: {reason(error)}.",
            hint="Check the folder, its permissions and the free space; nothing was changed.",
        ) from error
    return sum(map(len, frames))


def _write_csv(stream: IO[str], frame: pd.DataFrame) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(frame.columns)
    for rows in _chunks(frame):
        writer.writerows(zip(*([_cell(value) for value in column] for column in rows), strict=True))


def _write_jsonl(stream: IO[str], frames: Iterable[pd.DataFrame]) -> None:
    encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode
    for frame in frames:
        names = list(frame.columns)
        for rows in _chunks(frame):
            stream.writelines(f"{encode(dict(zip(names, row, strict=True)))}\n" for row in zip(*rows, strict=True))


def _chunks(frame: pd.DataFrame) -> Iterator[list[list[Any]]]:
    for start in range(0, len(frame), _CHUNK):
        part = frame.iloc[start : start + _CHUNK]
        yield [_plain(part[name]) for name in part]


def _plain(column: pd.Series) -> list[Any]:
    """The column as JSON values: texts, numbers, true and false; None where it is missing."""
    kind = column.dtype.kind
    values: list[Any]
    if kind == "M":
        text = np.datetime_as_string(column.dt.tz_localize(None).to_numpy(), unit="us")
        values = [f"{item}+00:00" for item in text.tolist()]
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
        return "\\" + "".join(_ESCAPES.get(char, char) for char in value)
    return value


def read_file(path: Path, take: Callable[[Kind, pd.DataFrame], None]) -> tuple[SkippedLine, ...]:
    """Hand the file's readings and turns to *take* in frames; the lines that were left out come back.

    Raises:
        HistoryError: The file cannot be read, or is no export of a history at all.
    """
    read = _read_csv if format_of(path) == "csv" else _read_jsonl
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            return read_lines(shown(path), read(path, stream), take)
    except OSError as error:
        raise HistoryError(
            f"{shown(path)} cannot be read: {reason(error)}.", hint="Check the path and its permissions."
        ) from error


Line = tuple[int, Kind, "dict[str, Any] | str"]
"""Line number, what the line tells of, and its values by column; or the reason why it has none."""


def read_lines(
    place: str, lines: Iterable[Line], take: Callable[[Kind, pd.DataFrame], None]
) -> tuple[SkippedLine, ...]:
    """The same of lines that were taken apart already.

    Raises:
        HistoryError: Not one of them is a line of a history: said once, with the first one's reason.
    """
    waiting: dict[Kind, list[Told]] = {"reading": [], "turn": []}
    bad: list[SkippedLine] = []
    good = 0

    def hand_over(kind: Kind) -> None:
        nonlocal good
        frame, skipped = checked(kind, waiting[kind])
        good += len(frame)
        bad.extend(skipped)
        waiting[kind] = []
        if len(frame):
            take(kind, frame)

    for line, kind, values in lines:
        if isinstance(values, str):
            bad.append(SkippedLine(line=line, reason=values))
            continue
        waiting[kind].append((line, values))
        if len(waiting[kind]) >= _CHUNK:
            hand_over(kind)
    for kind in waiting:
        hand_over(kind)
    bad.sort(key=lambda skipped: skipped.line)
    if bad and not good:
        more = f" ({len(bad):,} lines like that)" if len(bad) > 1 else ""
        raise HistoryError(
            f"{place} holds no readings: {bad[0]}{more}.", hint="Import a file that was written by History.export."
        )
    return tuple(bad)


def _read_csv(path: Path, stream: IO[str]) -> Iterator[Line]:
    names = _cells(stream.readline())
    missing = [name for name in REQUIRED["reading"] if name not in names]
    if missing:
        raise HistoryError(
            f"{shown(path)} is no exported history: its first line has no column {', '.join(missing)}.",
            hint="Import a file that was written by History.export.",
        )
    for line, text in enumerate(stream, 2):
        try:
            cells = _cells(text, strict=True)
        except csv.Error as error:
            yield line, "reading", f"is no CSV: {error}"
            continue
        if not cells:
            continue
        if len(cells) != len(names):
            yield line, "reading", f"has {len(cells)} cells instead of {len(names)}"
        else:
            yield line, "reading", {name: _uncell(name, cell) for name, cell in zip(names, cells, strict=True)}


def _cells(text: str, *, strict: bool = False) -> list[str]:
    """The cells of one line. Python's own limit of 131,072 characters a cell is less than what we write."""
    limit = csv.field_size_limit()
    if len(text) <= limit:
        return next(csv.reader([text], strict=strict), [])
    csv.field_size_limit(2 * LONGEST_TEXT + 2)
    try:
        return next(csv.reader([text], strict=strict), [])
    finally:
        csv.field_size_limit(limit)


def _uncell(name: str, cell: str) -> Any:
    if cell == "":
        return None
    if FRAME_COLUMNS.get(name) in {"boolean", "bool"}:
        return {"true": True, "false": False}.get(cell.lower(), cell)
    if FRAME_COLUMNS.get(name) in {"float64", "timedelta64[us]"}:
        try:
            return float(cell)
        except ValueError:
            return cell
    if cell.startswith("\\"):
        return re.sub(r"\\[\\nr]", lambda match: _MEANT[match.group()], cell[1:])
    return cell


def _read_jsonl(_path: Path, stream: IO[str]) -> Iterator[Line]:
    for line, text in enumerate(stream, 1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            yield line, "reading", "is no JSON"
            continue
        if not isinstance(values, dict):
            yield line, "reading", f"holds {type(values).__name__} instead of an object"
        else:
            yield line, "turn" if "time" in values and "fetched_at" not in values else "reading", values
