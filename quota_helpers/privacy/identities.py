"""Who a body is about: the texts that name a person or an account, masked wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from .hiding import Clean, Hiding, names_somebody, rewrite
from .text import HIDDEN, hide_tokens, mask_email, mask_identity

_ID_SHAPED: Final = r"\b(?:user|org|acct|account|workspace)-[A-Za-z0-9_\-]{6,}"
SHORTEST_PART: Final = 6
"""A shorter identity is masked where it is the whole text only: within a text it would mask chance matches."""


def identities_in(*payloads: Any) -> frozenset[str]:
    """Every text that stands under a key that names somebody, however deep.

    >>> sorted(identities_in({"user_id": "user-1", "plan_type": "plus", "owner": [{"email": "a@example.com"}]}))
    ['a@example.com', 'user-1']
    """
    found: set[str] = set()
    names: dict[Any, bool] = {}  # keys repeat: each is looked at once
    waiting: list[tuple[Any, bool]] = [(payload, False) for payload in payloads]
    while waiting:
        value, named = waiting.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                known = names.get(key)
                if known is None:
                    known = names[key] = names_somebody(str(key))
                if named or known or isinstance(item, dict | list | tuple):
                    waiting.append((item, named or known))
        elif isinstance(value, list | tuple):
            waiting += [(item, named) for item in value if named or isinstance(item, dict | list | tuple)]
        elif named and isinstance(value, str) and value:
            found.add(value)
    return frozenset(found)


def mask_identities(identities: Iterable[str]) -> Clean:
    """A function for what is shown: it hides tokens, and masks addresses and these texts wherever they stand.

    Two characters of each stay, so that people know their own. One of fewer than six characters is masked where it is
    the whole text.

    >>> mask = mask_identities(["user-1x2y3z", "kim"])
    >>> mask("of user-1x2y3z"), mask("kim"), mask("kimono"), mask("ada@example.com")
    ('of us...', 'ki...', 'kimono', 'ad...@example.com')
    """
    whole = {text: _shortened(text) for text in identities if text}
    swap = _swapping({text: shown for text, shown in whole.items() if len(text) >= SHORTEST_PART})

    def mask(text: str) -> str:
        if text in whole:
            return whole[text]
        swapped = swap(text)
        return hide_tokens(mask_identity(swapped) if "@" in swapped else swapped)

    return mask


def forget_identities(payload: Any) -> Any:
    """A copy of a body that may be kept for good: it names nobody, opens nothing, and can be written as JSON.

    What stands under a key that names somebody becomes `***` (a number 0, nothing stays nothing), and so do the same
    texts elsewhere, addresses, and what is shaped like an account's id. A text of letters alone, or of fewer than six
    characters, stays elsewhere: it could be a word, such as the plan of a workspace that is called "team".

    >>> forget_identities({"user_id": "user-1x2y", "plan_type": "plus", "note": "of user-1x2y", "email": ""})
    {'user_id': '***', 'plan_type': 'plus', 'note': 'of ***', 'email': ''}
    """
    known = (text for text in identities_in(payload) if len(text) >= SHORTEST_PART and not text.isalpha())
    swap = _swapping(dict.fromkeys(known, HIDDEN))

    def clean(text: str) -> str:
        return re.sub(_ID_SHAPED, HIDDEN, mask_identity(hide_tokens(swap(text))))

    return rewrite(payload, Hiding(clean, identities=True, writable=True))


def _swapping(parts: dict[str, str]) -> Callable[[str], str]:
    """A function that replaces these parts of a text, the longest one first."""
    if not parts:
        return str
    pattern = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))))
    return lambda text: pattern.sub(lambda match: parts[match.group()], text)


def _shortened(text: str) -> str:
    return mask_email(text) if "@" in text else f"{text[:2]}..."
