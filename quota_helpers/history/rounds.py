"""Keep readings without a notebook: once, for cron and its like, or every few minutes in the foreground."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..errors import HistoryError, RateLimitedError
from ..outcomes import Collection
from ..sessions import read_sessions
from ..sources import Source
from .exchange import Added
from .history import History

LONGEST_PAUSE: Final = timedelta(hours=1)
"""However often the server says "too many requests": a longer pause is its own wish, or the pace."""

_JITTER: Final = 0.1  # share of the pause: many machines shall not ask in the same second
_LOOK_BACK: Final = timedelta(days=2)  # session logs: what is older has been kept by an earlier round
_MOST_WAITING: Final = 1_000  # runs that could not be written yet


@dataclass(frozen=True, slots=True)
class Round:
    """One reading of everything.

    Attributes:
        collection: What the server said.
        added: What of it and of the logs was new.
        error: Why it could not be written, or None; then it is tried again with the next round.
    """

    collection: Collection
    added: Added
    error: HistoryError | None = None

    def __str__(self) -> str:
        if self.error is not None:
            return f"not kept yet: {self.error}"
        told = f"{self.added.new_rows} new readings and {self.added.new_turns} new turns kept"
        return f"{told}, {len(self.collection.failures)} failed" if self.collection.failures else told


def rounds(
    source: Source,
    history: History,
    pace: timedelta,
    *,
    stop: threading.Event,
    chance: Callable[[], float] = random.random,
) -> Iterator[Round]:
    """Read the source into the history again and again until *stop* is set; the round that is going on is kept whole.

    What could not be written waits for the next round.

    Args:
        source: What is read.
        history: Where it is kept.
        pace: How often; a tenth of it more or less. When the server says "too many requests", each pause is twice the
            one before, up to an hour or what it asks for.
        stop: Ends it, also in the middle of a pause.
        chance: Gives numbers from 0 to 1.
    """
    waiting: list[Collection] = []
    refused = 0
    while not stop.is_set():
        collection, added, wrong = source.collect(stop=stop, progress=False), Added(), None
        waiting = [*waiting, collection][-_MOST_WAITING:]
        try:
            while waiting:
                added += history.add(waiting[0])
                waiting.pop(0)
            if not source.is_demo:
                added += keep_logs(history)
        except HistoryError as error:
            wrong = error
        yield Round(collection, added, wrong)
        if collection.interrupted:
            return
        limited = [one.error for one in collection.failures if isinstance(one.error, RateLimitedError)]
        refused = refused + 1 if limited else 0
        wait = pause_after(pace, refused, max((error.retry_after_seconds or 0.0 for error in limited), default=0.0))
        stop.wait(wait.total_seconds() * (1 - _JITTER + 2 * _JITTER * chance()))


def keep_logs(history: History) -> Added:
    """Add what Codex has logged: all of it the first time, later the last two days."""
    known = history.has_sessions
    logs = read_sessions(since=_LOOK_BACK if known else None, progress=lambda _done, _all: None)
    return history.add_sessions(logs)


def pause_after(pace: timedelta, refused: int, asked: float = 0.0) -> timedelta:
    """How long to wait after so many rounds in a row that were refused with "too many requests".

    Args:
        pace: The pause when all is well.
        refused: How many.
        asked: Seconds that the server asked for.

    >>> pause_after(timedelta(minutes=10), 2), pause_after(timedelta(minutes=10), 9), pause_after(timedelta(hours=6), 9)
    (datetime.timedelta(seconds=2400), datetime.timedelta(seconds=3600), datetime.timedelta(seconds=21600))
    """
    longest = max(pace, LONGEST_PAUSE)
    return max(timedelta(seconds=asked), min(longest, pace * 2.0 ** min(refused, 10)))


@contextmanager
def alone(history: History) -> Iterator[None]:
    """While the block runs, no other process keeps on into the same file. A kill lets go as well.

    Raises:
        HistoryError: Another one does.
    """
    if history.path is None:
        yield
        return
    path = history.path.with_name(history.path.name + "-keeping")
    held = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise HistoryError(
                f"Another process already keeps readings in the history {history.shown}.",
                hint="Let that one go on, or stop it first.",
            ) from None
        yield
    finally:
        held.close()
