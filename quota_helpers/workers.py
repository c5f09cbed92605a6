"""Do slow things at once or aside, show how far they are, and stop at once when told to.

Nothing here holds back the end of a process.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Self, TypeVar

if TYPE_CHECKING:
    import asyncio

Item = TypeVar("Item")
Result = TypeVar("Result")

POLL_SECONDS: Final = 0.1  # how often a run looks whether it was told to stop


class Closing(ABC):
    """Lets go of what it holds at the end of its `with` block."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it; doing it twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_concurrently(
    items: Sequence[Item], work: Callable[[Item], Result], *, max_workers: int, stop: threading.Event
) -> Iterator[tuple[Item, Result]]:
    """(item, result) pairs as the results arrive.

    When *stop* is set the run ends with what has arrived until then; what the work returns after that was cut off by
    the stop and is dropped. A run that is left early (closed, or an error) begins nothing new.

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
    try:
        while waiting:
            try:
                item, result, error = done.get(timeout=0 if stop.is_set() else POLL_SECONDS)
            except queue.Empty:
                if stop.is_set():
                    return
                continue
            if error is not None:
                raise error
            waiting -= 1
            yield item, result  # type: ignore[misc]  # without an error there is a result
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                todo.get_nowait()


async def aside(work: Callable[[], Result]) -> Result:
    """The result of *work*, done in a daemon thread while the event loop goes on.

    Not an executor's thread, for the reason above: with a server that takes its time, a kernel would not end.

    Raises:
        BaseException: Whatever *work* raised.
    """
    import asyncio  # noqa: PLC0415 - heavy, and only a notebook has a loop
    from concurrent.futures import Future  # noqa: PLC0415 - most runs wait for nobody

    outcome: Future[Result] = Future()
    outcome.set_running_or_notify_cancel()  # whoever waits may give up, and the work goes on

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            outcome.set_exception(error)

    threading.Thread(target=run, name="quota-aside", daemon=True).start()
    return await asyncio.wrap_future(outcome)


def call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Have *loop* call this from its own thread; a loop that has ended meanwhile has nobody left who waits for it."""
    with contextlib.suppress(RuntimeError):  # between the question whether it is closed and the call it can close
        loop.call_soon_threadsafe(callback)


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
            result = work(item)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            done.put((item, None, error))
        else:
            if not stop.is_set():
                done.put((item, result, None))


DELAY_SECONDS: Final = 0.5  # a run that is over sooner needs no bar


def watched() -> bool:
    """Whether a person is watching: a terminal, or a notebook's kernel."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


@contextlib.contextmanager
def bar(total: int, *, unit: str, wanted: bool) -> Iterator[Callable[[int], object]]:
    """A function that moves a bar on by so many units; it does nothing unless the bar is *wanted*."""
    if not wanted:
        yield lambda _: None
        return
    from tqdm.auto import tqdm  # noqa: PLC0415 - most runs are not watched

    with tqdm(total=total, unit=unit, unit_scale=unit == "B", delay=DELAY_SECONDS, leave=False) as shown:
        yield shown.update
