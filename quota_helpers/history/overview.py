"""Who and how much is kept: the accounts with their labels, and the numbers that a history says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ..labels import Names, account_labels, choose, listed
from ..privacy import mask_identity
from ..times import from_micros
from .rows import clean_text, moments
from .schema import KINDS, READINGS, Kind, forecasts, replies

ACCOUNT_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "readings": "int64",
    "turns": "int64",
    "first": "datetime64[us, UTC]",
    "last": "datetime64[us, UTC]",
}
"""Columns of `History.accounts`, name -> dtype."""

_NOBODY: Final = "?"  # neither key nor name was told


def who(table: sa.Table) -> sa.ColumnElement[str]:
    """By what rows of *table* are told apart: the account's key, for want of one its name."""
    names = [table.c[name] for name in ("account_key", "account") if name in table.c]
    return sa.func.coalesce(*names, _NOBODY)


@dataclass(slots=True)
class KeptAccount:
    """One account, and how much of it is kept; times in microseconds.

    Attributes:
        key: Its key, or None.
        names: What it was called, the latest last.
    """

    key: str | None
    first: int
    last: int
    readings: int = 0
    turns: int = 0
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overview:
    """All that is kept: `accounts` by key (for want of one by name) in the order in which they appeared."""

    accounts: Mapping[str, KeptAccount]
    bodies: int

    @classmethod
    def read(cls, connection: sa.Connection) -> Overview:
        """Counted anew."""
        found: dict[str, KeptAccount] = {}
        for id_, key, name, rows, count, first, last in sorted(_spans(connection), key=lambda row: row[-1]):
            account = found.setdefault(id_, KeptAccount(key, first, last))
            account.first, account.last = min(account.first, first), max(account.last, last)
            account.readings += rows
            account.turns += count
            if name is not None and name != key:  # session logs know the key only
                account.names = [*(known for known in account.names if known != name), name]
        order = sorted(found, key=lambda id_: (found[id_].first, (found[id_].names or [id_])[-1]))
        bodies = connection.scalar(sa.select(sa.func.count()).select_from(replies)) or 0
        return cls({id_: found[id_] for id_ in order}, bodies)

    @property
    def labels(self) -> dict[str, str]:
        """What each is called: by its latest name, numbered where two would be called the same."""
        names = {id_: account.names[-1] if account.names else account.key for id_, account in self.accounts.items()}
        return account_labels(names, mask_identity)

    def chosen(self, names: Names) -> list[str] | None:
        """The accounts that are meant by labels, names (also earlier ones) or keys; None for all.

        Raises:
            ValueError: One is not there, or several are called so: the message lists their keys.
        """
        if names is None:
            return None
        labels = self.labels
        known = {id_: [labels[id_], *reversed(account.names)] for id_, account in self.accounts.items()}
        wanted = [name if name in known else clean_text(name, "account") for name in listed(names) or ()]
        return choose(wanted, known)

    def exactly(self, account: str) -> str:
        """The one account that has this key or this label, letter for letter.

        Raises:
            ValueError: None has; the message lists labels with their keys.
        """
        labels = self.labels
        for id_, label in labels.items():
            if account in (id_, label):
                return id_
        there = ", ".join(f"{label} (key {id_})" for id_, label in labels.items()) or "none"
        raise ValueError(f"No account has the key or the exact label {account!r}. There are: {there}.")

    def frame(self) -> pd.DataFrame:
        """One row per account, with `ACCOUNT_COLUMNS`."""
        rows = [(one.key, one.readings, one.turns, one.first, one.last) for one in self.accounts.values()]
        frame = pd.DataFrame(rows, columns=list(ACCOUNT_COLUMNS)[1:])
        frame.insert(0, "account", [self.labels[id_] for id_ in self.accounts])
        ends = {name: moments(frame[name].to_numpy(np.int64)) for name in ("first", "last")}
        return frame.assign(**ends).astype(ACCOUNT_COLUMNS)

    def told(self, size: int) -> list[tuple[str, str]]:
        """(name, value) pairs for people; *size* in bytes."""
        everybody = self.accounts.values()
        told = [
            ("readings", f"{sum(account.readings for account in everybody):,}"),
            ("turns", f"{sum(account.turns for account in everybody):,}"),
            ("bodies", f"{self.bodies:,}"),
            ("accounts", f"{len(everybody):,}"),
        ]
        if everybody:
            first, last = min(account.first for account in everybody), max(account.last for account in everybody)
            told.append(("time", f"{_day(first)} to {_day(last)} UTC"))
        return [*told, ("size", said(size))]


def said(size: int) -> str:
    """A size in bytes for people.

    >>> said(900), said(2_000_000)
    ('900 B', '1.9 MiB')
    """
    power = max(0, min(3, (size.bit_length() - 1) // 10))
    return f"{size / 1024**power:.1f} {('KiB', 'MiB', 'GiB')[power - 1]}" if power else f"{size} B"


def _day(at: int) -> str:
    return f"{from_micros(at):%Y-%m-%d %H:%M}"


def _spans(connection: sa.Connection) -> Sequence[Sequence[Any]]:
    """(who, key, name, readings, turns, first, last) of everything that was kept under one number."""
    found: list[Sequence[Any]] = []
    for kind in KINDS:
        span = sa.select(kind.number.label("number"), sa.func.count().label("rows"), *_ends(kind)).group_by(kind.number)
        part, none, told = span.subquery(), sa.literal(0), kind.about
        counts = (part.c.rows, none) if kind is READINGS else (none, part.c.rows)
        name = told.c.account if kind is READINGS else sa.null()
        query = sa.select(who(told), told.c.account_key, name, *counts, part.c.first, part.c.last)
        found += connection.execute(query.join_from(part, told, told.c.id == part.c.number)).all()
    return found


def _ends(kind: Kind) -> tuple[sa.Label[int], sa.Label[int]]:
    return sa.func.min(kind.at).label("first"), sa.func.max(kind.at).label("last")


def erase(connection: sa.Connection, accounts: Sequence[str]) -> int:
    """Remove every row about these accounts, names included; how many readings, turns, bodies and forecasts."""
    removed = 0
    for kind in KINDS:
        about = sa.select(kind.about.c.id).where(who(kind.about).in_(accounts))
        removed += connection.execute(kind.rows.delete().where(kind.number.in_(about))).rowcount
        connection.execute(kind.about.delete().where(who(kind.about).in_(accounts)))
    for table in (replies, forecasts):
        removed += connection.execute(table.delete().where(who(table).in_(accounts))).rowcount
    return removed
