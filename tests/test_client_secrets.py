"""No token gets out, whatever the server echoes and whichever exception comes from below."""

from __future__ import annotations

import gzip
import http.client
import inspect
import json
import logging
import zlib

import pytest
import requests.exceptions
import urllib3.exceptions
from client_support import (
    CHUNKED,
    TOKEN,
    USAGE,
    LoopbackServer,
    account,
    always,
    everything_in,
    fetch,
    make_client,
)
from client_support import plain_environment as _plain_environment  # noqa: F401 - an autouse fixture

from quota_helpers.client import UsageClient
from quota_helpers.client.outcomes import one_line
from quota_helpers.client.translate import TRANSLATIONS, translate, translation_of
from quota_helpers.errors import (
    FetchError,
    UnreachableError,
)


def escaped(token):
    return "".join(f"\\u{ord(char):04x}" for char in token)


ECHOES = {
    "body": always(401, {"detail": f"bad token {TOKEN}", TOKEN: [TOKEN]}),
    "escaped": always(400, '{"detail": "bad ' + escaped(TOKEN) + '", "' + escaped(TOKEN) + '": 1}'),
    "html": always(403, f"<html><title>{TOKEN}</title>"),
    "utf-16": always(400, f'{{"detail": "{TOKEN}"}}'.encode("utf-16")),
    "utf-16 without a mark": always(400, f'{{"detail": "{TOKEN}"}}'.encode("utf-16-le")),
    "gzip": always(400, gzip.compress(TOKEN.encode()), [("Content-Encoding", "gzip")]),
    "headers": always(400, "", [("X-Echo", f"Bearer {TOKEN}"), (f"X-{TOKEN}", "1"), ("Set-Cookie", f"t={TOKEN}")]),
    "location": always(302, "", [("Location", f"https://{TOKEN}.example.com/{TOKEN}")]),
    "reason": lambda exchange: exchange.send(f"HTTP/1.1 500 {TOKEN}\r\nContent-Length: 0\r\n\r\n".encode()),
    "status line": lambda exchange: (exchange.send(f"{TOKEN}\r\n\r\n".encode()), exchange.conn.close()),
    "chunk size": lambda exchange: (exchange.send(CHUNKED + f"\r\n{TOKEN}\r\n".encode()), exchange.conn.close()),
    "odd header": lambda exchange: exchange.send(
        f"HTTP/1.1 400 No\r\nContent-Length: 0\r\n{TOKEN} \x00\r\n : {TOKEN}\r\n\r\n".encode()
    ),
    "first header line": lambda exchange: exchange.send(
        f"HTTP/1.1 400 No\r\n {TOKEN}: 1\r\nContent-Length: 0\r\n\r\n".encode()
    ),
    "early hints": lambda exchange: exchange.send(
        f"HTTP/1.1 103 Early\r\n {TOKEN}: 1\r\n\r\nHTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n".encode()
    ),
    "content length": lambda exchange: exchange.send(
        f"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: {TOKEN}\r\n\r\n[".encode()
    ),
    "content encoding": always(200, "{}", [("Content-Encoding", TOKEN)]),
    "retry after": always(429, "", [("Retry-After", TOKEN)]),
    "cut off": lambda exchange: (exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), exchange.conn.close()),
}


@pytest.mark.parametrize("name", ECHOES)
def test_no_error_gives_the_token_away(name, caplog, capfd):
    """Neither the error, its frames and its reply, nor any log at any level, nor what is printed."""
    caplog.set_level(logging.DEBUG)
    error, seen = fetch(ECHOES[name], retries=1)
    assert isinstance(error, FetchError)
    assert TOKEN in seen[0].headers["authorization"], "the token was sent, so it could have been shown"
    shown = everything_in(error) + caplog.text + "".join(capfd.readouterr())
    if error.reply is not None:
        shown += repr(error.reply) + repr(error.reply.payload) + error.reply.text + repr(error.reply.headers.pairs())
        shown += error.reply.body.decode("utf-16-le", "replace") + error.reply.body[1:].decode("utf-16-le", "replace")
        shown += error.reply.text.encode().decode("unicode_escape", "replace")
    assert "SENTINEL_9f8e7d6c5b4a" not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("before", range(120, 200, 7))
def test_a_token_is_hidden_before_the_servers_words_are_cut(before):
    """Were the line cut first, the half of a token that is left would no longer look like one."""
    words = "x" * before + " sk-" + "a" * 300 + " " + "eyJhbGciOiJub25lIn0." + "b" * 300
    line = one_line(words)
    assert "aaa" not in line
    assert "bbb" not in line
    assert len(line) <= 200


def test_a_token_at_the_end_of_a_long_row_of_tokens_is_hidden_too():
    """Wherever a limit on the length would fall: many tokens are many characters and few stars."""
    for before in range(60):
        line = one_line("x" * before + f" {'sk-' + 'a' * 990}" * 60)
        assert set(line) <= set("x* …")


@pytest.mark.parametrize(("length", "ending"), [(200, "x"), (201, "…")])
def test_the_servers_words_are_two_hundred_characters_at_most(length, ending):
    line = one_line("x" * length)
    assert len(line) == 200
    assert line.endswith(ending)


def test_a_good_reply_does_not_hold_the_token_either():
    reply, _ = fetch(always(body='{"a": "' + escaped(TOKEN) + '", "b": "' + TOKEN + '"}'))
    assert reply.payload == {"a": "***", "b": "***"}
    assert json.loads(reply.body) == {"a": "***", "b": "***"}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_an_interrupt_or_a_fault_in_the_middle_shows_no_frame_that_held_the_request(kind, monkeypatch):
    """Raised where urllib3 holds the headers in local variables."""

    def raise_it(*_args, **_kwargs):
        raise kind

    with LoopbackServer(always(body=USAGE)) as server, make_client(server) as client:
        monkeypatch.setattr(http.client.HTTPConnection, "getresponse", raise_it)
        with pytest.raises(kind if kind is KeyboardInterrupt else UnreachableError) as caught:
            client.fetch(account())
        assert server.asked.wait(20)
    assert "SENTINEL" not in everything_in(caught.value)
    assert caught.value.__context__ is None


def test_the_http_librarys_debugging_print_shows_nothing(monkeypatch, capsys):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    fetch(always(body=USAGE))
    assert "SENTINEL" not in capsys.readouterr().out


def test_the_clients_repr_shows_only_its_host():
    assert repr(UsageClient("https://me:hunter2@example.com/x?y=z")).startswith("UsageClient('example.com', ")


def exceptions_of(module):
    return [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, BaseException)]


FOREIGN = sorted(
    {
        *exceptions_of(requests.exceptions),
        *exceptions_of(urllib3.exceptions),
        *exceptions_of(http.client),
        OSError,
        TimeoutError,
        ConnectionResetError,
        BrokenPipeError,
        UnicodeEncodeError,
        ValueError,
        zlib.error,
    },
    key=lambda kind: (kind.__module__, kind.__name__),
)


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_exception_of_the_libraries_has_a_row(kind):
    """A row of its own family, that is: the row for faults nobody foresaw is not asked."""
    foreign = kind.__new__(kind)
    foreign.args = (TOKEN,)
    row = translation_of(foreign)
    assert row is not None
    assert issubclass(row.error, FetchError)
    assert row.error is not FetchError
    error, _ = translate(foreign, host="quota.example.com", account="work")
    assert type(error) is row.error
    assert error.account == "work"
    assert error.message.startswith("quota.example.com: ")
    assert TOKEN not in everything_in(error)
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize(
    ("foreign", "words"),
    [
        (requests.exceptions.InvalidURL(TOKEN), "the address cannot be used"),
        (urllib3.exceptions.LocationParseError(TOKEN), "the address cannot be used"),
        (UnicodeError("label empty or too long"), "the address cannot be used"),
        (UnicodeEncodeError("latin-1", TOKEN, 0, 1, "no"), "the address or a header cannot be written"),
        (ValueError(f"Invalid header value {TOKEN}"), "the request cannot be written"),
    ],
)
def test_only_an_address_at_fault_is_called_one(foreign, words):
    error, _ = translate(foreign, host="h", account="a")
    assert error.message == f"h: {words}."


def test_an_exception_of_nobody_has_no_row_and_is_translated_all_the_same():
    assert translation_of(ZeroDivisionError(TOKEN)) is None
    error, again = translate(ZeroDivisionError(TOKEN), host="h", account="a")
    assert type(error) is UnreachableError
    assert "ZeroDivisionError" in error.message
    assert not again
    assert TOKEN not in everything_in(error)


def test_no_row_is_hidden_by_an_earlier_one():
    """Each row decides about at least one class that it names."""
    for row in TRANSLATIONS:
        examples = [kind(row.numbers[0], "x") if row.numbers else kind.__new__(kind) for kind in row.kinds]
        assert any(translation_of(example) is row for example in examples), row.text
