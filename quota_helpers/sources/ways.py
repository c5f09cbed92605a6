"""The two ways to ask for an account: directly, and through the official client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from ..auth import check_expiry, reload
from ..client import UsageClient
from ..errors import AuthError, TokenExpiredError, TokenRejectedError
from ..models import Account, RawReply

Clock = Callable[[], datetime]

USAGE: Final = "usage"
RESETS: Final = "rate-limit-reset-credits"
PROFILE: Final = "profiles/me"
PLAN_HISTORY: Final = "usage/plan_limit_history"
SIBLINGS: Final = (RESETS, PLAN_HISTORY, PROFILE)
BESIDE_SECONDS: Final = 5.0
"""What is asked beside the usage has that long, and no longer than the usage itself."""


class Way(Protocol):
    """Asks for one account at a time, from as many threads as `max_workers`.

    Attributes:
        origin: Where the answers are from, for the display.
        warning: What a person must know before anything is asked, or "".
    """

    origin: str
    warning: str
    max_workers: int

    def ask(self, account: Account, stop: threading.Event, what: str = USAGE) -> RawReply:
        """The reply of one endpoint; every failure is a `QuotaError`."""

    def close(self) -> None:
        """End what runs, and refuse more."""


class Direct:
    """The direct request, with the token of the login file."""

    warning = ""

    def __init__(self, client: UsageClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.max_workers = client.max_workers
        self.origin = client.url
        self.close = client.close

    def ask(self, account: Account, stop: threading.Event, what: str = USAGE) -> RawReply:
        """The reply; a login that Codex has renewed since it was read is read again, once."""
        now = self._clock()
        try:
            check_expiry(account, now)
        except TokenExpiredError:
            account = _renewed(account)
            check_expiry(account, now)
        try:
            return self._fetch(account, stop, what)
        except TokenRejectedError:
            renewed = _renewed(account)
            if renewed.access_token == account.access_token:
                raise
            return self._fetch(renewed, stop, what)

    def _fetch(self, account: Account, stop: threading.Event, what: str) -> RawReply:
        deadline = None if what == USAGE else min(BESIDE_SECONDS, self._client.deadline)
        return self._client.fetch(account, stop=stop, what=what, deadline=deadline)


def _renewed(account: Account) -> Account:
    """The login as its file has it now; as it was when the file is unreadable or holds somebody else's."""
    try:
        fresh = reload(account)
    except AuthError:
        return account
    return fresh if fresh.key == account.key else account
