"""The history: snapshots and session logs kept in SQLite or on a server, each reading once."""

from .exchange import Added, Imported
from .history import History, default_path
from .lines import SkippedLine
from .opening import Keeping, delete_history, keep_history, keeping, open_history, own_history, share_history
from .schema import FRAME_COLUMNS, SCHEMA_VERSION, TOKEN_COLUMNS

__all__ = [
    "FRAME_COLUMNS",
    "SCHEMA_VERSION",
    "TOKEN_COLUMNS",
    "Added",
    "History",
    "Imported",
    "Keeping",
    "SkippedLine",
    "default_path",
    "delete_history",
    "keep_history",
    "keeping",
    "open_history",
    "own_history",
    "share_history",
]
