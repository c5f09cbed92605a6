"""Where in the notebook a widget is made: the same place when its cell is run again, and what was chosen there."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from typing import Any, Final

from IPython import get_ipython

_unplaced: Final = count()
_last_run: Final[dict[str, tuple[str, int]]] = {}  # cell -> (its last run, widgets made in it so far)
_chosen: Final[dict[Hashable, dict[str, Any]]] = {}


def place_in_notebook() -> Hashable:
    """A key for the widget that is being made: cell and position in it, or a fresh one where no cell is known."""
    cell, run = _running_cell()
    if not cell:
        return ("unplaced", next(_unplaced))
    last, number = _last_run.get(cell, ("", 0))
    number = number + 1 if last == run else 0
    _last_run[cell] = (run, number)
    return (cell, number)


def remembered(place: Hashable) -> dict[str, Any]:
    """What was chosen in the widget that stood at this place before, to be kept up to date; empty at first."""
    return _chosen.setdefault(place, {})


def _running_cell() -> tuple[str, str]:
    """Id of the cell and of its run; empty where the front end does not tell (JupyterLab does)."""
    shell: Any = get_ipython()
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return "", ""
    return str(parent.get("metadata", {}).get("cellId", "")), str(parent["header"].get("msg_id", ""))
