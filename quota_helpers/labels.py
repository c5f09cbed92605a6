"""Labels: what an account is called wherever it is shown, and which keys are meant when somebody types a name.

Everything that groups, selects, draws or deletes goes by key; a label is for the eye. One rule makes all of them: the
name or the masked e-mail, and where two keys would show the same label, both get a number.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final, TypeVar

Names = str | Iterable[str] | None
"""What chooses accounts, windows or limits: one name or key, several, or None for all."""

Value = TypeVar("Value")

_MOST_LISTED: Final = 12


def account_labels(names: Mapping[str, str | None], mask: Callable[[str], str] | None) -> dict[str, str]:
    """Key -> label, each label once: equal ones are numbered in the order of their keys, the same way everywhere.

    Args:
        names: Key -> the name that a login or a frame gives the account, or None: then the key is its label.
        mask: What makes a name fit to be shown (e-mail addresses masked); None: names are shown as they are.

    >>> account_labels({"b2": "kim", "a1": "kim", "c3": None}, None)
    {'b2': 'kim (2)', 'a1': 'kim (1)', 'c3': 'c3'}
    """
    shown = {key: name or key for key, name in names.items()}
    if mask is not None:
        # A number that a masked name was given among other accounts goes; a name of one's own keeps its.
        masked = {key: mask(name) for key, name in shown.items()}
        shown = {key: _unnumbered(label) if "...@" in label else label for key, label in masked.items()}
    return dict(zip(shown, numbered(list(shown.values()), list(shown)), strict=True))


def numbered(labels: Sequence[str], keys: Sequence[str] | None = None) -> list[str]:
    """The labels told apart: those that several *keys* would share get (1), (2), ... in the order of the keys.

    The same key may come more than once and has one label; without keys each label is a key of its own.

    >>> numbered(["kim", "ada", "kim"])
    ['kim (1)', 'ada', 'kim (2)']
    """
    places: Sequence[Any] = range(len(labels)) if keys is None else keys
    sharing: dict[str, dict[Any, str]] = defaultdict(dict)
    for label, key in sorted(zip(labels, places, strict=True), key=lambda pair: pair[1]):
        sharing[label][key] = label
    for label, several in sharing.items():
        numbers = (name for number in count(1) if (name := f"{label} ({number})") not in sharing)  # somebody's own name
        if len(several) > 1:
            several.update(zip(several, numbers, strict=False))
    return [sharing[label][key] for label, key in zip(labels, places, strict=True)]


def listed(names: Names, what: str = "accounts") -> list[str] | None:
    """One name or several as a list; None stays None: all of them.

    Raises:
        TypeError: It is no text and no iterable of texts.
    """
    if names is None or isinstance(names, str):
        return names if names is None else [names]
    found = list(names) if isinstance(names, Iterable) else [names]
    for name in found:
        if not isinstance(name, str):
            raise TypeError(f"{what} holds {type(name).__name__} instead of text: give a name or a list of names")
    return found


def choose(
    wanted: Names,
    known: Mapping[str, Iterable[str | None]],
    what: str = "account",
    *,
    mask: Callable[[str], str] | None = None,
) -> list[str]:
    """The keys that are meant by names, labels or keys, in the order asked for, each once; None means all.

    Args:
        wanted: A key, or anything that one is called; case matters only where it tells two apart.
        known: Key -> what it is called: label, full name, ...; None is no name.
        what: What is chosen, for the message.
        mask: Where the known names may be masked: a full name means those that it looks like then.

    Raises:
        TypeError: *wanted* is no text and no list of texts.
        ValueError: One is unknown (the message suggests or lists), or fits several keys (it lists them).

    >>> choose(["ada", "b2"], {"a1": ["ada"], "b2": ["kim"]})
    ['a1', 'b2']
    """
    names = listed(wanted, f"{what}s")
    if names is None:
        return list(known)
    rules: list[Callable[[str], str]] = [str, str.casefold]
    if mask is not None:
        rules += [mask, lambda name: _unnumbered(mask(name))]
    found = [_called(known, rule) for rule in rules]
    chosen: dict[str, None] = {}
    for name in names:
        matches = (list(called.get(rule(name), ())) for rule, called in zip(rules, found, strict=True))
        keys = [name] if name in known else next(filter(None, matches), [])
        if not keys:
            hint = advice(name, _spoken(known), most=5) or f"There are no {what}s."
            raise ValueError(f"There is no {what} {name!r}. {hint}")
        if len(keys) > 1:
            raise ValueError(f"{name!r} is {len(keys)} {what}s: choose by key, one of {', '.join(keys)}.")
        chosen[keys[0]] = None
    return list(chosen)


def _called(known: Mapping[str, Iterable[str | None]], rule: Callable[[str], str]) -> dict[str, dict[str, None]]:
    """What the keys are called by a rule -> the keys, in order."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for key, called in known.items():
        for name in called:
            if name is not None:
                found[rule(name)][key] = None
    return found


def _unnumbered(label: str) -> str:
    return re.sub(r" \(\d+\)$", "", label)


def of_kind(value: object, kinds: type[Value] | tuple[type[Value], ...], what: str, wanted: str) -> Value:
    """The value, which is of a kind that can be worked on; *wanted* says in words which, and what makes one.

    Raises:
        TypeError: It is something else; only its type is named, for it may be a secret.

    >>> of_kind(7, str, "name", "text")
    Traceback (most recent call last):
    TypeError: name is int instead of text
    """
    if isinstance(value, kinds):
        return value
    raise TypeError(f"{what} is {type(value).__name__} instead of {wanted}")


def one_of(value: object, known: Sequence[str], what: str) -> str:
    """The value, which is one of the known words.

    Raises:
        ValueError: It is not; the message suggests or lists.

    >>> one_of("left", ("left", "used"), "show")
    'left'
    """
    if isinstance(value, str) and value in known:
        return value
    shown = repr(value) if isinstance(value, str) else type(value).__name__
    raise ValueError(f"There is no {what} {shown}. {advice(str(value), known)}")


def advice(wanted: str, known: Iterable[str], *, most: int = 5, listed: int = _MOST_LISTED) -> str:
    """What to say to somebody who typed a name that is not there: what sounds like it, else what there is.

    At most *most* are suggested, or *listed* listed; "" where nothing sounds like it and none is to be listed.

    >>> advice("weekli", ["five_hour", "weekly"]), advice("x", ["five_hour", "weekly"])
    ('Did you mean weekly?', 'There are: five_hour, weekly.')
    """
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistyped name needs it

    names = list(dict.fromkeys(known))
    folded = {name.casefold(): name for name in names}
    word = wanted.strip().casefold()
    near = [name for fold, name in folded.items() if word and word in fold]
    near += [folded[fold] for fold in get_close_matches(word, list(folded), n=most)]
    if near:
        return f"Did you mean {', '.join(list(dict.fromkeys(near))[:most])}?"
    more = f" and {len(names) - listed} more" if len(names) > listed else ""
    return f"There are: {', '.join(names[:listed])}{more}." if names and listed else ""


def _spoken(known: Mapping[str, Iterable[str | None]]) -> list[str]:
    """What each is called first, a key where that is shared; full names of a masked label are no suggestion."""
    first = {key: next((name for name in called if name is not None), key) for key, called in known.items()}
    often = Counter(first.values())
    return [key if often[name] > 1 else name for key, name in first.items()]
