"""The panel's board: bars and a table as HTML, with names to click and heads to sort; the bars for a saved notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from html import escape
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from ..html import Markup
from ..outlook.bars import Role, Show, WindowBar
from ..outlook.grid import Grid, GridRow, grid
from ..privacy import printable
from ..times import local_time
from .twin import twin_html

COLOURS: Final[dict[Role, str]] = {"normal": "#0072B2", "attention": "#D55E00", "quiet": "#7A7A7A"}
PIXELS: Final = 90  # of a bar where no style sheet says otherwise, as in a saved notebook
ABSENT: Final = "no such window"
EMPTY: Final = '<p class="qp-empty">No window to show: other logins or windows?</p>'

People = Mapping[str, tuple[int, str]]
"""Account key -> the number that a click on its name reports, and its label."""


class Board(anywidget.AnyWidget):
    """HTML in the panel; the browser's half is `board.js`.

    Args:
        only: Called with the number of the account whose name was clicked.

    Attributes:
        html: What is shown. It is made in this module, which escapes every text.
    """

    _esm = Path(__file__).with_name("board.js")

    html = traitlets.Unicode().tag(sync=True)

    def __init__(self, only: Callable[[int], None]) -> None:
        super().__init__()
        self._only = only
        self.on_msg(self._take)

    def _take(self, _: object, content: Any, __: object) -> None:
        number = content.get("only") if isinstance(content, dict) else None
        if isinstance(number, int):
            self._only(number)


def windows_html(bars: Sequence[WindowBar], *, show: Show, zone: tzinfo, people: People, drawn: dict[Any, str]) -> str:
    """One row per account, the one that binds first on top, one column per common window.

    *drawn* holds rows that were drawn of the same bars before; they are used again, and new ones are added.
    """
    table = grid(bars)
    if not table.rows:
        return EMPTY
    keys = [(*map(id, row.bars), table.columns, show) for row in table.rows]
    for key, row in zip(keys, table.rows, strict=True):
        if key not in drawn:
            drawn[key] = _row_html(row, table, show, zone, people)
    rows = "".join(drawn[key] for key in keys)
    widest = max(len(people[row.account_key][1]) for row in table.rows)
    head = "".join(f'<span role="columnheader">{_text(title)}</span>' for title in table.titles)
    tick = "time left" if show == "left" else "time gone"
    return (
        f'<div class="qp-grid" role="table" aria-label="Quota {show} by account and window" '
        f'style="--qp-columns:{len(table.columns)};--qp-name:{min(widest, 40)}ch">'
        f'<div class="qp-heads" role="row"><span role="columnheader" class="qp-key">bar = {show}, tick = {tick}, '
        f"right = resets in</span>{head}</div>{rows}</div>"
    )


def _row_html(row: GridRow, table: Grid, show: Show, zone: tzinfo, people: People) -> str:
    cells = "".join(
        _cell(bar, show, zone) if bar else f'<div role="cell" class="qp-absent">{ABSENT}<u> {_text(title)}</u></div>'
        for title, bar in zip(table.titles, row.cells, strict=True)
    )
    further = "".join(_cell(bar, show, zone) for bar in row.further)
    more = f'<div role="cell" class="qp-further">{further}</div>' if further else ""
    blocked = f' <b title="{_text(row.blocked)}">blocked</b>' if row.blocked else ""
    return (
        f'<div class="qp-account-row" role="row"><div role="rowheader" class="qp-who">{_name(row.bars[0], people)}'
        f'<span class="qp-plan">{_text(_plan(row.bars[0]))}{blocked}</span></div>{cells}{more}</div>'
    )


def _cell(bar: WindowBar, show: Show, zone: tzinfo) -> str:
    title = bar.title or "no window sent"
    more = _text("\n".join([title, *bar.lines(zone)]))
    return (
        f'<div role="cell" class="qp-cell" data-more="{more}"><span class="qp-title">{_text(title)}</span>'
        f"{bar_html(bar, show)}</div>"
    )


def bar_html(bar: WindowBar, show: Show) -> Markup:
    """One bar with its number, its word and the time to its reset."""
    kind = bar.mark.replace(" ", "-") or "plain"
    fill = (
        f'<div style="width:{bar.fill(show):.1f}%;height:9px;background-color:{COLOURS[bar.role]}"></div>'
        if bar.fill(show)
        else ""
    )
    tick = bar.tick(show)
    mark = "" if tick is None else f'<i style="left:{tick:.1f}%"></i>'
    word = f" {_text(bar.word(show))}" if bar.word(show) else ""
    after = f'<span class="qp-reset"><s> · </s>{_text(bar.reset)}</span>' if bar.reset else ""
    spent = f'<div class="qp-plan">{_text(bar.spent)}</div>' if bar.spent else ""
    return Markup(
        f'<div class="qp-track qp-{kind}" role="img" aria-label="{_text(bar.sentence(show))}" '
        f'style="width:{PIXELS}px;height:9px;background-color:#9e9e9e55">{fill}{mark}</div>'
        f'<div class="qp-words"><b>{_text(bar.number(show))}</b>{word}{after}</div>{spent}'
    )


def table_html(bars: Sequence[WindowBar], *, show: Show, zone: tzinfo, people: People) -> str:
    """Every window as a row of plain words, to be sorted and searched."""
    if not bars:
        return EMPTY
    heads = ("account", "plan", "window", show, "state", "resets in", "resets at")
    head = "".join(
        f'<th scope="col"><button type="button" data-sort="{at}">{name}</button></th>' for at, name in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row" data-v="{_text(people[bar.account_key][1])}">{_name(bar, people)}</th>'
        + "".join(f'<td data-v="{_text(value)}">{_text(text)}</td>' for value, text in _values(bar, show, zone))
        + "</tr>"
        for bar in bars
    )
    return (
        f'<table class="qp-sorted" aria-label="Quota {show}, every window"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _values(bar: WindowBar, show: Show, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """What each cell is sorted by ("" comes last), and what it says."""
    yield bar.plan, _plan(bar)
    yield bar.title, bar.title or "no window sent"
    value = bar.shown(show)
    yield "" if value is None else f"{value:g}", " · ".join(filter(None, (bar.number(show), bar.spent)))
    word = bar.word(show) or ("" if bar.used is None else "current")
    yield word, f"blocked: {bar.blocked}" if bar.blocked else word
    when, left = (bar.reset_at, bar.resets_in) if bar.reset else (None, None)
    yield "" if left is None else f"{left.total_seconds():.0f}", bar.reset
    yield ("", "") if when is None else (when.isoformat(), local_time(when, zone, named=False))


def saved_html(bars: Sequence[WindowBar], *, show: Show, said: str, people: People, before: str, behind: str) -> str:
    """The bars for a saved notebook, with HTML *before* the table (the answers) and *behind* it (what was not read)."""
    table = grid(bars)
    further = ["further windows"] if any(row.further for row in table.rows) else []
    rows = (
        [
            people[row.account_key][1],
            " · ".join(filter(None, (_plan(row.bars[0]), row.blocked and f"blocked: {row.blocked}"))),
            *(bar_html(bar, show) if bar else ABSENT for bar in row.cells),
            *([Markup("".join(f"{_text(bar.title)} {bar_html(bar, show)}" for bar in row.further))] if further else []),
        ]
        for row in table.rows
    )
    heads = ["account", "plan", *table.titles, *further]
    title, count = f"Codex quota {show}", len(table.rows)
    return twin_html(title, said, heads=heads, rows=rows, count=count, more="accounts", before=before, behind=behind)


def _name(bar: WindowBar, people: People) -> str:
    number, label = people[bar.account_key]
    name = _text(label)
    return f'<button type="button" class="qp-account" data-only="{number}" title="{name}">{name}</button>'


def _plan(bar: WindowBar) -> str:
    return " · ".join(filter(None, (bar.plan, bar.credits)))


def _text(text: str) -> str:
    return escape("\n".join(map(printable, text.split("\n"))))
