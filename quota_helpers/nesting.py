"""How deep a JSON text nests, found out before a parser is let near it: parsers recurse, and the stack is finite."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

DEEPEST: Final = 500
"""Levels of nesting that are read; real bodies have about five."""

# Possessive: a string of five million backslashes must not cost memory for ways back that lead nowhere. As text,
# compiled at first use: few bodies have so many brackets that they need to be looked at.
_STRING: Final = rb'(?s)"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def is_too_deep(text: str) -> bool:
    """Whether the brackets outside strings nest deeper than `DEEPEST`.

    Several values one after the other start again at 0 each, and so does a stray closing bracket.
    """
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    brackets = re.sub(_STRING, b"", text.encode("utf-8", "surrogatepass")).translate(None, _NO_BRACKETS)
    depths = accumulate(map(_STEPS.__getitem__, brackets), lambda depth, step: max(0, depth + step))
    return max(depths, default=0) > DEEPEST
