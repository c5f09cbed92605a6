"""The table of spellings, and typed readers that remember the JSON path they read.

`ALIASES` says which keys mean what; `to_number`, `to_instant` and their like turn one JSON value into one Python value
or say what they expected; `Fields` joins both for one JSON object; `Log` gathers what was odd.
"""

from .aliases import ALIASES, SLOTS, SPEND_KINDS, WINDOW_FIELDS, Aliases, fold
from .reader import (
    Fields,
    Issue,
    Log,
    MismatchError,
    to_boolean,
    to_count,
    to_decimal,
    to_instant,
    to_instant_ms,
    to_minutes,
    to_number,
    to_pair,
    to_percent,
    to_remaining,
    to_seconds,
    to_text,
    type_name,
)

__all__ = [
    "ALIASES",
    "SLOTS",
    "SPEND_KINDS",
    "WINDOW_FIELDS",
    "Aliases",
    "Fields",
    "Issue",
    "Log",
    "MismatchError",
    "fold",
    "to_boolean",
    "to_count",
    "to_decimal",
    "to_instant",
    "to_instant_ms",
    "to_minutes",
    "to_number",
    "to_pair",
    "to_percent",
    "to_remaining",
    "to_seconds",
    "to_text",
    "type_name",
]
