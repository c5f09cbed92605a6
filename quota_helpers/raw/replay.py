"""Stored bodies through another table of spellings: what reads differently."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from ..bodies import BodySource, bodies_of, walk
from ..fields import ALIASES, Aliases
from ..models import RawReply
from ..normalize import trace_body
from ..tables import frame_of

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


def replay(bodies: BodySource, aliases: Aliases = ALIASES, *, everything: bool = False) -> pd.DataFrame:
    """Bodies read by today's rules with the built-in table of spellings and another: one row per value that differs.

    Columns: `source` (the body's name), `account`, `fetched_at`, `read_as` (`codex.weekly.used_percent`), `change`
    ("new", "lost", "value", "path", "same"), `before` and `after` (what the built-in table and *aliases* read; None
    for nothing), `path_before` and `path_after` (JSON paths; "" for nothing). A value that is read twice under one name
    has one row for each time.

    Args:
        bodies: A collection, replies, payloads, history.bodies(), text, a path; or a mapping or list of them.
        aliases: The table to try, for example `ALIASES.extended({"used_percent": ["pct"]})`.
        everything: Also list what both read alike.

    Raises:
        BodyError: It is no such thing, or a body is nested deeper than 500 levels.

    >>> odd = {"rate_limit": {"primary_window": {"pct": 31, "limit_window_seconds": 18000}}}
    >>> found = replay(odd, ALIASES.extended({"used_percent": ["pct"]}))
    >>> found[["read_as", "change", "after"]].to_numpy().tolist()
    [['codex.five_hour.used_percent', 'new', 31.0]]
    """
    rows = (row for body in bodies_of(bodies) for row in _rows(body, aliases))
    wanted = (row for row in rows if everything or row["change"] != "same")
    return frame_of(wanted, dict.fromkeys(REPLAY_COLUMNS, "object") | {"fetched_at": "datetime64[us, UTC]"})


def _rows(body: RawReply, aliases: Aliases) -> Iterator[dict[str, Any]]:
    for _ in walk(body.payload):
        pass  # refuses a body that is nested too deeply before a reader recurses into it
    source = {"source": body.name, "account": body.account, "fetched_at": body.fetched_at}
    before, after = (_values(body, table) for table in (ALIASES, aliases))
    for place in dict.fromkeys([*before, *after]):
        old, old_path = before.get(place, (None, ""))
        new, new_path = after.get(place, (None, ""))
        if place in before and place in after:
            change = "value" if old != new else "path" if old_path != new_path else "same"
        else:
            change = "lost" if place in before else "new"
        sides = {"before": old, "after": new, "path_before": old_path, "path_after": new_path}
        yield source | sides | {"read_as": place[0], "change": change}


def _values(body: RawReply, aliases: Aliases) -> dict[tuple[str, int], tuple[Any, str]]:
    """(name, number among those of that name, from 0) -> (value, path)."""
    found: dict[tuple[str, int], tuple[Any, str]] = {}
    trace = trace_body(body.payload, fetched_at=body.fetched_at, aliases=aliases)
    for (name, path), value in trace.values().items():
        number = 0
        while (name, number) in found:
            number += 1
        found[name, number] = (value, path)
    return found
