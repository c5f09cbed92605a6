"""The client: one login in, one reply or one error of ours out."""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Final

from ..errors import (
    AccountIdMissingError,
    FetchError,
    FetchTimeoutError,
    InsecureUrlError,
    QuotaError,
    TokenMissingError,
    UnreachableError,
)
from ..labels import of_kind
from ..models import Account, Headers, RawReply, Secret
from ..privacy import Echo, hide_in_headers
from ..workers import Closing
from .address import beside, host_of, stays_private, usage_url
from .body import Parsed, parse_body
from .outcomes import judge, may_help_to_ask_again, read_pause
from .translate import translate
from .transport import GuardedAdapter, HttpAnswer, ask, tls_context
from .watchdog import Guard, Watchdog

_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")
_USER_AGENT_SAFE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class UsageClient(Closing):
    """Asks the usage endpoint, for one account at a time or for many from as many threads.

    Every fetch has connections of its own: nothing of one account (connection, cookie, header) is seen by another.
    Use it in a `with` block, or call `close()`.

    Args:
        url: Base address; see `usage_url` for what becomes of it. It is judged at each fetch.
        connect_timeout: Seconds for one address to take the connection.
        deadline: Seconds for a whole fetch, retries and their waits included. The look-up of a host name is the one
            step that cannot be ended; the outcome is a `FetchTimeoutError` all the same.
        retries: How often to ask again after a connection fault, a 429 or a 5xx.
        user_agent: What to call ourselves; bare library agents are blocked at times.
        max_workers: How many threads should use this client at once; for whoever starts them, not enforced here.
        clock: Gives the present instant (aware, UTC), to stamp replies with.
        backoff: Seconds to wait before the first retry, doubled for each further one, with jitter.

    Raises:
        ValueError: A number that makes no sense, or a user agent that no header may carry.

    >>> from quota_helpers.auth import parse_auth
    >>> ada = parse_auth('{"tokens": {"access_token": "secret", "account_id": "acct-1"}}', name="ada")
    >>> UsageClient("http://example.com/backend-api").fetch(ada)
    Traceback (most recent call last):
    quota_helpers.errors.InsecureUrlError: example.com: plain http would carry the token in clear text; ...
    """

    def __init__(
        self,
        url: str = "https://chatgpt.com/backend-api",
        *,
        connect_timeout: float = 5,
        deadline: float = 30,
        retries: int = 2,
        user_agent: str = "Mozilla/5.0",
        max_workers: int = 32,
        clock: Callable[[], datetime] = utc_now,
        backoff: float = 0.5,
    ) -> None:
        of_kind(url, str, "url", "an address as text")
        for name, value in (("connect_timeout", connect_timeout), ("deadline", deadline), ("max_workers", max_workers)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, not {value!r}")
        if retries < 0 or not (math.isfinite(backoff) and backoff >= 0):
            raise ValueError(f"retries and backoff must be 0 or more, not {retries!r} and {backoff!r}")
        if not _USER_AGENT_SAFE.fullmatch(user_agent):
            raise ValueError("user_agent must be printable ASCII, without spaces at its ends")
        self.url = url
        self.connect_timeout = connect_timeout
        self.deadline = deadline
        self.retries = retries
        self.user_agent = user_agent
        self.max_workers = max_workers
        self._clock = clock
        self._backoff = backoff
        self._tls: SSLContext | None = None
        self._tls_lock = threading.Lock()
        self._closed = threading.Event()
        self._watchdog = Watchdog()

    def fetch(
        self,
        account: Account,
        *,
        stop: threading.Event | None = None,
        what: str = "usage",
        deadline: float | None = None,
    ) -> RawReply:
        """Ask for one account's usage, or for what the same server says beside it.

        Args:
            account: The login; only its token, its account id, its FedRAMP mark and its names are used.
            stop: Set it from another thread to end the fetch within a fraction of a second.
            what: The path beside `usage`, such as "rate-limit-reset-credits"; never one that changes anything.
            deadline: Seconds, where it is not the client's own.

        Returns:
            The reply, whose payload is a JSON object (beside the usage also a list).

        Raises:
            FetchError: One of its subclasses, as the package's table says; an interrupted fetch is an
                `UnreachableError` that says so.
            AuthError: The login has no token or no account id that could be sent; nothing was sent.
        """
        of_kind(account, Account, "account", "a login: qh.load_auth(path) or source.accounts[0] gives one")
        # The work is done by functions that return their error: a traceback from here shows no frame that held a
        # request, and the error has neither cause nor context. An interrupt loses its frames for the same reason.
        try:
            outcome: RawReply | QuotaError | None = self._outcome(account, stop, what, deadline or self.deadline)
        except KeyboardInterrupt:
            outcome = None
        if outcome is None:
            raise KeyboardInterrupt
        if isinstance(outcome, QuotaError):
            raise outcome
        return outcome

    def close(self) -> None:
        """End running fetches (as if stopped) and refuse further ones."""
        self._closed.set()

    def __repr__(self) -> str:
        return f"UsageClient({host_of(self.url)!r}, deadline={self.deadline!r}, retries={self.retries!r})"

    def _outcome(
        self, account: Account, stop: threading.Event | None, what: str, deadline: float
    ) -> RawReply | QuotaError:
        """The reply, or the error to raise."""
        begun = time.perf_counter()
        if unusable := _unusable(account):
            return unusable
        try:
            url = beside(usage_url(self.url), what)
        except FetchError as error:
            error.account = account.name
            return error.with_traceback(None)
        if not stays_private(url):
            return InsecureUrlError(
                f"{host_of(url)}: plain http would carry the token in clear text; nothing was sent.",
                account=account.name,
            )
        with Guard(self._watchdog, deadline, stop, self._closed) as guard:
            return _Fetch(self, account, url, guard, begun).run()

    def _tls_for(self, url: str) -> SSLContext | None:
        """The TLS context, made at the first https fetch and shared by all threads."""
        if not url.startswith("https:"):
            return None
        with self._tls_lock:
            if self._tls is None:
                self._tls = tls_context()
            return self._tls


class _Fetch:
    """One run of `UsageClient.fetch`: the attempts, and the waits between them."""

    def __init__(self, client: UsageClient, account: Account, url: str, guard: Guard, begun: float) -> None:
        self._client = client
        self._account = account
        self._url = url
        self._guard = guard
        self._begun = begun
        self._reply: RawReply | None = None  # the last complete one

    def run(self) -> RawReply | QuotaError:
        """Ask, and ask again while that could help and the deadline allows it."""
        attempt = 0
        while True:
            outcome, again, pause = self._attempt()
            if ended := self._ended():
                return ended
            if isinstance(outcome, RawReply) or not again or attempt >= self._client.retries:
                return outcome
            jitter = random.SystemRandom().uniform(0.5, 1.0)
            wait = max(self._client._backoff * 2**attempt * jitter, pause or 0.0)  # noqa: SLF001 - same module
            if wait >= self._guard.remaining():
                return outcome
            if not self._guard.wait(wait):
                return self._ended() or outcome
            attempt += 1

    def _attempt(self) -> tuple[RawReply | FetchError, bool, float | None]:
        """One request: the reply or error, whether asking again could help, and the wait the server asks for."""
        client, guard = self._client, self._guard
        if ended := self._ended():
            return ended, False, None
        adapter: GuardedAdapter | None = None
        try:
            adapter = GuardedAdapter(guard, client._tls_for(self._url), client.connect_timeout)  # noqa: SLF001 - same module
            answer = ask(
                adapter, self._url, _headers(self._account, client.user_agent), self._account.access_token, guard
            )
        except Exception as exc:  # noqa: BLE001 - the frames below hold the request: none may get out
            error, again = translate(exc, host=host_of(self._url), account=self._account.name)
            error.reply = self._reply
            return error, again, None
        finally:
            if adapter is not None:
                adapter.close()
            guard.release()
        if ended := self._ended():  # what was cut off there can look like a whole answer
            return ended, False, None
        return self._read(answer)

    def _read(self, answer: HttpAnswer) -> tuple[RawReply | FetchError, bool, float | None]:
        account, echo = self._account, Echo(self._account.access_token.reveal)
        now = self._client._clock()  # noqa: SLF001 - same module
        data, problem = echo.data(answer.data), answer.problem
        if problem is None:
            parsed = parse_body(data, echo.text)
        else:
            parsed = Parsed(None, data, (f"the body is {problem}",), problem)
        self._reply = reply = RawReply(
            status=answer.status,
            headers=Headers(hide_in_headers(answer.headers, echo.text)),
            body=parsed.data,
            payload=parsed.payload,
            fetched_at=now,
            elapsed=time.perf_counter() - self._begun,
            account=account.name,
            account_key=account.key,
            url=self._url,
            notes=parsed.notes,
        )
        pause = read_pause(reply.headers.get("retry-after"), now=now, date=reply.headers.get("date"))
        return judge(reply, parsed.problem, pause) or reply, may_help_to_ask_again(reply), pause

    def _ended(self) -> FetchError | None:
        """The error for a fetch that was ended from outside, whatever came back meanwhile."""
        reason, host = self._guard.check(), host_of(self._url)
        error: FetchError | None = None
        if reason == "deadline":
            error = FetchTimeoutError(f"{host}: no complete answer within {self._guard.seconds:g} s.")
        elif reason == "stop":
            error = UnreachableError(f"{host}: interrupted before the answer was complete.", hint="Run it again.")
        if error is not None:
            error.account, error.reply = self._account.name, self._reply
        return error


def _unusable(account: Account) -> QuotaError | None:
    """Why this login cannot be sent at all: an odd byte in a header would end up in foreign exceptions."""
    for error, what, secret in (
        (TokenMissingError, "access token", account.access_token),
        (AccountIdMissingError, "account id", Secret(account.account_id or "")),
    ):
        if not _HEADER_SAFE.fullmatch(secret.reveal()):
            state = "holds characters that no header may carry" if secret else "is missing"
            return error(f"The {what} {state}; nothing was sent.", account=account.name)
    return None


def _headers(account: Account, user_agent: str) -> dict[str, str]:
    """Everything but the token. Without the account id a team seat answers 200 with plan "free" and nulls."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "ChatGPT-Account-Id": account.account_id or "",
        "Origin": "https://chatgpt.com",
        "Referer": "https://chatgpt.com/",
        "User-Agent": user_agent,
    }
    if account.fedramp:
        headers["X-OpenAI-Fedramp"] = "true"
    return headers
