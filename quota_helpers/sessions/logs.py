"""What the logs gave: two frames, whose they are, and what could not be read.

Sessions that name nobody can be claimed for an account by who reads them: said once, for one Codex home, reversibly.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..labels import choose
from ..models import Account
from ..privacy import printable
from ..settings import change_setting, setting
from ..times import micros
from .table import Table

if TYPE_CHECKING:
    import pandas as pd

    from .frames import Frames

_CLAIMS: Final = "claimed_sessions"
BORROWED: Final = (
    "A session is counted as whoever's began it: when somebody else goes on with it under another login, its file does "
    "not say so. Readings whose reset is that of another account's window are marked doubtful"
)


class Claim(msgspec.Struct, frozen=True):
    """The sessions that name nobody and had begun by then (microseconds since 1970) are this account's."""

    account_key: str
    until: int


class SessionLogs:
    """Codex's own session logs, read.

    Attributes:
        home: The Codex home they lie in.
        files: How many logs were looked at.
        bytes: Their size.
        machine: What this machine is called in `tokens`.
        skipped: One text for each log or folder that could not be read.
        notes: What else was odd: lines that could not be read, turns left out, a parent whose log is missing.
    """

    def __init__(
        self,
        table: Table,
        *,
        home: Path,
        files: int,
        size: int,
        machine: str,
        find_names: Callable[[], Mapping[str, str]],
        since: datetime | None = None,
        claim: Claim | None = None,
        skipped: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.home, self.files, self.bytes, self.machine = home, files, size, machine
        self.skipped = tuple(map(printable, skipped))
        self.notes = tuple(map(printable, notes))
        self._table, self._find_names, self._claim = table, find_names, claim
        self._since = None if since is None else micros(since)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Every reading of every window, by time, with the columns of `WINDOW_COLUMNS`.

        `account_key` is of whoever began the session, "unattributed" where the log does not say; `account` is the
        label of that login where it is one of this machine. Another provider's readings have a key of their own.
        `limit` matters: readings of several limits alternate within a second.
        """
        return self._frames.windows()

    @cached_property
    def tokens(self) -> pd.DataFrame:
        """What each turn spent, by time, with the columns of `TOKEN_COLUMNS`.

        `cached_input` and `cache_write` are parts of `input`, `reasoning` of `output`; `total` is the server's sum.
        """
        return self._frames.tokens()

    def claim(self, account: Account | str | None) -> SessionLogs:
        """The same logs, with the sessions that name nobody counted as this account's: "these are mine".

        It is remembered for this Codex home, for sessions that had begun by now; `claim(None)` takes it back.

        Args:
            account: A login, its label or its key.

        Raises:
            ValueError: There is no such login on this machine; the message lists them.
            SettingsError: It cannot be remembered.
        """
        claim = None
        if account is not None:
            known = {key: [label] for key, label in self._names.items()}
            key = account.key if isinstance(account, Account) else choose(account, known)[0]
            claim = Claim(key, max((state.begun or 0 for state in self._table.states), default=0))
        remember(self.home, claim)
        again = copy(self)
        again.__dict__["_claim"] = claim
        for made in ("windows", "tokens", "_frames"):
            again.__dict__.pop(made, None)
        return again

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return self._find_names()

    @cached_property
    def _frames(self) -> Frames:
        from .frames import Frames  # noqa: PLC0415  # pandas is loaded when somebody asks for a frame

        states = self._table.states
        claim = self._claim
        claimed = {
            number: claim.account_key
            for number, state in enumerate(states)
            if claim is not None and state.key is None and (state.begun or 0) <= claim.until
        }
        named = any(state.key for state in states)
        return Frames(
            self._table,
            since=self._since,
            names=self._names if named or claimed else {},
            claimed=claimed,
            machine=self.machine,
        )

    def __repr__(self) -> str:
        odd = f", {len(self.skipped)} unreadable" if self.skipped else ""
        return (
            f"SessionLogs({self.files:,} logs, {self.bytes / 1e6:,.1f} MB{odd}: {len(self.windows):,} readings, "
            f"{len(self.tokens):,} turns)"
        )

    def _repr_html_(self) -> str:
        times = self.windows["fetched_at"]
        span = "" if times.empty else f" from {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d}"
        doubtful = int(self.windows["doubtful"].sum())
        remarks = [*self.skipped, *self.notes, f"{BORROWED}: {doubtful:,}."]
        return (
            f"<p><b>{self.files:,} session logs</b> ({self.bytes / 1e6:,.1f} MB): {len(self.windows):,} readings"
            f"{span}, {len(self.tokens):,} turns.</p>"
            f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in remarks)}</ul>"
        )


def claim_of(home: Path) -> Claim | None:
    """What was said of this Codex home; None: nothing, or nothing that can be read."""
    try:
        return msgspec.convert(_all().get(_place(home)), Claim | None)
    except msgspec.ValidationError:
        return None


def remember(home: Path, claim: Claim | None) -> None:
    """Say so from now on; None takes it back.

    Raises:
        SettingsError: It cannot be remembered.
    """
    rest = {place: kept for place, kept in _all().items() if place != _place(home)}
    new = {} if claim is None else {_place(home): msgspec.to_builtins(claim)}
    change_setting(_CLAIMS, rest | new or None)


def _all() -> dict[str, Any]:
    known = setting(_CLAIMS)
    return known if isinstance(known, dict) else {}


def _place(home: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:16]
