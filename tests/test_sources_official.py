"""A source through the official client: the same readings, the same errors, and it says what it does."""

from __future__ import annotations

import json
import os
import random
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
from codex_support import SOON, Backend, codex_home, gone, program, whole_usage
from codex_support import codex_bin as codex_bin  # noqa: PLC0414 - a fixture
from codex_support import only_loopback as _only_loopback  # noqa: F401 - an autouse fixture
from foundation_support import cli, says

import quota_helpers as qh
from quota_helpers.appserver import RATE_LIMITS, _Talk, ask_client
from quota_helpers.normalize import normalize_usage

PAST = 1_700_000_000


@pytest.fixture
def home(tmp_path):
    return codex_home(tmp_path / "home")


def through(home, client, server=None, **options):
    url = None if server is None else server.base
    return qh.live(codex_home=home, via="codex", codex_bin=client, url=url, **{"deadline": 60, **options})


def test_the_same_readings_come_both_ways(home, codex_bin):
    with Backend() as server:
        with qh.live(codex_home=home, url=server.base) as direct, through(home, codex_bin, server) as official:
            (one,), (other,) = direct.collect().snapshots, official.collect().snapshots
        assert one.account_key == other.account_key
        assert one.account == other.account
        assert (one.origin, other.origin) == ("usage", "app_server")
        assert [(w.name, w.used_percent, w.reset_at) for w in one.windows] == [
            (w.name, w.used_percent, w.reset_at) for w in other.windows
        ]
    assert set(qh.to_frame(other)["origin"]) == {"app_server"}
    assert gone(home)


def test_it_says_what_the_client_may_do_before_anything_is_asked(home, codex_bin):
    with Backend() as server, through(home, codex_bin, server) as source:
        for shown in (repr(source), source._repr_html_(), source.warning):
            assert "may renew" in shown
            assert "writes its own state" in shown
        assert server.requests == []
        assert qh.live(codex_home=home).warning == ""


def test_an_expired_login_can_be_asked_through_the_client(tmp_path, codex_bin):
    """Directly its token is never sent; only the client may renew it, and is the judge of that."""
    home = codex_home(tmp_path / "home", exp=PAST)
    with Backend() as server:
        with qh.live(codex_home=home, url=server.base) as source:
            (failure,) = source.collect().failures
            assert failure.kind == "TokenExpiredError"
            assert "--via codex" in failure.hint
            assert server.requests == []
        with through(home, codex_bin, server) as source:
            assert len(source.collect().snapshots) == 1
    assert gone(home)


def test_several_homes_are_several_accounts_and_one_bad_one_hides_nobody(tmp_path, codex_bin):
    homes = [codex_home(tmp_path / name, name) for name in ("ada", "bob")]
    homes.append(codex_home(tmp_path / "nobody", login=False))
    with Backend() as server, through([*homes, tmp_path / "missing"], codex_bin, server) as source:
        assert len(source.accounts) == 3
        collection = source.collect()
    assert len(collection.snapshots) == 2
    assert len({taken.account_key for taken in collection.snapshots}) == 2
    assert sorted(failure.kind for failure in collection.failures) == ["AuthFileNotFoundError", "TokenMissingError"]
    assert gone(tmp_path)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"code": "token_invalidated"}}, "TokenRejectedError"),
        (403, {"detail": "Not allowed"}, "AccountForbiddenError"),
        (403, "<html><title>Just a moment...</title></html>", "BlockedByEdgeError"),
        (403, {"error": {"code": "unsupported_country_region_territory"}}, "BlockedByEdgeError"),
        (402, {"detail": {"code": "deactivated_workspace"}}, "WorkspaceDeactivatedError"),
        (429, {"detail": "Too many requests"}, "RateLimitedError"),
        (500, "", "ServerError"),
        (404, {"detail": "Not Found"}, "UnexpectedReplyError"),
        (200, "<html><title>Sign in</title></html>", "UnexpectedReplyError"),
        (200, whole_usage(plan_type=None), "UnexpectedReplyError"),
        (200, whole_usage(25.5), "UnexpectedReplyError"),
    ],
)
def test_its_failures_are_our_errors(home, codex_bin, status, body, kind):
    """What the server told the client is the error it would have been without the client, with its reply."""
    content_type = "text/html" if isinstance(body, str) else "application/json"
    usage = says(body, status, [("Content-Type", content_type)])
    with Backend(usage=usage) as server, through(home, codex_bin, server) as source:
        collection = source.collect()
    (failure,) = collection.failures
    assert failure.kind == kind
    assert failure.account in collection.replies
    reply = collection.replies[failure.account]
    if isinstance(body, dict):
        assert reply.payload == body
        assert status != 200 or "cannot decode the body: invalid" in failure.message
    assert gone(home)


def test_a_server_that_is_not_there(home, codex_bin):
    with Backend() as server:
        base = server
    with through(home, codex_bin, base) as source:
        (failure,) = source.collect().failures
    assert failure.exit_code in {2, 3}
    assert gone(home)


def test_a_home_without_a_login_file_is_named_by_what_the_client_says(tmp_path):
    """A login in the keyring: who it is shows when it has answered, and it is the same account as ever."""
    home = codex_home(tmp_path / "home", login=False)
    answers = {
        "initialize": {},
        "account/read": {"account": {"type": "chatgpt", "email": "ada@example.com"}, "userId": "user-ada"},
        "account/rateLimits/read": {
            "accountId": "acct-one",
            "rateLimits": {"primary": {"usedPercent": 7, "windowDurationMins": 300, "resetsAt": SOON}},
        },
    }
    code = f"""
        answers = json.loads({json.dumps(json.dumps(answers))})
        for line in sys.stdin:
            message = json.loads(line)
            if "id" in message:
                print(json.dumps({{"id": message["id"], "result": answers[message["method"]]}}), flush=True)
    """
    with through(home, program(tmp_path, textwrap.dedent(code))) as source:
        (taken,) = source.collect().snapshots
        assert taken.five_hour.used_percent == 7
        assert source.collect().snapshots[0].account_key == taken.account_key
    with qh.live(codex_home=codex_home(tmp_path / "other")) as direct:
        assert direct.accounts[0].key == taken.account_key
    assert gone(home)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"via": "codexx"}, "There is no way"),
        ({"via": "codex", "account_dir": "account"}, "give codex_home"),
        ({"codex_home": ["a", "b"]}, "go with via='codex'"),
        ({"via": "codex", "names": ["nobody"]}, "no account 'nobody'"),
    ],
)
def test_arguments_that_do_not_go_together(options, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        qh.live(**{"codex_home": codex_home(tmp_path / "home")} | options)


def test_the_command_line_says_it_first(home, codex_bin):
    with Backend() as server:
        options = ["--via", "codex", "--chatgpt-url", server.base, "--json"]
        path = os.pathsep.join([str(Path(codex_bin).parent), os.environ["PATH"]])
        done = cli(*options, cwd=home.parent, env={"CODEX_HOME": str(home), "PATH": path})
    assert done.returncode == 0, done.stderr
    assert "may renew" in done.stderr.splitlines()[0]
    assert json.loads(done.stdout)["accounts"][0]["windows"]
    assert cli("--via", "codex", "--account-dir", "x", cwd=home.parent).returncode == 64
    assert gone(home)


# --- two hundred bodies, both ways ---


def random_body(chance):
    """A body that the official client accepts: whole numbers, every required field, known words where it wants them."""

    def window():
        if chance.random() < 0.2:
            return None
        seconds = chance.choice([18_000, 604_800, 2_592_000, 86_400, 900, 18_001, 32_400])
        used = chance.choice([0, 1, 50, 99, 100, 130, chance.randrange(100)])
        reset = SOON - chance.randrange(10**8)
        return {
            "used_percent": used,
            "limit_window_seconds": seconds,
            "reset_after_seconds": chance.randrange(10**6),
            "reset_at": reset,
        }

    def limit():
        if chance.random() < 0.1:
            return None
        allowed = chance.random() < 0.8
        slots = {"primary_window": window(), "secondary_window": window()}
        return {"allowed": allowed, "limit_reached": not allowed, **slots}

    cap = {
        "source": "x",
        "limit": "250",
        "used": "91.40",
        "remaining": "158.60",
        "used_percent": 36,
        "remaining_percent": 64,
        "reset_after_seconds": 5,
        "reset_at": SOON,
    }
    body = whole_usage(
        plan_type=chance.choice(["plus", "pro", "prolite", "team", "business", "edu", "go"]), rate_limit=limit()
    )
    if chance.random() < 0.5:
        body["additional_rate_limits"] = [
            {"limit_name": f"Name {number}", "metered_feature": f"codex_{number}", "rate_limit": limit()}
            for number in range(chance.randrange(3))
        ]
    if chance.random() < 0.5:
        balance = chance.choice(["0", "48.7450000000", "0E-10"])
        body["credits"] = {"has_credits": chance.random() < 0.5, "unlimited": False, "balance": balance}
    if chance.random() < 0.4:
        body["spend_control"] = {"reached": False, "individual_limit": cap if chance.random() < 0.7 else None}
    if chance.random() < 0.3:
        words = ["rate_limit_reached", "workspace_owner_credits_depleted", "workspace_member_usage_limit_reached"]
        body["rate_limit_reached_type"] = {"type": chance.choice(words)}
    if chance.random() < 0.5:
        body["rate_limit_reset_credits"] = {"available_count": chance.randrange(4)}
    return body


def told(payload):
    """What a reading says, as far as both ways can say it."""
    taken = normalize_usage(payload, fetched_at=datetime(2026, 11, 20, tzinfo=UTC))
    windows = {
        (window.limit_id, window.slot, window.used_percent, window.reset_at, -(-(window.window_seconds or 0) // 60))
        for window in taken.windows
    }
    caps = {(cap.used, cap.limit, cap.used_percent, cap.reset_at) for cap in taken.spend_limits}
    bought = taken.credits and (taken.credits.has_credits, taken.credits.unlimited, taken.credits.balance)
    resets = taken.reset_credits and taken.reset_credits.available_count
    return {
        "windows": windows,
        "caps": caps,
        "credits": bought,
        "resets": resets,
        "reached": taken.reached_type,
        "plan": taken.plan,
    }


def test_two_hundred_bodies_say_the_same_both_ways(home, codex_bin):
    chance = random.Random(20261126)
    bodies = [random_body(chance) for _ in range(200)]
    current = [None]

    def serve(exchange):
        exchange.reply(200, current[0], [("Content-Type", "application/json")])

    # Where the client is told of earned resets one by one, it counts those; here the body's count stands alone.
    with Backend(usage=serve, **{"rate-limit-reset-credits": says({}, 404)}) as server:
        command = [codex_bin, "app-server", "-c", f"chatgpt_base_url={json.dumps(server.base)}"]
        talk = _Talk(command, home, None)
        try:
            who = {"clientInfo": {"name": "quota-helpers", "title": "tests", "version": "0"}}
            talk.send({"id": "begin", "method": "initialize", "params": who})
            talk.wait("begin", 1e12, 60)
            talk.send({"method": "initialized"})
            for number, body in enumerate(bodies):
                current[0] = body
                talk.send({"id": f"n{number}", "method": RATE_LIMITS})
                said = talk.wait(f"n{number}", 1e12, 60)
                assert said.code is None, (said.message, body)
                assert told(said.result) == told(body), (body, said.result)
        finally:
            talk.close()
    assert gone(home)


def test_the_answer_is_a_raw_body_like_any_other(home, codex_bin):
    with Backend() as server:
        answer = ask_client(home, codex_bin=codex_bin, url=server.base, deadline=60)[RATE_LIMITS].result
    table = qh.field_table(answer)
    assert "$.rateLimits.primary.usedPercent" in set(table["path"])
