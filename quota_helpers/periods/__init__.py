"""From readings to cycles: which reset was announced, which came early, and which readings nobody confirmed."""

from .cycle_table import CYCLE_COLUMNS, cycles, follow_all, with_burn
from .follow import Cycle, Followed
from .readings import Series
from .tokens import COST_COLUMNS, daily_tokens, token_cost

__all__ = [
    "COST_COLUMNS",
    "CYCLE_COLUMNS",
    "Cycle",
    "Followed",
    "Series",
    "cycles",
    "daily_tokens",
    "follow_all",
    "token_cost",
    "with_burn",
]
