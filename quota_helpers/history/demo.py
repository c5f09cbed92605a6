"""The demo's month as a history and as session logs: invented, the same in every run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..invented import T0
from ..invented.codex_home import write_codex_home
from ..invented.history import demo_snapshots
from ..outcomes import Collection
from ..sessions import SessionLogs, read_sessions
from .history import History


def demo_history() -> History:
    """A history in memory with thirty days of five demo accounts: readings every 20 minutes, and ada's session logs.

    It ends 20 minutes before the demo's first collect, whose readings join on: `history.add(demo().collect())`.
    What really happened in it is written down in `quota_helpers.invented.truth`.
    """
    history = History.in_memory(clock=lambda: T0)
    history.add(Collection(snapshots=demo_snapshots(), fetched_at=T0))
    history.add_sessions(demo_sessions())
    return history


def demo_sessions() -> SessionLogs:
    """Session logs of the demo account ada, read from a Codex home that is written for it and removed again."""
    with tempfile.TemporaryDirectory(prefix="quota-demo-") as folder:
        write_codex_home(Path(folder))
        logs = read_sessions(folder, cache=False, workers=1, progress=lambda _done, _all: None)
        logs.machine = "demo"
        _ = logs.windows, logs.tokens  # made while the logs are there
    return logs
