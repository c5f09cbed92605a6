"""The raw fields of one body as a DataFrame."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from ..fields import ALIASES, Aliases
from .body import body_of
from .explain import field_rows
from .identities import Clean, cleaner, private_texts
from .rows import FieldRows

TABLE_COLUMNS: Final = ("path", "type", "value", "read_as", "rule", "status", "why", "meaning")
"""Columns of `field_table`; an empty body keeps them all."""
CLEANED: Final = ("path", "value", "read_as", "rule", "why")
"""Those in which texts of the body can stand; a key can be an address, too."""


def field_table(
    payload: Any,
    *,
    fetched_at: datetime | None = None,
    aliases: Aliases = ALIASES,
    reveal: bool = True,
) -> pd.DataFrame:
    """One row per leaf, array and object of a body: where it stands, what was sent, and which number it became.

    Columns: `path` (JSON path), `type` (JSON's name), `value` (as sent; None for objects, arrays and null), `read_as`
    (`codex.weekly.used_percent`, "" where nothing), `rule` (in words), `status` ("read", "known but unused",
    "unknown", "ignored", "broken"), `why`, `meaning` (from the catalogue of known fields).

    Args:
        payload: Any JSON value, a reply, a stored body, or response headers as a dict.
        fetched_at: When the server said so (aware); see `field_rows` for what counts without one.
        aliases: The table of spellings.
        reveal: False masks e-mail addresses, and ids of people and accounts, wherever they stand: keys included.

    Raises:
        BodyError: The body is nested deeper than 500 levels.
        ValueError: *fetched_at* has no time zone.
    """
    rows = field_rows(payload, fetched_at=fetched_at, aliases=aliases, reveal=reveal)
    return table_of(rows, None if reveal else cleaner(private_texts(body_of(payload).payload), reveal=False))


def table_of(rows: FieldRows, clean: Clean | None = None) -> pd.DataFrame:
    """The same from rows that are there already, every text of the body as *clean* shows it."""
    columns = {name: rows.columns[name] for name in TABLE_COLUMNS}
    if clean is not None:
        for name in CLEANED:
            columns[name] = [clean(item) if type(item) is str else item for item in columns[name]]
    return pd.DataFrame({name: objects(values) for name, values in columns.items()}, copy=False)


def objects(values: list[Any]) -> pd.Series:
    """A column of Python objects as they are: nothing is converted, so 1 stays 1 beside None, and "1" stays text."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object, copy=False)
