"""Reading the logs of one Codex home: what is new since the last time, into one table."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import platformdirs

from ..progress import bar, watched
from ..times import Moment, moment
from . import cache as kept
from .find import codex_home, find_logs
from .logs import SessionLogs
from .merge import Merge
from .pool import helpers_for, read_jobs
from .repeats import find_repeats
from .table import Table

SHOWN_BYTES: Final = 50_000_000  # less than this is read before a bar could be drawn
_MARGIN_NS: Final = 86_400_000_000_000  # a file's time of change can be a little off; a day is plenty


class Event(Protocol):
    """Anything with `is_set()`, such as a `threading.Event`."""

    def is_set(self) -> bool:
        """Whether to stop."""


def read_sessions(
    codex_home: str | os.PathLike[str] | None = None,
    since: datetime | timedelta | None = None,
    *,
    cache: str | os.PathLike[str] | bool | None = True,
    progress: Callable[[int, int], object] | None = None,
    workers: int | None = None,
    stop: Event | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SessionLogs:
    """Read Codex's own session logs: every quota reading and what each turn spent, weeks back.

    What was read once is kept, so the next call takes only what was added. An interrupt (Ctrl-C, the notebook's stop
    button) ends it within a second, and what was read until then is kept as well.

    Args:
        codex_home: The folder that holds `sessions/`; None: `$CODEX_HOME`, else `~/.codex`.
        since: Leave out what is older than this moment (aware), or than this long before now.
        cache: Where to keep what was read: True for the user's cache folder, a folder, or False for nowhere.
        progress: Called with (bytes done, bytes in all) as reading goes on. Without it a bar is shown to whoever
            watches, when there is much to read.
        workers: How many processes read, this one included; None: as it pays, 1: no other.
        stop: When it is set (a `threading.Event`), reading ends and what was read is returned, `complete` False.
        clock: Tells the time, for a *since* that counts from now.

    Raises:
        ValueError: *since* is a time without a zone.
    """
    return _Reading(codex_home, _moment(since, clock), cache=cache, stop=stop).run(progress, workers)


def _moment(since: Moment | None, clock: Callable[[], datetime]) -> datetime | None:
    return None if since is None else moment(since, now=clock())


class _Reading:
    """One call of `read_sessions`."""

    def __init__(
        self,
        home: str | os.PathLike[str] | None,
        since: datetime | None,
        *,
        cache: str | os.PathLike[str] | bool | None,
        stop: Event | None,
    ) -> None:
        self.home, self.since = codex_home(home), since
        self.stopped: Callable[[], bool] = stop.is_set if stop is not None else lambda: False
        self.found, self.skipped = find_logs(self.home)
        self.path = None if cache is None or cache is False else kept.cache_path(_folder(cache), self.home)
        self.old = kept.load(self.path) if self.path else Table()
        self.notes: list[str] = []

    def run(self, progress: Callable[[int, int], object] | None, workers: int | None) -> SessionLogs:
        """Read what is new, if anything is."""
        if self.old.dropped is not None and self.old.unchanged(self.found):
            return self._logs(self.old)
        merge = Merge(self.found, self.old)
        table = self.old
        try:
            self._read(merge, self._wanted(merge), progress, workers)
            while parents := self._parents(merge):  # older than asked for, but forks repeat them
                self._read(merge, parents, progress, workers)
        finally:
            if merge.changed:
                table = merge.table()
                table.dropped = find_repeats(table)
                if self.path and (problem := kept.save(self.path, table)):
                    self.notes.append(problem)
        self.skipped += [f"{self.found[number].path}: {text}" for number, text in merge.errors.items()]
        return self._logs(table, complete=not self.stopped())

    def _wanted(self, merge: Merge) -> list[int]:
        floor = 0 if self.since is None else int(self.since.timestamp()) * 1_000_000_000 - _MARGIN_NS
        return [number for number in merge.unread if self.found[number].mtime_ns >= floor]

    def _parents(self, merge: Merge) -> list[int]:
        """Logs that were left aside as too old, of sessions from which others were forked."""
        if self.since is None or self.stopped():
            return []
        wanted = tuple(f"-{parent}.jsonl" for parent in merge.parents())
        return [number for number in merge.unread if self.found[number].name.endswith(wanted)] if wanted else []

    def _read(
        self, merge: Merge, numbers: list[int], progress: Callable[[int, int], object] | None, workers: int | None
    ) -> None:
        jobs = [merge.job(number) for number in numbers]
        offsets = {job["number"]: job["state"]["offset"] if job["state"] else 0 for job in jobs}
        total = sum(job["size"] - offsets[job["number"]] for job in jobs)
        wanted = progress is None and total > SHOWN_BYTES and watched()
        answers = read_jobs(jobs, helpers_for(total, workers), self.stopped)
        done = 0
        with bar(total, unit="B", wanted=wanted) as advance, closing(answers):
            for answer in answers:
                merge.add(answer)
                step = 0
                for report in answer.reports:
                    number, state = report["number"], report["state"]
                    reached = state["offset"] if state and not report["done"] else self.found[number].size
                    step += max(0, reached - offsets[number])
                    offsets[number] = reached
                done += step
                advance(step)
                if progress is not None:
                    progress(min(done, total), total)

    def _logs(self, table: Table, *, complete: bool = True) -> SessionLogs:
        names = set(table.names)
        sizes = [log.size for log in self.found if log.name in names]
        broken = table.files["broken"]
        notes = [
            f"{self.home / table.names[number]}: lines that could not be read: {broken[number]}"
            for number in np.flatnonzero(broken)
        ]
        return SessionLogs(
            table,
            home=self.home,
            files=len(sizes),
            size=sum(sizes),
            since=self.since,
            complete=complete,
            skipped=tuple(self.skipped),
            notes=(*notes, *self.notes),
        )


def _folder(cache: str | os.PathLike[str] | bool) -> Path:  # noqa: FBT001  # True is the user's own cache folder
    if isinstance(cache, bool):
        return Path(platformdirs.user_cache_dir("quota-helpers", appauthor=False))
    return Path(cache).expanduser()
