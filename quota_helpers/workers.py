"""Do many slow things at once, and stop at once when told to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

POLL_SECONDS: Final = 0.1  # how often a run looks whether it was told to stop


def run_concurrently(
    items: Sequence[Item], work: Callable[[Item], Result], *, max_workers: int, stop: threading.Event
) -> Iterator[tuple[Item, Result]]:
    """(item, result) pairs as the results arrive; ends early when *stop* is set.

    The workers are daemon threads rather than an executor's: Python waits for an executor's threads when it exits,
    and a name look-up that hangs cannot be interrupted, so it would hold back an interrupt.

    Raises:
        BaseException: Whatever *work* raised, in the caller's thread.
    """
    todo: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Item, Result | None, BaseException | None]] = queue.SimpleQueue()
    for item in items:
        todo.put(item)
    for number in range(min(max_workers, len(items))):
        threading.Thread(target=_work_off, args=(todo, done, work, stop), name=f"quota-{number}", daemon=True).start()
    waiting = len(items)
    while waiting and not stop.is_set():
        try:
            item, result, error = done.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if error is not None:
            raise error
        waiting -= 1
        yield item, result  # type: ignore[misc]  # without an error there is a result


def _work_off(
    todo: queue.SimpleQueue[Item],
    done: queue.SimpleQueue[tuple[Item, Result | None, BaseException | None]],
    work: Callable[[Item], Result],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            item = todo.get_nowait()
        except queue.Empty:
            return
        try:
            done.put((item, work(item), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            done.put((item, None, error))
