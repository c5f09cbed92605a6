"""What is shown of a body: numbers that JSON cannot write by their names, and who it is about only on request."""

from __future__ import annotations

import re
from typing import Any, Final

from ..bodies import Place
from ..paths import steps_of
from ..privacy import HIDDEN, identities_in, is_writable, mask_identities, names_somebody

_HINTS: Final = re.compile(r"i[\W_]*d|mail|name|phone|sub", re.IGNORECASE)  # of a key that names somebody
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def shown(place: Place) -> Any:
    """A value as sent, ready for a browser, tokens in it hidden before; of an object or array, how much it holds.

    Numbers that JSON cannot write are their names: "NaN", "Infinity".
    """
    kind, value = place.type, place.value
    if kind == "string":
        return whole(value)
    if kind == "object":
        return f"{{{_many(len(value), 'member')}}}"
    if kind == "array":
        return f"[{_many(len(value), 'element')}]"
    if kind in {"integer", "number"} and not is_writable(value):
        if isinstance(value, int):
            return f"(an integer of {value.bit_length()} bits)"
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124  # the definition
    return value


def whole(text: str) -> str:
    """The text with halves of surrogate pairs replaced: no encoding that a browser is sent can hold them."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


class Mask:
    """Masks the identities of some bodies wherever they stand: in values, keys, paths and words about them.

    Args:
        payloads: The bodies.
        known: What else names their people and accounts, such as what their login files say.
        reveal: Show it all.
    """

    def __init__(self, *payloads: Any, known: frozenset[str] = frozenset(), reveal: bool = False) -> None:
        self._reveal = reveal
        self.text = str if reveal else mask_identities(known | identities_in(*payloads))
        self._private: dict[str, bool] = {}

    def value(self, path: str, value: Any) -> Any:
        """A value, of which the path is the one it was sent under."""
        if type(value) is str:
            return self.text(value)
        if type(value) not in {int, float} or self._reveal or not _HINTS.search(path):
            return value
        folded = re.sub(r"\[\d+\]", "[]", path)  # the elements of a long array are judged once
        private = self._private.get(folded)
        if private is None:
            named = (names_somebody(step) for step in steps_of(path) if isinstance(step, str))
            private = self._private[folded] = any(named)
        return HIDDEN if private else value


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}" if count else ""
