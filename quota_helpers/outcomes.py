"""What several logins gave, the good beside the bad: the logins that were found, and one run over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import overload

from .errors import QuotaError
from .html import bullets, paragraph, table
from .labels import account_labels, choose
from .models import Account, RawReply, UsageSnapshot
from .privacy import mask_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One account that could not be read; it stands beside the others' readings.

    Attributes:
        account: The account's or the login file's name.
        error: The error, one of `errors`; `raise failure.error` shows where it came from.
        account_key: The account's key, or None when its login could not be read.
    """

    account: str
    error: QuotaError
    account_key: str | None = None

    @property
    def kind(self) -> str:
        """Class name of the error, such as "TokenRejectedError"."""
        return type(self.error).__name__

    @property
    def message(self) -> str:
        """What is wrong and where."""
        return self.error.message

    @property
    def hint(self) -> str:
        """What to do next."""
        return self.error.hint

    @property
    def status(self) -> int | None:
        """HTTP status, or None where there was no reply."""
        return self.error.status

    @property
    def exit_code(self) -> int:
        """What the command line ends with when this is the worst failure."""
        return self.error.exit_code

    def __str__(self) -> str:
        return f"{self.account}: {self.error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedLogin:
    """A login file that was passed over on purpose, and why (for example a duplicate of another account)."""

    path: Path
    reason: str


class Accounts(Sequence[Account]):
    """The logins that were found, in the order they are shown, with a rich table in a notebook.

    Attributes:
        failures: Login files that could not be used, one `Failure` each.
        skipped: Login files passed over on purpose, with the reason.
    """

    def __init__(
        self,
        items: Sequence[Account] = (),
        failures: Sequence[Failure] = (),
        skipped: Sequence[SkippedLogin] = (),
    ) -> None:
        self._items = tuple(items)
        self.failures = tuple(failures)
        self.skipped = tuple(skipped)

    @overload
    def __getitem__(self, index: int) -> Account: ...
    @overload
    def __getitem__(self, index: slice) -> Accounts: ...
    def __getitem__(self, index: int | slice) -> Account | Accounts:
        if isinstance(index, slice):
            return Accounts(self._items[index], self.failures, self.skipped)
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._items)

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts' names, in order."""
        return tuple(account.name for account in self._items)

    def named(self, name: str) -> Account:
        """The account called *name*.

        Raises:
            KeyError: There is none; the message lists the names there are.
        """
        for account in self._items:
            if account.name == name:
                return account
        raise KeyError(f"no account {name!r}; there are: {', '.join(self.names) or 'none'}")

    def __repr__(self) -> str:
        lists = {"logins": self.names, "unusable": [failure.account for failure in self.failures]}
        counted = (f"{len(names)} {what}: {mask_identity(', '.join(names))}" for what, names in lists.items())
        return f"Accounts({'; '.join(part.removesuffix(': ') for part in counted)})"

    def _repr_html_(self) -> str:
        rows = (
            (mask_identity(account.name), account.plan or "?", f"{when:%Y-%m-%d %H:%M %Z}" if when else "unknown")
            for account in self._items
            for when in (account.expires_at,)
        )
        failures = [(mask_identity(failure.account), f"{failure.message} {failure.hint}") for failure in self.failures]
        heads = ("account", "plan at login", "token valid until (Codex renews it)")
        return table(heads, rows) + bullets(failures, title="Not usable:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One run over all accounts.

    Attributes:
        snapshots: The readings, in the accounts' order.
        failures: What could not be read, login files first, then in the accounts' order.
        replies: Account name -> reply; error replies too.
        beside: Account name -> the reply that lists its earned resets, of each account that has some.
        fetched_at: When the run began (aware, UTC).
        interrupted: Whether the run was stopped before every account had answered.
    """

    fetched_at: datetime
    snapshots: tuple[UsageSnapshot, ...] = ()
    failures: tuple[Failure, ...] = ()
    replies: Mapping[str, RawReply] = field(default_factory=dict, hash=False)
    beside: Mapping[str, RawReply] = field(default_factory=dict, hash=False)
    interrupted: bool = False

    def __getitem__(self, name: str) -> UsageSnapshot:
        """The reading of one account, by its name, its label or its key.

        Raises:
            ValueError: There is no such account, or several are called so; the message lists them.
            QuotaError: It could not be read; this is why.
        """
        outcomes: dict[str, UsageSnapshot | QuotaError] = {}
        names: dict[str, str | None] = {}
        both: tuple[UsageSnapshot | Failure, ...] = (*self.snapshots, *self.failures)
        for place, one in enumerate(both):
            key = one.account_key or f"({place})"  # without a key only a name or label can mean it
            outcomes.setdefault(key, one.error if isinstance(one, Failure) else one)
            names.setdefault(key, one.account)
        labels = account_labels(names, mask_identity)
        found = outcomes[choose(name, {key: (labels[key], names[key]) for key in outcomes})[0]]
        if isinstance(found, QuotaError):
            raise found
        return found

    @property
    def exit_code(self) -> int:
        """0 when all answered, else the largest of the failures' codes."""
        return max((failure.exit_code for failure in self.failures), default=0)

    def __repr__(self) -> str:
        stopped = ", interrupted" if self.interrupted else ""
        return (
            f"Collection({len(self.snapshots)} read, {len(self.failures)} failed{stopped}, "
            f"{self.fetched_at:%Y-%m-%d %H:%M:%S %Z})"
        )

    def _repr_html_(self) -> str:
        failures = [
            (mask_identity(failure.account), f"{failure.kind}: {failure.message} {failure.hint}")
            for failure in self.failures
        ]
        return paragraph(repr(self)[len("Collection(") : -1]) + bullets(failures)
