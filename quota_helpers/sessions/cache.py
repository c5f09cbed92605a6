"""What was read before, kept in one file of the user's cache folder, so that a second read takes only what was added.

The file holds numbers, names of models and limits, names of log files and one-way hashes of accounts: no text of any
session, no token, no identity. Whatever is wrong with it, it is left aside and written anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from pathlib import Path
from struct import Struct
from typing import Final

import numpy as np

from ..files import reason, whole_file
from .table import FILES, ROWS, WINDOWS, Table, Texts

VERSION: Final = 2
"""Raise it whenever lines are read otherwise than before: an older cache is then left aside."""

_HEAD: Final = Struct("<8sIIQ")  # magic, version, checksum of what follows, length of the JSON
_MAGIC: Final = b"QHSESSN\n"


def cache_path(folder: Path, home: Path) -> Path:
    """The cache of one Codex home; several homes have one each."""
    where = hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:16]
    return folder / f"sessions-{where}.bin"


def load(path: Path) -> Table:
    """The table as it was saved; an empty one when there is none, or none that this version can read."""
    try:
        return _decode(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return Table()


def save(path: Path, table: Table) -> str | None:
    """Write the table beside its place, then move it there. Returns what went wrong, in words, or None."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, durable=False) as file:
            file.writelines(_encode(table))
    except OSError as error:
        return f"{path}: what was read could not be kept for the next time ({reason(error)})"
    return None


def _encode(table: Table) -> list[bytes]:
    dropped = np.zeros(len(table.rows), "?") if table.dropped is None else table.dropped
    head = {
        "names": "\0".join(table.names),
        "states": "\n".join(table.states),
        "texts": table.texts.texts,
        "judged": table.dropped is not None,
        "counts": [len(table.files), len(table.rows), len(table.odd), len(dropped)],
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    body = [text, *(array.tobytes() for array in (table.files, table.rows, table.odd, dropped))]
    checksum = 0
    for part in body:
        checksum = zlib.crc32(part, checksum)
    return [_HEAD.pack(_MAGIC, VERSION, checksum, len(text)), *body]


def _decode(data: bytes) -> Table:
    if len(data) < _HEAD.size:
        raise ValueError("too short")
    magic, version, checksum, length = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    if magic != _MAGIC or version != VERSION or checksum != zlib.crc32(body):
        raise ValueError("not ours, older, or damaged")
    head = json.loads(bytes(body[:length]))
    arrays, at = [], length
    for dtype, count in zip((FILES, ROWS, WINDOWS, np.dtype("?")), head["counts"], strict=True):
        arrays.append(np.frombuffer(body, dtype, count, at))
        at += dtype.itemsize * count
    names = head["names"].split("\0") if head["counts"][0] else []
    states = head["states"].split("\n") if names else []
    if not len(names) == len(states) == head["counts"][0]:
        raise ValueError("does not add up")
    files, rows, odd, dropped = arrays
    return Table(names, files, states, Texts(head["texts"]), rows, odd, dropped if head["judged"] else None)
