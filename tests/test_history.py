"""The history: what is put in comes out, once, without identities, and only as long as it shall stay."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pandas as pd
import platformdirs
import pytest
from history_support import T0, Logs, collection, key_of, logs, raw_bytes, reply, snapshot, spend
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quota_helpers.errors import HistoryError
from quota_helpers.frames import to_frame
from quota_helpers.history import FRAME_COLUMNS, TOKEN_COLUMNS, Added, History, default_path
from quota_helpers.history.stored_bodies import packed
from quota_helpers.models import COLUMNS, Limit, UsageSnapshot
from quota_helpers.outcomes import Collection
from quota_helpers.sessions import WINDOW_COLUMNS

NOW = T0 + timedelta(days=1)
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzZW50aW5lbCJ9.c2lnbmF0dXJlLXNlbnRpbmVs"


@pytest.fixture
def history(tmp_path):
    with History(tmp_path / "history.sqlite3", clock=lambda: NOW) as opened:
        yield opened


def dtypes(frame):
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def ordered(frame):
    return frame.sort_values(["fetched_at", "account_key", "limit", "slot"], kind="stable").reset_index(drop=True)


# --- what is put in comes out ---------------------------------------------------------------------------------------


def test_the_frame_is_the_tidy_frame_and_the_session(history):
    """`frame()` gives exactly what `to_frame` gave, sorted by time, plus an empty `session`."""
    mixed = Collection(
        fetched_at=T0,
        snapshots=(
            snapshot(T0 + timedelta(microseconds=7), "work"),
            snapshot(T0, "home", used=33.3, spend_limits=(spend(),), limits=(Limit(limit_id="codex", allowed=True),)),
            UsageSnapshot(fetched_at=T0, account="bare", account_key=key_of("bare")),
            snapshot(T0, None, used=None, origin="app_server"),
        ),
    )
    assert history.add(mixed) == Added(new_rows=8)
    frame = history.frame()
    assert dtypes(frame) == FRAME_COLUMNS == WINDOW_COLUMNS | {"machine": "str"}
    assert frame["fetched_at"].is_monotonic_increasing
    pd.testing.assert_frame_equal(ordered(frame[list(COLUMNS)]), ordered(to_frame(mixed)))
    assert frame["session"].isna().all()
    bare = frame[frame["account"] == "bare"].iloc[0]
    assert pd.isna(bare["window"])
    assert bare["state"] == "unknown"


def test_an_empty_history_keeps_its_columns(history):
    assert dtypes(history.frame()) == FRAME_COLUMNS
    assert dtypes(history.tokens()) == TOKEN_COLUMNS
    assert history.bodies() == []
    assert history.accounts().empty
    assert history.add(Collection(fetched_at=T0)) == Added()


def test_the_same_reading_twice_is_one_row(history):
    """Also where parts of the key are missing: no window, no slot, no account key."""
    bare = Collection(
        fetched_at=T0,
        snapshots=(snapshot(T0), UsageSnapshot(fetched_at=T0), UsageSnapshot(fetched_at=T0, account_key="")),
        replies={"work": reply({"plan_type": "plus"}, T0)},
    )
    assert history.add(bare) == Added(new_rows=4, bodies=1)
    assert history.add(bare) == Added(known_rows=4)
    assert len(history.frame()) == 4
    assert len(history.bodies()) == 1


def test_two_carriers_and_two_sessions_are_two_readings(history):
    """The key holds origin and session: what two carriers told at one moment stays apart."""
    history.add(Collection(fetched_at=T0, snapshots=(snapshot(T0), snapshot(T0, origin="headers"))))
    assert len(history.frame(origin="headers")) == 2
    assert len(history.frame()) == 4
    history.add_sessions(logs(3, session="a"))
    history.add_sessions(logs(3, session="b"))
    assert len(history.frame(origin="session")) == 6


def test_session_logs_come_back_as_they_were(history):
    given_logs = logs(200)
    assert history.add_sessions(given_logs) == Added(new_rows=200, new_turns=200)
    assert history.add_sessions(given_logs) == Added(known_rows=200, known_turns=200)
    pd.testing.assert_frame_equal(history.frame(), given_logs.windows)
    pd.testing.assert_frame_equal(history.tokens(), given_logs.tokens)


def test_turns_at_the_same_moment_are_kept_apart(history):
    """A session can count two turns in one microsecond; only equal ones are one."""
    turns = logs(1).tokens
    other = turns.assign(output=60, total=960)
    both = pd.concat([turns, other], ignore_index=True)
    assert history.add_sessions(Logs(logs(1).windows, both)).new_turns == 2
    assert history.tokens()["output"].tolist() == [50, 60]


def test_a_session_whose_account_has_a_name_bears_it(history):
    """Logs know the key only; compared with snapshots, the account must be one and the same."""
    history.add_sessions(logs(2, key=key_of("work")))
    assert set(history.frame()["account"]) == {key_of("work")}
    history.add(collection(T0, "work"))
    assert set(history.frame()["account"]) == {"work"}
    assert len(history.frame(accounts="work", origin="session")) == 2
    history.add_sessions(logs(2, session="other"))
    assert set(history.frame()["account"]) == {"work", "unattributed"}


def test_filters(history):
    history.add(collection(T0, "work", "home"))
    history.add(collection(T0 + timedelta(hours=1), "work"))
    history.add_sessions(logs(5, start=T0 + timedelta(hours=2)))
    assert set(history.frame(accounts="home")["account"]) == {"home"}
    assert set(history.frame(accounts=[key_of("home"), "work"])["account"]) == {"home", "work"}
    assert len(history.frame(accounts=["work"], windows="weekly")) == 2
    assert len(history.frame(windows=["weekly", "five_hour"], origin=["usage"])) == 6
    assert len(history.frame(since=T0 + timedelta(hours=1))) == 7
    assert len(history.frame(since=T0, until=T0 + timedelta(hours=1))) == 4
    assert len(history.tokens(accounts="unattributed", until=T0 + timedelta(hours=2, seconds=2))) == 2
    assert [body.account for body in history.bodies(accounts="work")] == ["work", "work"]
    assert len(history.bodies(since=T0 + timedelta(minutes=1))) == 1
    assert len(history.frame(limits="codex")) == len(history.frame())
    nothing = history.frame(accounts=[])
    assert nothing.empty
    assert dtypes(nothing) == FRAME_COLUMNS


@pytest.mark.parametrize("wanted", [{"accounts": "wrok"}, {"windows": "wekly"}, {"origin": "usge"}, {"limits": "codx"}])
def test_what_is_not_there_is_an_error_that_suggests(history, wanted):
    """An empty frame would be taken for an account that used nothing."""
    history.add(collection(T0, "work", "home"))
    with pytest.raises(ValueError, match=r"There is no (account|window|origin|limit) '.*'\. Did you mean "):
        history.frame(**wanted)


def test_moments_are_texts_and_spans_too_and_until_is_not_included(history):
    history.add(collection(T0))
    assert len(history.frame(since="2026-11-16T09:00Z")) == 2
    assert len(history.frame(until="2026-11-16T09:00Z")) == 0
    assert len(history.frame(until="2026-11-16T09:00:00.000001Z")) == 2
    assert len(history.frame(since=timedelta(days=1))) == 2
    assert len(history.frame(since=timedelta(hours=23))) == 0


def test_two_people_whose_masked_names_are_the_same(history):
    """Both are told apart by a number; nothing is forgotten of one by the other's name."""
    for name in ("kim@example.com", "kirk@example.com"):
        history.add(collection(T0, name))
    assert sorted(set(history.frame()["account"])) == ["ki...@example.com (1)", "ki...@example.com (2)"]
    for ambiguous in ("kim@example.com", "ki...@example.com"):
        with pytest.raises(ValueError, match=f"2 accounts: choose by key.*{key_of('kirk@example.com')}"):
            history.frame(accounts=ambiguous)
        with pytest.raises(ValueError, match=f"exact label.*{key_of('kirk@example.com')}"):
            history.forget(ambiguous)
    assert history.forget(key_of("kim@example.com")) == 3
    assert history.accounts()["account_key"].tolist() == [key_of("kirk@example.com")]
    assert history.accounts()["account"].tolist() == ["ki...@example.com"]


@pytest.mark.parametrize("near", ["kim@example.com", "kirk@example.com", "KI...@example.com", "ki...@example.com (1)"])
def test_what_only_looks_like_an_account_forgets_nothing(history, near):
    """Even the only one that a masked name would fit: what cannot be undone takes the key or the label itself."""
    history.add(collection(T0, "kirk@example.com"))
    with pytest.raises(ValueError, match=r"exact label .*ki\.\.\.@example\.com"):
        history.forget(near)
    assert len(history.frame()) == 2
    assert history.forget("ki...@example.com") == 3


def test_a_moment_without_time_zone_is_refused(history):
    with pytest.raises(ValueError, match="since has no time zone"):
        history.frame(since=datetime(2026, 11, 16))  # noqa: DTZ001  # the point of the test
    history.add(collection())
    assert len(history.frame()) == 2


def test_a_renamed_account_is_found_whole_under_either_name(history):
    key = key_of("login")
    for hour, name in enumerate(["old", "new"]):
        at = T0 + timedelta(hours=hour)
        history.add(Collection(fetched_at=at, snapshots=(snapshot(at, name, account_key=key),)))
    assert len(history.frame(accounts="old")) == len(history.frame(accounts="new")) == 4
    accounts = history.accounts()
    assert accounts["account"].tolist() == ["new"]
    assert accounts["readings"].tolist() == [4]
    assert accounts["first"].tolist() == [T0]
    assert accounts["last"].tolist() == [T0 + timedelta(hours=1)]


texts = st.none() | st.text(max_size=8)


@settings(max_examples=15)
@given(
    st.lists(
        st.builds(
            snapshot,
            st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            texts,
            used=st.none() | st.floats(0, 1e9),
            plan=texts,
            account_key=texts,
            origin=st.sampled_from(["usage", "app_server", "headers"]),
        ),
        max_size=6,
    )
)
@example([snapshot(T0, name, used=None, account_key=None) for name in (None, "0")])
def test_whatever_comes_is_kept_once_and_exactly(snapshots):
    """Any texts, missing or empty, any microsecond, any percent: what comes back is what went in.

    Accounts without a key are told apart by their names.
    """
    told = Collection(fetched_at=T0, snapshots=tuple(snapshots))
    with History.in_memory() as history:
        first = history.add(told)
        assert history.add(told).new_rows == 0
        frame = history.frame()
        assert len(frame) == first.new_rows
        unique = to_frame(told)
        unique["named"] = unique["account"].where(unique["account_key"].isna())
        key = ["account_key", "named", "limit", "window", "slot", "fetched_at", "origin"]
        unique = unique.drop_duplicates(key)
        assert len(frame) == len(unique)
        for column in ("used_percent", "remaining_percent", "fetched_at", "reset_at", "resets_in"):
            assert sorted(frame[column].dropna()) == sorted(unique[column].dropna())


# --- bodies ---------------------------------------------------------------------------------------------------------


def test_bodies_come_back_for_replay(history):
    payload = {"plan_type": "plus", "rate_limit": {"primary_window": {"used_percent": 3, "reset_at": 1.5}}, "x": [None]}
    history.add(Collection(fetched_at=T0, replies={"work": reply(payload, T0)}))
    (body,) = history.bodies()
    assert (body.account, body.account_key, body.fetched_at) == ("work", key_of("work"), T0)
    assert body.payload == payload
    assert list(body.payload) == list(payload)
    assert "used_percent" not in repr(body)


def test_equal_bodies_are_stored_once(history):
    """By content, after identities are gone: two people's equal answers are one body, two replies."""
    for minute, user in enumerate(["user-aaaaaaaa1", "user-bbbbbbbb2"]):
        at = T0 + timedelta(minutes=minute)
        history.add(Collection(fetched_at=at, replies={"work": reply({"user_id": user, "plan_type": "plus"}, at)}))
    assert len(history.bodies()) == 2
    with closing(sqlite3.connect(history.path)) as connection:
        assert connection.execute("SELECT count(*) FROM bodies").fetchone() == (1,)


def test_error_replies_are_no_bodies(history):
    replies = {"a": reply({"error": "no"}, T0, "a", status=429), "b": reply(None, T0, "b")}
    assert history.add(Collection(fetched_at=T0, replies=replies)).bodies == 0


def test_nothing_that_identifies_reaches_the_file(history):
    """E-mail addresses, ids and tokens, wherever and however they are written, and in the account's name as well."""
    secret = "acct-5f2c9e71-sentinel"
    user = "user-Sentinel0123456789"
    payload = {
        "user_id": user,
        "account_id": secret,
        "email": "sentinel.person@example.com",
        "plan_type": "plus",
        "nested": [{"chatgptUserId": user, "Account-ID": {"value": secret}, "E-Mail": ["sentinel.person@example.com"]}],
        "creator_account_id": secret,
        "message": f"{user} of {secret} <sentinel.person@example.com> sent {TOKEN}",
        "by_member": {user: {"used": 3}, "user-Sentinel9876543210": {"used": 4}},
        "access_token": "opaque-sentinel-token",
        "workspaceName": "Sentinel Ltd",
        "numeric": {"user_id": 4711471147114711},
        "rate_limit": {"limit_id": "codex", "allowed": True},
    }
    name = "sentinel.person@example.com"
    told = snapshot(T0, name, account_key=None, plan=f"plus {TOKEN}")
    history.add(
        Collection(
            fetched_at=T0,
            snapshots=(told,),
            replies={name: reply(payload, T0, name)},
        )
    )
    planted = rb"(?i)sentinel|5f2c9e71|4711471147114711|" + re.escape(TOKEN[:20]).encode()
    allowed = re.sub(rb"se\.\.\.@example\.com", b"", raw_bytes(history.path))
    assert not re.search(planted, allowed)
    history.close()
    assert not re.search(planted, history.path.read_bytes())
    with History(history.path) as again:
        (body,) = again.bodies()
        assert body.payload["rate_limit"] == {"limit_id": "codex", "allowed": True}
        assert body.payload["plan_type"] == "plus"
        assert body.payload["user_id"] == "***"
        assert body.payload["numeric"] == {"user_id": 0}
        assert sorted(item["used"] for item in body.payload["by_member"].values()) == [3, 4]
        assert len(again.frame(accounts=name)) == 2
        assert not re.search("(?i)sentinel", again.frame().to_csv() + repr(again) + again._repr_html_())


def test_empty_and_missing_identities_stay_what_they_are():
    """An empty id is a fact about the wire that drift is about; a plan called like a person is no person."""
    assert packed(
        {"user_id": "", "email": None, "account_id": "team", "plan_type": "team", "email_verified": True}
    ) == (b'{"user_id":"","email":null,"account_id":"***","plan_type":"team","email_verified":true}')


def test_two_keys_that_begin_alike_keep_all_their_characters(history):
    """A session or key that has to be masked becomes a hash, so that two never become one."""
    for session in ("a@example.com", "ab@example.com", "sess-" + "x" * 20, "sess-" + "y" * 20):
        history.add_sessions(logs(1, session=session))
    assert history.frame()["session"].nunique() == 4
    assert not history.frame()["session"].str.contains("@|sess").any()


def test_a_body_nested_500_deep_is_kept():
    payload = leaf = {}
    for _ in range(499):
        leaf["a"] = leaf = {}
    assert packed(payload).count(b"{") == 500


def test_bodies_grow_old_and_readings_do_not(tmp_path):
    """The age limit is judged against the clock that was handed in, at every `add`."""
    now = [T0]
    with History(tmp_path / "h.sqlite3", keep_bodies_days=2, clock=lambda: now[0]) as history:
        history.add(collection(T0))
        assert len(history.bodies()) == 1
        now[0] = T0 + timedelta(days=3)
        assert history.add(collection(T0 + timedelta(days=3), "home")).bodies == 1
        assert [body.account for body in history.bodies()] == ["home"]
        assert history.add(collection(T0, "late")).bodies == 0
        for moment, kept in ((T0 + timedelta(days=5, microseconds=-1), 1), (T0 + timedelta(days=5), 0)):
            now[0] = moment
            history.add(Collection(fetched_at=T0))
            assert len(history.bodies()) == kept
        assert len(history.frame()) == 6
        with closing(sqlite3.connect(history.path)) as connection:
            assert connection.execute("SELECT count(*) FROM bodies").fetchone() == (0,)


@pytest.mark.parametrize(("days", "kept"), [(None, 1), (0, 0)])
def test_bodies_for_ever_or_never(days, kept):
    with History.in_memory(keep_bodies_days=days, clock=lambda: T0 + timedelta(days=9_999)) as history:
        history.add(collection(T0))
        assert len(history.bodies()) == kept


@pytest.mark.parametrize("days", [-1, float("nan")])
def test_a_nonsensical_age_is_refused(days):
    with pytest.raises(ValueError, match="keep_bodies_days"):
        History.in_memory(keep_bodies_days=days)


# --- forgetting, looking, closing -----------------------------------------------------------------------------------


def test_a_forgotten_account_is_gone_from_the_file(history):
    """Rows, turns, bodies and the name itself; the others stay."""
    at = T0 + timedelta(minutes=1)
    told = Collection(
        fetched_at=T0,
        snapshots=(snapshot(T0, "quitter", plan="quitterplan"), snapshot(at, "stayer")),
        replies={"quitter": reply({"secret": "quitterbody"}, T0, "quitter"), "stayer": reply({"b": 1}, at, "stayer")},
    )
    history.add(told)
    history.add_sessions(logs(3, key=key_of("quitter"), session="quittersession"))
    assert b"quitterplan" in raw_bytes(history.path)
    assert history.forget("quitter") == 2 + 3 + 3 + 1
    left = raw_bytes(history.path)
    assert b"quitter" not in left
    assert key_of("quitter").encode() not in left
    assert history.accounts()["account"].tolist() == ["stayer"]
    assert len(history.bodies()) == 1
    with pytest.raises(ValueError, match="stayer"):
        history.forget("quitter")


def test_what_a_history_says_of_itself(history):
    """Counts, span, size and place, for text and for the notebook, escaped; afterwards, that it is closed."""
    assert repr(history).startswith("History(0 readings, 0 turns, 0 bodies, 0 accounts, ")
    history.add(collection(T0, "work", "home"))
    history.add_sessions(logs(1))
    text = repr(history)
    assert "5 readings, 1 turn, 2 bodies, 3 accounts, 2026-11-16 09:00 to 2026-11-16 09:00 UTC, " in text
    assert str(history.path) in text
    html = history._repr_html_()
    assert ">readings</th>" in html
    assert "history.sqlite3" in html
    assert history.size >= history.path.stat().st_size > 0
    history.close()
    assert "closed" in repr(history)
    assert "closed" in history._repr_html_()


def test_markup_in_a_path_is_escaped(tmp_path):
    folder = tmp_path / ("&b" if os.name == "nt" else "<b>&")
    with History(folder / "h.sqlite3") as history:
        assert "<b>" not in history._repr_html_()
        assert "&amp;" in history._repr_html_()


def test_the_home_folder_is_not_told(tmp_path, monkeypatch):
    """A saved notebook shows `~`, not who its author is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with History("~/kept/h.sqlite3") as history:
        assert history.path == tmp_path / "kept" / "h.sqlite3"
        assert str(tmp_path) not in repr(history) + history._repr_html_()
        assert "~" in repr(history)


def test_without_a_path_it_lies_in_the_users_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(
        platformdirs, "user_data_dir", lambda name, appauthor: str(tmp_path / str(appauthor or "") / name)
    )
    with History() as history:
        assert history.path == default_path() == tmp_path / "quota-helpers" / "history.sqlite3"
        assert history.path.is_file()


def test_in_memory_there_is_no_file():
    with History.in_memory() as history:
        history.add(collection())
        assert history.path is None
        assert history.size > 0
        assert "in memory" in repr(history)


@pytest.mark.skipif(os.name != "posix", reason="permission bits of POSIX")
def test_only_the_owner_may_read_it(tmp_path):
    """The file, its write-ahead log and the folder made for it, whatever the umask says."""
    before = os.umask(0)
    try:
        with History(tmp_path / "made" / "h.sqlite3") as history:
            history.add(collection())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in history.path.parent.iterdir()}
            assert modes == {"h.sqlite3": 0o600, "h.sqlite3-wal": 0o600, "h.sqlite3-shm": 0o600}
            assert stat.S_IMODE(history.path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_after_close_the_file_can_go(tmp_path):
    """Nothing holds it, nothing is left beside it, and every method says that it is closed."""
    history = History(tmp_path / "h.sqlite3")
    history.add(collection())
    history.close()
    history.close()
    assert [path.name for path in tmp_path.iterdir()] == ["h.sqlite3"]
    history.path.unlink()
    for use in (history.frame, history.tokens, history.bodies, history.accounts, lambda: history.size):
        with pytest.raises(HistoryError, match="closed"):
            use()
    with pytest.raises(HistoryError, match="closed"):
        history.add(collection())


def test_one_object_for_several_threads(history):
    """The kernel's main thread and an executor: every reading is there, every view is whole."""
    gate = threading.Barrier(4)

    def work(number):
        gate.wait()
        seen = []
        for step in range(12):
            added = history.add(collection(T0 + timedelta(minutes=step), f"account-{number}"))
            assert added.new_rows == 2
            seen.append(len(history.frame(accounts=f"account-{number}")))
        return seen

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(4)))
    assert results == [[2 * (step + 1) for step in range(12)]] * 4
    assert len(history.frame()) == 4 * 24


def test_a_failing_add_leaves_nothing_behind(history):
    """A reading without a time is refused, and the good ones of the same call are not half there."""
    history.add(collection())
    bad = logs(5)
    bad.tokens.loc[3, "time"] = pd.NaT
    with pytest.raises(ValueError, match="row 3 has no time"):
        history.add_sessions(bad)
    assert len(history.frame()) == 2
    worse = logs(5)
    worse.windows.loc[2, "fetched_at"] = pd.NaT
    with pytest.raises(ValueError, match="row 2 has no fetched_at"):
        history.add_sessions(worse)
    assert history.add_sessions(logs(5)).new_rows == 5
