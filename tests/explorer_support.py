"""What the browser gets from an explorer, decoded as its script does it, for tests without a browser."""

from __future__ import annotations

import json
from typing import Any

from quota_helpers.widgets import FieldExplorer

OWN_SCRIPTS = {"_esm", "_css"}


def explorer_of(*bodies: Any, **options: Any) -> tuple[FieldExplorer, Page]:
    """An explorer of these bodies, and a page that shows it."""
    explorer = FieldExplorer(bodies, **options)
    return explorer, Page(explorer)


class Page:
    """The other end of an explorer's comm: sends what a page sends, keeps what a page gets."""

    def __init__(self, explorer: Any) -> None:
        self.explorer = explorer
        self.sent: list[dict[str, Any]] = []
        explorer.send = self.sent.append

    def message(self, **content: Any) -> None:
        self.explorer._handle_custom_msg(content, [])

    def put(self, **state: Any) -> None:
        self.explorer.set_state(state)

    def state(self) -> dict[str, Any]:
        return {name: value for name, value in self.explorer.get_state().items() if name not in OWN_SCRIPTS}

    def body(self) -> dict[str, Any]:
        """Asks for the chosen body, as a new page does; its rows by name."""
        self.message(kind="body")
        message = self.sent[-1]
        if "rows" not in message:
            return message
        notes = message["notes"]
        rows = [
            {"depth": depth, "key": key, "type": kind, "value": value, "status": notes[note][0], "note": notes[note]}
            for depth, key, kind, value, note, _, _ in message["rows"]
        ]
        before = {number: row[6] for number, row in enumerate(message["rows"]) if row[6] is not None}
        return {**message, "rows": rows, "change": [row[5] for row in message["rows"]], "before": before}

    def everything(self) -> str:
        """All that a page ever saw, in one text."""
        self.body()
        plain = [json.dumps(self.state(), default=str, ensure_ascii=False)]
        plain += [json.dumps(content, ensure_ascii=False) for content in self.sent]
        bundle = self.explorer._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return "\n".join([*plain, data["text/html"], data["text/plain"], repr(self.explorer)])
