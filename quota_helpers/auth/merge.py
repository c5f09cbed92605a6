"""The same login met twice becomes one, where it is certain that it is the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ..models import Account
from ..outcomes import Failure, SkippedLogin
from .name import Gathered

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def merged(found: Gathered) -> Gathered:
    """The logins, each once: the one with the later expiry stays, and what gives way is told as passed over."""
    items: list[Account | Failure] = []
    skipped = list(found.skipped)
    known: dict[tuple[str, ...], tuple[int, Account]] = {}
    for item in found.items:
        marks = () if isinstance(item, Failure) else _marks(item)
        place, twin = next((known[m] for m in marks if m in known and _may_be(known[m][1], item)), (len(items), None))
        if twin is None or isinstance(item, Failure):
            items.append(item)
            kept = item
        else:
            items[place], gone = kept, _ = _later(twin, item)
            at = "" if gone.entry == "$" else f"{gone.entry}: "
            path = gone.paths[0] if gone.paths else Path(gone.name)
            skipped.append(SkippedLogin(path=path, reason=f"{at}the same login as {kept.name}"))
        if isinstance(kept, Account):
            known |= dict.fromkeys((*marks, *_marks(kept)), (place, kept))
    return Gathered(tuple(items), tuple(skipped))


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
