"""The place of bars and table: HTML made here, with what only a page can do: names to click, heads to sort."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets


class Board(anywidget.AnyWidget):
    """HTML in the panel; the browser's half is `board.js`.

    Args:
        only: Called with the number of the account whose name was clicked.

    Attributes:
        html: What is shown. It is set by `bars_html` alone, which escapes every text.
    """

    _esm = Path(__file__).with_name("board.js")

    html = traitlets.Unicode().tag(sync=True)

    def __init__(self, only: Callable[[int], None]) -> None:
        super().__init__()
        self._only = only
        self.on_msg(self._take)

    def _take(self, _: object, content: Any, __: object) -> None:
        number = content.get("only") if isinstance(content, dict) else None
        if isinstance(number, int):
            self._only(number)
