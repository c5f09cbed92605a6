"""The bytes of a body: decompressed while they stream, and never more of them than anybody needs."""

from __future__ import annotations

import codecs
import json
import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

from urllib3.response import ContentDecoder, DeflateDecoder, GzipDecoder, GzipDecoderState

from ..paths import DEEPEST, is_too_deep
from ..privacy import printable, rewrite

_MAX_NOTES: Final = 20
# A longer integer is no number anybody could mean: it does not even fit a float.
_MAX_DIGITS: Final = 308
_SURROGATE: Final = "[\ud800-\udfff]"  # as text: `re` compiles it at its first use, and it is rarely used
# UTF-32 first: its little-endian mark begins with the one of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_Place = tuple[Any, ...]
"""(outer place, key), () for the whole body."""
MAX_BYTES: Final = 5 * 1024 * 1024
# Of a body that is too large this much is kept, to see what it was.
_KEPT_BYTES: Final = 64 * 1024
_STEP: Final = 64 * 1024
_DECODERS: Final[dict[str, type[ContentDecoder]]] = {
    "gzip": GzipDecoder,
    "x-gzip": GzipDecoder,
    "deflate": DeflateDecoder,
}


class Parsed(NamedTuple):
    """What a body says.

    Attributes:
        payload: The JSON value, or None when it is none.
        data: The body as it may be kept: its own bytes where they are UTF-8 and hold nothing that was hidden in the
            payload, else written anew.
        notes: What was odd about it, in words.
        problem: Why there is no JSON value, or None.
    """

    payload: Any
    data: bytes
    notes: tuple[str, ...] = ()
    problem: str | None = None


class _Unknown:
    """Stands where the body has a number that is none, until its place is known."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what


def parse_body(data: bytes, hide: Callable[[str], str]) -> Parsed:
    """Read a body as JSON.

    Bytes that are not valid in the body's encoding (UTF-8, or what its byte order mark says) are replaced. NaN,
    Infinity, numbers beyond a float's range and integers of more than 308 digits become null. Each with a note.

    Args:
        data: The whole body.
        hide: Hides secrets in one string; it is applied to every string and key after unescaping.
    """
    text, notes = _decode(data)
    if any(data.startswith(mark) for mark, name in _MARKS if name != "utf-8-sig"):
        data = text.encode("utf-8", "replace")
    if not text.strip():
        return Parsed(None, data, tuple(notes), "empty")
    if is_too_deep(text):
        return Parsed(None, data, tuple(notes), f"nested deeper than {DEEPEST}")
    doubles: list[str] = []
    try:
        payload = _loads(text, doubles)
    except RecursionError:
        return Parsed(None, data, tuple(notes), f"nested deeper than {DEEPEST}")
    except ValueError:
        problem = "an HTML page" if text.lstrip()[:1] == "<" else "no JSON"
        return Parsed(None, data, tuple(notes), problem)
    notes += doubles
    cleaner = _Cleaner(hide)
    payload = rewrite(payload, cleaner)
    notes += cleaner.notes
    if cleaner.hidden:
        # The server wrote the secret with escapes: only writing the body anew is sure to leave it out.
        data = json.dumps(payload, ensure_ascii=False).encode()
        notes.append("the body was written anew, because it held the token behind escapes")
    if len(notes) > _MAX_NOTES:
        notes[_MAX_NOTES:] = [f"and {len(notes) - _MAX_NOTES} more oddities"]
    return Parsed(payload, data, tuple(notes))


def _decode(data: bytes) -> tuple[str, list[str]]:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    notes = [] if encoding.startswith("utf-8") else [f"the body came as {encoding.upper()} and is kept as UTF-8"]
    try:
        return data.decode(encoding), notes
    except UnicodeDecodeError:
        name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        return data.decode(encoding, "replace"), [*notes, f"not {name}: bytes that cannot be read were replaced"]


def _loads(text: str, doubles: list[str]) -> Any:
    def integer(literal: str) -> int | _Unknown:
        if len(literal) > _MAX_DIGITS:
            return _Unknown(f"an integer of {len(literal.lstrip('-'))} digits")
        return int(literal)

    def fraction(literal: str) -> float | _Unknown:
        number = float(literal)
        return number if math.isfinite(number) else _Unknown("a number out of range")

    def fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs) and not doubles:
            doubles.append("a key stands twice in one object: the last value counts")
        return found

    return json.loads(
        text,
        parse_int=integer,
        parse_float=fraction,
        parse_constant=_Unknown,
        object_pairs_hook=fields,
        strict=False,  # a bare control character in a string costs nobody the other fields
    )


class _Cleaner:
    """The policy for what comes from the wire: unknown numbers become None, half surrogates U+FFFD, secrets `***`."""

    top: _Place = ()

    def __init__(self, hide: Callable[[str], str]) -> None:
        self._hide = hide
        self.notes: list[str] = []
        self.hidden = False

    def inside(self, place: _Place, key: str | int) -> _Place:
        return (place, key)

    def key(self, place: _Place, key: str) -> str:
        return self._string(key, place)

    def leaf(self, place: _Place, value: Any) -> Any:
        if isinstance(value, str):
            return self._string(value, place)
        if isinstance(value, _Unknown):
            self._note(f"{value.what} became null", place)
            return None
        return value

    def _string(self, text: str, place: _Place) -> str:
        if text.isascii():
            clean = text
        else:
            clean = re.sub(_SURROGATE, "\ufffd", text)
            if clean != text:
                self._note("half a surrogate pair was replaced", place)
        hidden = self._hide(clean)
        self.hidden = self.hidden or hidden != clean
        return hidden

    def _note(self, what: str, place: _Place) -> None:
        note = f"{what} @ {_path(place)}"
        if note not in self.notes:
            self.notes.append(note)


def _path(place: _Place) -> str:
    """The JSON path of a place."""
    steps: list[str] = []
    while place:
        place, key = place
        steps.append(f"[{key}]" if isinstance(key, int) else f".{printable(re.sub(_SURROGATE, '?', key))[:60]}")
    return "$" + "".join(reversed(steps))[:200]


class Body(NamedTuple):
    """What was read.

    Attributes:
        data: The bytes after decompression; when there is a problem, as far as they could be read.
        problem: Why this is not the whole body, or None.
    """

    data: bytes
    problem: str | None = None


def read_body(chunks: Iterable[bytes], content_encoding: str) -> Body:
    """Read a streamed body to its end, or to 5 MiB (counted before and after decompression).

    Args:
        chunks: The bytes as they come from the wire, still compressed.
        content_encoding: The header of that name; gzip and deflate are what we ask for.
    """
    codings = [name for item in content_encoding.lower().split(",") if (name := item.strip()) not in {"", "identity"}]
    if len(codings) > 1 or not _DECODERS.keys() >= set(codings):
        return Body(b"", "in a compression we did not ask for")
    decoder = _DECODERS[codings[0]]() if codings else None
    data = bytearray()
    sent = 0
    try:
        for chunk in chain(chunks, (None,)):
            sent += len(chunk or b"")  # empty gzip members could go on for ever
            for piece in _decoded(decoder, chunk):
                data += piece
                if max(sent, len(data)) > MAX_BYTES:
                    return Body(bytes(data[:_KEPT_BYTES]), "larger than 5 MiB")
    except zlib.error:
        return Body(bytes(data), "compressed, and cannot be decompressed")
    whole = decoder is None or not sent or _ended(decoder)
    return Body(bytes(data), None if whole else "compressed, and cut off in the middle")


def _decoded(decoder: ContentDecoder | None, chunk: bytes | None) -> Iterator[bytes]:
    """What a chunk stands for, in pieces of at most a step: a few bytes that mean gigabytes are noticed early.

    None is the end of the chunks: what the decoder has taken in may still wait for room in the last piece.
    """
    if decoder is None:
        yield chunk or b""
    elif chunk is None:
        yield decoder.flush()
    else:
        yield decoder.decompress(chunk, max_length=_STEP)
        while decoder.has_unconsumed_tail:
            yield decoder.decompress(b"", max_length=_STEP)


def _ended(decoder: ContentDecoder) -> bool:
    """Whether the compressed stream came to its end, padding behind it or not.

    urllib3 does not tell, so this looks inside; where a later release has it otherwise, a body that was cut off is
    found out by its JSON alone.
    """
    padded = getattr(decoder, "_state", None) == GzipDecoderState.SWALLOW_DATA
    return padded or bool(getattr(getattr(decoder, "_obj", None), "eof", True))
