"""The bytes of a body: decompressed while they stream, and never more of them than anybody needs."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

MAX_BYTES: Final = 5 * 1024 * 1024

# Of a body that is too large this much is kept, to see what it was.
_KEPT_BYTES: Final = 64 * 1024
_STEP: Final = 64 * 1024
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
_RAW_DEFLATE: Final = -zlib.MAX_WBITS


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
    if any(name not in {"gzip", "x-gzip", "deflate"} for name in codings) or len(codings) > 1:
        return Body(b"", "in a compression we did not ask for")
    pieces: list[bytes] = []
    size = 0
    measured = _measured(chunks)
    try:
        for piece in _inflated(measured, raw_too=codings == ["deflate"]) if codings else measured:
            size += len(piece)
            pieces.append(piece)
            if size > MAX_BYTES:
                return Body(b"".join(pieces)[:_KEPT_BYTES], "larger than 5 MiB")
    except _TooMuchError:
        return Body(b"".join(pieces)[:_KEPT_BYTES], "larger than 5 MiB")
    except EOFError:
        return Body(b"".join(pieces), "compressed, and cut off in the middle")
    except zlib.error:
        return Body(b"".join(pieces), "compressed, and cannot be decompressed")
    return Body(b"".join(pieces))


class _TooMuchError(Exception):
    """More bytes on the wire than any body of ours has."""


def _measured(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks, up to a little over the limit: empty gzip members could go on for ever."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        yield chunk
        if size > MAX_BYTES:
            raise _TooMuchError


def _inflated(chunks: Iterable[bytes], *, raw_too: bool) -> Iterator[bytes]:
    """Decompress in steps, so that a few bytes that stand for gigabytes are noticed early."""
    inflater = _Inflater(raw_too=raw_too)
    for chunk in chunks:
        yield from inflater.feed(chunk)
    inflater.finish()


class _Inflater:
    """Undoes gzip and deflate.

    "deflate" means zlib's format by the standard and the bare one by some servers' habit: `raw_too` tries both.
    """

    def __init__(self, *, raw_too: bool) -> None:
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._raw_too = raw_too
        self._head = b""  # what was fed before anything came out, to begin again with the other format
        self._begun = False
        self._over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The next bytes from the wire, as decompressed pieces of at most a step."""
        while data and not self._over:
            self._begun = True
            if self._zlib.eof:  # gzip allows several members; other bytes behind the last one are padding
                self._over = not data.startswith(b"\x1f")
                self._zlib = self._zlib if self._over else zlib.decompressobj(_GZIP_OR_ZLIB)
                continue
            piece = self._decompress(data)
            yield piece
            data = self._zlib.unconsumed_tail or self._zlib.unused_data
            while not data and len(piece) == _STEP:  # all input can be taken in while output still waits for room
                piece = self._zlib.decompress(b"", _STEP)
                yield piece

    def finish(self) -> None:
        """Say whether the end was reached (EOFError when not)."""
        if self._begun and not self._zlib.eof:
            raise EOFError

    def _decompress(self, data: bytes) -> bytes:
        try:
            piece = self._zlib.decompress(data, _STEP)
        except zlib.error:
            if not self._raw_too:
                raise
            self._zlib = zlib.decompressobj(_RAW_DEFLATE)
            piece = self._zlib.decompress(self._head + data, _STEP)
            self._raw_too = False
        if piece:
            self._raw_too = False
        elif self._raw_too:
            self._head += data
        return piece
