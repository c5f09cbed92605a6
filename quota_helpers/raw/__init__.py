"""What the server really said, field by field: tables, comparison, drift, replay, and bodies safe to paste.

Pure, but for `read_bodies` and `save_case`, which read and write files; the clock is never read.
"""

from .body import Body, BodySource, bodies_of, body_of
from .case import save_case
from .catalogue import Catalogue, KnownField, catalogue
from .compare import FieldComparison, compare_fields
from .drift import DRIFT_COLUMNS, find_drift
from .explain import field_rows
from .header_table import HEADER_COLUMNS, header_table
from .paths import steps_of, value_at, walk
from .read import read_bodies
from .redact import Pseudonyms, redact, redact_headers
from .replay import REPLAY_COLUMNS, replay
from .rows import STATUSES, FieldRow, FieldRows
from .search import FieldSearch, row_changes
from .shapes import Shape, shape_of
from .table import TABLE_COLUMNS, field_table, table_of

__all__ = [
    "DRIFT_COLUMNS",
    "HEADER_COLUMNS",
    "REPLAY_COLUMNS",
    "STATUSES",
    "TABLE_COLUMNS",
    "Body",
    "BodySource",
    "Catalogue",
    "FieldComparison",
    "FieldRow",
    "FieldRows",
    "FieldSearch",
    "KnownField",
    "Pseudonyms",
    "Shape",
    "bodies_of",
    "body_of",
    "catalogue",
    "compare_fields",
    "field_rows",
    "field_table",
    "find_drift",
    "header_table",
    "read_bodies",
    "redact",
    "redact_headers",
    "replay",
    "row_changes",
    "save_case",
    "shape_of",
    "steps_of",
    "table_of",
    "value_at",
    "walk",
]
