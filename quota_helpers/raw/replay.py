"""Stored bodies through another table of spellings: what reads differently."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from ..bodies import BodySource, bodies_of, walk
from ..fields import ALIASES, Aliases
from ..models import RawReply
from .field_table import objects
from .reading import read_body

REPLAY_COLUMNS: Final = (
    "source",
    "account",
    "fetched_at",
    "read_as",
    "change",
    "before",
    "after",
    "path_before",
    "path_after",
)
"""Columns of `replay`; an empty frame keeps them all."""


def replay(
    bodies: BodySource, aliases: Aliases = ALIASES, *, baseline: Aliases = ALIASES, everything: bool = False
) -> pd.DataFrame:
    """Bodies read by today's rules with two tables of spellings: one row for each value that differs.

    Columns: `source` (the body's name), `account`, `fetched_at`, `read_as` (`codex.weekly.used_percent`), `change`
    ("new", "lost", "value", "path", "same"), `before` and `after` (what *baseline* and *aliases* read; None for
    nothing), `path_before` and `path_after` (JSON paths; "" for nothing). A value that is read twice under one name
    has one row for each time.

    Args:
        bodies: A collection, replies, payloads, history.bodies(), text, a path; or a mapping or list of them.
        aliases: The table to try, for example `ALIASES.extended({"used_percent": ["pct"]})`.
        baseline: The table to compare with.
        everything: Also list what both read alike.

    Raises:
        BodyError: It is no such thing, or a body is nested deeper than 500 levels.

    >>> odd = {"rate_limit": {"primary_window": {"pct": 31, "limit_window_seconds": 18000}}}
    >>> found = replay(odd, ALIASES.extended({"used_percent": ["pct"]}))
    >>> found[["read_as", "change", "after"]].to_numpy().tolist()
    [['codex.five_hour.used_percent', 'new', 31.0]]
    """
    rows = [
        row
        for body in bodies_of(bodies)
        for row in _rows(body, aliases, baseline)
        if everything or row[REPLAY_COLUMNS.index("change")] != "same"
    ]
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) if rows else [()] * len(REPLAY_COLUMNS)
    frame = pd.DataFrame({name: objects(list(column)) for name, column in zip(REPLAY_COLUMNS, columns, strict=True)})
    return frame.astype({"fetched_at": "datetime64[us, UTC]"})


def _rows(body: RawReply, aliases: Aliases, baseline: Aliases) -> list[tuple[Any, ...]]:
    for _ in walk(body.payload):
        pass  # refuses a body that is nested too deeply before a reader recurses into it
    before, after = (_values(body, table) for table in (baseline, aliases))
    rows = []
    for name, number in dict.fromkeys([*before, *after]):
        old, old_path = before.get((name, number), (None, ""))
        new, new_path = after.get((name, number), (None, ""))
        if (name, number) not in before:
            change = "new"
        elif (name, number) not in after:
            change = "lost"
        else:
            change = "value" if old != new else "path" if old_path != new_path else "same"
        rows.append((body.name, body.account, body.fetched_at, name, change, old, new, old_path, new_path))
    return rows


def _values(body: RawReply, aliases: Aliases) -> dict[tuple[str, int], tuple[Any, str]]:
    """(name, number among those of that name, from 0) -> (value, path)."""
    found: dict[tuple[str, int], tuple[Any, str]] = {}
    for (name, path), value in read_body(body.payload, body.fetched_at, aliases).values().items():
        number = 0
        while (name, number) in found:
            number += 1
        found[name, number] = (value, path)
    return found
