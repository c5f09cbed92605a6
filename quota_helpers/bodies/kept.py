"""Raw bodies to and from a file: one reply a line (JSONL), tokens hidden, identities replaced on request."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, SupportsIndex, overload

from ..errors import BodyError
from ..files import reason, whole_file
from ..html import bullets, table
from ..labels import of_kind
from ..models import RawReply
from ..privacy import hide_in_headers, hide_tokens, hide_tokens_in, mask_identity, printable
from .envelopes import kept_reply
from .handover import BodySource, replies_of
from .json_text import value_at_start
from .redact import Pseudonyms, redact_headers
from .redact import redacted as redacted_payload

SHOWN: Final = 20  # rows and bad lines in a display


class BadLine(NamedTuple):
    """A line that holds no reply: its number, from 1, and what is wrong with it; never what stands in it."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class Bodies(tuple[RawReply, ...]):  # noqa: SLOT001  # a tuple with an attribute has no slots
    """The replies of a file, in its order.

    Attributes:
        problems: Lines that could not be read, one `BadLine` each; the others are here.
    """

    problems: tuple[BadLine, ...]

    def __new__(cls, replies: Iterable[RawReply] = (), problems: Iterable[BadLine] = ()) -> Self:
        """Keep both."""
        made = super().__new__(cls, replies)
        made.problems = tuple(problems)
        return made

    @overload
    def __getitem__(self, index: SupportsIndex) -> RawReply: ...
    @overload
    def __getitem__(self, index: slice) -> Bodies: ...
    def __getitem__(self, index: SupportsIndex | slice) -> RawReply | Bodies:
        found = super().__getitem__(index)
        return Bodies(found, self.problems) if isinstance(found, tuple) else found

    def __repr__(self) -> str:
        return f"Bodies({len(self)} replies, {len(self.problems)} bad lines)"

    def _repr_html_(self) -> str:
        rows = [
            (_text(reply.account or reply.account_key or "?"), reply.status, f"{reply.fetched_at:%Y-%m-%d %H:%M:%S %Z}")
            for reply in self
        ]
        problems = [_text(str(problem)) for problem in self.problems[:SHOWN]]
        heads = ("account", "status", "fetched")
        return table(heads, rows, most=SHOWN) + bullets(problems, title="Lines that could not be read:")


def save_bodies(
    bodies: BodySource,
    path: str | os.PathLike[str],
    *,
    redacted: bool = False,
) -> Path:
    """Write every reply of a collection to a file, one a line; error replies too. Returns the file's path.

    Kept are account, account key, status, headers, time and the JSON body; of a body that is no JSON its text.
    Token-shaped text and cookies are hidden always, and numbers that JSON does not have are null. The file appears
    whole or not at all; an existing one is replaced.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_bodies(save_bodies({"work": {"plan_type": "plus"}}, f"{folder}/bodies.jsonl"))[0].payload
    {'plan_type': 'plus'}

    Args:
        bodies: A collection, replies, stored bodies, or whatever else `read_bodies` takes.
        path: The file, `*.jsonl` by custom.
        redacted: Also replace everything that is not known to be harmless by pseudonyms, the same ones throughout the
            file, account names (`account_1`) and keys (`login_1`) included; texts that are no JSON are left out.

    Raises:
        BodyError: The file cannot be written, or a body cannot be written as JSON. What was there stays as it was.
    """
    target = Path(path).expanduser()
    names = Pseudonyms() if redacted else None
    lines = [_line(reply, names) for reply in replies_of(bodies)]
    try:
        with whole_file(target, "w") as file:
            file.writelines(lines)
    except OSError as error:
        why = reason(error)
    else:
        return target
    # Without the cause: its frames hold the bodies.
    raise BodyError(
        f"{str(target)!r} cannot be written: {why}.", hint="Check that the folder is there, and its permissions."
    )


def load_bodies(path: str | os.PathLike[str]) -> Bodies:
    """Read a file that `save_bodies` wrote. Lines that cannot be read are named in `.problems`, the others kept.

    See `save_bodies` for an example; `read_bodies` reads any file, and none of it when a part is wrong.

    Raises:
        BodyError: There is no such file, or it cannot be read.
        TypeError: It is no path.

    >>> import tempfile
    >>> path = save_bodies({"plan_type": "plus"}, Path(tempfile.mkdtemp()) / "bodies.jsonl")
    >>> load_bodies(path)[0].payload
    {'plan_type': 'plus'}
    """
    of_kind(path, (str, os.PathLike), "path", "the path of a file that save_bodies wrote")
    source = Path(path).expanduser()
    try:
        with source.open("rb") as file:
            found = [(number, _reply(data)) for number, data in enumerate(file, 1) if data.strip()]
    except FileNotFoundError:
        raise BodyError(f"there is no file {str(source)!r}.", hint="Check the path.") from None
    except OSError as error:
        message = f"{str(source)!r} cannot be read: {reason(error)}."
        raise BodyError(message, hint="Check the path and its permissions.") from None
    return Bodies(
        (reply for _, reply in found if isinstance(reply, RawReply)),
        (BadLine(number, wrong) for number, wrong in found if isinstance(wrong, str)),
    )


# --- writing ---


def _line(reply: RawReply, names: Pseudonyms | None) -> str:
    record: dict[str, Any] = {
        "account": reply.account,
        "account_key": reply.account_key,
        "status": reply.status,
        "fetched_at": reply.fetched_at.astimezone(UTC).isoformat() if reply.fetched_at is not None else None,
    }
    if names is not None:
        record["account"] = names.of(reply.account, "account") if reply.account else reply.account
        record["account_key"] = names.of(reply.account_key, "login") if reply.account_key else reply.account_key
        record["headers"] = redact_headers(reply.headers, names=names).pairs()
        record["payload"] = redacted_payload(reply.payload, names)
    else:
        record["headers"] = hide_in_headers(reply.headers.pairs())
        record["payload"] = hide_tokens_in(reply.payload, writable=True)
        if not reply.is_json and reply.body:
            record["text"] = hide_tokens(reply.text)
        if reply.url:
            record["url"] = hide_tokens(reply.url)
    if reply.payload is None and reply.is_json:
        record["text"] = "null"  # tells a body that is null from one that is no JSON
    try:
        return json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError):
        # Without the cause: its frames hold the body.
        who = printable(str(record["account"]))
    raise BodyError(
        f"the body of {who} cannot be written as JSON.",
        hint="It holds something that no JSON has (an object of Python's).",
    )


# --- reading ---


def _reply(data: bytes) -> RawReply | str:
    """The reply of one line, or what is wrong with it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "not UTF-8"
    if not text.lstrip().startswith("{"):
        return "no JSON object"
    try:
        record, end = value_at_start(text, 0, "the line")
    except BodyError as error:
        return f"no JSON at column {error.column}" if error.column else "no JSON: nested too deeply, or too large"
    if text[end:].strip() or "payload" not in record or "fetched_at" not in record:
        return "no reply: expected one object with payload and fetched_at"
    return kept_reply(record)


def _text(text: str) -> str:
    return printable(mask_identity(text))
