"""Small HTML for the displays of values in notebooks. Every text is escaped here, and only here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

# Inline, for JupyterLab's sanitizer drops style sheets; the text takes the page's own colour.
_LEFT: Final = 'style="text-align:left;vertical-align:top"'


class Markup(str):
    """HTML that is as it should be: it is not escaped again."""

    __slots__ = ()


def escaped(text: object) -> str:
    """The text of a value, with nothing left in it that HTML would read as its own; `Markup` as it is.

    >>> escaped("<b> & 'c'"), escaped(Markup("<b>"))
    ('&lt;b&gt; &amp; &#x27;c&#x27;', '<b>')
    """
    from html import escape  # noqa: PLC0415  # its table of entities is long, and only notebooks draw

    return text if isinstance(text, Markup) else escape(str(text))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, most: int | None = None) -> str:
    """A table whose first column names its rows.

    Args:
        heads: The columns' names; none: a table without a head.
        rows: The cells of each row, as texts or `Markup`.
        most: How many rows are shown; a line says how many more there are.

    >>> table([], [["ada"]])
    '<table><tbody><tr><th scope="row" style="text-align:left;vertical-align:top">ada</th></tr></tbody></table>'
    """
    waiting = iter(rows)
    head = "".join(f'<th scope="col" {_LEFT}>{escaped(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row" {_LEFT}>{escaped(name)}</th>'
        f"{''.join(f'<td {_LEFT}>{escaped(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in islice(waiting, most)
    )
    more = sum(1 for _ in waiting)
    return (
        f"<table>{f'<thead><tr>{head}</tr></thead>' if heads else ''}<tbody>{body}</tbody></table>"
        f"{f'<p>and {more:,} more</p>' if more else ''}"
    )


def paragraph(text: object) -> str:
    """One paragraph; "" for an empty text.

    >>> paragraph("3 < 4")
    '<p>3 &lt; 4</p>'
    """
    return f"<p>{escaped(text)}</p>" if text else ""


def bullets(items: Iterable[str | tuple[str, str]], *, title: str = "") -> str:
    """A list under a title; of a pair the first half is bold. Nothing at all when there are no items.

    >>> bullets([("ada", "no login"), "and more"], title="Failed:")
    '<p>Failed:</p><ul><li><b>ada</b>: no login</li><li>and more</li></ul>'
    """
    lines = [
        f"<li>{escaped(item)}</li>"
        if isinstance(item, str)
        else f"<li><b>{escaped(item[0])}</b>: {escaped(item[1])}</li>"
        for item in items
    ]
    return f"{paragraph(title)}<ul>{''.join(lines)}</ul>" if lines else ""
