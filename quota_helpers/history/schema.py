"""The tables, their version, and how an older file becomes a newer one.

Version 1 kept one flat row per reading and one compressed body per reply. Version 2 writes what repeats only once: who
and which window it is (`series`), what seldom changes (`facts`), whose turn it was (`sources`), and a body by its
content. A reading then takes about 40 bytes, and a million of them read back in seconds.
"""

# ruff: noqa: S608 - the names of tables and columns are ours; what comes from outside is always bound

from __future__ import annotations

import sqlite3
import zlib
from typing import Final

from .bodies import keep_body

SCHEMA_VERSION: Final = 2
APPLICATION_ID: Final = 0x71684973
"""Stands in the file's header ("qhIs"), so that another program's database is never taken for ours."""

MISSING_TIME: Final = -(2**63)
"""What pandas and numpy call NaT, as an integer; in the file it is NULL."""

SERIES: Final = ("account_key", "limit_id", "window_name", "slot", "origin", "session")
_OLD_FACTS: Final = ("account", "plan", "window_seconds", "state", "allowed", "limit_reached", "name_inferred")
FACTS: Final = (*_OLD_FACTS, "limit_name", "reached_type", "blocked")
SOURCES: Final = ("session", "account_key", "model")

# NULLs are distinct to a UNIQUE index; quote() makes them one value that no text equals, ifnull() does it for numbers.
_AS_KEY: Final = {"window_seconds": "ifnull({0}, '')"}


def as_key(column: str, value: str) -> str:
    """The SQL expression under which *value* (a column or `?`) of *column* stands in a unique index."""
    return _AS_KEY.get(column, "quote({0})").format(value)


def _index(table: str, columns: tuple[str, ...]) -> str:
    return f"CREATE UNIQUE INDEX {table}_key ON {table} ({', '.join(as_key(name, name) for name in columns)})"


# Times are whole microseconds since 1970, UTC. Turns of one session can share a time, so the counts are part of their
# key. The view is for people who open the file with another tool.
_TABLES: Final = (
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY, account_key TEXT, limit_id TEXT, window_name TEXT, slot TEXT, origin TEXT, session TEXT
    )""",
    _index("series", SERIES),
    """CREATE TABLE facts (
        id INTEGER PRIMARY KEY, account TEXT, plan TEXT, window_seconds REAL, state TEXT,
        allowed INTEGER, limit_reached INTEGER, name_inferred INTEGER, limit_name TEXT, reached_type TEXT, blocked TEXT
    )""",
    _index("facts", FACTS),
    """CREATE TABLE windows (
        series INTEGER NOT NULL, fetched_at INTEGER NOT NULL, facts INTEGER NOT NULL,
        used_percent REAL, remaining_percent REAL, reset_at INTEGER,
        PRIMARY KEY (series, fetched_at)
    ) WITHOUT ROWID""",
    "CREATE TABLE sources (id INTEGER PRIMARY KEY, session TEXT, account_key TEXT, model TEXT)",
    _index("sources", SOURCES),
    """CREATE TABLE tokens (
        source INTEGER NOT NULL, time INTEGER NOT NULL, input INTEGER NOT NULL, cached_input INTEGER NOT NULL,
        output INTEGER NOT NULL, reasoning INTEGER NOT NULL, total INTEGER NOT NULL,
        PRIMARY KEY (source, time, input, cached_input, output, reasoning, total)
    ) WITHOUT ROWID""",
    "CREATE TABLE bodies (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL)",
    "CREATE TABLE replies (fetched_at INTEGER NOT NULL, body INTEGER NOT NULL, account TEXT, account_key TEXT)",
    "CREATE UNIQUE INDEX replies_key ON replies (fetched_at, body, quote(account_key), quote(account))",
    "CREATE INDEX replies_body ON replies (body)",
    """CREATE VIEW readings AS SELECT
        facts.account, series.account_key, facts.plan, series.limit_id, series.window_name, series.slot, used_percent,
        remaining_percent, reset_at, facts.window_seconds, facts.state, facts.allowed, facts.limit_reached,
        facts.reached_type, facts.blocked, facts.name_inferred, facts.limit_name, series.origin, fetched_at,
        series.session
    FROM windows JOIN series ON series.id = windows.series JOIN facts ON facts.id = windows.facts""",
)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of the current version in an empty database, inside the caller's transaction."""
    _make_tables(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Bring a file of an older *version* to the current one, inside the caller's transaction."""
    if version == 1:
        _from_1_to_2(connection)


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _from_1_to_2(connection: sqlite3.Connection) -> None:
    for table in ("windows", "tokens", "bodies"):
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    _make_tables(connection)
    for table, columns, old in (
        ("series", SERIES, "old_windows"),
        ("facts", _OLD_FACTS, "old_windows"),
        ("sources", SOURCES, "old_tokens"),
    ):
        names = ", ".join(columns)
        connection.execute(f"INSERT INTO {table} ({names}) SELECT DISTINCT {names} FROM {old}")
    connection.execute(
        f"""INSERT OR IGNORE INTO windows
            SELECT series.id, fetched_at, facts.id, used_percent, remaining_percent, reset_at FROM old_windows AS old
            JOIN series ON {_same("series", SERIES)} JOIN facts ON {_same("facts", _OLD_FACTS)}
            ORDER BY series.id, fetched_at"""
    )
    counts = ", ".join(f"ifnull({name}, 0)" for name in ("input", "cached_input", "output", "reasoning", "total"))
    connection.execute(
        f"INSERT OR IGNORE INTO tokens SELECT sources.id, time, {counts}"
        f" FROM old_tokens AS old JOIN sources ON {_same('sources', SOURCES)}"
    )
    rows = connection.execute("SELECT fetched_at, account, account_key, data FROM old_bodies ORDER BY fetched_at")
    for fetched_at, account, account_key, data in rows:
        keep_body(connection, zlib.decompress(data), fetched_at, account, account_key)
    for table in ("windows", "tokens", "bodies"):
        connection.execute(f"DROP TABLE old_{table}")


def _same(table: str, columns: tuple[str, ...]) -> str:
    return " AND ".join(f"{as_key(name, f'{table}.{name}')} = {as_key(name, f'old.{name}')}" for name in columns)
