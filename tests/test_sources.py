"""A source over real HTTP: what a run brings home, and how it ends early."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from client_support import LoopbackServer
from foundation_support import Desk, environment, hangs, says, usage

import quota_helpers as qh
from quota_helpers.invented import STEP, T0

PATIENCE = 30.0


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "account") as desk:
        yield desk


def live(desk, **options):
    return qh.live(desk.folder, url=desk.base, **{"deadline": 10, **options})


# --- one run ---


def test_names_may_be_one_name(desk):
    desk.login("ada")
    desk.login("bob")
    with live(desk, names="bob") as source:
        assert source.accounts.names == ("bob",)
        assert [taken.account for taken in source.collect(names="bob").snapshots] == ["bob"]
        assert [taken.account for taken in source.collect(names=["bob", "bob"]).snapshots] == ["bob"]


def test_a_run_brings_home_readings_and_replies(desk):
    desk.login("ada", usage(25, 50))
    with live(desk) as source:
        collection = source.collect()
        assert source.url == desk.base
    taken = collection.snapshots[0]
    assert (taken.account, taken.five_hour.used_percent, taken.weekly.used_percent) == ("ada", 25, 50)
    assert taken.account_key == source.accounts[0].key
    assert taken.origin == "usage"
    assert collection.replies["ada"].payload["plan_type"] == "plus"
    assert (collection.exit_code, collection.interrupted) == (0, False)
    assert desk.requests[0].headers["chatgpt-account-id"] == "acct-ada"


def test_readings_come_in_path_order_however_they_arrive(desk):
    """Each answer waits for the one behind it: the last login is answered first."""
    names = [f"login-{number:02}" for number in range(8)]
    passed = {name: threading.Event() for name in [*names, "end"]}
    passed["end"].set()

    def in_turn(name, after):
        def answer(exchange):
            assert passed[after].wait(PATIENCE)
            exchange.reply(200, usage())
            passed[name].set()

        return answer

    for name, after in zip(names, [*names[1:], "end"], strict=True):
        desk.login(name, in_turn(name, after))
    with live(desk) as source:
        collection = source.collect()
    assert [taken.account for taken in collection.snapshots] == names
    assert list(collection.replies) == names


def test_a_hundred_accounts_at_once(desk):
    """The first thirty-two answers wait for one another: asked one by one they would wait for ever."""
    meeting = threading.Barrier(32)

    def answer(exchange):
        if exchange.number < 32:
            meeting.wait(PATIENCE)
        exchange.reply(200, usage())

    for number in range(100):
        desk.login(f"a{number:03}", answer)
    seen = []
    with live(desk, deadline=60) as source:
        collection = source.collect(on_progress=lambda done, total: seen.append((done, total)))
    assert [taken.account for taken in collection.snapshots] == [f"a{number:03}" for number in range(100)]
    assert seen == [(done, 100) for done in range(1, 101)]
    assert len({taken.account_key for taken in collection.snapshots}) == 100


def test_one_accounts_failure_stands_beside_the_others(desk):
    desk.login("ada")
    desk.login("bad", says({"error": {"code": "token_revoked"}}, 401))
    desk.login("zoe")
    desk.write("broken", "{")
    with live(desk) as source:
        collection = source.collect()
    assert [taken.account for taken in collection.snapshots] == ["ada", "zoe"]
    kinds = [(failure.account, failure.kind) for failure in collection.failures]
    assert kinds == [("broken", "AuthFileInvalidError"), ("bad", "TokenRejectedError")]
    assert collection.failures[1].account_key == source.accounts.named("bad").key
    assert collection.failures[1].error.reply is collection.replies["bad"]
    assert collection.exit_code == 3


@pytest.mark.parametrize("body", [{}, {"error": {"code": "odd"}}, {"hello": "world"}], ids=["empty", "error", "other"])
def test_json_that_is_no_usage_is_an_unexpected_reply_that_is_kept(desk, body):
    desk.login("ada", says(body))
    with live(desk) as source:
        collection = source.collect()
    failure = collection.failures[0]
    assert (failure.kind, failure.status, failure.account) == ("UnexpectedReplyError", 200, "ada")
    assert "ada" not in failure.message  # who it is stands beside it wherever it is shown
    assert collection.replies["ada"].payload == body
    assert failure.error.reply.payload == body


def test_a_reply_for_another_account_is_noted(desk):
    desk.login("ada", usage(account_id="acct-somebody-else"))
    desk.login("bob", usage(account_id="acct-bob"))
    desk.login("cleo", usage(account_id="user-cleo"))
    desk.login("dora", usage(account_id=""))
    with live(desk) as source:
        notes = [taken.notes for taken in source.collect().snapshots]
    assert [len(found) for found in notes] == [1, 0, 0, 0]
    assert notes[0][0].endswith("@ $.account_id")
    assert "acct-" not in notes[0][0]


def test_what_was_odd_about_the_bytes_is_a_note(desk):
    desk.login("ada", lambda exchange: exchange.reply(200, b'{"plan_type": "pl\xffus", "rate_limit": null}'))
    with live(desk) as source:
        taken = source.collect().snapshots[0]
    assert any("UTF-8" in note for note in taken.notes)


def test_other_spellings_are_read_with_an_extended_table(desk):
    desk.login("ada", {"rate_limit": {"primary_window": {"pct": 30, "limit_window_seconds": 18_000}}})
    with live(desk, aliases=qh.ALIASES.extended({"used_percent": ["pct"]})) as source:
        assert source.collect().snapshots[0].five_hour.used_percent == 30


# --- one account ---


def test_fetch_gives_one_raw_body(desk):
    token = desk.login("ada", {"anything": ["goes"]})
    with live(desk) as source:
        assert source.fetch("ada").payload == {"anything": ["goes"]}
        assert source.fetch().account == "ada"
    assert desk.asked_by(token) == 2


def test_fetch_says_what_is_wrong(desk):
    desk.login("ada", says("<html>", 500))
    desk.login("bob")
    desk.write("broken", "{")
    with live(desk, retries=0) as source:
        with pytest.raises(qh.errors.ServerError) as caught:
            source.fetch("ada")
        assert caught.value.reply.status == 500
        with pytest.raises(ValueError, match="ada, bob"):
            source.fetch("nobody")
        with pytest.raises(ValueError, match="ada, bob"):
            source.fetch()
        with pytest.raises(qh.errors.AuthFileInvalidError, match="not JSON"):
            source.fetch("broken")
        with pytest.raises(ValueError, match="nobody"):
            source.collect(names=["ada", "nobody"])


def test_a_login_is_meant_by_its_name_its_label_or_its_key(desk):
    """The label is what every display shows; with one login alone no name is needed."""
    desk.login("kim@example.com", usage(25, 50))
    with live(desk) as source:
        key = source.accounts[0].key
        assert source.fetch().account == "kim@example.com"
        for name in ("kim@example.com", "ki...@example.com", key):
            assert source.fetch(name).account == "kim@example.com"
            assert [taken.account for taken in source.collect(names=name).snapshots] == ["kim@example.com"]
        desk.login("ada")
        with pytest.raises(ValueError, match=r"2 logins; name one of these: ada, ki\.\.\.@example\.com") as caught:
            source.fetch()
    assert "kim@" not in str(caught.value)


def test_a_source_without_a_login_says_so(tmp_path):
    with qh.live(codex_home=tmp_path) as source, pytest.raises(ValueError, match="0 logins; none is found"):
        source.fetch()


def test_a_run_of_some_accounts_reports_those_only(desk):
    desk.login("ada")
    desk.login("bob")
    desk.write("broken", "{")
    with live(desk) as source:
        assert [taken.account for taken in source.collect(names=["bob"]).snapshots] == ["bob"]
        assert source.collect(names=["bob"]).failures == ()
        assert [failure.account for failure in source.collect(names=["broken"]).failures] == ["broken"]
        assert [taken.account for taken in source.collect(names=["bob", "ada"]).snapshots] == ["bob", "ada"]
        assert source.collect(names=[]).snapshots == ()


# --- an early end ---


def test_a_stop_ends_the_run_and_keeps_what_arrived(desk):
    stop, hanging = threading.Event(), threading.Event()

    def never(exchange):
        hanging.set()
        hangs(exchange)

    desk.login("ada")
    desk.login("hangs", never)

    def stop_when_both_were_asked(done, total):
        assert (done, total) == (1, 2)
        assert hanging.wait(PATIENCE)
        stop.set()

    with live(desk, deadline=PATIENCE) as source:
        began = time.monotonic()
        collection = source.collect(on_progress=stop_when_both_were_asked, stop=stop)
        assert time.monotonic() - began < PATIENCE / 2  # far from the deadline: the stop ended it
    assert [taken.account for taken in collection.snapshots] == ["ada"]
    assert collection.failures == ()
    assert collection.interrupted


def test_an_interrupt_in_a_callback_keeps_what_arrived(desk):
    desk.login("ada")
    desk.login("hangs", hangs)

    def interrupt(*_):
        raise KeyboardInterrupt

    with live(desk, deadline=PATIENCE) as source:
        collection = source.collect(on_progress=interrupt)
    assert [taken.account for taken in collection.snapshots] == ["ada"]
    assert collection.interrupted


def test_an_interrupt_keeps_what_nobody_has_looked_at_yet(desk):
    """A slow callback (a panel that paints) is interrupted when the second answer has long arrived."""
    desk.login("ada")
    desk.login("bob")

    def interrupt(*_):
        for thread in threading.enumerate():
            if thread.name in {"quota-0", "quota-1"}:
                thread.join(PATIENCE)
        raise KeyboardInterrupt

    with live(desk) as source:
        collection = source.collect(on_progress=interrupt)
    assert [taken.account for taken in collection.snapshots] == ["ada", "bob"]
    assert not collection.interrupted


@pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself a real Ctrl-C on Windows without its console")
def test_a_real_interrupt_keeps_what_arrived(desk):
    desk.login("ada")
    desk.login("hangs", hangs)
    code = f"""
import quota_helpers as qh
source = qh.live({str(desk.folder)!r}, url={desk.base!r}, deadline=60)
collection = source.collect(on_progress=lambda done, total: print("arrived", flush=True))
print([taken.account for taken in collection.snapshots], collection.interrupted)
"""
    with subprocess.Popen([sys.executable, "-c", code], env=environment(), stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "arrived\n"
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        assert run.stdout.read() == "['ada'] True\n"
        assert run.wait(PATIENCE) == 0
        assert time.monotonic() - began < PATIENCE


def test_two_runs_on_one_source_take_turns():
    """Whatever asks: a cell, a panel, *Read again*. In the demo each run is a step of its clock."""
    with qh.demo(latency=0.05) as source, ThreadPoolExecutor(4) as pool:
        runs = [run.result() for run in [pool.submit(source.collect, progress=False) for _ in range(4)]]
    assert sorted(run.fetched_at for run in runs) == [T0 + STEP * number for number in range(4)]
    assert {taken.fetched_at for run in runs for taken in run.snapshots} == {run.fetched_at for run in runs}


def test_a_run_that_waits_for_its_turn_can_be_stopped(desk):
    desk.login("hangs", hangs)
    first, second = threading.Event(), threading.Event()
    with live(desk, deadline=PATIENCE) as source, ThreadPoolExecutor(2) as pool:
        running = pool.submit(source.collect, stop=first)
        while not source._turn.locked():
            time.sleep(0.01)
        waiting = pool.submit(source.collect, stop=second)
        second.set()
        stopped = waiting.result(PATIENCE)
        assert (stopped.interrupted, stopped.snapshots, stopped.failures) == (True, (), ())
        assert not running.done()
        first.set()
        assert running.result(PATIENCE).interrupted


def test_a_closed_source_asks_nobody(desk):
    token = desk.login("ada")
    source = live(desk)
    source.close()
    source.close()
    assert [failure.kind for failure in source.collect().failures] == ["UnreachableError"]
    assert desk.asked_by(token) == 0


def test_a_server_that_is_not_there_is_named_for_each_account(tmp_path):
    with Desk(tmp_path) as desk:
        desk.login("ada")
    with LoopbackServer(lambda _: None) as gone:
        pass
    with qh.live(tmp_path, url=gone.base, retries=0) as source:
        failure = source.collect().failures[0]
    assert (failure.account, failure.kind, failure.exit_code) == ("ada", "UnreachableError", 2)
