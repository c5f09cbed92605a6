"""What an answer means: the table in this package's docstring, as code. Pure: no HTTP, no clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from ..errors import (
    AccountForbiddenError,
    BlockedByEdgeError,
    FetchError,
    RateLimitedError,
    ServerError,
    TokenExpiredError,
    TokenRejectedError,
    UnexpectedReplyError,
    WorkspaceDeactivatedError,
)
from ..models import RawReply
from ..times import from_epoch
from .address import host_of
from .scrub import one_line

# A server that names a longer wait means something else.
_LONGEST_WAIT: Final = timedelta(days=366)
# No date is longer, and the parser need not see more.
_LONGEST_DATE: Final = 100
_REFUSED_PLACE: Final = "unsupported_country_region_territory"
_OTHER_HINT: Final = "A proxy or firewall on the way may have answered; with --raw-json you see what came back."
_WORD: Final = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class RetryAfter(NamedTuple):
    """What `Retry-After` asks for.

    Attributes:
        given: Whether the header was there at all.
        seconds: The wait it asks for, 0 and up; None when it is missing or makes no sense.
    """

    given: bool = False
    seconds: float | None = None


class Envelope(NamedTuple):
    """What an error body says, in whichever of the service's envelopes.

    Attributes:
        codes: Every machine-readable word found, most specific first.
        text: The words meant for people; "" when there are none.
    """

    codes: tuple[str, ...] = ()
    text: str = ""


_Verdict: TypeAlias = Callable[[RawReply, Envelope, RetryAfter], FetchError]


def judge(reply: RawReply, problem: str | None, pause: RetryAfter) -> FetchError | None:
    """The error an answer stands for, or None when it is a usage body.

    Args:
        reply: The answer.
        problem: Why its body is no JSON value ("empty", "an HTML page", "larger than 5 MiB", ...), or None.
        pause: Its `Retry-After`.
    """
    if reply.status == HTTPStatus.OK:
        return _not_usage(reply, problem)
    status = reply.status or 0
    verdict = _BY_STATUS.get(status) or _BY_FAMILY.get(status // 100, _other)
    return verdict(reply, read_envelope(reply.payload), pause)


def may_help_to_ask_again(reply: RawReply) -> bool:
    """Whether the same request could be answered better in a moment: 5xx, and 429 unless the quota itself is spent."""
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return not _spent(read_envelope(reply.payload))
    return (reply.status or 0) // 100 == _SERVER_FAMILY


def read_envelope(payload: Any) -> Envelope:
    """Codes and words of an error body.

    Known envelopes: `error.code` (and `error.type`), `error` as a string, `detail` as a string, `detail.code`,
    `detail.type`, a list of `detail`s, and `code` (or `type`) at the top.
    """
    if not isinstance(payload, dict):
        return Envelope()
    codes: list[str] = []
    texts: list[str] = []
    details = payload.get("detail")
    for part in (payload.get("error"), *(details if isinstance(details, list) else [details]), payload):
        if isinstance(part, dict):
            codes += [word for key in ("code", "type") if isinstance(word := part.get(key), str)]
            texts += [text for key in ("message", "msg") if isinstance(text := part.get(key), str)]
        elif isinstance(part, str):
            (codes if _WORD.fullmatch(part) and "_" in part else texts).append(part)
    return Envelope(tuple(code for code in codes if _WORD.fullmatch(code)), next(iter(texts), ""))


def read_pause(header: str | None, *, now: datetime, date: str | None = None) -> RetryAfter:
    """`Retry-After` as whole seconds or as an HTTP date.

    Args:
        header: Its value, or None.
        now: This machine's time, for a date.
        date: The reply's `Date`: the server's own idea of now, which counts more.
    """
    if header is None:
        return RetryAfter()
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text) if len(text) <= len("999999999") else _LONGEST_WAIT.total_seconds() + 1
    else:
        until = _http_date(text)
        if until is None:
            return RetryAfter(given=True)
        seconds = max((until - (_http_date(date or "") or now)).total_seconds(), 0.0)
    return RetryAfter(given=True, seconds=seconds if seconds <= _LONGEST_WAIT.total_seconds() else None)


def _http_date(text: str) -> datetime | None:
    if len(text) > _LONGEST_DATE:
        return None
    try:
        instant = parsedate_to_datetime(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _not_usage(reply: RawReply, problem: str | None) -> FetchError | None:
    if problem is not None:
        return _error(UnexpectedReplyError, reply, f"The answer is no usage body: it is {problem}", words=True)
    is_usage = urlsplit(reply.url).path.endswith("/usage")
    if not isinstance(reply.payload, dict if is_usage else dict | list):
        kind = "null" if reply.payload is None else type(reply.payload).__name__
        return _error(UnexpectedReplyError, reply, f"The answer is no usage body: JSON, but no object ({kind})")
    return None


def _unauthorized(reply: RawReply, said: Envelope, _: RetryAfter) -> FetchError:
    code = f" ({said.codes[0]})" if said.codes else ""
    if "account_deactivated" in said.codes:
        return _error(AccountForbiddenError, reply, f"The account is deactivated{code}")
    if "token_expired" in said.codes:
        return _error(TokenRejectedError, reply, f"The token has expired{code}", hint=TokenExpiredError.default_hint)
    return _error(TokenRejectedError, reply, f"The server does not accept the token{code}")


def _unpaid(reply: RawReply, said: Envelope, _: RetryAfter) -> FetchError:
    if "deactivated_workspace" in said.codes:
        return _error(WorkspaceDeactivatedError, reply, "The workspace of this seat is deactivated")
    return _error(UnexpectedReplyError, reply, "The server asks for a payment", words=True)


def _forbidden(reply: RawReply, said: Envelope, _: RetryAfter) -> FetchError:
    if "cf-mitigated" in reply.headers or reply.payload is None:
        return _error(BlockedByEdgeError, reply, "The edge in front of the server blocked the request")
    if _REFUSED_PLACE in said.codes:
        hint = "The login may be fine: try from another network, or through a proxy (HTTPS_PROXY) elsewhere."
        message = f"The server refuses the place this network is in ({_REFUSED_PLACE})"
        return _error(BlockedByEdgeError, reply, message, hint=hint)
    code = f" ({said.codes[0]})" if said.codes else ""
    return _error(AccountForbiddenError, reply, f"The server knows this login and gives it no permission{code}")


def _limited(reply: RawReply, said: Envelope, pause: RetryAfter) -> FetchError:
    if _spent(said):
        message = "The account's quota is spent (usage_limit_reached)"
        if said.text:
            message += f": {one_line(said.text).rstrip('.')}"
        if resets := _resets_at(reply.payload):
            message += f"; it resets at {resets:%Y-%m-%d %H:%M:%S} UTC"
    else:
        message = "Asked too often"
        if pause.seconds is not None:
            message += f"; the server asks to wait {pause.seconds:.0f} s"
        elif pause.given:
            message += "; how long to wait could not be read"
        if said.text:
            message += f": {one_line(said.text).rstrip('.')}"
    return RateLimitedError(
        f"{message} (HTTP 429).",
        account=reply.account,
        status=reply.status,
        reply=reply,
        retry_after_seconds=pause.seconds,
    )


def _spent(said: Envelope) -> bool:
    return "usage_limit_reached" in said.codes


def _missing(reply: RawReply, _: Envelope, __: RetryAfter) -> FetchError:
    if urlsplit(reply.url).path.endswith("/usage"):
        return _error(UnexpectedReplyError, reply, f"There is no usage endpoint at {reply.url}", words=True)
    hint = "The usage is not affected: not every server and account has this."
    return _error(UnexpectedReplyError, reply, f"There is nothing at {reply.url}", hint=hint)


def _redirect(reply: RawReply, _: Envelope, __: RetryAfter) -> FetchError:
    return _error(UnexpectedReplyError, reply, f"The server sends us elsewhere{_target(reply)}; not followed")


def _broken(reply: RawReply, _: Envelope, pause: RetryAfter) -> FetchError:
    asked = f"; it asks to wait {pause.seconds:.0f} s" if pause.seconds is not None else ""
    return _error(ServerError, reply, f"The server failed{asked}", words=True)


def _other(reply: RawReply, _: Envelope, __: RetryAfter) -> FetchError:
    message = "An answer that the usage endpoint does not give"
    return _error(UnexpectedReplyError, reply, message, hint=_OTHER_HINT, words=True)


_SERVER_FAMILY: Final = 5
_BY_FAMILY: Final[dict[int, _Verdict]] = {3: _redirect, _SERVER_FAMILY: _broken}
_BY_STATUS: Final[dict[int, _Verdict]] = {
    401: _unauthorized,
    402: _unpaid,
    403: _forbidden,
    404: _missing,
    429: _limited,
}


def _resets_at(payload: Any) -> datetime | None:
    error = payload.get("error")
    seconds = error.get("resets_at") if isinstance(error, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return from_epoch(seconds, milliseconds=False)


def _target(reply: RawReply) -> str:
    """Where a redirect leads, as far as it may be told: the host alone, for the rest can hold anything."""
    location = reply.headers.get("location", "")
    host = host_of(location)
    if host:
        return f" (to {host})"
    return f" (to another place on {urlsplit(reply.url).netloc})" if location else ""


def _error(
    kind: type[FetchError], reply: RawReply, message: str, *, hint: str | None = None, words: bool = False
) -> FetchError:
    """An error that carries its reply; with `words`, the server's own, on one line."""
    said = ""
    if words and reply.body:
        said = one_line(read_envelope(reply.payload).text or reply.text)
    text = f"{message} (HTTP {reply.status}){f': {said}' if said else ''}"
    return kind(
        text if text.endswith((".", "…")) else f"{text}.",
        account=reply.account,
        status=reply.status,
        hint=hint,
        reply=reply,
    )
