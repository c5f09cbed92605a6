"""What we call this machine: a label that its user has set, else a random id of ours. Never the host's name."""

from __future__ import annotations

import secrets
from functools import cache

from .errors import SettingsError
from .settings import change_setting, setting

_ID = "machine_id"
_LABEL = "machine_label"


def machine_id(*, keep: bool = True) -> str:
    """A random id, the same from run to run once it was kept; where it cannot be, the same for this process only.

    Args:
        keep: Remember a new one. False: nothing is written.
    """
    known = setting(_ID)
    if isinstance(known, str) and known:
        return known
    new = _of_this_process()
    if keep:
        try:
            change_setting(_ID, new)
        except SettingsError:
            return new  # a folder that cannot be written is no reason to measure nothing
    return new


def machine_name(*, keep: bool = True) -> str:
    """The label, else the id."""
    label = setting(_LABEL)
    return label if isinstance(label, str) and label else machine_id(keep=keep)


def label_machine(label: str | None) -> None:
    """Call this machine *label* from now on; None: its id again.

    Raises:
        SettingsError: It cannot be remembered.
    """
    change_setting(_LABEL, label or None)


@cache
def _of_this_process() -> str:
    return secrets.token_hex(4)
