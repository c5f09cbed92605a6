"""Logins that Codex keeps out of files: in the system's keyring, or in an encrypted store of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ..errors import AuthFileNotFoundError
from .decode import MAX_BYTES
from .problem import Problem

_SETTING: Final = "cli_auth_credentials_store"
_ELSEWHERE: Final = {"keyring", "auto"}
_STORE: Final = ("secrets", "cli_auth.age")
_HINT: Final = (
    "Codex itself may well be signed in: ask through it (via='codex', --via codex). "
    f'To read the login directly, set {_SETTING} = "file" in its config.toml and sign in once more with: codex login'
)


def kept_elsewhere(home: Path) -> Problem | None:
    """Why a Codex home without auth.json may nevertheless have a login; None where nothing says so."""
    if os.path.lexists(home.joinpath(*_STORE)):
        what = f"keeps its login in an encrypted store ({'/'.join(_STORE)}), not in a file"
        return Problem(AuthFileNotFoundError, what, _HINT)
    if _setting(home) in _ELSEWHERE:
        what = f"keeps its login in the system's keyring, not in a file (config.toml: {_SETTING})"
        return Problem(AuthFileNotFoundError, what, _HINT)
    return None


def _setting(home: Path) -> object:
    """Where the home's config.toml says that logins are kept; None where it does not say, or cannot be read."""
    import tomllib  # noqa: PLC0415  # only a home without a login file needs it

    path = home / "config.toml"
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            text = file.read(MAX_BYTES).decode()
        return tomllib.loads(text).get(_SETTING)
    except (OSError, ValueError):
        return None  # a config that Codex itself could not read says nothing about logins
