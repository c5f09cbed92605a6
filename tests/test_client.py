"""The client against real loopback servers: where it asks, and what it sends."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from client_support import (
    NOW,
    TOKEN,
    USAGE,
    ConnectProxy,
    LoopbackServer,
    account,
    always,
    everything_in,
    fetch,
    make_client,
)
from client_support import plain_environment as _plain_environment  # noqa: F401 - an autouse fixture

from quota_helpers.client import UsageClient, usage_url
from quota_helpers.client.address import is_loopback
from quota_helpers.errors import (
    AccountIdMissingError,
    InsecureUrlError,
    TokenMissingError,
    UnreachableError,
)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://chatgpt.com/backend-api", "https://chatgpt.com/backend-api/wham/usage"),
        ("https://chatgpt.com/backend-api/", "https://chatgpt.com/backend-api/wham/usage"),
        ("https://chatgpt.com", "https://chatgpt.com/backend-api/wham/usage"),
        (" https://ChatGPT.com/ ", "https://chatgpt.com/backend-api/wham/usage"),
        ("https://chat.openai.com//", "https://chat.openai.com/backend-api/wham/usage"),
        ("https://chatgpt.com.example.com", "https://chatgpt.com.example.com/api/codex/usage"),
        ("http://127.0.0.1:8080/backend-api", "http://127.0.0.1:8080/backend-api/wham/usage"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/codex/usage"),
        ("http://[::1]:80/x/", "http://[::1]:80/x/api/codex/usage"),
        ("https://chatgpt.com/backend-api/wham/usage", "https://chatgpt.com/backend-api/wham/usage"),
        ("https://chatgpt.com/backend-api/codex/usage/", "https://chatgpt.com/backend-api/codex/usage"),
        ("http://localhost:1/api/codex/usage", "http://localhost:1/api/codex/usage"),
    ],
)
def test_the_address_is_formed_as_the_official_client_forms_it(base, url):
    assert usage_url(base) == url


@pytest.mark.parametrize(
    ("base", "kind"),
    [
        ("https://me:hunter2@chatgpt.com/backend-api", InsecureUrlError),
        ("https://hunter2@chatgpt.com", InsecureUrlError),
        ("http://127.0.0.1\\@example.com/hunter2", UnreachableError),
        ("https://example.com/?key=hunter2", UnreachableError),
        ("https://example.com/#hunter2", UnreachableError),
        ("https://example.com/?", UnreachableError),
        ("ftp://example.com/hunter2", UnreachableError),
        ("file:///hunter2", UnreachableError),
        ("chatgpt.com/hunter2", UnreachableError),
        ("https://", UnreachableError),
        ("", UnreachableError),
        ("https:///hunter2", UnreachableError),
        ("https://example.com:hunter2/", UnreachableError),
        ("https://example.com:99999/", UnreachableError),
        ("https://example.com:0/", UnreachableError),
        ("https://example.com:/", UnreachableError),
        ("http://[::1/hunter2", UnreachableError),
        ("https://exa mple.com/", UnreachableError),
        ("https://example.com/\r\nHost: hunter2", UnreachableError),
        ("https://exa%6dple.com/", UnreachableError),
        ("https://" + "a" * 300 + ".example.com/", UnreachableError),
    ],
)
def test_an_address_that_cannot_be_used_is_a_clear_error_that_does_not_repeat_it(base, kind):
    with make_client(base, retries=0) as client, pytest.raises(kind) as caught:
        client.fetch(account())
    assert type(caught.value) is kind
    assert "hunter2" not in everything_in(caught.value)
    assert caught.value.account == "work"
    assert caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_these_hosts_are_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "127.1", "localhost.example.com", "::ffff:10.0.0.1", "10.0.0.1", "::"])
def test_these_hosts_are_not_this_machine_for_sure(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["quota.example.com", "0.0.0.0", "10.0.0.1"])
def test_plain_http_to_another_machine_sends_nothing(host, monkeypatch):
    with ConnectProxy(refuse=500) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        with (
            make_client(f"http://{host}:{proxy.port}/backend-api") as client,
            pytest.raises(InsecureUrlError) as caught,
        ):
            client.fetch(account())
        assert proxy.requests == []
    assert host in caught.value.message


def test_the_request_carries_the_headers_of_the_official_client():
    reply, seen = fetch(always(body=USAGE), who=account(account_id="acct-1"))
    assert reply.payload == USAGE
    assert seen[0].line == "GET /backend-api/wham/usage HTTP/1.1"
    sent = seen[0].headers
    assert sent["authorization"] == f"Bearer {TOKEN}"
    assert sent["chatgpt-account-id"] == "acct-1"
    assert sent["accept"] == "application/json"
    assert sent["origin"] == "https://chatgpt.com"
    assert sent["referer"] == "https://chatgpt.com/"
    assert sent["user-agent"] == "Mozilla/5.0"
    assert "x-openai-fedramp" not in sent
    assert "cookie" not in sent


def test_a_fedramp_login_and_another_user_agent_are_told():
    _, seen = fetch(always(body=USAGE), who=account(fedramp=True), user_agent="codex_cli_rs/0.169.0 (test)")
    assert seen[0].headers["x-openai-fedramp"] == "true"
    assert seen[0].headers["user-agent"] == "codex_cli_rs/0.169.0 (test)"


def test_the_reply_says_who_asked_what_and_when():
    who = account()
    with LoopbackServer(always(body=USAGE, headers=[("X-Odd", "1"), ("X-Odd", "2")])) as server:
        with make_client(server) as client:
            reply = client.fetch(who)
        assert reply.url == f"http://127.0.0.1:{server.port}/backend-api/wham/usage"
    assert (reply.status, reply.account, reply.account_key, reply.fetched_at) == (200, "work", who.key, NOW)
    assert json.loads(reply.body) == USAGE
    assert reply.elapsed > 0
    assert [pair for pair in reply.headers.pairs() if pair[0] == "X-Odd"] == [("X-Odd", "1"), ("X-Odd", "2")]
    assert reply.headers["x-odd"] == "1, 2"
    assert reply.notes == ()


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        (account(token=""), TokenMissingError),
        (account(token="two words"), TokenMissingError),
        (account(token="line\nbreak"), TokenMissingError),
        (account(token="caf\u00e9-t\u0151ken"), TokenMissingError),
        (account(account_id=None), AccountIdMissingError),
        (account(account_id=""), AccountIdMissingError),
        (account(account_id="acct-1\r\nX: y"), AccountIdMissingError),
    ],
)
def test_a_login_that_cannot_be_sent_is_not_sent(who, kind):
    error, seen = fetch(always(body=USAGE), who=who)
    assert type(error) is kind
    assert error.account == "work"
    assert seen == []


def test_a_netrc_file_never_overrides_the_token(tmp_path, monkeypatch):
    """requests would put a netrc entry's password in the token's place."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password something\nmachine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    _, seen = fetch(always(body=USAGE))
    assert seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_cookies_are_kept_neither_for_the_next_request_nor_for_the_next_account():
    def handler(exchange):
        exchange.reply(503 if exchange.number == 0 else 200, USAGE, [("Set-Cookie", "session=secret-cookie; Path=/")])

    with LoopbackServer(handler) as server, make_client(server) as client:
        first, second = client.fetch(account("one")), client.fetch(account("two"))
        assert len(server.requests) == 3
        assert all("cookie" not in request.headers for request in server.requests)
    assert first.headers["set-cookie"] == second.headers["Set-Cookie"] == "session=***"


def test_forty_accounts_at_once_keep_their_own_tokens():
    """All forty are in flight at the same time, and each answer goes to the one who asked."""
    together = threading.Barrier(40, timeout=30)

    def handler(exchange):
        together.wait()
        exchange.reply(body={"who": exchange.headers["chatgpt-account-id"]})

    accounts = [account(f"n{number}", token=f"token-of-n{number}-end") for number in range(40)]
    with LoopbackServer(handler) as server, make_client(server, max_workers=40) as client:
        with ThreadPoolExecutor(client.max_workers) as pool:
            replies = list(pool.map(client.fetch, accounts))
        pairs = {(seen.headers["chatgpt-account-id"], seen.headers["authorization"]) for seen in server.requests}
    assert pairs == {(f"acct-n{number}", f"Bearer token-of-n{number}-end") for number in range(40)}
    assert [reply.payload["who"] for reply in replies] == [f"acct-n{number}" for number in range(40)]
    assert [reply.account for reply in replies] == [one.name for one in accounts]


def test_a_late_byte_of_one_answer_never_becomes_part_of_another():
    """The server answers the first request twice on the same connection."""

    def handler(exchange):
        exchange.reply(body={"who": exchange.headers["chatgpt-account-id"]})
        exchange.reply(body={"who": "somebody else"})

    with LoopbackServer(handler) as server, make_client(server) as client:
        assert client.fetch(account("one")).payload == {"who": "acct-one"}
        assert client.fetch(account("two")).payload == {"who": "acct-two"}


@pytest.mark.parametrize(
    "options",
    [
        {"deadline": 0},
        {"deadline": float("nan")},
        {"connect_timeout": -1},
        {"max_workers": 0},
        {"retries": -1},
        {"backoff": float("inf")},
        {"user_agent": "x\r\ny"},
        {"user_agent": ""},
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        UsageClient(**options)


def test_the_import_brings_requests_and_nothing_heavy():
    code = """
        import sys
        import quota_helpers.client
        heavy = {"pandas", "numpy", "plotly", "ipywidgets", "IPython", "anywidget", "tqdm", "jwt"}
        print(sorted(heavy & set(sys.modules)), "requests" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[] True"


def test_a_waiting_fetch_does_not_keep_the_process_alive():
    """The main thread ends while a daemon thread still waits for a silent server."""
    code = """
        import sys, threading
        from client_support import LoopbackServer, account
        from quota_helpers.client import UsageClient
        server = LoopbackServer(lambda exchange: exchange.server.closing.wait(60))
        client = UsageClient(server.base, deadline=50)
        threading.Thread(target=client.fetch, args=(account(),), daemon=True).start()
        assert server.asked.wait(20)
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
        timeout=40,
        cwd=Path(__file__).parent,
    )
    assert done.stdout.strip() == "done"
