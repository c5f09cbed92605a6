"""Small HTML for the displays of values in notebooks. Every text is escaped here, and only here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_LEFT: Final = "style='text-align:left'"


def escaped(text: object) -> str:
    """The text of a value, with nothing left in it that HTML would read as its own.

    >>> escaped("<b> & 'c'")
    '&lt;b&gt; &amp; &#x27;c&#x27;'
    """
    from html import escape  # noqa: PLC0415  # its table of entities is long, and only notebooks draw

    return escape(str(text))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, most: int | None = None) -> str:
    """A table whose first column names its rows.

    Args:
        heads: The columns' names; none: a table without a head.
        rows: The cells of each row, as texts.
        most: How many rows are shown; a line says how many more there are.

    >>> table([], [["ada"]])
    "<table><tbody><tr><th scope='row' style='text-align:left'>ada</th></tr></tbody></table>"
    """
    cells = [list(row) for row in rows]
    shown = cells if most is None else cells[:most]
    head = "".join(f"<th scope='col'{'' if at else f' {_LEFT}'}>{escaped(name)}</th>" for at, name in enumerate(heads))
    body = "".join(
        f"<tr><th scope='row' {_LEFT}>{escaped(first)}</th>"
        + "".join(f"<td {_LEFT}>{escaped(cell)}</td>" for cell in others)
        + "</tr>"
        for first, *others in shown
    )
    more = f"<p>and {len(cells) - len(shown)} more</p>" if len(cells) > len(shown) else ""
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if heads else ''}<tbody>{body}</tbody></table>{more}"


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
