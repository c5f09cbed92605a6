"""Sessions that name nobody, claimed for an account by who reads them: said once, for one Codex home, reversibly."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from ..settings import change_setting, setting

_NAME: Final = "claimed_sessions"


class Claim(msgspec.Struct, frozen=True):
    """The sessions that name nobody and had begun by then (microseconds since 1970) are this account's."""

    account_key: str
    until: int


def claim_of(home: Path) -> Claim | None:
    """What was said of this Codex home; None: nothing, or nothing that can be read."""
    try:
        return msgspec.convert(_all().get(_place(home)), Claim | None)
    except msgspec.ValidationError:
        return None


def remember(home: Path, claim: Claim | None) -> None:
    """Say so from now on; None takes it back.

    Raises:
        SettingsError: It cannot be remembered.
    """
    rest = {place: kept for place, kept in _all().items() if place != _place(home)}
    new = {} if claim is None else {_place(home): msgspec.to_builtins(claim)}
    change_setting(_NAME, rest | new or None)


def _all() -> dict[str, Any]:
    known = setting(_NAME)
    return known if isinstance(known, dict) else {}


def _place(home: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:16]
