"""The explorer as plain HTML: what a saved notebook shows without a kernel."""

from __future__ import annotations

from html import escape
from typing import Final

from ..privacy import printable
from ..raw.identities import Clean
from .explorer_rows import View

SIGNS: Final = {"read": "✓", "known but unused": "○", "unknown": "?", "ignored": "–", "broken": "!"}  # noqa: RUF001
"""The same signs as in the browser."""
MOST_ROWS: Final = 150
LONGEST_VALUE: Final = 80
INK, QUIET, LINE = (
    "var(--jp-ui-font-color1, inherit)",
    "var(--jp-ui-font-color2, inherit)",
    "var(--jp-border-color2, #8888)",
)
_CELL: Final = f"padding:1px 10px 1px 0;text-align:left;border-bottom:1px solid {LINE};vertical-align:top"


def twin(title: str, view: View | None, trouble: str) -> str:
    """A table of the chosen body's fields with their status, or the word on why there is none.

    Args:
        title: Whose body it is, masked.
        view: The body.
        trouble: Why there is no body to show.
    """
    if view is None:
        return f"<p style='color:{INK}'><b>{_text(title)}</b>: {_text(trouble)}</p>"
    rows = view.rows[:MOST_ROWS]
    heads = "".join(f"<th scope='col' style='{_CELL}'>{name}</th>" for name in ("path", "value", "status", "read as"))
    body = "".join(
        f"<tr><th scope='row' style='{_CELL};font-weight:normal'><code>{_text(view.clean(row.path))}</code></th>"
        f"<td style='{_CELL}'><code>{_value(row.type, row.value, row.children, view.clean)}</code></td>"
        f"<td style='{_CELL};white-space:nowrap'>{SIGNS[row.status]} {row.status}</td>"
        f"<td style='{_CELL}'>{_text(view.clean(row.read_as or row.why))}</td></tr>"
        for row in rows
    )
    more = len(view.rows) - len(rows)
    first = "" if view.rows.complete else "only the first "
    return (
        f"<div style='color:{INK};font-size:12px'><p><b>{_text(title)}</b>, {first}{len(view.rows):,} fields, "
        f"{len(view.rows.read_from)} readings</p>"
        f"<table style='border-collapse:collapse;color:{INK}'><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>"
        f"</table>{f'<p>and {more:,} more fields</p>' if more else ''}"
        f"<p style='color:{QUIET}'>Run the cell to search, compare and follow each number to its field.</p></div>"
    )


def _value(kind: str, value: object, children: int, clean: Clean) -> str:
    if kind in {"object", "array"}:
        return ("{{{:,}}}" if kind == "object" else "[{:,}]").format(children)
    if kind == "string":
        return _text(f'"{clean(str(value))}"')
    return {"null": "null", "boolean": str(value).lower()}.get(kind) or _text(str(value))


def _text(text: str) -> str:
    return escape(printable(text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"))
