"""What the panel shows: headline, failures, table and chart, drawn anew from the last run."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection as Names
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from ..charts.resets import resets_spec
from ..charts.style import figure_of
from ..charts.windows import windows_spec
from ..outcomes import Collection
from ..outlook.bars import Show, WindowBar, window_bars
from ..times import local_time
from .messages import failures_html, headline, headline_html
from .overview import overview_html
from .panel_twin import static_html

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
    """The parts of the panel that only show."""

    def __init__(self) -> None:
        self.head, self.failures, self.table = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.output = ipywidgets.Output()
        self.output.add_class("qp-chart")
        self.output.add_class("qp-sized")  # its height is set with every chart; panel.css counts on it
        self._spec: dict[str, Any] | None = None
        self._twin: Callable[[], str] = str

    def draw(self, collection: Collection, frame: pd.DataFrame, choice: Choice, now: datetime) -> None:
        """Draw everything as it stands at *now*; what has not changed is not sent."""
        accounts = set(choice.accounts)
        keys = {one.account_key or one.account for one in collection.snapshots if one.account in accounts}
        shown = frame[frame["account_key"].fillna(frame["account"]).isin(keys)]
        if choice.windows is not None:
            shown = shown[shown["window"].isin(set(choice.windows))]
        bars = window_bars(shown, now=now, reveal=choice.reveal)
        # A failure of a login that is no account (an unreadable file) cannot be deselected.
        failures = [one for one in collection.failures if one.account in accounts or one.account not in choice.known]
        self.head.value = headline_html(collection, choice.zone, is_demo=choice.is_demo)
        self.failures.value = failures_html(
            failures, reveal=choice.reveal, hidden=len(collection.failures) - len(failures)
        )
        self.table.value = overview_html(bars, show=choice.show, caption=f"at {local_time(now, choice.zone)}")
        self._draw_chart(shown, bars, choice, now)
        # Made when it is asked for: a repaint has no time for it.
        self._twin = lambda: self._static(bars, failures, collection, choice)

    @property
    def figure(self) -> Any:
        """The chart as a plotly Figure, made when it is asked for; None before the first drawing."""
        return None if self._spec is None else figure_of(self._spec)

    def static_html(self) -> str:
        """The same without widgets, for saved notebooks."""
        return self._twin()

    def _draw_chart(self, shown: pd.DataFrame, bars: list[WindowBar], choice: Choice, now: datetime) -> None:
        if choice.chart == "resets":
            self._spec = resets_spec(shown, bars, now=now, tz=choice.zone)
        else:
            self._spec = windows_spec(shown, bars, now=now, show=choice.show, tz=choice.zone)
        data = {PLOTLY: {**self._spec, "config": {"displayModeBar": False}}, "text/plain": "chart"}
        self.output.layout.height = f"{self._spec['layout']['height']}px"
        # Setting `outputs` repaints in place; capturing with `with output:` would echo every figure back to the kernel.
        self.output.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)

    @staticmethod
    def _static(bars: list[WindowBar], failures: list[Any], collection: Collection, choice: Choice) -> str:
        line = headline(collection, choice.zone, is_demo=choice.is_demo)
        return static_html(bars, failures, headline=line, show=choice.show, reveal=choice.reveal)
