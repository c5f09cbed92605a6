"""The raw fields of one body as a DataFrame."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from ..bodies import BodySource, body_of
from ..fields import ALIASES, Aliases
from .explain import field_rows
from .field_rows import FieldRows
from .show import Mask

TABLE_COLUMNS: Final = ("path", "type", "value", "read_as", "rule", "status", "why", "meaning")
"""Columns of `field_table`; an empty body keeps them all."""
_MASKED: Final = ("path", "read_as", "rule", "why")
# Those in which texts of the body can stand, besides the value; a key can be an address, too.


def field_table(
    payload: BodySource,
    *,
    fetched_at: datetime | None = None,
    aliases: Aliases = ALIASES,
    reveal: bool = False,
) -> pd.DataFrame:
    """One row per leaf, array and object of a body: where it stands, what was sent, and which number it became.

    Columns: `path` (JSON path), `type` (JSON's name), `value` (as sent; of an object or array how much it holds; None
    for null), `read_as` (`codex.weekly.used_percent`, "" where nothing), `rule` (in words), `status` ("read", "known
    but unused", "unknown", "ignored", "broken"), `why`, `meaning` (from the catalogue of known fields).

    >>> table = field_table({"plan_type": "plus", "email": "ada@example.com"})
    >>> table[["path", "value", "read_as"]].to_numpy().tolist()
    [['$', '{2 members}', ''], ['$.plan_type', 'plus', 'plan'], ['$.email', 'ad...@example.com', '']]

    Args:
        payload: Any JSON value, a reply, a stored body, response headers as a dict, text, or a path.
        fetched_at: When the server said so (aware); see `field_rows` for what counts without one.
        aliases: The table of spellings.
        reveal: Show e-mail addresses, and ids of people and accounts, which are masked wherever they stand.

    Raises:
        BodyError: The body is nested deeper than 500 levels, or there is none, or several.
        ValueError: *fetched_at* has no time zone.
    """
    body = body_of(payload)
    return table_of(field_rows(body, fetched_at=fetched_at, aliases=aliases), Mask(body.content, reveal=reveal))


def table_of(rows: FieldRows, mask: Mask) -> pd.DataFrame:
    """The same from rows that are there already."""
    columns = {name: rows.columns[name] for name in TABLE_COLUMNS}
    columns["value"] = list(map(mask.value, columns["path"], columns["value"]))
    for name in _MASKED:
        columns[name] = list(map(mask.text, columns[name]))
    return pd.DataFrame({name: objects(values) for name, values in columns.items()}, copy=False)


def objects(values: list[Any]) -> pd.Series:
    """A column of Python objects as they are: nothing is converted, so 1 stays 1 beside None, and "1" stays text."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object, copy=False)
