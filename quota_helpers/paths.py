"""JSON paths and depth: how a place in a body is written and found, and how deep a body may nest."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any, Final

DEEPEST: Final = 500
"""Levels of nesting that are read; real bodies have about five. Parsers recurse, and the stack is finite."""

# Possessive: a string of five million backslashes must not cost memory for ways back that lead nowhere. As text,
# compiled at first use: few bodies have so many brackets that they need to be looked at.
_STRING: Final = rb'(?s)"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_STEP: Final = r"""\.([A-Za-z_][A-Za-z0-9_]*)|\[(0|[1-9][0-9]*)\]|\[("(?:[^"\\]|\\.)*")\]"""


def child_path(path: str, key: str) -> str:
    """The JSON path of a member: `$.rate_limit.allowed`, or `$["a b"]` where the key is no plain identifier.

    >>> child_path("$", "plan_type"), child_path("$", "x-codex-plan-type")
    ('$.plan_type', '$["x-codex-plan-type"]')
    """
    if key.isidentifier() and key.isascii():
        return f"{path}.{key}"
    return f"{path}[{json.dumps(key)}]"


def item_path(path: str, index: int) -> str:
    """The JSON path of a list's item: `$.additional_rate_limits[0]`."""
    return f"{path}[{index}]"


def steps_of(path: str) -> list[str | int]:
    """The keys and indices of a JSON path.

    >>> steps_of('$.additional_rate_limits[0]["odd key"]')
    ['additional_rate_limits', 0, 'odd key']

    Raises:
        ValueError: It is no such path.
    """
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        step = re.compile(_STEP).match(path, at)
        if step is None:
            break
        plain, index, quoted = step.groups()
        steps.append(plain if plain is not None else int(index) if index is not None else json.loads(quoted))
        at = step.end()
    if not path.startswith("$") or at != len(path):
        raise ValueError(f"not a JSON path: {path!r}; it looks like $.rate_limit.primary_window")
    return steps


def holders_of(path: str) -> list[str]:
    """The paths of the objects and arrays around a place, the outermost first.

    >>> holders_of("$.limits[0].used")
    ['$', '$.limits', '$.limits[0]']
    """
    holders, at = [], "$"
    for step in steps_of(path):
        holders.append(at)
        at = child_path(at, step) if isinstance(step, str) else item_path(at, step)
    return holders


def value_at(payload: Any, path: str) -> Any:
    """The value that stands at *path*.

    >>> value_at({"limits": [{"used": 5}]}, "$.limits[0].used")
    5

    Raises:
        ValueError: It is no JSON path.
        LookupError: Nothing stands there.
    """
    value = payload
    for step in steps_of(path):
        found = type(value) is (dict if isinstance(step, str) else list)
        if not found:
            raise LookupError(path)
        value = value[step]
    return value


def is_too_deep(text: str) -> bool:
    """Whether the brackets outside strings nest deeper than `DEEPEST`.

    Several values one after the other start again at 0 each, and so does a stray closing bracket.

    >>> is_too_deep("[" * 500), is_too_deep("[" * 501)
    (False, True)
    """
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    brackets = re.sub(_STRING, b"", text.encode("utf-8", "surrogatepass")).translate(None, _NO_BRACKETS)
    depths = accumulate(map(_STEPS.__getitem__, brackets), lambda depth, step: max(0, depth + step))
    return max(depths, default=0) > DEEPEST
