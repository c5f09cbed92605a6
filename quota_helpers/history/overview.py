"""Who and how much is kept: the accounts with their labels, and the numbers that a history says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ..labels import Names, account_labels, choose, listed
from ..privacy import mask_identity
from ..times import from_micros
from .rows import clean_text, moments
from .schema import KINDS, READINGS, forecasts, replies

ACCOUNT_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "readings": "int64",
    "turns": "int64",
    "first": "datetime64[us, UTC]",
    "last": "datetime64[us, UTC]",
}
"""Columns of `History.accounts`, name -> dtype."""


def who(table: sa.Table) -> sa.ColumnElement[str]:
    """By what rows of *table* are told apart: the account's key, for want of one its name, for want of both "?"."""
    names = [table.c[name] for name in ("account_key", "account") if name in table.c]
    return sa.func.coalesce(*names, "?")


@dataclass(slots=True)
class KeptAccount:
    """One account, and how much of it is kept; times in microseconds, names with the latest last."""

    key: str | None
    first: int
    last: int
    rows: dict[str, int] = field(default_factory=lambda: {kind.name: 0 for kind in KINDS})
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Overview:
    """All that is kept: `accounts` by key (for want of one by name) in the order in which they appeared."""

    accounts: Mapping[str, KeptAccount]
    bodies: int

    @classmethod
    def read(cls, connection: sa.Connection) -> Overview:
        """Counted anew."""
        found: dict[str, KeptAccount] = {}
        for kind, id_, key, name, rows, first, last in sorted(_spans(connection), key=lambda row: row[-1]):
            account = found.setdefault(id_, KeptAccount(key, first, last))
            account.first, account.last = min(account.first, first), max(account.last, last)
            account.rows[kind] += rows
            if name is not None and name != key:  # session logs know the key only
                account.names = [*(known for known in account.names if known != name), name]
        order = sorted(found, key=lambda id_: (found[id_].first, (found[id_].names or [id_])[-1]))
        bodies = connection.scalar(sa.select(sa.func.count()).select_from(replies)) or 0
        return cls({id_: found[id_] for id_ in order}, bodies)

    @cached_property
    def labels(self) -> dict[str, str]:
        """What each is called: by its latest name, numbered where two would be called the same."""
        names = {id_: account.names[-1] if account.names else account.key for id_, account in self.accounts.items()}
        return account_labels(names, mask_identity)

    def chosen(self, names: Names) -> list[str]:
        """The accounts that are meant by labels, names (also earlier ones) or keys; None for all.

        Raises:
            ValueError: One is not there, or several are called so: the message lists their keys.
        """
        known = {id_: [self.labels[id_], *reversed(account.names)] for id_, account in self.accounts.items()}
        wanted = listed(names)
        return choose(wanted and [name if name in known else clean_text(name, "account") for name in wanted], known)

    def exactly(self, account: str) -> str:
        """The one account that has this key or this label, letter for letter.

        Raises:
            ValueError: None has; the message lists labels with their keys.
        """
        for id_, label in self.labels.items():
            if account in (id_, label):
                return id_
        there = ", ".join(f"{label} (key {id_})" for id_, label in self.labels.items()) or "none"
        raise ValueError(f"No account has the key or the exact label {account!r}. There are: {there}.")

    def frame(self) -> pd.DataFrame:
        """One row per account, with `ACCOUNT_COLUMNS`."""
        rows = [
            (self.labels[id_], one.key, *one.rows.values(), one.first, one.last) for id_, one in self.accounts.items()
        ]
        frame = pd.DataFrame(rows, columns=list(ACCOUNT_COLUMNS))
        ends = {name: moments(frame[name].to_numpy(np.int64)) for name in ("first", "last")}
        return frame.assign(**ends).astype(ACCOUNT_COLUMNS)

    def told(self) -> dict[str, str]:
        """What there is, for people: name -> how much."""
        everybody = self.accounts.values()
        counts = {f"{kind.name}s": sum(account.rows[kind.name] for account in everybody) for kind in KINDS}
        counts |= {"bodies": self.bodies, "accounts": len(everybody)}
        told = {name: f"{count:,}" for name, count in counts.items()}
        if everybody:
            first, last = min(account.first for account in everybody), max(account.last for account in everybody)
            told["time"] = f"{from_micros(first):%Y-%m-%d %H:%M} to {from_micros(last):%Y-%m-%d %H:%M} UTC"
        return told


def said(size: int) -> str:
    """A size in bytes for people.

    >>> said(900), said(2_000_000)
    ('900 B', '1.9 MiB')
    """
    power = max(0, min(3, (size.bit_length() - 1) // 10))
    return f"{size / 1024**power:.1f} {('KiB', 'MiB', 'GiB')[power - 1]}" if power else f"{size} B"


def _spans(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    """(kind, who, key, name, rows, first, last) of everything that was kept under one number."""
    for kind in KINDS:
        ends = sa.func.count().label("rows"), sa.func.min(kind.at).label("first"), sa.func.max(kind.at).label("last")
        part, told = sa.select(kind.number.label("number"), *ends).group_by(kind.number).subquery(), kind.about
        name = told.c.account if kind is READINGS else sa.null()
        query = sa.select(who(told), told.c.account_key, name, part.c.rows, part.c.first, part.c.last)
        for row in connection.execute(query.join_from(part, told, told.c.id == part.c.number)):
            yield kind.name, *row


def erase(connection: sa.Connection, account: str) -> int:
    """Remove every row about this account, names included; how many readings, turns, bodies and forecasts."""
    removed = 0
    for kind in KINDS:
        about = sa.select(kind.about.c.id).where(who(kind.about) == account)
        removed += connection.execute(kind.rows.delete().where(kind.number.in_(about))).rowcount
        connection.execute(kind.about.delete().where(who(kind.about) == account))
    for table in (replies, forecasts):
        removed += connection.execute(table.delete().where(who(table) == account)).rowcount
    return removed
