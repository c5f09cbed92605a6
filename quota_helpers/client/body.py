"""The bytes of a body: decompressed while they stream, and never more of them than anybody needs."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple, Protocol

from urllib3.response import DeflateDecoder, GzipDecoder, GzipDecoderState

MAX_BYTES: Final = 5 * 1024 * 1024

# Of a body that is too large this much is kept, to see what it was.
_KEPT_BYTES: Final = 64 * 1024
_STEP: Final = 64 * 1024


class _Decoder(Protocol):
    """What urllib3's decoders have in common."""

    @property
    def has_unconsumed_tail(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...
    def flush(self) -> bytes: ...


_DECODERS: Final[dict[str, type[_Decoder]]] = {"gzip": GzipDecoder, "x-gzip": GzipDecoder, "deflate": DeflateDecoder}


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


def _decoded(decoder: _Decoder | None, chunk: bytes | None) -> Iterator[bytes]:
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


def _ended(decoder: _Decoder) -> bool:
    """Whether the compressed stream came to its end, padding behind it or not.

    urllib3 does not tell, so this looks inside; where a later release has it otherwise, a body that was cut off is
    found out by its JSON alone.
    """
    padded = getattr(decoder, "_state", None) == GzipDecoderState.SWALLOW_DATA
    return padded or bool(getattr(getattr(decoder, "_obj", None), "eof", True))
