"""What the server really said, field by field: tables, comparison, drift, replay, and test cases of odd bodies.

Pure, but for `save_case`, which writes files; the clock is never read.
"""

from .case import save_case
from .compare import FieldComparison, compare_fields
from .drift import DRIFT_COLUMNS, find_drift
from .explain import field_rows
from .field_rows import STATUSES, FieldRow, FieldRows
from .field_table import TABLE_COLUMNS, field_table
from .header_table import HEADER_COLUMNS, header_table
from .replay import REPLAY_COLUMNS, replay
from .schema import SCHEMA_COLUMNS, schema_drift
from .shapes import Shape, shape_of

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
