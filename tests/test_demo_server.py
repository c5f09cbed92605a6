"""The demo's server over real HTTP: who asks what, and what it answers."""

from __future__ import annotations

import json
import threading

import pytest
from crowd_support import crowd
from demo_support import BY_NAME, GOOD, ask, connect, headers_of, login

from quota_helpers.invented import STEP, T0, DemoServer
from quota_helpers.invented.accounts import ACCOUNTS, body
from quota_helpers.invented.replies import as_json


@pytest.fixture
def server():
    with DemoServer() as running:
        yield running


# Answers


@pytest.mark.parametrize("name", [account.name for account in GOOD])
def test_every_good_account_answers_with_its_body_of_the_instant(server, name):
    """The wire carries exactly what the pure function says, as JSON, with a cookie and a request id."""
    server.advance()
    status, headers, sent = ask(server, headers_of(server, name))

    assert status == 200
    assert json.loads(sent) == body(BY_NAME[name], T0 + STEP)
    assert headers["content-type"] == "application/json"
    assert int(headers["content-length"]) == len(sent)
    assert headers["x-request-id"].startswith("req-demo-")
    assert "__cf_bm=" in headers["set-cookie"]
    assert headers["date"] == "Mon, 16 Nov 2026 09:05:00 GMT"


@pytest.mark.parametrize(
    ("name", "status", "content_type", "part"),
    [
        ("expired", 401, "text/plain", b'"code":"token_expired"'),
        ("signed-out", 401, "application/json", b'"code":"token_invalidated"'),
        ("edge-blocked", 403, "text/html", b"Just a moment"),
        ("rate-limited", 429, "application/json", b"Too many requests"),
        ("server-down", 503, "text/html", b"503 Service Unavailable"),
    ],
)
def test_failing_accounts_fail_as_the_real_service_does(server, name, status, content_type, part):
    got, headers, sent = ask(server, headers_of(server, name))

    assert got == status
    assert headers.get_content_type() == content_type
    assert part in sent


def test_the_failures_are_all_there_is_besides_the_good():
    assert {account.name for account in ACCOUNTS} - {account.name for account in GOOD} == {
        "expired",
        "signed-out",
        "edge-blocked",
        "rate-limited",
        "server-down",
    }


def test_failures_carry_the_headers_that_tell_them_apart(server):
    _, edge, _ = ask(server, headers_of(server, "edge-blocked"))
    _, slow, _ = ask(server, headers_of(server, "rate-limited"))

    assert edge["cf-mitigated"] == "challenge"
    assert slow["retry-after"] == "3600"


@pytest.mark.parametrize("path", ["/", "/wham/usage", "/backend-api", "/backend-api/wham/usage/more", "/etc/passwd"])
def test_any_other_address_is_a_page_that_was_not_found(server, path):
    status, headers, sent = ask(server, headers_of(server, "ada"), path=path)

    assert status == 404
    assert headers.get_content_type() == "text/html"
    assert sent.startswith(b"<!DOCTYPE html>")


def test_a_query_does_not_change_the_address(server):
    assert ask(server, headers_of(server, "ada"), path="/backend-api/wham/usage?x=1")[0] == 200


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer nobody", "nobody"])
def test_without_a_known_bearer_token_it_is_401_with_json(server, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    status, got, sent = ask(server, headers)

    assert status == 401
    assert got.get_content_type() == "application/json"
    assert json.loads(sent)["detail"]


@pytest.mark.parametrize("name", ["team-blue", "kim@example.com", "ledger"])
def test_a_workspace_seat_without_the_account_header_is_told_free_and_nothing_else(server, name):
    """As the real server does: 200, plan "free", every block null."""
    headers = headers_of(server, name)
    del headers["ChatGPT-Account-Id"]
    status, _, sent = ask(server, headers)

    assert status == 200
    assert json.loads(sent) == {
        "plan_type": "free",
        "rate_limit": None,
        "code_review_rate_limit": None,
        "credits": None,
    }


def test_a_personal_login_needs_no_account_header(server):
    headers = headers_of(server, "ada")
    del headers["ChatGPT-Account-Id"]

    assert json.loads(ask(server, headers)[2])["plan_type"] == "plus"


def test_a_foreign_account_id_is_forbidden(server):
    headers = headers_of(server, "ada") | {"ChatGPT-Account-Id": "acct-demo-atlas"}
    status, _, sent = ask(server, headers)

    assert status == 403
    assert json.loads(sent)["detail"]


def test_one_connection_serves_many_requests(server):
    """HTTP/1.1 with a length: good and bad answers alike leave the connection usable."""
    connection = connect(server)
    connection.connect()
    first = connection.sock
    for name in ("ada", "edge-blocked", "server-down", "ada"):
        ask(server, headers_of(server, name), connection=connection)
        assert connection.sock is first
    connection.close()


def test_many_clients_at_once_get_their_own_answers():
    accounts = crowd(60)
    replies = {}
    with DemoServer(accounts=accounts) as server:

        def one(account):
            token = login(server, account.name)["tokens"]["access_token"]
            replies[account.name] = ask(server, {"Authorization": f"Bearer {token}"})[2]

        threads = [threading.Thread(target=one, args=(account,)) for account in accounts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert replies == {account.name: as_json(body(account, T0)) for account in accounts}
