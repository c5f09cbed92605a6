"""The one rewriter of JSON values: a policy says what becomes of each key and each leaf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol, TypeVar

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
