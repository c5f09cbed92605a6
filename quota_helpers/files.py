"""Whole writes: whoever looks at a file sees the old one or the whole new one, whatever breaks in between."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, Literal

_AS_IT_IS: Final[dict[str, Any]] = {"encoding": "utf-8", "newline": ""}


@contextmanager
def whole_file(
    path: Path, mode: Literal["w", "wb"] = "wb", *, replace: bool = True, durable: bool = True
) -> Iterator[IO[Any]]:
    """A stream whose content stands at *path* once the block has ended well, on the disk and all at once.

    Written is a temporary file beside the target, for only within one file system can it be put into its place at
    once; only its owner can read it. When the block fails it is removed, and what was there is as it was.

    Args:
        path: The file; its folder is there.
        mode: "w" for text (UTF-8, line ends as they are written), "wb" for bytes.
        replace: False: a file that is there already is an error and stays.
        durable: False: do not wait for the disk; for what can be made anew.

    Raises:
        OSError: It cannot be written; FileExistsError: it is there already. `reason` says why in a few words.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "a.txt") as stream:
    ...     stream.write(b"all of it")
    9
    >>> [file.read_text() for file in folder.iterdir()]
    ['all of it']
    """
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "it is no path", str(path))
    if not replace and path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
    try:
        with os.fdopen(handle, mode, **_AS_IT_IS if mode == "w" else {}) as stream:
            yield stream
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def reason(error: OSError) -> str:
    """Why a file cannot be read or written, in the system's words and without its path.

    >>> reason(FileNotFoundError(2, "No such file or directory", "/somewhere"))
    'No such file or directory'
    """
    return error.strerror or type(error).__name__
