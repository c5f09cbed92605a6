"""Bodies from wherever people have them: a collection, replies, payloads, the history, a file or folder, a paste."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from ..errors import BodyError
from ..fields.catalogue import catalogue
from ..labels import numbered
from ..models import Headers, RawReply, UsageSnapshot
from ..outcomes import Collection
from ..privacy import hide_tokens, hide_tokens_in, printable
from .envelopes import is_transcript, is_wrapped, replies_in, replies_of_transcript, reply_of
from .json_text import values_of

Found = TypeVar("Found")

BodySource = Any
"""What every function for raw bodies takes: a collection, replies, a history, payloads, a mapping of names to any of
them, what `read_bodies` or `load_bodies` gave, a `Path` of a file or folder, or text (a path, or the body itself)."""

SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".har")
LONGEST_PATH: Final = 160
LARGEST_FILE: Final = 512 * 2**20
WANTED: Final = (
    "Give a collection, a reply, history.bodies(), a payload, text, a path, or several of them in a list or by name."
)
_SCALAR: Final = re.compile(r"\s*(?:null|true|false|-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?)\s*")


def bodies_of(source: BodySource) -> tuple[RawReply, ...]:
    """Many bodies, each with a name of its own: the account, with its time where an account comes more than once.

    Replies whose body is no JSON are left out. A dict is one body when any of its keys is the name of a usage field or
    any of its values is no object, array or reply; else it is a mapping of names to bodies.

    >>> [body.name for body in bodies_of({"work": {"plan_type": "plus"}, "home": {"plan_type": "pro"}})]
    ['work', 'home']

    Raises:
        BodyError: It is no such thing, or a text or file in it cannot be read; the message says what is wanted.
    """
    return _told(_bodies, source)


def body_of(source: BodySource) -> RawReply:
    """One body: a payload (a dict or list as it is), or anything that holds exactly one.

    >>> body_of('{"plan_type": "plus"}').payload
    {'plan_type': 'plus'}

    Raises:
        BodyError: It holds none or several, or cannot be read.
    """
    found = _told(_alone, source)
    if len(found) != 1:
        hint = "Choose one of them, such as read_bodies(...)[0], or collection.replies[name]." if found else WANTED
        raise BodyError(f"expected one body, found {len(found) or 'none'}.", hint=hint)
    return found[0]


def read_bodies(source: BodySource) -> tuple[RawReply, ...]:
    r"""Bodies from pasted text, a file or a folder (and from all else that the raw functions take).

    Read are JSON, one value or several one after the other; literals of Python and JavaScript; `curl -i` output, also
    of several requests; HAR files (one body for each usage request); what `save_bodies` and `--raw-json` wrote;
    response headers as name -> list; and the readings that CodexBar and ccpace keep. What says whose it is, when it
    was sent, or with which status, comes with these. A folder gives every file of JSON in it, by name, without the
    `*.expected.json` beside test cases. Token-shaped text is hidden.

    >>> [body.payload for body in read_bodies("{'used': 1}\n{'used': 2}")]
    [{'used': 1}, {'used': 2}]

    Args:
        source: As for `find_drift`, `compare_fields` and all the others. A str is text when it begins with a bracket,
            a brace, a quote or a code fence, has several lines, or when it holds a brace or is a number or `null`,
            `true`, `false` and no file of that name is there; else it is a path.

    Raises:
        BodyError: Bad JSON (with line, column and the place), no such file, not UTF-8, nested deeper than 500 levels,
            a body of more than 5 MiB.
    """
    given = [source]
    del source  # a traceback that shows local variables must not show the text
    return _told(_bodies, given.pop())


def replies_of(source: BodySource) -> list[RawReply]:
    """The same as a list, in which a reply that is no JSON has its place; names may be alike."""
    return _told(_gathered, source)


def named(replies: Iterable[RawReply]) -> tuple[RawReply, ...]:
    """The replies, each with a name of its own."""
    found = list(replies)
    wanted = [reply.name or reply.account or reply.account_key or f"body {at}" for at, reply in enumerate(found, 1)]
    often = Counter(wanted)
    for at, reply in enumerate(found):
        if often[wanted[at]] > 1 and reply.fetched_at is not None:
            wanted[at] += f" {reply.fetched_at:%Y-%m-%d %H:%M:%S}"
    return tuple(replace(reply, name=name) for reply, name in zip(found, numbered(wanted), strict=True))


# --- what was handed over ---


def _told(work: Callable[[Any], Found], source: Any) -> Found:
    """What *work* makes of the source; its error is raised anew, for the frames that it came through hold the text."""
    try:
        return work(source)
    except BodyError as error:
        wrong = error.with_traceback(None)
    del source
    wrong.__context__ = None  # so does an error of the JSON module
    raise wrong


def _bodies(source: Any) -> tuple[RawReply, ...]:
    if source is None or isinstance(source, bool | int | float):
        raise _unfit(source)
    return named(reply for reply in _gathered(source) if reply.is_json)


def _alone(source: Any) -> list[RawReply]:
    """As `_gathered`, but a dict or a list of JSON is one body."""
    if isinstance(source, dict | Headers):
        return replies_in(dict(source), "the body")
    one = isinstance(source, list) and not any(isinstance(item, RawReply) for item in source)
    return [reply_of(source)] if one else _gathered(source)


def _gathered(source: Any) -> list[RawReply]:
    if isinstance(source, Collection):
        return [_clean(replace(reply, name=name, account=name)) for name, reply in source.replies.items()]
    if isinstance(source, Mapping):  # headers too
        return replies_in(dict(source), "the body") if _is_one_body(source) else _several(source.items())
    if isinstance(source, list | tuple | set | frozenset | Iterator) or _is_sequence_of_replies(source):
        return _several(("", item) for item in source)
    kept = getattr(source, "bodies", None)
    return _gathered(kept()) if callable(kept) else _one(source, "")


def _is_sequence_of_replies(source: Any) -> bool:
    """`Bodies`, a view of a mapping's values: iterable, and no text, reply, snapshot or table."""
    plain = isinstance(source, str | bytes | bytearray | Path | RawReply | UsageSnapshot)
    return not plain and isinstance(source, Iterable) and not hasattr(source, "columns")


def _several(items: Iterable[tuple[Any, Any]]) -> list[RawReply]:
    found: list[RawReply] = []
    for name, item in items:
        # Within a list a text that is no object and no array is a JSON string like any other.
        text = isinstance(item, str) and item.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}
        found += [reply_of(item, str(name))] if isinstance(item, str) and not text else _one(item, str(name))
    return found


def _one(source: Any, name: str) -> list[RawReply]:
    if isinstance(source, RawReply):
        return [_clean(replace(source, name=name or source.name))]
    if isinstance(source, str | Path | bytes | bytearray):
        return _read(source, name)
    if isinstance(source, dict):
        return replies_in(source, "the body", name)
    if source is None or isinstance(source, list | tuple | bool | int | float):
        return [reply_of(source, name)]
    raise _unfit(source)


def _unfit(source: Any) -> BodyError:
    if isinstance(source, UsageSnapshot):
        return BodyError("a snapshot is a reading and holds no raw body.", hint="Give collection.replies instead.")
    return BodyError(f"expected raw bodies, found {type(source).__name__}.", hint=WANTED)


def _clean(reply: RawReply) -> RawReply:
    return replace(reply, payload=hide_tokens_in(reply.payload)) if reply.payload is not None else reply


def _is_one_body(source: Mapping[Any, Any]) -> bool:
    if is_wrapped(source) or not all(isinstance(item, dict | list | Path | RawReply) for item in source.values()):
        return True
    root = catalogue().root
    return any(isinstance(key, str) and root.inside(key) is not None for key in source)


# --- text, files and folders ---


def _read(source: str | Path | bytes | bytearray, name: str) -> list[RawReply]:
    if isinstance(source, bytes | bytearray):
        return _from_bytes(bytes(source), name, "the data")
    if isinstance(source, str) and _is_text(source):
        return _from_text(source, name, "the text")
    return _from_path(Path(source).expanduser(), name)


def _is_text(source: str) -> bool:
    if not source.strip() or "\n" in source or source.lstrip("\ufeff \t\r")[0] in '{["`<':
        return True
    return ("{" in source or _SCALAR.fullmatch(source) is not None) and not Path(source[:LONGEST_PATH]).exists()


def _from_path(path: Path, name: str = "") -> list[RawReply]:
    try:
        if path.is_dir():
            return _from_folder(path)
        if path.stat().st_size > LARGEST_FILE:
            raise BodyError(f"{path} is larger than {LARGEST_FILE >> 20} MiB.", hint="Split it, one body a line.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise BodyError(
            f"there is no file or folder {_spelled(path)}.", hint="Check the path; pasted JSON begins with {."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        message = f"{_spelled(path)} cannot be read: {reason}."
        raise BodyError(message, hint="Check the path and its permissions.") from None
    return _from_bytes(data, name or path.stem, str(path))


def _from_folder(folder: Path) -> list[RawReply]:
    found: list[RawReply] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES and not path.name.endswith(".expected.json") and path.is_file():
            found += _from_path(path)
    if not found:
        raise BodyError(f"no *.json or *.jsonl in {_spelled(folder)}.", hint="Give the folder that holds the bodies.")
    return found


def _spelled(path: Path) -> str:
    # What was meant as text may have been taken for a path.
    text = printable(hide_tokens(str(path)))
    return repr(text if len(text) <= LONGEST_PATH else text[: LONGEST_PATH - 1] + "…")


def _from_bytes(data: bytes, name: str, where: str) -> list[RawReply]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        line = data.count(b"\n", 0, at) + 1
        column = at - data.rfind(b"\n", 0, at)
        message = f"{where} is not UTF-8, at line {line}, byte {column}."
        raise BodyError(message, hint="Save it as UTF-8.", line=line, column=column) from None
    return _from_text(text, name, where)


def _from_text(text: str, name: str, where: str) -> list[RawReply]:
    if is_transcript(text):
        found = replies_of_transcript(text.replace("\r\n", "\n"), where)
    else:
        found = [reply for value in values_of(text, where) for reply in replies_in(value, where)]
    if not name:
        return found
    single = len(found) == 1
    return [
        reply if reply.name else replace(reply, name=name if single else f"{name} {number}")
        for number, reply in enumerate(found, 1)
    ]
