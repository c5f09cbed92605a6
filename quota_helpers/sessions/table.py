"""All that was read of one Codex home: its files, their rows as bytes, and what the numbers in the rows stand for.

Neither numpy nor pandas is loaded here: reading begins before they are.
"""

from __future__ import annotations

import os

import msgspec

from .events import NO_CONTEXT, NO_LIMIT, Context, LimitName, State
from .find import LogFile


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
