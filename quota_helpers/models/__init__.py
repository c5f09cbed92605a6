"""The values that travel through the package, all frozen: login, reply, reading, failure.

Nothing here does any input or output, and nothing reads the clock.
"""

from .account import Account, Accounts, Secret, SkippedLogin
from .collection import Collection, Failure
from .columns import COLUMNS
from .reply import Headers, RawReply
from .snapshot import Credits, Limit, ResetCredits, SpendLimit, UsageSnapshot
from .window import TOLERANCE_SECONDS, QuotaWindow, window_name, window_state

__all__ = [
    "COLUMNS",
    "TOLERANCE_SECONDS",
    "Account",
    "Accounts",
    "Collection",
    "Credits",
    "Failure",
    "Headers",
    "Limit",
    "QuotaWindow",
    "RawReply",
    "ResetCredits",
    "Secret",
    "SkippedLogin",
    "SpendLimit",
    "UsageSnapshot",
    "window_name",
    "window_state",
]
