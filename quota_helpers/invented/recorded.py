"""What the official client made of the demo's bodies at `T0`, recorded from release 0.171.0."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from .accounts import ACCOUNTS, body
from .clock import T0
from .meters import Json

__all__ = ["T0", "both", "names"]


def names() -> list[str]:
    """The accounts that were recorded."""
    return list(_answers())


def both(name: str) -> tuple[Json, Json]:
    """The body of that account at `T0`, and the client's answer: a `result`, or the `code` and `message` of its error.

    Raises:
        KeyError: Nothing was recorded for it.
    """
    account = next(account for account in ACCOUNTS if account.name == name)
    return body(account, T0), _answers()[name]


@cache
def _answers() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))
    return told
