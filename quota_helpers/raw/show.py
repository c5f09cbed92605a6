"""Values as they may be shown: tokens hidden always, identities on request, numbers that JSON cannot write named."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from ..privacy import hide_tokens, hide_tokens_in, mask_identity
from .paths import Place

LONGEST_BITS: Final = 10_000
"""Python refuses to write integers of more than 4,300 digits."""
SHORTEST_TOKEN: Final = 11
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def safe_value(place: Place, *, reveal: bool) -> Any:
    """The value of a leaf as sent, ready for a browser; None for objects and arrays.

    Token-shaped text is hidden. Numbers that JSON cannot write are their names: "NaN", "Infinity".

    Args:
        place: Where it stands.
        reveal: False masks e-mail addresses, and every string in a field that names a person or an account.
    """
    kind, value = place.type, place.value
    if kind in {"object", "array"}:
        return None
    if kind == "string":
        shown = hide_tokens(whole(value)) if len(value) >= SHORTEST_TOKEN else whole(value)
        return shown if reveal else _masked(shown, private=place.known is not None and place.known.private)
    if kind == "number" and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124  # the definition
    if kind == "integer" and value.bit_length() > LONGEST_BITS:
        return f"(an integer of {value.bit_length()} bits)"
    return value


def tokenless(payload: Any) -> Any:
    """The payload itself, or a copy without them where keys or strings in it are tokens."""
    judged: dict[str, bool] = {}
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if len(value) >= SHORTEST_TOKEN and hide_tokens(value) != value:
                return hide_tokens_in(payload)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key not in judged:
                    # Of both kinds: shaped like a token, or the name of one.
                    judged[key] = isinstance(key, str) and hide_tokens_in({key: "x"}) != {key: "x"}
                if judged[key] and (item or hide_tokens(key) != key):
                    return hide_tokens_in(payload)
                if isinstance(item, str | dict | list):
                    waiting.append(item)
        elif isinstance(value, list):
            waiting += [item for item in value if isinstance(item, str | dict | list)]
    return payload


def whole(text: str) -> str:
    """The text with halves of surrogate pairs replaced: no encoding that a browser is sent can hold them."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _masked(text: str, *, private: bool) -> str:
    masked = mask_identity(text)
    return masked if masked != text or not private or not text else f"{text[:2]}..."
