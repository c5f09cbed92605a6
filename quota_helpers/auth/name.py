"""What a login is called, and how several are kept apart."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from ..labels import numbered
from ..models import Account
from ..outcomes import Accounts, Failure, SkippedLogin
from ..privacy import hide_tokens, mask_email, mask_identity, printable
from .logins import Found
from .problem import PassedOver, Problem

SUFFIX: Final = ".auth.json"
_SHORT: Final = 8
_LABEL_LENGTH: Final = 60
_UNNAMED: Final = "login"


class Origin(NamedTuple):
    """Where logins come from: a file, or a text that somebody handed over, perhaps with a name for it.

    Attributes:
        path: The file, as it was given, or None for a text.
        name: What to call the login, or None to go by the file's name and the login itself.
    """

    path: Path | None = None
    name: str | None = None

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

    def name_of(self, found: Found, account: Account | None) -> str:
        """The name of one login in it; not yet unique."""
        base = self.name or self.stem
        label = hide_tokens(mask_identity(found.label))[:_LABEL_LENGTH] if found.label else None
        if base is not None:
            return printable(f"{base}-{label}" if label else base)
        return printable(label or _identity(account) or self.title)

    def place_of(self, found: Found) -> str:
        """The subject of every sentence about one login in it."""
        return self.place if found.entry == "$" else f"{self.place} at {found.entry}"


def _identity(account: Account | None) -> str | None:
    if account is None:
        return None
    return mask_email(account.email) if account.email else f"account-{(account.account_id or account.key)[:_SHORT]}"


class Gathered(NamedTuple):
    """What one or several files gave, in order, names not yet unique."""

    items: tuple[Account | Failure, ...] = ()
    skipped: tuple[SkippedLogin, ...] = ()

    @classmethod
    def joined(cls, batches: Iterable[Gathered]) -> Gathered:
        """All of them, one after the other."""
        parts = tuple(batches)
        return cls(
            tuple(item for part in parts for item in part.items),
            tuple(item for part in parts for item in part.skipped),
        )

    def named_apart(self) -> Accounts:
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
        return Accounts(accounts, failures, self.skipped)


def failure(problem: Problem, name: str, place: str) -> Failure:
    """The problem beside the logins that work."""
    return Failure(account=name, error=problem.error(place, name))


def gathered(logins: Sequence[Found], origin: Origin) -> Gathered:
    """The logins of one origin, with their names, paths and errors."""
    paths = () if origin.path is None else (origin.path,)
    items: list[Account | Failure] = []
    skipped: list[SkippedLogin] = []
    for found in logins:
        outcome = found.outcome
        if isinstance(outcome, Account):
            items.append(replace(outcome, name=origin.name_of(found, outcome), paths=paths, entry=found.entry))
        elif isinstance(outcome, PassedOver):
            path = origin.path or Path(origin.title)
            skipped.append(SkippedLogin(path=path, reason=f"{printable(found.entry)}: {outcome.reason}"))
        else:
            items.append(failure(outcome, origin.name_of(found, None), origin.place_of(found)))
    return Gathered(tuple(items), tuple(skipped))
