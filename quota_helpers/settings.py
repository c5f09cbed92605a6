"""What this person has chosen, kept in one small JSON file of their config folder: nothing secret, nothing measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import platformdirs

from .errors import SettingsError
from .files import reason, whole_file


def settings_path() -> Path:
    """Where the file is, or will be."""
    return Path(platformdirs.user_config_dir("quota-helpers", appauthor=False)) / "settings.json"


def setting(name: str) -> Any:
    """What was chosen under this name, as JSON; None when nothing was, or the file cannot be read."""
    try:
        return _read().get(name)
    except SettingsError:
        return None


def change_setting(name: str, value: Any) -> None:
    """Remember a JSON value under this name; None forgets it. The other settings stay as they are.

    Raises:
        SettingsError: The file is damaged (it is left as it is), or cannot be written.
    """
    path = settings_path()
    settings = {key: kept for key, kept in {**_read(), name: value}.items() if kept is not None}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(path) as stream:
            stream.write(json.dumps(settings, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise SettingsError(
            f"The settings {path} cannot be written: {reason(error)}.", hint="Make the file and its folder writable."
        ) from error


def _read() -> dict[str, Any]:
    path = settings_path()
    try:
        if not path.is_file():
            return {}
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"The settings {path} cannot be read.", hint="Mend the file, or move it away.") from error
    if not isinstance(settings, dict):
        raise SettingsError(f"The settings {path} are no JSON object.", hint="Mend the file, or move it away.")
    return settings
