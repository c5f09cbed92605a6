"""One login, or all logins of one text or file; these functions raise."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ..errors import AuthError, TokenExpiredError, TokenMissingError
from ..labels import of_kind
from ..models import Account
from ..outcomes import Accounts
from ..privacy import printable
from .logins import Found
from .merge import merged
from .name import Origin, gathered
from .problem import PassedOver, Problem
from .read import Sleep, read_file, read_text


def parse_auth(text: str, *, name: str | None = None, path: Path | None = None) -> Account:
    """The login that a text holds; of several the first that can be used. Pure: nothing is read but the text.

    Args:
        text: The content of a login file.
        name: What to call the login, or None to go by *path*, its e-mail (masked) or its account id.
        path: The file the text came from, for the messages and `Account.paths`.

    Raises:
        AuthError: There is none; the class says why, the message where. It never holds any of the text.

    >>> account = parse_auth('{"tokens": {"access_token": "secret", "account_id": "acct-1"}}', name="ada")
    >>> account.name, account.account_id, account.access_token
    ('ada', 'acct-1', ***)
    """
    origin = Origin(path, name)
    result = read_text(of_kind(text, str, "text", "the text of a login file; qh.load_auth reads a path"))
    del text  # a traceback that shows local variables must not show the login
    chosen = _first_usable(result, origin)
    if isinstance(chosen, AuthError):
        raise chosen
    return chosen


def parse_logins(text: str, *, name: str | None = None, path: Path | None = None) -> Accounts:
    """Every login that a text holds, those that cannot be used as failures beside the others. Pure.

    Raises:
        AuthError: The text as a whole is no login file.

    >>> parse_logins('[{"access_token": "a", "account_id": "1"}, {"refresh_token": "b"}]')
    Accounts(1 logins, 1 unusable: account-1)
    """
    origin = Origin(path, name)
    result = read_text(text)
    del text
    if isinstance(result, Problem):
        raise result.error(origin.place, origin.title)
    return merged(gathered(result, origin)).named_apart()


def load_auth(path: str | Path, *, sleep: Sleep = time.sleep) -> Account:
    """The login of one file; of several the first that can be used.

    Args:
        path: The login file; `~` is expanded.
        sleep: Waits between two looks at a torn file; seconds.

    Raises:
        AuthError: There is none; the class says why.

    >>> load_auth("account/nobody.auth.json")
    Traceback (most recent call last):
    quota_helpers.errors.AuthFileNotFoundError: account/nobody.auth.json does not exist. ...
    """
    origin = Origin(expanded(path))
    chosen = _first_usable(read_file(expanded(path), sleep), origin)
    if isinstance(chosen, AuthError):
        raise chosen
    return chosen


def reload(account: Account, *, sleep: Sleep = time.sleep) -> Account:
    """The same login, read again from its file, under the same name: Codex may have renewed the token meanwhile.

    A file that now holds somebody else's login gives that one, with its own key: the caller decides. In a file with
    several logins the same person is looked for first, in case the list was reordered. A login that came from no
    file is returned as it is.

    Raises:
        AuthError: The file is gone or broken, or the login is no longer in it.
    """
    if not account.paths:
        return account
    origin = Origin(account.paths[0], account.name)
    result = read_file(account.paths[0], sleep)
    if isinstance(result, Problem):
        raise result.error(origin.place, account.name)
    fresh = _again(result, account)
    if isinstance(fresh, Problem):
        raise fresh.error(f"{origin.place} at {account.entry}" if account.entry != "$" else origin.place, account.name)
    return fresh


def check_expiry(account: Account, now: datetime) -> None:
    """Judge the token's own expiry time at *now* (aware). A token that names none passes.

    Raises:
        TokenExpiredError: It has passed; nothing needs to be sent.
    """
    if account.expires_at is None or account.expires_at > now:
        return
    where = account.paths[0].name if account.paths else account.name
    when = f"{account.expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    raise TokenExpiredError(f"The access token in {printable(where)} expired at {when}.", account=account.name)


def expanded(path: str | Path) -> Path:
    """The path with `~` expanded; as it is where nobody's home is known."""
    of_kind(path, (str, os.PathLike), "path", "the path of a login file or of a folder with some")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _first_usable(result: Sequence[Found] | Problem, origin: Origin) -> Account | AuthError:
    if isinstance(result, Problem):
        return result.error(origin.place, origin.title)
    accounts = gathered(result, origin).named_apart()
    if len(accounts):
        return accounts[0]
    if accounts.failures:
        error = accounts.failures[0].error
        return error if isinstance(error, AuthError) else AuthError(error.message)
    reasons = [found.outcome for found in result if isinstance(found.outcome, PassedOver)]
    return reasons[0].problem().error(origin.place_of(result[0]), origin.title)


def _again(logins: Sequence[Found], account: Account) -> Account | Problem:
    there = next((found for found in logins if found.entry == account.entry), None)
    if account.user_id or account.email:
        moved = (found for found in logins if isinstance(found.outcome, Account) and found.outcome.key == account.key)
        there = there if there and _is(there, account) else next(moved, there)
    if there is None:
        return Problem(TokenMissingError, "no longer holds this login")
    if isinstance(there.outcome, PassedOver):
        return there.outcome.problem()
    if isinstance(there.outcome, Problem):
        return there.outcome
    return replace(there.outcome, name=account.name, paths=account.paths, entry=there.entry)


def _is(found: Found, account: Account) -> bool:
    return isinstance(found.outcome, Account) and found.outcome.key == account.key
