"""Raw bodies to and from a file: one reply a line (JSONL), tokens hidden, identities replaced on request."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, overload

from .errors import BodyError
from .files import reason, whole_file
from .html import bullets, table
from .models import Headers, RawReply
from .outcomes import Collection
from .privacy import hide_tokens, hide_tokens_in, mask_identity, printable
from .raw import Pseudonyms, redact, redact_headers

SHOWN: Final = 20  # rows and bad lines in a display


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds no reply.

    Attributes:
        line: Its number, from 1.
        message: What is wrong with it; never what stands in it.
    """

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class Bodies(Sequence[RawReply]):
    """The replies of a file, in its order.

    Attributes:
        problems: Lines that could not be read, one `BadLine` each; the others are here.
    """

    __slots__ = ("_replies", "problems")

    def __init__(self, replies: Iterable[RawReply] = (), problems: Iterable[BadLine] = ()) -> None:
        self._replies = tuple(replies)
        self.problems = tuple(problems)

    @overload
    def __getitem__(self, index: int) -> RawReply: ...
    @overload
    def __getitem__(self, index: slice) -> Bodies: ...
    def __getitem__(self, index: int | slice) -> RawReply | Bodies:
        if isinstance(index, slice):
            return Bodies(self._replies[index], self.problems)
        return self._replies[index]

    def __len__(self) -> int:
        return len(self._replies)

    def __iter__(self) -> Iterator[RawReply]:
        return iter(self._replies)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bodies):
            return NotImplemented
        return self._replies == other._replies and self.problems == other.problems

    __hash__ = None  # type: ignore[assignment]  # payloads are not hashable

    def __repr__(self) -> str:
        return f"Bodies({len(self)} replies, {len(self.problems)} bad lines)"

    def _repr_html_(self) -> str:
        rows = [
            (_text(reply.account or reply.account_key or "?"), reply.status, f"{reply.fetched_at:%Y-%m-%d %H:%M:%S %Z}")
            for reply in self._replies
        ]
        problems = [_text(str(problem)) for problem in self.problems[:SHOWN]]
        heads = ("account", "status", "fetched")
        return table(heads, rows, most=SHOWN) + bullets(problems, title="Lines that could not be read:")


def save_bodies(
    collection: Collection | Mapping[str, RawReply] | Iterable[RawReply],
    path: str | os.PathLike[str],
    *,
    redacted: bool = False,
) -> Path:
    """Write every reply of a collection to a file, one a line; error replies too. Returns the file's path.

    Kept are account, account key, status, headers, time and the JSON body; of a body that is no JSON its text.
    Token-shaped text and cookies are hidden always. The file appears whole or not at all; an existing one is replaced.

    Args:
        collection: A collection, a mapping of names to replies, or replies (stored bodies as well).
        path: The file, `*.jsonl` by custom.
        redacted: Also replace everything that is not known to be harmless by pseudonyms, the same ones throughout the
            file, account names (`account_1`) and keys (`login_1`) included; texts that are no JSON are left out.

    Raises:
        BodyError: The file cannot be written, or a body cannot be written as JSON. What was there stays as it was.
    """
    target = Path(path).expanduser()
    names = Pseudonyms() if redacted else None
    lines = [_line(reply, names) for reply in _replies(collection)]
    _write("".join(lines), target)
    return target


def load_bodies(path: str | os.PathLike[str]) -> Bodies:
    """Read a file that `save_bodies` wrote. Lines that cannot be read are named in `.problems`, the others kept.

    Raises:
        BodyError: There is no such file, or it cannot be read.
    """
    source = Path(path).expanduser()
    replies: list[RawReply] = []
    problems: list[BadLine] = []
    try:
        with source.open("rb") as file:
            for number, data in enumerate(file, 1):
                if not data.strip():
                    continue
                reply = _reply(data)
                if isinstance(reply, str):
                    problems.append(BadLine(number, reply))
                else:
                    replies.append(reply)
    except FileNotFoundError:
        raise BodyError(f"there is no file {str(source)!r}.", hint="Check the path.") from None
    except OSError as error:
        message = f"{str(source)!r} cannot be read: {error.strerror or 'unknown reason'}."
        raise BodyError(message, hint="Check the path and its permissions.") from None
    return Bodies(replies, problems)


# --- writing ---


def _replies(source: Any) -> Iterable[Any]:
    if isinstance(source, Collection):
        return source.replies.values()
    if isinstance(source, RawReply):
        return (source,)
    return source.values() if isinstance(source, Mapping) else source


def _line(reply: Any, names: Pseudonyms | None) -> str:
    headers = getattr(reply, "headers", None) or Headers()
    payload, body = reply.payload, getattr(reply, "body", b"")
    record = {
        "account": reply.account,
        "account_key": reply.account_key,
        "status": getattr(reply, "status", 200),
        "fetched_at": reply.fetched_at.astimezone(UTC).isoformat(),
        "headers": [list(pair) for pair in headers.pairs()],
        "payload": payload,
    }
    if names is not None:
        record["account"] = names.of(reply.account, "account") if reply.account else reply.account
        record["account_key"] = names.of(reply.account_key, "login") if reply.account_key else reply.account_key
        record["headers"] = [list(pair) for pair in redact_headers(headers, names=names).pairs()]
        record["payload"] = redact(payload, names=names)
    else:
        record["headers"] = [_hidden_header(name, value) for name, value in headers.pairs()]
        record["payload"] = hide_tokens_in(payload)
        if payload is None and body:
            record["text"] = hide_tokens(body.decode("utf-8", "replace"))
        if getattr(reply, "url", ""):
            record["url"] = hide_tokens(reply.url)
    if payload is None and body.strip() == b"null":
        record["text"] = "null"  # tells a body that is null from one that is no JSON
    try:
        return json.dumps(record, separators=(",", ":")) + "\n"
    except (TypeError, ValueError, RecursionError):
        # Without the cause: its frames hold the body.
        who = printable(str(record["account"]))
    raise BodyError(
        f"the body of {who} cannot be written as JSON.",
        hint="It holds something that no JSON has (an integer of thousands of digits, an object of Python's).",
    )


def _hidden_header(name: str, value: str) -> list[str]:
    ((shown, hidden),) = hide_tokens_in({name: value}).items()
    return [shown, hidden]


def _write(text: str, target: Path) -> None:
    try:
        with whole_file(target, "w") as file:
            file.write(text)
    except OSError as error:
        why = reason(error)
    else:
        return
    # Without the cause: its frames hold the bodies.
    raise BodyError(
        f"{str(target)!r} cannot be written: {why}.", hint="Check that the folder is there, and its permissions."
    )


# --- reading ---


def _reply(data: bytes) -> RawReply | str:
    """The reply of one line, or what is wrong with it."""
    record = _record(data)
    if isinstance(record, str):
        return record
    if not isinstance(record, dict) or "payload" not in record:
        return "no reply: expected an object with payload and fetched_at"
    moment = _moment(record.get("fetched_at"))
    if moment is None:
        return "no reply: fetched_at is no time with a zone, such as 2026-11-22T12:00:00+00:00"
    status, headers = record.get("status", 200), _headers(record.get("headers") or [])
    if type(status) is not int or headers is None:
        return "no reply: status is no whole number, or the headers are no pairs of texts"
    payload, text = record["payload"], record.get("text")
    body = text.encode() if isinstance(text, str) else b"" if payload is None else json.dumps(payload).encode()
    return RawReply(
        status=status,
        headers=headers,
        body=body,
        payload=payload,
        fetched_at=moment,
        account=_string(record.get("account")),
        account_key=_string(record.get("account_key")),
        url=_string(record.get("url")) or "",
    )


def _record(data: bytes) -> Any:
    """The line's JSON, or a text on what is wrong with it; a line that is a JSON text is no reply anyway."""
    try:
        record = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except json.JSONDecodeError as error:
        return f"no JSON: {error.msg.lower()} at column {error.colno}"
    except (ValueError, RecursionError):
        return "no JSON: nested too deeply, or a number of thousands of digits"
    return "no reply: expected an object" if isinstance(record, str) else record


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def _headers(value: Any) -> Headers | None:
    if not isinstance(value, list):
        return None
    pairs = [pair for pair in value if isinstance(pair, list) and list(map(type, pair)) == [str, str]]
    return Headers([(name, text) for name, text in pairs]) if len(pairs) == len(value) else None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _text(text: str) -> str:
    return printable(mask_identity(text))
