"""What an answer means: the table in this package's docstring, as code. Pure: no HTTP, no clock."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple
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
from ..privacy import hide_tokens, mask_identity, printable
from ..times import from_epoch
from .address import host_of

_LONGEST_TEXT: Final = 200
_TITLE: Final = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
# A server that names a longer wait means something else.
_LONGEST_WAIT: Final = timedelta(days=366)
# No date is longer, and the parser need not see more.
_LONGEST_DATE: Final = 100
_REFUSED_PLACE: Final = "unsupported_country_region_territory"
_WORD: Final = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class Envelope(NamedTuple):
    """What an error body says, in any of the service's envelopes: machine-readable words, and those for people."""

    codes: tuple[str, ...] = ()
    text: str = ""


class Verdict(NamedTuple):
    """What an answer stands for."""

    kind: type[FetchError]
    message: str  # with {code}, the server's word; {asked}, the wait it asks for; {target}, where it sends us; {url}
    hint: str | None = None  # where the class's own hint does not fit
    words: bool = False  # whether the server's own words follow


# Status, or its hundreds, and a word that must be among the server's codes; the first one that fits counts.
_VERDICTS: Final[dict[tuple[int, str], Verdict]] = {
    (401, "account_deactivated"): Verdict(AccountForbiddenError, "The account is deactivated{code}"),
    (401, "token_expired"): Verdict(TokenRejectedError, "The token has expired{code}", TokenExpiredError.default_hint),
    (401, ""): Verdict(TokenRejectedError, "The server does not accept the token{code}"),
    (402, "deactivated_workspace"): Verdict(WorkspaceDeactivatedError, "The workspace of this seat is deactivated"),
    (402, ""): Verdict(UnexpectedReplyError, "The server asks for a payment", words=True),
    (403, _REFUSED_PLACE): Verdict(
        BlockedByEdgeError,
        f"The server refuses the place this network is in ({_REFUSED_PLACE})",
        "The login may be fine: try from another network, or through a proxy (HTTPS_PROXY) elsewhere.",
    ),
    (403, ""): Verdict(AccountForbiddenError, "The server knows this login and gives it no permission{code}"),
    (404, ""): Verdict(UnexpectedReplyError, "There is no usage endpoint at {url}", words=True),
    (3, ""): Verdict(UnexpectedReplyError, "The server sends us elsewhere{target}; not followed"),
    (5, ""): Verdict(ServerError, "The server failed{asked}", words=True),
}
_OTHER: Final = Verdict(
    UnexpectedReplyError,
    "An answer that the usage endpoint does not give",
    "A proxy or firewall on the way may have answered; with --raw-json you see what came back.",
    words=True,
)
_EDGE: Final = Verdict(BlockedByEdgeError, "The edge in front of the server blocked the request")
_NOTHING_BESIDE: Final = Verdict(
    UnexpectedReplyError,
    "There is nothing at {url}",
    "The usage is not affected: not every server and account has this.",
)


def judge(reply: RawReply, problem: str | None, pause: float | None = None) -> FetchError | None:
    """The error an answer stands for, or None when it is a usage body.

    *problem* is why its body is no JSON value ("empty", "an HTML page", ...), *pause* its `Retry-After`, as
    `read_pause` has it.
    """
    if reply.status == HTTPStatus.OK:
        return _not_usage(reply, problem)
    said = read_envelope(reply.payload)
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _limited(reply, said, pause)
    verdict = _verdict_for(reply, said)
    message = verdict.message.format(
        code=f" ({said.codes[0]})" if said.codes else "",
        asked=f"; it asks to wait {pause:.0f} s" if pause is not None and pause < math.inf else "",
        target=_target(reply),
        url=reply.url,
    )
    return _error(verdict._replace(message=message), reply)


def _verdict_for(reply: RawReply, said: Envelope) -> Verdict:
    status = reply.status or 0
    if status == HTTPStatus.FORBIDDEN and ("cf-mitigated" in reply.headers or reply.payload is None):
        return _EDGE
    if status == HTTPStatus.NOT_FOUND and not _asks_for_usage(reply):
        return _NOTHING_BESIDE
    there = {status, status // 100}
    return next((r for (at, code), r in _VERDICTS.items() if at in there and (not code or code in said.codes)), _OTHER)


def _asks_for_usage(reply: RawReply) -> bool:
    return urlsplit(reply.url).path.endswith("/usage")


def may_help_to_ask_again(reply: RawReply) -> bool:
    """Whether the same request could be answered better in a moment: 5xx, and 429 unless the quota itself is spent."""
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return not _spent(read_envelope(reply.payload))
    return HTTPStatus.INTERNAL_SERVER_ERROR <= (reply.status or 0) < 600  # noqa: PLR2004  # 5xx


def read_envelope(payload: Any) -> Envelope:
    """Codes, most specific first, and words of an error body.

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


def read_pause(header: str | None, *, now: datetime, date: str | None = None) -> float | None:
    """The seconds that `Retry-After` asks to wait, from whole seconds or an HTTP date: 0 and up.

    Infinity for a wait that makes no sense; None where there is no such header. A date counts from *date*, the reply's
    own, else from *now*.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text) if len(text) <= len("999999999") else math.inf
    elif until := _http_date(text):
        seconds = max((until - (_http_date(date or "") or now)).total_seconds(), 0.0)
    else:
        seconds = math.inf
    return seconds if seconds <= _LONGEST_WAIT.total_seconds() else math.inf


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
        return _error(Verdict(UnexpectedReplyError, f"The answer is no usage body: it is {problem}", words=True), reply)
    if isinstance(reply.payload, dict if _asks_for_usage(reply) else dict | list):
        return None
    kind = "null" if reply.payload is None else type(reply.payload).__name__
    return _error(Verdict(UnexpectedReplyError, f"The answer is no usage body: JSON, but no object ({kind})"), reply)


def _limited(reply: RawReply, said: Envelope, pause: float | None) -> FetchError:
    wait = pause if pause is None or pause < math.inf else None
    words = f": {one_line(said.text).rstrip('.')}" if said.text else ""
    if _spent(said):
        resets = _resets_at(reply.payload)
        back = f"; it resets at {resets:%Y-%m-%d %H:%M:%S} UTC" if resets else ""
        message = f"The account's quota is spent (usage_limit_reached){words}{back}"
    elif wait is not None:
        message = f"Asked too often; the server asks to wait {wait:.0f} s{words}"
    else:
        message = f"Asked too often{'' if pause is None else '; how long to wait could not be read'}{words}"
    return RateLimitedError(
        f"{message} (HTTP 429).",
        account=reply.account,
        status=reply.status,
        reply=reply,
        retry_after_seconds=wait,
    )


def _spent(said: Envelope) -> bool:
    return "usage_limit_reached" in said.codes


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


def _error(verdict: Verdict, reply: RawReply) -> FetchError:
    """An error that carries its reply; where the server's own words belong to it, on one line."""
    said = ""
    if verdict.words and reply.body:
        said = one_line(read_envelope(reply.payload).text or reply.text)
    text = f"{verdict.message} (HTTP {reply.status}){f': {said}' if said else ''}"
    return verdict.kind(
        text if text.endswith((".", "…")) else f"{text}.",
        account=reply.account,
        status=reply.status,
        hint=verdict.hint,
        reply=reply,
    )


def one_line(text: str) -> str:
    """The server's words for a message: one line of at most 200 characters that names nobody and steers nothing.

    Of an HTML page only the title is worth a line.
    """
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = title.group(1) if title and title.group(1).strip() else "an HTML page"
    # Tokens are hidden before anything is cut: half of one would not be recognized. Addresses shrink less than tenfold.
    line = hide_tokens(" ".join(text.split()))[: 50 * _LONGEST_TEXT]
    line = printable(mask_identity(line))
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"
