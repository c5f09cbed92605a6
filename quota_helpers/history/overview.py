"""What is kept, in numbers; and what must go with an account that is forgotten."""

# ruff: noqa: S608 - the names of tables and columns are ours; what comes from outside is always bound

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from ..times import from_micros
from .bodies import drop_orphans
from .filters import Who

ACCOUNT_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "readings": "int64",
    "turns": "int64",
    "first": "datetime64[us, UTC]",
    "last": "datetime64[us, UTC]",
}
"""Columns of `History.accounts`, name -> dtype."""

_KIB: Final = 1024
_ONE: Final = {"readings": "reading", "turns": "turn", "bodies": "body", "accounts": "account"}

_SPANS: Final = """
WITH spans AS (SELECT series AS id, count(*) AS readings, min(fetched_at) AS first, max(fetched_at) AS last
    FROM windows GROUP BY series)
SELECT facts.account, series.account_key, readings, 0, first, last FROM spans JOIN series USING (id)
    JOIN windows ON windows.series = spans.id AND windows.fetched_at = last JOIN facts ON facts.id = windows.facts
UNION ALL
SELECT NULL, sources.account_key, 0, count(*), min(time), max(time)
    FROM tokens JOIN sources ON sources.id = tokens.source GROUP BY sources.account_key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How much is kept, and of which time (microseconds since 1970; None: nothing)."""

    readings: int
    turns: int
    bodies: int
    accounts: int
    first: int | None
    last: int | None

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> Overview:
        """Counted anew."""
        accounts = accounts_frame(connection)
        (bodies,) = connection.execute("SELECT count(*) FROM replies").fetchone()
        first, last = (
            (int(accounts["first"].min().value) // 1000, int(accounts["last"].max().value) // 1000)
            if len(accounts)
            else (None, None)
        )
        return cls(
            readings=int(accounts["readings"].sum()),
            turns=int(accounts["turns"].sum()),
            bodies=bodies,
            accounts=len(accounts),
            first=first,
            last=last,
        )

    def told(self, size: int, *, table: bool) -> list[tuple[str, str]]:
        """(name, value) pairs for people; *size* in bytes."""
        counts = [
            ("readings", f"{self.readings:,}"),
            ("turns", f"{self.turns:,}"),
            ("bodies", f"{self.bodies:,}"),
            ("accounts", f"{self.accounts:,}"),
        ]
        if not table:
            counts = [(name if value != "1" else _ONE[name], value) for name, value in counts]
        span = [] if self.first is None or self.last is None else [("time" if table else "", self._span())]
        return [*counts, *span, ("size" if table else "", _bytes(size))]

    def _span(self) -> str:
        first, last = (from_micros(at or 0) for at in (self.first, self.last))
        return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _bytes(size: int) -> str:
    number, unit = float(size), "B"
    for bigger in ("KiB", "MiB", "GiB"):
        if number < _KIB:
            break
        number, unit = number / _KIB, bigger
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def accounts_frame(connection: sqlite3.Connection) -> pd.DataFrame:
    """One row per account, in the order in which they appeared."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for name, key, readings, turns, first, last in sorted(connection.execute(_SPANS), key=lambda row: row[-1]):
        row = found.setdefault((key,) if key is not None else (key, name), [None, key, 0, 0, first, last])
        row[0] = row[0] if name is None or (name == key and row[0]) else name  # the latest; logs know the key only
        row[2] += readings
        row[3] += turns
        row[4], row[5] = min(row[4], first), max(row[5], last)
    rows = sorted(found.values(), key=lambda row: row[4])
    for row in rows:
        row[4:] = map(from_micros, row[4:])
    return pd.DataFrame(
        {
            name: pd.Series([row[at] for row in rows], dtype=dtype)
            for at, (name, dtype) in enumerate(ACCOUNT_COLUMNS.items())
        }
    )


def names_by_key(connection: sqlite3.Connection) -> dict[str, str]:
    """Key -> latest name of every account that has both."""
    accounts = accounts_frame(connection)
    named = accounts[accounts["account_key"].notna() & (accounts["account"] != accounts["account_key"])].dropna()
    return dict(zip(named["account_key"], named["account"], strict=True))


def erase(connection: sqlite3.Connection, who: Who) -> int:
    """Remove every row about these accounts, names included; how many readings, turns and bodies."""
    removed = 0
    for table, (condition, values) in (
        ("windows", who.of_windows()),
        ("tokens", who.of_tokens()),
        ("replies", who.of_replies()),
    ):
        removed += connection.execute(f"DELETE FROM {table} WHERE {condition}", values).rowcount
    for table, user in (("series", "windows"), ("facts", "windows"), ("sources", "tokens")):
        column = "source" if table == "sources" else table
        connection.execute(f"DELETE FROM {table} WHERE id NOT IN (SELECT {column} FROM {user})")
    drop_orphans(connection)
    return removed
