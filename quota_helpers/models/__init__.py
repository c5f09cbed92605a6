"""The values that travel through the package, all frozen: login, reply, reading.

Nothing here does any input or output, and nothing reads the clock.
"""

from .account import Account, Secret
from .columns import COLUMNS
from .reply import Headers, RawReply
from .snapshot import Credits, Limit, ResetCredits, SpendLimit, UsageSnapshot
from .window import QuotaWindow, window_state

__all__ = [
    "COLUMNS",
    "Account",
    "Credits",
    "Headers",
    "Limit",
    "QuotaWindow",
    "RawReply",
    "ResetCredits",
    "Secret",
    "SpendLimit",
    "UsageSnapshot",
    "window_state",
]
