"""All that was read of one Codex home: its files, their rows as bytes, and the columns of the frames made of them.

Neither numpy nor pandas is loaded here: reading begins before they are.
"""

from __future__ import annotations

import os
from typing import Final

import msgspec

from ..models import COLUMNS
from .events import NO_CONTEXT, NO_LIMIT, Context, LimitName, State
from .find import LogFile

UNATTRIBUTED: Final = "unattributed"
"""Whose session it was is not written in logs before late 2026; nobody who is signed in now gets the credit."""

OWN_PROVIDER: Final = "openai"
"""What `provider` says of one's own limits; older logs do not say it, and mean it."""

WINDOW_COLUMNS: Final[dict[str, str]] = COLUMNS | {
    "session": "str",
    "provider": "str",  # whose service answered; what is not "openai" is a series of its own
    "doubtful": "bool",  # the reset is that of another account's window: somebody else went on with the session
}
"""Columns of the windows frame, name -> dtype: the tidy frame's, and three more."""

TOKEN_COLUMNS: Final[dict[str, str]] = {
    "time": "datetime64[us, UTC]",  # when the answer had ended
    "session": "str",
    "account_key": "str",
    "provider": "str",  # whose service answered: "openai", or the name of another; missing: older logs do not say
    "model": "str",  # as the session names it, at the latest afterwards; missing: it does not
    "effort": "str",  # of reasoning, as asked for; missing: the model's own
    "project": "str",  # the last part of the folder that the session worked in
    "client": "str",  # which program began the session, and its version
    "machine": "str",  # the label that was set for this machine, else a random id; never the host's name
    "input": "int64",  # tokens, the cached ones included
    "cached_input": "int64",
    "cache_write": "int64",  # tokens of the input that were written to the cache
    "output": "int64",  # tokens, reasoning included
    "reasoning": "int64",
    "total": "int64",
}
"""Columns of the tokens frame, name -> dtype."""


class OddWindow(msgspec.Struct, array_like=True):
    """One window or cap of a line that `normalize` read; a time that is None is not known."""

    file: int
    seq: int
    time: int
    limit: int
    slot: str | None = None
    window: str | None = None
    inferred: bool = False
    allowed: bool | None = None
    reached: bool | None = None
    reached_type: str | None = None
    blocked: str | None = None
    used: float | None = None
    seconds: float | None = None
    reset: int | None = None


class Table(msgspec.Struct, array_like=True):
    """Everything known of the logs of one Codex home.

    Attributes:
        names: The files' names as bytes, in the order of their numbers.
        sizes: Their bytes when they were read.
        mtimes: Their times of change, nanoseconds.
        states: Where reading each file stands.
        contexts: What the numbers of contexts in the rows stand for.
        limits: What the numbers of limits stand for.
        odd: The windows of lines in an unusual form.
        rows: `events.ROW` after `events.ROW`, by file and seq.
        flags: A byte for each row: what of it counts (`owners.READING`, `owners.TURN`).
    """

    names: list[bytes] = []
    sizes: list[int] = []
    mtimes: list[int] = []
    states: list[State] = []
    contexts: list[Context] = msgspec.field(default_factory=lambda: [NO_CONTEXT])
    limits: list[LimitName] = msgspec.field(default_factory=lambda: [NO_LIMIT])
    odd: list[OddWindow] = []
    rows: bytes = b""
    flags: bytes = b""

    def holds(self, number: int, log: LogFile) -> bool:
        """Whether a file was read to the size and time that it has now."""
        return self.sizes[number] == log.size and self.mtimes[number] == log.mtime_ns

    def unchanged(self, logs: list[LogFile]) -> bool:
        """Whether these very files were read already, to the size and time they have now."""
        names = [os.fsencode(log.name) for log in logs]
        return self.names == names and all(map(self.holds, range(len(logs)), logs))
