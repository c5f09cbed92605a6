"""From readings to cycles: which reset was announced, which came early, and which readings nobody confirmed."""

from .follow import Cycle, Followed
from .readings import Series, picked, series_of
from .table import CYCLE_COLUMNS, cycles, follow_all, label_readings

__all__ = [
    "CYCLE_COLUMNS",
    "Cycle",
    "Followed",
    "Series",
    "cycles",
    "follow_all",
    "label_readings",
    "picked",
    "series_of",
]
