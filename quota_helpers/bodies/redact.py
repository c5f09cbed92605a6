"""Bodies that are safe to paste into a bug report: what is not known to be harmless is replaced by a pseudonym."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from ..fields.aliases import fold
from ..fields.catalogue import Catalogue, KnownField, catalogue
from ..models import Headers
from ..paths import DEEPEST
from ..privacy import is_writable, rewrite
from .envelopes import CODEX
from .handover import BodySource, body_of
from .walk import too_deep

LONGEST_NAME: Final = 64
"""A longer spelling of a known name is replaced: `_` and `-` do not count in a spelling, so it could carry text."""


class Pseudonyms:
    """Stand-ins for what must not be shown: `key_1`, `text_2`, numbered as they are first met; equal in, equal out.

    Share one between several calls to keep several bodies comparable with one another. It remembers the originals,
    so it is itself a secret: it shows none of them, and it is not to be stored.
    """

    __slots__ = ("_counts", "_given")

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def of(self, text: str, kind: str) -> str:
        """The stand-in of *text*: the one it has, else the next of its *kind* ("key", "text", "account")."""
        given = self._given.get(text)
        if given is None:
            self._counts[kind] = count = self._counts.get(kind, 0) + 1
            given = self._given[text] = f"{kind}_{count}"
        return given

    def __reduce__(self) -> tuple[type[Pseudonyms], tuple[()]]:
        return (Pseudonyms, ())


def redact(payload: BodySource, *, names: Pseudonyms | None = None) -> Any:
    """A copy of a body that is safe to paste into a bug report, of the same shape and the same reading.

    An allow-list: only what the catalogue of known fields declares harmless stays. That is the names of known fields;
    strings of a closed set in their own field (a known plan, a known limit id); short decimal numbers and instants as
    strings in fields that hold such. Every other key and every other string becomes a stable pseudonym (`key_1`,
    `text_1`), numbered by first appearance: equal in, equal out. Numbers, booleans, null and "" stay; what is no
    number of JSON (NaN, infinity) becomes null, as it reads.

    >>> redact({"plan_type": "plus", "email": "ada@example.com", "by": "ada@example.com"})
    {'plan_type': 'plus', 'email': 'text_1', 'key_1': 'text_1'}

    Args:
        payload: Any JSON value, a reply, text, a path, or whatever else holds one body.
        names: Pseudonyms to share with other calls, so that several bodies stay comparable.

    Raises:
        BodyError: It is nested deeper than 500 levels, or no body, or several.
    """
    return redacted(body_of(payload).payload, Pseudonyms() if names is None else names)


def redacted(payload: Any, names: Pseudonyms) -> Any:
    """The same for a JSON value that is one for sure."""
    return rewrite(payload, _Redacting(catalogue(), names))


def redact_headers(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], *, names: Pseudonyms | None = None
) -> Headers:
    """Response headers that are safe to show, in their order.

    Names outside the catalogue become pseudonyms, word by word within `x-codex-*`; a value stays only where its
    header is known and the value is of the kind that belongs there. Cookies and request numbers never stay.
    """
    redacting = _Redacting(catalogue(), Pseudonyms() if names is None else names)
    pairs = headers.pairs() if isinstance(headers, Headers) else Headers(headers).pairs()
    return Headers([redacting.header(name, value) for name, value in pairs])


class _Place(NamedTuple):
    """What is known about a value, the key that it or the array around it stands under, and its depth."""

    known: KnownField | None
    name: str | None
    depth: int


class _Redacting:
    """The policy of one call of `redact`."""

    def __init__(self, book: Catalogue, names: Pseudonyms) -> None:
        self.top = _Place(book.root, None, 0)
        self._book = book
        self._names = names
        self._keys: dict[str, str] = {}

    def inside(self, place: _Place, key: str | int) -> _Place:
        known, name, depth = place
        if depth >= DEEPEST:
            raise too_deep("$")
        if isinstance(key, int):  # an element of an unknown array is judged by the array's own name
            return _Place(known.item if known is not None else None, name, depth + 1)
        return _Place(known.inside(key) if known is not None else None, key, depth + 1)

    def key(self, place: _Place, key: str) -> str:
        shown = self._keys.get(key)
        if shown is None:
            holder = place.known
            if not key or (len(key) <= LONGEST_NAME and self._book.is_known_name(key)):
                shown = self._keys[key] = key
            elif holder is not None and holder.key_values and self._book.is_harmless(holder.key_values, key):
                return key
            else:
                return self._names.of(key, "key")
        return shown

    def leaf(self, place: _Place, value: Any) -> Any:
        if value is None or value is True or value is False:
            return value
        if type(value) in {int, float}:
            return value if is_writable(value) else None
        text = value if isinstance(value, str) else str(value)
        if not text:
            return text
        known = place.known
        # The root's own entry is no field: a body that is a mere text is under no name.
        kinds = (known.vocabulary,) if known is not None else self._book.names.get(fold(place.name or ""), ())
        if any(self._book.is_harmless(kind, text) for kind in kinds):
            return text
        return self._names.of(text, "text")

    def header(self, name: str, value: str) -> tuple[str, str]:
        lower = name.lower()
        if lower in self._book.other_headers:
            return name, self._header_value(value, self._book.other_headers[lower].vocabulary)
        if lower.startswith(CODEX):
            _, known = codex_header(lower, self._book)
            plain = _words()
            words = (word if word in plain else self._names.of(word, "key") for word in lower[len(CODEX) :].split("-"))
            return CODEX + "-".join(words), self._header_value(value, known.vocabulary if known is not None else "")
        return self._names.of(name, "key"), self._header_value(value, "")

    def _header_value(self, value: str, values: str) -> str:
        if not value or self._book.is_harmless(values, value):
            return value
        return self._names.of(value, "text")


def codex_header(lower: str, book: Catalogue) -> tuple[str, KnownField | None]:
    """(limit id, known field) of an `x-codex-*` header in lower case; the field is None when it is not known.

    Words before a known ending name another limit: `x-codex-secondary-primary-used-percent` is that of
    `codex_secondary`.
    """
    rest = lower[len(CODEX) :]
    if rest in book.codex_headers:
        return "codex", book.codex_headers[rest]
    for ending, known in book.codex_headers.items():
        if rest.endswith("-" + ending):
            return "codex_" + rest[: -len(ending) - 1].replace("-", "_"), known
    return "codex", None


@cache
def _words() -> frozenset[str]:
    book = catalogue()
    known = {word for name in book.codex_headers for word in name.split("-")}
    return frozenset({""} | known | {word for limit in book.sets["limit_ids"] for word in limit.split("_")})
