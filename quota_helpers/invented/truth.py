"""What really happened in the demo's month, for whoever wants to know whether a chart or a rule has found it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that went on for a while at one account: from *since* on, before *until*."""

    account: str
    since: datetime
    until: datetime

    def covers(self, account: str, when: datetime) -> bool:
        """Whether it concerns this account at this moment."""
        return account == self.account and self.since <= when < self.until


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one account's window at one moment."""

    account: str
    window: str
    at: datetime


LIFTED: Final = Episode("ada", datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC))
"""The server sent no five-hour window; the week stood in the primary slot."""

EARLY_REFILL: Final = Event("ada", "weekly", datetime(2026, 11, 12, 13, 0, tzinfo=UTC))
"""The week was refilled two and a half days before its announced reset, and its clock started anew."""

EARLY_REFILL_ANNOUNCED: Final = datetime(2026, 11, 15, 1, 0, tzinfo=UTC)
"""When that week would have been reset."""

KEPT_CLOCK: Final = Event("team-blue", "weekly", datetime(2026, 11, 10, 18, 0, tzinfo=UTC))
"""The week was refilled, and its announced reset stayed as it was."""

FLAPPING: Final = Episode("night-owl", datetime(2026, 11, 3, 10, tzinfo=UTC), datetime(2026, 11, 3, 22, tzinfo=UTC))
"""The server took turns between the account's week and another, nearly fresh one with an earlier reset."""

ODD_READING: Final = Event("team-blue", "weekly", datetime(2026, 10, 29, 14, 0, tzinfo=UTC))
"""One reading of 0 % with the same reset; the next one was as before."""

GAP: Final = Episode("kim@example.com", datetime(2026, 10, 30, 20, tzinfo=UTC), datetime(2026, 11, 1, 18, tzinfo=UTC))
"""Nobody looked: there are no readings."""

PLAN_CHANGE: Final = Event("team-blue", "", datetime(2026, 11, 5, 8, 0, tzinfo=UTC))
"""From this moment on the plan is "team"; it was `PLAN_BEFORE`."""

PLAN_BEFORE: Final = "plus"

NAMED_SINCE: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""From this moment on the session logs say whose session it is; older ones carry no account."""

TOKENS_PER_PERCENT: Final = {"five_hour": 180_000, "weekly": 1_260_000}
"""What one percent of ada's windows costs until `PRICE_JUMP`; each turn deviates from it by up to `TOKENS_SPREAD`.

Only of the windows that are open at the demo's present it does not hold: they are made to end at the server's numbers.
"""

FOREIGN: Final = (
    Episode("ada", datetime(2026, 11, 3, 13, 40, tzinfo=UTC), datetime(2026, 11, 3, 16, 20, tzinfo=UTC)),
    Episode("ada", datetime(2026, 11, 10, 14, 0, tzinfo=UTC), datetime(2026, 11, 10, 16, 0, tzinfo=UTC)),
    Episode("ada", datetime(2026, 11, 13, 20, 20, tzinfo=UTC), datetime(2026, 11, 14, 0, 0, tzinfo=UTC)),
)
"""Somebody else used the account: it was spent, and there is no turn in ada's logs. The last week holds two of them."""

PRICE_JUMP: Final = Event("ada", "", datetime(2026, 11, 12, 13, 0, tzinfo=UTC))
"""From this moment on, the early refill, a percent of each window costs fewer tokens: the last week is a mixed one."""

DEARER: Final = 1.3
"""By this factor a token costs more then."""

TOKENS_SPREAD: Final = 0.25
"""As a share, to both sides."""
