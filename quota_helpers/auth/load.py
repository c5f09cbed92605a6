"""One login, or all logins of one text or file; these functions raise."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Final

from ..errors import AuthFileInvalidError, AuthFileNotFoundError, TokenExpiredError, TokenMissingError
from ..labels import of_kind
from ..models import Account
from ..outcomes import Accounts
from ..privacy import printable
from .logins import MAX_BYTES, SWITCHED_OFF, Found, Problem, decode_bytes, decode_document, find_logins, too_large
from .name import Gathering, Origin

PAUSE_SECONDS: Final = 0.05
REREADS: Final = 2

_LINK_LOOP_WINDOWS: Final = 1921
_NO_FILE: Final = "Put a login file in its place, or make one with: codex login"


def read_file(path: Path) -> list[Found] | Problem:
    """The logins of one file; a torn or empty file is read again after 50 ms, twice at most."""
    for _ in range(REREADS):
        result = _read_once(path)
        if not (isinstance(result, Problem) and result.torn):
            return result
        sleep(PAUSE_SECONDS)
    return _read_once(path)


def read_text(text: str) -> list[Found] | Problem:
    """The logins of one text."""
    document = decode_document(text)
    return document if isinstance(document, Problem) else find_logins(document)


def absent_or_unreadable(path: Path, error: OSError | ValueError) -> Problem:
    """What an error of the operating system means for a login file or a folder of them."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, FileNotFoundError) and os.path.islink(path):  # noqa: PTH114  # os.path never raises here
        return Problem(AuthFileNotFoundError, "is a link to nothing")
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Problem(AuthFileNotFoundError, "does not exist")
    if number == errno.ELOOP or getattr(error, "winerror", None) == _LINK_LOOP_WINDOWS:
        return Problem(AuthFileInvalidError, "is a link that leads back to itself", _NO_FILE)
    if isinstance(error, PermissionError):
        return Problem(
            AuthFileInvalidError, "may not be read (permission denied)", "Give yourself the right to read it."
        )
    reason = (error.strerror if isinstance(error, OSError) else None) or "no valid path"
    return Problem(AuthFileInvalidError, f"cannot be read ({reason})")


def _read_once(path: Path) -> list[Found] | Problem:
    raw = _read_bytes(path)
    text = raw if isinstance(raw, Problem) else decode_bytes(raw)
    return text if isinstance(text, Problem) else read_text(text)


def _read_bytes(path: Path) -> bytes | Problem:
    try:
        if problem := _not_a_file(os.stat(path)):  # noqa: PTH116  # before opening: opening a device can have effects
            return problem
        # Opening a pipe that nobody writes to would wait for ever; Windows has no such flag and no such pipe.
        without_waiting = getattr(os, "O_NONBLOCK", 0)
        with open(path, "rb", opener=lambda path, flags: os.open(path, flags | without_waiting)) as file:
            if problem := _not_a_file(os.fstat(file.fileno())):
                return problem  # it was exchanged between the look and the opening
            # A pseudo file (/proc/kmsg) can look like a plain one and yet have nothing to say for now: None.
            raw = file.read(MAX_BYTES + 1) or b""
    except (OSError, ValueError) as error:
        return absent_or_unreadable(path, error)
    return too_large() if len(raw) > MAX_BYTES else raw


def _not_a_file(status: os.stat_result) -> Problem | None:
    if stat.S_ISREG(status.st_mode):
        return None
    what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
    return Problem(AuthFileInvalidError, f"is {what}, not a file", _NO_FILE)


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
    result = read_text(of_kind(text, str, "text", "the text of a login file; qh.load_auth reads a path"))
    del text  # a traceback that shows local variables must not show the login
    return _first_usable(result, Origin(path, name))


def parse_logins(text: str, *, name: str | None = None) -> Accounts:
    """Every login that a text holds, those that cannot be used as failures beside the others. Pure.

    Raises:
        AuthError: The text as a whole is no login file.

    >>> parse_logins('[{"access_token": "a", "account_id": "1"}, {"refresh_token": "b"}]')
    Accounts(1 logins: account-1; 1 unusable: login)
    """
    origin = Origin(name=name)
    result = read_text(text)
    del text
    if isinstance(result, Problem):
        raise result.error(origin.place, origin.title)
    return Gathering().add(result, origin).merge().accounts()


def load_auth(path: str | Path) -> Account:
    """The login of one file; of several the first that can be used.

    Args:
        path: The login file; `~` is expanded.

    Raises:
        AuthError: There is none; the class says why.

    >>> load_auth("account/nobody.auth.json")
    Traceback (most recent call last):
    quota_helpers.errors.AuthFileNotFoundError: account/nobody.auth.json does not exist. ...
    """
    file = expanded(path)
    return _first_usable(read_file(file), Origin(file))


def reload(account: Account) -> Account:
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
    result = read_file(account.paths[0])
    if isinstance(result, Problem):
        raise result.error(origin.place, account.name)
    there = next((found for found in result if found.entry == account.entry), None)
    if account.user_id or account.email:
        moved = [found for found in result if isinstance(found.outcome, Account) and found.outcome.key == account.key]
        there = there if there in moved else next(iter(moved), there)
    if there is None:
        there = Found(account.entry, Problem(TokenMissingError, "no longer holds this login"))
    if isinstance(there.outcome, Problem):
        where = f"{origin.place} at {account.entry}" if account.entry != "$" else origin.place
        raise there.outcome.error(where, account.name)
    return replace(there.outcome, name=account.name, paths=account.paths, entry=there.entry)


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


def _first_usable(result: Sequence[Found] | Problem, origin: Origin) -> Account:
    accounts = Gathering().add(result, origin).accounts()
    if accounts:
        return accounts[0]
    if accounts.failures:
        raise accounts.failures[0].error
    place = origin.place if isinstance(result, Problem) else origin.place_of(result[0])
    raise SWITCHED_OFF.error(place, origin.title)
