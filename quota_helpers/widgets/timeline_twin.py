"""What the history panel says in words: a status line beside the chart, and a table for saved notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape
from typing import Any, Final

import numpy as np
import pandas as pd

from ..charts.history_lines import EARLY, EARLY_KEPT, SCHEDULED, HistoryLine
from ..charts.style import moment, percent
from ..privacy import printable

MOST_ROWS: Final = 60
LEFT: Final = 'style="text-align:left"'
COLUMNS: Final = ("account", "window", "now", "highest", "scheduled resets", "early refills", "unconfirmed readings")


def status_text(lines: Sequence[HistoryLine], zone: str | tzinfo) -> str:
    """How many readings of whom, and of which time."""
    if not lines:
        return "No readings in this range."
    accounts = len({line.account for line in lines})
    count = sum(int(_inside(line).sum()) for line in lines)
    times = [line.followed.series.time[_inside(line)] for line in lines]
    first, last = min(int(part[0]) for part in times), max(int(part[-1]) for part in times)
    who = "1 account" if accounts == 1 else f"{accounts} accounts"
    return f"{count:,} readings of {who}, {_moment(first, zone)} to {_moment(last, zone)}"


def twin_html(lines: Sequence[HistoryLine], zone: str | tzinfo, now: int | None) -> str:
    """The chosen windows as a static table; tables and simple inline styles are all that a saved notebook keeps."""
    present = now or max((int(line.followed.series.time[-1]) for line in lines), default=0)
    head = "".join(f'<th scope="col" {LEFT}>{title}</th>' for title in COLUMNS)
    body = "".join(_row(line, present) for line in lines[:MOST_ROWS])
    more = f"<p>… and {len(lines) - MOST_ROWS} more: run the cell to see them.</p>" if len(lines) > MOST_ROWS else ""
    told = escape(status_text(lines, zone).removesuffix("."))
    return (
        f"<div><p><b>Quota used over time</b>: {told}. Run the cell for the live panel.</p>"
        f'<table aria-label="Quota used over time by account and window"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{more}</div>"
    )


def _row(line: HistoryLine, now: int) -> str:
    kinds = [mark.kind for mark in line.marks]
    cells = (
        line.says(now),
        percent(line.highest) if len(line.line) else "unknown",
        kinds.count(SCHEDULED),
        kinds.count(EARLY) + kinds.count(EARLY_KEPT),
        int((~np.isnan(line.other.used)).sum()),
    )
    told = "".join(f"<td {LEFT}>{escape(str(cell))}</td>" for cell in cells)
    name = escape(printable(line.label))
    return f'<tr><th scope="row" {LEFT}>{name}</th><td {LEFT}>{escape(printable(line.title))}</td>{told}</tr>'


def _inside(line: HistoryLine) -> Any:
    """Which readings lie in the range that is shown."""
    times = line.followed.series.time
    edges = [knots.time for knots in (line.line, line.other, line.stale) if len(knots)]
    low = min((int(part[0]) for part in edges), default=0)
    high = max((int(part[-1]) for part in edges), default=0)
    return (times >= low) & (times <= high)


def _moment(micros: int, zone: str | tzinfo) -> str:
    return moment(pd.Timestamp(micros, unit="us", tz="UTC"), zone)
