"""What a widget leaves in a saved notebook, where no kernel runs: its answer as static HTML, and one line of text.

JupyterLab's sanitizer keeps tables, divs and simple inline styles and drops the rest (style sheets, SVG, CSS
variables, ARIA attributes), so everything is inline, and the text takes the page's own colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from ..html import Markup, escaped, table
from ..privacy import hide_tokens, printable

MOST_ROWS: Final = 60  # a saved notebook is no place for hundreds


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
    before: str = "",
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
        before: HTML between the sentence and the table.
        behind: HTML that follows the table.
    """
    kept = [[_shown(cell) for cell in cells] for cells in islice(rows, most)]
    drawn = table(heads, kept) if kept else ""
    left = f"<p>… and {count - most:,} more {more}: run the cell to see them.</p>" if count > most else ""
    return (
        f"<div><p><b>{escaped(_shown(title))}</b>: {escaped(_shown(said))} Run the cell for the live view.</p>"
        f"{before}{drawn}{left}{behind}</div>"
    )


def _shown(text: object) -> str:
    return text if isinstance(text, Markup) else printable(str(text))
