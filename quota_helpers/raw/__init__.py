"""What the server really said, field by field: tables, comparison, drift, replay, and test cases of odd bodies.

Pure, but for `save_case`, which writes files; the clock is never read.
"""

from .case import save_case
from .compare import FieldComparison, Shape, compare_fields, shape_of
from .drift import DRIFT_COLUMNS, SCHEMA_COLUMNS, find_drift, schema_drift
from .field_table import STATUSES, TABLE_COLUMNS, FieldRow, FieldRows, field_rows, field_table
from .header_table import HEADER_COLUMNS, header_table
from .replay import REPLAY_COLUMNS, replay

__all__ = [
    "DRIFT_COLUMNS",
    "HEADER_COLUMNS",
    "REPLAY_COLUMNS",
    "SCHEMA_COLUMNS",
    "STATUSES",
    "TABLE_COLUMNS",
    "FieldComparison",
    "FieldRow",
    "FieldRows",
    "Shape",
    "compare_fields",
    "field_rows",
    "field_table",
    "find_drift",
    "header_table",
    "replay",
    "save_case",
    "schema_drift",
    "shape_of",
]
