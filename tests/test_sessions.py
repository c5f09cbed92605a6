"""Session logs: every form of line, whatever state the files are in."""

from __future__ import annotations

import json
import os
import tracemalloc
from datetime import datetime, timedelta

import pandas as pd
import pytest
import sessions_support as logs
from sessions_support import NOW, ONE, TWO, context, limits, meta, tokens, usage, window, words, write

from quota_helpers.machine import machine_name
from quota_helpers.models import COLUMNS, Account
from quota_helpers.sessions import TOKEN_COLUMNS, UNATTRIBUTED, WINDOW_COLUMNS, SessionLogs, read_sessions


def windows(found: SessionLogs) -> list[tuple]:
    """(limit, window, used, reset in epoch seconds) of every reading."""
    frame = found.windows
    resets = [None if pd.isna(reset) else int(reset.timestamp()) for reset in frame["reset_at"]]
    return list(zip(frame["limit"], frame["window"], frame["used_percent"], resets, strict=True))


def totals(found: SessionLogs) -> list[int]:
    return found.tokens["total"].tolist()


def test_modern_line(home, read):
    """One line of today gives a row per window and a row for the turn, with the dtypes that every reading has."""
    write(
        home,
        meta(creator_user_id="user-1", creator_account_id="acct-1", model_provider="openai", originator="codex_exec"),
        context("gpt-5.6-luna"),
        words(),
        tokens(60, total=3, last=2, rate=limits(window(12.5, at=60), window(5.0, 10080, 86400, at=60))),
    )
    found = read()
    frame = found.windows
    assert list(frame) == [*COLUMNS, "session", "provider", "doubtful"]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == WINDOW_COLUMNS
    row = frame.iloc[0]
    key = Account(name="", account_id="acct-1", user_id="user-1").key
    assert (row["account"], row["account_key"], row["session"], row["origin"]) == (key, key, ONE, "session")
    assert (row["plan"], row["limit"], row["window"], row["slot"]) == ("pro", "codex", "five_hour", "primary")
    assert (row["used_percent"], row["remaining_percent"], row["window_seconds"]) == (12.5, 87.5, 18_000)
    assert (row["state"], row["fetched_at"], row["resets_in"]) == (
        "current",
        NOW + timedelta(seconds=60),
        timedelta(hours=1),
    )
    assert not row["name_inferred"]
    assert pd.isna(row["allowed"])
    assert frame["window"].tolist() == ["five_hour", "weekly"]
    turn = found.tokens.iloc[0].to_dict()
    assert {name: str(dtype) for name, dtype in found.tokens.dtypes.items()} == TOKEN_COLUMNS
    assert turn == {
        "time": pd.Timestamp(NOW + timedelta(seconds=60)),
        "session": ONE,
        "account_key": key,
        "provider": "openai",
        "model": "gpt-5.6-luna",
        "effort": "high",
        "project": "project",
        "client": "codex_exec 0.169.0",
        "machine": machine_name(),
        "input": 20,
        "cached_input": 8,
        "cache_write": 0,
        "output": 4,
        "reasoning": 2,
        "total": 24,
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(
            {
                "type": "event_msg",
                "payload": {
                    "type": "token_count",
                    "rate_limits": {"primary": {"used_percent": 50, "window_minutes": 300, "resets_in_seconds": 600}},
                },
            },
            [("codex", "five_hour", 50, 600)],
            id="relative to the line's own time",
        ),
        pytest.param(
            {"payload": {"info": {}, "rate_limits": {"primary_used_percent": 15.5, "secondary_used_percent": 51.2}}},
            [("codex", "five_hour", 15.5, None), ("codex", "weekly", 51.2, None)],
            id="flat, without lengths",
        ),
        pytest.param(
            {
                "rate_limits": {
                    "primary_used_percent": 12.5,
                    "secondary_used_percent": 40.0,
                    "primary_window_minutes": 10,
                    "secondary_window_minutes": 60,
                }
            },
            [("codex", "10min", 12.5, None), ("codex", "1h", 40.0, None)],
            id="flat, with odd lengths, at the root",
        ),
        pytest.param(
            {
                "type": "event_msg",
                "payload": {
                    "type": "token_count",
                    "rate_limits": {
                        "limit_id": "codex",
                        "primary": {
                            "used_percent": 3.0,
                            "window_minutes": 10080,
                            "resets_at": int(NOW.timestamp()) + 60,
                        },
                        "secondary": None,
                    },
                },
            },
            [("codex", "weekly", 3.0, 60)],
            id="weekly in the primary slot",
        ),
        pytest.param(
            {
                "id": "1",
                "msg": {
                    "type": "token_count",
                    "rate_limits": {"primary": {"used_percent": 7, "window_minutes": 299, "resets_in_seconds": 60}},
                },
            },
            [("codex", "five_hour", 7, 60)],
            id="the event under msg",
        ),
        pytest.param(
            {"type": "event_msg", "payload": {"type": "token_count", "info": None, "rate_limits": None}},
            [],
            id="null is no reading",
        ),
        pytest.param(
            {"type": "event_msg", "payload": {"type": "token_count", "rate_limits": limits()}},
            [],
            id="two null windows are no reading",
        ),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
@pytest.mark.parametrize(
    "time", ["2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00.000000+01:00"]
)
def test_forms_of_lines(home, read, event, expected, separators, time):
    """Every form that was ever written reads the same, however it is spaced and however exact its time."""
    write(home, meta(), json.dumps({"timestamp": time} | event, separators=separators) + "\n")
    base = int(NOW.timestamp())
    found = read()
    assert windows(found) == [(limit, name, used, wait and base + wait) for limit, name, used, wait in expected]
    assert (found.windows["fetched_at"] == NOW).all()
    assert found.skipped == found.notes == ()


def test_line_without_a_time(home, read):
    """It is as old as the line before it."""
    write(
        home,
        meta(at=30),
        json.dumps({"type": "event_msg", "payload": {"type": "token_count", "rate_limits": limits(window(53))}}) + "\n",
    )
    assert read().windows["fetched_at"].tolist() == [NOW + timedelta(seconds=30)]


def test_limits_alternate(home, read):
    """Readings of several limits within a second stay apart."""
    write(
        home,
        meta(),
        tokens(0.982, rate=limits(window(40, 10080))),
        tokens(1.448, rate=limits(window(0.0, 300), limit_id="codex_bengalfox", limit_name="Bengalfox")),
        tokens(1.692, rate=limits(window(41, 10080))),
    )
    frame = read().windows
    assert frame.groupby("limit")["used_percent"].last().to_dict() == {"codex": 41.0, "codex_bengalfox": 0.0}


def test_states_are_as_of_the_line(home, read):
    """Stale, not started, current: judged at the line's own time."""
    write(
        home,
        meta(),
        tokens(1, rate=limits(window(50, resets_in=-5, at=1))),
        tokens(2, rate=limits(window(1, resets_in=18_000, at=2))),
        tokens(3, rate=limits(window(50, resets_in=18_000, at=3))),
    )
    assert read().windows["state"].tolist() == ["stale", "not_started", "current"]


def test_spending_cap_is_a_row(home, read):
    """An individual limit in the line is a row of its own, as in every other frame."""
    cap = {"limit": "100", "used": "25", "remaining": "75", "used_percent": 25, "resets_at": int(NOW.timestamp()) + 60}
    write(home, meta(), tokens(1, rate=limits(window(9), individual_limit=cap)))
    frame = read().windows
    assert set(frame["limit"]) == {"codex", "spend:individual"}
    assert frame.set_index("limit")["used_percent"].to_dict() == {"codex": 9.0, "spend:individual": 25.0}


def test_turns(home, read):
    """Last counts where given, else what the cumulative ones grew by; unchanged: no turn; fallen: counted anew."""
    write(
        home,
        meta(),
        tokens(1, total=5),  # the first: as it is
        tokens(2, total=7),  # grew by 2
        tokens(3, total=7, last=2, rate=limits(window(1))),  # repeated because a limit changed
        tokens(4, total=10, last=3),
        tokens(5, last=3),  # without cumulative counts: a turn
        tokens(6, total=2),  # began anew
        tokens(7, total=2),
        tokens(8),
    )
    found = read()
    assert totals(found) == [count * 12 for count in (5, 2, 3, 3, 2)]
    assert len(found.windows) == 1


def test_model_is_the_nearest_before(home, read):
    """The last `turn_context` before the line says which model; before the first one it is that one's."""
    write(
        home,
        meta(),
        tokens(1, total=1),
        context("a"),
        context("b"),
        tokens(2, total=2),
        words(),
        context("c"),
        tokens(3, total=3),
    )
    assert read().tokens["model"].tolist() == ["a", "b", "c"]


def test_nobody_is_credited(home, read):
    """A log that names nobody is unattributed, and so it stays."""
    write(home, meta(), tokens(1, total=1, rate=limits(window(1))))
    found = read()
    assert found.windows[["account", "account_key"]].to_numpy().tolist() == [[UNATTRIBUTED, UNATTRIBUTED]]
    assert found.tokens["account_key"].tolist() == [UNATTRIBUTED]


def test_words_in_texts_are_no_events(home, read):
    """A conversation about these logs is not taken for one."""
    fake = json.dumps({"type": "token_count", "rate_limits": limits(window(99))})
    write(home, meta(), words(fake), words("\n" + tokens(1, total=9)), tokens(2, total=1, rate=limits(window(2))))
    found = read()
    assert found.windows["used_percent"].tolist() == [2.0]
    assert totals(found) == [12]


def test_archive_and_both(home, read):
    """Archived sessions count; a session in both places counts once."""
    lines = (meta(), tokens(1, total=1, rate=limits(window(1))))
    write(home, *lines)
    write(home, *lines, folder="archived_sessions")
    write(home, meta(TWO), tokens(2, total=1), session=TWO, at=60, folder="archived_sessions")
    found = read()
    assert found.files == 3
    assert totals(found) == [12, 12]
    assert set(found.tokens["session"]) == {ONE, TWO}


def test_torn_line_is_read_when_complete(home, read):
    """Half a line is not lost, not counted, and read once the rest is there."""
    whole = tokens(2, total=2, last=1)
    path = write(home, meta(), tokens(1, total=1), whole[:150])
    assert totals(read()) == [12]
    logs.append(path, whole[150:])
    assert totals(read()) == [12, 12]


def test_line_of_200_megabytes(home, read):
    """A line that is far too long to matter is passed over without being kept; what stands behind it is read."""
    path = write(home, meta(), tokens(1, total=1))
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + 200_000_000)  # NUL bytes, which take no room on the disk
    logs.append(path, "\n", tokens(2, total=3))
    tracemalloc.start()
    found = read(workers=1)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert (found.tokens["total"] // 12).tolist() == [1, 2]


def test_whole_line_without_newline(home, read):
    """The last line of a file that ends without a newline counts at once, and only once."""
    path = write(home, meta(), tokens(1, total=1).rstrip("\n"))
    assert totals(read()) == [12]
    logs.append(path, "\n", tokens(2, total=2))
    assert totals(read()) == [12, 12]


def test_damaged_bytes(home, read):
    """NUL bytes, bytes that are not UTF-8, broken JSON: their neighbours survive, and what is lost is told."""
    path = write(
        home,
        meta(),
        b"\0" * 5000 + tokens(1, total=1).encode(),
        b'{"timestamp":"2026-11-20T10:00:01.500Z","type":"response_item","payload":"\xff\xfe"}\n',
        tokens(2, total=2, rate=limits(window(3), limit_name="?")).encode().replace(b'"?"', b'"\xff"'),
        tokens(3, total=3)[:200] + "\n",
        tokens(4, total=3)[:100] + tokens(4, total=4),
        "\n[]\nnull\n",
        tokens(5, total=5),
    )
    found = read()
    assert totals(found) == [12, 12, 24, 12]  # the third is lost; the fourth says what both spent
    assert found.windows["used_percent"].tolist() == [3.0]
    assert found.notes == (f"{path}: lines that could not be read: 1",)


def test_shrunk_and_replaced_files_are_read_again(home, read):
    """Smaller, another beginning, or another end at the same length: what was known of the file is void."""
    path = write(home, meta(), tokens(1, total=1), tokens(2, total=3))
    assert totals(read()) == [12, 24]
    write(home, meta(), tokens(1, total=1))
    assert totals(read()) == [12]
    write(home, meta(cwd="/elsewhere/now"), tokens(1, total=4), words())
    assert totals(read()) == [48]
    text = path.read_bytes().replace(tokens(1, total=4).encode(), tokens(1, total=7).encode())
    path.write_bytes(text)
    os.utime(path, ns=(0, 10**18))
    assert totals(read()) == [84]
    path.unlink()
    assert totals(read()) == []


def test_growing_file_takes_only_what_was_added(home, read):
    """A second read of an unchanged home reads no log; one of a longer file reads what was added."""
    path = write(home, *logs.long_session(ONE))
    write(home, *logs.long_session(TWO, at=5000), session=TWO, at=5000)
    size = sum(file.stat().st_size for file in home.rglob("*.jsonl"))
    seen: list[tuple[int, int]] = []
    first = read(progress=lambda *step: seen.append(step))
    assert seen[-1] == (size, size)
    seen.clear()
    again = read(progress=lambda *step: seen.append(step))
    assert seen == []
    pd.testing.assert_frame_equal(first.windows, again.windows)
    pd.testing.assert_frame_equal(first.tokens, again.tokens)
    added = tokens(900, total=41, last=1)
    logs.append(path, added)
    grown = read(progress=lambda *step: seen.append(step))
    assert seen == [(len(added), len(added))]
    assert len(grown.tokens) == len(first.tokens) + 1
    pd.testing.assert_frame_equal(grown.tokens, read(cache=False).tokens)


def test_unreadable_things_are_told(home, read):
    """Links that lead nowhere or in circles, and what is no file, are named; the rest is read."""
    path = write(home, meta(), tokens(1, total=1))
    loop = path.with_name("rollout-2026-11-20T11-00-00-loop.jsonl")
    gone = path.with_name("rollout-2026-11-20T12-00-00-gone.jsonl")
    try:
        loop.symlink_to(loop.name)
        gone.symlink_to("nowhere")
        (path.parent / "round").symlink_to(home / "sessions", target_is_directory=True)
    except OSError:
        pytest.skip("no links on this machine")
    if hasattr(os, "mkfifo"):
        os.mkfifo(path.with_name("rollout-2026-11-20T13-00-00-pipe.jsonl"))
    found = read()
    assert totals(found) == [12]
    named = " ".join(found.skipped)
    assert all(str(bad) in named for bad in (loop, gone))
    assert "cannot be read" in named
    if hasattr(os, "mkfifo"):
        assert "no regular file" in named


def test_file_that_vanishes_is_told(home, read, monkeypatch):
    """A log that cannot be opened any more is a text, not the end."""
    write(home, meta(), tokens(1, total=1))
    path = write(home, meta(TWO), tokens(2, total=1), session=TWO, at=60)
    from quota_helpers.sessions import read as module

    real = module.find_logs

    def find(place):
        found = real(place)
        path.unlink()
        return found

    monkeypatch.setattr(module, "find_logs", find)
    found = read()
    assert totals(found) == [12]
    assert len(found.skipped) == 1
    assert str(path) in found.skipped[0]


def test_huge_lines_do_not_fill_memory(home, read):
    """A line of 100 MB is passed over in pieces; what follows it is read."""
    path = write(home, meta(), tokens(1, total=1))
    with path.open("ab") as file:
        file.write(words("@").split("@")[0].encode())
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(words("@").split("@")[1].encode())
        file.write(tokens(2, total=2).encode())
    tracemalloc.start()
    try:
        found = read(workers=1)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert totals(found) == [12, 12]


def test_huge_torn_line(home, read):
    """A huge line that is still being written is passed over when its end comes."""
    path = write(home, meta(), tokens(1, total=1), words("x" * 5_000_000)[:4_500_000])
    assert totals(read()) == [12]
    logs.append(path, "x" * 3_000_000 + '"}}\n', tokens(2, total=2))
    assert totals(read()) == [12, 12]


def test_since(home, read):
    """Older readings are left out; a time without a zone is refused."""
    write(home, meta(), tokens(1, total=1), tokens(3600, total=2))
    assert len(read(NOW + timedelta(minutes=30)).tokens) == 1
    assert len(read(timedelta(minutes=40), clock=lambda: NOW + timedelta(hours=1, minutes=20)).tokens) == 1
    assert len(read(timedelta(days=1), clock=lambda: NOW + timedelta(hours=2)).tokens) == 2
    with pytest.raises(ValueError, match="zone"):
        read(datetime(2026, 11, 20))  # noqa: DTZ001


def test_since_leaves_old_files_unread(home, read):
    """A file that has not changed since is not even opened; asked for more, it is read."""
    old = write(home, meta(), tokens(1, total=1))
    os.utime(old, ns=(0, int((NOW - timedelta(days=30)).timestamp()) * 10**9))
    write(home, meta(TWO), tokens(2, total=1), session=TWO, at=60)
    seen: list[tuple[int, int]] = []
    assert len(read(NOW - timedelta(days=1), progress=lambda *step: seen.append(step)).tokens) == 1
    assert seen[-1][1] < sum(file.stat().st_size for file in home.rglob("*.jsonl"))
    assert len(read().tokens) == 2


def test_no_home(read):
    """Without any log the frames are empty and keep their columns."""
    found = read()
    assert (len(found.windows), len(found.tokens), found.files, found.bytes) == (0, 0, 0, 0)
    assert {name: str(dtype) for name, dtype in found.windows.dtypes.items()} == WINDOW_COLUMNS
    assert {name: str(dtype) for name, dtype in found.tokens.dtypes.items()} == TOKEN_COLUMNS
    assert "0 logs" in repr(found)


def test_home_from_the_environment(home, monkeypatch):
    """`CODEX_HOME` says where, else the folder in the user's home."""
    write(home, meta(), tokens(1, total=1))
    monkeypatch.setenv("CODEX_HOME", str(home))
    assert totals(read_sessions(cache=False)) == [12]
    monkeypatch.delenv("CODEX_HOME")
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.setenv("USERPROFILE", str(home.parent))
    home.rename(home.parent / ".codex")
    assert totals(read_sessions(cache=False)) == [12]


def test_display(home, read):
    """A short line in a terminal, a short block in a notebook; names are escaped."""
    write(home, meta(), tokens(1, total=1, rate=limits(window(1))))
    bad = home / "sessions" / "rollout-<b>.jsonl"
    try:
        bad.symlink_to("nowhere")
    except OSError:
        pytest.skip("no links on this machine")
    found = read()
    assert "2 logs" not in repr(found)
    assert "1 readings" in repr(found) or "1 reading" in repr(found)
    shown = found._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>.jsonl" not in shown


def test_counts_beyond_reason(home, read):
    """Counts that are no counts are zero, never an error."""
    odd = usage(1) | {"input_tokens": -5, "output_tokens": 10**30, "cached_input_tokens": "many", "total_tokens": 7}
    body = {"type": "token_count", "info": {"last_token_usage": odd}, "rate_limits": None}
    write(home, meta(), logs.line("event_msg", body, 1))
    assert read().tokens.iloc[0][["input", "cached_input", "output", "reasoning", "total"]].tolist() == [0, 0, 0, 1, 7]


def test_users_own_cache_folder(home, tmp_path, monkeypatch):
    """Unless told otherwise, what was read is kept in the user's cache folder."""
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name, **_: str(tmp_path / "user" / name))
    write(home, meta(), tokens(1, total=1))
    read_sessions(home)
    assert [path.suffix for path in (tmp_path / "user" / "quota-helpers").iterdir()] == [".bin"]


def test_session_without_a_first_line(home, read):
    """A log that does not begin with its identity takes the name of its file, and is unattributed."""
    write(home, tokens(1, total=1, rate=limits(window(1))))
    found = read()
    assert found.tokens["session"].tolist() == found.windows["session"].tolist() == [ONE]


def test_nothing_new_writes_nothing(home, read, tmp_path):
    """A read that found nothing new leaves the cache untouched, also with old or unreadable logs about."""
    old = write(home, meta(), tokens(1, total=1))
    os.utime(old, ns=(0, int((NOW - timedelta(days=30)).timestamp()) * 10**9))
    write(home, meta(TWO), tokens(2, total=1), session=TWO, at=60)
    since = NOW - timedelta(days=1)
    first = read(since)
    (kept,) = (tmp_path / "cache").iterdir()
    before = kept.stat().st_mtime_ns, kept.stat().st_ino
    again = read(since)
    assert (kept.stat().st_mtime_ns, kept.stat().st_ino) == before
    assert again.tokens.equals(first.tokens)
    assert (again.files, again.bytes) == (first.files, first.bytes) == (1, log_size(home, TWO))


def log_size(home, session):
    return next(home.rglob(f"*{session}.jsonl")).stat().st_size
