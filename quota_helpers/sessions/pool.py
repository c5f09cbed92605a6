"""Reading many logs: in this process, or with helper processes where that pays.

Helpers are plain Python processes that load three small files of ours and nothing else. They are not started through
`multiprocessing`, whose children run the caller's script again and cannot be started from every notebook.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .scan import BUFFER_BYTES, Batch
from .worker import Job, Report, receive, run, send

PAYS_BYTES: Final = 48 << 20
"""Below this a helper's start takes longer than it saves."""

MOST_HELPERS: Final = 6  # memory: each takes about 15 MB
POLL_SECONDS: Final = 0.1  # how soon a stop is seen
_TASKS_EACH: Final = 4  # of what is still ahead; who is done early takes from the rest
_TASK_BYTES: Final = 32 << 20  # what an interrupt loses at most, for each helper
_FILE_COST: Final = 8192  # to open a file takes as long as to read so much

# A package of its own whose folder is ours: the rest of `quota_helpers` is never imported there.
_START: Final = (
    "import sys, types; package = types.ModuleType('logs'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['logs'] = package; from logs.worker import main; main()"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of some files: a report each, and their rows with the texts and odd lines that belong to them."""

    reports: list[Report]
    texts: list[str]
    odd: list[tuple[int, int, int, str]]
    rows: bytes | bytearray


def helpers_for(size: int, workers: int | None = None) -> int:
    """How many helper processes to start for so many bytes; *workers*, where given, counts this process as well."""
    if workers is not None:
        return max(0, workers - 1)
    if size < PAYS_BYTES:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores - 1, MOST_HELPERS)


def read_jobs(jobs: list[Job], helpers: int, stop: Callable[[], bool]) -> Generator[Answer]:
    """Answers as they arrive, in no order; a long file comes in several. Close the iterator to end the helpers.

    This process takes its share of the tasks, and all of them when no helper can be started or one fails.
    """
    tasks = _tasks(jobs, helpers + 1)
    answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
    processes = [process for process in (_start() for _ in range(min(helpers, len(tasks)))) if process is not None]
    threads = [
        threading.Thread(target=_drive, args=(process, tasks, answers), name="session-logs", daemon=True)
        for process in processes
    ]
    try:
        for thread in threads:
            thread.start()
        yield from _share(tasks, answers, len(threads), stop)
    finally:
        for process in processes:
            process.kill()
        for thread in threads:
            thread.join()
        for process in processes:
            _end(process)


def _share(
    tasks: deque[list[Job]], answers: queue.SimpleQueue[Answer | None], busy: int, stop: Callable[[], bool]
) -> Iterator[Answer]:
    """Do tasks here, and pass on what the *busy* helpers answer."""
    buffer = bytearray(BUFFER_BYTES if tasks else 0)
    while (tasks or busy) and not stop():
        with suppress(IndexError):
            yield from _own(tasks.popleft(), tasks, buffer, stop)
        with suppress(queue.Empty):
            while busy and not stop():
                answer = answers.get_nowait() if tasks else answers.get(timeout=POLL_SECONDS)
                if answer is None:
                    busy -= 1
                else:
                    yield answer


def _own(task: list[Job], tasks: deque[list[Job]], buffer: bytearray, stop: Callable[[], bool]) -> Iterator[Answer]:
    for job in task:
        if stop():
            return
        batch = Batch()
        report = run(job, batch, buffer, stop)
        if not report["done"]:
            tasks.appendleft([_rest(job, report)])
        yield Answer([report], batch.texts, batch.odd, batch.rows)


def _rest(job: Job, report: Report) -> Job:
    return {"number": job["number"], "path": job["path"], "size": job["size"], "state": report["state"]}


def _tasks(jobs: list[Job], count: int) -> deque[list[Job]]:
    """Jobs in bundles: large ones first, ever smaller ones later, so that all who share them end together."""
    sized = [(job["size"] - (job["state"]["offset"] if job["state"] else 0), job) for job in jobs]
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
            [sys.executable, "-I", "-S", "-c", _START, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return None


def _drive(
    process: subprocess.Popen[bytes], tasks: deque[list[Job]], answers: queue.SimpleQueue[Answer | None]
) -> None:
    """Give one helper a task after the other; a task that it did not finish goes back."""
    source, target = process.stdout, process.stdin
    while source is not None and target is not None:
        try:
            task = tasks.popleft()
        except IndexError:
            break
        try:
            send(target, task)
            message = receive(source)
        except (OSError, ValueError):
            message = None
        if message is None:
            tasks.append(task)
            break
        found, rows = message
        reports: list[Report] = found["reports"]
        answers.put(Answer(reports, found["texts"], found["odd"], rows))
        tasks.extend([_rest(job, report)] for job, report in zip(task, reports, strict=True) if not report["done"])
    answers.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    process.wait()
