"""What may be shown, kept and pasted: the masks of one text, one rewriter of JSON values, the policies handed in."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol, TypeVar

from .labels import numbered

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


SHORTEST_ECHOED: Final = 6
"""Shorter ones are no real tokens, and replacing them everywhere would only damage the text."""
_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")


class Echo:
    """Replaces one account's token, which only *reveal* gives away, by `***`."""

    __slots__ = ("_reveal",)

    def __init__(self, reveal: Callable[[], str]) -> None:
        self._reveal = reveal

    def text(self, text: str) -> str:
        """The text without the token."""
        return text.replace(self._reveal(), HIDDEN) if self._worth_hiding() else text

    def data(self, data: bytes) -> bytes:
        """The bytes without the token, whether they are UTF-8 or UTF-16."""
        if self._worth_hiding():
            # A token is ASCII, so in UTF-16 every other byte of it is 0; the codecs are loaded only where that can be.
            for encoding in _ENCODINGS if b"\0" in data or not self._reveal().isascii() else _ENCODINGS[:1]:
                data = data.replace(self._reveal().encode(encoding, "surrogatepass"), HIDDEN.encode(encoding))
        return data

    def _worth_hiding(self) -> bool:
        return len(self._reveal()) >= SHORTEST_ECHOED


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
    whole = {text: mask_email(text) if "@" in text else f"{text[:2]}..." for text in identities if text}
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
