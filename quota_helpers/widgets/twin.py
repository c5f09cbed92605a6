"""The panel without a kernel: the same table as static HTML, for saved notebooks.

JupyterLab's sanitizer keeps tables, divs and simple inline styles and drops the rest (style sheets, SVG, CSS
variables, ARIA attributes), so everything is inline, and the text takes the page's own colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from ..charts.bars import Show, WindowBar
from ..charts.style import ATTENTION, NORMAL, QUIET, window_title
from ..models import Failure
from ..privacy import printable
from .messages import failure_parts
from .overview import Row, fill, number, overview, reset, sentence, word

MOST_ROWS: Final = 60  # a saved notebook is no place for hundreds
BAR_PIXELS: Final = 90
LEFT: Final = 'style="text-align:left"'


def twin_html(
    bars: Sequence[WindowBar], failures: Sequence[Failure], *, headline: str, show: Show, reveal: bool = False
) -> str:
    """The overview and the failures as they stand now.

    Args:
        bars: As `window_bars` returns them.
        failures: Accounts that could not be read.
        headline: When and what was read.
        show: "left" or "used".
        reveal: Whether e-mail addresses in failures are shown in full.
    """
    table = overview(bars)
    heads = [
        "account",
        *(window_title(*key) for key in table.columns),
        *(["further windows"] if table.has_further else []),
    ]
    head = "".join(f'<th scope="col" {LEFT}>{escape(printable(text))}</th>' for text in heads)
    body = "".join(_row(row, show, further=table.has_further) for row in table.rows[:MOST_ROWS])
    hidden = len(table.rows) - MOST_ROWS
    more = f"<p>… and {hidden} more accounts: run the cell to see them.</p>" if hidden > 0 else ""
    told = "".join(
        f"<li><b>{escape(account)}</b>: {escape(what)} {escape(hint)}</li>"
        for account, what, hint in (failure_parts(failure, reveal=reveal) for failure in failures)
    )
    return (
        f"<div><p><b>Codex quota {show}</b>: {escape(headline)}. Run the cell for the live panel.</p>"
        f"<table><caption>Quota {show} by account and window</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
        f"{more}{f'<p>Could not be read:</p><ul>{told}</ul>' if told else ''}</div>"
    )


def _row(row: Row, show: Show, *, further: bool) -> str:
    cells = "".join(f"<td {LEFT}>{_bar(bar, show) if bar else 'no such window'}</td>" for bar in row.cells)
    if further:
        inner = "".join(f"{escape(printable(bar.title))} {_bar(bar, show)}" for bar in row.further)
        cells += f"<td {LEFT}>{inner}</td>"
    return f'<tr><th scope="row" {LEFT}>{escape(printable(row.label))}</th>{cells}</tr>'


def _bar(bar: WindowBar, show: Show) -> str:
    colour = QUIET if bar.mark in {"stale", "unknown"} else ATTENTION if bar.mark in {"full", "fast"} else NORMAL
    track = (
        f'<div role="img" aria-label="{escape(printable(sentence(bar, show)))}" '
        f'style="width:{BAR_PIXELS}px;height:9px;background-color:#9e9e9e55">'
        f'<div style="width:{fill(bar, show) * BAR_PIXELS / 100:.0f}px;height:9px;background-color:{colour}"></div>'
        "</div>"
    )
    # A short blank, so that number, word and time read as one line also where styles are dropped.
    words = " ".join(filter(None, (number(bar, show), word(bar, show))))
    after = reset(bar)
    return f"{track}<div>{escape(words)}{f' · {escape(after)}' if after else ''}</div>"
