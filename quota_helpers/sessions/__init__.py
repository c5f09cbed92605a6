"""Codex's own session logs, fast: every quota reading and every turn's tokens, as it logged them all along.

Layout: `find` lists the logs, `scan` finds the lines that matter, `lines` says what one line is and `events` what they
tell, `unpack` reads compressed logs, `worker` and `pool` share the work among processes, `merge` puts old and new
together into a `table`, `owners` tells copies from originals, `cache` keeps what was read, `frames` makes frames,
`logs` are the result, and say whose they are.
"""

from .find import logged
from .logs import SessionLogs
from .read import read_sessions
from .table import TOKEN_COLUMNS, UNATTRIBUTED, WINDOW_COLUMNS

__all__ = ["TOKEN_COLUMNS", "UNATTRIBUTED", "WINDOW_COLUMNS", "SessionLogs", "logged", "read_sessions"]
