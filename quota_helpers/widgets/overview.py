"""The overview: a real table, one row per account, one column per window, with a bar in every cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from ..outlook.bars import Show, WindowBar, window_rank, window_title
from ..privacy import printable

Key = tuple[str, str]

MOST_COLUMNS: Final = 3
COMMON_SHARE: Final = 0.25  # a window that fewer accounts have stands under "further windows"


@dataclass(frozen=True, slots=True)
class Row:
    """One account: the bar for each column (None: no such window) and what has no column."""

    label: str
    plan: str
    cells: tuple[WindowBar | None, ...]
    further: tuple[WindowBar, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The table's content, before anything is drawn."""

    columns: tuple[Key, ...]
    rows: tuple[Row, ...]

    @property
    def has_further(self) -> bool:
        """Whether some account has a window without a column."""
        return any(row.further for row in self.rows)


def overview(bars: Sequence[WindowBar]) -> Overview:
    """Sorts bars (in the order of `window_bars`) into rows and columns; common windows get a column."""
    accounts: dict[str, list[WindowBar]] = {}
    for bar in bars:
        accounts.setdefault(bar.account_key, []).append(bar)
    having: Counter[Key] = Counter()
    for own in accounts.values():
        having.update({(bar.limit, bar.window) for bar in own if bar.window})
    common = [key for key, count in having.items() if count >= COMMON_SHARE * len(accounts)]
    common.sort(key=lambda key: (key[0] != "codex", -having[key], window_rank(*key)))
    columns = tuple(sorted(common[:MOST_COLUMNS], key=lambda key: window_rank(*key)))
    return Overview(columns, tuple(_row(own, columns) for own in accounts.values()))


def overview_html(bars: Sequence[WindowBar], *, show: Show, caption: str = "") -> str:
    """The table as HTML for the panel; its look is in `panel.css`.

    Args:
        bars: As `window_bars` returns them: what runs out first on top.
        show: "left" or "used".
        caption: One line above the table, such as for when it holds.
    """
    table = overview(bars)
    if not table.rows:
        return '<p class="qp-empty">No account is selected, or none of the selected windows exists.</p>'
    heads = [window_title(*key) for key in table.columns] + ["further windows"] * table.has_further
    head = "".join(f'<th scope="col">{escape(printable(text))}</th>' for text in ("account", *heads))
    body = "".join(_row_html(row, show, further=table.has_further) for row in table.rows)
    tick = "time left" if show == "left" else "time gone"
    key = f"bar = {show}, tick = {tick}, right = resets in"
    return (
        f'<div class="qp-scroll"><table class="qp-table" aria-label="Quota {show} by account and window">'
        f"<caption>Quota {show}: what runs out first on top "
        f'<span class="qp-key">{escape(" · ".join(filter(None, (key, caption))))}</span></caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(own: Sequence[WindowBar], columns: Sequence[Key]) -> Row:
    cells: dict[Key, WindowBar] = {}
    further = []
    for bar in own:
        key = (bar.limit, bar.window)
        # A second window of the same name (both slots weekly) has no column of its own.
        if key in columns and key not in cells:
            cells[key] = bar
        else:
            further.append(bar)
    return Row(own[0].label, own[0].plan, tuple(cells.get(key) for key in columns), tuple(further))


def _row_html(row: Row, show: Show, *, further: bool) -> str:
    cells = "".join(
        f"<td>{_bar_html(bar, show)}</td>" if bar else '<td class="qp-absent">no such window</td>' for bar in row.cells
    )
    if further:
        inner = "".join(
            f'<div class="qp-further"><span class="qp-title">{escape(printable(bar.title or "no window sent"))}</span>'
            f"{_bar_html(bar, show)}</div>"
            for bar in row.further
        )
        cells += f"<td>{inner}</td>"
    plan = f' <span class="qp-plan">{escape(printable(row.plan))}</span>' if row.plan else ""
    name = escape(printable(row.label))
    return f'<tr><th scope="row"><span class="qp-account" title="{name}">{name}</span>{plan}</th>{cells}</tr>'


def _bar_html(bar: WindowBar, show: Show) -> str:
    kind = bar.mark.replace(" ", "-") or "plain"
    place = bar.tick(show)
    tick = "" if place is None else f'<i style="left:{place:.1f}%"></i>'
    label = escape(printable(bar.sentence(show)))
    return (
        f'<div class="qp-cell"><div class="qp-track qp-{kind}" role="img" aria-label="{label}">'
        f'<b style="width:{bar.fill(show):.1f}%"></b>{tick}</div>'
        f'<span class="qp-number">{escape(bar.number(show))}</span>'
        f'<span class="qp-word">{escape(bar.word(show))}</span>'
        f'<span class="qp-reset">{escape(bar.reset)}</span></div>'
    )
