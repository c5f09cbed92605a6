"""Reading the logs of one Codex home: what is new since the last time, into one table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import platformdirs

from ..labels import account_labels, of_kind
from ..machine import machine_name
from ..privacy import mask_identity
from ..times import Moment, from_micros, moment
from ..workers import bar, watched
from . import events
from .cache import cache_path, load, save
from .find import codex_home, find_logs, thread_of
from .logs import Claim, SessionLogs, claim_of
from .pool import Pool, helpers_for
from .table import Table
from .worker import Findings, Job

SHOWN_BYTES: Final = 50_000_000  # less than this is read before a bar could be drawn
_MARGIN_NS: Final = 86_400_000_000_000  # a file's time of change can be a little off; a day is plenty
_MOST_NAMED: Final = 3


def read_sessions(
    codex_home: str | os.PathLike[str] | None = None,
    since: Moment | None = None,
    *,
    cache: str | os.PathLike[str] | bool | None = True,
    progress: Callable[[int, int], object] | None = None,
    workers: int | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SessionLogs:
    """Read Codex's own session logs: every quota reading and what each turn spent, weeks back.

    What was read once is kept, so the next call takes only what was added. An interrupt (Ctrl-C, the notebook's stop
    button) ends it within a second, and what was read until then is kept as well.

    Args:
        codex_home: The folder that holds `sessions/`; None: `$CODEX_HOME`, else `~/.codex`. Nothing in it is written.
        since: Leave out what is older than this: an aware time, ISO 8601 text, or a timedelta back from now.
        cache: Where to keep what was read: True for the user's cache folder, a folder, or False for nowhere.
        progress: Called with (bytes done, bytes in all) as reading goes on. Without it a bar is shown to whoever
            watches, when there is much to read.
        workers: How many processes read, this one included; None: as it pays, 1: no other.
        clock: Tells the time, for a *since* that counts from now.

    Returns:
        The logs: `.windows` and `.tokens` are frames, `.notes` and `.skipped` say what was odd or could not be read.

    Raises:
        ValueError: *since* is a time without a zone, or none.

    >>> import tempfile
    >>> logs = read_sessions(tempfile.mkdtemp(), cache=False)  # a Codex home without any log
    >>> logs.files, list(logs.tokens.columns[:4]), len(logs.windows)
    (0, ['time', 'session', 'account_key', 'provider'], 0)
    """
    since = None if since is None else moment(since, now=clock())
    return _Reading(codex_home, since, cache=cache).run(progress, workers)


class _Reading:
    """One call of `read_sessions`."""

    def __init__(
        self,
        home: str | os.PathLike[str] | None,
        since: datetime | None,
        *,
        cache: str | os.PathLike[str] | bool | None,
    ) -> None:
        if home is not None:  # asked here: a helper loads `find`, and nothing of the package above it
            of_kind(home, (str, os.PathLike), "codex_home", "the path of a folder that holds sessions/")
        self.home, self.since = codex_home(home), since
        self.found, self.skipped = find_logs(self.home)
        self.path = None if cache is None or cache is False else cache_path(_folder(cache), self.home)
        self.old = load(self.path) if self.path else Table()
        self.known = {os.fsdecode(name): number for number, name in enumerate(self.old.names)}
        self.answers: list[Findings] = []
        self.errors: dict[int, str] = {}
        self.done: set[int] = set()
        self.notes: list[str] = []

    def run(self, progress: Callable[[int, int], object] | None, workers: int | None) -> SessionLogs:
        """Read what is new, if anything is."""
        if self.old.unchanged(self.found):
            return self._logs(self.old)
        table = self.old
        try:
            self._read(self._wanted(), progress, workers)
            while parents := self._parents():  # older than asked for, but their turns may be repeated
                self._read(parents, progress, workers)
        finally:
            if self.done or not self.known.keys() <= {log.name for log in self.found}:
                from .merge import merge  # noqa: PLC0415  # numpy comes after the helpers have begun

                table = merge(self.found, self.old, self.answers)
                if self.path and (problem := save(self.path, table)):
                    self.notes.append(problem)
        self.skipped += [
            f"{self.found[number].path}: this log cannot be read ({text})" for number, text in self.errors.items()
        ]
        return self._logs(table)

    def _unread(self) -> list[int]:
        """Files that are new or have changed, and were not read by this call."""
        return [
            number
            for number, log in enumerate(self.found)
            if number not in self.done
            and number not in self.errors
            and not (log.name in self.known and self.old.holds(self.known[log.name], log))
        ]

    def _wanted(self) -> list[int]:
        floor = 0 if self.since is None else int(self.since.timestamp()) * 1_000_000_000 - _MARGIN_NS
        return [number for number in self._unread() if self.found[number].mtime_ns >= floor]

    def _parents(self) -> list[int]:
        """Logs that were left aside as too old, of sessions from which others were forked."""
        if self.since is None:
            return []
        states = [report.state for answer in self.answers for report in answer.reports if report.state]
        wanted = {name for state in states for name in (state.parent, state.base) if name}
        return [number for number in self._unread() if thread_of(self.found[number].name) in wanted] if wanted else []

    def _job(self, number: int) -> Job:
        log = self.found[number]
        state = self.old.states[self.known[log.name]] if log.name in self.known else None
        return Job(number, os.fsencode(log.path), log.size, state)

    def _read(self, numbers: list[int], progress: Callable[[int, int], object] | None, workers: int | None) -> None:
        jobs = [self._job(number) for number in numbers]
        sizes = {job.number: max(0, job.size - (job.state.offset if job.state else 0)) for job in jobs}
        total, done = sum(sizes.values()), 0
        wanted = progress is None and total > SHOWN_BYTES and watched()
        pool = Pool(jobs, helpers_for(total, workers))
        try:
            if pool.helpers:
                from .. import auth  # noqa: F401, PLC0415  # both take long to load: do it while the helpers read
                from . import frames  # noqa: F401, PLC0415  # the same
            with bar(total, unit="B", wanted=wanted) as advance:
                for answer in pool.answers():
                    self.answers.append(answer)
                    self.errors |= {report.number: report.error for report in answer.reports if report.error}
                    self.done |= {report.number for report in answer.reports if not report.error}
                    step = sum(sizes[report.number] for report in answer.reports)
                    done += step
                    advance(step)
                    if progress is not None:
                        progress(done, total)
        finally:
            pool.close()

    def _logs(self, table: Table) -> SessionLogs:
        names = {os.fsdecode(name) for name in table.names}
        sizes = [log.size for log in self.found if log.name in names]
        claim = claim_of(self.home)
        notes = [*self._odd_lines(table), *_left_out(table), *_claimed(claim), *self.notes]
        return SessionLogs(
            table,
            home=self.home,
            files=len(sizes),
            size=sum(sizes),
            machine=machine_name(keep=self.path is not None),
            find_names=self._names,
            since=self.since,
            claim=claim,
            skipped=tuple(self.skipped),
            notes=tuple(notes),
        )

    def _odd_lines(self, table: Table) -> list[str]:
        return [
            f"{self.home / os.fsdecode(name)}: lines that could not be read: {state.broken}"
            for name, state in zip(table.names, table.states, strict=True)
            if state.broken
        ]

    def _names(self) -> Mapping[str, str]:
        """The labels of the logins of this machine and of this Codex home, by key."""
        from ..auth import find_accounts  # noqa: PLC0415  # many logs name nobody, and reading tokens takes long to load

        accounts = [*find_accounts(), *find_accounts(codex_home=self.home)]
        return account_labels({account.key: account.name for account in reversed(accounts)}, mask_identity)


def _left_out(table: Table) -> list[str]:
    """What is not in the frames although it happened, in words."""
    notes = []
    kinds = table.rows[events.KIND_AT :: events.ROW.size]
    if imported := sum(kinds.count(kind) for kind in range(256) if kind & events.IMPORTED and kind & events.SPENT):
        notes.append(f"turns that were imported from other tools, and are left out of tokens: {imported}")
    here = {state.thread for state in table.states}
    gone = Counter(parent for state in table.states if (parent := state.parent) and parent not in here)
    if gone:
        named = ", ".join(sorted(gone)[:_MOST_NAMED]) + (", ..." if len(gone) > _MOST_NAMED else "")
        notes.append(f"sessions whose log is missing, although others go on from them: {len(gone)} ({named})")
    return notes


def _claimed(claim: Claim | None) -> list[str]:
    if claim is None:
        return []
    when = f"{from_micros(claim.until):%Y-%m-%d}"
    what = f"sessions until {when} that name nobody are counted as {claim.account_key}'s, as you said"
    return [f"{what}; claim(None) takes it back"]


def _folder(cache: str | os.PathLike[str] | bool) -> Path:  # noqa: FBT001  # True is the user's own cache folder
    if isinstance(cache, bool):
        return Path(platformdirs.user_cache_dir("quota-helpers", appauthor=False))
    return Path(cache).expanduser()
