"""Rows on their way in and out, column by column: no row ever becomes a dict.

In the database a reading is numbers. What its `facts` stand for repeats so much that both ways cost little more than
the numbers themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ..frames import Integers, micros
from ..privacy import hide_tokens, mask_identity
from ..times import MISSING
from .schema import READINGS, SHARED_BY, TURNS, Kind, hidden, number_of

_IDENTIFYING: Final = frozenset({"account_key", "session"})
_TRUTHS: Final = {0: False, 1: True}
_CHUNK: Final = 50_000  # rows between two chances to interrupt
_READ_AT_ONCE: Final = 5_000  # rows that are Python's objects at the same time

Column = np.ndarray[Any, Any]
Conditions = Sequence[sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings or turns, what repeats in them told once.

    Attributes:
        kind: Which of the two.
        told: The distinct contents: values in the order of `kind.told`, None where missing.
        which: Of each row the place of its content.
        time: Of each row, in microseconds since 1970.
        numbers: The columns of `kind.numbers`: floats, or integers (times in microseconds); missing are NaN and
            `times.MISSING`.
    """

    kind: Kind
    told: Sequence[Sequence[Any]]
    which: Integers
    time: Integers
    numbers: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Rule:
    """How contents are written.

    Attributes:
        private: Whether sessions are called by their hidden names and projects by none: for what others can read.
        shared_by: The folder of another machine that they were read from, or None.
        machine: Which machine kept them, where they do not say so, or None.
    """

    private: bool = False
    shared_by: str | None = None
    machine: str | None = None

    def apply(self, kind: Kind, told: Sequence[Any]) -> dict[str, Any]:
        """The values of one content by column, identities and tokens removed."""
        clean = {name: _clean(name, value) for name, value in zip(kind.told, told, strict=True)}
        if clean["machine"] is None:
            clean["machine"] = self.machine
        return (private_content(clean) if self.private else clean) | {SHARED_BY: self.shared_by}


def clean_text(text: str, column: str = "") -> str:
    """A text as it may stand in the database: identities masked, tokens hidden, no NUL, no half characters.

    A key or session that would change by that becomes a short hash instead: two of them must not become one.
    """
    safe = hide_tokens(mask_identity(text)).replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    if safe != text and column in _IDENTIFYING:
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return safe


def _clean(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value, name)
    return int(value) if isinstance(value, bool) else value  # as the tables have it: a content has one number


def private_content(told: Mapping[str, Any]) -> dict[str, Any]:
    """The values of one content without the project, the session called by its hidden name."""
    session = told["session"]
    changed = {"session": session if session is None else hidden(session), "project": None}
    return {name: changed.get(name, value) for name, value in told.items()}


# --- in ---


def rows_of(kind: Kind, frame: pd.DataFrame) -> Rows:
    """The rows of a frame like `History.frame`'s or `.tokens`'; columns without which a row is one may be missing.

    Raises:
        ValueError: A row has no time.
    """
    time = micros(frame[kind.time])
    if (time == MISSING).any():
        raise ValueError(f"row {int((time == MISSING).argmax())} has no {kind.time}")
    which = np.zeros(len(frame), dtype=np.int64)
    for name in kind.told:
        if name in frame:
            code, uniques = pd.factorize(frame[name])
            which, _ = pd.factorize(which * (len(uniques) + 1) + code + 1)
    _, firsts = np.unique(which, return_index=True)
    told = zip(*(plain_values(frame, name, kind.about, firsts) for name in kind.told), strict=True)
    return Rows(kind, list(told), which, time, {name: _numbers(kind, frame, name) for name in kind.numbers})


def _numbers(kind: Kind, frame: pd.DataFrame, name: str) -> Column:
    if name == "remaining_percent" and name not in frame:
        return np.maximum(0.0, np.round(100.0 - _numbers(kind, frame, "used_percent"), 9))
    dtype = kind.columns[name]
    if dtype == "int64":
        return frame[name].to_numpy(np.int64, na_value=0) if name in frame else np.zeros(len(frame), np.int64)
    return frame[name].to_numpy(np.float64, na_value=np.nan) if dtype == "float64" else micros(frame[name])


def plain_values(frame: pd.DataFrame, name: str, table: sa.Table, rows: Integers) -> list[Any]:
    """Some rows of one column, as the table has them."""
    if name not in frame:
        return [None] * len(rows)
    kind = table.c[name].type
    convert = str if isinstance(kind, sa.Text) else float if isinstance(kind, sa.Double) else int
    return [None if pd.isna(value) else convert(value) for value in frame[name].iloc[rows]]


def plain_numbers(column: Column) -> list[Any]:
    """The numbers as Python's, None where they are missing."""
    missing = column == MISSING if column.dtype.kind == "i" else ~np.isfinite(column)
    if missing.any():
        column = column.astype(object)
        column[missing] = None
    values: list[Any] = column.tolist()
    return values


def insert_new(connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> int:
    """Add the rows (values in the order of the table's columns) that are not there yet; how many."""
    sqlite, new, waiting = connection.dialect.name == "sqlite", 0, iter(rows)
    statement = _statement(table, connection.dialect)
    while chunk := list(islice(waiting, _CHUNK)):
        # A server is told whole columns at once: row by row it would answer each.
        values: Any = chunk if sqlite else tuple(map(list, zip(*chunk, strict=True)))
        new += connection.exec_driver_sql(statement, values).rowcount
    return new


@cache
def _statement(table: sa.Table, dialect: sa.Dialect) -> str:
    """What puts rows in; with named parameters the driver would search."""
    values = f"VALUES ({', '.join('?' * len(table.columns))})"
    if dialect.name != "sqlite":
        columns = ", ".join(f"%s::{column.type.compile(dialect)}[]" for column in table.columns)
        values = f"SELECT * FROM unnest({columns})"  # noqa: S608  # our own tables
    return f"INSERT INTO {table.name} {values} ON CONFLICT DO NOTHING"


def insert_rows(connection: sa.Connection, rows: Rows, rule: Rule = Rule()) -> int:  # frozen
    """Add the rows that are not there yet; how many. Those that are learn their session's own name and project."""
    kind = rows.kind
    contents = [rule.apply(kind, told) for told in rows.told]
    numbers = [number_of(tuple(content.values())) for content in contents]
    about = dict(zip(numbers, contents, strict=True))
    insert_new(connection, kind.about, ((number, *about[number].values()) for number in sorted(about)))
    series_of = np.array([kind.series(content) for content in contents], np.int64)
    columns = {
        **rows.numbers,
        "series": series_of[rows.which],
        kind.time: rows.time,
        kind.about.name: np.array(numbers, np.int64)[rows.which],
    }
    order = np.lexsort((rows.time, columns["series"]))  # in the table's own order, so that it grows at its end
    told = {column.name: plain_numbers(columns[column.name][order]) for column in kind.rows.columns}
    new = insert_new(connection, kind.rows, zip(*told.values(), strict=True))
    named = {
        series
        for series, content in zip(series_of.tolist(), contents, strict=True)
        if content["session"] is not None and content["session"] != hidden(content["session"])
    }
    if named:
        _name_sessions(connection, kind, told, named)
    return new


def _name_sessions(connection: sa.Connection, kind: Kind, told: Mapping[str, list[Any]], named: set[int]) -> None:
    """Give the content of these rows to those that others have told of, who call the session by its hidden name."""
    poor = kind.about.c.session.like("s-%")
    known = {kind.series(dict(row)) for row in connection.execute(sa.select(kind.about).where(poor)).mappings()} & named
    if not known:
        return
    key = [column.name for column in kind.rows.primary_key.columns]
    rows = [
        {f"of_{name}": told[name][at] for name in (*key, kind.about.name)}
        for at, series in enumerate(told["series"])
        if series in known
    ]
    of_others = sa.exists().where(kind.about.c.id == kind.number, poor)
    changed = kind.rows.update().where(*(kind.rows.c[name] == sa.bindparam(f"of_{name}") for name in key), of_others)
    connection.execute(changed.values({kind.about.name: sa.bindparam(f"of_{kind.about.name}")}), rows)


# --- out ---


def read_frame(
    connection: sa.Connection,
    kind: Kind,
    about: Conditions = (),
    times: Conditions = (),
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The rows that match, sorted by time; then readings by account, limit (the account's own first) and slot.

    *about* are conditions on the table of what repeats, *times* on the rows; *labels* says by key (for want of one by
    name) what the accounts of readings are called.
    """
    query = sa.select(kind.number, kind.at, *(kind.rows.c[name] for name in kind.numbers)).where(*times)
    if about:
        query = query.where(kind.number.in_(sa.select(kind.about.c.id).where(*about)))
    # The driver's own cursor: a row of SQLAlchemy's costs as much as its values.
    cursor: Any = connection.execute(query).cursor
    parts = [_columns(kind, [])]
    while part := cursor.fetchmany(_READ_AT_ONCE):
        parts.append(_columns(kind, part))
    ids, time, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    contents = _frame_of_contents(connection, kind)
    place = contents.index.get_indexer(ids)
    if (place < 0).any():
        raise ValueError
    ties = reversed(columns) if kind is TURNS else ()  # readings of one series differ in time
    order = np.lexsort((*ties, place, time))
    told = contents.take(place[order])
    numbers = {name: column[order] for name, column in zip(kind.numbers, columns, strict=True)}
    values: dict[str, Any] = {name: told[name].array for name in told} | numbers | {kind.time: moments(time[order])}
    if kind is READINGS:
        reset, time = numbers["reset_at"], time[order]
        wait = np.where(reset == MISSING, MISSING, reset - time)
        values |= {"reset_at": moments(reset), "resets_in": wait.view("m8[us]")}
        who = told["account_key"].fillna(told["account"]).map(labels or {})
        values["account"] = who.astype("str").fillna(told["account"]).array
    # Nobody else holds these columns: pandas need not copy them.
    series = {name: pd.Series(values[name], dtype=dtype, copy=False) for name, dtype in kind.columns.items()}
    return pd.DataFrame(series, copy=False)


def moments(numbers: Integers) -> pd.DatetimeIndex:
    """Microseconds since 1970 as times in UTC."""
    return pd.DatetimeIndex(numbers.view("M8[us]"), tz="UTC")


def _columns(kind: Kind, rows: Sequence[Sequence[Any]]) -> list[Column]:
    """The driver's rows of such a query as columns: number of the content, time, numbers."""
    floats = [False, False, *(kind.columns[name] == "float64" for name in kind.numbers)]
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(floats)
    return [_column(values, real=real) for values, real in zip(columns, floats, strict=True)]


def _column(values: Sequence[Any], *, real: bool) -> Column:
    if not real and None in values:
        values = [MISSING if value is None else value for value in values]
    return np.array(values, np.float64 if real else np.int64)


def _frame_of_contents(connection: sa.Connection, kind: Kind) -> pd.DataFrame:
    """What the numbers of contents stand for, in columns of the frame's dtypes, indexed by number, in order."""
    query = sa.select(kind.about.c.id, *(kind.about.c[name] for name in kind.told))
    rows = sorted(
        map(tuple, connection.execute(query)), key=lambda row: _order(kind, dict(zip(kind.told, row[1:], strict=True)))
    )
    numbers, *columns = list(zip(*rows, strict=True)) or [()] * (1 + len(kind.told))
    told: dict[str, Any] = {}
    values: Sequence[Any]
    for name, values in zip(kind.told, columns, strict=True):
        dtype = kind.columns[name]
        if dtype in {"boolean", "bool"}:
            none = None if dtype == "boolean" else False
            values = [none if value is None else _TRUTHS[value] for value in values]  # noqa: PLW2901  # as in the frame
        told[name] = pd.array(list(values), dtype=dtype)
    return pd.DataFrame(told, index=pd.Index(np.array(numbers, np.int64)))


def _order(kind: Kind, told: Mapping[str, Any]) -> tuple[Any, ...]:
    if kind is TURNS:
        return tuple(value or "" for value in told.values())
    limit = told["limit"] or ""
    texts = [told[name] or "" for name in ("slot", "window", "origin", "session")]
    return (told["account_key"] or "", limit != "codex", limit.startswith("spend:"), limit, *texts)
