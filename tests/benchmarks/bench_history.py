"""The history at size: a million readings in and out, machines that write at once or share a folder, and `--keep`.

Run with: pytest tests/benchmarks/bench_history.py --benchmark-enable -s

The aims: ten machines' 90 days by a shared folder within 3 s; `--keep` below 120 MB and 1 s beyond the requests.
README's table has what was measured. Of times nothing is asserted: a busy machine must not fail anything.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import platformdirs
import pytest
from bench_history_charts import million
from foundation_support import Desk, usage
from history_support import T0, logs
from postgres_support import HOW_TO_GET_IT, programs, running, writer
from timing import as_a_person_has_it

from quota_helpers.auth import find_accounts
from quota_helpers.history import History
from quota_helpers.settings import change_setting

MACHINES, DAYS, MINUTES = 10, 90, 10
WRITERS, WRITES = 20, 20
TESTS = Path(__file__).parent.parent


@pytest.fixture
def said(capsys):
    """Prints a line, whatever pytest holds back."""

    def say(text):
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return say


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        yield tmp_path / "h.sqlite3"
        return
    if programs() is None:
        pytest.skip(HOW_TO_GET_IT)
    with running() as server:
        yield server.database()


def seconds(call):
    """How long it took, and of that this process's own work, for a machine that is busy; and what came of it."""
    begun, worked = time.perf_counter(), time.process_time()
    result = call()
    return f"{time.perf_counter() - begun:.1f} s ({time.process_time() - worked:.1f} s of work)", result


def test_a_million_readings(benchmark, said, place):
    frame = million("whole")
    with History(place, keep_bodies_days=None) as history:
        into, added = seconds(lambda: history.add(frame))
        out, back = seconds(history.frame)
        benchmark.pedantic(history.frame, rounds=1)
    assert added.new_rows == len(back) == len(frame)
    said(f"{'a file' if isinstance(place, Path) else 'a server'}: {len(frame):,} in {into}, out {out}")


def test_an_export_comes_back(benchmark, said, tmp_path):
    """300,000 lines of JSON, read and checked."""
    with History.in_memory(keep_bodies_days=None) as history:
        history.add(million("whole").iloc[:300_000].assign(state="current"))
        history.export(tmp_path / "kept.jsonl")
    with History(tmp_path / "h.sqlite3", keep_bodies_days=None) as history:
        into, done = seconds(lambda: history.import_file(tmp_path / "kept.jsonl"))
        benchmark.pedantic(history.accounts, rounds=1)
    assert done.added.new_rows == 300_000
    said(f"an export of 300,000 lines comes back in {into}")


def test_a_shared_folder(benchmark, said, tmp_path, monkeypatch):
    """Ten machines, 90 days each, a reading of both windows every ten minutes and 100 turns a day; a new history."""
    for name in ("config", "data"):
        monkeypatch.setattr(platformdirs, f"user_{name}_dir", lambda *_, name=name, **__: str(tmp_path / name))
    for number in range(MACHINES):
        change_setting("machine_id", f"{number:08}")
        with History(tmp_path / f"{number}.sqlite3", shared=tmp_path / "shared") as history:
            history.add(readings_of(number))
            history.add_sessions(logs(100 * DAYS, start=T0, session=f"s{number}"))
    change_setting("machine_id", "reader")
    into, history = seconds(lambda: History(tmp_path / "reader.sqlite3", shared=tmp_path / "shared"))
    again, _ = seconds(history.sync)
    rows, size = len(history.frame()), sum(file.stat().st_size for file in (tmp_path / "shared").rglob("*.gz"))
    assert history.skipped == ()
    benchmark.pedantic(history.sync, rounds=1)
    history.close()
    told = f"{rows:,} readings, {size / 1e6:.1f} MB, in {into}, again {again}"
    said(f"{MACHINES} machines, {DAYS} days: {told}")


def readings_of(number):
    times = pd.date_range(T0, periods=DAYS * 24 * 60 // MINUTES, freq=f"{MINUTES}min", unit="us")
    parts = []
    for window, length in (("five_hour", 18_000), ("weekly", 604_800)):
        passed = times.as_unit("s").astype("int64") % length
        told = {
            "account": f"seat-{number % 3}", "account_key": f"key-{number % 3}", "plan": "plus", "limit": "codex",
            "window": window, "slot": window, "window_seconds": float(length), "state": "current", "origin": "usage",
            "used_percent": passed / length * 90, "fetched_at": times + timedelta(seconds=number),
            "reset_at": times + pd.to_timedelta(length - passed, unit="s"),
        }  # fmt: skip
        parts.append(pd.DataFrame(told))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.skipif(programs() is None, reason=HOW_TO_GET_IT)
def test_twenty_machines_write_to_a_server_at_once(benchmark, said):
    """One of them is killed in the middle: what was said to be written is there, nothing is there twice."""
    with running() as server:
        address = server.database()
        begun = time.perf_counter()
        writers = [writer(address, f"m{number}", WRITES) for number in range(WRITERS)]
        written = [writers[0].stdout.readline() for _ in range(3)]
        writers[0].kill()
        written += writers[0].communicate()[0].splitlines()
        for other in writers[1:]:
            assert other.communicate()[0].split() == [str(number) for number in range(WRITES)]
        taken = time.perf_counter() - begun
        with History(address) as history:
            turns = history.tokens().groupby("session").size()
            assert set(turns) == {50}
            assert (WRITERS - 1) * WRITES + len(written) <= len(turns) <= (WRITERS - 1) * WRITES + len(written) + 1
            for number in range(1, WRITERS):
                assert len(history.frame(accounts=f"m{number}")) == 2 * WRITES
            assert set(history.frame(accounts="shared")["fetched_at"].value_counts()) == {2}
            benchmark.pedantic(history.accounts, rounds=1)
    said(f"{WRITERS} machines, {WRITES} x 104 rows each, one killed: nothing lost, nothing twice, {taken:.1f} s")


def test_keep(benchmark, said, tmp_path):
    """A run with and without it, on a login's history of 90 days: seconds beyond the requests, the peak of memory."""
    own = {name: str(tmp_path / "own") for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "CODEX_HOME")}
    env = as_a_person_has_it(**own, PYTHONPATH=str(TESTS.parent))
    with Desk(tmp_path / "account") as desk:
        desk.login("ada", usage(25, 50))
        key = find_accounts(desk.folder)[0].key
        past = datetime.now(UTC) - timedelta(days=DAYS) - T0
        with History(tmp_path / "own" / "quota-helpers" / "history.sqlite3") as history:
            told = readings_of(0).assign(account_key=key)
            history.add(told.assign(fetched_at=told["fetched_at"] + past, reset_at=told["reset_at"] + past))
        command = [sys.executable, "-m", "quota_helpers", "--account-dir", str(desk.folder), "--chatgpt-url", desk.base]
        plain, keep = ([run([*command, *more], env) for _ in range(5)] for more in ([], ["--keep"]))
        benchmark.pedantic(run, (command, env), rounds=1)
    extra, work = (min(one[at] for one in keep) - min(one[at] for one in plain) for at in (0, 1))
    peak = max(one[2] for one in keep)
    said(f"--keep: {extra:.2f} s more than without ({work:.2f} s of work), at most {peak:.0f} MB")


# The peak of a process that a large one has started counts the large one's memory, too: a small one starts it.
LAUNCHER = """
import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def run(command, env):
    """Seconds, of these of work, and MB at the peak, of a program."""
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *command], env=env, capture_output=True, text=True, check=True
    )
    return [float(number) for number in done.stdout.split()]
