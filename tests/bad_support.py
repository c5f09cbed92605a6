"""Everything that can be wrong with a server or a login file, each kind with the error it must become."""

from __future__ import annotations

import gzip
import json
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from auth_support import API_KEY, REFRESH, claims, jwt, official
from foundation_support import Answer, hangs, says

if TYPE_CHECKING:
    from client_support import Exchange

HTML = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>wait</body></html>"
DEEP = "[" * 600 + "]" * 600


def closes(exchange: Exchange) -> None:
    """Hangs up without a word."""
    exchange.conn.shutdown(socket.SHUT_RDWR)


def resets(exchange: Exchange) -> None:
    """Tears the connection down instead of closing it."""
    exchange.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.conn.close()


def cut_off(exchange: Exchange) -> None:
    """Promises more than it sends."""
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"plan_type": ')
    exchange.conn.shutdown(socket.SHUT_RDWR)


def torn_chunk(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n{}\r\n")
    exchange.conn.shutdown(socket.SHUT_RDWR)


def drips_head(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X-More: y\r\n" * 2_000)


def drips_body(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    exchange.drip(b" " * 5_000)


def no_http(exchange: Exchange) -> None:
    exchange.send(b"SSH-2.0-OpenSSH_9.6\r\n")
    exchange.conn.shutdown(socket.SHUT_RDWR)


def gzipped(data: bytes) -> Answer:
    return says(data, 200, [("Content-Encoding", "gzip")])


def echoes(status: int, headers=()) -> Answer:
    """Sends the token back: in the body, behind escapes, in headers, and in a cookie."""

    def answer(exchange: Exchange) -> None:
        token = exchange.headers["authorization"].removeprefix("Bearer ")
        escaped = "".join(f"\\u{ord(char):04x}" for char in token)
        body = f'{{"detail": "no: {token}", "escaped": "{escaped}", "header": "Bearer {token}"}}'
        sent = [("X-Echo", token), ("Set-Cookie", f"session={token}"), *headers]
        exchange.reply(status, body, [*sent, ("Location", f"https://example.com/?t={token}")])

    return answer


SERVERS: dict[str, tuple[Answer, str, int | None]] = {
    "hangs": (hangs, "FetchTimeoutError", None),
    "drips-head": (drips_head, "FetchTimeoutError", None),
    "drips-body": (drips_body, "FetchTimeoutError", None),
    "closes": (closes, "UnreachableError", None),
    "resets": (resets, "UnreachableError", None),
    "cut-off": (cut_off, "UnreachableError", None),
    "torn-chunk": (torn_chunk, "UnreachableError", None),
    "no-http": (no_http, "UnexpectedReplyError", None),
    "redirect": (echoes(302), "UnexpectedReplyError", 302),
    "401-expired": (
        says('{"error":{"code":"token_expired"}}', 401, [("Content-Type", "text/plain")]),
        *("TokenRejectedError", 401),
    ),
    "401-echo": (echoes(401), "TokenRejectedError", 401),
    "401-banned": (says({"error": {"code": "account_deactivated"}}, 401), "AccountForbiddenError", 401),
    "402": (says({"detail": {"code": "deactivated_workspace"}}, 402), "WorkspaceDeactivatedError", 402),
    "403-html": (says(HTML, 403, [("cf-mitigated", "challenge")]), "BlockedByEdgeError", 403),
    "403-json": (echoes(403), "AccountForbiddenError", 403),
    "404-html": (says(HTML, 404), "UnexpectedReplyError", 404),
    "418": (echoes(418), "UnexpectedReplyError", 418),
    "429-long": (echoes(429, [("Retry-After", "3600")]), "RateLimitedError", 429),
    "429-spent": (
        says({"error": {"type": "usage_limit_reached", "resets_at": 4_000_000_000}}, 429),
        "RateLimitedError",
        429,
    ),
    "500": (echoes(500), "ServerError", 500),
    "503-html": (says(HTML, 503, [("Retry-After", "soon")]), "ServerError", 503),
    "200-html": (says(HTML), "UnexpectedReplyError", 200),
    "200-empty": (says(b""), "UnexpectedReplyError", 200),
    "200-list": (says([]), "UnexpectedReplyError", 200),
    "200-nothing": (says({}), "UnexpectedReplyError", 200),
    "200-error": (says({"error": {"code": "odd", "message": "no"}}), "UnexpectedReplyError", 200),
    "200-deep": (says(DEEP), "UnexpectedReplyError", 200),
    "200-large": (says(b'{"a": "' + b"x" * 6_000_000 + b'"}'), "UnexpectedReplyError", 200),
    "200-bomb": (gzipped(gzip.compress(b"[" + b" " * 200_000_000, 9)), "UnexpectedReplyError", 200),
    "200-torn-gzip": (gzipped(gzip.compress(b'{"plan_type": "plus"}')[:-6]), "UnexpectedReplyError", 200),
}


def _text(content: str | bytes) -> Callable[[Path], object]:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda path: path.write_bytes(data)


GOOD_TOKEN = jwt(claims(user="user-nobody", account="acct-nobody"))
LOGINS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (_text(""), "AuthFileInvalidError"),
    "torn": (_text(official(GOOD_TOKEN)[:200]), "AuthFileInvalidError"),
    "not-json": (_text("SENTINEL = 1"), "AuthFileInvalidError"),
    "not-utf8": (_text(official(GOOD_TOKEN).encode("utf-16")), "AuthFileInvalidError"),
    "latin1": (_text(b'{"name": "caf\xe9 SENTINEL"}'), "AuthFileInvalidError"),
    "too-large": (_text(json.dumps({"SENTINEL": "x" * 1_100_000})), "AuthFileInvalidError"),
    "too-deep": (_text(DEEP * 20), "AuthFileInvalidError"),
    "a-list": (_text('["SENTINEL"]'), "AuthFileInvalidError"),
    "a-folder": (lambda path: path.mkdir(), "AuthFileInvalidError"),
    "no-login": (_text('{"SENTINEL": 1}'), "TokenMissingError"),
    "no-token": (_text('{"tokens": {"account_id": "acct-x"}}'), "TokenMissingError"),
    "blank-token": (_text(official("  ")), "TokenMissingError"),
    "number-token": (_text(official(17)), "TokenMissingError"),
    "refresh-only": (_text(json.dumps({"tokens": {"refresh_token": REFRESH}})), "TokenMissingError"),
    "session-token": (_text(official("sess-SENTINEL-0123456789abcdef")), "TokenMissingError"),
    "odd-token": (_text(official(f"{GOOD_TOKEN}\r\nX-Evil: 1")), "TokenMissingError"),
    "accented-token": (_text(official("SENTINEL-é")), "TokenMissingError"),
    "api-key": (_text(json.dumps({"OPENAI_API_KEY": API_KEY, "tokens": None})), "ApiKeyOnlyError"),
    "no-account": (_text(official("SENTINEL-opaque-token", None)), "AccountIdMissingError"),
    "expired": (
        _text(official(jwt(claims(user="user-old", account="acct-old", exp=1_600_000_000)), "acct-old")),
        "TokenExpiredError",
    ),
}
if os.name != "nt":  # links and pipes of this kind need POSIX, or rights that not everybody has
    LOGINS |= {
        "dangling": (lambda path: path.symlink_to("nowhere"), "AuthFileNotFoundError"),
        "loop": (lambda path: path.symlink_to(path.name), "AuthFileInvalidError"),
        "a-pipe": (os.mkfifo, "AuthFileInvalidError"),
    }
