"""Charts: `plot_*(frame, ...)` returns a plotly Figure; nothing here fetches, shows or reads the clock."""

from .builder import ChartSpec, build_chart
from .resets import plot_resets
from .windows import plot_windows

__all__ = [
    "ChartSpec",
    "build_chart",
    "plot_resets",
    "plot_windows",
]
