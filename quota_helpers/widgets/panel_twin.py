"""The panel without a kernel: the same bars as static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from ..charts.bar_blocks import COLOURS
from ..html import Markup
from ..outcomes import Failure
from ..outlook.bars import Show, WindowBar, window_title
from ..privacy import printable
from .messages import failure_parts
from .overview import overview
from .twin import twin_html

BAR_PIXELS: Final = 90


def static_html(
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
    further = ["further windows"] if table.has_further else []
    heads = ["account", *(window_title(*key) for key in table.columns), *further]
    rows = (
        [
            row.label,
            *(_bar(bar, show) if bar else "no such window" for bar in row.cells),
            *([_named(row.further, show)] if further else []),
        ]
        for row in table.rows
    )
    told = "".join(
        f"<li><b>{escape(account)}</b>: {escape(what)} {escape(hint)}</li>"
        for account, what, hint in (failure_parts(failure, reveal=reveal) for failure in failures)
    )
    return twin_html(
        f"Codex quota {show}",
        f"{headline}.",
        heads=heads,
        rows=rows,
        count=len(table.rows),
        more="accounts",
        behind=f"<p>Could not be read:</p><ul>{told}</ul>" if told else "",
    )


def _named(bars: Sequence[WindowBar], show: Show) -> Markup:
    def lines() -> Iterator[str]:
        for bar in bars:
            yield f"{escape(printable(bar.title))} {_bar(bar, show)}"

    return Markup("".join(lines()))


def _bar(bar: WindowBar, show: Show) -> Markup:
    track = (
        f'<div role="img" aria-label="{escape(printable(bar.sentence(show)))}" '
        f'style="width:{BAR_PIXELS}px;height:9px;background-color:#9e9e9e55">'
        f'<div style="width:{bar.fill(show) * BAR_PIXELS / 100:.0f}px;height:9px;'
        f'background-color:{COLOURS[bar.role]}"></div></div>'
    )
    # A short blank, so that number, word and time read as one line also where styles are dropped.
    words = " ".join(filter(None, (bar.number(show), bar.word(show))))
    after = bar.reset
    return Markup(f"{track}<div>{escape(words)}{f' · {escape(after)}' if after else ''}</div>")
