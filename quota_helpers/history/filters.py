"""What was asked for, as the WHERE part of a query and the values bound to it."""

# ruff: noqa: S608 - the names of tables and columns are ours; what comes from outside is always bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..labels import Names, listed
from ..times import Moment, micros, moment
from .rows import clean_text


def micros_of(when: Moment, what: str) -> int:
    """Whole microseconds since 1970 of a moment in any form.

    Raises:
        TypeError, ValueError: As `times.moment`.
    """
    return micros(moment(when, name=what))


@dataclass(frozen=True, slots=True)
class Who:
    """The accounts that are meant: by key, and by name where a row has no key."""

    keys: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def find(cls, connection: sqlite3.Connection, accounts: Sequence[str]) -> Who:
        """Names and keys as keys: an account that was renamed is found whole under either name."""
        names = tuple(clean_text(account, "account") for account in accounts)
        keys = {clean_text(account, "account_key") for account in accounts}
        rows = connection.execute(
            f"""SELECT account_key FROM series WHERE id IN (SELECT DISTINCT series FROM windows
                    WHERE facts IN (SELECT id FROM facts WHERE account IN ({_marks(names)})))
                UNION SELECT account_key FROM replies WHERE account IN ({_marks(names)})""",
            (*names, *names),
        )
        return cls(tuple(sorted(keys | {key for (key,) in rows if key is not None})), names)

    def of_windows(self) -> tuple[str, list[Any]]:
        """The condition on the table of readings."""
        return (
            f"""(series IN (SELECT id FROM series WHERE account_key IN ({_marks(self.keys)}))
                OR (series IN (SELECT id FROM series WHERE account_key IS NULL)
                    AND facts IN (SELECT id FROM facts WHERE account IN ({_marks(self.names)}))))""",
            [*self.keys, *self.names],
        )

    def of_tokens(self) -> tuple[str, list[Any]]:
        """The condition on the table of turns, which know keys only."""
        return f"source IN (SELECT id FROM sources WHERE account_key IN ({_marks(self.keys)}))", [*self.keys]

    def of_replies(self) -> tuple[str, list[Any]]:
        """The condition on the table of bodies."""
        return (
            f"(account_key IN ({_marks(self.keys)}) OR (account_key IS NULL AND account IN ({_marks(self.names)})))",
            [*self.keys, *self.names],
        )


def where(
    *conditions: tuple[str, list[Any]],
    time: str,
    since: datetime | None,
    until: datetime | None,
) -> tuple[str, list[Any]]:
    """All conditions together; *time* is the column that *since* (included) and *until* (excluded) are about."""
    parts = list(conditions)
    if since is not None:
        parts.append((f"{time} >= ?", [micros_of(since, "since")]))
    if until is not None:
        parts.append((f"{time} < ?", [micros_of(until, "until")]))
    if not parts:
        return "", []
    return "WHERE " + " AND ".join(part for part, _ in parts), [value for _, values in parts for value in values]


def of_series(column: str, names: Names) -> list[tuple[str, list[Any]]]:
    """The condition that *column* of a reading's series is one of the names; none for None."""
    wanted = listed(names)
    if wanted is None:
        return []
    return [(f"series IN (SELECT id FROM series WHERE {column} IN ({_marks(wanted)}))", [*wanted])]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
