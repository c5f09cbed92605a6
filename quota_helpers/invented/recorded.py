"""What the official client made of the demo's bodies at `T0`, and its own schema, recorded from release 0.171.0."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from .accounts import ACCOUNTS, body
from .meters import T0, Json

__all__ = ["T0", "both", "names", "schema"]


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


def schema() -> Json:
    """The schema of the client's answer, as `codex app-server generate-json-schema` wrote it."""
    return _read("recorded_schema.json")


@cache
def _answers() -> Json:
    return _read("recorded.json")


def _read(name: str) -> Json:
    told: Json = json.loads(Path(__file__).with_name(name).read_text("utf-8"))
    return told
