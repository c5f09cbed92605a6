"""What other programs and our own wrap bodies in: kept lines, HAR, `curl -i`, header dumps, other tools' readings.

Each wrapper is recognized by its own keys. Forms, from public sources: HAR 1.2 of the browsers; ccpace's `usage.jsonl`
(`{"schema", "provider", "account", "timestamp", "usage"}`); CodexBar's command line (`[{"provider", "usage":
{"primary", "secondary", "updatedAt"}}]`) and its `history/codex.json` (series of `{"capturedAt", "usedPercent",
"resetsAt"}`); response headers as Go stores them, name -> list.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ..errors import BodyError
from ..models import Headers, RawReply
from ..models.reply import LARGEST_BODY
from ..privacy import hide_in_headers, hide_tokens, hide_tokens_in
from .json_text import end_of_space, no_json, too_large, value_at_start, values_of

NULL: Final = b"null"
CODEX: Final = "x-codex-"
_USAGE: Final = re.compile(r"/(?:wham|codex)/usage/?(?:[?#]|\Z)")
# One reply of a transcript: our own heading, a status line with headers, or both, each on lines of their own.
_HEAD: Final = re.compile(
    r"(?:=== (?P<name>[^\n]+) ===[ \t\r]*\n)?"
    r"(?:HTTP(?:/\d(?:\.\d)?)? (?P<status>\d{3})(?P<reason>[^\n]*)\n(?P<headers>(?:[^\s:{}\[\]\"]+:[^\n]*\n)*))?"
)
_NEXT: Final = re.compile(r"^(?:HTTP/\d(?:\.\d)? \d{3}|=== [^\n]+ ===[ \t\r]*$)", re.MULTILINE)
_SLOTS: Final = {"session": "primary", "weekly": "secondary"}


def reply_of(payload: Any, name: str = "", **known: Any) -> RawReply:
    """A JSON value as a reply, tokens in it hidden; the bytes tell null from a body that is no JSON."""
    return RawReply(payload=hide_tokens_in(payload), body=NULL if payload is None else b"", name=name, **known)


def replies_in(value: Any, where: str, name: str = "") -> list[RawReply]:
    """The replies that a JSON value holds: those within a wrapper that is known, else the value itself."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and is_wrapped(item) for item in value):
        return [reply for item in value for reply in replies_in(item, where, name)]
    if isinstance(value, dict):
        for wraps, unwrap in _WRAPPERS:
            if wraps(value):
                return unwrap(value, where, name)
    return [reply_of(value, name)]


def is_wrapped(value: Mapping[str, Any]) -> bool:
    """Whether it is one of the wrappers, and no body itself."""
    return any(wraps(dict(value)) for wraps, _ in _WRAPPERS)


def moment_of(value: Any) -> datetime | None:
    """An instant as files have it: ISO 8601 with a zone, or epoch seconds; None where it is neither."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


# --- our own kept lines, and --raw-json of several accounts ---


def is_kept(value: dict[str, Any]) -> bool:
    """Whether it is a line of `save_bodies`, or of the command line's `--raw-json` of several accounts."""
    if "payload" in value:
        return "fetched_at" in value or "account" in value
    return isinstance(value.get("body"), dict | list) and isinstance(value.get("account"), str)


def kept_reply(value: dict[str, Any], name: str = "") -> RawReply | str:
    """The reply of such a line, or what is wrong with it; tokens in it are hidden."""
    moment = moment_of(value.get("fetched_at")) if isinstance(value.get("fetched_at"), str) else None
    if moment is None and value.get("fetched_at") is not None:
        return "no reply: fetched_at is no time with a zone, such as 2026-11-22T12:00:00+00:00"
    status, headers = value.get("status"), _headers(value.get("headers"))
    if (status is not None and type(status) is not int) or headers is None:
        return "no reply: status is no whole number, or the headers are no pairs of texts"
    payload, text = hide_tokens_in(value.get("payload", value.get("body"))), value.get("text")
    kept = hide_tokens(text).encode("utf-8", "replace") if isinstance(text, str) else None
    account, key = _text(value.get("account")), _text(value.get("account_key"))
    return RawReply(
        status=status,
        headers=headers,
        body=kept if kept is not None else b"" if payload is None else _bytes(payload),
        payload=payload,
        fetched_at=moment,
        account=account,
        account_key=key,
        url=_text(value.get("url")) or "",
        name=account or name,
    )


def _from_kept(value: dict[str, Any], _: str, name: str) -> list[RawReply]:
    kept = kept_reply(value, name)
    return [reply_of(value, name) if isinstance(kept, str) else kept]


def _headers(value: Any) -> Headers | None:
    """Header pairs, or name -> text or list of texts; None where it is neither."""
    pairs = [(name, item) for name, item in value.items()] if isinstance(value, dict) else value or []
    found = []
    for pair in pairs if isinstance(pairs, list) else [None]:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):  # noqa: PLR2004  # a pair
            return None
        values = pair[1] if isinstance(pair[1], list) else [pair[1]]
        if not all(isinstance(item, str) for item in values):
            return None
        found += [(pair[0], item) for item in values]
    return Headers(hide_in_headers(found))


def _bytes(payload: Any) -> bytes:
    try:
        return json.dumps(payload).encode()
    except (ValueError, RecursionError):
        return b""


# --- HAR ---


def _is_har(value: dict[str, Any]) -> bool:
    return isinstance(value.get("log"), dict) and isinstance(value["log"].get("entries"), list)


def _from_har(value: dict[str, Any], where: str, name: str) -> list[RawReply]:
    found: list[RawReply] = []
    entries = value["log"]["entries"]
    for number, entry in enumerate(entries):
        url = _dig(entry, "request", "url")
        if isinstance(url, str) and _USAGE.search(url):
            data = _content(_dig(entry, "response", "content"))
            if data is None:
                raise BodyError(
                    f"{where}: the answer of a usage request is missing, broken or larger than {LARGEST_BODY >> 20} MiB"
                    f" @ $.log.entries[{number}].response.content.",
                    hint="Save the HAR file with content.",
                )
            reply = _har_reply(entry, data, f"{where} @ $.log.entries[{number}]")
            found.append(replace(reply, url=hide_tokens(url), name=name))
    if found:
        return found
    raise BodyError(
        f"{where} is a HAR file of {len(entries)} requests, none of which asks for usage @ $.log.entries.",
        hint="Record the page that asks for .../wham/usage, and save with content.",
    )


def _har_reply(entry: Any, data: bytes, where: str) -> RawReply:
    status, listed = _dig(entry, "response", "status"), _dig(entry, "response", "headers")
    pairs = [
        (str(item["name"]), str(item["value"]))
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict) and {"name", "value"} <= item.keys()
    ]
    begun, took = moment_of(_dig(entry, "startedDateTime")), _dig(entry, "time")
    if begun is not None and isinstance(took, int | float) and 0 <= took < 1e9:  # noqa: PLR2004  # milliseconds of 11 days
        begun += timedelta(milliseconds=took)
    known = {
        "status": status if type(status) is int else None,
        "headers": Headers(hide_in_headers(pairs)),
        "fetched_at": begun,
    }
    return _answer(data.decode("utf-8-sig", "replace"), where, known)


def _answer(text: str, where: str, known: dict[str, Any]) -> RawReply:
    """A reply of a body's text, JSON or not; JSON that breaks off is an error with its place."""
    if text.lstrip()[:1] not in {"{", "["}:
        return RawReply(body=hide_tokens(text).encode("utf-8", "replace"), **known)
    return reply_of(values_of(text, where)[0], **known)


def _content(content: Any) -> bytes | None:
    """The bytes of a HAR entry's content, decompressed; None where there are none, or too many."""
    text = _dig(content, "text")
    if not isinstance(text, str) or len(text) > 2 * LARGEST_BODY:
        return None
    if _dig(content, "encoding") != "base64":
        data = text.encode("utf-8", "replace")
    else:
        try:
            data = base64.b64decode(text, validate=True)
            if data[:2] == b"\x1f\x8b":
                data = zlib.decompressobj(wbits=31).decompress(data, LARGEST_BODY + 1)
        except (binascii.Error, ValueError, zlib.error):
            return None
    return data if len(data) <= LARGEST_BODY else None


# --- transcripts: curl -i, and our own --raw-json --raw-headers in a terminal ---


def is_transcript(text: str) -> bool:
    """Whether it begins as `curl -i` prints a reply, or as our own command line heads one."""
    return _NEXT.match(text.lstrip("\ufeff \t\r\n")) is not None


def replies_of_transcript(text: str, where: str) -> list[RawReply]:
    """Every reply with a body: interim answers, redirects without one and a proxy's own are passed over."""
    found: list[RawReply] = []
    at = end_of_space(text, 1 if text.startswith("\ufeff") else 0)
    while at < len(text):
        head = _HEAD.match(text, at)
        if head is None or head.end() == at:
            raise no_json(text, at, "expected the next reply", where)
        start = end_of_space(text, head.end())
        following = _NEXT.search(text, start)
        end = following.start() if following else len(text)
        if text[start : start + 1] in {"{", "["}:
            payload, end = value_at_start(text, start, where)
            found.append(reply_of(payload, head["name"] or "", **_head_of(head)))
        elif start < end and not (head["status"] or "2").startswith("1"):
            if end - start > LARGEST_BODY:
                raise too_large(where, text.count("\n", 0, start) + 1)
            body = hide_tokens(text[start:end].strip()).encode("utf-8", "replace")
            found.append(RawReply(body=body, name=head["name"] or "", **_head_of(head)))
        at = end_of_space(text, end)
    if not found:
        raise BodyError(f"{where} holds headers and no body.", hint="Ask with `curl -i`, without -I.", line=1)
    return found


def _head_of(head: re.Match[str]) -> dict[str, Any]:
    lines = [line.partition(":") for line in (head["headers"] or "").splitlines()]
    headers = Headers(hide_in_headers((name, value.strip()) for name, _, value in lines))
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, IndexError):
        date = None
    return {
        "status": int(head["status"]) if head["status"] else None,
        "headers": headers,
        "fetched_at": date.astimezone(UTC) if date is not None and date.tzinfo is not None else None,
        "account": head["name"],
    }


# --- headers, and the readings of other tools ---


def _is_headers(value: dict[str, Any]) -> bool:
    names = [name for name in value if isinstance(name, str) and name.lower().startswith(CODEX)]
    return bool(names) and any(isinstance(value[name], list) for name in names)


def _from_headers(value: dict[str, Any], _: str, name: str) -> list[RawReply]:
    """One header a name, as the wire has it: several values are joined as in HTTP."""
    plain = {
        key: ", ".join(map(str, item))
        if isinstance(item, list) and not any(isinstance(part, dict | list) for part in item)
        else item
        for key, item in value.items()
    }
    return [reply_of(plain, name)]


def _is_reading(value: dict[str, Any]) -> bool:
    """A line of ccpace's, or an item of CodexBar's command line."""
    return "provider" in value and (isinstance(value.get("usage"), dict) or "source" in value or "timestamp" in value)


def _from_reading(value: dict[str, Any], where: str, name: str) -> list[RawReply]:
    usage = value.get("usage")
    if value["provider"] != "codex" or not isinstance(usage, dict):
        what = "another provider's" if value["provider"] != "codex" else "without usage"
        raise BodyError(f"{where} holds a reading that is {what} @ $.usage.", hint="Choose Codex's readings.")
    identity = usage.get("identity")
    account = value.get("account") or _dig(identity, "accountEmail") or usage.get("accountEmail")
    moment = moment_of(value.get("timestamp")) or moment_of(usage.get("updatedAt"))
    return [reply_of(usage, _text(account) or name, fetched_at=moment, account=_text(account))]


def is_series(value: dict[str, Any]) -> bool:
    """Whether it is CodexBar's history."""
    return isinstance(value.get("accounts"), dict) and isinstance(value.get("unscoped"), list)


def _from_series(value: dict[str, Any], where: str, name: str) -> list[RawReply]:
    """One body for each account and moment of CodexBar's history, its windows as the app-server spells them."""
    moments: dict[str, dict[str, dict[str, Any]]] = {}
    for account, one, entry, at in entries_of(value):
        if at is not None:
            window = {key: entry[key] for key in ("usedPercent", "resetsAt") if key in entry}
            slot = _SLOTS.get(str(_dig(one, "name")), "tertiary")
            windows = moments.setdefault(account, {}).setdefault(at, {})
            windows[slot] = {**window, "windowMinutes": _dig(one, "windowMinutes")}
    found = [
        reply_of(payload, account or name, fetched_at=moment_of(at), account=account or None)
        for account, of_account in moments.items()
        for at, payload in sorted(of_account.items())
    ]
    if not found:
        raise BodyError(f"{where} is a history without readings @ $.accounts.", hint="Choose another file.")
    return found


def entries_of(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any, str | None]]:
    """Account, series, entry and what it says of its time, for each entry of CodexBar's history, in its order."""
    for account, series in [("", value["unscoped"]), *value["accounts"].items()]:
        for one in series if isinstance(series, list) else ():
            entries = _dig(one, "entries")
            for entry in entries if isinstance(entries, list) else ():
                yield account, one, entry, _text(_dig(entry, "capturedAt"))


def _dig(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


_WRAPPERS: Final = (
    (_is_har, _from_har),
    (is_kept, _from_kept),
    (is_series, _from_series),
    (_is_reading, _from_reading),
    (_is_headers, _from_headers),
)
