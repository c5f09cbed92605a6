"""From readings to cycles: which reset was announced, which came early, and which readings nobody confirmed."""

from .cycle_table import CYCLE_COLUMNS, cycles, follow_all, label_readings
from .follow import Cycle, Followed
from .rates import with_burn
from .readings import Series, picked, series_of
from .token_cost import COST_COLUMNS, token_cost
from .tokens import daily_tokens

__all__ = [
    "COST_COLUMNS",
    "CYCLE_COLUMNS",
    "Cycle",
    "Followed",
    "Series",
    "cycles",
    "daily_tokens",
    "follow_all",
    "label_readings",
    "picked",
    "series_of",
    "token_cost",
    "with_burn",
]
