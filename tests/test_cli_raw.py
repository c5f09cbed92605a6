"""The command line's other outputs: raw bodies, headers, one JSON document, and what stands on standard error."""

from __future__ import annotations

import json

import pytest
from auth_support import claims, jwt
from foundation_support import Desk, ask, cli, says, usage

import quota_helpers as qh

HTML = "<html><title>Bad gateway</title>\n<body>\n  <p>no</p></body></html>"


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "account") as desk:
        yield desk


# --- raw bodies ---


def test_the_body_of_one_account_is_json_as_it_came(desk):
    body = usage(99, 1, promo={"text": "naïve ☃"})
    desk.login("ada", body)
    done = ask(desk, "--raw-json")
    assert (done.stdout, done.stderr) == (f"{json.dumps(body, indent=2, ensure_ascii=False)}\n", "")
    desk.login("bob")
    assert ask(desk, "--raw-json", "ada").stdout == done.stdout


def test_bodies_of_several_are_one_object_a_line_in_path_order(desk):
    """Each with its account, also when one of them failed; they can be read back with that."""
    first, second = usage(99, 1, promo="a\nb"), usage(1, 1)
    desk.login("a-spent", first)
    desk.login("b-fresh", second)
    desk.write("c-torn", "{")
    done = ask(desk, "--raw-json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["account"], line["status"], line["payload"]) for line in lines] == [
        ("a-spent", 200, first),
        ("b-fresh", 200, second),
    ]
    bodies = qh.read_bodies(done.stdout)
    assert [(body.account, body.payload) for body in bodies] == [("a-spent", first), ("b-fresh", second)]
    assert all(body.fetched_at is not None for body in bodies)
    assert done.returncode == 1


def test_what_json_does_not_have_is_null(desk):
    """Python writes NaN and infinity, which no other reader takes, and fails on integers of 5,000 digits."""
    desk.login("ada", says(b'{"plan_type": "plus", "a": NaN, "b": 1e400, "c": ' + b"9" * 5_000 + b"}"))
    body = json.loads(ask(desk, "--raw-json").stdout, parse_constant=pytest.fail)
    assert body == {"plan_type": "plus", "a": None, "b": None, "c": None}


def test_raw_bodies_hold_no_token(desk):
    stranger = jwt(claims(user="stranger")).rstrip("=")
    token = desk.login("ada")
    desk.knows(token, usage(echo=token, other=stranger, refresh_token="short", nested=[{"x": f"Bearer {token}"}]))
    done = ask(desk, "--raw-json")
    assert token not in done.stdout
    assert stranger not in done.stdout
    body = json.loads(done.stdout)
    assert (body["refresh_token"], body["plan_type"]) == ("***", "plus")


def test_raw_bodies_cannot_steer_the_terminal(desk):
    """JSON escapes the first 32 control characters by itself; the second set, which begins at 0x80, it does not."""
    desk.login("ada", usage(promo="a\x9b2Jb\x1b[2J\x7fc"))
    done = ask(desk, "--raw-json")
    assert not {"\x9b", "\x1b", "\x7f"} & set(done.stdout)
    assert json.loads(done.stdout)["promo"] == "a\x9b2Jb\x1b[2J\x7fc"


def test_bodies_of_errors_are_shown_on_request_whatever_their_status(desk):
    desk.login("a401", says({"error": {"code": "token_revoked", "hint": "secret-ish"}}, 401))
    desk.login("b403", says({"detail": "who@example.com may not"}, 403))
    desk.login("c404", says({"detail": "Not Found"}, 404))
    desk.login("d200", says([1, 2]))
    raw = ask(desk, "--raw-json")
    shown = {line["account"]: (line["status"], line["payload"]) for line in map(json.loads, raw.stdout.splitlines())}
    assert shown["a401"] == (401, {"error": {"code": "token_revoked", "hint": "secret-ish"}})
    assert shown["b403"] == (403, {"detail": "who@example.com may not"})
    assert shown["c404"] == (404, {"detail": "Not Found"})
    assert shown["d200"] == (200, [1, 2])
    assert raw.returncode == 3
    assert len(raw.stderr.splitlines()) == 4
    plain = ask(desk)
    assert "secret-ish" not in plain.stderr
    assert "who@example.com" not in plain.stderr
    assert plain.stderr.count("Not Found") == 1  # the server's words, once


def test_text_that_is_no_json_goes_to_standard_error(desk):
    desk.login("ada", says(HTML))
    desk.login("bob")
    done = ask(desk, "--raw-json")
    assert json.loads(done.stdout)["account"] == "bob"
    assert "<p>" not in done.stdout
    line = done.stderr.splitlines()[0]
    assert line.startswith("ada: ")
    assert r"Bad gateway</title>\n<body>" in line
    assert done.returncode == 3


def test_bodies_of_other_errors_are_shortened_to_one_line(desk):
    desk.login("ada", says("x\n" + "tired " * 500, 418))
    desk.login("bob", says(HTML, 418))
    done = ask(desk)
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all(len(line) < 700 for line in lines)
    assert "tired tired" in lines[0]
    assert "Bad gateway" in lines[1]


def test_bodies_of_other_errors_name_nobody(desk):
    desk.login("ada", says({"detail": "down for somebody.else@example.com"}, 418))
    line = ask(desk).stderr
    assert "so...@example.com" in line
    assert "somebody" not in line


def test_a_deep_body_is_printed(desk):
    deep: object = 1
    for _ in range(490):
        deep = [deep]
    desk.login("ada", usage(deep=deep))
    done = ask(desk, "--raw-json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["deep"] == deep


# --- headers ---


def test_headers_are_shown_also_for_errors_and_without_cookies(desk):
    cookie = ("Set-Cookie", "__cf_bm=SENTINEL-cookie; path=/; HttpOnly")
    desk.login("ada", says(usage(), 200, [cookie, ("X-Request-Id", "req-1"), ("X-Odd", "caf\xe9\x9b")]))
    token = desk.login("bob")
    desk.knows(token, says({"detail": "no"}, 403, [("X-Echo", token), cookie]))
    desk.login("cleo", says("busy", 429, [("Retry-After", "3600")]))
    done = ask(desk, "--raw-headers")
    assert done.stdout.index("=== ada ===") < done.stdout.index("=== bob ===") < done.stdout.index("=== cleo ===")
    for line in ("HTTP 200", "X-Request-Id: req-1", "HTTP 403", "HTTP 429", "Retry-After: 3600", "X-Echo: ***"):
        assert line in done.stdout.splitlines()
    assert "Set-Cookie: __cf_bm=***" in done.stdout
    assert "SENTINEL" not in done.stdout
    assert token not in done.stdout
    assert "\x9b" not in done.stdout
    assert "five_hour%" not in done.stdout
    assert '"rate_limit"' not in done.stdout
    assert done.returncode == 3


def test_headers_and_bodies_together(desk):
    desk.login("ada")
    lines = ask(desk, "--raw-headers", "--raw-json").stdout.splitlines()
    assert lines[:2] == ["=== ada ===", "HTTP 200"]
    assert json.loads("\n".join(lines[lines.index("{") :])) == usage()


# --- the document ---


def test_one_document_with_readings_and_failures(desk):
    desk.login("ada", usage(25, 50))
    desk.login("bob", says({"error": {"code": "token_expired"}}, 401))
    desk.write("cleo", "{")
    done = ask(desk, "--json")
    document = json.loads(done.stdout)
    assert list(document) == ["fetched_at", "demo", "accounts", "failures"]
    assert document["demo"] is False
    assert document["fetched_at"].endswith("Z")
    account = document["accounts"][0]
    assert list(account) == [
        *("account", "account_key", "plan", "allowed", "limit_reached", "reached_type", "blocked", "windows"),
        *("credits", "spend_limits", "reset_credits", "notes"),
    ]
    assert account["windows"][0] == {
        "limit": "codex",
        "limit_name": None,
        "window": "five_hour",
        "slot": "primary",
        "used_percent": 25,
        "remaining_percent": 75,
        "reset_at": "2098-01-02T03:04:05Z",
        "window_seconds": 18_000,
        "state": "current",
        "name_inferred": False,
    }
    assert [list(failure) for failure in document["failures"]] == [
        ["account", "error", "status", "message", "hint"]
    ] * 2
    assert [(failure["account"], failure["error"], failure["status"]) for failure in document["failures"]] == [
        ("cleo", "AuthFileInvalidError", None),
        ("bob", "TokenRejectedError", 401),
    ]
    assert all(failure["message"] and failure["hint"] for failure in document["failures"])
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 2


def test_the_document_is_ascii_and_strict(desk):
    """Any reader can take it: no NaN, no character that a pipe could damage."""
    desk.login("ada", usage(float("nan"), 50, plan="plän", credits={"balance": 1e400}))
    done = ask(desk, "--json")
    assert done.stdout.isascii()
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert document["accounts"][0]["plan"] == "plän"
    assert document["accounts"][0]["windows"][0]["used_percent"] is None
    assert document["accounts"][0]["notes"]


def test_no_login_prints_no_document(tmp_path):
    done = cli("--json", "--account-dir", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == "" or json.loads(done.stdout)["failures"]


# --- failures ---


def test_each_failure_is_one_line_with_account_what_and_what_to_do(desk):
    desk.login("forbidden", says({"detail": "two\nlines\x1b[31m"}, 403))
    desk.login("limited", says("slow down", 429, [("Retry-After", "3600")]))
    desk.login("old", exp=1_600_000_000)
    done = ask(desk)
    lines = dict(line.split(": ", 1) for line in done.stderr.splitlines())
    assert list(lines) == ["forbidden", "limited", "old"]
    assert "Ask the workspace's owner" in lines["forbidden"]
    assert "3600 s" in lines["limited"]
    assert "expired at 2020-09-13 12:26:40 UTC" in lines["old"]
    assert "codex login" in lines["old"]
    assert done.stdout == ""
    assert done.returncode == 3
