"""One login file from disk: opened read-only, never blocking, read again while it is being rewritten.

Codex rewrites its file by truncating and then writing: a reader can meet it empty or torn, and finds it whole a
moment later.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import AuthFileInvalidError, AuthFileNotFoundError
from .decode import MAX_BYTES, decode_bytes, decode_document, too_large
from .logins import Found, find_logins
from .problem import Problem

Sleep = Callable[[float], object]

PAUSE_SECONDS: Final = 0.05
REREADS: Final = 2

_LINK_LOOP_WINDOWS: Final = 1921
_NO_FILE: Final = "Put a login file in its place, or make one with: codex login"


def read_file(path: Path, sleep: Sleep) -> list[Found] | Problem:
    """The logins of one file; a torn or empty file is read again after 50 ms, twice at most."""
    for _ in range(REREADS):
        result = _read_once(path)
        if not (isinstance(result, Problem) and result.torn):
            return result
        sleep(PAUSE_SECONDS)
    return _read_once(path)


def read_text(text: str) -> list[Found] | Problem:
    """The logins of one text."""
    document = decode_document(text)
    return document if isinstance(document, Problem) else find_logins(document)


def absent_or_unreadable(path: Path, error: OSError | ValueError) -> Problem:
    """What an error of the operating system means for a login file or a folder of them."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, FileNotFoundError) and os.path.islink(path):  # noqa: PTH114  # os.path never raises here
        return Problem(AuthFileNotFoundError, "is a link to nothing")
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Problem(AuthFileNotFoundError, "does not exist")
    if number == errno.ELOOP or getattr(error, "winerror", None) == _LINK_LOOP_WINDOWS:
        return Problem(AuthFileInvalidError, "is a link that leads back to itself", _NO_FILE)
    if isinstance(error, PermissionError):
        return Problem(
            AuthFileInvalidError, "may not be read (permission denied)", "Give yourself the right to read it."
        )
    reason = (error.strerror if isinstance(error, OSError) else None) or "no valid path"
    return Problem(AuthFileInvalidError, f"cannot be read ({reason})")


def _read_once(path: Path) -> list[Found] | Problem:
    raw = _read_bytes(path)
    text = raw if isinstance(raw, Problem) else decode_bytes(raw)
    return text if isinstance(text, Problem) else read_text(text)


def _read_bytes(path: Path) -> bytes | Problem:
    try:
        if problem := _not_a_file(os.stat(path)):  # noqa: PTH116  # before opening: opening a device can have effects
            return problem
        with open(path, "rb", opener=_open_without_waiting) as file:  # Path.open knows no opener
            if problem := _not_a_file(os.fstat(file.fileno())):
                return problem  # it was exchanged between the look and the opening
            # A pseudo file (/proc/kmsg) can look like a plain one and yet have nothing to say for now: None.
            raw = file.read(MAX_BYTES + 1) or b""
    except (OSError, ValueError) as error:
        return absent_or_unreadable(path, error)
    return too_large() if len(raw) > MAX_BYTES else raw


def _not_a_file(status: os.stat_result) -> Problem | None:
    if stat.S_ISREG(status.st_mode):
        return None
    what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
    return Problem(AuthFileInvalidError, f"is {what}, not a file", _NO_FILE)


def _open_without_waiting(path: str, flags: int) -> int:
    """Opening a pipe that nobody writes to would wait for ever; Windows has no such flag and no such pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
