"""What a login is called, how several are kept apart, and which of them are one login found twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from ..labels import numbered
from ..models import Account
from ..outcomes import Accounts, Failure, SkippedLogin
from ..privacy import hide_tokens, mask_email, mask_identity, printable
from .logins import SWITCHED_OFF, Found, Problem

SUFFIX: Final = ".auth.json"
_SHORT: Final = 8
_LABEL_LENGTH: Final = 60
_UNNAMED: Final = "login"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Origin(NamedTuple):
    """Where logins come from: a file, or a text that somebody handed over, perhaps with a name for it."""

    path: Path | None = None  # the file, as it was given, or None for a text
    name: str | None = None  # what to call the login, or None to go by the file's name and the login itself

    @property
    def place(self) -> str:
        """The subject of every sentence about it."""
        if self.path is not None:
            return str(self.path)
        return f"The login {self.name}" if self.name else "The login text"

    @property
    def title(self) -> str:
        """What to call it as a whole, where no login in it tells a name."""
        return printable(self.name or self.stem or (self.path.name if self.path else "") or _UNNAMED)

    @property
    def stem(self) -> str | None:
        """The name that the file's name gives: None for a bare auth.json and the like, which name nobody."""
        if self.path is None or self.path.name in {"auth.json", "openai-codex-accounts.json", SUFFIX}:
            return None
        file = self.path.name
        if os.path.normcase(file).endswith(SUFFIX):
            return file[: -len(SUFFIX)]
        stem = self.path.stem
        # Written by a tool, not chosen by a person: codex-EMAIL-PLAN.json.
        return mask_identity(stem.removeprefix("codex-")) if "@" in stem else stem

    def name_of(self, found: Found) -> str:
        """The name of one login in it; not yet unique."""
        base = self.name or self.stem
        label = hide_tokens(mask_identity(found.label))[:_LABEL_LENGTH] if found.label else None
        if base is not None:
            return printable(f"{base}-{label}" if label else base)
        return printable(label or _identity(found) or self.title)

    def place_of(self, found: Found) -> str:
        """The subject of every sentence about one login in it."""
        return self.place if found.entry == "$" else f"{self.place} at {found.entry}"


def _identity(found: Found) -> str | None:
    account = found.outcome
    if isinstance(account, Problem):
        return None
    return mask_email(account.email) if account.email else f"account-{(account.account_id or account.key)[:_SHORT]}"


class Gathering:
    """Logins while they are gathered from one or several files, in order, names not yet unique."""

    def __init__(self) -> None:
        self.items: list[Account | Failure] = []
        self._skipped: list[SkippedLogin] = []

    def add(self, logins: Sequence[Found] | Problem, origin: Origin) -> Gathering:
        """The logins of one origin, or why it has none."""
        if isinstance(logins, Problem):
            self.fail(logins, origin.place, origin.title)
            return self
        for found in logins:
            outcome, name = found.outcome, origin.name_of(found)
            if isinstance(outcome, Account):
                paths = () if origin.path is None else (origin.path,)
                self.items.append(replace(outcome, name=name, paths=paths, entry=found.entry))
            elif outcome is SWITCHED_OFF:
                reason = outcome.what.removeprefix("is not used: ")
                self.skip(origin.path or Path(origin.title), f"{printable(found.entry)}: {reason}")
            else:
                self.fail(outcome, origin.place_of(found), name)
        return self

    def fail(self, problem: Problem, place: str, name: str = "") -> None:
        """A problem beside the logins that work; by default under the name of its place."""
        name = name or printable(place)
        self.items.append(Failure(account=name, error=problem.error(place, name)))

    def skip(self, path: Path, reason: str) -> None:
        """A file or a login that is left out on purpose."""
        self._skipped.append(SkippedLogin(path=path, reason=reason))

    def merge(self) -> Gathering:
        """Keep each login once: the one with the later expiry stays, and what gives way is told as passed over."""
        items, self.items = self.items, []
        known: dict[tuple[str, ...], tuple[int, Account]] = {}
        for item in items:
            marks = () if isinstance(item, Failure) else _marks(item)
            place, twin = next(
                (known[m] for m in marks if m in known and _may_be(known[m][1], item)), (len(self.items), None)
            )
            kept = item
            if twin is None or isinstance(item, Failure):
                self.items.append(item)
            else:
                self.items[place], gone = kept, _ = _later(twin, item)
                at = "" if gone.entry == "$" else f"{gone.entry}: "
                self.skip(gone.paths[0] if gone.paths else Path(gone.name), f"{at}the same login as {kept.name}")
            if isinstance(kept, Account):
                known |= dict.fromkeys((*marks, *_marks(kept)), (place, kept))
        return self

    def accounts(self) -> Accounts:
        """The accounts and failures, each under a name of its own: equal ones are numbered in the order of the keys."""
        names = [item.name if isinstance(item, Account) else item.account for item in self.items]
        # The place makes one login that was asked for twice two names; a failure, which has no key, comes last.
        keys = [f"{item.key if isinstance(item, Account) else '~'}{place:09}" for place, item in enumerate(self.items)]
        accounts: list[Account] = []
        failures: list[Failure] = []
        for item, name in zip(self.items, numbered(names, keys), strict=True):
            if isinstance(item, Account):
                accounts.append(replace(item, name=name))
            else:
                item.error.account = name
                failures.append(replace(item, account=name))
        return Accounts(accounts, failures, self._skipped)


def _marks(account: Account) -> tuple[tuple[str, ...], ...]:
    """What makes a login the same: the account and the person. Members of a team share the account id alone."""
    who = (("user", account.user_id), ("e-mail", account.email and account.email.casefold()))
    return tuple((kind, value, account.account_id) for kind, value in who if value and account.account_id)


def _may_be(one: Account, other: Account | Failure) -> bool:
    """Not when both name their user, and not the same one, though they share an e-mail address."""
    users = {item.user_id for item in (one, other) if isinstance(item, Account) and item.user_id}
    return len(users) <= 1


def _later(one: Account, other: Account) -> tuple[Account, Account]:
    """The login with the later expiry, which has all paths, and the one that gives way."""
    kept, dropped = (other, one) if (other.expires_at or _NEVER) > (one.expires_at or _NEVER) else (one, other)
    return replace(kept, paths=tuple(dict.fromkeys(kept.paths + dropped.paths))), dropped
