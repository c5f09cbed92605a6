"""What the panel shows: headline, failures, table and chart, drawn anew from the last run."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection as Names
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from ..charts import plot_resets, plot_windows, window_bars
from ..charts.bars import Show, WindowBar
from ..charts.style import moment
from ..models import Collection
from .messages import failures_html, headline, headline_html
from .overview import overview_html
from .twin import twin_html

if TYPE_CHECKING:
    import pandas as pd

PLOTLY: Final = "application/vnd.plotly.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is to be shown, and how.

    Attributes:
        accounts: Names of the selected accounts.
        known: Names of all accounts.
        windows: Names of the selected windows; None for all, also for what has no name.
        show: "left" or "used".
        chart: "windows" or "resets".
        zone: Time zone of all times.
        reveal: Whether e-mail addresses are shown in full.
        is_demo: Whether the accounts are invented.
    """

    accounts: Names[str]
    known: Names[str]
    windows: Names[str] | None
    show: Show
    chart: str
    zone: tzinfo
    reveal: bool
    is_demo: bool


class View:
    """The parts of the panel that only show.

    Attributes:
        figure: The chart, a plotly Figure; None before the first drawing.
    """

    def __init__(self) -> None:
        self.head, self.failures, self.table = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.output = ipywidgets.Output()
        self.output.add_class("qp-chart")
        self.figure: Any = None
        self._twin: Callable[[], str] = str

    def draw(self, collection: Collection, frame: pd.DataFrame, choice: Choice, now: datetime) -> None:
        """Draw everything as it stands at *now*; what has not changed is not sent."""
        accounts = set(choice.accounts)
        shown = frame[frame["account"].isin(accounts)]
        if choice.windows is not None:
            shown = shown[shown["window"].isin(set(choice.windows))]
        bars = window_bars(shown, now=now, reveal=choice.reveal)
        # A failure of a login that is no account (an unreadable file) cannot be deselected.
        failures = [one for one in collection.failures if one.account in accounts or one.account not in choice.known]
        self.head.value = headline_html(collection, choice.zone, is_demo=choice.is_demo)
        self.failures.value = failures_html(
            failures, reveal=choice.reveal, hidden=len(collection.failures) - len(failures)
        )
        self.table.value = overview_html(bars, show=choice.show, caption=f"at {moment(now, choice.zone)}")
        self._draw_chart(shown, choice, now)
        # Made when it is asked for: a repaint has no time for it.
        self._twin = lambda: self._static(bars, failures, collection, choice)

    def static_html(self) -> str:
        """The same without widgets, for saved notebooks."""
        return self._twin()

    def _draw_chart(self, shown: pd.DataFrame, choice: Choice, now: datetime) -> None:
        if choice.chart == "resets":
            self.figure = plot_resets(shown, now=now, tz=choice.zone, reveal=choice.reveal)
        else:
            self.figure = plot_windows(shown, now=now, show=choice.show, tz=choice.zone, reveal=choice.reveal)
        # Setting `outputs` repaints in place; capturing with `with output:` would echo every figure back to the kernel.
        self.output.outputs = ({"output_type": "display_data", "data": _bundle(self.figure), "metadata": {}},)

    @staticmethod
    def _static(bars: list[WindowBar], failures: list[Any], collection: Collection, choice: Choice) -> str:
        line = headline(collection, choice.zone, is_demo=choice.is_demo)
        return twin_html(bars, failures, headline=line, show=choice.show, reveal=choice.reveal)


def _bundle(figure: Any) -> dict[str, Any]:
    spec = figure.to_plotly_json()
    return {
        PLOTLY: {"data": spec["data"], "layout": spec["layout"], "config": {"displayModeBar": False}},
        "text/plain": "chart",
    }
