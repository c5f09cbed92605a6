"""What both panels are made of: controls that keep their keys in JupyterLab (drop-downs lose theirs), and charts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import ipywidgets
import traitlets

STYLE: Final = Path(__file__).with_name("panel.css")
PLOTLY: Final = "application/vnd.plotly.v1+json"


class WindowPicker(ipywidgets.HBox):  # type: ignore[misc]  # ipywidgets has no types
    """A box to tick for every window that exists.

    Attributes:
        names: The windows that are offered.
        value: Those that are ticked, in this order.
    """

    names = traitlets.Tuple()
    value = traitlets.Tuple()

    def __init__(self) -> None:
        super().__init__()
        self.add_class("qp-row")

    @traitlets.observe("names")
    def _offer(self, _: object) -> None:
        legend = ipywidgets.HTML("Windows").add_class("qp-legend")
        self.children = (legend, *(self._box(name) for name in self.names))

    def _box(self, name: str) -> ipywidgets.Checkbox:
        box = ipywidgets.Checkbox(description=name.replace("_", " "), indent=False, value=name in self.value)
        box.observe(lambda _: self._tick(name, ticked=box.value), "value")
        return box

    def _tick(self, name: str, *, ticked: bool) -> None:
        others = {*self.value} - {name}
        self.value = tuple(one for one in self.names if one in others or (ticked and one == name))

    @traitlets.observe("value")
    def _move(self, _: object) -> None:
        for name, box in zip(self.names, self.children[1:], strict=True):
            box.value = name in self.value


def row(*parts: Any) -> ipywidgets.HBox:
    """Parts side by side, as many as there is room for in a line."""
    return ipywidgets.HBox(parts).add_class("qp-row")


def tabs(values: Iterable[str], **options: Any) -> ipywidgets.ToggleButtons:
    """One of several views at a time."""
    return ipywidgets.ToggleButtons(options=titled(values), **options).add_class("qp-tabs")


def titled(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Values as options of a control, each shown with a capital."""
    return tuple((f"{value[:1].upper()}{value[1:]}", value) for value in values)


def style() -> ipywidgets.HTML:
    """The panels' style sheet; it takes no room."""
    sheet = ipywidgets.HTML(f"<style>{STYLE.read_text('utf-8')}</style>")
    sheet.layout.display = "none"
    return sheet


class Chart(ipywidgets.Output):  # type: ignore[misc]  # ipywidgets has no types
    """Shows one figure at a time, each where the last one stood."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("qp-chart")

    def draw(self, figure: Any) -> None:
        """Show this plotly Figure."""
        spec = figure.to_plotly_json()
        chart = {"data": spec["data"], "layout": spec["layout"], "config": {"displayModeBar": False}}
        # Its height is known before it is drawn; panel.css counts on it.
        self.layout.height = f"{spec['layout']['height']}px"
        # Setting `outputs` repaints in place; capturing with `with output:` would echo every figure back to the kernel.
        data = {PLOTLY: chart, "text/plain": "chart"}
        self.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
