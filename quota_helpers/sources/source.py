"""Accounts and the way to ask for their quota, all at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..auth import reload
from ..errors import AuthError, FetchError, QuotaError, UnexpectedReplyError
from ..fields import ALIASES, Aliases
from ..labels import Names, account_labels, choose, one_of
from ..models import Account, RawReply, UsageSnapshot
from ..normalize import is_usage, normalize_usage
from ..outcomes import Accounts, Collection, Failure
from ..privacy import mask_identity
from ..workers import POLL_SECONDS, Closing, bar, run_concurrently, watched
from .ways import BESIDE_SECONDS, RESETS, SIBLINGS, USAGE, Clock, Way

if TYPE_CHECKING:
    from ..invented import DemoServer

OnProgress = Callable[[int, int], None]
Answer = tuple[RawReply | None, UsageSnapshot | QuotaError]


class Source(Closing):
    """Accounts and the way to ask for their quota.

    Made by `connect()`, `live()` or `demo()`. Usable as a context manager; `close()` ends its connections (and the
    demo's server).

    Attributes:
        is_demo: Whether the accounts are invented.
        clock: Callable that returns the present moment (aware, UTC); the demo's stands still between runs.
        looked_in: Where logins were looked for, in that order; for the demo, in vain.
        warning: What to know before anything is asked, or "": the official client may renew its login.
    """

    def __init__(
        self,
        find: Callable[[], Accounts],
        way: Way,
        *,
        clock: Clock,
        aliases: Aliases = ALIASES,
        demo: DemoServer | None = None,
        looked_in: Sequence[str] = (),
    ) -> None:
        self._find = find
        self._way = way
        self._aliases = aliases
        self._demo = demo
        self._runs = 0
        self._turn = threading.Lock()
        self._accounts = find()
        self.clock = clock
        self.is_demo = demo is not None
        self.looked_in = tuple(looked_in)
        self.warning = way.warning

    @property
    def accounts(self) -> Accounts:
        """The logins, as they were found at the last run; `.failures` holds the files that could not be used."""
        return self._accounts

    @property
    def url(self) -> str:
        """The address that is asked, or "codex app-server"."""
        return self._way.origin

    def fetch(self, name: str | None = None) -> RawReply:
        """One account's reply, as it came from the wire.

        Args:
            name: Which account, by name, label or key; may be left out when there is only one.

        Raises:
            ValueError: There is no such account, or *name* was left out with several; the message lists them.
            QuotaError: The login cannot be used, or the server did not answer with 200. A `FetchError` carries the
                `.reply` when there was one.
        """
        unusable = self._refresh()
        known = self._known(unusable)
        if name is None and len(known) != 1:
            there = (
                f"name one of these: {', '.join(label for label, _ in known.values())}" if known else "none is found"
            )
            raise ValueError(f"Which account? There are {len(known)} logins; {there}.")
        wanted = choose(name, known)[0]
        for failure in unusable:
            if failure.account == wanted:
                raise failure.error
        return self._way.ask(self._accounts.named(wanted), threading.Event())

    def collect(
        self,
        names: Names = None,
        *,
        progress: bool | None = None,
        on_progress: OnProgress | None = None,
        stop: threading.Event | None = None,
    ) -> Collection:
        """All accounts at once: readings, failures beside them, every reply.

        Login files are read again at every run, so a login that Codex has renewed meanwhile is used. One account's
        failure never hides the others. An interrupt (or *stop*) ends the run within a second and keeps what arrived.
        A run of somebody else on the same source (another panel, say) is waited for.

        Args:
            names: Which accounts, by name, label or key; None means all.
            progress: Whether to show a bar; None means when a person is watching and the run takes a while.
            on_progress: Called with (accounts done, accounts in all) after each one, in the calling thread.
            stop: Set it from another thread to end the run.

        Raises:
            ValueError: There is no account of one of the *names*; the message lists those there are.
        """
        stop = stop or threading.Event()
        while not self._turn.acquire(timeout=POLL_SECONDS):
            if stop.is_set():
                return Collection(fetched_at=self.clock(), interrupted=True)
        try:
            return self._run(names, on_progress, stop, watched() and not self.is_demo if progress is None else progress)
        finally:
            self._turn.release()

    def beside(self, what: str, names: Names = None, *, days: int | None = None) -> Collection:
        """What the same server says beside the usage, of all accounts at once: the replies, and failures beside them.

        The bodies go through `field_table`, `find_drift` and the explorer like any other; `qh.siblings` makes frames of
        them. No step of the demo's time passes.

        Args:
            what: "rate-limit-reset-credits" (earned resets one by one), "usage/plan_limit_history" (past windows as the
                server accounts them) or "profiles/me" (tokens a day of the whole account).
            names: Which accounts, by name, label or key; None means all.
            days: How far the past windows go back; None: as far as the server likes.

        Raises:
            ValueError: *what* is another word, or there is no account of one of the *names*.
        """
        path = one_of(what, SIBLINGS, "endpoint") + ("" if days is None else f"?days={int(days)}")
        chosen, failures = self._chosen(names, self._refresh())
        stop, replies = threading.Event(), {}
        arriving = run_concurrently(
            chosen, lambda account: self._outcome(account, path, stop), max_workers=self._way.max_workers, stop=stop
        )
        for account, (reply, error) in arriving:
            if reply is not None:
                replies[account.name] = reply
            if error is not None:
                failures.append(Failure(account=account.name, error=error, account_key=account.key))
        return Collection(fetched_at=self.clock(), failures=tuple(failures), replies=replies)

    def close(self) -> None:
        """End the connections; the demo's server stops too. May be called twice."""
        self._way.close()
        if self._demo is not None:
            self._demo.close()

    def __repr__(self) -> str:
        what = "DEMO, invented accounts" if self.is_demo else "your logins"
        looked = f"; looked in {', '.join(self.looked_in)}" if self.looked_in else ""
        counted = f"{len(self._accounts)} accounts, {len(self._accounts.failures)} unusable login files"
        warning = f"; {self.warning}" if self.warning else ""
        return f"Source({what}: {counted}{looked}{warning})"

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415 - its table of entities is long, and only notebooks draw

        what = "<b>Demo</b>: invented accounts" if self.is_demo else "Your logins"
        places = " or ".join(f"<code>{escape(place)}</code>" for place in self.looked_in)
        looked = f"; {'no login was found' if self.is_demo else 'looked for'} in {places}" if places else ""
        warning = f"<p>{escape(self.warning)}</p>" if self.warning else ""
        asked = f"<p>{what}, asked at <code>{escape(_plain(self))}</code>{looked}</p>"
        return f"{asked}{warning}{self._accounts._repr_html_()}"

    def _run(
        self,
        names: Names,
        on_progress: OnProgress | None,
        stop: threading.Event,
        show: bool,  # noqa: FBT001 - handed on by its one caller
    ) -> Collection:
        if self._demo is not None and self._runs:
            self._demo.advance()
        self._runs += 1
        began = self.clock()
        chosen, failures = self._chosen(names, self._refresh())
        answers: dict[str, Answer] = {}
        earned = _EarnedResets(lambda account: self._outcome(account, RESETS, stop))
        arriving = run_concurrently(
            chosen, lambda account: self._answer(account, stop), max_workers=self._way.max_workers, stop=stop
        )
        with bar(len(chosen), unit="account", wanted=show) as advance:
            try:
                for account, answer in arriving:
                    answers[account.name] = answer
                    earned.ask_if_any(account, answer[1])
                    advance(1)
                    if on_progress:
                        on_progress(len(answers), len(chosen))
            except KeyboardInterrupt:
                stop.set()
                answers |= {account.name: answer for account, answer in arriving}  # what had arrived by then
        interrupted = stop.is_set() and len(answers) < len(chosen)
        beside = {} if interrupted else earned.replies()
        return _collection(chosen, answers, failures, began, beside=beside, interrupted=interrupted)

    def _chosen(self, names: Names, unusable: Sequence[Failure]) -> tuple[list[Account], list[Failure]]:
        """The accounts to ask, and the failures to report without asking."""
        if names is None:
            return list(self._accounts), list(unusable)
        wanted = choose(names, self._known(unusable))
        failures = [failure for failure in unusable if failure.account in wanted]
        failed = {failure.account for failure in failures}
        return [self._accounts.named(name) for name in wanted if name not in failed], failures

    def _known(self, unusable: Sequence[Failure]) -> dict[str, tuple[str, str | None]]:
        """Name -> label and key, of every login there is, usable or not."""
        keys = {failure.account: failure.account_key for failure in unusable}
        keys |= {account.name: account.key for account in self._accounts}
        labels = account_labels(dict(zip(keys, keys, strict=True)), mask_identity)
        return {name: (labels[name], key) for name, key in keys.items()}

    def _refresh(self) -> tuple[Failure, ...]:
        """Reads every login file again; a failure for each that cannot be used, or has gone since the last time."""
        before, self._accounts = self._accounts, self._find()
        known = {path for account in self._accounts for path in account.paths}
        failed = {failure.account for failure in self._accounts.failures}
        gone = (old for old in before if not known.intersection(old.paths) and old.name not in failed)
        return *self._accounts.failures, *(failure for old in gone if (failure := _gone(old)))

    def _answer(self, account: Account, stop: threading.Event) -> Answer:
        reply, error = self._outcome(account, USAGE, stop)
        if error is not None or reply is None:
            return reply, error or QuotaError("no reply")
        try:
            return reply, self._read(account, reply)
        except QuotaError as unreadable:
            return reply, unreadable

    def _outcome(self, account: Account, what: str, stop: threading.Event) -> tuple[RawReply | None, QuotaError | None]:
        """The reply, or why there is none; an error can have a reply of its own."""
        try:
            return self._way.ask(account, stop, what), None
        except FetchError as error:
            return error.reply, error
        except QuotaError as error:
            return None, error

    def _read(self, account: Account, reply: RawReply) -> UsageSnapshot:
        if not is_usage(reply.payload, aliases=self._aliases):
            raise UnexpectedReplyError(
                "The answer is JSON, but none of its fields is a usage field.",
                account=account.name,
                status=reply.status,
                reply=reply,
            )
        snapshot = normalize_usage(
            reply.payload,
            fetched_at=reply.fetched_at or self.clock(),
            aliases=self._aliases,
            account=account.name,
            account_key=reply.account_key or account.key,
            origin="demo" if self.is_demo else None,
        )
        notes = (*reply.notes, *_other_account(account, reply.payload))
        return replace(snapshot, notes=(*snapshot.notes, *notes)) if notes else snapshot


class _EarnedResets:
    """Lists the earned resets of the accounts that have some, while the others' usage is still under way.

    Their failure hides nothing: how many there are stands in the usage.
    """

    def __init__(self, ask: Callable[[Account], tuple[RawReply | None, QuotaError | None]]) -> None:
        self._ask = ask
        self._replies: dict[str, RawReply] = {}
        self._threads: list[threading.Thread] = []

    def ask_if_any(self, account: Account, outcome: UsageSnapshot | QuotaError) -> None:
        """Ask in a thread; the official client has listed them already."""
        if isinstance(outcome, QuotaError) or outcome.origin == "app_server" or outcome.reset_credits is None:
            return
        if outcome.reset_credits.available_count:
            thread = threading.Thread(target=self._take, args=(account,), name="quota-resets", daemon=True)
            self._threads.append(thread)
            thread.start()

    def replies(self) -> dict[str, RawReply]:
        """What came in time."""
        end = time.monotonic() + BESIDE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return dict(self._replies)

    def _take(self, account: Account) -> None:
        reply, error = self._ask(account)
        if reply is not None and error is None:
            self._replies[account.name] = reply


def _plain(source: Source) -> str:
    # The demo's port differs from run to run and tells nobody anything.
    if source.is_demo:
        return "a server on this machine"
    scheme, slashes, rest = source.url.partition("//")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"  # an address with a password is refused, but not shown either


def _gone(account: Account) -> Failure | None:
    try:
        reload(account)
    except AuthError as error:
        return Failure(account=account.name, error=error, account_key=account.key)
    return None


def _other_account(account: Account, payload: Any) -> tuple[str, ...]:
    answered = payload.get("account_id") if isinstance(payload, dict) else None
    # On personal seats the reply's account id can be empty or equal the user id.
    if not isinstance(answered, str) or answered in {"", account.account_id, account.user_id}:
        return ()
    return ("the reply names another account id than the login's file @ $.account_id",)


def _collection(
    accounts: Sequence[Account],
    answers: Mapping[str, Answer],
    failures: list[Failure],
    began: datetime,
    *,
    beside: Mapping[str, RawReply],
    interrupted: bool,
) -> Collection:
    snapshots, replies = [], {}
    for account in accounts:
        if account.name not in answers:
            continue
        reply, outcome = answers[account.name]
        if reply is not None:
            replies[account.name] = reply
        if isinstance(outcome, QuotaError):
            failures.append(Failure(account=account.name, error=outcome, account_key=account.key))
        else:
            snapshots.append(outcome)
    return Collection(
        fetched_at=began,
        snapshots=tuple(snapshots),
        failures=tuple(failures),
        replies=replies,
        beside=beside,
        interrupted=interrupted,
    )
