"""The history: snapshots and session logs kept in SQLite, each reading once."""

from .exchange import BadLine
from .record import History, default_path
from .results import Added, Imported
from .rows import FRAME_COLUMNS, TOKEN_COLUMNS
from .schema import SCHEMA_VERSION

__all__ = [
    "FRAME_COLUMNS",
    "SCHEMA_VERSION",
    "TOKEN_COLUMNS",
    "Added",
    "BadLine",
    "History",
    "Imported",
    "default_path",
]
