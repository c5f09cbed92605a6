"""The tables, their version, and how they are made, the same in SQLite and on a PostgreSQL server.

A reading repeats nearly all it says, so what seldom changes is kept once (`facts`; for turns `sources`) under a number
that follows from its content: whoever writes it, on whatever machine, finds the same number without asking. The same
holds for `series`, the number of what tells two readings of one moment apart. Times are whole microseconds since 1970.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from ..sessions.table import TOKEN_COLUMNS as _TURN_COLUMNS
from ..sessions.table import WINDOW_COLUMNS

SCHEMA_VERSION: Final = 5
"""The first that is released."""

APPLICATION_ID: Final = 0x71684973
"""Stands in an SQLite file's header ("qhIs"), so that another program's database is never taken for ours."""

FRAME_COLUMNS: Final[dict[str, str]] = WINDOW_COLUMNS | {"machine": "str"}
"""Columns of `History.frame`, name -> dtype: those of a session's readings, and which machine kept it."""

TOKEN_COLUMNS: Final[dict[str, str]] = dict(_TURN_COLUMNS)
"""Columns of `History.tokens`, name -> dtype: those of session logs."""

FORECAST_COLUMNS: Final[dict[str, str]] = {
    "asked_at": "datetime64[us, UTC]",  # it was made of the readings until then
    **dict.fromkeys(("account", "account_key", "limit", "window"), "str"),
    **dict.fromkeys(("seed", "paths"), "int64"),
    "version": "str",  # of the program that made it
    "used_percent": "float64",
    "reset_at": "datetime64[us, UTC]",
    **dict.fromkeys(("p_exhausted", "p_exhausted_refills"), "float64"),
    **dict.fromkeys(("used_p10", "used_p50", "used_p90"), "float64"),
    **dict.fromkeys(("used_refills_p10", "used_refills_p50", "used_refills_p90"), "float64"),
    "exhausted_p50": "datetime64[us, UTC]",
    "budget_per_day": "float64",
    "calibrated": "bool",
    "verdict": "str",
}
"""Columns of `History.forecasts`, name -> dtype: when and from what a forecast was made, and what it said."""

COUNTS: Final = tuple(name for name, dtype in TOKEN_COLUMNS.items() if dtype == "int64")
NUMBERS: Final = ("used_percent", "remaining_percent", "reset_at")
FACTS: Final = tuple(
    name for name in FRAME_COLUMNS if name not in {*NUMBERS, "fetched_at", "resets_in"}
)  # resets_in follows from reset_at and fetched_at
SOURCES: Final = tuple(name for name in TOKEN_COLUMNS if name not in {*COUNTS, "time"})
SHARED_BY: Final = "shared_by"
"""Column of what repeats: the folder of another machine that it was read from; none: it was put in here."""

_TURN_KEY: Final = ("input", "cached_input", "output", "reasoning", "total")
_TYPES: Final[dict[str, type[sa.types.TypeEngine[Any]]]] = {
    "str": sa.Text,
    "float64": sa.Double,
    "int64": sa.BigInteger,
    "datetime64[us, UTC]": sa.BigInteger,
    "boolean": sa.SmallInteger,
    "bool": sa.SmallInteger,
}
_HIDDEN: Final = re.compile(r"s-[0-9a-f]{16}")
_LOCK: Final = 0x71684973  # of a server: alone with it while tables are made or rows go, together while rows come

METADATA: Final = sa.MetaData()


def _number(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=False, autoincrement=False)


def _dimension(name: str, columns: Sequence[str], dtypes: dict[str, str]) -> sa.Table:
    told = [sa.Column(column, _TYPES[dtypes[column]]) for column in columns]
    return sa.Table(name, METADATA, _number("id", key=True), *told, sa.Column(SHARED_BY, sa.Text))


facts = _dimension("facts", FACTS, FRAME_COLUMNS)
readings = sa.Table(
    "readings",
    METADATA,
    _number("series", key=True),
    _number("fetched_at", key=True),
    _number("facts"),
    sa.Column("used_percent", sa.Double),
    sa.Column("remaining_percent", sa.Double),
    sa.Column("reset_at", sa.BigInteger),
    sqlite_with_rowid=False,
)
sources = _dimension("sources", SOURCES, TOKEN_COLUMNS)
# Turns of one session can share a time, so the counts are part of their key.
turns = sa.Table(
    "turns",
    METADATA,
    _number("series", key=True),
    _number("time", key=True),
    *(_number(name, key=True) for name in _TURN_KEY),
    _number("sources"),
    *(_number(name) for name in COUNTS if name not in _TURN_KEY),
    sqlite_with_rowid=False,
)
bodies = sa.Table("bodies", METADATA, _number("id", key=True), sa.Column("data", sa.LargeBinary, nullable=False))
replies = sa.Table(
    "replies",
    METADATA,
    _number("id", key=True),
    _number("fetched_at"),
    _number("body"),
    sa.Column("account", sa.Text),
    sa.Column("account_key", sa.Text),
)
# What is shown again within the hour was shown once.
forecasts = sa.Table(
    "forecasts",
    METADATA,
    _number("series", key=True),
    _number("hour", key=True),
    *(sa.Column(name, _TYPES[dtype]) for name, dtype in FORECAST_COLUMNS.items()),
    sqlite_with_rowid=False,
)
# What the shared folder's files were like when they were last read or written.
shared_files = sa.Table(
    "shared_files",
    METADATA,
    sa.Column("file", sa.Text, primary_key=True),
    _number("size"),
    _number("changed"),  # nanoseconds, as the file system has it
    sa.Column("wrong", sa.Text),  # why it was left out
    sa.Column("holds", sa.Text),  # of one's own: a sum over the rows that were written
)
about = sa.Table("about", METADATA, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))


def number_of(content: Sequence[Any] | bytes) -> int:
    """The number under which a content is kept: 64 bits of its hash.

    >>> number_of(["ada", None]) == number_of(("ada", None)) != number_of(["ada", "None"])
    True
    """
    data = content if isinstance(content, bytes) else json.dumps(list(content)).encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def hidden(session: str) -> str:
    """A one-way name for a session, the same wherever it is made and made of itself: what leaves this machine has it.

    >>> hidden("0199-a") == hidden(hidden("0199-a")), hidden("0199-a").startswith("s-")
    (True, True)
    """
    if _HIDDEN.fullmatch(session):
        return session
    return f"s-{hashlib.sha256(session.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What is kept as rows: readings, or turns of session logs.

    Attributes:
        name: "reading" or "turn".
        rows: The table of its rows.
        about: The table of what repeats in them, each content once.
        time: The column of its time.
        columns: Columns of its frame, name -> dtype.
        told: Those of *about*.
        numbers: Those of *rows*, but for the time.
        apart: Those of *about* that tell apart what one session or account says at one moment.
    """

    name: Literal["reading", "turn"]
    rows: sa.Table
    about: sa.Table
    time: str
    columns: Mapping[str, str]
    told: tuple[str, ...]
    numbers: tuple[str, ...]
    apart: tuple[str, ...] = ()

    @property
    def at(self) -> sa.Column[int]:
        """The column of the time."""
        return self.rows.c[self.time]

    @property
    def number(self) -> sa.Column[int]:
        """The column of the rows that says which content of *about* is theirs."""
        return self.rows.c[self.about.name]

    def series(self, told: Mapping[str, Any]) -> int:
        """The number of what tells rows of one moment apart.

        Of a session log it is the session: whose it was may be found out later. Else it is the account's key, or for
        want of one its name.
        """
        key = told["account_key"]
        if told["session"] is not None:
            who = [hidden(told["session"])]
        elif self.name == "turn":
            who = ["of", key]
        else:
            who = ["named", told["account"]] if key is None else [key]
        return number_of([*who, *(told[name] for name in self.apart)])


READINGS: Final = Kind(
    "reading", readings, facts, "fetched_at", FRAME_COLUMNS, FACTS, NUMBERS, ("limit", "window", "slot", "origin")
)
TURNS: Final = Kind("turn", turns, sources, "time", TOKEN_COLUMNS, SOURCES, COUNTS)
KINDS: Final = (READINGS, TURNS)


def version_of(connection: sa.Connection) -> int:
    """The version of the tables; 0: there are none yet."""
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if not sa.inspect(connection).has_table(about.name):
        return 0
    return int(connection.scalar(sa.select(sa.func.max(about.c.version))) or 0)


def make_tables(connection: sa.Connection) -> None:
    """Make what is not there yet, inside the caller's transaction."""
    lock(connection, alone=True)
    if version_of(connection):
        return  # another kernel was faster
    METADATA.create_all(connection)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    else:
        connection.execute(about.insert(), {"version": SCHEMA_VERSION})


def lock(connection: sa.Connection, *, alone: bool) -> None:
    """On a server, wait for whoever makes tables or removes rows; a file is locked as a whole already."""
    if connection.dialect.name != "sqlite":
        function = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        connection.execute(sa.select(function(_LOCK)))
