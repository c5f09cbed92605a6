"""The demo's month and its session logs: the same in every run, joined to the demo server, with all forms of lines."""

import json
from datetime import timedelta

import pandas as pd
import pytest
import record_logs
import record_month

from quota_helpers.frames import to_frame
from quota_helpers.history.opening import _demo_month as demo_history
from quota_helpers.history.opening import _demo_sessions as demo_sessions
from quota_helpers.invented import T0, truth
from quota_helpers.invented.history import PACE, demo_snapshots, write_codex_home
from quota_helpers.invented.history import month as kept_month
from quota_helpers.models.tidy import INVENTED_SESSIONS
from quota_helpers.normalize import normalize_token_count
from quota_helpers.outlook.costs import cost_changes
from quota_helpers.outlook.unexplained import unexplained
from quota_helpers.sessions import read_sessions
from quota_helpers.sources import demo


@pytest.fixture(scope="module")
def month():
    return to_frame(demo_snapshots(), reveal=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codex")
    return folder, write_codex_home(folder)


@pytest.fixture(scope="module")
def logs(home):
    return read_sessions(home[0], cache=False, workers=1, progress=lambda *_: None)


def lines_of(path):
    """The whole lines of a log as JSON."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]


def limits_of(path):
    payloads = [line["payload"] for line in lines_of(path) if line["type"] == "event_msg"]
    return [payload["rate_limits"] for payload in payloads]


def test_it_is_the_same_in_every_run():
    first = demo_snapshots()
    kept_month.cache_clear()
    assert demo_snapshots() == first


def test_the_files_are_what_the_simulation_makes(tmp_path):
    """Whoever changes the demo's people, their rhythms or the truth writes both files anew."""
    made = {name: json.loads(json.dumps(record_month.kept(name))) for name in record_month.RHYTHMS}
    assert made == kept_month()
    logs = record_logs.write_home(tmp_path / "made")
    assert [path.read_bytes() for path in logs] == [path.read_bytes() for path in write_codex_home(tmp_path / "kept")]


def test_it_covers_thirty_days_up_to_the_present(month):
    assert month["fetched_at"].min() == T0 - timedelta(days=30)
    assert month["fetched_at"].max() == T0 - PACE
    assert set(month["account"]) == set(kept_month())
    assert set(month["origin"]) == {"demo"}
    assert month["used_percent"].between(0, 100).all()


def test_it_joins_on_to_the_demo_server(month):
    """The same keys; windows whose clock goes on; a percentage that does not jump."""
    with demo() as source:
        now = to_frame(source.collect())
        keys = {account.key for account in source.accounts}
    now = now[now["account"].isin(kept_month()) & (now["limit"] == "codex")]
    last = (
        month.groupby(["account_key", "window"]).tail(1).merge(now, on=["account_key", "window"], suffixes=("", "_now"))
    )
    assert len(last) == len(now)
    assert ((last["reset_at_now"] - last["reset_at"]).abs() <= timedelta(seconds=5)).all()
    # One demo account overran its five hours: 104 %; the month before it never says more than 100.
    assert (last["used_percent_now"].clip(upper=100) - last["used_percent"]).between(0, 45).all()
    assert set(month["account_key"]) < keys


def test_the_lifted_window_stands_alone_in_the_first_slot(month):
    ada = month[month["account"] == truth.LIFTED.account]
    during = ada["fetched_at"].between(truth.LIFTED.since, truth.LIFTED.until, inclusive="left")
    assert set(zip(ada.loc[during, "window"], ada.loc[during, "slot"], strict=True)) == {("weekly", "primary")}
    assert set(ada.loc[~during, "window"]) == {"five_hour", "weekly"}


def test_the_gap_and_the_change_of_plan(month):
    kim = month[month["account"] == truth.GAP.account]["fetched_at"]
    assert not kim.between(truth.GAP.since, truth.GAP.until, inclusive="left").any()
    blue = month[month["account"] == truth.PLAN_CHANGE.account]
    before = blue["fetched_at"] < truth.PLAN_CHANGE.at
    assert set(blue.loc[before, "plan"]) == {truth.PLAN_BEFORE}
    assert set(blue.loc[~before, "plan"]) == {"team"}


def test_five_hours_never_overlap(month):
    """A started window lasts its five hours before the next one begins."""
    five = month[(month["window"] == "five_hour") & (month["state"] == "current")]
    for _, rows in five.groupby("account"):
        resets = rows["reset_at"].dt.round("min").drop_duplicates()
        steps = resets.diff().dropna()
        assert (steps >= timedelta(hours=5)).all()


def test_writing_twice_writes_the_same(home, tmp_path):
    folder, paths = home
    again = write_codex_home(tmp_path)
    assert [path.relative_to(tmp_path) for path in again] == [path.relative_to(folder) for path in paths]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_every_form_of_line_is_there(home):
    _, paths = home
    limits = [limit for path in paths for limit in limits_of(path)]
    assert None in limits
    told = [limit for limit in limits if limit]
    assert any("primary_used_percent" in limit for limit in told)
    assert any("resets_in_seconds" in (limit.get("primary") or {}) for limit in told)
    assert any("resets_at" in (limit.get("primary") or {}) for limit in told)
    assert {limit["limit_id"] for limit in told if "limit_id" in limit} == {"codex", "codex_bengalfox"}
    assert any(limit.get("primary", {}).get("window_minutes") == 10_080 for limit in told if limit.get("primary"))
    assert any("archived_sessions" in path.parts for path in paths)
    assert any("forked_from_id" in lines_of(path)[0]["payload"] for path in paths)
    torn = [path for path in paths if not path.read_bytes().endswith(b"\n")]
    assert len(torn) == 1


def test_every_line_with_limits_is_read_by_the_normalizer(home):
    _, paths = home
    for path in paths:
        for line in lines_of(path):
            limits = line["payload"].get("rate_limits") if line["type"] == "event_msg" else None
            if limits and limits.get("primary", True):
                assert normalize_token_count(line).windows, line


def test_only_new_logs_say_whose_they_are(logs, month):
    (ada,) = set(month.loc[month["account"] == "ada", "account_key"])
    tokens = logs.tokens
    old = tokens["time"] < truth.NAMED_SINCE
    assert set(tokens.loc[old, "account_key"]) == {"unattributed"}
    assert set(tokens.loc[~old, "account_key"]) == {ada}
    assert tokens["session"].str.startswith(INVENTED_SESSIONS).all()


def test_the_fork_counts_once(home, logs):
    """Its copies of the parent's turns are left out; its own turn counts."""
    _, paths = home
    (fork,) = [path for path in paths if "forked_from_id" in lines_of(path)[0]["payload"]]
    session = lines_of(fork)[0]["payload"]["id"]
    assert logs.tokens.loc[logs.tokens["session"] == session, "total"].tolist() == [24_000]


def test_the_logs_agree_with_the_month(logs, month):
    """What a session reports lies between the readings before and after it."""
    ada = month[(month["account"] == "ada") & (month["window"] == "weekly")].sort_values("fetched_at")
    week = logs.windows[(logs.windows["limit"] == "codex") & (logs.windows["window"] == "weekly")]
    times = ada["fetched_at"].to_numpy()
    after = times.searchsorted(week["fetched_at"].to_numpy()).clip(1, len(times) - 1)
    high, low = ada["used_percent"].to_numpy()[after], ada["used_percent"].to_numpy()[after - 1]
    used = week["used_percent"].to_numpy()
    assert ((used >= low) & (used <= high)).all()


def test_nothing_in_it_belongs_to_anybody(home):
    text = "".join(path.read_text("utf-8") for path in home[1])
    assert "@" not in text.replace("@example.com", "")
    assert "/home/" not in text
    assert "/root" not in text


def test_the_demo_history_holds_both():
    with demo_history() as history:
        frame, tokens = history.frame(), history.tokens()
        assert {"demo", "session"} == set(frame["origin"])
        assert len(tokens) == len(demo_sessions().tokens)
        before = len(frame)
        with demo() as source:
            added = history.add(source.collect())
        assert added.new_rows > 0
        assert len(history.frame()) == before + added.new_rows


def test_what_was_not_ada_and_what_became_dearer_is_found(month):
    """The three stretches of foreign use, within the readings around them, and the jump of the price."""
    ada, turns = month[month["account"] == "ada"], demo_sessions().tokens
    found = unexplained(ada, turns, per="intervals")
    bursts = found[(found["window"] == "five_hour") & (found["end"] < pd.Timestamp("2026-11-16", tz="UTC"))]
    for episode in truth.FOREIGN:
        inside = bursts["start"].lt(episode.until) & bursts["end"].gt(episode.since)
        assert bursts.loc[inside, "unexplained"].sum() > 20
        bursts = bursts[~inside]
    assert bursts["unexplained"].sum() < 10  # what two windows of whole percents leave open
    changes = cost_changes(ada, turns)
    (jump,) = changes[(changes["window"] == "five_hour") & (changes["model"] == "all models")].to_dict("records")
    assert jump["verdict"] == "changed"
    assert abs(jump["at"] - truth.PRICE_JUMP.at) < pd.Timedelta(hours=1)
    assert jump["low"] < 100 / truth.DEARER - 100 < jump["high"]
