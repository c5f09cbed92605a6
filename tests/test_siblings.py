"""What the backend says beside the usage: earned resets, past windows, tokens a day; all of it hides nothing."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from codex_support import Backend
from foundation_support import Desk, hangs, says, usage

import quota_helpers as qh
from quota_helpers import siblings
from quota_helpers.history.opening import _demo_sessions as demo_sessions
from quota_helpers.invented import T0, truth
from quota_helpers.invented.history import demo_snapshots
from quota_helpers.models import RawReply
from quota_helpers.siblings import (
    account_tokens,
    compare_periods,
    earned_resets,
    elsewhere,
    plan_breakdowns,
    plan_periods,
    resets_frame,
    resets_in_words,
)

RESETS, PLAN_HISTORY, PROFILE = "rate-limit-reset-credits", "usage/plan_limit_history", "profiles/me"
DAY = timedelta(days=1)


def earned(number=1, **fields):
    return {
        "id": f"r{number}",
        "status": "available",
        "granted_at": "2026-11-10T00:00:00Z",
        "expires_at": None,
    } | fields


def with_resets(count):
    return usage(rate_limit_reset_credits={"available_count": count})


@pytest.fixture
def desk(tmp_path):
    """One login; what it is answered is set by the last part of the path."""
    with Desk(tmp_path / "account") as logins, Backend() as server:
        logins.login("ada")
        yield logins, server


def live(desk, **options):
    logins, server = desk
    return qh.live(logins.folder, url=server.base, **{"deadline": 20, "retries": 0, **options})


def asked(desk):
    return sorted(request.line.split()[1].partition("/wham/")[2] for request in desk[1].requests)


# --- earned resets, with every collect ---


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"credits": [earned()], "available_count": 1}, 1),
        ([earned(1), earned(2)], 2),
        ({"credits": [earned(), None, 7, "x", {}], "available_count": 9}, 2),
        ({"credits": []}, 0),
        ({"credits": None}, 0),
        ({"credits": {"has_credits": True}}, 0),
        ({}, 0),
        ({"rateLimits": {}, "rateLimitResetCredits": {"availableCount": 1, "credits": [earned()]}}, 1),
        ({"rateLimits": {}, "rateLimitResetCredits": {"availableCount": 2, "credits": None}}, 0),
    ],
)
def test_every_form_of_the_list_is_read(body, found):
    assert len(earned_resets([body] if isinstance(body, dict) else body)) == found
    assert len(resets_frame(body)) == found


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-12-01T00:00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
        (1_796_083_200, datetime(2026, 12, 1, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        (True, None),
        ({"at": 1}, None),
    ],
)
def test_a_lapse_is_a_moment_or_unknown(value, read):
    (one,) = earned_resets({"credits": [earned(expires_at=value, expiresAt="ignored")]})
    assert one.expires_at == read
    assert one.status == "available"


def test_the_soonest_to_lapse_comes_first():
    lapses = [None, "2026-12-09T00:00:00Z", "2026-12-01T00:00:00Z"]
    found = earned_resets({"credits": [earned(number, expires_at=when) for number, when in enumerate(lapses)]})
    assert [one.id for one in found] == ["r2", "r1", "r0"]


@pytest.mark.parametrize("told", [{}, [], [[]], {"credits": 7}, [{"periods": None, "stats": []}]])
def test_an_empty_frame_keeps_its_columns(told):
    for read, columns in (
        (resets_frame, siblings.RESET_COLUMNS),
        (plan_periods, siblings.PERIOD_COLUMNS),
        (plan_breakdowns, siblings.BREAKDOWN_COLUMNS),
        (account_tokens, siblings.TOKEN_DAY_COLUMNS),
    ):
        frame = read(told)
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == columns
        assert frame.empty


@pytest.mark.parametrize(("count", "also"), [(0, []), (1, [RESETS]), (None, [])])
def test_they_are_listed_only_where_there_are_some(desk, count, also):
    body = usage() if count is None else with_resets(count)
    desk[1].answers |= {"usage": says(body), RESETS: says({"credits": [earned()]})}
    with live(desk) as source:
        collection = source.collect()
    assert asked(desk) == [*also, "usage"]
    assert list(collection.beside) == (["ada"] if also else [])
    assert resets_frame(collection)["account"].tolist() == (["ada"] if also else [])


@pytest.mark.parametrize(
    "answer", [says("", 404), says("", 500), says("<html>"), says({"detail": "x"}, 403), hangs], ids=str
)
def test_their_failure_never_hides_the_usage(desk, answer, monkeypatch):
    monkeypatch.setattr("quota_helpers.sources.ways.BESIDE_SECONDS", 0.5)
    monkeypatch.setattr("quota_helpers.sources.source.BESIDE_SECONDS", 0.5)
    desk[1].answers |= {"usage": says(with_resets(2)), RESETS: answer}
    began = time.monotonic()
    with live(desk) as source:
        collection = source.collect()
    assert collection.snapshots[0].reset_credits.available_count == 2
    assert (collection.failures, dict(collection.beside)) == ((), {})
    assert time.monotonic() - began < 5


def test_they_are_asked_while_the_other_accounts_still_wait(tmp_path):
    """A slow list of one account costs a run no more than itself."""
    go = threading.Event()

    def late(exchange):
        assert go.wait(20)
        exchange.reply(200, usage())

    def listed(exchange):
        go.set()
        exchange.reply(200, {"credits": [earned()]})

    with Desk(tmp_path) as logins:
        first = logins.login("ada")
        second = logins.login("bob", late)
        answers = {"usage": says(with_resets(1)), RESETS: listed}
        logins.knows(first, lambda exchange: answers[exchange.line.split()[1].rpartition("/")[2]](exchange))
        with qh.live(logins.folder, url=logins.base, deadline=20) as source:
            collection = source.collect()
        assert logins.asked_by(second) == 1
    assert list(collection.beside) == ["ada"]
    assert len(collection.snapshots) == 2


def test_a_list_that_echoes_a_token_or_names_somebody(desk):
    echo = {"credits": [earned(title="sent to kim@example.com")], "note": "x"}
    desk[1].answers |= {"usage": says(with_resets(1)), RESETS: says(echo)}
    with live(desk) as source:
        collection = source.collect()
        token = source.accounts[0].access_token.reveal()
    assert token not in repr(collection) + repr(collection.beside) + collection.beside["ada"].text


# --- asked when wanted ---


def test_failures_stand_in_the_order_of_the_logins_whoever_fails_first(tmp_path):
    ended = threading.Event()

    def late(exchange):
        ended.wait(10)
        exchange.reply(403, {"detail": "no"})

    def early(exchange):
        exchange.reply(403, {"detail": "no"})
        threading.Timer(0.2, ended.set).start()

    with Desk(tmp_path) as logins:
        logins.login("ada", late)
        logins.login("bob", early)
        with qh.live(logins.folder, url=logins.base, deadline=20) as source:
            assert [failure.account for failure in source.beside(PROFILE).failures] == ["ada", "bob"]


def test_only_known_endpoints_are_asked(desk):
    with live(desk) as source:
        for what in ("rate-limit-reset-credits/consume", "usage", "../x"):
            with pytest.raises(ValueError, match="There is no endpoint"):
                source.beside(what)
        with pytest.raises(ValueError, match="nobody"):
            source.beside(PROFILE, names="nobody")
    assert asked(desk) == []


def test_a_server_without_it_says_so_and_nothing_else_is_touched(desk):
    with live(desk) as source:
        collection = source.beside(PLAN_HISTORY, days=7)
    (failure,) = collection.failures
    assert (failure.kind, failure.status) == ("UnexpectedReplyError", 404)
    assert "There is nothing at" in failure.message
    assert "usage is not affected" in failure.hint
    assert asked(desk) == ["usage/plan_limit_history?days=7"]


def test_what_is_asked_beside_has_a_short_deadline_of_its_own(desk, monkeypatch):
    monkeypatch.setattr("quota_helpers.sources.ways.BESIDE_SECONDS", 0.5)
    desk[1].answers["me"] = hangs
    with live(desk) as source:
        (failure,) = source.beside(PROFILE).failures
    assert failure.kind == "FetchTimeoutError"
    assert "0.5 s" in failure.message


@pytest.mark.parametrize(
    ("base", "asked_at"),
    [
        ("", "/backend-api/wham/profiles/me"),
        ("/wham/usage", "/backend-api/wham/profiles/me"),
        ("/codex/usage", "/backend-api/wham/profiles/me"),
    ],
)
def test_the_address_is_beside_the_usage(desk, base, asked_at):
    logins, server = desk
    with qh.live(logins.folder, url=server.base + base, retries=0) as source:
        source.beside(PROFILE)
    assert server.requests[0].line == f"GET {asked_at} HTTP/1.1"


# --- the demo tells the same truth ---


@pytest.fixture(scope="module")
def demo():
    with qh.demo() as source:
        yield source.collect(), {what: source.beside(what) for what in (PLAN_HISTORY, PROFILE)}, source.clock()


def test_asking_beside_moves_no_clock(demo):
    assert demo[2] == T0


def test_the_demos_earned_resets_are_as_many_as_its_usage_says(demo):
    frame = resets_frame(demo[0])
    available = frame[frame["status"] == "available"].groupby("account").size()
    assert available.to_dict() == {"ada": 2, "wren": 1}
    told = qh.credits_frame(demo[0]).set_index("account")["resets_available"]
    assert {name: int(told[name]) for name in available.index} == available.to_dict()


def test_they_are_said_in_words(demo):
    keys = {taken.account: taken.account_key for taken in demo[0].snapshots}
    assert resets_in_words(demo[0], tz="UTC") == {
        keys["ada"]: "2 earned resets, the first lapses Tue 1 Dec",
        keys["wren"]: "1 earned reset, it lapses Sun 22 Nov",
    }
    assert resets_in_words(replace(demo[0], beside={}), tz="UTC")[keys["ada"]] == "2 earned resets"


def test_the_demos_windows_are_those_of_its_month(demo):
    """In hundredths of a percent what the readings say in whole ones; the refill that came early ends its window."""
    periods = plan_periods(demo[1][PLAN_HISTORY])
    weeks = periods[(periods["account"] == "ada") & (periods["window"] == "weekly")]
    assert truth.EARLY_REFILL_ANNOUNCED in set(weeks["ends_at"])
    last = weeks.iloc[-1]
    seen = [one for one in demo_snapshots() if one.account == "ada"][-1]
    assert seen.weekly.used_percent <= last["used_percent"] < seen.weekly.used_percent + 3
    assert not last["accounting_complete"]
    assert periods["approximate"].all()


def test_the_servers_windows_lie_beside_those_that_were_seen(demo):
    """Readings are whole percents: a cycle's peak is within one point of the server's number."""
    periods = plan_periods(demo[1][PLAN_HISTORY])
    seen = qh.cycles(qh.to_frame(demo_snapshots()))
    both = compare_periods(periods, seen)
    assert len(both) == len(periods)
    weeks = both[(both["account"] == "ada") & (both["window"] == "weekly")].dropna(subset=["difference"])
    assert len(weeks) >= 3
    assert weeks["difference"].between(-0.01, 1).all()
    assert "early, clock restarted" in set(weeks["seen_end"])
    assert compare_periods(periods, seen.iloc[:0])["peak_used"].isna().all()


def test_what_is_null_stays_unknown(demo):
    periods = plan_periods(demo[1][PLAN_HISTORY])
    unknown = periods[periods["starts_at"] < periods["coverage_start"]]
    assert len(unknown)
    assert unknown["used_percent"].isna().all()
    known = plan_breakdowns(demo[1][PLAN_HISTORY])
    assert set(known["dimension"]) == {"model", "surface", "thread_source"}
    assert not set(known["id"]) & set(unknown["id"])


def test_the_whole_account_uses_more_than_this_machine(demo):
    tokens = account_tokens(demo[1][PROFILE])
    ada = tokens[tokens["account"] == "ada"]
    here = demo_sessions().tokens
    both = elsewhere(ada, here)
    named = both[(both["day"] >= pd.Timestamp(truth.NAMED_SINCE).tz_localize(None)) & (both["tokens"] > 0)][:-1]
    share = (named["elsewhere"] / named["tokens"]).set_axis(named["day"].dt.date)
    others = share.index.isin([episode.since.date() for episode in truth.FOREIGN])
    assert (share[others] > 0.2).all()
    assert (share[~others].abs() < 0.1).all()
    assert elsewhere(ada, here.iloc[:0])["here"].eq(0).all()


def test_bodies_of_all_of_them_are_known_to_the_inspector(demo):
    """Nothing that the demo sends is a field nobody knows."""
    replies = [*demo[0].beside.values(), *(one.replies["ada"] for one in demo[1].values())]
    for reply in replies:
        assert isinstance(reply, RawReply)
        table = qh.field_table(reply)
        assert set(table["status"]) <= {"known but unused"}, table[["path", "status"]]
