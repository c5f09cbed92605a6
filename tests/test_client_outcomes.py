"""What each answer becomes, and which are asked for again, over real HTTP."""

from __future__ import annotations

import inspect
import json
import math
import re
import socket
from datetime import timedelta
from email.utils import format_datetime

import pytest
from client_support import (
    NOW,
    USAGE,
    LoopbackServer,
    account,
    always,
    fetch,
    make_client,
)
from client_support import plain_environment as _plain_environment  # noqa: F401 - an autouse fixture

from quota_helpers import client as client_package
from quota_helpers import errors
from quota_helpers.client.outcomes import read_envelope, read_pause
from quota_helpers.errors import (
    AccountForbiddenError,
    BlockedByEdgeError,
    FetchError,
    RateLimitedError,
    ServerError,
    TokenRejectedError,
    UnexpectedReplyError,
    UnreachableError,
)


def table_rows():
    """The rows of the table in the package's docstring: status, body, outcome, exit code."""
    ruler, *lines = re.findall(r"^(?:=+ +){3}=+$|^\d{3} .*$", inspect.getdoc(client_package) or "", re.MULTILINE)
    columns = [(match.start(), match.end()) for match in re.finditer(r"=+", ruler)]
    for line in lines:
        if not line.startswith("="):
            status, body, outcome, code = (line[start:end].strip() for start, end in columns)
            yield pytest.param(
                int(status), "" if body == "(empty)" else body, outcome, int(code), id=f"{status}-{body[:50]}"
            )


def test_the_table_is_there():
    assert len(list(table_rows())) > 30


@pytest.mark.parametrize(("status", "body", "outcome", "exit_code"), list(table_rows()))
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/html"])
def test_each_answer_becomes_what_the_documented_table_says(status, body, outcome, exit_code, content_type):
    """The very table in the docstring, sent by a real server, under any content type."""
    headers = [("Content-Type", content_type), ("Location", "https://elsewhere.example.com/x?token=abc")]
    result, _ = fetch(always(status, body, headers), retries=0)
    assert type(result).__name__ == outcome
    if isinstance(result, FetchError):
        assert result.status == result.reply.status == status
        assert result.exit_code == exit_code
        assert result.account == result.reply.account == "work"
        assert result.hint
        assert result.reply.text == ("" if status in {204, 304} else body)
        assert "\n" not in str(result)
    else:
        assert (exit_code, result.payload) == (0, json.loads(body))


def test_every_error_of_the_wire_that_has_a_status_stands_in_the_table():
    named = {row.values[2] for row in table_rows()}
    without_answer = {
        "FetchError",
        "UnreachableError",
        "FetchTimeoutError",
        "InsecureUrlError",
        "OfficialClientError",
    }
    ours = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, FetchError)}
    assert named - {"RawReply"} == ours - without_answer


def test_an_expired_token_is_renewed_by_using_codex_and_a_dead_one_by_a_login():
    expired, _ = fetch(always(401, {"error": {"code": "token_expired"}}))
    revoked, _ = fetch(always(401, {"error": {"code": "token_revoked"}}))
    assert "Use Codex once" in expired.hint
    assert revoked.hint == TokenRejectedError.default_hint


def test_a_refused_place_is_the_networks_and_not_the_logins():
    """Neither a login nor the workspace's owner helps: another way out does."""
    code = "unsupported_country_region_territory"
    body = {"error": {"code": code, "message": "Country, region, or territory not supported", "type": "forbidden"}}
    error, _ = fetch(always(403, body))
    assert type(error) is BlockedByEdgeError
    assert code in error.message
    assert "another network" in error.hint
    assert "login may be fine" in error.hint
    other, _ = fetch(always(403, {"error": {"code": code + "s"}}))
    assert type(other) is AccountForbiddenError


@pytest.mark.parametrize("status", [400, 418, 432, 499, 600])
def test_a_strange_status_does_not_send_anybody_after_the_address(status):
    error, _ = fetch(always(status, {"detail": "no"}))
    assert type(error) is UnexpectedReplyError
    assert "--chatgpt-url" not in str(error)
    assert "--raw-json" in error.hint


def test_the_edge_is_known_by_its_header_even_with_json():
    error, _ = fetch(always(403, {"detail": "x"}, [("cf-mitigated", "challenge")]))
    assert type(error) is BlockedByEdgeError


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://login.example.com/path?code=hunter2", "(to login.example.com)"),
        ("https://me:hunter2@login.example.com/", "(to login.example.com)"),
        ("//login.example.com/hunter2", "(to login.example.com)"),
        ("/hunter2", "another place on 127.0.0.1"),
        ("http://[hunter2", "another place on 127.0.0.1"),
        ("", "elsewhere;"),
    ],
)
def test_a_redirect_is_refused_and_only_its_host_is_told(location, named):
    error, seen = fetch(always(302, "", [("Location", location)]))
    assert type(error) is UnexpectedReplyError
    assert named in error.message
    assert "302" in error.message
    assert "hunter2" not in str(error)
    assert len(seen) == 1


def test_a_redirect_to_this_machine_is_not_followed_either():
    with LoopbackServer(always(body=USAGE)) as target:
        error, _ = fetch(always(307, "", [("Location", target.base)]))
        assert type(error) is UnexpectedReplyError
        assert target.requests == []


@pytest.mark.parametrize(
    ("payload", "codes", "text"),
    [
        ({"error": {"code": "a_b", "type": "c_d", "message": "Words."}}, ("a_b", "c_d"), "Words."),
        ({"error": "a_b"}, ("a_b",), ""),
        ({"error": "Some words"}, (), "Some words"),
        ({"detail": "Some words"}, (), "Some words"),
        ({"detail": {"code": "a_b", "message": "m"}}, ("a_b",), "m"),
        ({"detail": {"type": "a_b"}}, ("a_b",), ""),
        ({"detail": [{"type": "a_b", "msg": "m"}, 3, None]}, ("a_b",), "m"),
        ({"code": "a_b"}, ("a_b",), ""),
        ({"code": "not a code \x1b[2J"}, (), ""),
        ({"code": "c" * 64}, ("c" * 64,), ""),
        ({"code": "c" * 65}, (), ""),
        ({"error": {"code": 7, "message": ["x"]}, "detail": 1.5}, (), ""),
        ([{"code": "a_b"}], (), ""),
        (None, (), ""),
    ],
)
def test_every_envelope_is_opened(payload, codes, text):
    said = read_envelope(payload)
    assert (said.codes, said.text) == (codes, text)


def test_the_servers_words_come_as_one_harmless_line():
    words = "\x1b[2JSorry\r\n  john.doe@example.com,\u202e your key sk-abcdefghijklmnopqrstuvwxyz is bad " + "x" * 500
    error, _ = fetch(always(400, {"detail": words}))
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)
    assert "\n" not in str(error)
    assert "john.doe" not in str(error)
    assert "sk-abc" not in str(error)
    assert "Sorry jo...@example.com" in error.message
    assert len(error.message) < 300


def test_of_an_html_page_only_the_title_is_told():
    error, _ = fetch(always(502, "<html><head><title>Bad\n gateway</title></head><body>long text</body>"), retries=0)
    assert error.message.endswith("(HTTP 502): Bad gateway.")


@pytest.mark.parametrize("status", [401, 403])
def test_bodies_of_a_refused_login_stay_out_of_the_message(status):
    error, _ = fetch(always(status, {"error": {"code": "some_code", "message": "private words"}}))
    assert "private words" not in str(error)
    assert "some_code" in error.message


def test_a_spent_quota_is_reported_at_once_with_its_reset():
    body = {"error": {"type": "usage_limit_reached", "message": "Limit reached.", "resets_at": 1790000000}}
    error, seen = fetch(always(429, body))
    assert type(error) is RateLimitedError
    assert "Limit reached" in error.message
    assert "2026-09-21 14:13:20 UTC" in error.message
    assert len(seen) == 1


@pytest.mark.parametrize("resets_at", [1e300, -1e300, True, "soon", None, [1]])
def test_a_spent_quota_with_a_strange_reset_is_reported_all_the_same(resets_at):
    error, _ = fetch(always(429, {"error": {"type": "usage_limit_reached", "resets_at": resets_at}}))
    assert type(error) is RateLimitedError
    assert "resets at" not in error.message


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529, 599])
def test_a_passing_trouble_is_asked_again(status):
    reply, seen = fetch(lambda exchange: exchange.reply(*((status, "") if exchange.number < 2 else (200, USAGE))))
    assert reply.payload == USAGE
    assert len(seen) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 418, 432, 499, 600])
def test_a_clear_answer_is_not_asked_again(status):
    _, seen = fetch(always(status, {"detail": "no"}))
    assert len(seen) == 1


@pytest.mark.parametrize(("retries", "asked"), [(0, 1), (1, 2), (2, 3)])
def test_it_asks_again_as_often_as_it_was_told(retries, asked):
    error, seen = fetch(always(503), retries=retries)
    assert type(error) is ServerError
    assert len(seen) == asked


def test_a_connection_that_breaks_off_is_tried_again():
    def handler(exchange):
        if exchange.number == 0:
            exchange.conn.close()
        elif exchange.number == 1:
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            exchange.conn.close()
        else:
            exchange.reply(body=USAGE)

    reply, seen = fetch(handler)
    assert reply.payload == USAGE
    assert len(seen) == 3


def test_a_refused_connection_is_unreachable():
    with LoopbackServer(always()) as server:
        base = server.base
    with make_client(base) as client, pytest.raises(UnreachableError, match="refused") as caught:
        client.fetch(account())
    assert caught.value.reply is None
    assert caught.value.status is None


def test_a_host_that_does_not_exist_is_unreachable(monkeypatch):
    """The resolver's answer is put in its mouth: no test asks another machine, not even for a name."""

    def no_such_name(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with make_client("https://no-such-host.invalid") as client, pytest.raises(UnreachableError, match="not found"):
        client.fetch(account())


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3600", 3600.0),
        ("40", 40.0),
        ("-1", None),
        ("nan", None),
        ("1e3", None),
        ("inf", None),
        ("", None),
        ("soon", None),
        ("9" * 5000, None),
        ("99999999999", None),
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), 3600.0),
        ("Fri, 99 Foo 2026 12:00:00 GMT", None),
        ("Fri, 01 Jan 9999 00:00:00 GMT", None),
    ],
)
def test_a_wait_that_is_too_long_or_makes_no_sense_is_reported_at_once(status, value, seconds):
    error, seen = fetch(always(status, "", [("Retry-After", value)]))
    assert len(seen) == 1
    if status == 429:
        assert type(error) is RateLimitedError
        assert error.retry_after_seconds == seconds
    else:
        assert type(error) is ServerError


@pytest.mark.parametrize("value", ["0", "1", format_datetime(NOW - timedelta(hours=1), usegmt=True)])
def test_a_wait_that_fits_is_waited(value):
    def handler(exchange):
        exchange.reply(*((429, "", [("Retry-After", value)]) if exchange.number == 0 else (200, USAGE)))

    reply, seen = fetch(handler)
    assert reply.payload == USAGE
    assert len(seen) == 2
    assert reply.elapsed >= (1.0 if value == "1" else 0.0)


@pytest.mark.parametrize(("ahead", "seconds"), [(-3600, 0.0), (-1, 0.0), (0, 0.0), (1, 1.0)])
def test_a_date_in_the_past_means_no_wait(ahead, seconds):
    until = format_datetime(NOW + timedelta(seconds=ahead), usegmt=True)
    assert read_pause(until, now=NOW) == seconds


def test_a_wait_of_more_than_a_year_makes_no_sense():
    year = 366 * 86_400
    assert read_pause(str(year), now=NOW) == year
    assert read_pause(str(year + 1), now=NOW) == math.inf
    assert read_pause("0" * 8 + "7", now=NOW) == 7
    assert read_pause("0" * 9 + "7", now=NOW) == math.inf


def test_a_date_that_is_far_too_long_is_not_parsed():
    until = format_datetime(NOW + timedelta(seconds=9), usegmt=True)
    assert read_pause(f"{until} ({'x' * (97 - len(until))})", now=NOW) == 9
    assert read_pause(f"{until} ({'x' * (98 - len(until))})", now=NOW) == math.inf


@pytest.mark.parametrize("values", [("1", "1"), ("0", "30")])
def test_two_waits_at_once_make_no_sense(values):
    """A header that is sent twice is one of both values, and that is neither a number nor a date."""
    error, seen = fetch(always(429, "", [("Retry-After", value) for value in values]))
    assert len(seen) == 1
    assert error.retry_after_seconds is None
    assert "could not be read" in error.message


def test_a_date_is_read_against_the_servers_own_clock():
    """The server's clock is an hour ahead of ours: its date means ten seconds, not an hour and ten seconds."""
    date = format_datetime(NOW + timedelta(hours=1), usegmt=True)
    until = format_datetime(NOW + timedelta(hours=1, seconds=10), usegmt=True)
    assert read_pause(until, now=NOW, date=date) == 10
    assert read_pause(until, now=NOW, date="nonsense") == 3610
    assert read_pause(None, now=NOW) is None
