"""Rows on their way in and out, column by column: no row ever becomes a dict.

In the database a reading is numbers. What its `facts` stand for repeats so much that both ways cost little more than
the numbers themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ..frames import Integers, micros
from ..privacy import hide_tokens, mask_identity
from ..times import MISSING
from .schema import FACTS, KINDS, NUMBERS, READINGS, SHARED_BY, TURNS, Kind, hidden, number_of

_IDENTIFYING: Final = frozenset({"account_key", "session"})
_TRUTHS: Final = {0: False, 1: True}
_CHUNK: Final = 5_000  # rows held as objects at once

Objects = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings or turns, what repeats in them told once.

    Attributes:
        kind: Which of the two.
        told: The distinct contents: values in the order of `kind.told`, None where missing.
        which: Of each row the place of its content.
        time: Of each row, in microseconds since 1970.
        numbers: The columns of `kind.numbers`, name -> values, None where missing; times in microseconds.
    """

    kind: Kind
    told: Sequence[Sequence[Any]]
    which: Integers
    time: Integers
    numbers: Mapping[str, Objects]

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: conditions on the table of what repeats, and on the times of the rows."""

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
    """Add the rows that are not there yet; how many. Those that are learn sessions and projects (`_fill`)."""
    kind = rows.kind
    contents = [rule.apply(kind, told) for told in rows.told]
    plain = [tuple(content.values()) for content in contents]
    numbers = [number_of(content) for content in plain]
    about = sorted({(number, *content) for number, content in zip(numbers, plain, strict=True)}, key=itemgetter(0))
    insert_new(connection, kind.about, about)
    series_of = [kind.series(content) for content in contents]
    series = np.array(series_of, np.int64)[rows.which]
    columns = {
        **rows.numbers,
        "series": series,
        kind.time: rows.time,
        kind.about.name: np.array(numbers, np.int64)[rows.which],
    }
    order = np.lexsort((rows.time, series))  # in the table's own order, so that it grows at its end
    told = {column.name: columns[column.name][order].tolist() for column in kind.rows.columns}
    new = insert_new(connection, kind.rows, zip(*told.values(), strict=True))
    if fuller := _fuller(connection, kind, zip(series_of, contents, strict=True)):
        becomes = [fuller.get(place, {}) for place in rows.which[order].tolist()]
        _fill(connection, kind, becomes, {column.name: told[column.name] for column in kind.rows.primary_key.columns})
    return new


def _fuller(
    connection: sa.Connection, kind: Kind, contents: Iterable[tuple[int, Mapping[str, Any]]]
) -> dict[int, dict[int, int]]:
    """Place of a content -> what is kept of its series and lacks its session's own name or project -> that with them.

    A copy that was made for others lacks them; what else it says, and who said it, stays.
    """
    tells = {at: told for at, told in enumerate(contents) if private_content(told[1]) != told[1]}
    if not tells:
        return {}
    lacks = [kind.about.c.session.like("s-%")]
    if "project" in kind.told:
        lacks.append(kind.about.c.project.is_(None))
    poor: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(sa.select(kind.about).where(sa.or_(*lacks))).mappings():
        poor.setdefault(kind.series(row), []).append(dict(row))
    found: dict[int, dict[int, int]] = {}
    new: dict[int, tuple[Any, ...]] = {}
    for at, (series, content) in tells.items():
        for known in poor.get(series, ()):
            full = _filled({name: value for name, value in known.items() if name != "id"}, content)
            number = number_of(tuple(full.values()))
            if number != known["id"]:
                new[number] = (number, *full.values())
                found.setdefault(at, {})[known["id"]] = number
    insert_new(connection, kind.about, [new[number] for number in sorted(new)])
    return found


def _filled(known: dict[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """A content with the session's own name and the project of another of its series, where it lacks them."""
    session = content["session"]
    if session is not None and known["session"] == hidden(session):
        known["session"] = session
    if "project" in known and known["project"] is None:
        known["project"] = content["project"]
    return known


def _fill(
    connection: sa.Connection, kind: Kind, becomes: Sequence[Mapping[int, int]], key: Mapping[str, list[Any]]
) -> None:
    """Give rows that are kept their fuller content: for each what its content may be and then becomes, and its key."""
    changed = kind.rows.update().where(
        *(kind.rows.c[name] == sa.bindparam(f"of_{name}") for name in key), kind.number == sa.bindparam("poor")
    )
    rows = [
        {"poor": poor, "full": full} | {f"of_{name}": values[at] for name, values in key.items()}
        for at, pairs in enumerate(becomes)
        for poor, full in pairs.items()
    ]
    if rows:
        connection.execute(changed.values({kind.about.name: sa.bindparam("full")}), rows)


def rows_of(kind: Kind, frame: pd.DataFrame) -> Rows:
    """The rows of a frame like `History.frame`'s or `.tokens`'; columns without which a row is one may be missing.

    Raises:
        ValueError: A row has no time.
    """
    time = micros(frame[kind.time])
    if (time == MISSING).any():
        raise ValueError(f"row {int((time == MISSING).argmax())} has no {kind.time}")
    codes, firsts = _distinct(frame, kind.told)
    told = zip(*(plain_values(frame, name, kind.about, firsts) for name in kind.told), strict=True)
    return Rows(kind, list(told), codes, time, _percents(frame) if kind is READINGS else _counts(kind, frame))


def or_none(column: Objects, missing: np.ndarray[Any, np.dtype[np.bool_]]) -> Objects:
    """The values of a column, None where they are missing."""
    values = column.astype(object)
    values[missing] = None
    return values


def _percents(frame: pd.DataFrame) -> dict[str, Objects]:
    used, remaining, reset_at = NUMBERS
    percents = {
        name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in (used, remaining) if name in frame
    }
    percents.setdefault(remaining, np.maximum(0.0, np.round(100.0 - percents[used], 9)))
    reset = micros(frame[reset_at])
    told = {name: or_none(percents[name], ~np.isfinite(percents[name])) for name in (used, remaining)}
    return told | {reset_at: or_none(reset, reset == MISSING)}


def _counts(kind: Kind, frame: pd.DataFrame) -> dict[str, Objects]:
    return {
        name: frame[name].to_numpy(dtype=np.int64, na_value=0) if name in frame else np.zeros(len(frame), np.int64)
        for name in kind.numbers
    }


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


def kept_rows(
    connection: sa.Connection, where: Callable[[Kind], Sequence[sa.ColumnElement[bool]]], most: int
) -> Iterator[Rows]:
    """Everything that matches, in parts of at most so many rows with one content each, in an order of its own."""
    for kind in KINDS:
        contents = {row[0]: tuple(row[1:]) for row in connection.execute(_contents(kind))}
        query = sa.select(kind.number, kind.at, *(kind.rows.c[name] for name in kind.numbers))
        query = query.join_from(kind.rows, kind.about, kind.about.c.id == kind.number).where(*where(kind))
        cursor: Any = connection.execute(query.order_by(kind.number, *kind.rows.primary_key.columns)).cursor
        for number, group in groupby(cursor, key=itemgetter(0)):
            while part := list(islice(group, most)):
                _, time, *columns = (np.array(column, object) for column in zip(*part, strict=True))
                numbers = dict(zip(kind.numbers, columns, strict=True))
                yield Rows(kind, [contents[number]], np.zeros(len(part), np.int64), time.astype(np.int64), numbers)


def read_readings(connection: sa.Connection, wanted: Wanted, labels: Mapping[str, str]) -> pd.DataFrame:
    """The readings that match, sorted by time, then account, limit (the account's own first) and slot.

    Args:
        connection: Inside a transaction.
        wanted: Which.
        labels: What the accounts are called, by key, for want of one by name.
    """
    facts, time, told = _read(connection, READINGS, wanted, [np.float64, np.float64, np.int64], _reading_order)
    reset = told["reset_at"]
    wait = np.where(reset == MISSING, MISSING, reset - time)
    who = facts["account_key"].fillna(facts["account"])
    facts["account"] = who.map(labels).astype("str").fillna(facts["account"])
    return _frame(READINGS, facts, {**told, "fetched_at": moments(time), "reset_at": moments(reset),
                                    "resets_in": wait.view("m8[us]")})  # fmt: skip


def read_turns(connection: sa.Connection, wanted: Wanted) -> pd.DataFrame:
    """The turns that match, sorted by time, then session."""
    sources, time, counts = _read(connection, TURNS, wanted, [np.int64] * len(TURNS.numbers), _source_order)
    return _frame(TURNS, sources, {**counts, "time": moments(time)})


def moments(numbers: Integers) -> pd.DatetimeIndex:
    """Microseconds since 1970 as times in UTC."""
    return pd.DatetimeIndex(numbers.view("M8[us]"), tz="UTC")


def _frame(kind: Kind, told: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.DataFrame:
    columns = {name: told[name].array for name in told} | dict(numbers)
    # Nobody else holds these columns: pandas need not copy them.
    series = {name: pd.Series(columns[name], dtype=dtype, copy=False) for name, dtype in kind.columns.items()}
    return pd.DataFrame(series, copy=False)


def _read(
    connection: sa.Connection,
    kind: Kind,
    wanted: Wanted,
    dtypes: Sequence[type],
    order: Callable[[Sequence[Any]], tuple[Any, ...]],
) -> tuple[pd.DataFrame, Integers, dict[str, Objects]]:
    """What repeats, the times and the numbers of the rows that are wanted, by time and then by *order*."""
    query = sa.select(kind.number, kind.at, *(kind.rows.c[name] for name in kind.numbers)).where(*wanted.times)
    if wanted.facts:
        query = query.where(kind.number.in_(sa.select(kind.about.c.id).where(*wanted.facts)))
    all_dtypes = (np.int64, np.int64, *dtypes)
    parts: list[list[Objects]] = [[np.empty(0, dtype)] for dtype in all_dtypes]
    # The driver's own cursor: a row of SQLAlchemy's costs as much as its values.
    cursor: Any = connection.execute(query).cursor
    while rows := cursor.fetchmany(_CHUNK):
        for part, values, dtype in zip(parts, zip(*rows, strict=True), all_dtypes, strict=True):
            part.append(_array(values, dtype))
    ids, time, *numbers = (np.concatenate(part) for part in parts)
    told = _dimension(connection, kind, order)
    at = told.index.get_indexer(ids)
    if (at < 0).any():
        raise ValueError
    ties = reversed(numbers) if kind is TURNS else ()  # readings of one series differ in time
    by = np.lexsort((*ties, at, time))
    return told.take(at[by]), time[by], {name: column[by] for name, column in zip(kind.numbers, numbers, strict=True)}


def _array(values: Sequence[Any], dtype: type) -> Objects:
    if dtype is np.int64 and None in values:
        values = [MISSING if value is None else value for value in values]
    return np.array(values, dtype)


def _contents(kind: Kind) -> sa.Select[Any]:
    return sa.select(kind.about.c.id, *(kind.about.c[name] for name in kind.told))


def _dimension(
    connection: sa.Connection, kind: Kind, order: Callable[[Sequence[Any]], tuple[Any, ...]]
) -> pd.DataFrame:
    """What the numbers of contents stand for, in columns of the frame's dtypes, indexed by number, in *order*."""
    rows = sorted((tuple(row) for row in connection.execute(_contents(kind))), key=order)
    numbers, *columns = list(zip(*rows, strict=True)) or [()] * (1 + len(kind.told))
    index = pd.Index(np.array(numbers, np.int64))
    told = {}
    for name, values in zip(kind.told, columns, strict=True):
        dtype = kind.columns[name]
        if dtype in {"boolean", "bool"}:
            none = None if dtype == "boolean" else False
            values = tuple(none if value is None else _TRUTHS[value] for value in values)  # noqa: PLW2901  # as in the frame
        told[name] = pd.Series(list(values), index=index, dtype=dtype)
    return pd.DataFrame(told, index=index)


def _reading_order(row: Sequence[Any]) -> tuple[Any, ...]:
    told = dict(zip(FACTS, row[1:], strict=True))
    limit = told["limit"] or ""
    texts = [told[name] or "" for name in ("slot", "window", "origin", "session")]
    return (told["account_key"] or "", limit != "codex", limit.startswith("spend:"), limit, *texts)


def _source_order(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple(value or "" for value in row[1:])
