"""From bytes to text to a JSON object, with a problem instead of an exception.

`JSONDecodeError.doc` and `UnicodeDecodeError.object` hold the whole file, so neither leaves this module.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from ..errors import AuthError, AuthFileInvalidError, TokenMissingError
from ..privacy import printable

MAX_BYTES: Final = 1024 * 1024
"""Login files are a few kilobytes; whatever is larger than this is none."""
_MAX_DIGITS: Final = 400  # more than any float holds; Python refuses to convert 4,301 and more
_TRY_AGAIN: Final = "Codex may be rewriting it just now: try again. If it stays so, sign in again with: codex login"
_KINDS: Final = {list: "a list", str: "a text", bool: "a true/false value", type(None): "null"}


class Problem(NamedTuple):
    """One thing that is wrong with a login file, or with one login in it."""

    kind: type[AuthError]  # class of the error it becomes
    what: str  # the rest of the sentence that begins with the file's path, without a full stop. Never content
    hint: str | None = None  # what to do next, or None for the class's own hint
    torn: bool = False  # the file may be in the middle of being rewritten: worth reading again
    no_login: bool = False  # the file is well-formed, but nothing in it looks like a login

    def error(self, place: str, account: str | None) -> AuthError:
        """The error to raise or to keep, made for *place* (the subject of the sentence)."""
        return self.kind(f"{printable(place)} {self.what}.", account=account, hint=self.hint)


SWITCHED_OFF: Final = Problem(
    TokenMissingError,
    "is not used: it is switched off in the file (enabled: false)",
    "Switch it on in the tool that wrote the file.",
)
"""A login that the file itself says not to use: passed over, unless somebody asked for exactly this one."""


def kind_of(value: object) -> str:
    """What a JSON value is, in words, without the value."""
    return "an object" if isinstance(value, dict) else _KINDS.get(type(value), "a number")


def too_large() -> Problem:
    """The problem of a file or a text beyond `MAX_BYTES`."""
    return Problem(AuthFileInvalidError, f"is too large for a login file (more than {MAX_BYTES:,} bytes)")


def decode_bytes(raw: bytes) -> str | Problem:
    """The text of a file in UTF-8, with or without a byte order mark."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = error.start
    # A file that ends in the middle of a character is as torn as one that ends in the middle of a string.
    return Problem(
        AuthFileInvalidError,
        f"is not UTF-8 (byte {position + 1})",
        "Save it as UTF-8 (Windows PowerShell's > writes UTF-16), or sign in again with: codex login",
        torn=True,
    )


def decode_document(text: str) -> dict[str, Any] | list[Any] | Problem:
    """The JSON object that the text holds, or a list of objects."""
    if len(text) > MAX_BYTES:
        return too_large()
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return Problem(AuthFileInvalidError, "is empty", _TRY_AGAIN, torn=True)
    try:
        document = json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= _MAX_DIGITS else None)
    except json.JSONDecodeError as error:
        line, column = error.lineno, error.colno
    except RecursionError:
        return Problem(AuthFileInvalidError, "is nested too deeply for a login file")
    else:
        if isinstance(document, dict) or (isinstance(document, list) and any(isinstance(x, dict) for x in document)):
            return document
        return Problem(AuthFileInvalidError, f"holds {kind_of(document)}, but a login file is a JSON object")
    return Problem(AuthFileInvalidError, f"is not JSON (line {line}, column {column})", _TRY_AGAIN, torn=True)
