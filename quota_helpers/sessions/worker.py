"""A worker process: takes tasks on its standard input, gives rows on its standard output, until the input ends.

A task is a list of files with the state of each. `run` is also what the calling process does itself, when there is
too little to read for helpers or none can be started.
"""

from __future__ import annotations

import os
import signal
import sys
import zlib
from struct import Struct as Packer
from typing import IO, Any, BinaryIO, Final

import msgspec

from .events import Batch, Context, Events, LimitName, State, new_state
from .find import PACKED, why
from .scan import BUFFER_BYTES, Scanner

LENGTH: Final = Packer("<Q")
"""Before each message: its bytes."""

HEAD_BYTES: Final = 1024
TAIL_BYTES: Final = 256


class Job(msgspec.Struct, array_like=True):
    """One file to read on: its number, path, how far to read, and the state that an earlier read left (or None)."""

    number: int
    path: bytes
    size: int
    state: State | None


class Report(msgspec.Struct, array_like=True):
    """How it went with one file.

    `state` is None when it could not be read, and `error` says why; `again`: what was known of the file is void, it
    was read from its start.
    """

    number: int
    state: State | None = None
    again: bool = False
    error: str = ""


class Findings(msgspec.Struct, array_like=True):
    """What came of some files: a report each, and their rows with what those point to."""

    reports: list[Report]
    contexts: list[Context]
    limits: list[LimitName]
    odd: list[tuple[int, int, int, str]]
    rows: bytes


def run(jobs: list[Job], buffer: bytearray) -> Findings:
    """Read the files of one task. A file that cannot be read is reported, not raised."""
    batch = Batch()
    reports = [_read(job, batch, buffer) for job in jobs]
    return Findings(reports, list(batch.contexts), list(batch.limits), batch.odd, bytes(batch.rows))


def _read(job: Job, batch: Batch, buffer: bytearray) -> Report:
    report = Report(job.number)
    rows, odd = len(batch.rows), len(batch.odd)
    path = os.fsdecode(job.path)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # unbuffered, and a str as it came
            status = os.fstat(file.fileno())
            state, packed = job.state, path.endswith(PACKED)
            if state is not None and (packed or not _same(file, state, status.st_size)):
                state, report.again = None, True
            state = new_state(path) if state is None else state
            scanner = Scanner(Events(job.number, state, batch, status.st_mtime_ns // 1000), buffer)
            if packed:
                from .unpack import PackedLog  # noqa: PLC0415  # most files need no decompressor

                scanner.read(PackedLog(file, status.st_size))
            else:
                file.seek(state.offset)
                scanner.read(file, job.size)
                state.head, state.tail = fingerprints(file, state.offset)
    except (OSError, ValueError) as error:
        del batch.rows[rows:], batch.odd[odd:]  # what came before the damage is not half a session
        report.error = why(error)
    else:
        report.state = state
    return report


def fingerprints(file: BinaryIO, offset: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Length and checksum of the file's first bytes and of those just before *offset*."""
    prints = []
    for start, length in ((0, min(offset, HEAD_BYTES)), (max(0, offset - TAIL_BYTES), min(offset, TAIL_BYTES))):
        file.seek(start)
        data = file.read(length)
        prints.append((len(data), zlib.crc32(data)))
    return prints[0], prints[1]


def _same(file: BinaryIO, state: State, size: int) -> bool:
    """Whether what was read once is still there: not shorter, and the same bytes at both ends."""
    return size >= state.offset and fingerprints(file, state.offset) == (state.head, state.tail)


def send(stream: IO[bytes], message: object) -> None:
    """Write one message."""
    text = msgspec.msgpack.encode(message)
    stream.write(LENGTH.pack(len(text)) + text)
    stream.flush()


def receive(stream: IO[bytes], kind: Any) -> Any:
    """Read one message of a kind; None when the other side is gone.

    Raises:
        ValueError: It is something else.
    """
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    text = stream.read(length)
    return None if len(text) < length else msgspec.msgpack.decode(text, type=kind)


def main() -> None:
    """Serve tasks until the input ends, or nobody reads the answers any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the caller decides and ends us
    buffer = bytearray(BUFFER_BYTES)
    try:
        while (task := receive(sys.stdin.buffer, list[Job])) is not None:
            send(sys.stdout.buffer, run(task, buffer))
    except BrokenPipeError:
        os._exit(1)  # without the interpreter's own attempt to flush into the closed pipe
