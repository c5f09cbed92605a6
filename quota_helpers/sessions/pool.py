"""Reading many logs: in this process, or with helper processes where that pays.

Helpers are plain Python processes that load a few small files of ours and msgspec. They are not started through
`multiprocessing`, whose children run the caller's script again and cannot be started from every notebook.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from .scan import BUFFER_BYTES
from .worker import Findings, Job, receive, run, send

PAYS_BYTES: Final = 48 << 20
"""Below this a helper's start takes longer than it saves."""

MOST_HELPERS: Final = 6  # memory: each takes about 20 MB
POLL_SECONDS: Final = 0.1  # how soon an interrupt is seen on Windows
_TASKS_EACH: Final = 4  # of what is still ahead; who is done early takes from the rest
_TASK_BYTES: Final = 32 << 20  # what an interrupt loses at most, for each helper
_FILE_COST: Final = 8192  # to open a file takes as long as to read so much

# A package of its own whose folder is ours: the rest of `quota_helpers` is never imported there.
_START: Final = (
    "import sys, types; package = types.ModuleType('logs'); package.__path__ = [sys.argv[1]]; "
    "sys.path += sys.argv[2:]; sys.modules['logs'] = package; from logs.worker import main; main()"
)


def helpers_for(size: int, workers: int | None = None) -> int:
    """How many helper processes to start for so many bytes; *workers*, where given, counts this process as well."""
    if workers is not None:
        return max(0, workers - 1)
    if size < PAYS_BYTES:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores - 1, MOST_HELPERS)


class Pool:
    """Reads files, with so many helper processes; they begin at once. Close it to end them."""

    def __init__(self, jobs: list[Job], helpers: int) -> None:
        self._tasks = _tasks(jobs, helpers + 1)
        self._answers: queue.SimpleQueue[Findings | None] = queue.SimpleQueue()
        started = [_start() for _ in range(min(helpers, len(self._tasks)))]
        self._processes = [process for process in started if process is not None]
        self._threads = [
            threading.Thread(target=self._drive, args=(process,), name="session-logs", daemon=True)
            for process in self._processes
        ]
        for thread in self._threads:
            thread.start()

    @property
    def helpers(self) -> int:
        """How many processes help."""
        return len(self._processes)

    def answers(self) -> Generator[Findings]:
        """Answers as they arrive, in no order.

        This process takes its share of the tasks, and all of them when no helper can be started or one fails.
        """
        buffer = bytearray()
        busy = self.helpers
        while self._tasks or busy:
            for job in next(_taken(self._tasks), ()):  # one by one: an interrupt loses little
                # Made for the first task: one that a failing helper gives back may come after all had been taken.
                buffer = buffer or bytearray(BUFFER_BYTES)
                yield run([job], buffer)
            with suppress(queue.Empty):
                while busy:
                    answer = self._answers.get(block=not self._tasks, timeout=POLL_SECONDS)
                    if answer is None:
                        busy -= 1
                    else:
                        yield answer

    def close(self) -> None:
        """End the helpers, whatever they are at."""
        for process in self._processes:
            process.kill()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            process.wait()

    def _drive(self, process: subprocess.Popen[bytes]) -> None:
        """Give one helper a task after the other; a task that it did not finish goes back."""
        for task in _taken(self._tasks):
            try:
                send(process.stdin, task)  # type: ignore[arg-type]  # both are pipes
                answer = receive(process.stdout, Findings)  # type: ignore[arg-type]  # as above
            except (OSError, ValueError):
                answer = None
            if answer is None:
                self._tasks.append(task)
                break
            self._answers.put(answer)
        self._answers.put(None)


def _taken(tasks: deque[list[Job]]) -> Iterator[list[Job]]:
    with suppress(IndexError):
        while True:
            yield tasks.popleft()


def _tasks(jobs: list[Job], count: int) -> deque[list[Job]]:
    """Jobs in bundles: large ones first, ever smaller ones later, so that all who share them end together."""
    sized = [(job.size - (job.state.offset if job.state else 0), job) for job in jobs]
    sized.sort(key=lambda pair: -pair[0])
    ahead = sum(size for size, _ in sized)
    tasks: deque[list[Job]] = deque()
    room = 0
    for size, job in sized:
        if room <= 0:
            tasks.append([])
            room = min(_TASK_BYTES, ahead // (count * _TASKS_EACH) + 1)
        tasks[-1].append(job)
        room -= size + _FILE_COST
        ahead -= size
    return tasks


def _start() -> subprocess.Popen[bytes] | None:
    """A helper, or None where none can be started (no interpreter of its own, no more processes)."""
    folder = Path(__file__).parent
    if not sys.executable or not (folder / "worker.py").is_file():
        return None
    try:
        return subprocess.Popen(  # noqa: S603  # our own interpreter with our own file
            [sys.executable, "-I", "-S", "-c", _START, str(folder), *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return None
