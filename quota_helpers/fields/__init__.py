"""The table of spellings, and typed readers that remember the JSON path they read.

`aliases` says which keys mean what; in `reader`, `to_number`, `to_instant` and their like turn one JSON value into one
Python value or say what they expected, `Fields` joins both for one JSON object, and `Log` gathers what was odd.
`catalogue` says what each known field means.
"""

from .aliases import ALIASES, Aliases

__all__ = ["ALIASES", "Aliases"]
