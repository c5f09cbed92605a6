"""What may be shown of one text: addresses masked, control characters escaped, anything shaped like a token hidden."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final, Protocol

from ..labels import numbered

# Both as text: `re` compiles each at its first use, and a short run uses neither.
# Letters of any script: addresses are international.
_EMAIL: Final = r"[\w.%+\-]{1,64}@[\w.\-]{1,253}\.\w{2,63}"

# JWTs (three base64url parts, the first begins with '{"'), and the prefixes of the keys that the service hands out.
_SHAPES_TO_HIDE: Final = (
    r"eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]+){1,4}\.?"
    r"|\b(?:sk|sess|at|rt|ac)[-_][A-Za-z0-9_\-.]{16,}"
    r"|(?<=[Bb]earer )[A-Za-z0-9_\-.~+/]{8,}=*"
)
_SHORTEST_TOKEN: Final = 11  # "eyJ" and eight more characters
HIDDEN: Final = "***"


def mask_email(address: str) -> str:
    """An address with two characters of its name; text without an @ comes back as it is.

    >>> mask_email("john.doe@example.com")
    'jo...@example.com'
    """
    local, at, domain = address.partition("@")
    return f"{local[:2]}...@{domain}" if at else address


def mask_identity(text: str) -> str:
    """The text with every e-mail address in it masked.

    >>> mask_identity("work of ada@example.com")
    'work of ad...@example.com'
    """
    return re.sub(_EMAIL, lambda match: mask_email(match.group()), text)


def mask_apart(value: Any) -> Any:
    """JSON values with the addresses in all texts masked; two that look alike then are numbered and stay two.

    >>> mask_apart({"x": ["kim@example.com", "kirk@example.com"]})
    {'x': ['ki...@example.com (1)', 'ki...@example.com (2)']}
    """
    found: dict[str, str] = {}
    _in_texts(value, lambda text: found.update(dict.fromkeys(re.findall(_EMAIL, text), "")) or text)
    shown = dict(zip(sorted(found), numbered([mask_email(address) for address in sorted(found)]), strict=True))
    return _in_texts(value, lambda text: re.sub(_EMAIL, lambda match: shown[match.group()], text))


def _in_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _in_texts(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) and "@" in value else value


def printable(text: str) -> str:
    r"""The text on one line, control, format and surrogate characters escaped: it cannot steer a terminal.

    >>> printable("two\nlines")
    'two\\nlines'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else char
        for char in text
    )


def hide_tokens(text: str) -> str:
    """The text with everything that is shaped like a token or an API key replaced by `***`.

    >>> hide_tokens("Authorization: Bearer opaque+value/1234==")
    'Authorization: Bearer ***'
    """
    return re.sub(_SHAPES_TO_HIDE, HIDDEN, text) if len(text) >= _SHORTEST_TOKEN else text


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
