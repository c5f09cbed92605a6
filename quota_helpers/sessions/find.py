"""Where Codex keeps its session logs: `$CODEX_HOME/sessions/YYYY/MM/DD/rollout-*.jsonl` and `archived_sessions/`.

A log that has rested for a week may lie there as `rollout-*.jsonl.zst`. Nothing below a Codex home is ever written.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDERS: Final = ("sessions", "archived_sessions")
"""A log in both is read from the first."""

PACKED: Final = ".zst"
"""The ending of a log that Codex has compressed (Zstandard)."""

_LOG: Final = re.compile(r"rollout-.*\.jsonl(\.zst)?", re.DOTALL)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class LogFile:
    """One log as it stands on disk.

    Attributes:
        name: Its path relative to the Codex home, with "/" between the parts.
        path: Its whole path.
        size: Bytes.
        mtime_ns: Time of the last change, nanoseconds since 1970.
    """

    name: str
    path: str
    size: int
    mtime_ns: int

    @property
    def order(self) -> tuple[str, int, str]:
        """The oldest session first (the file's name begins with its time), `sessions/` before the archive."""
        folder, _, rest = self.name.partition("/")
        return rest.rpartition("/")[2], FOLDERS.index(folder), rest


def codex_home(given: str | os.PathLike[str] | None = None) -> Path:
    """The folder as given (`~` expanded), else `$CODEX_HOME`, else `~/.codex`."""
    return Path(given or os.environ.get("CODEX_HOME") or "~/.codex").expanduser().absolute()


def thread_of(name: str) -> str:
    """The session that a log belongs to, by its name: `rollout-<time>-<uuid>`, with `_<page>` behind it or not.

    >>> thread_of("sessions/rollout-2026-11-20T10-00-00-01990000-7000-7000-8000-00000000000a_2.jsonl.zst")
    '01990000-7000-7000-8000-00000000000a'
    """
    stem = re.split(r"[/\\]", name)[-1].removesuffix(PACKED).removesuffix(".jsonl")
    found = _UUID.search(stem)
    return found.group() if found else stem.encode("utf-8", "replace").decode()


def find_logs(home: Path) -> tuple[list[LogFile], list[str]]:
    """Every log under *home*, oldest session first, and one text for each thing that could not be looked at."""
    logs: list[LogFile] = []
    skipped: list[str] = []
    for folder in FOLDERS:
        seen: set[tuple[int, int]] = set()
        logs += _walk(str(home / folder), folder, seen, skipped)
    logs.sort(key=lambda log: log.order)
    return logs, skipped


def logged(home: str | os.PathLike[str] | None = None) -> bool:
    """Whether Codex has any log there (as in `codex_home`); looks no further than the first.

    >>> logged("no-such-folder")
    False
    """
    return any(True for name in FOLDERS for _ in _walk(str(codex_home(home) / name), name, set(), []))


def _walk(path: str, name: str, seen: set[tuple[int, int]], skipped: list[str]) -> Iterator[LogFile]:
    """Depth first; links are followed, but no folder is entered twice, so that a loop of links ends."""
    try:
        found = os.stat(path)  # noqa: PTH116  # strings throughout: ten thousand files in a blink
        if (found.st_dev, found.st_ino) in seen:
            return
        seen.add((found.st_dev, found.st_ino))
        with os.scandir(path) as entries:
            children = {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name)}
    except FileNotFoundError:
        return
    except OSError as error:
        skipped.append(f"{path}: this folder cannot be read ({why(error)})")
        return
    for file, entry in children.items():
        below = f"{name}/{file}"
        try:
            if entry.is_dir():
                yield from _walk(entry.path, below, seen, skipped)
            # While Codex compresses a log it lies there twice: the plain one counts.
            elif _LOG.fullmatch(file) and not (file.endswith(PACKED) and file.removesuffix(PACKED) in children):
                yield _log(entry, below)
        except OSError as error:
            skipped.append(f"{entry.path}: this log cannot be read ({why(error)})")


def _log(entry: os.DirEntry[str], name: str) -> LogFile:
    # On Windows a folder's own list lags behind a file that is being written.
    status = os.stat(entry.path) if os.name == "nt" else entry.stat()  # noqa: PTH116  # a str as it came
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is no regular file")
    return LogFile(name, entry.path, status.st_size, status.st_mtime_ns)


def why(error: Exception) -> str:
    """What the system says of it. Not `files.reason`: helper processes load this file, and nothing around it."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
