"""Controls for a range of dates: presets, and two dates to type."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final

import ipywidgets
import pandas as pd

PRESETS: Final[dict[str, float | None]] = {"24 h": 1, "7 d": 7, "30 d": 30, "all": None}
"""Label -> days up to the newest reading; None is everything."""

_CLOSE: Final = timedelta(seconds=1)


class RangeControls:
    """What can be pressed and typed.

    Attributes:
        preset: One of `PRESETS`, or None when the dates say something else.
        first: The first day.
        last: The last day; it is shown whole.
        row: All of them.
    """

    def __init__(self) -> None:
        self.preset = ipywidgets.ToggleButtons(
            options=list(PRESETS),
            value="all",
            description="Range",
            tooltips=["the last day", "the last week", "the last 30 days", "everything"],
        )
        self.first = ipywidgets.DatePicker(description="From")
        self.last = ipywidgets.DatePicker(description="to")
        self.row = ipywidgets.HBox([self.preset, self.first, self.last])
        self.row.add_class("qp-row")

    def move(self, since: datetime | None, until: datetime | None, times: pd.Series, zone: tzinfo) -> None:
        """Let the controls say what is shown."""
        newest, oldest = times.max(), times.min()
        if pd.isna(newest):
            return
        self.preset.value = next(
            (label for label, days in PRESETS.items() if until is None and _is(since, newest, days)), None
        )
        begin = oldest if since is None else pd.Timestamp(since)
        end = newest if until is None else pd.Timestamp(until) - _CLOSE  # midnight ends the day before
        self.first.value = begin.tz_convert(zone).date()
        self.last.value = end.tz_convert(zone).date()


def _is(since: datetime | None, newest: pd.Timestamp, days: float | None) -> bool:
    if since is None or days is None:
        return since is None and days is None
    return bool(abs(newest - timedelta(days=days) - since) < _CLOSE)
