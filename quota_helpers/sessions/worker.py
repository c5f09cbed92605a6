"""A worker process: takes tasks on its standard input, gives rows on its standard output, until the input ends.

A task is a list of files with the state of each. `run` is also what the calling process does itself, when there is
too little to read for helpers or none can be started.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import zlib
from collections.abc import Callable
from struct import Struct
from typing import IO, Any, BinaryIO, Final, TypedDict

from .events import State, new_state
from .scan import BUFFER_BYTES, Batch, Scanner

LENGTHS: Final = Struct("<QQ")
"""Before each message: bytes of its JSON, bytes of its rows."""

HEAD_BYTES: Final = 1024
TAIL_BYTES: Final = 256


class Job(TypedDict):
    """One file to read on: its number, path, how far to read, and the state that an earlier read left (or None)."""

    number: int
    path: str
    size: int
    state: State | None


class Report(TypedDict):
    """How it went with one file.

    `state` is None when it could not be read; `again`: what was known of the file is void, it was read from its start;
    `done`: nothing is left up to the job's size.
    """

    number: int
    state: State | None
    again: bool
    done: bool
    error: str | None


def run(job: Job, batch: Batch, buffer: bytearray, stop: Callable[[], bool] = lambda: False) -> Report:
    """Read one file (or one segment of a long one) into *batch*. A file that cannot be read is reported, not raised."""
    report: Report = {"number": job["number"], "state": None, "again": False, "done": True, "error": None}
    try:
        with open(job["path"], "rb", buffering=0) as file:  # noqa: PTH123  # unbuffered, and a str as it came
            state = job["state"]
            if state is not None and not _same(file, state):
                state, report["again"] = None, True
            state = dict(state) if state is not None else new_state()
            state["counts"] = state["counts"] and tuple(state["counts"])
            report["done"] = Scanner(job["number"], job["path"], state, batch, buffer).read(file, job["size"], stop)
            state["head"], state["tail"] = fingerprints(file, state["offset"])
    except OSError as error:
        report["error"] = f"{type(error).__name__}: {error.strerror or 'no reason given'}"
    else:
        report["state"] = state
    return report


def fingerprints(file: BinaryIO, offset: int) -> tuple[list[int], list[int]]:
    """Length and checksum of the file's first bytes and of those just before *offset*."""
    prints = []
    for start, length in ((0, min(offset, HEAD_BYTES)), (max(0, offset - TAIL_BYTES), min(offset, TAIL_BYTES))):
        file.seek(start)
        data = file.read(length)
        prints.append([len(data), zlib.crc32(data)])
    return prints[0], prints[1]


def _same(file: BinaryIO, state: State) -> bool:
    """Whether what was read once is still there: not shorter, and the same bytes at both ends."""
    if os.fstat(file.fileno()).st_size < state["offset"]:
        return False
    return fingerprints(file, state["offset"]) == (state["head"], state["tail"])


def answer(jobs: list[Job], buffer: bytearray) -> tuple[dict[str, Any], bytearray]:
    """Read the files of one task."""
    batch = Batch()
    reports = [run(job, batch, buffer) for job in jobs]
    return {"reports": reports, "texts": batch.texts, "odd": batch.odd}, batch.rows


def send(stream: IO[bytes], message: object, rows: bytes | bytearray = b"") -> None:
    """Write one message; names of files that are not UTF-8 survive as escaped surrogates."""
    text = json.dumps(message, separators=(",", ":")).encode()
    stream.write(LENGTHS.pack(len(text), len(rows)) + text)
    if rows:
        stream.write(rows)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Any, bytes] | None:
    """Read one message; None when the other side is gone."""
    head = stream.read(LENGTHS.size)
    if len(head) < LENGTHS.size:
        return None
    length, rows = LENGTHS.unpack(head)
    text, data = stream.read(length), stream.read(rows)
    return None if len(text) < length or len(data) < rows else (json.loads(text), data)


def main() -> None:
    """Serve tasks until the input ends, or nobody reads the answers any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the caller decides and ends us
    buffer = bytearray(BUFFER_BYTES)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    try:
        while (task := receive(source)) is not None:
            send(target, *answer(task[0], buffer))
    except BrokenPipeError:
        os._exit(1)  # without the interpreter's own attempt to flush into the closed pipe
