"""The values that travel through the package, all frozen: login, reply, reading.

Nothing here does any input or output, and nothing reads the clock.
"""

from .account import Account, Secret
from .reply import Headers, RawReply
from .snapshot import OWN, Credits, Limit, QuotaWindow, ResetCredits, SpendLimit, UsageSnapshot, window_state
from .tidy import COLUMNS

__all__ = [
    "COLUMNS",
    "OWN",
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
