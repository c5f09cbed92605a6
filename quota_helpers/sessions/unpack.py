"""A compressed log as a stream of its text: within bounds, so that no file can fill the memory or the day."""

from __future__ import annotations

import sys
from typing import BinaryIO, Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WINDOW_LOG: Final = 26
"""A frame that needs more than 64 MB to look back on is refused; Codex's own need 2 MB."""

FREE_BYTES: Final = 64 << 20
MOST_RATIO: Final = 200
"""Text shrinks to a fifth or a twentieth. What grows further than this, beyond `FREE_BYTES`, is no log."""


class PackedLog:
    """Reads the text of a `.zst` log.

    Raises:
        ValueError: On reading: it is torn, no Zstandard, or grows out of all proportion. The message says which.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._stream = zstd.ZstdFile(file, options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG})
        self._left = max(FREE_BYTES, MOST_RATIO * size)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer as far as possible; 0 at the end."""
        try:
            got = self._stream.readinto(buffer)
        except EOFError:
            raise ValueError("it ends in the middle of its compressed text") from None
        except zstd.ZstdError:
            raise ValueError("it is no Zstandard, or damaged") from None
        self._left -= got
        if self._left < 0:
            raise ValueError("its text is out of all proportion to its size")
        return got
