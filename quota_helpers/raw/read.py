"""Bodies from wherever people have them: a collection, a file, a folder, text pasted into a cell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from json import JSONDecodeError
from pathlib import Path
from typing import Any, Final

from ..errors import BodyError
from ..models import Headers
from ..nesting import DEEPEST, is_too_deep
from ..outcomes import Collection
from ..privacy import HIDDEN, hide_tokens, hide_tokens_in, printable
from .body import NULL, Body, bodies_of
from .catalogue import catalogue

SUFFIXES: Final = (".json", ".jsonl", ".ndjson")
LONGEST_PATH: Final = 160
LARGEST_FILE: Final = 512 * 2**20
SHOWN_BEFORE, SHOWN_AFTER = 60, 30
_MOST_DIGITS: Final = 4_300  # beyond it Python refuses to convert, and no quota is meant

_FAST: Final = json.JSONDecoder(strict=False)
_PATIENT: Final = json.JSONDecoder(
    parse_int=lambda literal: int(literal) if len(literal) <= _MOST_DIGITS else float(literal), strict=False
)
_FENCE: Final = re.compile(r"\A(\s*)```[A-Za-z]*[ \t]*(?=\r?\n)|```\s*\Z")
_SCALAR: Final = re.compile(r"\s*(?:null|true|false|-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?)\s*")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_WORD: Final = re.compile(r"[^\W_](?:[\w.+-]*\w)?|_+\w*|[^\x00-\x7f]+")
_NUMBER: Final = re.compile(r"\d{1,6}(?:\.\d{1,6})?")
_LITERALS: Final = frozenset({"true", "false", "null", "True", "False", "None", "NaN", "Infinity"})


def read_bodies(source: Any) -> tuple[Body, ...]:
    """Bodies from a collection, a file, a folder, or pasted text; token-shaped text in them is hidden.

    Text and files hold one JSON value, or several one after the other (JSONL among them). A JSON array of objects that
    each have a `payload` and a `fetched_at`, and lines written by `save_bodies`, come with account, time, status and
    headers; any other value is a body as it is. A folder gives every `*.json` and `*.jsonl` in it, by name, without
    the `*.expected.json` beside test cases.

    Args:
        source: A `Collection`, replies or a mapping of names to bodies; a `Path`; bytes; or a str, which is text when
            it begins with a bracket, a brace, a quote or a code fence, has several lines, or is a number or `null`,
            `true`, `false` and no file of that name is there; else a path.

    Raises:
        BodyError: Bad JSON (with line, column and the place), no such file, not UTF-8, nested deeper than 500 levels.
    """
    # Errors are values until here, so that no frame of a traceback holds the text that was read.
    outcome = _read(source)
    del source
    if isinstance(outcome, BodyError):
        raise outcome
    return bodies_of(outcome)


def _read(source: Any) -> list[Body] | tuple[Body, ...] | BodyError:
    if isinstance(source, Collection):
        return bodies_of(source)
    if isinstance(source, bytes | bytearray):
        return _from_bytes(bytes(source), "", "the data")
    if isinstance(source, str) and _is_text(source):
        return _from_text(source, "", "the text")
    if isinstance(source, str | Path):
        return _from_path(Path(source).expanduser())
    try:
        return bodies_of(source)
    except BodyError as error:
        return BodyError(error.message, hint=error.hint)


def _is_text(source: str) -> bool:
    if not source.strip() or "\n" in source or source.lstrip("\ufeff \t\r")[0] in '{["`<':
        return True
    return _SCALAR.fullmatch(source) is not None and not Path(source).exists()


def _from_path(path: Path) -> list[Body] | BodyError:
    try:
        if path.is_dir():
            return _from_folder(path)
        if path.stat().st_size > LARGEST_FILE:
            return BodyError(f"{path} is larger than {LARGEST_FILE >> 20} MiB.", hint="Split it, one body a line.")
        data = path.read_bytes()
    except FileNotFoundError:
        return BodyError(
            f"there is no file or folder {_named(path)}.", hint="Check the path; pasted JSON begins with {."
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        return BodyError(f"{_named(path)} cannot be read: {reason}.", hint="Check the path and its permissions.")
    return _from_bytes(data, path.stem, str(path))


def _from_folder(folder: Path) -> list[Body] | BodyError:
    found: list[Body] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.endswith(".expected.json") or not path.is_file():
            continue
        bodies = _from_path(path)
        if isinstance(bodies, BodyError):
            return bodies
        found += bodies
    return found or BodyError(
        f"no *.json or *.jsonl in {_named(folder)}.", hint="Give the folder that holds the bodies."
    )


def _named(path: Path) -> str:
    # What was meant as text may have been taken for a path.
    text = printable(hide_tokens(str(path)))
    return repr(text if len(text) <= LONGEST_PATH else text[: LONGEST_PATH - 1] + "…")


def _from_bytes(data: bytes, name: str, where: str) -> list[Body] | BodyError:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        line = data.count(b"\n", 0, at) + 1
        column = at - data.rfind(b"\n", 0, at)
        message = f"{where} is not UTF-8, at line {line}, byte {column}."
        return BodyError(message, hint="Save it as UTF-8.", line=line, column=column)
    return _from_text(text, name, where)


def _from_text(text: str, name: str, where: str) -> list[Body] | BodyError:
    values = _values(text, where)
    if isinstance(values, BodyError):
        return values
    items = [item for value in values for item in _unpacked(value) if not _is_kept_text(item)]
    single = len(items) == 1
    return [_body(hide_tokens_in(item), name if single or not name else f"{name} {number}")
            for number, item in enumerate(items, 1)]  # fmt: skip


def _unpacked(value: Any) -> Iterator[Any]:
    """A list of kept bodies is several bodies; any other list is one odd body."""
    if isinstance(value, list) and value and all(map(_is_kept, value)):
        yield from value
    else:
        yield value


def _is_kept(value: Any) -> bool:
    return isinstance(value, dict) and "payload" in value and isinstance(value.get("fetched_at"), str)


def _is_kept_text(value: Any) -> bool:
    """Whether it is a kept reply without a JSON body, which `bodies_of` leaves out, too."""
    return _is_kept(value) and value["payload"] is None and value.get("text") != NULL.decode()


def _body(value: Any, name: str) -> Body:
    if not _is_kept(value):
        return Body(name=name, payload=value)
    try:
        moment = datetime.fromisoformat(value["fetched_at"])
    except ValueError:
        return Body(name=name, payload=value)
    headers = value.get("headers") or ()
    status, account, key = value.get("status"), value.get("account"), value.get("account_key")
    account = account if isinstance(account, str) else None
    return Body(
        name=account or name,
        payload=value["payload"],
        account=account,
        account_key=key if isinstance(key, str) else None,
        fetched_at=(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC),
        status=status if type(status) is int else None,
        headers=Headers(headers if isinstance(headers, dict) else [tuple(pair) for pair in headers if _is_pair(pair)]),
    )


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)  # noqa: PLR2004


# --- from text to JSON ---


def _values(text: str, where: str) -> list[Any] | BodyError:
    """Every JSON value of the text, one after the other."""
    # What a fence or a byte order mark took up stays as spaces, so that lines and columns are the text's own.
    text = _FENCE.sub(lambda match: re.sub(r"[^\r\n]", " ", match.group()), text.replace("\ufeff", " ", 1))
    if is_too_deep(text):
        return BodyError(
            f"{where} is nested deeper than {DEEPEST} levels.",
            hint="Such a body is no usage body; look at the reply's bytes instead.",
        )
    values: list[Any] = []
    at = _end_of_space(text, 0)
    while at < len(text) or not values:
        try:
            value, end = _decoded(text, at)
        except JSONDecodeError as error:
            return _bad(text, error.pos, error.msg, where)
        except RecursionError:
            return BodyError(f"{where} is nested too deeply for this Python.", hint="Give a body of fewer levels.")
        values.append(value)
        at = _end_of_space(text, end)
    return values


def _decoded(text: str, at: int) -> tuple[Any, int]:
    try:
        return _FAST.raw_decode(text, at)
    except JSONDecodeError:
        raise
    except ValueError:  # an integer of thousands of digits
        return _PATIENT.raw_decode(text, at)


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match is not None else at


def _bad(text: str, position: int, problem: str, where: str) -> BodyError:
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
