"""What was read is kept: damaged, shared, cut off in the middle, it stays of use or is made anew."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from sessions_support import TWO, append, limits, long_session, meta, tokens, window, write

from quota_helpers.sessions import cache as kept
from quota_helpers.sessions import pool, read_sessions, worker
from quota_helpers.sessions.table import OddWindow

SESSIONS = [f"01990000-7000-7000-8000-{number:012x}" for number in range(24)]


@pytest.fixture
def home(tmp_path):
    """Twenty-four sessions of some text."""
    place = tmp_path / "codex"
    for number, session in enumerate(SESSIONS):
        write(place, *long_session(session, at=number * 3600.0), session=session, at=number * 3600.0)
    return place


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def started(monkeypatch):
    """Every helper process that is started."""
    processes = []
    real = pool._start

    def start():
        processes.append(real())
        return processes[-1]

    monkeypatch.setattr(pool, "_start", start)
    return processes


class Steps(list):
    """Notes the progress; does something at a certain step."""

    def __init__(self, at=None, act=None):
        super().__init__()
        self.at, self.act = at, act

    def __call__(self, done, total):
        self.append((done, total))
        if len(self) == self.at:
            self.act()


def same(one, other):
    pd.testing.assert_frame_equal(one.windows, other.windows)
    pd.testing.assert_frame_equal(one.tokens, other.tokens)


def test_helpers_read_the_same(home, started):
    """With helper processes or without: the same frames; no helper is left."""
    alone = read_sessions(home, cache=False, workers=1)
    assert started == []
    together = read_sessions(home, cache=False, workers=3)
    same(alone, together)
    assert len(alone.tokens) == 24 * 40
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_helpers_load_nothing_heavy():
    """A helper is a bare Python with msgspec and a few files of ours: no pandas, no numpy, no `quota_helpers`."""
    code = pool._START.replace("main()", "print(*sorted(sys.modules))")
    place = str(Path(pool.__file__).parent)
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, place, *filter(None, sys.path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "logs.worker" in loaded
    assert not {"numpy", "pandas", "quota_helpers"} & set(loaded)


@pytest.mark.parametrize("broken", ["", "nowhere", "false"])
def test_helpers_that_do_not_start(home, folder, monkeypatch, tmp_path, broken):
    """No interpreter to start, one that is not there, one that ends at once: this process reads on its own."""
    if broken == "false":
        program = tmp_path / "ends.sh"
        program.write_text("#!/bin/sh\nexit 3\n")
        program.chmod(0o755)
        broken = str(program)
    elif broken:
        broken = str(tmp_path / broken)
    expected = read_sessions(home, cache=False, workers=1)
    monkeypatch.setattr(sys, "executable", broken)
    same(expected, read_sessions(home, cache=folder, workers=2))


def test_what_a_failing_helper_gives_back_is_read(home, monkeypatch):
    """Also when helpers had taken every task before this process looked for one."""
    files = sorted(path for path in home.rglob("rollout-*"))
    jobs = [worker.Job(number, os.fsencode(path), path.stat().st_size, None) for number, path in enumerate(files)]
    monkeypatch.setattr(pool, "_START", "import sys, time; sys.stdin.buffer.read(8); time.sleep(1); sys.exit(3)")
    reading = pool.Pool(jobs, 1)
    try:
        taken = [reading._tasks.popleft() for _ in range(len(reading._tasks))]  # none is left when it begins to look
        given_back = threading.Timer(0.2, reading._tasks.extend, (taken,))
        given_back.start()
        found = {report.number: report.state.offset for one in reading.answers() for report in one.reports}
    finally:
        reading.close()
    assert found == {job.number: job.size for job in jobs}


def test_small_reads_start_no_helper(home, folder, started):
    """What is read in a moment needs no helper; much does, where there are cores for it."""
    read_sessions(home, cache=folder)
    assert started == []
    assert pool.helpers_for(1) == 0
    assert pool.helpers_for(10**9, workers=4) == 3


def test_interrupt_keeps_what_was_read(home, folder, started):
    """Ctrl-C in the middle: no helper is left, and the next read takes the rest only."""

    def interrupt():
        raise KeyboardInterrupt

    steps = Steps(2, interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_sessions(home, cache=folder, workers=2, progress=steps)
    assert started
    assert all(process.poll() is not None for process in started)
    after = Steps()
    whole = read_sessions(home, cache=folder, workers=1, progress=after)
    assert 0 < after[-1][1] <= steps[-1][1] - steps[-1][0]
    same(whole, read_sessions(home, cache=False))


def test_killed_in_the_middle(home, folder):
    """A process that dies without a word leaves the cache as it was, or whole; the next read is right."""
    read_sessions(home, cache=folder)
    added = home / "sessions"
    for path in sorted(added.rglob("*.jsonl"))[:10]:
        append(path, tokens(9000, total=99, last=7))
    code = (
        "import os, sys\nfrom quota_helpers.sessions import read_sessions\n"
        "read_sessions(sys.argv[1], cache=sys.argv[2], workers=2, progress=lambda done, total: os._exit(9))"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(home), str(folder)], check=False)
    assert ended.returncode == 9
    after = Steps()
    found = read_sessions(home, cache=folder, progress=after)
    assert after[-1][1] < 10_000  # what was appended, nothing more
    same(found, read_sessions(home, cache=False))


def test_killed_while_writing(home, folder, monkeypatch):
    """A write that never ends leaves the cache of before."""
    read_sessions(home, cache=folder)
    append(next(home.rglob("*.jsonl")), tokens(9000, total=99, last=7))
    monkeypatch.setattr(kept, "_encoded", lambda _: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        read_sessions(home, cache=folder)
    monkeypatch.undo()
    after = Steps()
    same(read_sessions(home, cache=folder, progress=after), read_sessions(home, cache=False))
    assert after[-1][1] < 1000


def test_two_processes_at_once(home, folder):
    """Two processes that read and write one cache at the same time both get everything, and so does the next."""
    code = (
        "import sys\nfrom quota_helpers.sessions import read_sessions\nsys.stdin.readline()\n"
        "for _ in range(5):\n    found = read_sessions(sys.argv[1], cache=sys.argv[2], workers=2)\n"
        "    print(len(found.windows), found.tokens['total'].sum(), *found.notes)\n"
        "    for path in __import__('pathlib').Path(sys.argv[2]).glob('*.bin'):\n        path.unlink(missing_ok=True)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(home), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0].splitlines() for process in processes]
    expected = read_sessions(home, cache=folder)
    assert answers == [[f"{len(expected.windows)} {expected.tokens['total'].sum()}"] * 5] * 2
    same(expected, read_sessions(home, cache=False))
    assert [path.suffix for path in folder.iterdir()] == [".bin"]


def packed(body):
    """A cache with this content and the checksum that fits it."""
    return kept._HEAD.pack(kept._MAGIC, kept.VERSION, zlib.crc32(body)) + body


def fitting(change):
    """A cache whose checksum fits, and whose content does not add up."""

    def damage(data):
        table = kept._decoded(data)
        change(table)
        return packed(msgspec.msgpack.encode(table))

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:100],
        lambda data: data[:-1],
        lambda data: data[:5000] + b"?" + data[5001:],
        lambda _: b"something else altogether" * 1000,
        lambda data: data[:8] + (kept.VERSION - 1).to_bytes(4, "little") + data[12:],
        fitting(lambda table: setattr(table, "names", table.names[1:])),
        fitting(lambda table: setattr(table, "contexts", [])),
        fitting(lambda table: setattr(table, "limits", table.limits[:1])),
        fitting(lambda table: setattr(table, "rows", table.rows[:-1])),
        fitting(lambda table: setattr(table, "flags", table.flags[:-1])),
        fitting(lambda table: setattr(table, "rows", b"\xff" * len(table.rows))),
        fitting(lambda table: setattr(table, "rows", bytes(len(table.rows)))),
        fitting(lambda table: setattr(table, "odd", [OddWindow(99, 0, 1_795_168_800_000_000, 0)])),
        lambda _: packed(msgspec.msgpack.encode({"names": 7})),
        lambda _: packed(b"\xc1"),
    ],
)
def test_damaged_cache(home, folder, damage):
    """Whatever is wrong with it, it is left aside and written anew without a word."""
    expected = read_sessions(home, cache=folder)
    (path,) = folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    found = read_sessions(home, cache=folder)
    same(found, expected)
    assert found.notes == ()
    steps = Steps()
    read_sessions(home, cache=folder, progress=steps)
    assert steps == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_in_its_place(home, folder):
    """A pipe where the cache should be is not waited for; it is replaced by the cache."""
    expected = read_sessions(home, cache=folder)
    (path,) = folder.iterdir()
    path.unlink()
    os.mkfifo(path)
    same(read_sessions(home, cache=folder), expected)
    assert path.is_file()


def test_folder_that_cannot_be_written(home, folder):
    """Then nothing is kept, and a note says so; the reading is whole."""
    folder.write_text("a file stands where the folder should be")
    found = read_sessions(home, cache=folder)
    assert len(found.tokens) == 24 * 40
    assert len(found.notes) == 1
    assert "could not be kept" in found.notes[0]


def test_no_cache(home, folder):
    """Without a cache nothing is written."""
    read_sessions(home, cache=False)
    read_sessions(home, cache=None)
    assert not folder.exists()


def test_homes_do_not_mix(home, folder, tmp_path):
    """Two Codex homes have a cache each."""
    write(tmp_path / "other", meta(TWO), tokens(1, total=1), session=TWO)
    both = [read_sessions(place, cache=folder) for place in (home, tmp_path / "other")]
    again = [read_sessions(place, cache=folder, progress=Steps(1, pytest.fail)) for place in (home, tmp_path / "other")]
    assert [len(found.tokens) for found in again] == [24 * 40, 1]
    same(both[0], again[0])
    assert len(list(folder.iterdir())) == 2


def test_cache_tells_nobody(tmp_path, folder):
    """Neither the identity nor a word of the session gets into the cache."""
    home = tmp_path / "private"
    identity = {"creator_user_id": "user-very-private", "creator_account_id": "acct-very-private"}
    odd = limits({"used_percent": "12", "window_minutes": 300, "resets_at": 1_800_000_000, "note": "secret-note"})
    write(home, meta(**identity), tokens(1, total=1, rate=limits(window(1))), tokens(2, total=2, rate=odd))
    found = read_sessions(home, cache=folder)
    assert found.windows["used_percent"].tolist() == [1.0, 12.0]
    data = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"private" not in data.replace(str(tmp_path).encode(), b"")
    assert b"secret-note" not in data
    assert found.windows["account_key"][0].encode() in data
    same(found, read_sessions(home, cache=folder))


def test_bar_for_who_watches(home, monkeypatch):
    """The bar comes when somebody watches and there is enough to read; not for a caller with a bar of its own."""
    from quota_helpers.sessions import read as module

    asked = []
    real = module.bar

    def bar(total, *, unit, wanted):
        asked.append(wanted)
        return real(total, unit=unit, wanted=False)

    monkeypatch.setattr(module, "bar", bar)
    monkeypatch.setattr(module, "watched", lambda: True)
    read_sessions(home, cache=False)
    monkeypatch.setattr(module, "SHOWN_BYTES", 1000)
    read_sessions(home, cache=False)
    read_sessions(home, cache=False, progress=Steps())
    assert asked == [False, True, False]
