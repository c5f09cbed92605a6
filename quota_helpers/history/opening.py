"""`open_history`: one's own history brought up to date, or the demo's month; and the yes without which none is kept."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..auth import find_accounts
from ..errors import HistoryError
from ..invented import T0
from ..invented.history import demo_snapshots, write_codex_home
from ..labels import of_kind
from ..outcomes import Collection
from ..sessions import SessionLogs, read_sessions
from ..settings import change_setting, setting
from ..sources import Source, demo_forced
from .history import History, default_path
from .place import beside, shown
from .shared import folder_at

KEEP: Final = "keep_history"
"""Name of the answer in the settings file: true or false; nothing before it was given."""

SHARED: Final = "shared_folder"
"""Name of what `share_history` remembers there: the folder, and whether projects go into it."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Whether history is kept on this machine, and what there is of it.

    Attributes:
        answer: True or False as its owner has said; None: nobody has answered yet, and nothing is written.
        path: The file, whether it is there or not.
        size: Bytes of the file and what belongs to it; 0: there is none.
    """

    answer: bool | None
    path: Path
    size: int

    def __str__(self) -> str:
        amount = f" ({self.size / 1e6:.1f} MB)" if self.size else ""
        if self.answer:
            return (
                f"History is kept in {shown(self.path)}{amount}. Stop it: qh.history.keep_history(False); "
                "delete it: qh.history.delete_history()."
            )
        return f"History is not kept.{f' What was kept is in {shown(self.path)}{amount}.' if amount else ''}"


def keeping() -> Keeping:
    """Whether history is kept, where, and how big it is.

    >>> keeping().answer is None or keeping().answer in {True, False}
    True
    """
    answer = setting(KEEP)
    path = default_path()
    size = sum(file.stat().st_size for file in beside(path) if file.is_file())
    return Keeping(answer if isinstance(answer, bool) else None, path, size)


def keep_history(answer: bool) -> Keeping:  # noqa: FBT001  # the answer itself
    """Remember the owner's yes or no in the settings file; readings that are kept already stay.

    Raises:
        SettingsError: It cannot be remembered.
    """
    change_setting(KEEP, answer)
    return keeping()


def share_history(folder: str | os.PathLike[str] | None, *, projects: bool = False) -> None:
    """Share one's own history by this folder from now on, wherever it is kept (`History(shared=)`); None: no longer.

    Raises:
        HistoryError: The folder is not there and cannot be made, as on a drive that is away; nothing is remembered.
        SettingsError: It cannot be remembered.
    """
    place = None if folder is None else folder_at(folder, "folder")
    if place is not None and not place.parent.exists():
        raise HistoryError(
            f"The folder {shown(place)} is not there, nor is the one that it would be in.",
            hint="Is its drive there? Else create the folder first.",
        )
    change_setting(SHARED, place and {"folder": str(place), "projects": projects})


def own_history() -> History:
    """The history in the user's data folder, shared where `share_history` says so.

    Raises:
        HistoryError: It cannot be opened.
    """
    said = setting(SHARED)
    if not isinstance(said, dict) or not isinstance(said.get("folder"), str):
        return History()
    return History(shared=said["folder"], projects=said.get("projects") is True)


def delete_history() -> int:
    """Delete the file of the user's data folder and what belongs to it; how many bytes that were.

    Raises:
        OSError: It cannot be deleted; on Windows, somebody still has it open.
    """
    size = keeping().size
    for file in beside(default_path()):
        file.unlink(missing_ok=True)
    return size


def open_history(source: Source | None = None, *, codex_home: str | os.PathLike[str] | None = None) -> History:
    """Your own history, brought up to date with Codex's logs; the demo's month only where there is nothing of yours.

    Before you have said yes to keeping (`keep_history(True)`, or the panel's question) nothing is written: the history
    is in memory, with what an earlier yes has kept and what the logs say. `History.sessions` are the logs.

    Args:
        source: `demo()` for the invented month, in any case; a live source, or None, for your own.
        codex_home: Codex's own folder; default `$CODEX_HOME`, else `~/.codex`.

    Raises:
        HistoryError: The kept history cannot be read or written.
        TypeError: *source* is none.

    >>> from quota_helpers.sources import demo
    >>> with demo() as source, open_history(source) as month:
    ...     month.is_demo, len(month.accounts()), len(month.sessions.tokens) > 1000
    (True, 6, True)
    """
    if source is not None:
        of_kind(source, Source, "source", "a source: qh.connect(), qh.demo() or qh.live(...) gives one")
    if source.is_demo if source is not None else demo_forced():
        return _demo_month()
    said = keeping()
    logs = read_sessions(codex_home, cache=bool(said.answer))
    if source is None and not (said.size or logs.files or _has_login(codex_home)):
        return _demo_month()
    history = own_history() if said.answer else History.in_memory(keep_bodies_days=None)
    if not said.answer and said.size:
        with History() as kept:
            history.copy_from(kept)
    history.sessions = logs
    history.add_sessions(logs)
    return history


def _has_login(codex_home: str | os.PathLike[str] | None) -> bool:
    found = find_accounts(codex_home=None if codex_home is None else Path(codex_home))
    return bool(found or found.failures or found.skipped)


def _demo_month() -> History:
    """Thirty days of five demo accounts in memory: readings every 20 minutes, and ada's session logs.

    It ends 20 minutes before the demo's first collect, whose readings join on: `history.add(demo().collect())`.
    What really happened in it is written down in `quota_helpers.invented.truth`.
    """
    history = History.in_memory(clock=lambda: T0)
    history.is_demo = True
    history.add(Collection(snapshots=demo_snapshots(), fetched_at=T0))
    history.sessions = _demo_sessions()
    history.add_sessions(history.sessions)
    return history


def _demo_sessions() -> SessionLogs:
    """Session logs of the demo account ada, read from a Codex home that is written for it and removed again."""
    with tempfile.TemporaryDirectory(prefix="quota-demo-") as folder:
        write_codex_home(Path(folder))
        logs = read_sessions(folder, cache=False, workers=1, progress=lambda _done, _all: None)
        logs.machine = "demo"
        _ = logs.windows, logs.tokens  # made while the logs are there
    return logs
