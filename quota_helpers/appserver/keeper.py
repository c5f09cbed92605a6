"""A small program of its own: starts the official client, hands its input on, and sees it to its end.

It outlives whoever started it. A kernel that is killed, a command line that leaves at once after Ctrl-C: the input
closes, and the client gets the time it needs, because one that is cut off while it renews a login can lose it. First
its input is closed, after 10 seconds it is asked to end, and only when it ignored both for as long, it is killed.

Run as `python -I keeper.py LOCK COMMAND ...`; LOCK is a file that only one keeper holds at a time: one client per home.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.1

Chunks = queue.SimpleQueue[bytes]


def main(lock: str, *command: str) -> int:
    """Runs the command until it ends or the input does; returns its exit code."""
    chunks: Chunks = queue.SimpleQueue()
    gone = threading.Event()
    threading.Thread(target=_read, args=(chunks, gone), daemon=True).start()
    with Path(lock).open("ab") as held:
        while not _taken(held):
            if gone.wait(_POLL_SECONDS):
                return 0  # nobody waits any longer
        # A session of its own, so that the whole family can be reached at the end.
        child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        threading.Thread(target=_hand_on, args=(chunks, child.stdin), daemon=True).start()
        while not gone.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(1)
        return _ended(child)


def _read(chunks: Chunks, gone: threading.Event) -> None:
    # Not sys.stdin: a thread that waits inside its buffer would hold back the end of this program.
    while chunk := os.read(0, 65_536):
        chunks.put(chunk)
    chunks.put(b"")
    gone.set()


def _hand_on(chunks: Chunks, stdin: IO[bytes]) -> None:
    with contextlib.suppress(OSError), stdin:  # it may have closed its input: its end is near
        while chunk := chunks.get():
            stdin.write(chunk)
            stdin.flush()


def _ended(child: subprocess.Popen[bytes]) -> int:
    for hard in (None, False, True):
        if hard is not None:
            _end(child, hard=hard)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(PATIENCE_SECONDS)
    return child.wait()


def _end(child: subprocess.Popen[bytes], *, hard: bool) -> None:
    """Ask it to end, or end it: npm's starter, and the client under it."""
    if sys.platform == "win32":
        if hard:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], check=False, capture_output=True)
        else:
            child.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL if hard else signal.SIGTERM)


def _taken(held: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            held.seek(0)
            msvcrt.locking(held.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
