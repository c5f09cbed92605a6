"""What the server really said, field by field: tables, comparison, drift, replay, and test cases of odd bodies.

Pure, but for `save_case`, which writes files; the clock is never read.
"""

from .case import save_case
from .compare import compare_fields
from .drift import find_drift, schema_drift
from .explain import STATUSES, FieldRows, field_rows, field_table
from .header_table import header_table
from .replay import replay

__all__ = [
    "STATUSES",
    "FieldRows",
    "compare_fields",
    "field_rows",
    "field_table",
    "find_drift",
    "header_table",
    "replay",
    "save_case",
    "schema_drift",
]
