"""What may be shown: identities masked, control characters escaped, anything shaped like a token hidden."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

# Both as text: `re` compiles each at its first use, and a short run uses neither.
# Letters of any script: addresses are international.
_EMAIL: Final = r"[\w.%+\-]{1,64}@[\w.\-]{1,253}\.\w{2,63}"

# JWTs (three base64url parts, the first begins with '{"'), and the prefixes of the keys that the service hands out.
_SHAPES_TO_HIDE: Final = (
    r"eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]+){1,4}\.?"
    r"|\b(?:sk|sess|at|rt|ac)[-_][A-Za-z0-9_\-.]{16,}"
    r"|(?<=[Bb]earer )[A-Za-z0-9_\-.~+/]{8,}=*"
)
_TOKEN_KEYS: Final = frozenset(
    {
        "accesstoken",
        "apikey",
        "authorization",
        "clientsecret",
        "cookie",
        "idtoken",
        "openaiapikey",
        "password",
        "personalaccesstoken",
        "refreshtoken",
        "secret",
        "sessiontoken",
        "setcookie",
        "token",
    }
)
HIDDEN: Final = "***"


def mask_email(address: str) -> str:
    """`john.doe@example.com` as `jo...@example.com`; text without an @ comes back as it is."""
    local, at, domain = address.partition("@")
    return f"{local[:2]}...@{domain}" if at else address


def mask_identity(text: str) -> str:
    """The text with every e-mail address in it masked."""
    return re.sub(_EMAIL, lambda match: mask_email(match.group()), text)


def printable(text: str) -> str:
    """The text on one line, control, format and surrogate characters escaped: it cannot steer a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else char
        for char in text
    )


def hide_tokens(text: str) -> str:
    """The text with everything that is shaped like a token or an API key replaced by `***`."""
    return re.sub(_SHAPES_TO_HIDE, HIDDEN, text)


def hide_tokens_in(value: Any) -> Any:
    """A copy of a JSON value with token-shaped strings hidden, and every string under a key that names a token.

    However deep the value is nested: nothing here recurses.
    """
    holder: list[Any] = []
    shown: dict[str, str] = {}  # keys repeat: each is looked at once
    waiting: list[tuple[Any, str, Any]] = [(value, "", holder)]
    while waiting:
        item, key, target = waiting.pop()
        fresh: Any
        if isinstance(item, dict):
            for name in item:
                if name not in shown:
                    shown[name] = hide_tokens(name)
            fresh = dict.fromkeys(map(shown.__getitem__, item))  # keeps the order of the keys
            waiting += [(inner, name, fresh) for name, inner in item.items()]
        elif isinstance(item, list):
            fresh = []
            waiting += [(inner, "", fresh) for inner in reversed(item)]
        else:
            fresh = _hidden(key, item) if isinstance(item, str) else item
        if isinstance(target, dict):
            target[shown[key]] = fresh
        else:
            target.append(fresh)
    return holder[0]


def _hidden(key: str, text: str) -> str:
    return HIDDEN if text and key and re.sub(r"[^a-z]", "", key.lower()) in _TOKEN_KEYS else hide_tokens(text)
