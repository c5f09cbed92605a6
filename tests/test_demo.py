"""The demo's people: the shapes they show, how their numbers move in time, and their login files."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from crowd_support import crowd
from demo_support import BY_NAME, GOOD, ask, claims, headers_of, login, usage

from quota_helpers.invented import STEP, T0, DemoServer
from quota_helpers.invented.accounts import ACCOUNTS, body
from quota_helpers.invented.meters import Meter
from quota_helpers.invented.replies import as_json
from quota_helpers.models import window_state
from quota_helpers.times import FIVE_HOURS, WEEK


@pytest.fixture
def server():
    with DemoServer() as running:
        yield running


# Shapes


def sent_windows(account, now=T0):
    limit = body(account, now)["rate_limit"]
    return {
        slot.removesuffix("_window"): (window["used_percent"], window["limit_window_seconds"])
        for slot, window in limit.items()
        if isinstance(window, dict)
    }


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("ada", {"primary": (31, 18_000), "secondary": (42, 604_800)}),
        ("night-owl", {"primary": (58, 604_800)}),
        ("wren", {"primary": (79, 2_592_000)}),
        ("team-blue", {"primary": (21, 604_800), "secondary": (86, 18_000)}),
        ("kim@example.com", {"primary": (104, 18_000), "secondary": (67, 604_800)}),
        ("fresh-start", {"primary": (0, 18_000), "secondary": (0, 604_800)}),
        ("daydream", {"primary": (64, 18_000), "secondary": (35, 604_800)}),
        ("comet", {"primary": (18, 18_000), "secondary": (50, 604_800), "tertiary": (44, 32_400)}),
        ("campus", {"primary": (10, 18_000)}),
        ("patchwork", {"primary": (55, 18_000), "secondary": ("n/a", 604_800)}),
        ("atlas", {"primary": (11, 604_800)}),
    ],
)
def test_the_shapes_that_the_world_has_seen_are_all_there(name, windows):
    assert sent_windows(BY_NAME[name]) == windows


def test_shapes_beside_the_windows():
    """Legacy keys, spend control without windows, limits of models, unknown blocks, an overrun."""
    bodies = {account.name: body(account, T0) for account in GOOD}

    assert bodies["heirloom"]["rate_limits"]["five_hour"] == {"percent_left": 62, "reset_time_ms": 1794827100000}
    assert bodies["heirloom"]["rate_limits"]["weekly"].keys() == {"percentLeft", "resetTimeMs"}
    assert bodies["ledger"]["rate_limit"] is None
    cap = bodies["ledger"]["spend_control"]["individual_limit"]
    assert (cap["limit"], cap["used"], cap["used_percent"]) == ("250", "91.40", 36)
    assert datetime.fromtimestamp(cap["reset_at"], UTC) == datetime(2026, 12, 1, tzinfo=UTC)
    assert len(bodies["atlas"]["additional_rate_limits"]) == 2
    assert bodies["atlas"]["code_review_rate_limit"]["primary_window"]["used_percent"] == 4
    assert bodies["comet"]["burst_pool"]["limit_window_seconds"] == 900
    assert bodies["comet"]["plan_type"] == "nova"
    over = bodies["kim@example.com"]
    assert (over["rate_limit"]["allowed"], over["rate_limit"]["limit_reached"]) == (False, True)
    assert over["rate_limit_reached_type"] == {"type": "rate_limit_reached", "details": "default"}


def state_of(name, now):
    window = body(BY_NAME[name], now)["rate_limit"]["primary_window"]
    return window_state(
        used_percent=window["used_percent"],
        reset_at=datetime.fromtimestamp(window["reset_at"], UTC),
        window_seconds=window["limit_window_seconds"],
        fetched_at=now,
        now=now,
    )


@pytest.mark.parametrize("collects", [0, 1, 50, 2000])
def test_states_stay_what_they_are_however_long_the_demo_runs(collects):
    now = T0 + collects * STEP

    assert state_of("fresh-start", now) == "not_started"
    assert state_of("daydream", now) == "stale"
    assert state_of("ada", now) == "current"


def test_bodies_hold_invented_people_only():
    text = " ".join(json.dumps(body(account, T0)) for account in GOOD)

    assert set(re.findall(r"@([\w.]+)", text)) == {"example.com"}
    assert all(account.seat.account_id.startswith("acct-demo-") for account in ACCOUNTS)


# Header windows


def test_codex_headers_repeat_the_body(server):
    _, headers, sent = ask(server, headers_of(server, "ada"))
    limit = json.loads(sent)["rate_limit"]

    for slot, minutes in (("primary", "300"), ("secondary", "10080")):
        window = limit[f"{slot}_window"]
        assert headers[f"x-codex-{slot}-used-percent"] == str(window["used_percent"])
        assert headers[f"x-codex-{slot}-reset-at"] == str(window["reset_at"])
        assert headers[f"x-codex-{slot}-window-minutes"] == minutes
    assert headers["x-codex-credits-has-credits"] == "True"


def test_an_absent_secondary_is_sent_as_zeros(server):
    _, headers, sent = ask(server, headers_of(server, "wren"))

    assert json.loads(sent)["rate_limit"]["secondary_window"] is None
    assert headers["x-codex-secondary-used-percent"] == "0"
    assert headers["x-codex-secondary-window-minutes"] == "0"
    assert headers["x-codex-secondary-reset-at"] == ""


def test_exactly_one_account_has_headers_that_disagree_with_its_body(server):
    disagree = []
    for account in GOOD:
        _, headers, sent = ask(server, headers_of(server, account.name))
        percent = headers.get("x-codex-primary-used-percent")
        if percent and int(percent) != json.loads(sent)["rate_limit"]["primary_window"]["used_percent"]:
            disagree.append(account.name)

    assert disagree == ["atlas"]


# Time


def test_the_clock_stands_still_until_it_is_moved(server):
    assert server.clock() == T0
    assert usage(server, "ada") == usage(server, "ada")
    assert server.clock() == T0
    server.advance()
    assert server.clock() == T0 + timedelta(minutes=5)


def test_the_demo_begins_on_a_monday_morning_in_utc():
    assert T0.strftime("%A %H:%M %Z") == "Monday 09:00 UTC"


def test_two_servers_say_the_same_at_the_same_collect():
    """Bodies and headers alike, port and folder apart."""

    def transcript():
        with DemoServer() as server:
            lines = []
            for _ in range(3):
                for account in ACCOUNTS:
                    status, headers, sent = ask(server, headers_of(server, account.name))
                    lines.append((status, headers.items(), sent))
                server.advance()
            return lines

    assert transcript() == transcript()


def test_usage_grows_between_collects():
    """After half an hour most meters have moved; none of a running window went down."""
    before, after = T0, T0 + timedelta(minutes=15)
    moved = [account.name for account in GOOD if as_json(body(account, before)) != as_json(body(account, after))]
    ada = [body(BY_NAME["ada"], T0 + n * STEP)["rate_limit"]["primary_window"]["used_percent"] for n in range(6)]

    assert ada == sorted(ada)
    assert len(set(ada)) >= 5
    assert len(moved) >= 10


def test_a_five_hour_window_resets_within_the_first_hour(server):
    """Team-blue's comes back at 09:20, which is the fifth collect."""
    seen = []
    for _ in range(7):
        window = usage(server, "team-blue")["rate_limit"]["secondary_window"]
        seen.append((window["used_percent"], datetime.fromtimestamp(window["reset_at"], UTC) - T0))
        server.advance()

    reset, following = timedelta(minutes=20), timedelta(hours=5, minutes=20)
    assert seen == [
        (86, reset),
        (88, reset),
        (90, reset),
        (92, reset),
        (0, following),
        (2, following),
        (4, following),
    ]


@pytest.mark.parametrize("length", [FIVE_HOURS, WEEK])
def test_a_meter_always_says_a_reset_ahead_and_whole_percents_up_to_full(length):
    meter = Meter(length, used=50, per_hour=11, minutes=7)
    for minutes in range(0, 60 * 24 * 8, 7):
        now = T0 + timedelta(minutes=minutes)
        ahead = meter.reset_at(now) - now
        assert timedelta(0) < ahead <= timedelta(seconds=length)
        assert 0 <= meter.used_percent(now) <= 100


def test_the_spending_cap_starts_anew_with_the_month():
    december = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    cap = body(BY_NAME["ledger"], december)["spend_control"]["individual_limit"]

    assert cap["used"] == "7.20"
    assert datetime.fromtimestamp(cap["reset_at"], UTC) == datetime(2027, 1, 1, tzinfo=UTC)


# Login files


def test_every_account_has_a_login_file_of_the_official_form(server):
    files = sorted(server.account_dir.iterdir())

    assert [file.name for file in files] == sorted(f"{account.name}.auth.json" for account in ACCOUNTS)
    for account in ACCOUNTS:
        document = login(server, account.name)
        told = claims(document["tokens"]["access_token"])
        assert set(document) == {"auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"}
        assert set(document["tokens"]) == {"id_token", "access_token", "refresh_token", "account_id"}
        assert told["https://api.openai.com/auth"]["chatgpt_account_id"] == account.seat.account_id
        assert told["https://api.openai.com/profile"]["email"] == account.seat.email
        assert claims(document["tokens"]["id_token"])["email"] == account.seat.email


def test_one_login_names_its_account_in_the_claims_only(server):
    without = [account.name for account in ACCOUNTS if login(server, account.name)["tokens"]["account_id"] is None]

    assert without == ["campus"]


def test_tokens_differ_also_between_two_people_of_one_team(server):
    tokens = {login(server, account.name)["tokens"]["access_token"] for account in ACCOUNTS}
    team = [account.seat for account in ACCOUNTS if account.seat.account_id == "acct-demo-team-blue"]

    assert len(tokens) == len(ACCOUNTS)
    assert len(team) == len({who.user_id for who in team}) == 2


def test_only_the_expired_login_has_a_token_whose_time_is_over(server):
    over = [
        account.name
        for account in ACCOUNTS
        if claims(login(server, account.name)["tokens"]["access_token"])["exp"] <= T0.timestamp()
    ]

    assert over == ["expired"]


# Crowds


def test_a_crowd_is_as_large_as_asked_and_all_different_people():
    people = crowd(300)

    assert len({account.name for account in people}) == len({account.seat for account in people}) == 300
    assert len({as_json(body(account, T0)["rate_limit"]) for account in people}) > 200
