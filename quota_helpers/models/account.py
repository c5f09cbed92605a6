"""A login as it was read from a file, with a token that has no way to be seen."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


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
