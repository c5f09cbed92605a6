"""`History`: every reading kept, in one SQLite file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import platformdirs

from ..errors import HistoryError
from ..frames import to_frame
from ..html import table
from ..labels import Names, listed
from ..models import RawReply
from ..outcomes import Collection
from .bodies import keep_body, packed, prune_bodies, read_bodies
from .checks import Kind
from .exchange import format_of, read_file, write_file
from .filters import Who, micros_of, of_series, where
from .intake import Sessions, insert, safe, usable
from .overview import Overview, accounts_frame, erase, names_by_key
from .place import shown
from .results import Added, Imported
from .rows import read_tokens, read_windows
from .store import Store

if TYPE_CHECKING:
    import os

    import pandas as pd


def default_path() -> Path:
    """Where the history is kept unless a path is given: `history.sqlite3` in the user's data folder."""
    return Path(platformdirs.user_data_dir("quota-helpers", appauthor=False)) / "history.sqlite3"


def _now() -> datetime:
    return datetime.now(UTC)


class History:
    """Readings of all accounts over time, kept in one SQLite file that several kernels may write to at once.

    Readings are kept for ever, raw bodies for a while. Identities and tokens are removed from everything before it is
    written. When a method that writes returns, a crash or a power cut loses nothing of it; when it raises, the history
    is as it was. One object may be used from several threads.

    Args:
        path: The file; None: `history.sqlite3` in the user's data folder. It is made, with its folder, if need be.
        keep_bodies_days: Age in days after which raw bodies are dropped; None keeps them for ever, 0 keeps none.
        clock: Gives the time (aware) against which the age of bodies is judged; a demo's history needs the demo's.
        timeout_seconds: How long to wait for another program that is writing.

    Raises:
        HistoryError: The file cannot be made or opened, is no history, or is of a newer version. It is left as it was.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        keep_bodies_days: float | None = 90,
        clock: Callable[[], datetime] = _now,
        timeout_seconds: float = 10.0,
    ) -> None:
        self._start(
            Path(path).expanduser().absolute() if path is not None else default_path(),
            keep_bodies_days=keep_bodies_days,
            clock=clock,
            timeout_seconds=timeout_seconds,
        )

    @classmethod
    def in_memory(cls, *, keep_bodies_days: float | None = 90, clock: Callable[[], datetime] = _now) -> Self:
        """A history without a file, gone when it is closed."""
        history = cls.__new__(cls)
        history._start(None, keep_bodies_days=keep_bodies_days, clock=clock, timeout_seconds=10.0)  # noqa: SLF001  # our own class
        return history

    def _start(
        self,
        path: Path | None,
        *,
        keep_bodies_days: float | None,
        clock: Callable[[], datetime],
        timeout_seconds: float,
    ) -> None:
        if keep_bodies_days is not None and not keep_bodies_days >= 0:
            raise ValueError(f"keep_bodies_days must be 0 or more, or None, not {keep_bodies_days!r}")
        self.keep_bodies_days = keep_bodies_days
        self._clock = clock
        self._store = Store(path, timeout_seconds=timeout_seconds)

    @property
    def path(self) -> Path | None:
        """The file, or None in memory."""
        return self._store.path

    @property
    def size(self) -> int:
        """Bytes it takes on the disk (in memory: of its pages), what is not yet merged into the file included."""
        return self._store.size()

    def add(self, collection: Collection) -> Added:
        """Keep the readings and the raw bodies of one run; what is known already stays one row.

        Raises:
            HistoryError: They cannot be written; nothing of this run was.
        """
        frame = to_frame(collection)
        limit = self._oldest_body(self._clock())
        bodies = [
            (packed(reply.payload), at, safe(name, "account"), safe(reply.account_key, "account_key"))
            for name, reply, at in usable(collection)
            if limit is None or at > limit
        ]
        with self._store.writing() as connection:
            added = insert(connection, "reading", frame)
            kept = sum(keep_body(connection, *body) for body in bodies)
            if limit is not None:
                prune_bodies(connection, limit)
        return added + Added(bodies=kept)

    def add_sessions(self, logs: Sessions) -> Added:
        """Keep the readings and turns of Codex's session logs; adding the same logs again changes nothing.

        Raises:
            HistoryError: They cannot be written; nothing of them was.
            ValueError: A row has no time.
        """
        with self._store.writing() as connection:
            return insert(connection, "reading", logs.windows) + insert(connection, "turn", logs.tokens)

    def frame(
        self,
        accounts: Names = None,
        windows: Names = None,
        since: datetime | None = None,
        until: datetime | None = None,
        origin: Names = None,
    ) -> pd.DataFrame:
        """The readings, sorted by `fetched_at`: the tidy frame's columns, and `session`.

        A session log knows its account by key only; where that key has a name here, its readings bear the name.

        Args:
            accounts: Names or keys. A name stands for the account, also for what it was called before.
            windows: Names of windows, such as "weekly".
            since: From this moment on (aware).
            until: Before this moment (aware).
            origin: Carriers, such as "usage" or "session".

        Raises:
            HistoryError: It cannot be read.
            ValueError: A moment has no time zone.
        """
        with self._store.reading() as connection:
            wanted = [Who.find(connection, names).of_windows()] if (names := listed(accounts)) is not None else []
            wanted += of_series("window_name", windows) + of_series("origin", origin)
            condition, values = where(*wanted, time="fetched_at", since=since, until=until)
            return read_windows(connection, condition, values, names_by_key(connection))

    def tokens(
        self, accounts: Names = None, since: datetime | None = None, until: datetime | None = None
    ) -> pd.DataFrame:
        """The turns of session logs, sorted by `time`; the columns of `TOKEN_COLUMNS`. Arguments as of `frame`."""
        with self._store.reading() as connection:
            wanted = [Who.find(connection, names).of_tokens()] if (names := listed(accounts)) is not None else []
            return read_tokens(connection, *where(*wanted, time="time", since=since, until=until))

    def bodies(
        self, accounts: Names = None, since: datetime | None = None, until: datetime | None = None
    ) -> list[RawReply]:
        """The raw bodies that are still kept, oldest first, for replay and drift. Arguments as of `frame`.

        Raises:
            HistoryError: They cannot be read, or one is damaged.
            ValueError: A moment has no time zone.
        """
        with self._store.reading() as connection:
            wanted = [Who.find(connection, names).of_replies()] if (names := listed(accounts)) is not None else []
            condition, values = where(*wanted, time="fetched_at", since=since, until=until)
            return list(read_bodies(connection, shown(self.path), condition, values))

    def accounts(self) -> pd.DataFrame:
        """One row per account: its latest name, its key, how many readings and turns, the first and the last time."""
        with self._store.reading() as connection:
            return accounts_frame(connection)

    def import_file(self, path: str | os.PathLike[str]) -> Imported:
        """Add what `export` has written, here or elsewhere. Bad lines are left out and reported, good ones kept.

        Raises:
            HistoryError: The file cannot be read or is no export, or the history cannot be written.
        """
        total = Added()

        def take(kind: Kind, frame: pd.DataFrame) -> None:
            nonlocal total
            with self._store.writing() as connection:
                added = insert(connection, kind, frame)
            total += added

        bad_lines = read_file(Path(path).expanduser(), take)
        return Imported(added=total, bad_lines=bad_lines)

    def export(self, path: str | os.PathLike[str]) -> int:
        """Write everything but the raw bodies to a file: .jsonl holds readings and turns, .csv the readings only.

        `import_file` brings it back without loss. How many lines were written comes back.

        Raises:
            HistoryError: It cannot be written; a file that was there before is still the old one.
        """
        target = Path(path).expanduser()
        readings = self.frame()
        turns = self.tokens() if format_of(target) == "jsonl" else None
        return write_file(target, readings, turns)

    def forget(self, account: str) -> int:
        """Remove everything of one account, by name or key, so that it is not in the file any more; how many rows.

        Raises:
            KeyError: No such account is kept.
            HistoryError: It cannot be written.
        """
        with self._store.writing() as connection:
            removed = erase(connection, Who.find(connection, [account]))
            if not removed:
                known = ", ".join(str(name) for name in accounts_frame(connection)["account"].dropna())
                raise KeyError(f"nothing is kept of {account!r}; there are: {known or 'none'}")
        self._store.tidy()
        return removed

    def prune(self, *, now: datetime | None = None) -> int:
        """Drop raw bodies older than `keep_bodies_days` before *now* (aware; None: the clock's); how many."""
        limit = self._oldest_body(now or self._clock())
        if limit is None:
            return 0
        with self._store.writing() as connection:
            removed = prune_bodies(connection, limit)
        self._store.tidy()
        return removed

    def close(self) -> None:
        """Close the file, so that it can be moved or deleted. Doing it twice does no harm."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"History({', '.join(f'{value} {name}'.strip() for name, value in self._told())})"

    def _repr_html_(self) -> str:
        return table((), self._told(table=True))

    def _told(self, *, table: bool = False) -> list[tuple[str, str]]:
        place = ("file" if table and self.path else "", shown(self.path))
        if self._store.closed:
            return [("", "closed"), place]
        try:
            with self._store.reading() as connection:
                overview = Overview.read(connection)
            return [*overview.told(self.size, table=table), place]
        except HistoryError as error:  # a display shall say what is wrong, not fail
            return [("", str(error))]

    def _oldest_body(self, now: datetime) -> int | None:
        """The time up to which bodies are too old, in microseconds; None while all are kept."""
        if self.keep_bodies_days is None:
            return None
        if self.keep_bodies_days == 0:
            return micros_of(datetime.max.replace(tzinfo=UTC), "now")
        try:
            return micros_of(now - timedelta(days=self.keep_bodies_days), "now")
        except OverflowError:
            return None
