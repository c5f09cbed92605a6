"""The explorer as plain HTML: what a saved notebook shows without a kernel."""

from __future__ import annotations

from typing import Final

from ..raw.show import Mask
from .explorer_rows import BodyView
from .twin import twin_html

SIGNS: Final = {"read": "✓", "known but unused": "○", "unknown": "?", "ignored": "–", "broken": "!"}  # noqa: RUF001
"""The same signs as in the browser."""
MOST_FIELDS: Final = 150
LONGEST_VALUE: Final = 80


def twin(title: str, view: BodyView | None, trouble: str) -> str:
    """A table of the chosen body's fields with their status, or the word on why there is none.

    Args:
        title: Whose body it is, masked.
        view: The body.
        trouble: Why there is no body to show.
    """
    if view is None:
        return twin_html(title, trouble)
    mask = view.mask
    cells = (
        (
            _cut(mask.text(row.path)),
            _value(row.type, row.path, row.value, mask),
            f"{SIGNS[row.status]} {row.status}",
            _cut(mask.text(row.read_as or row.why)),
        )
        for row in view.rows
    )
    first = "" if view.rows.complete else "only the first "
    said = f"{first}{len(view.rows):,} fields, {len(view.rows.read_from)} readings."
    heads = ("path", "value", "status", "read as")
    return twin_html(title, said, heads=heads, rows=cells, count=len(view.rows), most=MOST_FIELDS, more="fields")


def _value(kind: str, path: str, value: object, mask: Mask) -> str:
    shown = str(mask.value(path, value))
    return {"string": _cut(f'"{shown}"'), "null": "null", "boolean": shown.lower()}.get(kind) or _cut(shown)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
