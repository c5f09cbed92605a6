"""A shared folder: each machine writes its own files, everybody reads all, nothing is lost, twice or told too much."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import platformdirs
import pytest
from history_support import T0, as_nobody, collection, contents, logs, raw_bytes, snapshot

from quota_helpers.errors import HistoryError
from quota_helpers.history import History, keep_history, open_history, own_history, share_history, shared
from quota_helpers.history.schema import hidden
from quota_helpers.outcomes import Collection
from quota_helpers.settings import change_setting, setting

SENTINELS = {
    "token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzZW50aW5lbCJ9.c2lnbmF0dXJlLXNlbnRpbmVs",
    "e-mail": "sentinelmail@example.com",
    "session": "0199aaaa-5e55-7000-8000-sentinel0001",
    "project": "sentinelproject",
}


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    """Settings and data of this test's own."""
    for name in ("config", "data"):
        monkeypatch.setattr(platformdirs, f"user_{name}_dir", lambda *_, name=name, **__: str(tmp_path / "own" / name))


class Machine:
    """One of several that share a folder: settings and a history of its own."""

    def __init__(self, folder, name, label=None):
        self.id, self.label, self.shared = f"{name:0>8}", label, folder / "shared"
        self.path = folder / name / "history.sqlite3"

    def open(self, **how):
        change_setting("machine_id", self.id)
        change_setting("machine_label", self.label)
        return History(self.path, shared=self.shared, keep_bodies_days=None, **how)

    @property
    def name(self):
        return f"{self.label}-{self.id}" if self.label else self.id


@pytest.fixture
def here(tmp_path):
    return Machine(tmp_path, "1", "laptop")


@pytest.fixture
def there(tmp_path):
    return Machine(tmp_path, "2")


def told(history):
    """Everything but which machine it was, in an order of its own."""
    frames = history.frame().drop(columns=["machine"]), history.tokens().drop(columns=["machine"])
    return [frame.assign(session=None, project=None).astype(str).to_numpy().tolist() for frame in frames if len(frame)]


def unpacked(folder):
    return b"".join(gzip.decompress(file.read_bytes()) for file in sorted(folder.rglob("*.jsonl.gz")))


# --- the union ---


def test_what_one_keeps_the_other_reads(here, there):
    """Readings and turns of both, each once, and which machine it was."""
    with here.open() as one, there.open() as two:
        one.add(collection(T0, "work"))
        two.add(collection(T0 + timedelta(minutes=1), "work", "home"))
        one.add_sessions(logs(5))
        one.sync()
        two.sync()
        assert told(one) == told(two)
        assert len(two.frame()) == 2 + 4 + 5
        assert len(two.tokens()) == 5
        machines = two.frame(origin="usage").groupby("fetched_at")["machine"].unique()
        assert [list(names) for names in machines] == [["laptop"], [there.id]]
        assert one.skipped == two.skipped == ()
    assert sorted(contents(here.shared)) == [f"{there.id}/2026-11.jsonl.gz", "laptop-00000001/2026-11.jsonl.gz"]


def test_each_month_has_a_file_and_what_is_known_is_not_written_again(here):
    """At the border of a month; a file that says all already keeps its bytes and its time."""
    border = T0.replace(month=12, day=1, hour=0)
    with here.open() as history:
        history.add(collection(border - timedelta(microseconds=1)))
        history.add(collection(border))
        months = {file.name: file.stat().st_mtime_ns for file in here.shared.rglob("*.gz")}
        assert sorted(months) == ["2026-11.jsonl.gz", "2026-12.jsonl.gz"]
        history.add(collection(border + timedelta(hours=1)))
        history.sync()
        after = {file.name: file.stat().st_mtime_ns for file in here.shared.rglob("*.gz")}
        assert after["2026-11.jsonl.gz"] == months["2026-11.jsonl.gz"]
        assert after["2026-12.jsonl.gz"] > months["2026-12.jsonl.gz"]


def test_the_union_is_the_same_however_often_and_in_which_order(here, there, tmp_path):
    """A third machine that reads both, twice, and one that is told everything by copies."""
    with here.open() as one, there.open() as two:
        for minute in range(5):
            one.add(collection(T0 + timedelta(minutes=minute), "work"))
            two.add(collection(T0 + timedelta(minutes=minute), "work"))  # the same readings
            two.add_sessions(logs(3, start=T0 + timedelta(days=40 * minute), session=f"s{minute}"))
        one.sync()
        everything = told(one)
        assert len(one.frame()) == 2 * 5 + 3 * 5
    third = Machine(tmp_path, "3")
    for _ in range(2):
        with third.open() as again:
            assert told(again) == everything
            again.sync()
            assert told(again) == everything
    assert not (third.shared / third.name).exists()  # it has nothing of its own to say


def test_a_session_that_another_told_is_not_counted_again(here, there):
    """It comes with a hidden name, then under its own from the logs that both have; it is one row."""
    with here.open() as one, there.open() as two:
        one.add_sessions(logs(4))
        two.sync()
        assert two.add_sessions(logs(4)).new_turns == 0
        assert len(two.tokens()) == len(two.frame()) == 4


@pytest.mark.parametrize("projects", [False, True])
def test_ones_own_logs_say_more_than_anothers_copy(here, there, projects):
    """The same logs on two machines: the second has them from the first, and its own name for sessions and projects.

    From then on they are its own as well, and say as much in the folder as it was asked for.
    """
    given = logs(4)
    given.tokens["project"] = "alpha"
    with here.open() as history:
        history.add_sessions(logs(4))
    with there.open(projects=projects) as history:
        assert set(history.tokens()["session"]) == {hidden("0199-a")}
        for _ in range(2):
            assert history.add_sessions(given).new_turns == 0
            assert history.tokens()[["session", "project"]].drop_duplicates().to_numpy().tolist() == [
                ["0199-a", "alpha"]
            ]
            assert set(history.frame()["session"]) == {"0199-a"}
    assert (b"alpha" in unpacked(here.shared)) == projects
    with here.open() as history:
        assert len(history.tokens()) == len(history.frame()) == 4


def test_a_lost_history_comes_back(here):
    """The database is gone, the folder is not: what this machine had written is its own again."""
    with here.open() as history:
        history.add(collection(T0))
        before = contents(here.shared)
    shutil.rmtree(here.path.parent)
    with here.open() as again:
        assert len(again.frame()) == 2
        again.add(collection(T0 + timedelta(hours=1)))
    assert before.keys() == contents(here.shared).keys()
    with here.open() as again:
        assert len(again.frame()) == 4


@pytest.mark.parametrize("loss", ["gone", "rolled back", "emptied"])
def test_ones_own_file_is_written_again_when_it_is_not_as_it_was(here, loss):
    """Whatever a synchronizing program did to it."""
    with here.open() as history:
        history.add(collection(T0))
        (file,) = here.shared.rglob("*.gz")
        old = file.read_bytes()
        history.add(collection(T0 + timedelta(hours=1)))
        new = file.read_bytes()
        if loss == "gone":
            file.unlink()
        else:
            file.write_bytes(old if loss == "rolled back" else b"")
        history.sync()
        history.sync()
        assert file.read_bytes() == new
        assert history.skipped == ()


def test_nobody_writes_what_is_anothers(here, there):
    """Reading, forgetting, damage: the other's bytes stay."""
    with there.open() as two:
        two.add(collection(T0, "work"))
    theirs = {name: data for name, data in contents(there.shared).items() if name.startswith(there.name)}
    with here.open() as one:
        one.add(collection(T0 + timedelta(hours=1), "work", "home"))
        one.forget("work")
        one.sync()
        assert set(one.frame()["account"]) == {"home"}
    after = contents(there.shared)
    assert {name: after[name] for name in theirs} == theirs
    assert b'"work"' not in gzip.decompress(after[f"{here.name}/2026-11.jsonl.gz"])


def test_a_month_of_which_nothing_is_left_has_no_file(here):
    with here.open() as history:
        history.add(collection(T0))
        history.forget("work")
        assert contents(here.shared) == {}


def test_a_clock_that_was_set_back_changes_nothing(here, there):
    """Months go by the readings' own times; a later file with an older clock is read like any other."""
    with here.open(clock=lambda: T0) as one, there.open(clock=lambda: T0 - timedelta(days=4000)) as two:
        one.add(collection(T0))
        two.add(collection(T0 + timedelta(minutes=1)))
        for file in there.shared.rglob("*.gz"):
            os.utime(file, (0, 0))
        two.add(collection(T0 - timedelta(days=20)))
        one.sync()
        assert told(one) == told(two)
        assert len(one.frame()) == 6


# --- what is not ours, or not whole ---


def fill(folder, shift=0):
    """A machine's file with a reading, as bytes, and its line."""
    machine_ = Machine(folder, "9")
    with machine_.open() as history:
        history.add(collection(T0 + timedelta(minutes=shift)))
    (file,) = (machine_.shared / machine_.name).iterdir()
    return file


def test_what_is_no_month_is_named_and_left(here, tmp_path):
    """Copies that a conflict left, foreign files and folders, links; what is hidden is passed over."""
    file = fill(tmp_path)
    odd = ["2026-11 (conflicted copy 2026-11-20).jsonl.gz", "2026-11.sync-conflict-20261120-1.jsonl.gz",
           "2026-13.jsonl.gz", "2026-11.jsonl", "2026-11.jsonl.gz.tmp", "notes.txt"]  # fmt: skip
    for name in odd:
        shutil.copy(file, file.with_name(name))
    (file.parent / "2026-10.jsonl.gz").mkdir()
    (here.shared / "README.md").write_text("ours")
    (here.shared / ".stfolder").mkdir()
    (file.parent / ".2026-11.jsonl.gz.half.part").write_text("half")
    before = contents(here.shared)
    with here.open() as history:
        assert len(history.frame()) == 2
        named = sorted(text.partition(": ")[0] for text in history.skipped)
        assert named == sorted([*(f"00000009/{name}" for name in odd), "00000009/2026-10.jsonl.gz", "README.md"])
        assert "(conflicted copy" in repr(history)
    assert contents(here.shared) == before


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
def test_links_and_pipes_are_not_followed(here, tmp_path):
    """Whoever may write into the folder cannot make us read, or wait for, something else."""
    file = fill(tmp_path)
    (tmp_path / "outside").mkdir()
    shutil.copy(file, tmp_path / "outside" / "2026-11.jsonl.gz")
    (here.shared / "linked").symlink_to(tmp_path / "outside")
    (file.parent / "2026-09.jsonl.gz").symlink_to(tmp_path / "outside" / "2026-11.jsonl.gz")
    os.mkfifo(file.parent / "2026-08.jsonl.gz")
    with here.open() as history:
        assert [text.partition(": ")[0] for text in history.skipped] == [
            "00000009/2026-08.jsonl.gz", "00000009/2026-09.jsonl.gz", "linked"]  # fmt: skip


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_file_that_is_half_there_is_read_when_it_is_whole(here, tmp_path, share):
    """Nothing of it before, all of it afterwards, and beside it the others."""
    file = fill(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with here.open() as history:
        history.add(collection(T0 + timedelta(hours=3), "mine"))
        assert set(history.frame()["account"]) == {"mine"}
        assert [text.partition(": ")[0] for text in history.skipped] == ["00000009/2026-11.jsonl.gz"]
        file.write_bytes(whole)
        history.sync()
        assert set(history.frame()["account"]) == {"mine", "work"}
        assert history.skipped == ()


def test_a_damaged_file_spoils_no_other(here, there, tmp_path):
    file = fill(tmp_path)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    with there.open() as two:
        two.add(collection(T0 + timedelta(minutes=5), "good"))
    with here.open() as one:
        assert set(one.frame()["account"]) == {"good"}
        assert len(one.skipped) == 1
        assert "is damaged" in one.skipped[0]


def rewritten(file, change):
    """The file with each line's object changed."""
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    for line in lines:
        change(line)
    file.write_bytes(gzip.compress("".join(f"{json.dumps(line)}\n" for line in lines).encode()))


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (lambda line: line["numbers"].update(used_percent=[1e6]), 2),
        (lambda line: line["numbers"].update(used_percent=[1e6 + 1]), 0),
        (lambda line: line["numbers"].update(used_percent=[-0.1]), 0),
        (lambda line: line["numbers"].update(remaining_percent=[100.1]), 0),
        (lambda line: line["numbers"].update(remaining_percent=[None]), 2),
        (lambda line: line.update(time=[631_152_000_000_000]), 2),  # 1990
        (lambda line: line.update(time=[631_151_999_999_999]), 0),
        (lambda line: line.update(time=[10**30]), 0),
        (lambda line: line.update(time=[]), 0),
        (lambda line: line["numbers"].pop("reset_at"), 0),
        (lambda line: line["numbers"].update(more=[1]), 0),
        (lambda line: line["about"].update(limit=None), 0),
        (lambda line: line["about"].update(state="sentinel"), 0),
        (lambda line: line["about"].update(window_seconds=-1), 0),
        (lambda line: line["about"].update(plan=["sentinel"]), 0),
        (lambda line: line["about"].update(shared_by=None, nobody="knows"), 2),
        (lambda line: line.update(kind="sentinel"), 0),
    ],
)
def test_what_others_wrote_is_checked(here, tmp_path, change, kept):
    """As on import: a value that cannot be does not come in, and the file is named without it."""
    file = fill(tmp_path)
    rewritten(file, change)
    with here.open() as history:
        assert len(history.frame()) == kept
        assert len(history.skipped) == (0 if kept else 1)
        assert "sentinel" not in str(history.skipped)


def test_only_the_row_that_cannot_be_is_left_out(here, tmp_path):
    def twice(line):
        line["time"] *= 2
        line["time"][1] += 60_000_000
        for name, values in line["numbers"].items():
            line["numbers"][name] = [*values, 1e9 if name == "used_percent" else values[0]]

    file = fill(tmp_path)
    rewritten(file, twice)
    with here.open() as history:
        assert len(history.frame()) == 2
        assert history.skipped == ("00000009/2026-11.jsonl.gz: 2 of its rows cannot be",)


@pytest.mark.parametrize("bound", ["LARGEST_FILE", "LARGEST_CONTENT", "_LONGEST_LINE", "MOST_FILES"])
def test_sizes_are_bounded(here, tmp_path, monkeypatch, bound):
    """A file, what it unpacks to, one line of it, their number: on the bound it is read, beyond it named."""
    file = fill(tmp_path)
    content = gzip.decompress(file.read_bytes())
    size = {
        "LARGEST_FILE": file.stat().st_size,
        "LARGEST_CONTENT": len(content),
        "_LONGEST_LINE": max(map(len, content.splitlines(keepends=True))),
        "MOST_FILES": 1,
    }[bound]
    for most, kept in ((size - 1, 0), (size, 2)):
        monkeypatch.setattr(shared, bound, most)
        with here.open() as history:
            assert len(history.frame()) == kept
            assert len(history.skipped) == (0 if kept else 1)
        shutil.rmtree(here.path.parent)


def test_a_bomb_is_not_unpacked(here, tmp_path):
    """Two hundred megabytes of nothing in a few kilobytes: refused without it ever being in memory."""
    file = fill(tmp_path)
    packer = zlib.compressobj(9, wbits=31)
    file.write_bytes(b"".join([*(packer.compress(bytes(2**20)) for _ in range(200)), packer.flush()]))
    with here.open() as history:
        assert history.frame().empty
        assert "unpacks to more" in history.skipped[0]


def test_identities_in_a_foreign_file_do_not_come_in(here, tmp_path):
    file = fill(tmp_path)
    rewritten(file, lambda line: line["about"].update(account=SENTINELS["e-mail"], plan=SENTINELS["token"]))
    with here.open() as history:
        assert set(history.frame()["account"]) == {"se...@example.com"}
    assert not [value for value in SENTINELS.values() if value.encode() in raw_bytes(here.path)]


# --- what leaves the machine ---


def sentinel_logs():
    return_value = logs(3, session=SENTINELS["session"])
    return_value.tokens["project"] = pd.Series(SENTINELS["project"], index=return_value.tokens.index, dtype="str")
    return return_value


def everything(history):
    """Whatever could tell somebody too much."""
    told = snapshot(T0, SENTINELS["e-mail"], plan=SENTINELS["token"])
    history.add(Collection(fetched_at=T0, snapshots=(told,)))
    history.add_sessions(sentinel_logs())


@pytest.mark.parametrize("projects", [False, True])
def test_nothing_leaves_that_was_not_asked_for(here, there, projects):
    """No token, address, path, session id or project, and no name of this host, in any byte of the folder."""
    with here.open(projects=projects) as history:
        everything(history)
        assert set(history.tokens()["project"]) == {SENTINELS["project"]}  # one's own frame is one's own
    data = unpacked(here.shared) + b"".join(contents(here.shared).values()) + str(list(here.shared.rglob("*"))).encode()
    kept = {name for name, value in SENTINELS.items() if value.encode() in data}
    assert kept == ({"session", "project"} if projects else set())
    assert str(here.path.parent).encode() not in unpacked(here.shared)
    with there.open() as other:
        assert other.tokens()["project"].notna().all() == projects
        assert len(set(other.tokens()["session"])) == 1
    theirs = raw_bytes(there.path)
    assert {name for name, value in SENTINELS.items() if value.encode() in theirs} == kept


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_an_export_says_no_more_either(tmp_path, suffix):
    with History.in_memory() as history:
        everything(history)
        history.export(tmp_path / f"x.{suffix}")
        text = (tmp_path / f"x.{suffix}").read_text("utf-8")
        assert not [value for value in SENTINELS.values() if value in text]
        history.export(tmp_path / f"x.{suffix}", projects=True)
        assert SENTINELS["session"] in (tmp_path / f"x.{suffix}").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="permission bits of POSIX")
@pytest.mark.parametrize(("mode", "bits"), [(0o700, 0o600), (0o755, 0o644), (0o775, 0o664)])
def test_a_file_is_as_open_as_its_folder(here, mode, bits):
    """Others shall read it where the folder lets them, and nobody where it does not."""
    folder = here.shared / here.name
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with here.open() as history:
        history.add(collection())
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == bits


# --- when it cannot be written ---


def test_a_folder_that_went_away_hinders_nothing(here, tmp_path):
    """A drive that is not there: the reading is kept, it is said, and written once the drive is back."""
    drive = tmp_path / "drive"
    drive.mkdir()
    here.shared = drive / "shared"
    with here.open() as history:
        here.shared.rmdir()
        drive.rmdir()
        assert history.add(collection()).new_rows == 2
        assert [text.partition(": ")[0] for text in history.skipped] == [str(here.shared)]
        drive.mkdir()
        history.sync()
        assert history.skipped == ()
        assert len(contents(here.shared)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="permissions of POSIX")
def test_a_shared_folder_that_may_only_be_read(here, tmp_path):
    """What is in it is read; that nothing can be written is said, and what is kept is kept."""
    fill(tmp_path)
    for above in (tmp_path, *list(tmp_path.parents)[:2]):
        above.chmod(above.stat().st_mode | 0o055)
    for place in here.shared.rglob("*"):
        place.chmod(0o755 if place.is_dir() else 0o644)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    before = contents(here.shared)

    def work():
        with History(tmp_path / "open" / "h.sqlite3", shared=here.shared) as history:
            added = history.add(collection(T0 + timedelta(hours=1)))
            return f"{len(history.frame())} readings, {added.new_rows} new; {history.skipped}"

    assert as_nobody(work).startswith(f"4 readings, 2 new; ('{here.shared}: Permission denied'")
    assert contents(here.shared) == before


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_nobody_is_led_to_write_elsewhere(here, tmp_path):
    """A link that stands where this machine's folder would be."""
    here.shared.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (here.shared / here.name).symlink_to(tmp_path / "elsewhere")
    with here.open() as history:
        assert history.add(collection()).new_rows == 2
        assert "is a link to somewhere else" in str(history.skipped)
    assert contents(tmp_path / "elsewhere") == {}


def test_a_history_that_is_in_use_meanwhile(here):
    """Another program holds the file while the folder is read: it is said, and done the next time."""
    with here.open(timeout_seconds=0.05) as history, closing(sqlite3.connect(here.path, isolation_level=None)) as other:
        history.add(collection())
        for file in here.shared.rglob("*.gz"):
            file.unlink()
        other.execute("BEGIN IMMEDIATE")
        history.sync()
        assert "is in use by another program" in str(history.skipped)
        other.execute("ROLLBACK")
        history.sync()
        assert history.skipped == ()
        assert len(list(here.shared.rglob("*.gz"))) == 1


def test_a_place_for_no_folder(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    for place in (tmp_path / "note.txt", tmp_path / "note.txt" / "x"):
        with pytest.raises(HistoryError, match=r"The shared folder .* is no folder"):
            History(tmp_path / "h.sqlite3", shared=place)
    with History(tmp_path / "h.sqlite3", shared=tmp_path / "not" / "mounted") as history:
        assert "No such file" in history.skipped[0]
    assert (tmp_path / "note.txt").read_text() == "mine"


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_text_is_no_folder(tmp_path, monkeypatch, empty):
    """As of a variable that is not set: nothing is shared into the working folder."""
    monkeypatch.chdir(tmp_path)
    for share in (share_history, lambda folder: History(tmp_path / "h.sqlite3", shared=folder)):
        with pytest.raises(HistoryError, match=r"is an empty text, .*None to share nothing"):
            share(empty)
    assert not list(tmp_path.rglob("*"))
    assert setting("shared_folder") is None


def test_a_folder_that_cannot_be_is_not_remembered(tmp_path):
    """What is said once and holds from then on must be there, or be one that can be made."""
    with pytest.raises(HistoryError, match=r"folder .*mounted is not there, .*create the folder"):
        share_history(tmp_path / "not" / "mounted")
    assert setting("shared_folder") is None
    (tmp_path / "not").mkdir()
    share_history(tmp_path / "not" / "mounted")
    assert setting("shared_folder")["folder"] == str(tmp_path / "not" / "mounted")


def test_ones_own_history_is_shared_once_it_is_said(tmp_path, monkeypatch):
    """For the panel and for --keep; until it is taken back."""
    monkeypatch.delenv("QUOTA_HELPERS_DEMO")
    keep_history(True)
    share_history(tmp_path / "shared")
    with own_history() as history:
        history.add(collection())
    with open_history(codex_home=tmp_path) as history:
        history.add(collection(T0 + timedelta(minutes=5)))
        assert "shared in" not in repr(history)
        assert ">shared in</th>" in history._repr_html_()
    (name,) = contents(tmp_path / "shared")
    assert gzip.decompress((tmp_path / "shared" / name).read_bytes()).count(b"1794819900000000") == 2
    share_history(None)
    with own_history() as history:
        history.add(collection(T0 + timedelta(days=60)))
    assert len(contents(tmp_path / "shared")) == 1


def test_a_server_needs_no_folder(tmp_path):
    with pytest.raises(ValueError, match="shared by the server"):
        History("postgresql+psycopg://nobody@nowhere.invalid/x", shared=tmp_path)
    with History.in_memory() as history, pytest.raises(HistoryError, match="is not shared"):
        history.sync()


WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from history_support import T0, collection, logs
from quota_helpers.settings import change_setting
from quota_helpers.history import History
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
change_setting("machine_id", name)
limit = int(sys.argv[4])
with History(folder / name / "history.sqlite3", shared=folder / "shared", keep_bodies_days=None) as history:
    if limit:
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for number in range(count):
        at = T0 + timedelta(minutes=number)
        history.add(collection(at, "work"))
        history.add_sessions(logs(200, start=at, session=f"{name}-{number}"))
        print(number, *history.skipped, flush=True)
"""


def writer(folder, name, count=1_000_000, limit=0):
    """A machine in a process of its own, with settings of its own."""
    tests = Path(__file__).parent
    own = {key: str(folder / "settings" / name) for key in ("XDG_CONFIG_HOME", "HOME", "APPDATA", "LOCALAPPDATA")}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count), str(limit)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | own | {"PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])},
    )


def test_killed_in_the_middle_of_everything(here, tmp_path):
    """Again and again, on one history and folder: every file is whole, and nothing that was kept is missing."""
    done = []
    for turn in range(4):
        process = writer(tmp_path, "killed", 5 + turn)
        try:
            done += [process.stdout.readline() for _ in range(turn + 1)]
            process.kill()
        finally:
            process.communicate()
        for file in here.shared.rglob("*.jsonl.gz"):
            gzip.decompress(file.read_bytes())
    assert len(done) == 10
    assert all(done)
    with here.open() as history:
        assert len(history.frame(origin="usage")) >= 2 * 4
        assert set(history.tokens()["session"].value_counts()) == {200}
        assert history.skipped == ()
    with closing(sqlite3.connect(tmp_path / "killed" / "history.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_processes_of_one_machine_and_one_of_another(here, tmp_path):
    """They write the same file at once: at the end it holds all, and so does who reads it."""
    processes = [writer(tmp_path, name, 4) for name in ("same", "same", "other")]
    said = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    with here.open() as history:
        assert len(history.frame(origin="usage")) == 8
        assert set(history.tokens()["session"].value_counts()) == {200}
        assert history.tokens()["session"].nunique() == 8
        assert history.skipped == ()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of POSIX")
def test_no_room_in_the_shared_folder(here, tmp_path):
    """The system lets no file grow: the old file stays whole, it is said why, and the history goes on where it can."""
    process = writer(tmp_path, "full", 1)
    assert process.communicate(timeout=300)[1] == ""
    before = contents(here.shared)
    process = writer(tmp_path, "full", 3, limit=1_000)
    out, err = process.communicate(timeout=300)
    assert "Free some space" in err or "File too large" in out, (out, err)
    assert contents(here.shared) == before
