"""Which windows stand beside each other: the half of every overview that draws nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..models import OWN
from .bars import WindowBar, blocked_why, by_account, window_rank

Column = tuple[str, str]
"""Limit and window."""

MOST_COLUMNS: Final = 3
COMMON_SHARE: Final = 0.25  # a window that fewer accounts have has no column of its own


class GridRow(NamedTuple):
    """One account."""

    bars: tuple[WindowBar, ...]  # all its windows
    cells: tuple[WindowBar | None, ...]  # the one for each column; None: no such window was sent
    further: tuple[WindowBar, ...]  # those without a column

    @property
    def account_key(self) -> str:
        """Its key."""
        return self.bars[0].account_key

    @property
    def blocked(self) -> str:
        """Why it lets nothing through although something is left, in words; "" when it does."""
        return blocked_why(self.bars)


class Grid(NamedTuple):
    """Accounts by windows; each column has the title of its first bar."""

    columns: tuple[Column, ...]
    titles: tuple[str, ...]
    rows: tuple[GridRow, ...]


def grid(bars: Sequence[WindowBar], most: int = MOST_COLUMNS) -> Grid:
    """Sorts bars into rows, in their order, and columns: the windows that many accounts have, short ones first."""
    accounts = by_account(bars)
    titles = {(bar.limit, bar.window): bar.title for bar in reversed(bars)}
    having = Counter(column for own in accounts for column in {(bar.limit, bar.window) for bar in own if bar.window})
    common = [column for column, count in having.items() if count >= COMMON_SHARE * len(accounts)]
    # The account's own windows have the first right to a column.
    common.sort(key=lambda column: (column[0] != OWN, -having[column], window_rank(*column)))
    columns = tuple(sorted(common[:most], key=lambda column: window_rank(*column)))
    rows = tuple(_row(own, columns) for own in accounts)
    return Grid(columns, tuple(titles[column] for column in columns), rows)


def _row(own: Sequence[WindowBar], columns: Sequence[Column]) -> GridRow:
    cells: dict[Column, WindowBar] = {}
    further = []
    for bar in own:
        column = (bar.limit, bar.window)
        # A second window of the same name (both slots weekly) has no column of its own.
        if column in columns and column not in cells:
            cells[column] = bar
        elif bar.window or not bar.own or not columns:
            further.append(bar)  # that nothing at all was sent of its own limit, the columns say
    return GridRow(tuple(own), tuple(map(cells.get, columns)), tuple(further))
