"""Frames to rows and back, column by column: no row ever becomes a dict.

In the file a reading is numbers: the id of its series, the id of its facts, its time, its percents. What the ids stand
for repeats so much that both ways cost little more than the numbers themselves.
"""

# ruff: noqa: S608 - the names of tables and columns are ours; what comes from outside is always bound

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import Integers, micros
from ..models import COLUMNS
from ..privacy import hide_tokens, mask_identity
from ..times import MISSING
from .schema import FACTS, SERIES, SOURCES, as_key

FRAME_COLUMNS: Final[dict[str, str]] = COLUMNS | {"session": "str"}
"""Columns of `History.frame`, name -> dtype: the tidy frame's, and which session told it (missing: no session)."""

TOKEN_COLUMNS: Final[dict[str, str]] = {
    "time": "datetime64[us, UTC]",  # when the turn was counted
    "session": "str",
    "account_key": "str",
    "model": "str",
    "input": "int64",  # tokens of this turn, the cached ones included
    "cached_input": "int64",
    "output": "int64",  # the reasoning ones included
    "reasoning": "int64",
    "total": "int64",
}
"""Columns of `History.tokens`, name -> dtype."""

COUNTS: Final = ("input", "cached_input", "output", "reasoning", "total")
_FRAME_NAME: Final = {"limit_id": "limit", "window_name": "window"}  # "limit" and "window" are words of SQL
_IDENTIFYING: Final = frozenset({"account_key", "session"})
_BINDABLE: Final[dict[str, type[float | int]]] = {
    "window_seconds": float,
    "allowed": int,
    "limit_reached": int,
    "name_inferred": int,
}
_TABLES: Final = {"series": SERIES, "facts": FACTS, "sources": SOURCES}
_CHUNK: Final = 50_000  # rows between two chances to interrupt


def clean_text(text: str, column: str = "") -> str:
    """A text as it may stand in the file: identities masked, tokens hidden, no NUL, no half characters.

    A key or session that would change by that becomes a short hash instead: two of them must not become one.
    """
    safe = hide_tokens(mask_identity(text)).replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    if safe != text and column in _IDENTIFYING:
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return safe


def insert_windows(connection: sqlite3.Connection, frame: pd.DataFrame) -> int:
    """Add the rows of a frame like `History.frame`'s (`session` may be missing); how many were new.

    Raises:
        ValueError: A row has no `fetched_at`.
    """
    fetched_at = micros(frame["fetched_at"])
    if (fetched_at == MISSING).any():
        raise ValueError(f"row {int((fetched_at == MISSING).argmax())} has no fetched_at")
    series, facts = _ids(connection, frame, "series"), _ids(connection, frame, "facts")
    order = np.lexsort((fetched_at, series))  # in the table's own order, so that it grows at its end
    columns: tuple[np.ndarray[Any, Any], ...] = (
        series,
        fetched_at,
        facts,
        _percents(frame["used_percent"]),
        _percents(frame["remaining_percent"]),
        micros(frame["reset_at"]),
    )
    return _insert(
        connection,
        f"INSERT OR IGNORE INTO windows VALUES (?, ?, ?, ?, ?, nullif(?, {MISSING}))",
        [column[order] for column in columns],
    )


def insert_tokens(connection: sqlite3.Connection, frame: pd.DataFrame) -> int:
    """Add the rows of a frame like `History.tokens`'; how many were new.

    Raises:
        ValueError: A row has no `time`.
    """
    time = micros(frame["time"])
    if (time == MISSING).any():
        raise ValueError(f"row {int((time == MISSING).argmax())} has no time")
    source = _ids(connection, frame, "sources")
    counts = [frame[name].to_numpy(dtype=np.int64) for name in COUNTS]
    order = np.lexsort((time, source))
    return _insert(
        connection,
        "INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?)",
        [column[order] for column in (source, time, *counts)],
    )


def read_windows(
    connection: sqlite3.Connection, where: str, values: Sequence[Any], names: Mapping[str, str]
) -> pd.DataFrame:
    """The readings that match, sorted by time, then account, limit (the account's own first) and slot.

    Args:
        connection: Inside a transaction.
        where: The condition on the table of readings, or nothing.
        values: What is bound in it.
        names: Key -> name of accounts: session logs know the key only.
    """
    series_id, fetched_at, facts_id, used, remaining, reset_at = _select(
        connection,
        "SELECT series, fetched_at, facts, used_percent, remaining_percent,"
        f" ifnull(reset_at, {MISSING}) FROM windows {where}",
        values,
        [np.int64, np.int64, np.int64, np.float64, np.float64, np.int64],
    )
    series, facts = _dimension(connection, "series", _series_order), _dimension(connection, "facts")
    series["name"] = series["account_key"].map(names).astype("str")
    series_at, facts_at = series.index.get_indexer(series_id), facts.index.get_indexer(facts_id)
    order = np.lexsort((series_at, fetched_at))
    series, facts = series.take(series_at[order]), facts.take(facts_at[order])
    fetched, reset = fetched_at[order].view("M8[us]"), reset_at[order].view("M8[us]")
    told = {_FRAME_NAME.get(name, name): part[name].array for part in (series, facts) for name in part}
    account, name = told["account"].copy(), told["name"]
    unnamed = (account.isna() | np.asarray(account == told["account_key"], dtype=bool)) & ~name.isna()
    account[unnamed] = name[unnamed]
    told["account"] = account
    told |= {
        "used_percent": used[order],
        "remaining_percent": remaining[order],
        "reset_at": pd.DatetimeIndex(reset, tz="UTC"),
        "resets_in": reset - fetched,
        "fetched_at": pd.DatetimeIndex(fetched, tz="UTC"),
    }
    return pd.DataFrame({name: pd.Series(told[name], dtype=dtype) for name, dtype in FRAME_COLUMNS.items()})


def read_tokens(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> pd.DataFrame:
    """The turns that match, sorted by time, then session."""
    source_id, time, *counts = _select(
        connection,
        f"SELECT source, time, {', '.join(COUNTS)} FROM tokens {where}",
        values,
        [np.int64] * 7,
    )
    sources = _dimension(connection, "sources", _source_order)
    source_at = sources.index.get_indexer(source_id)
    order = np.lexsort((*reversed(counts), source_at, time))
    sources = sources.take(source_at[order])
    told: dict[str, Any] = {name: sources[name].array for name in SOURCES}
    told["time"] = pd.DatetimeIndex(time[order].view("M8[us]"), tz="UTC")
    told |= {name: count[order] for name, count in zip(COUNTS, counts, strict=True)}
    return pd.DataFrame({name: pd.Series(told[name], dtype=dtype) for name, dtype in TOKEN_COLUMNS.items()})


def _percents(column: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)  # SQLite keeps NaN as NULL


def _insert(connection: sqlite3.Connection, statement: str, columns: Iterable[np.ndarray[Any, Any]]) -> int:
    before = connection.total_changes
    rows = zip(*(column.tolist() for column in columns), strict=True)
    while chunk := list(islice(rows, _CHUNK)):
        connection.executemany(statement, chunk)
    return connection.total_changes - before


def _select(
    connection: sqlite3.Connection, statement: str, values: Sequence[Any], dtypes: Sequence[type]
) -> list[np.ndarray[Any, Any]]:
    cursor = connection.execute(statement, values)
    parts: list[list[np.ndarray[Any, Any]]] = [[np.empty(0, dtype)] for dtype in dtypes]
    while rows := cursor.fetchmany(_CHUNK):
        for part, column, dtype in zip(parts, zip(*rows, strict=True), dtypes, strict=True):
            part.append(np.array(column, dtype))
    return [np.concatenate(part) for part in parts]


def _ids(connection: sqlite3.Connection, frame: pd.DataFrame, table: str) -> Integers:
    """For every row of the frame, the id of what it says in the columns of *table*; new ones are made."""
    names = _TABLES[table]
    codes, firsts = _distinct(frame, [_FRAME_NAME.get(name, name) for name in names])
    keys = zip(*(_values(frame, name, firsts) for name in names), strict=True)
    same = " AND ".join(f"{as_key(name, name)} = {as_key(name, '?')}" for name in names)
    find = f"SELECT id FROM {table} WHERE {same}"
    make = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    ids = []
    for key in keys:
        found = connection.execute(find, key).fetchone()
        ids.append(found[0] if found else connection.execute(make, key).lastrowid)
    return np.array(ids, dtype=np.int64)[codes]


def _distinct(frame: pd.DataFrame, names: Iterable[str]) -> tuple[Integers, Integers]:
    """Every row's number among the distinct combinations, and the first row of each combination."""
    codes = np.zeros(len(frame), dtype=np.int64)
    for name in names:
        if name in frame:
            code, uniques = pd.factorize(frame[name])
            codes, _ = pd.factorize(codes * (len(uniques) + 1) + code + 1)
    _, firsts = np.unique(codes, return_index=True)
    return codes, firsts


def _values(frame: pd.DataFrame, column: str, rows: Integers) -> list[Any]:
    name = _FRAME_NAME.get(column, column)
    if name not in frame:
        return [None] * len(rows)
    values = (None if pd.isna(value) else value for value in frame[name].iloc[rows])
    if column in _BINDABLE:
        return [None if value is None else _BINDABLE[column](value) for value in values]
    return [None if value is None else clean_text(str(value), column) for value in values]


def _dimension(connection: sqlite3.Connection, table: str, order: Any = None) -> pd.DataFrame:
    """What the ids of *table* stand for, in columns of the frame's dtypes, indexed by id, in *order*."""
    names = _TABLES[table]
    rows = connection.execute(f"SELECT id, {', '.join(names)} FROM {table}").fetchall()
    told: Mapping[str, Any] = (
        dict(zip(("id", *names), zip(*sorted(rows, key=order), strict=True), strict=True)) if rows else {}
    )
    index = pd.Index(np.array(told.get("id", ()), dtype=np.int64))
    dtypes = FRAME_COLUMNS | TOKEN_COLUMNS
    return pd.DataFrame(
        {
            name: pd.Series(
                list(_typed(name, told.get(name, ()))), index=index, dtype=dtypes[_FRAME_NAME.get(name, name)]
            )
            for name in names
        }
    )


def _typed(name: str, values: Iterable[Any]) -> Iterator[Any]:
    if _BINDABLE.get(name) is int:
        return (None if value is None else bool(value) for value in values)
    return iter(values)


def _series_order(row: Sequence[Any]) -> tuple[Any, ...]:
    key, limit, window, slot, origin, session = ("" if value is None else value for value in row[1:])
    return (key, limit != "codex", limit.startswith("spend:"), limit, slot, window, origin, session)


def _source_order(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple("" if value is None else value for value in row[1:])
