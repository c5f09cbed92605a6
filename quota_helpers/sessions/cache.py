"""What was read before, kept in one file of the user's cache folder, so that a second read takes only what was added.

The file holds numbers, names of models, limits, projects and clients, names of log files and one-way hashes of
accounts: no text of any session, no token, no identity. Whatever is wrong with it, it is left aside and written anew.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path
from struct import Struct as Packer
from typing import Final

import msgspec

from ..files import reason, whole_file
from .table import Table

VERSION: Final = 4
"""Raise it whenever lines are read otherwise than before: an older cache is then left aside."""

_HEAD: Final = Packer("<8sII")  # magic, version, checksum of what follows
_MAGIC: Final = b"QHSESSN\n"
_DECODE: Final = msgspec.msgpack.Decoder(Table).decode


def cache_path(folder: Path, home: Path) -> Path:
    """The cache of one Codex home; several homes have one each."""
    where = hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:16]
    return folder / f"sessions-{where}.bin"


def load(path: Path) -> Table:
    """The table as it was saved; an empty one when there is none, or none that this version can read."""
    if not path.is_file():  # a pipe in its place would wait for ever
        return Table()
    try:
        data = path.read_bytes()
        table = _decoded(data)
    except (OSError, ValueError):
        return Table()
    return table


def save(path: Path, table: Table) -> str | None:
    """Write the table beside its place, then move it there. Returns what went wrong, in words, or None."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, durable=False) as file:
            file.writelines(_encoded(table))
    except OSError as error:
        return f"{path}: what was read could not be kept for the next time ({reason(error)})"
    return None


def _encoded(table: Table) -> tuple[bytes, bytes]:
    body = msgspec.msgpack.encode(table)
    return _HEAD.pack(_MAGIC, VERSION, zlib.crc32(body)), body


def _decoded(data: bytes) -> Table:
    if len(data) < _HEAD.size:
        raise ValueError("too short")
    magic, version, checksum = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    if magic != _MAGIC or version != VERSION or checksum != zlib.crc32(body):
        raise ValueError("not ours, older, or damaged")
    table = _DECODE(body)
    from .merge import sound  # noqa: PLC0415  # numpy, where something is kept

    if not sound(table):
        raise ValueError("does not add up")
    return table
