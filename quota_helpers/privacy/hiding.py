"""The policy of what is shown and kept: what opens something is hidden, and who it is, where that is asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol, TypeVar

from .text import HIDDEN, hide_tokens

P = TypeVar("P")

_NESTED: Final = (dict, list, tuple)


class Policy(Protocol[P]):
    """What a rewriter asks, in document order.

    *place* is whatever the policy itself knows about where it stands: `top` for the value that is handed in, else what
    `inside` gave for the object or array that holds it.
    """

    @property
    def top(self) -> P:
        """The place of the whole value."""

    def inside(self, place: P, key: str | int, /) -> P:
        """The place of a member under *key*, or of an array's element of that number."""

    def key(self, place: P, key: str, /) -> str:
        """What a key of the object at *place* becomes."""

    def leaf(self, place: P, value: Any, /) -> Any:
        """What a value at *place* that is no object and no array becomes."""


def rewrite(value: Any, policy: Policy[P]) -> Any:
    """A copy of a JSON value, of the same shape and order, as *policy* has it.

    Keys that have become equal are told apart by a number (`***`, `***2`): none of them swallows another. Keys that are
    no text become their text. However deep the value is nested: nothing here recurses.
    """
    inside, shown_key, leaf = policy.inside, policy.key, policy.leaf
    if not isinstance(value, _NESTED):
        return leaf(policy.top, value)
    made = _empty(value)
    numbers: dict[tuple[int, str], int] = {}  # (object, name) -> the last number given to it there
    waiting: list[tuple[Iterator[tuple[Any, Any]], Any, P]] = [(_members(value), made, policy.top)]
    while waiting:
        members, target, place = waiting[-1]
        keyed = type(target) is dict
        for key, item in members:
            step = str(key) if keyed else key
            inner = inside(place, step)
            nested = isinstance(item, _NESTED)
            fresh = _empty(item) if nested else leaf(inner, item)
            if keyed:
                shown = shown_key(place, step)
                target[shown if shown not in target else _numbered(shown, target, numbers)] = fresh
            else:
                target.append(fresh)
            if nested:
                waiting.append((_members(item), fresh, inner))
                break
        else:
            waiting.pop()
    return made


def _empty(value: Any) -> dict[str, Any] | list[Any]:
    return {} if isinstance(value, dict) else []


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    return iter(value.items() if isinstance(value, dict) else enumerate(value))


def _numbered(name: str, taken: dict[str, Any], numbers: dict[tuple[int, str], int]) -> str:
    number = numbers.get((id(taken), name), 1)
    fresh = name
    while fresh in taken:
        number += 1
        fresh = f"{name}{number}"
    numbers[id(taken), name] = number
    return fresh


Clean = Callable[[str], str]
"""What becomes of one text."""
PLAIN, TOKEN, IDENTITY = range(3)

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
_COOKIES: Final = frozenset({"setcookie", "cookie"})
# Matched against a key without case, hyphens and underscores. "limit_id" and "limit_name" are none of them.
_IDENTITY: Final = (
    r"(?:user|account|member|owner|customer|organi[sz]ation|org|workspace|tenant|device|seat)ids?$"
    r"|(?:user|display|full|first|last|given|family|workspace|account|organi[sz]ation)name$"
    r"|e?mail(?:address(?:es)?|s)?$|phone(?:number)?$|^sub$"
)
_LONGEST_BITS: Final = 10_000  # Python refuses to write integers of more than 4,300 digits


def names_token(key: str) -> bool:
    """Whether what stands under this key opens something, whatever its shape.

    >>> names_token("refreshToken"), names_token("Set-Cookie"), names_token("input_tokens")
    (True, True, False)
    """
    letters = _letters(key)
    return letters in _TOKEN_KEYS or letters.removeprefix("x") in _TOKEN_KEYS  # X-Api-Key


def names_somebody(key: str) -> bool:
    """Whether what stands under this key identifies a person or an account.

    >>> names_somebody("accountId"), names_somebody("E-Mail"), names_somebody("limit_id")
    (True, True, False)
    """
    return re.search(_IDENTITY, re.sub(r"[\W_]", "", key.lower())) is not None


def is_writable(number: float) -> bool:
    """Whether JSON has this number: it has no NaN, no infinity, and Python writes no integer of thousands of digits."""
    return number.bit_length() <= _LONGEST_BITS if isinstance(number, int) else math.isfinite(number)


class Hiding:
    """Hides every text under a key that names a token, and passes all other texts and keys through *clean*.

    Args:
        clean: What becomes of them.
        identities: Also hide what stands under a key that names somebody; 0 stands for its numbers.
        writable: Replace by null every number that JSON does not have.
    """

    top = PLAIN

    def __init__(self, clean: Clean = hide_tokens, *, identities: bool = False, writable: bool = False) -> None:
        self._clean, self._identities, self._writable = clean, identities, writable
        self._keys: dict[str, tuple[int, str]] = {}  # keys repeat: each is looked at once

    def inside(self, place: int, key: str | int) -> int:
        """What stands inside a hidden object or array is hidden, too."""
        return place if isinstance(key, int) else max(place, self._judged(key)[0])

    def key(self, _: int, key: str) -> str:
        """A key as it is shown."""
        return self._judged(key)[1]

    def leaf(self, place: int, value: Any) -> Any:
        """A value as it is shown."""
        if isinstance(value, str):
            return HIDDEN if place and value else self._clean(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self._writable and not is_writable(value):
                return None
            return 0 if place == IDENTITY else value
        return value

    def _judged(self, key: str) -> tuple[int, str]:
        known = self._keys.get(key)
        if known is None:
            place = IDENTITY if self._identities and names_somebody(key) else TOKEN if names_token(key) else PLAIN
            known = self._keys[key] = (place, self._clean(key))
        return known


def hide_tokens_in(value: Any, *, writable: bool = False) -> Any:
    """A copy of a JSON value with token-shaped text hidden, and every text under a key that names a token.

    >>> hide_tokens_in({"plan": "plus", "refreshToken": ["x"], "note": "Bearer opaque+value/1234"})
    {'plan': 'plus', 'refreshToken': ['***'], 'note': 'Bearer ***'}

    Args:
        value: Any JSON value.
        writable: Replace by None every number that JSON does not have.
    """
    return rewrite(value, Hiding(writable=writable))


def hide_in_headers(pairs: Iterable[tuple[str, str]], clean: Clean = hide_tokens) -> list[tuple[str, str]]:
    """Header lines through *clean*, without the values of cookies (their names stay) and of what names a token.

    >>> hide_in_headers([("Set-Cookie", "id=opaque; Path=/"), ("Authorization", "Basic x"), ("Date", "today")])
    [('Set-Cookie', 'id=***'), ('Authorization', '***'), ('Date', 'today')]
    """
    return [(clean(name), _header(name, clean(value))) for name, value in pairs]


def _header(name: str, value: str) -> str:
    if _letters(name) in _COOKIES:
        cookie, equals, _ = value.partition("=")
        return f"{cookie.strip()}={HIDDEN}" if equals else HIDDEN
    return HIDDEN if value and names_token(name) else value


def _letters(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower())
