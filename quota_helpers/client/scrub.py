"""The server's words, short enough for a message and without anything that names somebody."""

from __future__ import annotations

import re
from typing import Final

from ..privacy import hide_tokens, mask_identity, printable

_LONGEST_TEXT: Final = 200
_TITLE: Final = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)


def one_line(text: str) -> str:
    """The server's words for a message: one line of at most 200 characters that names nobody and steers nothing.

    Of an HTML page only the title is worth a line.
    """
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = title.group(1) if title and title.group(1).strip() else "an HTML page"
    # Tokens are hidden before anything is cut: half of one would not be recognized. Addresses shrink less than tenfold.
    line = hide_tokens(" ".join(text.split()))[: 50 * _LONGEST_TEXT]
    line = printable(mask_identity(line))
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"
