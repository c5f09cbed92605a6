"""The texts of a body that name a person or an account, and how they are masked wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..privacy import hide_tokens, mask_email, mask_identity
from .catalogue import catalogue
from .paths import walk

SHORT_IDENTITY: Final = 6
"""A shorter id is masked where it is the whole text only: within words it would mask chance matches."""

Clean = Callable[[str], str]


def private_texts(payload: Any) -> frozenset[str]:
    """Every text of a body that stands where the catalogue says that it names a person or an account."""
    return frozenset(
        place.value
        for place in walk(payload, catalogue().root)
        if place.type == "string" and place.value and place.known is not None and place.known.private
    )


def cleaner(private: frozenset[str], *, reveal: bool) -> Clean:
    """A function that hides tokens, and masks e-mail addresses and these texts, wherever they stand in a text."""
    if reveal:
        return hide_tokens
    whole = {text: _masked(text) for text in private}
    parts = [(text, masked) for text, masked in whole.items() if len(text) >= SHORT_IDENTITY]

    def clean(text: str) -> str:
        if text in whole:
            return whole[text]
        for part, masked in parts:
            if part in text:
                text = text.replace(part, masked)
        return hide_tokens(mask_identity(text) if "@" in text else text)

    return clean


def _masked(text: str) -> str:
    return mask_email(text) if "@" in text else f"{text[:2]}..."
