"""Keeping without a notebook: round after round, one process at a time, and the gate, as a person runs them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from foundation_support import Desk, ask, cli, environment, model_only, usage
from history_support import T0

import quota_helpers as qh
from quota_helpers.errors import HistoryError, RateLimitedError
from quota_helpers.history import History, share_history
from quota_helpers.history.rounds import LONGEST_PAUSE, alone, pause_after, rounds
from quota_helpers.outcomes import Collection, Failure
from quota_helpers.sources import demo

TEN = timedelta(minutes=10)
ROOT = Path(__file__).parent.parent


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "account") as desk:
        yield desk


@pytest.fixture
def own(tmp_path):
    """The environment of a person whose data, cache and configuration are in this folder."""
    names = ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA", "HOME")
    return {name: str(tmp_path / "own") for name in names}


def kept(folder):
    (path,) = folder.rglob("history.sqlite3")
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM readings").fetchone()[0]


# --- rounds ---


def test_a_round_that_could_not_be_written_is_kept_with_the_next(tmp_path):
    """Another program holds the file: nothing is lost, and it says so."""
    path = tmp_path / "h.sqlite3"
    with demo(names=["ada"]) as source, History(path, timeout_seconds=0.05, clock=source.clock) as history:
        every = rounds(source, history, timedelta(0), stop=threading.Event())
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            failed = next(every)
            assert isinstance(failed.error, HistoryError)
            assert str(failed).startswith("not kept yet: The history ")
            assert history.frame().empty
            other.execute("ROLLBACK")
        done = next(every)
        assert done.error is None
        assert str(done).startswith(f"{done.added.new_rows} new readings and 0 new turns kept")
        assert history.frame()["fetched_at"].nunique() == 2


def test_round_after_round_until_it_is_stopped():
    stop = threading.Event()
    with demo(names=["ada"]) as source, History.in_memory(clock=source.clock) as history:
        for number, _ in enumerate(rounds(source, history, timedelta(0), stop=stop), 1):
            if number == 3:
                stop.set()
        assert number == 3
        assert history.frame()["fetched_at"].nunique() == 3


class Refusing:
    """A source that is refused twice and then answered; asked for a while only the second time."""

    is_demo = True

    def __init__(self):
        self.answers = [
            [RateLimitedError("slow", account="a")],
            [RateLimitedError("slow", retry_after_seconds=7200)],
            [],
        ]

    def collect(self, **_):
        errors = self.answers.pop(0)
        failures = tuple(Failure(account="a", error=error) for error in errors)
        return Collection(fetched_at=T0, failures=failures, interrupted=not self.answers)


class Clock(threading.Event):
    """Time that passes at once, and is written down."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        return False


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)])
def test_it_backs_off_while_the_server_says_too_many(chance, share):
    """Twice the pause, then what the server asks for; many machines not in the same second."""
    clock = Clock()
    with History.in_memory(clock=lambda: T0) as history:
        assert len([*rounds(Refusing(), history, TEN, stop=clock, chance=lambda: chance)]) == 3
    assert clock.waits == pytest.approx([1200 * share, 7200 * share])


@pytest.mark.parametrize(
    ("pace", "refused", "asked", "pause"),
    [
        (TEN, 0, 0, TEN),
        (TEN, 1, 0, 2 * TEN),
        (TEN, 2, 0, 4 * TEN),
        (TEN, 3, 0, LONGEST_PAUSE),
        (TEN, 10_000, 0, LONGEST_PAUSE),
        (TEN, 1, 1201, timedelta(seconds=1201)),
        (TEN, 1, 1199, 2 * TEN),
        (timedelta(hours=2), 1, 0, timedelta(hours=2)),
    ],
)
def test_how_long_it_waits(pace, refused, asked, pause):
    assert pause_after(pace, refused, asked) == pause


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "h.sqlite3"
    with History(path) as one, History(path) as two:
        with alone(one), pytest.raises(HistoryError, match="Another process already keeps readings"), alone(two):
            pass
        with alone(two):
            assert one.frame().empty


# --- the command line ---


def test_keep_prints_as_always_and_keeps(desk, own, tmp_path):
    desk.login("ada", usage(25, 50))
    plain = ask(desk, "--timezone", "UTC")
    done = ask(desk, "--timezone", "UTC", "--keep", env=own)
    assert done.stdout == plain.stdout
    assert done.returncode == 0
    assert "history: 2 new readings and 0 new turns kept in " in done.stderr
    assert kept(tmp_path / "own") == 2
    assert ask(desk, "--keep", env=own).returncode == 0
    assert kept(tmp_path / "own") == 4


def test_keep_keeps_a_login_with_no_limit_but_a_models(desk, own, tmp_path):
    desk.login("ada", usage(25, 50))
    desk.login("seat", model_only())
    done = ask(desk, "--keep", env=own)
    assert (done.returncode, kept(tmp_path / "own")) == (0, 3), done.stderr


def test_keeping_loads_no_pyarrow(desk, own):
    """Forty megabytes that nothing there needs."""
    desk.login("ada", usage(25, 50))
    code = """
import sys
from quota_helpers.__main__ import main
assert main() == 0
assert "pandas" in sys.modules and sys.modules["pyarrow"] is None
"""
    where = ["--account-dir", str(desk.folder), "--chatgpt-url", desk.base]
    done = subprocess.run([sys.executable, "-c", code, *where, "--keep"], env=environment(**own), check=False)
    assert done.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="the shell that cron uses")
def test_readmes_line_for_cron_keeps(desk, own, tmp_path):
    """As cron runs it: by a shell, with hardly any environment, from nowhere."""
    desk.login("ada", usage(25, 50))
    (line,) = [text for text in (ROOT / "README.md").read_text("utf-8").splitlines() if text.startswith("| cron |")]
    command = line.partition("* * * * ")[2].partition("`")[0]
    command = command.replace("FOLDER", str(tmp_path)).replace(".venv/bin/python", sys.executable)
    command = command.replace("--keep", f"--keep --account-dir {desk.folder} --chatgpt-url {desk.base}")
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **own}
    done = subprocess.run(["/bin/sh", "-c", command], env=bare, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert kept(tmp_path / "own") == 2


def test_keep_shares_what_is_shared(desk, own, tmp_path, monkeypatch):
    """The folder that was said once; what is wrong in it is said, and the reading is kept."""
    desk.login("ada", usage(25, 50))
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "note.txt").write_text("mine")
    for name, folder in own.items():
        monkeypatch.setenv(name, folder)
    share_history(tmp_path / "shared")
    done = ask(desk, "--keep", env=own)
    assert done.returncode == 0
    assert "shared folder: note.txt: is no machine's folder" in done.stderr
    assert len(list((tmp_path / "shared").glob("*/*.jsonl.gz"))) == 1


def test_what_comes_is_said_once_an_hour_and_remembered(desk, own, tmp_path):
    """Where the history knows more than two days; with how often that was right, as soon as a window has closed."""
    reset = int(time.time()) + 72 * 3600
    desk.login("ada", usage(25, 50, weekly_reset=reset))
    ask(desk, "--keep", env=own)
    (path,) = (tmp_path / "own").rglob("history.sqlite3")
    with History(path) as history:
        now = history.frame(windows="weekly")
        for hours in range(2, 70, 2):
            then = now["fetched_at"] - timedelta(hours=hours)
            history.add(now.assign(fetched_at=then, used_percent=50.0 - hours // 2))
        before = then.iloc[0] - timedelta(days=3)
        history.add(now.assign(fetched_at=before, reset_at=before + timedelta(days=1), used_percent=30.0))
        told = qh.forecast(history.frame(windows="weekly")).assign(p_exhausted_refills=0.3)
        history.add_forecast(told, asked_at=before + timedelta(hours=1))
    done = ask(desk, "--keep", env=own)
    assert "forecast: ada weekly: " in done.stderr
    assert "forecasts so far: Shown of 1 window that has closed: 30 % risk on average, 0 ran out" in done.stderr
    with History(path) as history:
        assert len(history.forecasts()) == 2
    again = ask(desk, "--keep", env=own)
    assert ("forecast: " in again.stderr) == (len(History(path).forecasts()) == 3)  # the hour may have turned


def test_a_history_that_cannot_be_kept_is_said_and_the_table_is_there(desk, own, tmp_path):
    desk.login("ada", usage(25, 50))
    ask(desk, "--keep", env=own)
    (path,) = (tmp_path / "own").rglob("history.sqlite3")
    path.write_bytes(b"no history at all")
    done = ask(desk, "--keep", env=own)
    assert done.stdout.splitlines()[1].startswith("ada ")
    assert "is no history" in done.stderr
    assert done.returncode == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_goes_on_until_a_signal(desk, own, tmp_path, number):
    """A second one on the same history says so and leaves; the first one ends cleanly, whole rounds kept."""
    desk.login("ada", usage(25, 50))
    command = [sys.executable, "-m", "quota_helpers", "--every", "1m", "--account-dir", str(desk.folder)]
    command += ["--chatgpt-url", desk.base]
    with subprocess.Popen(
        command, env=environment(**own), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        lines = [process.stderr.readline(), process.stderr.readline()]
        assert lines[0].startswith("Keeping readings in ")
        assert "2 new readings and 0 new turns kept" in lines[1]
        second = ask(desk, "--every", "1m", env=own)
        assert (second.returncode, "Another process already keeps readings" in second.stderr) == (1, True)
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert kept(tmp_path / "own") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--need", "50"], 0, "ada has 50 % left of its weekly limit: enough for 50 %."),
        (["--need", "50.5%"], 4, "None of 2 accounts has 50.5 % left"),
        (["--need", "50", "bob"], 4, "bob has 5 % left of its weekly limit: not enough for 50 %."),
        (["--need", "1", "nobody"], 5, "nobody"),
    ],
)
def test_the_gate(desk, arguments, code, said):
    desk.login("ada", usage(25, 50))
    desk.login("bob", usage(25, 95))
    done = ask(desk, *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_the_gate_over_a_time_asks_what_was_kept(desk, own, tmp_path):
    """Without a record the pace decides; after a month of hourly readings, the record. The sentence says which."""
    desk.login("ada", usage(None, 50, weekly_reset=int(time.time()) + 302_400))
    gate = ["--need", "1", "--for", "1h"]
    assert "At its pace so far ada" in ask(desk, *gate, env=own).stderr
    ask(desk, "--keep", env=own)
    (path,) = (tmp_path / "own").rglob("history.sqlite3")
    with History(path) as history:
        last = history.frame(windows="weekly").iloc[[0]]
        times = last["fetched_at"].iloc[0] - pd.to_timedelta(range(30 * 24), unit="h")
        past = last.loc[last.index.repeat(len(times))].assign(fetched_at=times.as_unit("us"))
        week = pd.Timedelta(days=7)
        into = (past["fetched_at"] - past["reset_at"]) % week
        past["reset_at"] = past["fetched_at"] - into + week
        history.add(past.assign(used_percent=into / week * 50, remaining_percent=100 - into / week * 50))
    said = ask(desk, *gate, "--keep", env=own)
    assert (said.returncode, "By its record ada will still have " in said.stderr) == (0, True), said.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--for", "3h"],
        ["--need", "101"],
        ["--need", "much"],
        ["--need", "5", "--for", "soon"],
        ["--need", "5", "--for", "3"],
        ["--every", "10"],
        ["--every", "59s"],
        ["--every", "10m", "--need", "5"],
        ["--keep", "--demo"],
    ],
)
def test_wrong_usage(arguments):
    assert cli(*arguments, cwd=Path.cwd()).returncode == 64


@pytest.mark.parametrize("option", ["--for", "--every"])
def test_a_length_without_a_unit_is_no_length(option):
    """Three of what? Hours for the one, minutes for the other."""
    assert "'3' is no length of time: write 10m, 3h or 1d 12h" in cli(option, "3", cwd=Path.cwd()).stderr
