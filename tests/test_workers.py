"""Many slow things at once: all of them, at once, and over at once when told so."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from quota_helpers.workers import aside, run_concurrently

PATIENCE = 30.0  # seconds after which a test gives up; nothing here waits that long


def test_everything_is_done_and_paired_with_its_item():
    results = dict(run_concurrently(range(100), lambda n: n * n, max_workers=7, stop=threading.Event()))
    assert results == {n: n * n for n in range(100)}


def test_nothing_to_do_is_done():
    assert list(run_concurrently([], str, max_workers=4, stop=threading.Event())) == []


def test_as_many_run_at_once_as_allowed_and_no_more():
    """Each of the first workers waits for the others: with fewer at once they would never meet."""
    meeting = threading.Barrier(5)
    running, most = 0, 0
    lock = threading.Lock()

    def work(_):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meeting.wait(PATIENCE)
        with lock:
            running -= 1

    assert len(list(run_concurrently(range(10), work, max_workers=5, stop=threading.Event()))) == 10
    assert most == 5


def test_workers_are_daemons_with_a_name():
    """Python does not wait for daemon threads when it exits, so none can hold back an interrupt."""
    seen = [
        thread
        for _, thread in run_concurrently(
            [1], lambda _: threading.current_thread(), max_workers=3, stop=threading.Event()
        )
    ]
    assert seen[0].daemon
    assert seen[0].name.startswith("quota-")


def test_an_error_is_raised_in_the_callers_thread():
    class UnforeseenError(BaseException):
        pass

    def work(_):
        raise UnforeseenError("here")

    with pytest.raises(UnforeseenError, match="here"):
        list(run_concurrently([1], work, max_workers=1, stop=threading.Event()))


def test_a_stop_ends_the_run_although_the_work_does_not_end():
    """The caller goes on at once; the hanging worker is left behind."""
    stop, hanging, release = threading.Event(), threading.Event(), threading.Event()

    def work(item):
        if item == "hangs":
            hanging.set()
            release.wait(PATIENCE)
        return item

    arrived = []
    for item, _ in run_concurrently(["quick", "hangs"], work, max_workers=2, stop=stop):
        arrived.append(item)
        assert hanging.wait(PATIENCE)
        stop.set()
    assert arrived == ["quick"]
    assert not release.is_set()
    release.set()


def test_what_had_arrived_before_the_stop_is_kept():
    """A slow caller (a panel that paints) finds everything that came meanwhile."""
    stop = threading.Event()
    done = threading.Barrier(4)

    def work(item):
        if item:
            done.wait(PATIENCE)
        return item

    arrived = []
    for item, _ in run_concurrently(range(4), work, max_workers=4, stop=stop):
        arrived.append(item)
        if item == 0:
            done.wait(PATIENCE)
            for thread in threading.enumerate():
                if thread.name.startswith("quota-"):
                    thread.join(PATIENCE)
            stop.set()
    assert sorted(arrived) == [0, 1, 2, 3]


def test_what_comes_after_the_stop_is_not_taken_for_an_answer():
    """Work that was cut off by the stop has nothing to say."""
    stop, begun = threading.Event(), threading.Event()

    def work(item):
        if item == "cut off":
            begun.set()
            stop.wait(PATIENCE)
        return item

    arrived = []
    for item, _ in run_concurrently(["quick", "cut off"], work, max_workers=2, stop=stop):
        arrived.append(item)
        assert begun.wait(PATIENCE)
        stop.set()
    assert arrived == ["quick"]


def test_a_run_that_is_left_early_begins_nothing_new():
    """A caller whose own code fails (a callback that raises) does not leave threads that go on asking."""
    begun: list[int] = []
    gate = threading.Event()

    def work(item):
        begun.append(item)
        if item:
            gate.wait(PATIENCE)
        return item

    run = run_concurrently(range(50), work, max_workers=1, stop=threading.Event())
    next(run)
    run.close()
    gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("quota-"):
            thread.join(PATIENCE)
    assert len(begun) <= 2


def test_a_run_that_was_stopped_before_it_began_asks_nobody():
    stop = threading.Event()
    stop.set()
    asked: list[int] = []
    assert list(run_concurrently(range(3), asked.append, max_workers=2, stop=stop)) == []


def test_what_is_done_aside_lets_the_loop_go_on_and_is_awaited():
    async def both():
        arrived = threading.Event()
        waiting = asyncio.ensure_future(aside(lambda: arrived.wait(PATIENCE) and threading.current_thread().daemon))
        await asyncio.sleep(0)
        arrived.set()
        return await waiting

    assert asyncio.run(both()) is True


def test_what_goes_wrong_aside_is_raised_where_it_is_awaited():
    async def fails():
        await aside(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fails())


def test_what_is_done_aside_does_not_hold_back_the_end_of_the_process():
    """An executor's thread would: Python waits for it however the loop ends."""
    code = """
        import asyncio, time
        from quota_helpers.workers import aside

        async def leave():
            asyncio.ensure_future(aside(lambda: time.sleep(60)))
            await asyncio.sleep(0.1)

        asyncio.run(leave())
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stderr == ""
    assert time.monotonic() - began < PATIENCE


def test_what_comes_back_aside_after_the_loop_has_ended_is_dropped():
    """Without an exception in the thread, which would be a warning here."""
    late = threading.Event()
    ended = threading.Event()

    def work():
        late.wait(PATIENCE)
        ended.set()

    async def leave():
        waiting = asyncio.ensure_future(aside(work))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(leave())
    late.set()
    assert ended.wait(PATIENCE)
    for thread in threading.enumerate():
        if thread.name == "quota-aside":
            thread.join(PATIENCE)
            assert not thread.is_alive()
