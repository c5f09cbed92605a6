"""The place of a chart: a figure drawn anew where the last one stood."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

PLOTLY: Final = "application/vnd.plotly.v1+json"


class Chart(ipywidgets.Output):  # type: ignore[misc]  # ipywidgets has no types
    """Shows one figure at a time."""

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
