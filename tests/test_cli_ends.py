"""How the command line ends when something else decides: Ctrl-C, a deadline, a reader that has gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from foundation_support import POSIX, Desk, ask, environment, hangs, usage

PATIENCE = 30.0
FULL = Path("/dev/full")
# Whoever runs the tests may ignore Ctrl-C (a shell's background job does), and children inherit that.
LISTENING = {} if os.name == "nt" else {"preexec_fn": partial(signal.signal, signal.SIGINT, signal.SIG_DFL)}


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "account") as desk:
        yield desk


def start(desk, *arguments, **options) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "quota_helpers",
        "--account-dir",
        desk.folder,
        "--chatgpt-url",
        desk.base,
        *arguments,
    ]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(PYTHONIOENCODING="utf-8")}
    return subprocess.Popen(command, cwd=desk.folder, text=True, **{**LISTENING, **streams, **options})


def hanging(desk, name) -> threading.Event:
    """A login whose server never answers; the event is set once it has been asked."""
    asked = threading.Event()

    def answer(exchange):
        asked.set()
        hangs(exchange)

    desk.login(name, answer)
    return asked


def answered(desk, name) -> threading.Event:
    """A login whose answer has gone out, and was taken to its end by the client, once the event is set."""
    done = threading.Event()

    def answer(exchange):
        exchange.reply(200, usage(25, 50), [("Connection", "close")])
        exchange.conn.settimeout(PATIENCE)
        exchange.conn.recv(1)  # the client hangs up when it has read the answer
        done.set()

    desk.login(name, answer)
    return done


@POSIX
@pytest.mark.parametrize("option", [[], ["--json"], ["--raw-json"]], ids=["table", "json", "raw"])
def test_ctrl_c_prints_what_arrived_and_leaves(desk, option):
    """Two of three servers hang; the third one's numbers are printed at once, long before any deadline."""
    asked = [hanging(desk, "hangs-1"), hanging(desk, "hangs-2")]
    done = answered(desk, "ada")
    with start(desk, *option, "--timeout", "60") as run:
        assert all(event.wait(PATIENCE) for event in [*asked, done])
        time.sleep(0.5)  # nothing tells from outside that the answer has been counted as arrived
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=PATIENCE)
        took = time.monotonic() - began
    assert run.returncode == 130
    assert "ada" in out
    assert '"used_percent": 25' in out or "75" in out
    assert err == "Interrupted: no answer yet from hangs-1, hangs-2.\n"
    assert "hangs" not in out
    assert took < PATIENCE / 2  # nobody waited for the deadline of 60 s


@POSIX
def test_ctrl_c_before_anything_arrived_prints_nothing(desk):
    asked = hanging(desk, "hangs")
    with start(desk, "--timeout", "60") as run:
        assert asked.wait(PATIENCE)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=PATIENCE)
    assert (run.returncode, out, err) == (130, "", "")


def slow_import(tmp_path) -> tuple[dict[str, str], Path]:
    """An environment in which a library takes half a minute to load, and the file that tells that it has begun."""
    begun = tmp_path / "begun"
    library = tmp_path / "slow" / "requests.py"
    library.parent.mkdir()
    library.write_text(f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(30)\n", "utf-8")
    return environment(PYTHONPATH=str(library.parent)), begun


@POSIX
@pytest.mark.parametrize("how", [signal.SIG_DFL, signal.SIG_IGN], ids=["listening", "switched off by the caller"])
def test_ctrl_c_while_the_command_line_is_still_loading(desk, tmp_path, how):
    """No traceback, and at once; a caller that has switched Ctrl-C off (nohup) is respected."""
    env, begun = slow_import(tmp_path)
    desk.login("ada")
    with start(desk, env=env, preexec_fn=partial(signal.signal, signal.SIGINT, how)) as run:
        until = time.monotonic() + PATIENCE
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.01)
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        if how is signal.SIG_IGN:
            with pytest.raises(subprocess.TimeoutExpired):
                run.wait(1)
            run.kill()
            return
        out, err = run.communicate(timeout=PATIENCE)
        took = time.monotonic() - began
    assert (run.returncode, out, err) == (130, "", "")
    assert took < 1


def test_the_deadline_ends_one_account_and_not_the_others(desk):
    desk.login("ada")
    desk.login("hangs", hangs)
    done = ask(desk, "--timeout", "0.5")
    assert done.returncode == 2
    assert "ada" in done.stdout
    assert done.stderr.startswith("hangs: ")
    assert "within 0.5 s" in done.stderr


@POSIX
@pytest.mark.parametrize("option", [[], ["--raw-json"], ["--json"], ["--raw-headers"]])
def test_a_closed_pipe_ends_cleanly(desk, option):
    """`| head -1`: the reader takes a line and goes."""
    for number in range(5):
        desk.login(f"a{number}", usage(promo="x" * 100_000, plan="p" * 100_000))
    with (
        start(desk, *option) as run,
        subprocess.Popen(["head", "-1"], stdin=run.stdout, stdout=subprocess.PIPE) as head,
    ):
        run.stdout.close()
        first = head.communicate(timeout=PATIENCE)[0]
        run.stdout = None
        err = run.stderr.read()
        assert run.wait(PATIENCE) == 0
    assert len(first.splitlines()) == 1
    assert err == ""


@POSIX
@pytest.mark.parametrize("option", [[], ["--raw-json"]])
def test_a_reader_of_both_streams_may_go_at_once(desk, option):
    """`2>&1 | true`: neither stream has a reader left."""
    desk.login("ada")
    desk.login("old", exp=1_600_000_000)
    read, write = os.pipe()
    os.close(read)
    try:
        with start(desk, *option, stdout=write, stderr=write) as run:
            assert run.wait(PATIENCE) == 0
    finally:
        os.close(write)


@POSIX
def test_a_full_disk_is_no_silent_success(desk):
    """What could not be written is an error, not a clean end."""
    if not FULL.exists():
        pytest.skip("no /dev/full here")
    desk.login("ada")
    with FULL.open("w") as full, start(desk, stdout=full) as run:
        assert run.communicate(timeout=PATIENCE)[1] == "The output cannot be written (No space left on device).\n"
        assert run.returncode == 74


@POSIX
@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_was_closed_before_the_start_hinders_nobody(desk, closed):
    """`>&-`: Python has no such stream then; what goes to the other one stays there."""
    desk.login("ada")
    desk.login("old", exp=1_600_000_000)
    with start(desk, preexec_fn=partial(os.close, closed)) as run:
        out, err = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1  # a login has expired
    assert ("old" in err, "ada" in out) == (closed == 1, closed == 2)
    assert "Traceback" not in err


@POSIX
def test_the_demo_leaves_no_folder_behind_after_ctrl_c(tmp_path):
    """The demo writes login files into a temporary folder, which goes with it however it ends."""
    env = environment(TMPDIR=str(tmp_path), PYTHONIOENCODING="utf-8")
    code = (
        "import os, signal, sys, threading\n"
        "from quota_helpers import cli, sources\n"
        "from functools import partial\n"
        "cli.demo = partial(sources.demo, latency=20)\n"
        "threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "sys.exit(cli.main(['--demo']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, timeout=60, check=False, **LISTENING
    )
    assert done.returncode == 130, done.stderr
    assert list(tmp_path.iterdir()) == []
