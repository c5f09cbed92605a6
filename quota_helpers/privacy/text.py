"""What may be shown of one text: addresses masked, control characters escaped, anything shaped like a token hidden."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

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
