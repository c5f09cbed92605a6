"""Accounts and the way to ask for their quota, all at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..auth import reload
from ..errors import AuthError, QuotaError, UnexpectedReplyError
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
Answer = tuple[RawReply | None, UsageSnapshot | QuotaError | None]


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
        chosen, failures = self._chosen([*known] if name is None else name, unusable)
        if failures:
            raise failures[0].error
        return self._way.ask(chosen[0], threading.Event())

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
        replies: dict[str, RawReply] = {}
        answers = {account.name: answer for account, answer in self._at_once(chosen, path, threading.Event())}
        for account in chosen:
            reply, error = answers[account.name]
            if reply is not None:
                replies[account.name] = reply
            if isinstance(error, QuotaError):
                failures.append(_failure(account, error))
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
        earned: dict[str, RawReply] = {}
        listing: list[threading.Thread] = []
        arriving = self._at_once(chosen, USAGE, stop)
        with bar(len(chosen), unit="account", wanted=show) as advance:
            try:
                for account, answer in arriving:
                    answers[account.name] = answer
                    if _has_resets(answer[1]):  # listed while the others' usage is still under way
                        listing.append(threading.Thread(target=self._list, args=(account, earned, stop), daemon=True))
                        listing[-1].start()
                    advance(1)
                    if on_progress:
                        on_progress(len(answers), len(chosen))
            except KeyboardInterrupt:
                stop.set()
                answers |= {account.name: answer for account, answer in arriving}  # what had arrived by then
        told = [(account, *answers[account.name]) for account in chosen if account.name in answers]
        end = time.monotonic() + BESIDE_SECONDS
        for thread in listing:
            thread.join(0 if stop.is_set() else max(0.0, end - time.monotonic()))
        return Collection(
            fetched_at=began,
            snapshots=tuple(outcome for _, _, outcome in told if isinstance(outcome, UsageSnapshot)),
            failures=(*failures, *(_failure(one, error) for one, _, error in told if isinstance(error, QuotaError))),
            replies={account.name: reply for account, reply, _ in told if reply is not None},
            beside=dict(earned),
            interrupted=stop.is_set() and len(answers) < len(chosen),
        )

    def _list(self, account: Account, earned: dict[str, RawReply], stop: threading.Event) -> None:
        """The earned resets of an account; a failure hides nothing: how many there are stands in the usage."""
        reply, error = self._answer(account, RESETS, stop)
        if reply is not None and error is None:
            earned[account.name] = reply

    def _at_once(
        self, accounts: Sequence[Account], what: str, stop: threading.Event
    ) -> Iterator[tuple[Account, Answer]]:
        return run_concurrently(
            accounts, lambda one: self._answer(one, what, stop), max_workers=self._way.max_workers, stop=stop
        )

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

    def _answer(self, account: Account, what: str, stop: threading.Event) -> Answer:
        """The reply, and what it says or why it says nothing; an error can have a reply of its own."""
        reply = None
        try:
            reply = self._way.ask(account, stop, what)
            return reply, self._read(account, reply) if what == USAGE else None
        except QuotaError as error:
            return getattr(error, "reply", None) or reply, error

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


def _has_resets(outcome: UsageSnapshot | QuotaError | None) -> bool:
    """Whether there are earned resets that can be listed; the official client has done so already."""
    if not isinstance(outcome, UsageSnapshot) or outcome.origin == "app_server":
        return False
    return outcome.reset_credits is not None and bool(outcome.reset_credits.available_count)


def _failure(account: Account, error: QuotaError) -> Failure:
    return Failure(account=account.name, error=error, account_key=account.key)


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
        return _failure(account, error)
    return None


def _other_account(account: Account, payload: Any) -> tuple[str, ...]:
    answered = payload.get("account_id") if isinstance(payload, dict) else None
    # On personal seats the reply's account id can be empty or equal the user id.
    if not isinstance(answered, str) or answered in {"", account.account_id, account.user_id}:
        return ()
    return ("the reply names another account id than the login's file @ $.account_id",)
