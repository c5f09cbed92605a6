"""What other programs have kept: another history, CodexBar's and ccpace's stores; each once, theirs left as it was."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from history_support import T0, collection, contents, key_of, logs

from quota_helpers.errors import HistoryError
from quota_helpers.history import Added, History, Imported, SkippedLine

AT = ["2026-11-16T11:20:00Z", "2026-11-16T12:20:00Z"]


@pytest.fixture
def history():
    with History.in_memory(keep_bodies_days=None) as opened:
        yield opened


def codexbar(**accounts):
    """CodexBar's `history/codex.json`: series by account, as its store writes them."""
    return {"accounts": accounts, "preferredAccountKey": next(iter(accounts), None), "unscoped": [], "version": 1}


def series(*used, name="weekly", minutes=10_080):
    entries = [
        {"capturedAt": at, "resetsAt": "2026-11-20T00:00:00Z", "usedPercent": percent}
        for at, percent in zip(AT, used, strict=False)
    ]
    return {"entries": entries, "name": name, "windowMinutes": minutes}


def body(used):
    """The body that ccpace keeps of a reply."""
    window = {"used_percent": used, "limit_window_seconds": 604_800, "reset_at": 1_795_132_800}
    return {"plan_type": "pro", "rate_limit": {"primary_window": None, "secondary_window": window}}


def ccpace(used, seconds, account="c" * 64):
    return {"schema": 1, "provider": "codex", "account": account, "timestamp": seconds, "usage": body(used)}


def lines(path, *objects):
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in objects), "utf-8")
    return path


def test_codexbars_store(history, tmp_path):
    """Each window of each account, one reading an hour; where it came from stays known, and twice is once."""
    path = tmp_path / "codex.json"
    kept = codexbar(a1=[series(30.5, 31), series(5, name="session", minutes=300)], b2=[series(90)])
    path.write_text(json.dumps(kept), "utf-8")
    assert history.import_file(path) == Imported(added=Added(new_rows=4))
    assert history.import_file(path).added == Added(known_rows=4)
    frame = history.frame()
    assert set(frame["origin"]) == {"codexbar"}
    assert frame.groupby(["account", "window"])["used_percent"].apply(list).to_dict() == {
        ("a1", "five_hour"): [5.0],
        ("a1", "weekly"): [30.5, 31.0],
        ("b2", "weekly"): [90.0],
    }
    assert set(frame["reset_at"]) == {pd.Timestamp("2026-11-20", tz="UTC")}
    assert frame["fetched_at"].min() == datetime(2026, 11, 16, 11, 20, tzinfo=UTC)


def test_an_entry_without_a_time_is_named(history, tmp_path):
    """Counted through the file; the others of its series and account come in, their account without a key."""
    kept = codexbar(a1=[series(30, 31), series(5, 6, name="session", minutes=300)], b2=[series(90, 91)])
    first, second = kept["accounts"]["a1"][0]["entries"], kept["accounts"]["b2"][0]["entries"]
    first[1]["capturedAt"], second[0] = "bogus", "torn"
    del second[1]["capturedAt"]
    path = tmp_path / "codex.json"
    path.write_text(json.dumps(kept), "utf-8")
    done = history.import_file(path)
    assert done.added == Added(new_rows=3)
    assert done.bad_lines == tuple(SkippedLine(line=at, reason="is no reading with its time") for at in (2, 5, 6))
    assert history.frame()["account_key"].isna().all()


@pytest.mark.parametrize("name", ["usage.jsonl", "usage.jsonl.1"])
def test_ccpaces_store(history, tmp_path, name):
    """A line a reading, with its own time; lines of others, torn ones and those without a time are named."""
    odd = [{"type": "session_start", "timestamp": 5}, ccpace(1, 5) | {"provider": "claude"}, ccpace(1, None)]
    path = lines(tmp_path / name, ccpace(30, T0.timestamp()), *odd, ccpace(31, T0.timestamp() + 900), '{"torn": ')
    done = history.import_file(path)
    assert done.added == Added(new_rows=2)
    assert done.bad_lines == tuple(
        SkippedLine(line=number, reason="is no reading of Codex with its time") for number in (2, 3, 4, 6)
    )
    frame = history.frame()
    assert frame[["origin", "account", "plan", "used_percent"]].to_numpy().tolist() == [
        ["ccpace", "c" * 64, "pro", 30.0],
        ["ccpace", "c" * 64, "pro", 31.0],
    ]
    assert frame["fetched_at"].tolist() == [T0, T0 + timedelta(minutes=15)]
    assert history.import_file(path).added == Added(known_rows=2)


def test_the_past_is_said_to_be_an_accounts(history, tmp_path):
    """A store calls accounts in a way of its own; beside one's own readings its past has their key and label."""
    history.add(collection(T0, "work"))
    path = lines(tmp_path / "usage.jsonl", ccpace(30, T0.timestamp() - 900))
    assert history.import_file(path, account="work").added.new_rows == 1
    frame = history.frame(windows="weekly")
    assert set(frame["account_key"]) == {key_of("work")}
    assert frame["origin"].tolist() == ["ccpace", "usage"]
    lines(path, ccpace(30, T0.timestamp()), ccpace(31, T0.timestamp(), account="d"))
    with pytest.raises(ValueError, match="holds 2 accounts"):
        history.import_file(path, account="work")
    with pytest.raises(ValueError, match=r"no account 'wrok'\. Did you mean work"):
        history.import_file(path, account="wrok")
    assert len(history.frame()) == 3


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("codex.json", json.dumps(codexbar()), "history without readings"),
        ("codex.json", json.dumps(codexbar(a=[series()])), "history without readings"),
        ("codex.json", "{torn", "is no store of readings"),
        ("codex.json", json.dumps({"name": "x"}), "holds no readings of Codex"),
        ("usage.jsonl", json.dumps(ccpace(1, 5) | {"provider": "claude"}), "holds no readings of Codex"),
        ("h.sqlite3", "SQLite format 3\0 and no more", "is no history|is damaged"),
        ("missing.json", None, "cannot be read: .*Check the path"),
    ],
)
def test_a_file_that_is_no_store(history, tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(HistoryError, match=said) as caught:
        history.import_file(tmp_path / name)
    assert name in str(caught.value)


def test_another_history(history, tmp_path):
    """Everything of it: readings with their origin, turns, bodies; open or closed, and its file stays as it was."""
    path = tmp_path / "old.sqlite3"
    with History(path, keep_bodies_days=None) as old:
        old.add(collection(T0, "work", "home"))
        old.add_sessions(logs(5))
        assert history.import_file(path).added == Added(new_rows=9, new_turns=5, bodies=2)
        pd.testing.assert_frame_equal(history.frame(), old.frame())
        pd.testing.assert_frame_equal(history.tokens(), old.tokens())
    old.close()
    before = contents(tmp_path)
    assert history.import_file(path).added == Added(known_rows=9, known_turns=5)
    assert contents(tmp_path) == before


def test_a_database_of_another_program(history, tmp_path):
    path = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    with pytest.raises(HistoryError, match=r"other\.sqlite3 is no history: it is a database of another program"):
        history.import_file(path)
