"""What the logs gave: two frames, and what could not be read."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from html import escape
from pathlib import Path

import pandas as pd  # noqa: TC002  # the properties' types stay importable

from ..privacy import printable
from ..times import micros
from .frames import tokens_frame, turns_of, windows_frame, windows_of
from .table import Table


class SessionLogs:
    """Codex's own session logs, read.

    Attributes:
        home: The Codex home they lie in.
        files: How many logs were looked at.
        bytes: Their size.
        complete: False when reading was stopped before the end.
        skipped: One text for each log or folder that could not be read.
        notes: What else was odd: lines that could not be read, a cache that could not be kept.
    """

    def __init__(
        self,
        table: Table,
        *,
        home: Path,
        files: int,
        size: int,
        since: datetime | None = None,
        complete: bool = True,
        skipped: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.home = home
        self.files = files
        self.bytes = size
        self.complete = complete
        self.skipped = tuple(map(printable, skipped))
        self.notes = tuple(map(printable, notes))
        self._table = table
        self._since = None if since is None else micros(since)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Every reading of every window, by time: the columns of `COLUMNS`, plus `session`.

        `account_key` is of whoever began the session, "unattributed" where the log does not say. `limit` matters:
        readings of several limits alternate within a second.
        """
        return windows_frame(self._table, windows_of(self._table, self._since))

    @cached_property
    def tokens(self) -> pd.DataFrame:
        """What each turn spent, by time: time, session, account_key, model, and counts of tokens.

        `cached_input` is part of `input`, `reasoning` of `output`; `total` is the server's sum.
        """
        return tokens_frame(self._table, turns_of(self._table, self._since))

    def __repr__(self) -> str:
        odd = f", {len(self.skipped)} unreadable" if self.skipped else ""
        return (
            f"SessionLogs({self.files:,} logs, {self.bytes / 1e6:,.1f} MB{odd}: {len(self.windows):,} readings, "
            f"{len(self.tokens):,} turns{'' if self.complete else '; stopped before the end'})"
        )

    def _repr_html_(self) -> str:
        times = self.windows["fetched_at"]
        span = "" if times.empty else f" from {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d}"
        remarks = "".join(f"<li>{escape(text)}</li>" for text in (*self.skipped, *self.notes))
        return (
            f"<p><b>{self.files:,} session logs</b> ({self.bytes / 1e6:,.1f} MB): {len(self.windows):,} readings"
            f"{span}, {len(self.tokens):,} turns{'' if self.complete else ', stopped before the end'}.</p>"
            + (f"<ul>{remarks}</ul>" if remarks else "")
        )
