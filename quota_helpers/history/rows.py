"""Frames to rows and back, column by column: no row ever becomes a dict.

In the database a reading is numbers. What its `facts` stand for repeats so much that both ways cost little more than
the numbers themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..frames import Integers, micros
from ..privacy import hide_tokens, mask_identity
from ..times import MISSING
from .schema import COUNTS, FACTS, FRAME_COLUMNS, NUMBERS, SOURCES, TOKEN_COLUMNS, number_of, series_of, session_of
from .schema import facts as facts_table
from .schema import readings as readings_table
from .schema import sources as sources_table
from .schema import turns as turns_table

_IDENTIFYING: Final = frozenset({"account_key", "session"})
_TRUTHS: Final = {0: False, 1: True}
_CHUNK: Final = 50_000  # rows between two chances to interrupt
_INSERTS: Final[
    dict[str, tuple[Any, str, Any]]
] = {  # named or numbered parameters make the driver search; these are only put in
    "sqlite": (sqlite.dialect, "qmark", sqlite.insert),
    "postgresql": (postgresql.dialect, "format", postgresql.insert),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: conditions on the table of facts (or sources), and on the times of the rows."""

    facts: tuple[sa.ColumnElement[bool], ...] = ()
    times: tuple[sa.ColumnElement[bool], ...] = ()


def clean_text(text: str, column: str = "") -> str:
    """A text as it may stand in the database: identities masked, tokens hidden, no NUL, no half characters.

    A key or session that would change by that becomes a short hash instead: two of them must not become one.
    """
    safe = hide_tokens(mask_identity(text)).replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    if safe != text and column in _IDENTIFYING:
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return safe


def insert_new(connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> int:
    """Add the rows (values in the order of the table's columns) that are not there yet; how many."""
    dialect, style, insert = _INSERTS[connection.dialect.name]
    statement = str(insert(table).on_conflict_do_nothing().compile(dialect=dialect(paramstyle=style)))
    new, waiting = 0, iter(rows)
    while chunk := list(islice(waiting, _CHUNK)):
        new += connection.exec_driver_sql(statement, chunk).rowcount
    return new


def insert_readings(connection: sa.Connection, frame: pd.DataFrame) -> int:
    """Add the rows of a frame like `History.frame`'s; columns without which a reading is one may be missing.

    Raises:
        ValueError: A row has no `fetched_at`.
    """
    time = _times(frame, "fetched_at")
    facts, series = _described(connection, facts_table, FACTS, frame, series_of)
    percents = [or_none(column := _percents(frame, name), np.isnan(column)) for name in NUMBERS[:2]]
    reset = micros(frame["reset_at"])
    order = np.lexsort((time, series))  # in the table's own order, so that it grows at its end
    columns = (series, time, facts, *percents, or_none(reset, reset == MISSING))
    return insert_new(connection, readings_table, zip(*(column[order].tolist() for column in columns), strict=True))


def insert_turns(connection: sa.Connection, frame: pd.DataFrame) -> int:
    """Add the rows of a frame like `History.tokens`'.

    Raises:
        ValueError: A row has no `time`.
    """
    time = _times(frame, "time")
    sources, series = _described(connection, sources_table, SOURCES, frame, session_of)
    told: dict[str, Any] = {name: _counts(frame, name) for name in COUNTS}
    told |= {"series": series, "time": time, "sources": sources}
    order = np.lexsort((time, series))
    columns = [told[column.name][order].tolist() for column in turns_table.columns]
    return insert_new(connection, turns_table, zip(*columns, strict=True))


def read_readings(connection: sa.Connection, wanted: Wanted, labels: Mapping[str, str]) -> pd.DataFrame:
    """The readings that match, sorted by time, then account, limit (the account's own first) and slot.

    Args:
        connection: Inside a transaction.
        wanted: Which.
        labels: What the accounts are called, by key, for want of one by name.
    """
    table = readings_table.c
    kept = (table.facts, table.fetched_at, table.used_percent, table.remaining_percent, table.reset_at)
    facts, (time, used, remaining, reset) = _read(
        connection, facts_table, kept, wanted, [np.int64, np.float64, np.float64, np.int64], _reading_order
    )
    wait = np.where(reset == MISSING, MISSING, reset - time)
    who = facts["account_key"].fillna(facts["account"])
    facts["account"] = who.map(labels).astype("str").fillna(facts["account"])
    told: dict[str, Any] = {name: facts[name].array for name in facts}
    told |= {"used_percent": used, "remaining_percent": remaining, "resets_in": wait.view("m8[us]")}
    told |= {"reset_at": moments(reset), "fetched_at": moments(time)}
    return pd.DataFrame({name: pd.Series(told[name], dtype=dtype) for name, dtype in FRAME_COLUMNS.items()})


def read_turns(connection: sa.Connection, wanted: Wanted) -> pd.DataFrame:
    """The turns that match, sorted by time, then session."""
    kept = (turns_table.c.sources, turns_table.c.time, *(turns_table.c[name] for name in COUNTS))
    sources, (time, *counts) = _read(
        connection, sources_table, kept, wanted, [np.int64] * (1 + len(COUNTS)), _source_order
    )
    told: dict[str, Any] = {name: sources[name].array for name in sources}
    told |= {"time": moments(time), **dict(zip(COUNTS, counts, strict=True))}
    return pd.DataFrame({name: pd.Series(told[name], dtype=dtype) for name, dtype in TOKEN_COLUMNS.items()})


# --- in ---


def _counts(frame: pd.DataFrame, name: str) -> Integers:
    if name not in frame:
        return np.zeros(len(frame), np.int64)
    counts: Integers = frame[name].to_numpy(dtype=np.int64, na_value=0)
    return counts


def _times(frame: pd.DataFrame, name: str) -> Integers:
    times = micros(frame[name])
    if (times == MISSING).any():
        raise ValueError(f"row {int((times == MISSING).argmax())} has no {name}")
    return times


def _percents(frame: pd.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    if name not in frame:
        return np.maximum(0.0, np.round(100.0 - _percents(frame, NUMBERS[0]), 9))
    numbers = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def or_none(column: np.ndarray[Any, Any], missing: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, Any]:
    """The values of a column, None where they are missing."""
    values = column.astype(object)
    values[missing] = None
    return values


def _described(
    connection: sa.Connection,
    table: sa.Table,
    names: Sequence[str],
    frame: pd.DataFrame,
    series: Callable[[dict[str, Any]], int],
) -> tuple[Integers, Integers]:
    """For every row of the frame, the number under which *table* keeps what it says, and that of its series."""
    codes, firsts = _distinct(frame, names)
    columns = [plain_values(frame, name, table, firsts) for name in names]
    told = list(zip(*columns, strict=True))
    numbers = [number_of(row) for row in told]
    insert_new(
        connection, table, sorted({(number, *row) for number, row in zip(numbers, told, strict=True)}, key=_first)
    )
    kinds = [series(dict(zip(names, row, strict=True))) for row in told]
    return np.array(numbers, np.int64)[codes], np.array(kinds, np.int64)[codes]


def _first(row: Sequence[Any]) -> int:
    return int(row[0])


def _distinct(frame: pd.DataFrame, names: Iterable[str]) -> tuple[Integers, Integers]:
    """Every row's number among the distinct combinations, and the first row of each combination."""
    codes = np.zeros(len(frame), dtype=np.int64)
    for name in names:
        if name in frame:
            code, uniques = pd.factorize(frame[name])
            codes, _ = pd.factorize(codes * (len(uniques) + 1) + code + 1)
    _, firsts = np.unique(codes, return_index=True)
    return codes, firsts


def plain_values(frame: pd.DataFrame, name: str, table: sa.Table, rows: Integers) -> list[Any]:
    """Some rows of one column, as they may stand in the table."""
    if name not in frame:
        return [None] * len(rows)
    values = (None if pd.isna(value) else value for value in frame[name].iloc[rows])
    kind = table.c[name].type
    if isinstance(kind, sa.Text):
        return [None if value is None else clean_text(str(value), name) for value in values]
    convert = float if isinstance(kind, sa.Double) else int
    return [None if value is None else convert(value) for value in values]


# --- out ---


def _read(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.ColumnElement[Any]],
    wanted: Wanted,
    dtypes: Sequence[type],
    order: Callable[[Sequence[Any]], tuple[Any, ...]],
) -> tuple[pd.DataFrame, list[np.ndarray[Any, Any]]]:
    """Rows that are wanted, by their second column (a time) and then by *order* of what the first is in *table*."""
    query = sa.select(*columns).where(*wanted.times)
    if wanted.facts:
        query = query.where(columns[0].in_(sa.select(table.c.id).where(*wanted.facts)))
    parts: list[list[np.ndarray[Any, Any]]] = [[np.empty(0, dtype)] for dtype in (np.int64, *dtypes)]
    cursor: Any = connection.execute(
        query
    ).cursor  # the driver's own: a row of SQLAlchemy's costs as much as its values
    while rows := cursor.fetchmany(_CHUNK):
        for part, values, dtype in zip(parts, zip(*rows, strict=True), (np.int64, *dtypes), strict=True):
            part.append(_array(values, dtype))
    ids, *numbers = (np.concatenate(part) for part in parts)
    told = _dimension(connection, table, order)
    at = told.index.get_indexer(ids)
    if (at < 0).any():
        raise ValueError
    ties = reversed(numbers[1:]) if table is sources_table else ()  # readings of one series differ in time
    order_of_rows = np.lexsort((*ties, at, numbers[0]))
    return told.take(at[order_of_rows]), [column[order_of_rows] for column in numbers]


def _array(values: Sequence[Any], dtype: type) -> np.ndarray[Any, Any]:
    if dtype is np.int64 and None in values:
        values = [MISSING if value is None else value for value in values]
    return np.array(values, dtype)


def _dimension(
    connection: sa.Connection, table: sa.Table, order: Callable[[Sequence[Any]], tuple[Any, ...]]
) -> pd.DataFrame:
    """What the ids of *table* stand for, in columns of the frame's dtypes, indexed by id, in *order*."""
    rows = sorted((tuple(row) for row in connection.execute(sa.select(table))), key=order)
    columns = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    dtypes = FRAME_COLUMNS | TOKEN_COLUMNS
    index = pd.Index(np.array(columns[0], np.int64))
    told = {}
    for column, values in zip(list(table.columns)[1:], columns[1:], strict=True):
        if dtypes[column.name] in {"boolean", "bool"}:
            none = None if dtypes[column.name] == "boolean" else False
            values = tuple(none if value is None else _TRUTHS[value] for value in values)  # noqa: PLW2901  # as in the frame
        told[column.name] = pd.Series(list(values), index=index, dtype=dtypes[column.name])
    return pd.DataFrame(told, index=index)


def _reading_order(row: Sequence[Any]) -> tuple[Any, ...]:
    told = dict(zip(FACTS, row[1:], strict=True))
    limit = told["limit"] or ""
    texts = [told[name] or "" for name in ("slot", "window", "origin", "session")]
    return (told["account_key"] or "", limit != "codex", limit.startswith("spend:"), limit, *texts)


def _source_order(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple(value or "" for value in row[1:])


def moments(numbers: Integers) -> pd.DatetimeIndex:
    """Microseconds since 1970 as times in UTC."""
    return pd.DatetimeIndex(numbers.view("M8[us]"), tz="UTC")
