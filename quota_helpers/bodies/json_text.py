"""JSON as people paste it: several values in a row, in a code fence, or as a literal of Python or JavaScript.

What cannot be read is a `BodyError` with its place; `handover` raises it anew, so that no frame of a traceback holds
the text that was read.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from json import JSONDecodeError
from typing import Any, Final

from ..errors import BodyError
from ..fields.catalogue import catalogue
from ..models.reply import LARGEST_BODY
from ..paths import DEEPEST, is_too_deep
from ..privacy import HIDDEN, printable

SHOWN_BEFORE, SHOWN_AFTER = 60, 30
_MOST_DIGITS: Final = 4_300  # beyond it Python refuses to convert, and no quota is meant

_FAST: Final = json.JSONDecoder(strict=False)
_PATIENT: Final = json.JSONDecoder(
    parse_int=lambda literal: int(literal) if len(literal) <= _MOST_DIGITS else float(literal), strict=False
)
_FENCE: Final = re.compile(r"\A(\s*)```[A-Za-z]*[ \t]*(?=\r?\n)|```\s*\Z")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_WORD: Final = re.compile(r"[^\W_](?:[\w.+-]*\w)?|_+\w*|[^\x00-\x7f]+")
_NUMBER: Final = re.compile(r"\d{1,6}(?:\.\d{1,6})?")
_LITERALS: Final = frozenset({"true", "false", "null", "True", "False", "None", "NaN", "Infinity"})

# The tokens of a literal. Possessive where a text that does not end must not be tried again from every character.
_TOKEN: Final = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/|\#[^\n]*)"
    r"|(?P<json>\"(?:[^\"\\\n]|\\.)*+\"|-?\d[\d.]*(?:[eE][+-]?\d+)?|[{}\[\]:,])"
    r"|(?P<quoted>'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\$]|\\.)*+`)"
    r"|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<tuple>[()])"
    r"|(?P<foreign>.)"
)
_NAMED: Final = re.compile(r"\A\s*(?:(?:const|let|var)\s+)?[A-Za-z_$][\w$.]*\s*=(?!=)|;\s*\Z")
_WORDS: Final = {"True": "true", "False": "false", "None": "null", "undefined": "null", "(": "[", ")": "]"}


def values_of(text: str, where: str) -> list[Any]:
    r"""Every JSON value of a text.

    >>> values_of('{"used": 1}\n{"used": 2}', "the text")
    [{'used': 1}, {'used': 2}]
    >>> values_of("{'used': None, 'limits': (1, 2),}", "the text")
    [{'used': None, 'limits': [1, 2]}]

    Args:
        text: The text.
        where: What it is called in an error.
    """
    # What a fence or a byte order mark took up stays as spaces, so that lines and columns are the text's own.
    text = _FENCE.sub(_blank, text.replace("\ufeff", " ", 1))
    if is_too_deep(text):
        raise too_deep(where)
    try:
        return _decoded(text, where)
    except BodyError:
        plain = _as_json(text) if len(text) <= LARGEST_BODY else None
        if plain is None or is_too_deep(plain):
            raise
        with contextlib.suppress(BodyError):
            return _decoded(plain, where)
        raise


def value_at_start(text: str, at: int, where: str) -> tuple[Any, int]:
    """The JSON value that begins at a place, and where it ends."""
    try:
        value, end = _raw(text, at)
    except JSONDecodeError as error:
        raise no_json(text, error.pos, error.msg, where) from None
    except RecursionError:
        raise too_deep(where) from None
    if end - at > LARGEST_BODY:
        raise too_large(where, text.count("\n", 0, at) + 1)
    return value, end


def too_deep(where: str) -> BodyError:
    """The error for a text of more levels than anything a server means."""
    return BodyError(
        f"{where} is nested deeper than {DEEPEST} levels.",
        hint="Such a body is no usage body; look at the reply's bytes instead.",
    )


def too_large(where: str, line: int) -> BodyError:
    """The error for a body of more bytes than anything a server means."""
    return BodyError(
        f"a body in {where} is larger than {LARGEST_BODY >> 20} MiB, at line {line}.",
        hint="Such a body is no usage body.",
        line=line,
    )


def no_json(text: str, position: int, problem: str, where: str) -> BodyError:
    """The error for text that is no JSON, with its place; the JSON module's own error would carry the whole text."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text.count("\n", 0, position) + 1
    column = position - start + 1
    before = _structure(text[start:position])[-SHOWN_BEFORE:]
    after = _structure(text[position : len(text) if end < 0 else end])[:SHOWN_AFTER]
    empty = not text.strip()
    what = "is empty" if empty else f"is no JSON at line {line}, column {column}: {problem.lower()}"
    return BodyError(
        f"{where} {what}.",
        line=line,
        column=column,
        place="" if empty else f"  {before}{after}\n  {' ' * len(before)}^",
    )


def end_of_space(text: str, at: int) -> int:
    """The first place from *at* on that is no white space."""
    match = _SPACE.match(text, at)
    return match.end() if match is not None else at


def _decoded(text: str, where: str) -> list[Any]:
    values: list[Any] = []
    at = end_of_space(text, 0)
    while at < len(text) or not values:
        value, end = value_at_start(text, at, where)
        values.append(value)
        at = end_of_space(text, end)
    return values


def _raw(text: str, at: int) -> tuple[Any, int]:
    try:
        return _FAST.raw_decode(text, at)
    except JSONDecodeError:
        raise
    except ValueError:  # an integer of thousands of digits
        return _PATIENT.raw_decode(text, at)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\r\n]", " ", match.group())


# --- literals of Python and JavaScript ---


def _as_json(text: str) -> str | None:
    """The same value as JSON; None where a token is neither language's."""
    parts: list[str] = []
    for token in _TOKEN.finditer(_NAMED.sub(_blank, text)):
        if token.lastgroup == "space":
            continue
        part = _quoted(token.group()) if token.lastgroup == "quoted" else _WORDS.get(token.group(), token.group())
        if part is None or token.lastgroup == "foreign":
            return None
        if part in {"]", "}"} and parts[-1:] == [","] and not {*parts[-2:-1]} & {"[", "{", ","}:
            parts.pop()
        if part == ":" and parts and re.match(r"[A-Za-z_$]", parts[-1]):
            parts[-1] = json.dumps(parts[-1])
        parts.append(part)
    return " ".join(parts)


def _quoted(part: str) -> str | None:
    try:
        # Both languages write the escapes that Python knows; a new line within back quotes is one in Python, too.
        text = ast.literal_eval(part if part[0] == "'" else '"""' + part[1:-1].replace('"', '\\"') + '"""')
    except (SyntaxError, ValueError):
        return None
    return json.dumps(text)


# --- what may be shown of a place ---


def _structure(text: str) -> str:
    """The text with every word hidden that is no known field, no known plan or the like, and no short number.

    A place is shown to find an error by, and an error can stand in the middle of a token, where nothing looks like one.
    """
    return printable(_WORD.sub(lambda match: match.group() if _is_plain(match.group()) else HIDDEN, text))


def _is_plain(word: str) -> bool:
    book = catalogue()
    return (
        word in _LITERALS
        or _NUMBER.fullmatch(word) is not None
        or book.is_known_name(word)
        or any(word in book.sets[name] for name in book.closed)
    )
