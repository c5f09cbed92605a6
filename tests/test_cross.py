"""One account both ways: what is the same, what only looks different, and what the official client cannot read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from codex_support import SOON, Backend, codex_home, gone, whole_usage
from codex_support import codex_bin as codex_bin  # noqa: PLC0414 - a fixture
from codex_support import only_loopback as _only_loopback  # noqa: F401 - an autouse fixture
from foundation_support import NOW, says

import quota_helpers as qh
from quota_helpers.errors import OfficialClientError, ServerError
from quota_helpers.invented import recorded
from quota_helpers.invented.accounts import ACCOUNTS
from quota_helpers.models import RawReply
from quota_helpers.sources.cross import (
    DIFFERS,
    EQUAL,
    NO_ANSWER,
    ONLY_CLIENT,
    ONLY_DIRECT,
    ROUNDED,
    UNDECODED,
    compare_ways,
)


def answer(payload, **fields):
    return RawReply(status=200, payload=payload, fetched_at=NOW, account="ada", **fields)


def body(used=25, seconds=18_000, reset=SOON, **more):
    window = {"used_percent": used, "limit_window_seconds": seconds, "reset_at": reset}
    return {"plan_type": "plus", "rate_limit": {"primary_window": window}} | more


def told(used=25, minutes=300, reset=SOON, **more):
    window = {"usedPercent": used, "windowDurationMins": minutes, "resetsAt": reset}
    return {"rateLimits": {"limitId": "codex", "primary": window, "planType": "plus"} | more}


def verdicts(direct, client):
    return {part.part: part.verdict for part in compare_ways(answer(direct), answer(client)).parts}


@pytest.mark.parametrize(
    ("direct", "client", "part", "verdict"),
    [
        (body(25), told(25), "used_percent", EQUAL),
        (body(25.9), told(25), "used_percent", ROUNDED),
        (body(26), told(25), "used_percent", DIFFERS),
        (body(seconds=18_000), told(minutes=300), "window_seconds", EQUAL),
        (body(seconds=18_001), told(minutes=301), "window_seconds", ROUNDED),
        (body(seconds=18_000), told(minutes=301), "window_seconds", DIFFERS),
        (body(reset=SOON), told(reset=SOON + 2), "reset_at", ROUNDED),
        (body(reset=SOON), told(reset=SOON + 3), "reset_at", DIFFERS),
    ],
)
def test_rounding_is_told_from_a_difference(direct, client, part, verdict):
    assert verdicts(direct, client)[f"codex primary {part}"] == verdict
    check = compare_ways(answer(direct), answer(client))
    assert check.agree == (verdict != DIFFERS)


def test_what_only_one_side_has_is_said_with_its_raw_value():
    direct = body(credits={"balance": "5", "has_credits": True, "unlimited": False})
    client = told() | {"rateLimitResetCredits": {"availableCount": 2, "credits": None}}
    check = compare_ways(answer(direct), answer(client, body=b"x"))
    by_part = {part.part: part for part in check.parts}
    assert by_part["credits balance"].verdict == ONLY_DIRECT
    assert by_part["credits balance"].direct == "'5' @ $.credits.balance"
    assert by_part["earned resets"].verdict == ONLY_CLIENT
    assert by_part["earned resets"].client == "2 @ $.rateLimitResetCredits.availableCount"
    assert check.agree


def test_a_difference_shows_both_raw_fields():
    (part,) = (part for part in compare_ways(answer(body(26)), answer(told(25))).parts if part.verdict == DIFFERS)
    assert part.direct == "26 @ $.rate_limit.primary_window.used_percent"
    assert part.client == "25 @ $.rateLimits.primary.usedPercent"


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (qh.errors.UnexpectedReplyError("The official client cannot decode the body: x."), UNDECODED),
        (OfficialClientError("The official client ended."), NO_ANSWER),
    ],
)
def test_a_client_without_a_reading_says_why(error, verdict):
    check = compare_ways(answer(body()), error)
    assert {part.verdict for part in check.parts} == {verdict}
    assert check.why == error.message
    assert not check.agree
    assert error.message in str(check)


def test_it_shows_itself_without_identities_and_escaped():
    direct = replace(answer(body(plan_type="<b>")), account="kim@example.com")
    shown = compare_ways(direct, answer(told()))._repr_html_()
    assert "kim@" not in shown
    assert "<b>" not in shown


# --- on the demo, recorded ---


def test_every_good_demo_account_was_recorded():
    assert recorded.names() == [account.name for account in ACCOUNTS if account.refusal is None]
    with pytest.raises(KeyError):
        recorded.both("expired")


def test_the_demos_check_is_labelled_as_recorded_whatever_its_clock_says():
    with qh.demo() as source:
        source.collect()
        source.collect()
        check = qh.cross_check("ada", source=source)
        assert check.recorded
        assert check.agree
        assert str(check).startswith("recorded, not asked now; ada: the same both ways")
        assert "recorded" in check._repr_html_()
        assert "cannot decode the body: missing field" in qh.cross_check("heirloom", source=source).why
        assert not qh.cross_check("comet", source=source).agree
        with pytest.raises(ValueError, match="no account 'nobody'"):
            qh.cross_check("nobody", source=source)


def test_a_login_that_lies_in_no_codex_home():
    with qh.demo() as source, pytest.raises(ValueError, match="is no login of a Codex home"):
        qh.cross_check(source.accounts[0])
    with pytest.raises(ValueError, match="'ada' is no login"):
        qh.cross_check("ada")


# --- with the real client ---


def test_both_ways_at_once(tmp_path, codex_bin):
    home = codex_home(tmp_path / "home")
    with Backend() as server, qh.live(codex_home=home, url=server.base) as source:
        check = qh.cross_check(source.accounts[0], codex_bin=codex_bin, url=server.base, deadline=60)
        again = qh.cross_check(source.accounts[0].name, source=source, codex_bin=codex_bin, url=server.base)
    assert check.agree
    assert again.parts == check.parts
    assert {part.verdict for part in check.parts} <= {EQUAL, ONLY_CLIENT}
    assert not check.recorded
    assert gone(home)


def test_a_body_that_only_we_can_read(tmp_path, codex_bin):
    home = codex_home(tmp_path / "home")
    with Backend(usage=says(whole_usage(25.5), 200, [("Content-Type", "application/json")])) as server:
        check = qh.cross_check(codex_home=home, codex_bin=codex_bin, url=server.base, deadline=60)
    assert "cannot decode the body: invalid type: " in check.why
    assert {part.verdict for part in check.parts} == {UNDECODED}
    assert gone(home)


def test_a_direct_request_that_fails_is_an_error(tmp_path, codex_bin):
    home = codex_home(tmp_path / "home")
    with Backend(usage=says("", 500)) as server, pytest.raises(ServerError):
        qh.cross_check(codex_home=home, codex_bin=codex_bin, url=server.base, deadline=60)
    assert gone(home)
