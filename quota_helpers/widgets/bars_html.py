"""Bars as HTML: the same for the panel, whose style sheet adds the theme, and for a saved notebook, which has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from html import escape
from typing import Any, Final

from ..html import Markup
from ..outlook.bars import Role, Show, WindowBar
from ..outlook.grid import Grid, GridRow, grid
from ..privacy import printable
from ..times import local_time
from .twin import twin_html

COLOURS: Final[dict[Role, str]] = {"normal": "#0072B2", "attention": "#D55E00", "quiet": "#7A7A7A"}
PIXELS: Final = 90  # of a bar where no style sheet says otherwise
ABSENT: Final = "no such window"


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
    word = bar.word(show)
    words = f"<b>{_text(bar.number(show))}</b>{f' {_text(word)}' if word else ''}"
    spent = f'<div class="qp-plan">{_text(bar.spent)}</div>' if bar.spent else ""
    after = f'<span class="qp-reset"><s> · </s>{_text(bar.reset)}</span>' if bar.reset else ""
    return Markup(
        f'<div class="qp-track qp-{kind}" role="img" aria-label="{_text(bar.sentence(show))}" '
        f'style="width:{PIXELS}px;height:9px;background-color:#9e9e9e55">{fill}{mark}</div>'
        f'<div class="qp-words">{words}{after}</div>{spent}'
    )


People = Mapping[str, tuple[int, str]]
"""Account key -> the number that a click on its name reports, and its label."""


def windows_html(
    bars: Sequence[WindowBar], *, show: Show, zone: tzinfo, people: People, drawn: dict[Any, str] | None = None
) -> str:
    """One row per account, the one that binds first on top, one column per common window.

    Args:
        bars: As `window_bars` returns them.
        show: "left" or "used".
        zone: Time zone of the texts under the pointer.
        people: What each account is called.
        drawn: Rows that were drawn of the same bars before, to be used again and added to; None draws all.
    """
    table = grid(bars)
    if not table.rows:
        return '<p class="qp-empty">No window to show: other logins or windows?</p>'
    widest = max(len(_named(row.bars[0], people)[1]) for row in table.rows)
    head = "".join(f'<span role="columnheader">{_text(title)}</span>' for title in table.titles)
    kept = {} if drawn is None else drawn
    rows = "".join(_row_once(row, table, show, zone, people, kept) for row in table.rows)
    tick = "time left" if show == "left" else "time gone"
    return (
        f'<div class="qp-grid" role="table" aria-label="Quota {show} by account and window" '
        f'style="--qp-columns:{len(table.columns)};--qp-name:{min(widest, 40)}ch">'
        f'<div class="qp-heads" role="row"><span role="columnheader" class="qp-key">bar = {show}, tick = {tick}, '
        f"right = resets in</span>{head}</div>{rows}</div>"
    )


def saved_html(
    bars: Sequence[WindowBar],
    *,
    show: Show,
    title: str,
    said: str,
    labels: Mapping[str, str],
    before: str,
    behind: str,
) -> str:
    """The same for a saved notebook.

    Args:
        bars: As `window_bars` returns them.
        show: "left" or "used".
        title: What this is.
        said: When and what was read.
        labels: Account key -> label.
        before: HTML between the two and the table, such as the answers.
        behind: HTML that follows, such as what could not be read.
    """
    table = grid(bars)
    further = ["further windows"] if any(row.further for row in table.rows) else []
    rows = (
        [
            labels.get(row.account_key, row.label),
            " · ".join(filter(None, (row.plan, row.bars[0].credits, row.blocked and f"blocked: {row.blocked}"))),
            *(bar_html(bar, show) if bar else ABSENT for bar in row.cells),
            *([Markup("".join(_titled(bar, show) for bar in row.further))] if further else []),
        ]
        for row in table.rows
    )
    heads = ["account", "plan", *table.titles, *further]
    count = len(table.rows)
    return twin_html(title, said, heads=heads, rows=rows, count=count, more="accounts", before=before, behind=behind)


def _row_once(row: GridRow, table: Grid, show: Show, zone: tzinfo, people: People, kept: dict[Any, str]) -> str:
    """One row; drawn when it was not yet."""
    place = (*map(id, row.bars), table.columns, show)
    if place not in kept:
        kept[place] = _row_html(row, table, show, zone, people)
    return kept[place]


def _row_html(row: GridRow, table: Grid, show: Show, zone: tzinfo, people: People) -> str:
    cells = "".join(
        _cell(bar, show, zone) if bar else f'<div role="cell" class="qp-absent">{ABSENT}<u> {_text(title)}</u></div>'
        for title, bar in zip(table.titles, row.cells, strict=True)
    )
    further = "".join(_cell(bar, show, zone) for bar in row.further)
    more = f'<div role="cell" class="qp-further">{further}</div>' if further else ""
    blocked = f' <b title="{_text(row.blocked)}">blocked</b>' if row.blocked else ""
    plan = " · ".join(filter(None, (row.plan, row.bars[0].credits)))
    number, label = _named(row.bars[0], people)
    name = _text(label)
    return (
        f'<div class="qp-account-row" role="row"><div role="rowheader" class="qp-who">'
        f'<button type="button" class="qp-account" data-only="{number}" title="{name}">{name}</button>'
        f'<span class="qp-plan">{_text(plan)}{blocked}</span></div>{cells}{more}</div>'
    )


def _cell(bar: WindowBar, show: Show, zone: tzinfo) -> str:
    lines = _text("\n".join([bar.title or "no window sent", *bar.lines(zone)]))
    title = _text(bar.title or "no window sent")
    return (
        f'<div role="cell" class="qp-cell" data-more="{lines}"><span class="qp-title">{title}</span>'
        f"{bar_html(bar, show)}</div>"
    )


def _titled(bar: WindowBar, show: Show) -> str:
    return f"{_text(bar.title)} {bar_html(bar, show)}"


def _text(text: str) -> str:
    return escape("\n".join(map(printable, text.split("\n"))))


def table_html(bars: Sequence[WindowBar], *, show: Show, zone: tzinfo, people: People) -> str:
    """Every window as a row of plain words, to be sorted and searched; the arguments are those of `windows_html`."""
    if not bars:
        return '<p class="qp-empty">No window to show: other logins or windows?</p>'
    heads = ("account", "plan", "window", show, "state", "resets in", "resets at")
    head = "".join(
        f'<th scope="col"><button type="button" data-sort="{at}">{_text(name)}</button></th>'
        for at, name in enumerate(heads)
    )
    body = "".join(_table_row(bar, show, zone, people) for bar in bars)
    return (
        f'<table class="qp-sorted" aria-label="Quota {show}, every window"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _table_row(bar: WindowBar, show: Show, zone: tzinfo, people: People) -> str:
    number, label = _named(bar, people)
    name = _text(label)
    cells = "".join(f'<td data-v="{_text(value)}">{_text(text)}</td>' for value, text in _values(bar, show, zone))
    return (
        f'<tr><th scope="row" data-v="{name}"><button type="button" class="qp-account" data-only="{number}">{name}'
        f"</button></th>{cells}</tr>"
    )


def _named(bar: WindowBar, people: People) -> tuple[int, str]:
    return people.get(bar.account_key, (-1, bar.label))


def _values(bar: WindowBar, show: Show, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """What each cell is sorted by ("" comes last), and what it says."""
    yield bar.plan, " · ".join(filter(None, (bar.plan, bar.credits)))
    yield bar.title, bar.title or "no window sent"
    value = bar.shown(show)
    yield "" if value is None else f"{value:g}", " · ".join(filter(None, (bar.number(show), bar.spent)))
    word = bar.word(show) or ("" if bar.used is None else "current")
    yield word, f"blocked: {bar.blocked}" if bar.blocked else word
    seconds = None if bar.resets_in is None or not bar.reset else bar.resets_in.total_seconds()
    yield "" if seconds is None else f"{seconds:.0f}", bar.reset
    when = bar.reset_at if bar.reset else None
    yield ("", "") if when is None else (when.isoformat(), local_time(when, zone, named=False))
