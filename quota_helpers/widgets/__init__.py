"""Widgets for a notebook: state plus wiring. What they show is computed in `charts` and below."""

from .builder import ChartBuilder
from .explorer import FieldExplorer
from .panel import QuotaPanel

__all__ = ["ChartBuilder", "FieldExplorer", "QuotaPanel"]
