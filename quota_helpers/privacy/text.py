"""What may be shown of one text: addresses masked, control characters escaped, anything shaped like a token hidden."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

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
