"""A history as CSV and JSONL: out and back without loss, bad lines named, good ones kept."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from history_support import T0, collection, contents, logs, reply, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from quota_helpers.errors import HistoryError
from quota_helpers.history import FRAME_COLUMNS, TOKEN_COLUMNS, Added, History, Imported, SkippedLine, exchange
from quota_helpers.history.schema import hidden
from quota_helpers.models import UsageSnapshot
from quota_helpers.outcomes import Collection

FORMATS = ["csv", "jsonl", "jsonl.gz", "parquet"]


@pytest.fixture
def history():
    with History.in_memory(keep_bodies_days=None) as opened:
        yield opened


def fill(history):
    """Everything a row can be: whole, without window, without name, from a session."""
    history.add(
        Collection(
            fetched_at=T0,
            snapshots=(
                snapshot(T0 + timedelta(microseconds=1), "work", used=33.333333333333336),
                snapshot(T0, "home", plan="=cmd|' /C calc'!A0", used=None),
                UsageSnapshot(fetched_at=T0, account='quoted "name", with\nlines\r\n and \\n', account_key=""),
            ),
            replies={"work": reply({"plan_type": "sentinelbody"}, T0)},
        )
    )
    history.add_sessions(logs(30))
    return history


def back(path):
    with History.in_memory() as other:
        told = other.import_file(path)
        return told, other.frame(), other.tokens()


@pytest.mark.parametrize("suffix", FORMATS)
def test_out_and_back(history, tmp_path, suffix):
    """Every value, type and missing value of the frame is the same afterwards; a second import adds nothing."""
    path = tmp_path / f"kept.{suffix}"
    rows, turns = len(fill(history).frame()), 30 if "json" in suffix else 0
    assert history.export(path, projects=True) == rows + turns
    told, frame, tokens = back(path)
    assert told == Imported(added=Added(new_rows=rows, new_turns=turns))
    pd.testing.assert_frame_equal(frame, history.frame())
    pd.testing.assert_frame_equal(tokens, history.tokens() if turns else history.tokens().iloc[:0])
    assert history.import_file(path).added == Added(known_rows=rows, known_turns=turns)
    assert b"sentinelbody" not in (gzip.decompress if suffix == "jsonl.gz" else bytes)(path.read_bytes())


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_empty_history_goes_out_and_back(history, tmp_path, suffix):
    path = tmp_path / f"kept.{suffix}"
    assert history.export(path) == 0
    assert back(path)[0] == Imported(added=Added())


texts = (
    st.none()
    | st.text(max_size=10)
    | st.sampled_from(["", "\\", "\\n", "=1+1", "a\nb", "a\r\nb", "\ufeffx", "\x00", ",", '"'])
)


@settings(max_examples=15)
@given(
    st.lists(
        st.builds(
            snapshot,
            st.datetimes(datetime(1990, 1, 2), datetime(2190, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            texts,
            used=st.none() | st.floats(0, 1e6),
            plan=texts,
            account_key=texts,
        ),
        max_size=5,
    ),
    st.sampled_from(FORMATS),
)
def test_whatever_is_kept_goes_out_and_back(tmp_path_factory, snapshots, suffix):
    """Any text (line breaks, quotes, formulas, nothing at all), any number, any time."""
    path = tmp_path_factory.mktemp("out") / f"kept.{suffix}"
    with History.in_memory() as history:
        history.add(Collection(fetched_at=T0, snapshots=tuple(snapshots)))
        lines = history.export(path)
        told, frame, _ = back(path)
        assert told.bad_lines == ()
        assert told.added.new_rows == lines
        pd.testing.assert_frame_equal(frame, history.frame())


def test_a_turn_learns_its_project_and_session(history, tmp_path):
    """From logs after an export that lacks them; never the other way round, and the second time nothing changes."""
    path, given = tmp_path / "kept.jsonl", logs(6)
    given.tokens["project"] = ["alpha", "alpha", "beta", "beta", None, None]
    with History.in_memory() as other:
        other.add_sessions(given)
        other.add_sessions(logs(2, session="0199-b"))
        other.export(path)
    history.import_file(path)
    assert set(history.tokens()["project"].isna()) == {True}
    for _ in range(2):
        assert history.add_sessions(given) == Added(known_rows=6, known_turns=6)
        assert history.import_file(path).added == Added(known_rows=8, known_turns=8)
        turns = history.tokens()
        of_logs = turns[turns["session"] == "0199-a"]
        assert of_logs.sort_values("time")["project"].fillna("?").tolist() == [*["alpha"] * 2, *["beta"] * 2, "?", "?"]
        assert sorted(turns["session"].unique()) == sorted(["0199-a", hidden("0199-b")])
        assert sorted(history.frame(origin="session")["session"].unique()) == sorted(["0199-a", hidden("0199-b")])


def test_the_csv_is_plain_for_other_programs(history, tmp_path):
    """One line a row under the columns' names, ISO times, and no cell that a spreadsheet runs."""
    path = tmp_path / "kept.csv"
    fill(history).export(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == list(FRAME_COLUMNS)
    assert len(lines) == 1 + len(history.frame())
    rows = list(csv.DictReader(lines))
    assert rows[0]["fetched_at"] == "2026-11-16T09:00:00.000000+00:00"
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_the_jsonl_is_one_object_a_line(history, tmp_path):
    path = tmp_path / "kept.jsonl"
    fill(history).export(path)
    objects = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {tuple(item) for item in objects} == {tuple(FRAME_COLUMNS), tuple(TOKEN_COLUMNS)}
    windowless = [item for item in objects if "window" in item and item["window"] is None]
    assert windowless[0]["used_percent"] is None
    assert {item["resets_in"] for item in objects if item.get("window") == "weekly"} == {302_400.0}


def test_parquet_has_the_frame_itself(history, tmp_path):
    """Every dtype; without pyarrow it says what is missing and leaves the old file."""
    path = tmp_path / "kept.parquet"
    assert fill(history).export(path, projects=True) == len(history.frame())
    pd.testing.assert_frame_equal(pd.read_parquet(path), history.frame(), check_dtype=False)
    before = contents(tmp_path)
    code = """
import sys
sys.modules["pyarrow"] = None
from quota_helpers.errors import HistoryError
from quota_helpers.history import History
try:
    History.in_memory().export(sys.argv[1])
except HistoryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "needs the package pyarrow. Install it: pip install pyarrow" in done.stdout
    assert contents(tmp_path) == before


def test_a_parquet_file_that_was_changed(history, tmp_path):
    """As of another program: its zone is minded, and a row that cannot be is named and spoils no other."""
    path = tmp_path / "kept.parquet"
    kept = fill(history).frame()
    kept.loc[1, "used_percent"] = -5.0
    kept.assign(fetched_at=kept["fetched_at"].dt.tz_convert("Asia/Tokyo")).to_parquet(path)
    told, frame, _ = back(path)
    assert told.bad_lines == (SkippedLine(line=2, reason="used_percent is out of range"),)
    pd.testing.assert_frame_equal(frame, history.frame().drop(index=1).reset_index(drop=True))
    kept.assign(fetched_at=kept["fetched_at"].dt.tz_convert(None)).to_parquet(path)
    with pytest.raises(HistoryError, match="line 1: fetched_at has no time zone"):
        back(path)
    kept.drop(columns=["state"]).to_parquet(path)
    with pytest.raises(HistoryError, match="is no exported history: it has no column state"):
        back(path)


def test_a_packed_export_that_is_half_there(history, tmp_path):
    path = tmp_path / "kept.jsonl.gz"
    fill(history).export(path)
    path.write_bytes(path.read_bytes()[:-20])
    with History.in_memory() as other:
        with pytest.raises(HistoryError, match="damaged, or not there as a whole"):
            other.import_file(path)
        assert other.frame().empty


def test_bad_lines_are_named_and_good_ones_kept(history, tmp_path):
    """Each with its number and what is wrong, without the value; a quote that never closes spoils its own line only."""
    good = tmp_path / "good.jsonl"
    history.add_sessions(logs(1))
    history.export(good)
    reading, turn = (json.loads(line) for line in good.read_text(encoding="utf-8").splitlines())
    lines = [
        json.dumps(reading),
        "{torn",
        "[1, 2]",
        json.dumps(reading | {"fetched_at": None}),
        json.dumps(reading | {"fetched_at": "yesterday, sentinel"}),
        json.dumps(reading | {"fetched_at": "2026-11-16T09:00:00"}),
        json.dumps(reading | {"used_percent": "sentinel"}),
        json.dumps(reading | {"used_percent": True}),
        '{"used_percent": 1e999, ' + json.dumps(reading)[1:].replace('"used_percent":', '"other":'),
        json.dumps(reading | {"state": "sentinel"}),
        json.dumps(reading | {"allowed": 1}),
        json.dumps(reading | {"plan": ["sentinel"]}),
        "",
        json.dumps(turn | {"total": -1}),
        json.dumps(turn | {"total": 10**30}),
        json.dumps(turn | {"input": 1.5}),
        json.dumps({"time": turn["time"]}),
        "[" * 100_000,
        json.dumps(turn),
        json.dumps(reading | {"used_percent": 10**400}),
        json.dumps(reading | {"plan": "\ud800"}),
    ]
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    told, frame, tokens = back(path)
    assert told.added == Added(new_rows=1, new_turns=1)
    assert {bad.line: bad.reason for bad in told.bad_lines} == {
        2: "is no JSON",
        3: "holds array instead of an object",
        4: "has no fetched_at",
        5: "fetched_at is no ISO 8601 time",
        6: "fetched_at has no time zone",
        7: "used_percent is str instead of a number",
        8: "used_percent is bool instead of a number",
        9: "used_percent is out of range",
        10: "state is none of current, not_started, stale, unknown",
        11: "allowed is int instead of true or false",
        12: "plan is array instead of a text",
        14: "total is out of range",
        15: "total is out of range",
        16: "input is float instead of a whole number",
        17: "has no session",
        18: "holds array instead of an object",
        20: "used_percent is out of range",
        21: "is no JSON",
    }
    assert "sentinel" not in repr(told)
    assert str(told.bad_lines[0]) == "line 2: is no JSON"
    assert len(frame) == len(tokens) == 1


def test_bad_lines_of_a_csv(history, tmp_path):
    path = tmp_path / "kept.csv"
    history.add(collection(T0, "a", "b", "c", "d"))
    history.export(path)
    lines = path.read_bytes().splitlines()
    lines[1] = b'"never closed,' + lines[1]
    lines[2] += b",one more"
    lines[3] = lines[3].replace(b"25.0", b"much", 1)
    lines[4] = lines[4].replace(b"plus", b"\xff\xfe", 1)
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))  # as a spreadsheet writes it
    told, frame, _ = back(path)
    assert told.added == Added(new_rows=4)
    assert [bad.line for bad in told.bad_lines] == [2, 3, 4, 5]
    assert told.bad_lines[1:] == (
        SkippedLine(line=3, reason="has 25 cells instead of 24"),
        SkippedLine(line=4, reason="used_percent is str instead of a number"),
        SkippedLine(line=5, reason="is no UTF-8"),
    )
    assert len(frame) == 4


def test_identities_in_a_foreign_file_do_not_come_in(tmp_path):
    """A file that was edited by hand goes through the same sieve as everything else."""
    with History.in_memory() as history:
        history.add(collection(T0))
        history.export(tmp_path / "kept.csv")
    path = tmp_path / "kept.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("work", "sentinel@example.com"), encoding="utf-8")
    _, frame, _ = back(path)
    assert set(frame["account"]) == {"se...@example.com"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("kept.csv", "a,b\n1,2\n", "is no exported history: its first line has no column limit, state"),
        ("kept.csv", "", "is no exported history"),
        ("kept.txt", "", r"and imported as \.jsonl, \.jsonl\.gz, \.csv or \.parquet"),
        ("kept.parquet", "PAR1 and no more", "is no Parquet file, is damaged"),
        ("missing.csv", None, "cannot be read: .*Check the path"),
    ],
)
def test_a_file_that_is_no_export(history, tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(HistoryError, match=said) as caught:
        history.import_file(tmp_path / name)
    assert name in str(caught.value)


def test_a_failing_export_leaves_the_old_file(history, tmp_path, monkeypatch):
    """Nothing half-written in its place, and nothing left beside it."""
    path = tmp_path / "kept.csv"
    history.add(collection(T0))
    history.export(path)
    before = contents(tmp_path)
    with pytest.raises(HistoryError, match=r"as \.jsonl, \.jsonl\.gz, \.csv or \.parquet"):
        history.export(tmp_path / "kept.xlsx")
    with pytest.raises(HistoryError, match=r"other\.csv cannot be written: "):
        history.export(path / "other.csv")  # below a file there is no folder
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(HistoryError, match=r"folder\.csv cannot be written"):
        history.export(tmp_path / "folder.csv")
    assert contents(tmp_path) == before

    def stop(_descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        history.export(path)
    assert contents(tmp_path) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of POSIX")
def test_an_export_that_does_not_fit_leaves_the_old_file(tmp_path):
    """The system refuses to let the file grow: the error names it, and the old export is still there."""
    path = tmp_path / "kept.jsonl"
    path.write_text("the old one", encoding="utf-8")
    code = """
import resource, sys
from history_support import logs
from quota_helpers.errors import HistoryError
from quota_helpers.history import History
with History.in_memory() as history:
    history.add_sessions(logs(2_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        history.export(sys.argv[1])
    except HistoryError as error:
        print(error)
"""
    tests = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{path} cannot be written" in done.stdout
    assert contents(tmp_path) == {"kept.jsonl": b"the old one"}


def test_a_file_of_many_chunks(history, tmp_path, monkeypatch):
    """More lines than are held at once: every part arrives, and a bad line's number counts from the beginning."""
    monkeypatch.setattr(exchange, "_CHUNK", 700)
    history.add_sessions(logs(3_000))
    path = tmp_path / "kept.jsonl"
    assert history.export(path, projects=True) == 6_000
    with path.open("a", encoding="utf-8") as stream:
        stream.write("{}\n")
    told, frame, tokens = back(path)
    assert told == Imported(
        added=Added(new_rows=3_000, new_turns=3_000), bad_lines=(SkippedLine(line=6_001, reason="has no limit"),)
    )
    pd.testing.assert_frame_equal(frame, history.frame())
    pd.testing.assert_frame_equal(tokens, history.tokens())


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_later_chunk_that_fails_leaves_nothing(history, tmp_path, monkeypatch, suffix):
    """All of the file or nothing of it, however many chunks went in before."""
    monkeypatch.setattr(exchange, "_CHUNK", 10)
    history.add_sessions(logs(40))
    path = tmp_path / f"kept.{suffix}"
    history.export(path)

    def fail(*_given):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*_given)

    calls, real = [], exchange.rows_of_lines
    monkeypatch.setattr(exchange, "rows_of_lines", fail)
    with History.in_memory() as other:
        with pytest.raises(KeyboardInterrupt):
            other.import_file(path)
        assert other.frame().empty
        assert other.import_file(path).added.new_rows == 40


@pytest.mark.parametrize(
    ("column", "inside", "outside"),
    [
        ("used_percent", 0, -0.001),
        ("used_percent", 1e6, 1_000_000.5),
        ("remaining_percent", 0, -50),
        ("remaining_percent", 100, 100.5),
        ("window_seconds", 1, 0.5),
        ("window_seconds", 316_224_000, 1e18),
        ("reset_at", "1990-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"),
        ("reset_at", "2200-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"),
        ("fetched_at", "1990-01-01T00:00:00+00:00", "1989-12-31T23:59:59+00:00"),
        ("fetched_at", "2200-01-01T00:00:00+00:00", "2200-01-01T00:00:01+00:00"),
        ("plan", "p" * 1_000_000, "p" * 1_000_001),
    ],
)
def test_values_out_of_range_do_not_come_in(history, tmp_path, column, inside, outside):
    history.add(collection(T0))
    path = tmp_path / "kept.jsonl"
    history.export(path)
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    path.write_text(f"{json.dumps(first | {column: inside})}\n{json.dumps(second | {column: outside})}\n", "utf-8")
    told, frame, _ = back(path)
    assert [(bad.line, bad.reason.partition(" ")[0]) for bad in told.bad_lines] == [(2, column)]
    assert len(frame) == 1


@pytest.mark.parametrize("char", list("=+-@\t\\"))
def test_no_cell_is_a_formula(history, tmp_path, char):
    path = tmp_path / "kept.csv"
    history.add(Collection(fetched_at=T0, snapshots=(snapshot(T0, plan=f"{char}SUM(A1)"),)))
    history.export(path)
    (cell,) = {row["plan"] for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}
    written = {"\\": "\\\\", "\t": "\\t"}.get(char, char)
    assert cell == f"\\{written}SUM(A1)"
    assert set(back(path)[1]["plan"]) == {f"{char}SUM(A1)"}


@pytest.mark.parametrize("length", [131_072, 131_073, 900_000])
def test_a_long_cell_comes_back(history, tmp_path, length):
    """Python's reader gives up at 131,072 characters a cell, for all who read CSV in this process."""
    path = tmp_path / "kept.csv"
    history.add(Collection(fetched_at=T0, snapshots=(snapshot(T0, plan="p" * length),)))
    history.export(path)
    before = csv.field_size_limit()
    assert set(back(path)[1]["plan"].str.len()) == {length}
    assert csv.field_size_limit() == before


def test_a_foreign_file_is_refused_once_and_briefly(history, tmp_path):
    path = tmp_path / "kept.jsonl"
    path.write_text('{"name": "x", "limit": "codex"}\n' * 500, encoding="utf-8")
    with pytest.raises(
        HistoryError, match=r"holds no readings: line 1: has no state \(500 lines like that\)"
    ) as caught:
        history.import_file(path)
    assert len(str(caught.value)) < 300
