"""Where in the notebook a widget is made: at the same place when its cell is run again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from IPython import get_ipython

_last_run: Final[dict[str, tuple[str, int]]] = {}  # cell -> (its last run, number of the last widget made in it)
_standing: Final[dict[tuple[str, int], Any]] = {}


def takes_the_place_of(widget: Any) -> Any:
    """The widget that stood where this one is made, or None; kept in this module, for a cell's own names are made anew.

    None also where the front end does not tell which cell is running (JupyterLab does).
    """
    cell, run = _running_cell()
    if not cell:
        return None
    last, number = _last_run.get(cell, ("", 0))
    number = number + 1 if last == run else 0
    _last_run[cell] = (run, number)
    before = _standing.get((cell, number))
    _standing[cell, number] = widget
    return before


def _running_cell() -> tuple[str, str]:
    """Id of the cell and of its run, or empty texts."""
    shell: Any = get_ipython()
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return "", ""
    return str(parent.get("metadata", {}).get("cellId", "")), str(parent["header"].get("msg_id", ""))


def in_loop() -> bool:
    """Whether an event loop runs here: in a kernel yes, in plain Python no."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
