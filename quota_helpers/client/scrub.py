"""Keep secrets out of what the server sends back: the account's own token wherever it is echoed, and cookies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ..models import Secret
from ..privacy import HIDDEN, hide_tokens, mask_identity, printable

# Shorter ones are no real tokens, and replacing them everywhere would only damage the text.
_SHORTEST_TOKEN: Final = 6
_LONGEST_TEXT: Final = 200
_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")
_TITLE: Final = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_COOKIE_HEADERS: Final = frozenset({"set-cookie", "set-cookie2", "cookie"})


class Scrubber:
    """Replaces one account's token by `***`. It shows the token nowhere itself."""

    __slots__ = ("_token",)

    def __init__(self, token: Secret) -> None:
        self._token = token

    def _worth_hiding(self) -> bool:
        return len(self._token.reveal()) >= _SHORTEST_TOKEN

    def text(self, text: str) -> str:
        """The text without the token."""
        return text.replace(self._token.reveal(), HIDDEN) if self._worth_hiding() else text

    def data(self, data: bytes) -> bytes:
        """The bytes without the token, whether they are UTF-8 or UTF-16."""
        if self._worth_hiding():
            # A token is ASCII, so in UTF-16 every other byte of it is 0; the codecs are loaded only where that can be.
            for encoding in _ENCODINGS if b"\0" in data or not self._token.reveal().isascii() else _ENCODINGS[:1]:
                data = data.replace(self._token.reveal().encode(encoding, "surrogatepass"), HIDDEN.encode(encoding))
        return data

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Response headers without the token and without the values of cookies (their names stay)."""
        return [
            (self.text(name), _hide_cookie(self.text(value)) if name.lower() in _COOKIE_HEADERS else self.text(value))
            for name, value in pairs
        ]


def one_line(text: str) -> str:
    """The server's words for a message: one line of at most 200 characters that names nobody and steers nothing.

    Of an HTML page only the title is worth a line.
    """
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = title.group(1) if title and title.group(1).strip() else "an HTML page"
    # Far more than is kept, so that nothing is cut in two before it could be recognized and hidden.
    line = " ".join(text.split())[: 50 * _LONGEST_TEXT]
    line = printable(mask_identity(hide_tokens(line)))
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def _hide_cookie(value: str) -> str:
    name, equals, _ = value.partition("=")
    return f"{name.strip()}={HIDDEN}" if equals else HIDDEN
