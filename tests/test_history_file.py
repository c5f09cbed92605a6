"""The history's file: killed writers, two kernels at once, full disks, wrong files, older and newer versions."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import zlib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from history_support import T0, as_nobody, collection, contents, integrity, logs

from quota_helpers.errors import HistoryError
from quota_helpers.history import SCHEMA_VERSION, Added, History
from quota_helpers.models import UsageSnapshot
from quota_helpers.outcomes import Collection

TESTS = Path(__file__).parent

# A kernel of its own: waits for the gate, writes, and says what is written.
WRITER = """
import sys
from datetime import timedelta
from history_support import T0, collection, logs
from quota_helpers.history import History

path, name, start, count, rows = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
print("ready", flush=True)
sys.stdin.readline()
with History(path, keep_bodies_days=None) as history:
    for number in range(start, start + count):
        at = T0 + timedelta(minutes=number)
        history.add(collection(at, name))
        history.add_sessions(logs(rows, start=at, session=f"{name}-{number}"))
        print("written", number, flush=True)
"""


@contextlib.contextmanager
def writer(path, name="work", *, start=0, count=1_000_000, rows=20, code=WRITER):
    """A subprocess that writes; whatever happens, it is gone at the end."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), name, str(start), str(count), str(rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            yield process
        finally:
            process.kill()
            process.stdin.close()


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def written(lines):
    return [int(line.split()[1]) for line in lines if line.startswith("written")]


def assert_all_there(path, name, numbers, rows):
    """Every reading, turn and body that was reported as written, and no half of another one."""
    with History(path, keep_bodies_days=None) as history:
        frame, bodies = history.frame(accounts=name, origin="usage"), history.bodies(accounts=name)
        times = frame["fetched_at"].value_counts()
        assert set(times) == {2}
        sessions = history.frame(origin="session")["session"].value_counts()
        turns = history.tokens()["session"].value_counts()
        for number in numbers:
            at = T0 + timedelta(minutes=number)
            assert times[at] == 2
            assert sum(body.fetched_at == at for body in bodies) == 1
            assert sessions[f"{name}-{number}"] == rows
            assert turns[f"{name}-{number}"] == rows
        assert set(sessions) == set(turns) == {rows}
    assert integrity(path) == "ok"


def test_killed_in_the_middle_of_a_write(tmp_path):
    """Six writers, one after the other on one file, each killed after a random line; nothing reported is lost."""
    path, chance, numbers, rows = tmp_path / "h.sqlite3", random.Random(5), [], 2_000
    for turn in range(6):
        start = turn * 1_000
        with writer(path, start=start, rows=rows) as process:
            go(process)
            for _ in range(chance.randrange(1, 6)):
                line = process.stdout.readline()
                assert line.startswith("written"), process.stderr.read()
                numbers += written([line])
            threading.Event().wait(chance.random() * 0.02)  # not a wait for anything: the kill shall fall anywhere
            process.kill()
            numbers += written(process.stdout.read().splitlines())
        assert_all_there(path, "work", numbers, rows)
    assert len(numbers) >= 6


def test_killed_while_the_file_is_made(tmp_path):
    """However little of the file there is, the next kernel can go on with it."""
    for turn in range(3):
        path = tmp_path / f"{turn}.sqlite3"
        with writer(path) as process:
            go(process)
            while not path.exists():
                assert process.poll() is None, process.stderr.read()
            process.kill()
        with History(path) as history:
            history.add(collection())
            assert len(history.frame(since=T0, until=T0 + timedelta(seconds=1), origin="usage")) == 2
        assert integrity(path) == "ok"


def test_two_kernels_write_at_once(tmp_path):
    """Both make the new file at the same moment and write into it; both succeed, and everything is there."""
    path, rows, count = tmp_path / "new" / "h.sqlite3", 300, 15
    with writer(path, "one", count=count, rows=rows) as one, writer(path, "two", count=count, rows=rows) as two:
        go(one)
        go(two)
        said = [process.communicate(timeout=300) for process in (one, two)]
        assert [one.returncode, two.returncode] == [0, 0], said
    for name, (out, _) in zip(("one", "two"), said, strict=True):
        assert written(out.splitlines()) == list(range(count))
        assert_all_there(path, name, range(count), rows)
    assert [file.name for file in path.parent.iterdir()] == ["h.sqlite3"]


def test_the_same_reading_from_two_kernels_is_one_row(tmp_path):
    """Two open histories of one file know of one another's rows at once."""
    with History(tmp_path / "h.sqlite3") as one, History(tmp_path / "h.sqlite3") as two:
        assert one.add(collection()) == Added(new_rows=2, bodies=1)
        assert two.add(collection()) == Added(known_rows=2)
        one.forget("work")
        assert two.add(collection()) == Added(new_rows=2, bodies=1)
        assert len(one.frame()) == 2


def test_written_means_on_the_disk(tmp_path):
    """What a power cut may not lose: the log is synchronized at every commit."""
    with History(tmp_path / "h.sqlite3") as history, history._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


# --- when it cannot be written --------------------------------------------------------------------------------------


def test_a_database_that_may_not_grow(tmp_path):
    """SQLite's own "disk is full": nothing of the write is there, all before it is, and it goes on afterwards."""
    with History(tmp_path / "h.sqlite3") as history:
        history.add(collection())
        with history._database.reading() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(HistoryError, match=r"h\.sqlite3 cannot grow: the disk is full\. Free some space"):
            history.add_sessions(logs(5_000))
        assert len(history.frame()) == 2
        assert history.tokens().empty
        with history._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert history.add_sessions(logs(5_000)).new_rows == 5_000
    assert integrity(tmp_path / "h.sqlite3") == "ok"


FULL = """
import resource, sys
from datetime import timedelta
from history_support import T0, collection, logs
from quota_helpers.errors import HistoryError
from quota_helpers.history import History
print("ready", flush=True)
sys.stdin.readline()
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
with History(sys.argv[1], keep_bodies_days=None) as history:
    for number in range(1000):
        at = T0 + timedelta(minutes=number)
        try:
            history.add(collection(at))
            history.add_sessions(logs(200, start=at, session=f"work-{number}"))
        except HistoryError as error:
            print("failed:", error, flush=True)
            break
        print("written", number, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of POSIX")
def test_no_more_room_for_the_files(tmp_path):
    """The system refuses to let a file grow: what was reported before is all there and the file is sound."""
    path = tmp_path / "h.sqlite3"
    with writer(path, code=FULL) as process:
        go(process)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    lines = out.splitlines()
    assert lines[-1].startswith(f"failed: The history {path} ")
    assert "Free some space" in lines[-1]
    numbers = written(lines)
    assert numbers
    with History(path) as history:
        sessions = history.frame(origin="session")["session"].value_counts()
        assert set(sessions) == {200}
        assert {f"work-{number}" for number in numbers} <= set(sessions.index)
        assert len(history.frame(origin="usage")) >= 2 * len(numbers)
    assert integrity(path) == "ok"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of POSIX")
def test_no_room_at_all_for_a_new_file(tmp_path):
    path = tmp_path / "h.sqlite3"
    code = FULL.replace("400_000, 400_000", "2_000, 2_000").replace(
        "with History",
        "try:\n    History(sys.argv[1])\n"
        "except HistoryError as error:\n    print('failed:', error)\n    sys.exit()\nwith History",
    )
    with writer(path, code=code) as process:
        go(process)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert out.startswith(f"failed: The history {path} "), out
    with History(path) as history:  # with room again, it can be made
        assert history.frame().empty


def test_locked_for_too_long(tmp_path):
    """Another program holds the lock: an error after the time that was given, and success once it lets go."""
    path = tmp_path / "h.sqlite3"
    with History(path, timeout_seconds=0.05) as history, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match=r"h\.sqlite3 is in use by another program.*try again"):
            history.add(collection())
        assert history.frame().empty
        other.execute("ROLLBACK")
        assert history.add(collection()).new_rows == 2


def test_locked_while_it_is_opened(tmp_path):
    path = tmp_path / "h.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError, match="in use by another program"):
            History(path, timeout_seconds=0.05)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="permissions of POSIX")
@pytest.mark.parametrize("open_elsewhere", [False, True])
def test_a_history_that_may_not_be_written(tmp_path, open_elsewhere):
    """What was kept can be read, in a folder where nothing can be made; writing is refused in words."""
    tmp_path.chmod(0o755)
    for above in list(tmp_path.parents)[:2]:
        above.chmod(above.stat().st_mode | 0o055)
    folder = tmp_path / "kept"
    path = folder / "h.sqlite3"
    history = History(path)
    history.add(collection())
    if not open_elsewhere:
        history.close()
    before = {name: data for name, data in contents(folder).items() if not name.endswith("-shm")}
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)

    def work():
        with History(path) as kept:
            rows = len(kept.frame()) + len(kept.forecasts())
            try:
                kept.add(collection(T0 + timedelta(hours=1)))
            except HistoryError as error:
                return f"{rows} rows; {error}; {kept!r}"
        return "was written"

    try:
        said = as_nobody(work)
    finally:
        folder.chmod(0o755)
        history.close()
    assert said.startswith("2 rows; ")
    assert "h.sqlite3 is read-only. Make the file and its folder writable" in said
    assert "2 readings" in said
    if not open_elsewhere:
        assert contents(folder) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_may_not_be_written(tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    folder.chmod(0o500)
    try:
        with pytest.raises(HistoryError, match=r"h\.sqlite3 cannot be made or read"):
            History(folder / "h.sqlite3")
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("below", ["note.txt/h.sqlite3", "note.txt/deeper/h.sqlite3"])
def test_a_place_where_nothing_can_be_made(tmp_path, below):
    """Below a file there is no folder, for no user; the file stays as it is."""
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(HistoryError, match=r"h\.sqlite3 cannot be made or read: .*or give another path"):
        History(tmp_path / below)
    assert contents(tmp_path) == {"note.txt": b"mine"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the process file system of Linux")
def test_a_file_system_that_takes_no_files():
    with pytest.raises(HistoryError, match=r"/proc/history/h\.sqlite3 cannot be made or read"):
        History("/proc/history/h.sqlite3")


def test_a_file_that_was_taken_away_while_open(tmp_path):
    """Written into a file that nobody can find any more would be lost: refused, and a new one is not overwritten."""
    if os.name != "posix":
        pytest.skip("an open file cannot be removed here")
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        history.add(collection())
        for file in list(tmp_path.iterdir()):
            file.unlink()
        with pytest.raises(HistoryError, match=r"h\.sqlite3 was removed or replaced.*Open it again"):
            history.add(collection(T0 + timedelta(hours=1)))
        assert list(tmp_path.iterdir()) == []
    with History(path) as history:
        assert history.add(collection()).new_rows == 2


# --- what is no history ---------------------------------------------------------------------------------------------


def sqlite_file(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path.read_bytes()


@pytest.mark.parametrize(
    "data",
    [b"account,used\nwork,3\n", b"\0" * 4096, b"SQLite format 3\0 torn", b"x", b"SQLite format 3\0" + b"\xff" * 4096],
    ids=["text", "zeros", "torn header", "one byte", "header only"],
)
def test_a_file_that_is_no_database(tmp_path, data):
    path = tmp_path / "h.sqlite3"
    path.write_bytes(data)
    with pytest.raises(HistoryError, match=r"h\.sqlite3 is (no history|damaged).*move (this file|it) away"):
        History(path)
    assert contents(tmp_path) == {"h.sqlite3": data}


def test_a_folder_at_the_path(tmp_path):
    (tmp_path / "h.sqlite3").mkdir()
    with pytest.raises(HistoryError, match=r"h\.sqlite3 is no file\. Give the path of a file"):
        History(tmp_path / "h.sqlite3")
    assert list((tmp_path / "h.sqlite3").iterdir()) == []


@pytest.mark.parametrize("version", [0, 1, SCHEMA_VERSION, 99])
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_another_programs_database(tmp_path, version, mode):
    """Not ours, whatever its version says: left alone, and nothing is put beside it."""
    path = tmp_path / "h.sqlite3"
    before = sqlite_file(
        path, f"PRAGMA journal_mode = {mode}", "CREATE TABLE windows (id)", f"PRAGMA user_version = {version}"
    )
    with pytest.raises(HistoryError, match="database of another program"):
        History(path)
    assert contents(tmp_path) == {"h.sqlite3": before}


def test_a_newer_version(tmp_path):
    """Said with both versions; also while the new version still stands in the write-ahead log only."""
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        history.add(collection())
    newer = f"PRAGMA user_version = {SCHEMA_VERSION + 1}"
    message = rf"h\.sqlite3 has version {SCHEMA_VERSION + 1}.*version {SCHEMA_VERSION}\. Update quota-helpers"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(newer)
        before = path.read_bytes(), path.with_name("h.sqlite3-wal").read_bytes()
        assert before[1]
        with pytest.raises(HistoryError, match=message):
            History(path)
        assert (path.read_bytes(), path.with_name("h.sqlite3-wal").read_bytes()) == before
    before_closed = contents(tmp_path)
    with pytest.raises(HistoryError, match=message):
        History(path)
    assert contents(tmp_path) == before_closed


def test_a_version_that_changes_while_it_is_open(tmp_path):
    """Another kernel with a newer program has been there: nothing is written in the old form."""
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        sqlite_file(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        with pytest.raises(HistoryError, match="Update quota-helpers"):
            history.add(collection())


def test_a_damaged_history(tmp_path):
    """Cut off in the middle, or scribbled over: said when it is met, and the file is not made worse."""
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        history.add_sessions(logs(3_000))
    whole = path.read_bytes()
    cut = whole[: len(whole) // 8192 * 4096]
    path.write_bytes(cut)
    with pytest.raises(HistoryError, match=r"h\.sqlite3 is damaged\. Restore it"), History(path) as history:
        history.frame()
    path.write_bytes(whole[:4096] + b"\x5a" * (len(whole) - 4096))
    with pytest.raises(HistoryError, match="damaged"), History(path) as history:
        history.frame()


def test_a_damaged_body_spoils_no_reading(tmp_path):
    """The readings stay readable, and the error carries nothing of the body."""
    with History(tmp_path / "h.sqlite3", keep_bodies_days=None) as history:
        history.add(collection())
        for data in (zlib.compress(b'{"torn": "sentinel'), b"sentinel"):
            with history._database.writing() as connection:
                connection.exec_driver_sql("UPDATE bodies SET data = ?", (data,))
            with pytest.raises(HistoryError, match=r"h\.sqlite3 is damaged") as caught:
                history.bodies()
            assert caught.value.__cause__ is None
            assert "sentinel" not in repr(vars(caught.value))
        assert len(history.frame()) == 2


def test_an_empty_file_becomes_a_history(tmp_path):
    path = tmp_path / "h.sqlite3"
    path.touch()
    with History(path) as history:
        assert history.add(collection()).new_rows == 2


def test_a_new_file_whose_maker_was_killed_in_a_transaction(tmp_path):
    """A hot journal stands beside the file: what was not finished is undone, and the history begins.

    As a kill leaves it after the pages were written and before the journal is taken away.
    """
    half, path = tmp_path / "half.sqlite3", tmp_path / "h.sqlite3"
    with closing(sqlite3.connect(half, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE gone (data BLOB)")
        connection.execute("DROP TABLE gone")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE torn (data BLOB)")
        connection.executemany("INSERT INTO torn VALUES (zeroblob(9000))", [()] * 200)
        shutil.copy(f"{half}-journal", f"{path}-journal")
        connection.execute("COMMIT")
        shutil.copy(half, path)
    assert Path(f"{path}-journal").stat().st_size > 0
    with History(path) as history:
        assert history.add(collection()).new_rows == 2
        with history._database.reading() as inside:
            assert inside.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'torn'").scalar() == 0
    assert integrity(path) == "ok"


def test_another_kernel_is_just_looking_at_the_new_file(tmp_path):
    """Switching to the write-ahead log needs the file for itself; it waits until the other one has looked."""
    path = tmp_path / "h.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE gone (data BLOB)")
        other.execute("DROP TABLE gone")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with pytest.raises(HistoryError, match="in use by another program"):
            History(path, timeout_seconds=0.05)
        timer = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        timer.start()
        with History(path, timeout_seconds=60) as history:
            assert history.add(collection()).new_rows == 2
        timer.join()


@pytest.mark.parametrize("version", [1, SCHEMA_VERSION - 1])
def test_a_version_that_was_never_released(tmp_path, version):
    path = tmp_path / "h.sqlite3"
    History(path).close()
    before = sqlite_file(path, f"PRAGMA user_version = {version}")
    with pytest.raises(HistoryError, match=f"has version {version}; this program knows version {SCHEMA_VERSION}"):
        History(path)
    assert contents(tmp_path) == {"h.sqlite3": before}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facts SET state = CAST(x'ff' AS TEXT)",
        "UPDATE readings SET fetched_at = 'soon' WHERE used_percent = 25.0",
        "UPDATE readings SET used_percent = 'much'",
        "UPDATE readings SET facts = facts + 1",
        "UPDATE facts SET allowed = 'no'",
        "UPDATE facts SET window_seconds = 'long'",
        "UPDATE turns SET total = 1e300",
        "DELETE FROM facts",
    ],
)
def test_values_that_are_not_what_was_written(tmp_path, statement):
    """Somebody's hand, or a failing disk: said in our words where it is read, and a display says it, too."""
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        history.add(collection())
        history.add_sessions(logs(2))
    sqlite_file(path, statement)
    with History(path) as history:
        with pytest.raises(HistoryError, match=r"h\.sqlite3 is damaged"):
            history.frame(), history.tokens(), history.accounts()
        assert "History(" in repr(history)
        assert "<table>" in history._repr_html_()


def test_a_schema_that_is_no_text(tmp_path):
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        history.add(collection())
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"CREATE TABLE facts", b"CREATE TABLE f\xff\xfets"))
    with pytest.raises(HistoryError, match=r"h\.sqlite3 is damaged"), History(path) as history:
        history.frame()


@pytest.mark.parametrize("at", [-(2**63), -62_135_596_800_000_000 - 1, 2**62])
def test_a_display_never_raises(tmp_path, at):
    """Whatever time is kept, in the calendar or not."""
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        history.add(Collection(fetched_at=T0, snapshots=(UsageSnapshot(fetched_at=T0),)))
    sqlite_file(path, f"UPDATE readings SET fetched_at = {at}")  # noqa: S608
    with History(path) as history:
        assert "History(" in repr(history)
        assert "<table>" in history._repr_html_()
