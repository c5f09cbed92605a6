"""The answers that are no usage, as the real service was seen to send them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

JSON: Final = "application/json"
HTML: Final = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, before it is bytes on a socket.

    Attributes:
        status: HTTP status code.
        content_type: Value of the header of this name.
        headers: Further headers, in order.
        body: The body's bytes.
    """

    status: int
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Refusal = Callable[[], Reply]


def as_json(document: object) -> bytes:
    """A JSON body, compact and in UTF-8, as the service sends it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def unauthorized() -> Reply:
    """No bearer token at all: 401, in the older envelope."""
    return Reply(status=401, body=as_json({"detail": "Unauthorized"}))


def unknown_token() -> Reply:
    """A bearer token that belongs to nobody."""
    message = "Could not parse your authentication token. Please try signing in again."
    return Reply(status=401, body=as_json({"detail": message}))


def wrong_account() -> Reply:
    """The account header names an account that this login does not belong to."""
    return Reply(status=403, body=as_json({"detail": "You do not have access to this account."}))


def token_expired() -> Reply:
    """The token's time is over; this answer is JSON that calls itself plain text."""
    message = "Provided authentication token is expired. Please try signing in again."
    return Reply(
        status=401,
        content_type="text/plain; charset=utf-8",
        body=as_json({"error": {"message": message, "code": "token_expired"}}),
    )


def token_invalidated() -> Reply:
    """The login was ended on the server; only signing in again helps."""
    error = {
        "message": "Your authentication token has been invalidated. Please try signing in again.",
        "type": "invalid_request_error",
        "code": "token_invalidated",
        "param": None,
    }
    return Reply(status=401, body=as_json({"error": error, "status": 401}))


def blocked_by_edge() -> Reply:
    """The network edge asks for a browser; it says nothing about the login."""
    return Reply(
        status=403,
        content_type=HTML,
        headers=(("cf-mitigated", "challenge"), ("cf-ray", "demo0000000000-TXL")),
        body=_page("Just a moment...", "Enable JavaScript and cookies to continue"),
    )


def too_many_requests() -> Reply:
    """Asked too often: come back in an hour."""
    return Reply(status=429, headers=(("Retry-After", "3600"),), body=as_json({"detail": "Too many requests"}))


def unavailable() -> Reply:
    """The service is down; its front door answers with a page."""
    return Reply(
        status=503, content_type=HTML, body=_page("503 Service Unavailable", "Service temporarily unavailable")
    )


def not_found() -> Reply:
    """Any other address: a page, not JSON."""
    return Reply(status=404, content_type=HTML, body=_page("404 Not Found", "There is nothing at this address"))


def _page(title: str, text: str) -> bytes:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1" /><title>{title}</title></head>'
        f"<body><h1>{title}</h1><p>{text}</p></body></html>\n"
    ).encode()
