"""One's own token wherever a server echoes it."""

from __future__ import annotations

from typing import Final, Protocol

from .text import HIDDEN

SHORTEST_TOKEN: Final = 6
"""Shorter ones are no real tokens, and replacing them everywhere would only damage the text."""
_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")


class Sealed(Protocol):
    """A text that only `reveal` gives away."""

    def reveal(self) -> str:
        """The text itself."""


class Echo:
    """Replaces one account's token by `***`. It shows the token nowhere itself."""

    __slots__ = ("_token",)

    def __init__(self, token: Sealed) -> None:
        self._token = token

    def _worth_hiding(self) -> bool:
        return len(self._token.reveal()) >= SHORTEST_TOKEN

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
