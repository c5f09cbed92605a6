"""What a widget leaves in a saved notebook, where no kernel runs: its answer as static HTML, and one line of text.

JupyterLab's sanitizer keeps tables, divs and simple inline styles and drops the rest (style sheets, SVG, CSS
variables, ARIA attributes), so everything is inline, and the text takes the page's own colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Any, Final

from ..privacy import hide_tokens, printable

MOST_ROWS: Final = 60  # a saved notebook is no place for hundreds
LEFT: Final = 'style="text-align:left;vertical-align:top"'


class Markup(str):
    """HTML that is as it should be: it is not escaped again."""

    __slots__ = ()


class StaticTwin:
    """Mixed into a widget: its display gets what `_static_html` and `repr` say, beside the live view."""

    def _static_html(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]  # the widget it is mixed into
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["text/html"] = hide_tokens(self._static_html())
            data["text/plain"] = repr(self)
        return bundle


def twin_html(
    title: str,
    said: str,
    *,
    heads: Sequence[str] = (),
    rows: Iterable[Sequence[object]] = (),
    count: int = 0,
    most: int = MOST_ROWS,
    more: str = "rows",
    behind: str = "",
) -> str:
    """A title with a sentence, and a table of which the first rows are kept.

    Args:
        title: What this is.
        said: The sentence.
        heads: The columns' names.
        rows: Cells of each row, its name first: texts, or `Markup`.
        count: How many rows there are.
        most: How many of them are kept.
        more: What rows are called, for "and 7 more".
        behind: HTML that follows the table.
    """
    head = "".join(f'<th scope="col" {LEFT}>{_text(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row" {LEFT}>{_text(name)}</th>'
        f"{''.join(f'<td {LEFT}>{_text(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in islice(rows, most)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
    left = f"<p>… and {count - most:,} more {more}: run the cell to see them.</p>" if count > most else ""
    return (
        f"<div><p><b>{_text(title)}</b>: {_text(said)} Run the cell for the live view.</p>{table}{left}{behind}</div>"
    )


def _text(text: object) -> str:
    return text if isinstance(text, Markup) else escape(printable(str(text)))
