"""The bytes of a body: decompressed while they stream, and never more of them than anybody needs."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

from urllib3.response import ContentDecoder, DeflateDecoder, GzipDecoder, GzipDecoderState

from ..models.reply import LARGEST_BODY
from ..paths import DEEPEST, is_too_deep
from ..privacy import printable, rewrite

_MAX_NOTES: Final = 20
# A longer integer is no number anybody could mean: it does not even fit a float.
_MAX_DIGITS: Final = 308
_SURROGATE: Final = "[\ud800-\udfff]"  # as text: `re` compiles it at its first use, and it is rarely used
_Place = tuple[Any, ...]
"""(outer place, key), () for the whole body."""
# Of a body that is too large this much is kept, to see what it was.
_KEPT_BYTES: Final = 64 * 1024
_STEP: Final = 64 * 1024
_DECODERS: Final[dict[str, type[ContentDecoder]]] = {
    "gzip": GzipDecoder,
    "x-gzip": GzipDecoder,
    "deflate": DeflateDecoder,
}


class Parsed(NamedTuple):
    """What a body says."""

    payload: Any  # the JSON value, or None when it is none
    # its own bytes where they are UTF-8 and hold nothing that was hidden in the payload, else written anew
    data: bytes
    notes: tuple[str, ...] = ()  # what was odd about it, in words
    problem: str | None = None  # why there is no JSON value, or None


class _Unknown:
    """Stands where the body has a number that is none, until its place is known."""

    def __init__(self, what: str) -> None:
        self.what = what


def parse_body(data: bytes, hide: Callable[[str], str]) -> Parsed:
    """Read a whole body as JSON; *hide* hides secrets in one string, and is applied to each after unescaping.

    Bytes that are not UTF-8 are replaced. NaN, Infinity, numbers beyond a float's range and integers of more than 308
    digits become null. Each with a note.
    """
    notes: tuple[str, ...] = ()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, notes = data.decode("utf-8", "replace"), ("not UTF-8: bytes that cannot be read were replaced",)
    if not text.strip():
        return Parsed(None, data, notes, "empty")
    if is_too_deep(text):
        return Parsed(None, data, notes, f"nested deeper than {DEEPEST}")
    try:
        # A bare control character in a string costs nobody the other fields.
        payload = json.loads(text, parse_int=_integer, parse_float=_fraction, parse_constant=_Unknown, strict=False)
    except RecursionError:
        return Parsed(None, data, notes, f"nested deeper than {DEEPEST}")
    except ValueError:
        return Parsed(None, data, notes, "an HTML page" if text.lstrip()[:1] == "<" else "no JSON")
    cleaner = _Cleaner(hide)
    payload = rewrite(payload, cleaner)
    notes += tuple(cleaner.notes)
    if cleaner.hidden:
        # The server wrote the secret with escapes: only writing the body anew is sure to leave it out.
        data = json.dumps(payload, ensure_ascii=False).encode()
        notes += ("the body was written anew, because it held the token behind escapes",)
    if len(notes) > _MAX_NOTES:
        notes = (*notes[:_MAX_NOTES], f"and {len(notes) - _MAX_NOTES} more oddities")
    return Parsed(payload, data, notes)


def _integer(literal: str) -> int | _Unknown:
    digits = len(literal.lstrip("-"))
    return int(literal) if len(literal) <= _MAX_DIGITS else _Unknown(f"an integer of {digits} digits")


def _fraction(literal: str) -> float | _Unknown:
    number = float(literal)
    return number if math.isfinite(number) else _Unknown("a number out of range")


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


def read_body(chunks: Iterable[bytes], content_encoding: str) -> tuple[bytes, str | None]:
    """A streamed body, still compressed, read to its end or to 5 MiB (counted before and after decompression).

    Beside it stands why it is not whole, or None.
    """
    codings = [name for item in content_encoding.lower().split(",") if (name := item.strip()) not in {"", "identity"}]
    if len(codings) > 1 or not _DECODERS.keys() >= set(codings):
        return (b"", "in a compression we did not ask for")
    decoder = _DECODERS[codings[0]]() if codings else None
    data = bytearray()
    sent = 0
    try:
        for chunk in chain(chunks, (None,)):
            sent += len(chunk or b"")  # empty gzip members could go on for ever
            for piece in _decoded(decoder, chunk):
                data += piece
                if max(sent, len(data)) > LARGEST_BODY:
                    return (bytes(data[:_KEPT_BYTES]), "larger than 5 MiB")
    except zlib.error:
        return (bytes(data), "compressed, and cannot be decompressed")
    whole = decoder is None or not sent or _ended(decoder)
    return (bytes(data), None if whole else "compressed, and cut off in the middle")


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
