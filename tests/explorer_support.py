"""What the browser gets from an explorer, decoded as its script does it, for tests without a browser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from quota_helpers.widgets import FieldExplorer

TYPES = ("<u2", "<i4", "<u1", "<u4", "<u1")
OWN_SCRIPTS = {"_esm", "_css"}


def explorer_of(*bodies: Any, **options: Any) -> tuple[FieldExplorer, Page]:
    """An explorer of these bodies, and a page that shows it."""
    explorer = FieldExplorer(bodies, **options)
    return explorer, Page(explorer)


class Page:
    """The other end of an explorer's comm: sends what a page sends, keeps what a page gets."""

    def __init__(self, explorer: Any) -> None:
        self.explorer = explorer
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        explorer.send = lambda content, buffers=None: self.sent.append((content, buffers or []))

    def message(self, **content: Any) -> None:
        self.explorer._handle_custom_msg(content, [])

    def put(self, **state: Any) -> None:
        self.explorer.set_state(state)

    def state(self) -> dict[str, Any]:
        return {name: value for name, value in self.explorer.get_state().items() if name not in OWN_SCRIPTS}

    def body(self) -> dict[str, Any]:
        """Asks for the chosen body, as a new page does; its columns decoded."""
        self.message(kind="body")
        message, buffers = self.sent[-1]
        if not buffers:
            return message
        numbers = [np.frombuffer(data, kind).tolist() for data, kind in zip(buffers, TYPES, strict=False)]
        depth, key, kind, note, change = numbers
        texts = json.loads(buffers[5])
        keys = [texts["keys"][at] if at >= 0 else -1 - at for at in key]
        rows = [
            {"depth": depth[at], "key": keys[at], "type": texts["types"][kind[at]], "value": texts["values"][at],
             "status": texts["notes"][note[at]][0], "note": texts["notes"][note[at]]}
            for at in range(message["count"])
        ]  # fmt: skip
        return {**message, "rows": rows, "change": change, "before": texts["before"], "keys": texts["keys"]}

    def everything(self) -> str:
        """All that a page ever saw, in one text."""
        self.body()
        plain = [json.dumps(self.state(), default=str, ensure_ascii=False)]
        for content, buffers in self.sent:
            plain += [json.dumps(content, ensure_ascii=False), *(data.decode("latin-1") for data in buffers[5:])]
        bundle = self.explorer._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return "\n".join([*plain, data["text/html"], data["text/plain"], repr(self.explorer)])
