"""A login as it was read from a file, with a token that has no way to be seen."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from .collection import Failure


class Secret:
    """A string that no display, log, comparison message, pickle or copy gives away.

    Only `reveal()` returns it, and only `client` calls that (and `auth`, which reads it from the file).
    A pickled secret comes back empty: a token never reaches a file of ours.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The string itself. Never put it into a message, a local variable that outlives the call, or a frame."""
        return self._text

    def __repr__(self) -> str:
        return "***" if self._text else "''"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Secret):
            other = other._text
        if not isinstance(other, str):
            return NotImplemented
        # "surrogatepass", because the codec's error would carry the whole string.
        return hmac.compare_digest(self._text.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))

    # Not hashable: a secret is no key (all tokens share a long common prefix anyway).
    __hash__ = None  # type: ignore[assignment]  # the documented way to forbid hashing

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[type[Secret], tuple[()]]:
        return (Secret, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One Codex login.

    Attributes:
        name: What people call it: the file's name without `.auth.json`; for a bare auth.json the masked
            e-mail (`jo...@example.com`) or a short id. Unique within one `Accounts`.
        account_id: ChatGPT account (workspace) id; members of a team share it.
        user_id: The person's id from the token's claims, or None.
        email: E-mail address from the claims or the file, or None. Personal data: shown masked only.
        plan: Plan named by the token's claims at the time of login, or None; the reply's word counts more.
        expires_at: When the access token expires (aware, UTC), or None where nothing readable says so.
        paths: The login files that hold this login, first the one that is read.
        entry: Where in the file it stands, as a JSON path ("$" for the whole file): a file can hold several.
        fedramp: Whether the claims mark it as a FedRAMP login (one more request header).
        access_token: The bearer token, as a `Secret`: masked, not compared, not pickled.
    """

    name: str
    account_id: str | None = None
    user_id: str | None = None
    email: str | None = None
    plan: str | None = None
    expires_at: datetime | None = None
    paths: tuple[Path, ...] = ()
    entry: str = "$"
    fedramp: bool = False
    access_token: Secret = field(default_factory=Secret, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Short one-way hash of who this is: (user id, else e-mail) and account id. Safe to store and to show."""
        who = self.user_id or (self.email or "").lower()
        return hashlib.sha256(f"{who}\0{self.account_id or ''}".encode()).hexdigest()[:12]


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

    __slots__ = ("_items", "failures", "skipped")

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
        return f"Accounts({len(self)} logins, {len(self.failures)} unusable: {', '.join(self.names)})"

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415 - its table of entities is long, and only notebooks draw

        failures = "".join(
            f"<li><b>{escape(failure.account)}</b>: {escape(failure.message)} {escape(failure.hint)}</li>"
            for failure in self.failures
        )
        return (
            "<table><thead><tr><th scope='col' style='text-align:left'>account</th><th scope='col'>plan at login</th>"
            "<th scope='col'>login expires</th></tr></thead><tbody>"
            + "".join(_row(account, escape) for account in self._items)
            + "</tbody></table>"
            + (f"<p>Not usable:</p><ul>{failures}</ul>" if failures else "")
        )


def _row(account: Account, escape: Callable[[str], str]) -> str:
    expires = f"{account.expires_at:%Y-%m-%d %H:%M %Z}" if account.expires_at else "unknown"
    return (
        f"<tr><th scope='row' style='text-align:left'>{escape(account.name)}</th>"
        f"<td>{escape(account.plan or '?')}</td><td>{expires}</td></tr>"
    )
