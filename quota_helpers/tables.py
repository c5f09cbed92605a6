"""Rows as a frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd


def frame_of(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows under the named columns, each in its dtype; an empty frame keeps them all.

    Args:
        rows: Column -> value; what is absent in a row is missing.
        columns: Name -> dtype; of dtype "object" a value stays what it is.

    >>> frame_of([{"day": "2026-11-22"}], {"day": "str", "tokens": "Int64"}).dtypes.astype(str).to_dict()
    {'day': 'str', 'tokens': 'Int64'}
    """
    table = list(rows)
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in table], dtype=dtype) for name, dtype in columns.items()}
    )
