"""What the history panel says in words: a status line beside the chart, and the table of a saved notebook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

import numpy as np

from ..charts.history_lines import EARLY, EARLY_KEPT, SCHEDULED, HistoryLine
from ..outlook.bars import percent
from ..times import from_micros, local_time
from .twin import twin_html

COLUMNS: Final = ("account", "window", "now", "highest", "scheduled resets", "early refills", "unconfirmed readings")


def status_text(lines: Sequence[HistoryLine], zone: tzinfo) -> str:
    """How many readings of whom, and of which time."""
    if not lines:
        return "No readings in this range."
    accounts = len({line.account for line in lines})
    count = sum(int(_inside(line).sum()) for line in lines)
    times = [line.followed.series.time[_inside(line)] for line in lines]
    first, last = min(int(part[0]) for part in times), max(int(part[-1]) for part in times)
    who = "1 account" if accounts == 1 else f"{accounts} accounts"
    return f"{count:,} readings of {who}, {_moment(first, zone)} to {_moment(last, zone)}"


def static_html(lines: Sequence[HistoryLine], zone: tzinfo, now: int | None) -> str:
    """The chosen windows as a table: what is used now, how full it got, how often it was refilled."""
    present = now or max((int(line.followed.series.time[-1]) for line in lines), default=0)
    said = f"{status_text(lines, zone).removesuffix('.')}."
    cells = (_cells(line, present) for line in lines)
    return twin_html("Quota used over time", said, heads=COLUMNS, rows=cells, count=len(lines), more="windows")


def _cells(line: HistoryLine, now: int) -> tuple[object, ...]:
    kinds = line.kinds
    return (
        line.label,
        line.title,
        line.says(now),
        percent(line.highest) if len(line.line) else "unknown",
        kinds.count(SCHEDULED),
        kinds.count(EARLY) + kinds.count(EARLY_KEPT),
        int((~np.isnan(line.other.used)).sum()),
    )


def _inside(line: HistoryLine) -> Any:
    """Which readings lie in the range that is shown."""
    times = line.followed.series.time
    edges = [knots.time for knots in (line.line, line.other, line.stale) if len(knots)]
    low = min((int(part[0]) for part in edges), default=0)
    high = max((int(part[-1]) for part in edges), default=0)
    return (times >= low) & (times <= high)


def _moment(micros: int, zone: tzinfo) -> str:
    return local_time(from_micros(micros), zone)
