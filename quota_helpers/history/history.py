"""`History`: every reading kept, in one SQLite file or on a server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pandas as pd
import platformdirs
import sqlalchemy as sa

from .. import html, times
from ..errors import HistoryError
from ..frames import to_frame
from ..labels import Names, choose, of_kind
from ..machine import machine_name
from ..models import RawReply
from ..outcomes import Collection
from ..sessions import SessionLogs
from ..times import Moment
from ..workers import Closing
from .database import Database
from .exchange import Added, Imported, read_file, write_file
from .foreign import readings_of, store_of
from .overview import Overview, erase, said, who
from .place import shown
from .rows import Rows, Rule, clean_text, insert_rows, read_frame, rows_of
from .schema import KINDS, READINGS, TURNS, facts, forecasts, hidden, readings, replies, sources, turns
from .shared import SharedFolder, folder_at
from .shown_forecasts import insert_forecasts, made_from, read_forecasts
from .stored_bodies import drop_orphans, insert_bodies, prune_bodies, read_bodies

_MEMORY = ":memory:"
_OK = range(200, 300)
_MOST_TOLD = 20


def default_path() -> Path:
    """Where the history is kept unless a path is given: `history.sqlite3` in the user's data folder."""
    return Path(platformdirs.user_data_dir("quota-helpers", appauthor=False)) / "history.sqlite3"


def _now() -> datetime:
    return datetime.now(UTC)


class History(Closing):
    """Readings of all accounts over time, kept in one SQLite file (or on a server) that several may write to at once.

    Readings are kept for ever, raw bodies for a while. Identities and tokens are removed from everything before it is
    written. When a method that writes returns, a crash or a power cut loses nothing of it; when it raises, the history
    is as it was. One object may be used from several threads. A file that may not be written is only read.

    Args:
        path: The file; None: `history.sqlite3` in the user's data folder. It is made, with its folder, if need be. Or
            the address of a PostgreSQL database, `postgresql+psycopg://user@host/database`.
        shared: A folder that several machines share (Dropbox, Syncthing, a git checkout, a network drive): what is
            kept here is written into it too, and what the others wrote is read from it, at once and with each write. It
            is made where the folder above it is there; else it is said in `skipped`, until the drive is back.
        projects: Whether session ids and names of projects go into a shared folder or onto a server; else sessions
            have a one-way name there, and projects none.
        keep_bodies_days: Age in days after which raw bodies are dropped; None keeps them for ever, 0 keeps none.
        clock: Gives the time (aware) against which the age of bodies is judged; a demo's history needs the demo's.
        timeout_seconds: How long to wait for another program that is writing.

    Raises:
        HistoryError: The file cannot be made or opened, is no history, or is of another version; it is left as it was.
            Or *shared* is empty, or a file.

    Attributes:
        sessions: The session logs that `open_history` has read, or None.
        is_demo: Whether it is the demo's invented month.

    >>> from quota_helpers.sources import demo
    >>> with demo() as source, History.in_memory(clock=source.clock) as history:
    ...     added = history.add(source.collect())
    ...     len(history.frame(windows="weekly")) > 3
    True
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        shared: str | os.PathLike[str] | None = None,
        projects: bool = False,
        keep_bodies_days: float | None = 90,
        clock: Callable[[], datetime] = _now,
        timeout_seconds: float = 10.0,
    ) -> None:
        if keep_bodies_days is not None and not keep_bodies_days >= 0:
            raise ValueError(f"keep_bodies_days must be 0 or more, or None, not {keep_bodies_days!r}")
        server = isinstance(path, str) and "://" in path
        if server and shared is not None:
            raise ValueError("a history on a server is shared by the server: give a folder for a file only")
        self.keep_bodies_days, self._clock = keep_bodies_days, clock
        self.sessions: SessionLogs | None = None
        self.is_demo = False
        self._shared = None if shared is None else SharedFolder(folder_at(shared, "shared"), projects=projects)
        place = default_path() if path is None else str(path) if server else _file(path).absolute()
        self._database = Database(None if path == _MEMORY else place, timeout_seconds=timeout_seconds)
        # One's own file holds what it is told; what others read says no more than they shall know.
        self._rule = self._own_rule = Rule(private=server and not projects)
        if server or shared is not None:  # several machines write: what is put in here says which
            self._own_rule = replace(self._rule, machine=clean_text(machine_name()))
        self._sync()

    @classmethod
    def in_memory(cls, *, keep_bodies_days: float | None = 90, clock: Callable[[], datetime] = _now) -> Self:
        """A history without a file, gone when it is closed."""
        return cls(_MEMORY, keep_bodies_days=keep_bodies_days, clock=clock)

    @property
    def path(self) -> Path | None:
        """The file, or None in memory and on a server."""
        return self._database.path

    @property
    def shown(self) -> str:
        """Where it is, as people may see it: the home folder as `~`, a server without its password."""
        return self._database.shown

    @property
    def has_sessions(self) -> bool:
        """Whether anything of session logs is kept."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(turns.c.time).limit(1)) is not None

    @property
    def size(self) -> int:
        """Bytes it takes on the disk (in memory: of its pages), what is not yet merged into the file included."""
        return self._database.size()

    @property
    def skipped(self) -> tuple[str, ...]:
        """What in the shared folder was left out: half there, damaged, too large, or nobody's."""
        return self._shared.skipped if self._shared is not None else ()

    # --- in ---

    def sync(self) -> None:
        """Read what others have written into the shared folder meanwhile; every write does that as well.

        Raises:
            HistoryError: There is no shared folder. What is wrong with it is in `skipped`.
        """
        if self._shared is None:
            raise HistoryError(f"The history {self.shown} is not shared.", hint="Open it with shared=folder.")
        self._sync()

    def add(self, taken: Any) -> Added:
        """Keep readings, and the raw bodies that came with them; what is known already stays one row.

        Args:
            taken: What `to_frame` takes: a collection, snapshots, replies, bodies, a frame of readings.

        Raises:
            HistoryError: They cannot be written; nothing of them was.
            ValueError: A row has no time.
        """
        frame = to_frame(taken, reveal=True)  # masked where it is written
        limit = self._oldest_body()
        kept = [told for told in _replies(taken) if limit is None or told[1] > limit]
        with self._database.writing() as connection:
            added = _insert(connection, rows_of(READINGS, frame), self._own_rule)
            added += Added(bodies=insert_bodies(connection, kept))
            if limit is not None:
                prune_bodies(connection, limit)
        self._sync()
        return added

    def add_sessions(self, logs: SessionLogs) -> Added:
        """Keep the readings and turns of Codex's session logs; adding the same logs again changes nothing.

        Raises:
            HistoryError: They cannot be written; nothing of them was.
            TypeError: *logs* are none.
            ValueError: A row has no time.
        """
        if not (hasattr(logs, "windows") and hasattr(logs, "tokens")):
            of_kind(logs, SessionLogs, "logs", "session logs: qh.read_sessions() gives them; for readings there is add")
        with self._database.writing() as connection:
            added = _insert(connection, rows_of(READINGS, logs.windows), self._own_rule)
            added += _insert(connection, rows_of(TURNS, logs.tokens), self._own_rule)
        self._sync()
        return added

    def add_forecast(self, told: pd.DataFrame, *, asked_at: Moment, seed: int = 0, paths: int = 400) -> int:
        """Keep a forecast that somebody was shown, with what it was made from, to score it when its windows close.

        Args:
            told: What `qh.forecast` gave; of it what says a risk. Of what is shown again within an hour, the first.
            asked_at: Its `now`: it was made of the readings until then.
            seed: Its seed.
            paths: Its paths.

        Raises:
            HistoryError: It cannot be written; nothing of it was.
            TypeError: *told* is no forecast.
        """
        when = times.moment(asked_at, now=self._clock(), name="asked_at")
        with self._database.writing() as connection:
            return insert_forecasts(connection, made_from(told, when, seed, paths))

    def import_file(self, path: str | os.PathLike[str], *, account: str | None = None) -> Imported:
        """Add what `export` wrote (any of its formats), all of it or nothing; lines that cannot be read are named.

        Read are also another history (`history.sqlite3`), and what CodexBar (`history/codex.json`) and ccpace
        (`usage.jsonl`) have kept; `origin` says so. The same file a second time adds nothing.

        Args:
            path: The file.
            account: Whose readings they are where a store names its accounts in a way of its own: the label or key of
                an account that is kept here. None: they are accounts of their own, called as there, without a key.

        Raises:
            HistoryError: The file cannot be read or is none of these, or the history cannot be written.
            ValueError: There is no such account, or the store holds several.
        """
        source = _file(path)
        store = store_of(source)
        if store == "history":
            with closing(Database(source.absolute(), read_only=True)) as other:
                return Imported(added=self._copy(other))
        frame, bad_lines = (None, []) if store is None else readings_of(source, store)
        if frame is not None and account is not None:
            frame = self._of_account(frame, account)
        added = Added()
        with self._database.writing() as connection:

            def take(rows: Rows) -> None:
                nonlocal added
                added += _insert(connection, rows, self._rule)

            if frame is None:
                bad_lines = [*read_file(source, take)]
            else:
                take(rows_of(READINGS, frame))
        self._sync()
        return Imported(added=added, bad_lines=tuple(bad_lines))

    def copy_from(self, other: History) -> Added:
        """Add all that another history keeps; what is known already stays one row.

        Raises:
            HistoryError: It cannot be read, or this one cannot be written.
        """
        return self._copy(other._database)  # our own class

    def _copy(self, other: Database) -> Added:
        added = Added()
        with self._database.writing() as connection, other.reading() as theirs:
            for kind in KINDS:
                added += _insert(connection, rows_of(kind, read_frame(theirs, kind)), self._rule)
            insert_forecasts(connection, read_forecasts(theirs, [], {}))
            bodies = insert_bodies(connection, _replies(list(read_bodies(theirs))))
        self._sync()
        return added + Added(bodies=bodies)

    # --- out ---

    def frame(
        self,
        accounts: Names = None,
        windows: Names = None,
        since: Moment | None = None,
        until: Moment | None = None,
        origin: Names = None,
        limits: Names = None,
    ) -> pd.DataFrame:
        """The readings, sorted by `fetched_at`: the tidy frame's columns, and `session`, `provider`, `machine`.

        Args:
            accounts: Labels, names or keys. A name stands for the account, also for what it was called before.
            windows: Names of windows, such as "weekly".
            since: From this moment on.
            until: Before this moment.
            origin: Carriers, such as "usage" or "session".
            limits: Ids of limits, such as "codex".

        Raises:
            HistoryError: It cannot be read.
            ValueError: There is no such account, window, limit or origin, or a name fits several accounts; or a moment
                has no time zone.
        """
        overview = self._overview()
        between = self._between(readings.c.fetched_at, since, until)
        about = self._of(facts, accounts, overview)
        for name, wanted in (("window", windows), ("limit", limits), ("origin", origin)):
            if wanted is not None:
                about.append(facts.c[name].in_(choose(wanted, self._there(facts.c[name]), name)))
        with self._database.reading() as connection:
            return read_frame(connection, READINGS, about, between, overview.labels)

    def tokens(self, accounts: Names = None, since: Moment | None = None, until: Moment | None = None) -> pd.DataFrame:
        """The turns of session logs, sorted by `time`; the columns of `TOKEN_COLUMNS`. Arguments as of `frame`."""
        about, between = self._of(sources, accounts), self._between(turns.c.time, since, until)
        with self._database.reading() as connection:
            return read_frame(connection, TURNS, about, between)

    def forecasts(
        self, accounts: Names = None, since: Moment | None = None, until: Moment | None = None
    ) -> pd.DataFrame:
        """The forecasts that were shown, the oldest first; columns as `FORECAST_COLUMNS`. Arguments as of `frame`."""
        overview = self._overview()
        about = self._of(forecasts, accounts, overview) + self._between(forecasts.c.asked_at, since, until)
        with self._database.reading() as connection:
            return read_forecasts(connection, about, overview.labels)

    def bodies(
        self, accounts: Names = None, since: Moment | None = None, until: Moment | None = None
    ) -> list[RawReply]:
        """The kept raw bodies, oldest first, for `normalize_usage`. Arguments as of `frame`."""
        about = self._of(replies, accounts) + self._between(replies.c.fetched_at, since, until)
        with self._database.reading() as connection:
            return list(read_bodies(connection, about))

    def accounts(self) -> pd.DataFrame:
        """One row per account: label, key, how many readings and turns, and of which time."""
        with self._database.reading() as connection:
            return Overview.read(connection).frame()

    def export(self, path: str | os.PathLike[str], *, projects: bool = False) -> int:
        """Write readings and turns to a file, whole or not at all; how many lines with data.

        .jsonl and .jsonl.gz hold both, .csv and .parquet readings; `import_file` reads them all. Raw bodies and the
        forecasts that were shown are in none: another history takes them from this one's own file.

        Args:
            path: The file.
            projects: Whether session ids and names of projects are written as they are; else sessions have a one-way
                name and projects none.

        Raises:
            HistoryError: It cannot be written, or pyarrow is missing; a file that was there is still the old one.
        """
        target = _file(path)
        if projects:
            return write_file(target, self.frame(), self.tokens)
        return write_file(target, _private(self.frame()), lambda: _private(self.tokens()))

    # --- away ---

    def forget(self, account: str) -> int:
        """Remove everything of one account, by its key or exact label, from the history; how many rows.

        A name that only looks like it, such as an e-mail address that would be masked alike, removes nothing.

        Raises:
            ValueError: No account has that key or label; the message lists those that there are.
            HistoryError: It cannot be written.
        """
        with self._database.writing(alone=True) as connection:
            removed = erase(connection, Overview.read(connection).exactly(account))
            drop_orphans(connection)
        self._database.tidy()
        self._sync()
        return removed

    def close(self) -> None:
        """Close the file, so that it can be moved or deleted. Doing it twice does no harm."""
        self._database.close()

    def __repr__(self) -> str:
        return f"History({', '.join(_spoken(name, value) for name, value in self._told())})"

    def _repr_html_(self) -> str:
        return html.table([], self._told())

    def _told(self) -> list[tuple[str, str]]:
        place = ("place", self._database.shown)
        if self._database.closed:
            return [("state", "closed"), place]
        try:
            size = said(self.size)
            with self._database.reading() as connection:
                told = [*Overview.read(connection).told().items(), ("size", size), place]
        except (HistoryError, OSError) as error:  # a display shall say what is wrong, not fail
            return [("state", str(error))]
        if self.is_demo:
            told.insert(0, ("whose", "DEMO, invented accounts"))
        if self._shared is not None:
            told.append(("shared in", shown(self._shared.folder)))
            told += [("skipped there", text) for text in self.skipped[:_MOST_TOLD]]
        return told

    def _sync(self) -> None:
        if self._shared is not None and not self._database.read_only:
            self._shared.sync(self._database)

    # --- what was asked for ---

    def _overview(self) -> Overview:
        with self._database.reading() as connection:
            return Overview.read(connection)

    def _of(self, table: sa.Table, accounts: Names, overview: Overview | None = None) -> list[sa.ColumnElement[bool]]:
        return [] if accounts is None else [who(table).in_((overview or self._overview()).chosen(accounts))]

    def _there(self, column: sa.Column[str]) -> dict[str, list[str]]:
        with self._database.reading() as connection:
            names = connection.scalars(sa.select(column).distinct()).all()
        return {name: [name] for name in names if name is not None}

    def _between(
        self, time: sa.Column[int], since: Moment | None, until: Moment | None
    ) -> list[sa.ColumnElement[bool]]:
        now = self._clock()
        start = [] if since is None else [time >= times.micros(times.moment(since, now=now, name="since"))]
        end = [] if until is None else [time < times.micros(times.moment(until, now=now, name="until"))]
        return start + end

    def _of_account(self, frame: pd.DataFrame, account: str) -> pd.DataFrame:
        """Readings of one account of another program's as those of an account that is kept here."""
        overview = self._overview()
        kept = overview.accounts[overview.chosen(account)[0]]
        if len(named := frame["account"].dropna().unique()) > 1:
            raise ValueError(f"the file holds {len(named)} accounts, which account= cannot all be: import it without")
        return frame.assign(account_key=kept.key, account=kept.names[-1] if kept.names else None)

    def _oldest_body(self) -> int | None:
        """The time up to which bodies are too old, in microseconds; None while all are kept."""
        days = self.keep_bodies_days
        return None if days is None else times.micros(self._clock() - timedelta(days=days))


def _file(path: str | os.PathLike[str]) -> Path:
    of_kind(path, (str, os.PathLike), "path", "the path of a file")
    return Path(path).expanduser()


_ONE = {"readings": "reading", "turns": "turn", "bodies": "body", "accounts": "account"}


def _spoken(name: str, value: str) -> str:
    return value if name not in _ONE else f"{value} {_ONE[name] if value == '1' else name}"


def _replies(taken: Any) -> Iterator[tuple[str | None, int, RawReply]]:
    """The replies that hold usage, with the accounts' names and their times; an error reply is no reading."""
    if isinstance(taken, Collection):
        told: Iterable[tuple[str | None, Any]] = taken.replies.items()
    else:
        several = taken if isinstance(taken, Sequence) and not isinstance(taken, str) else [taken]
        told = ((getattr(reply, "account", None), reply) for reply in several)
    for name, reply in told:
        if not isinstance(reply, RawReply) or reply.payload is None or reply.fetched_at is None:
            continue
        if reply.status is None or reply.status in _OK:  # a body that was kept does not say it
            yield name, times.micros(reply.fetched_at), reply


def _insert(connection: sa.Connection, rows: Rows, rule: Rule) -> Added:
    new = insert_rows(connection, rows, rule)
    if rows.kind is READINGS:
        return Added(new_rows=new, known_rows=len(rows) - new)
    return Added(new_turns=new, known_turns=len(rows) - new)


def _private(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose sessions have their hidden names and whose projects have none."""
    frame = frame.assign(session=frame["session"].map(hidden, na_action="ignore").astype("str"))
    return frame.assign(project=pd.Series(None, index=frame.index, dtype="str")) if "project" in frame else frame
