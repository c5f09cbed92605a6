"""Where login files lie, and which of them are one login found twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PureWindowsPath
from typing import Final, NamedTuple

from ..errors import AuthFileInvalidError, AuthFileNotFoundError
from ..models import Account
from ..outcomes import Accounts
from ..privacy import mask_identity, printable
from .load import absent_or_unreadable, expanded, read_file
from .logins import MAX_BYTES, Problem
from .name import SUFFIX, Gathering, Origin

DEFAULT_FOLDER: Final = "account"
"""Where logins are looked for when nobody says where: in the working folder, then in its parent."""

Places = str | Path | Iterable[str | Path] | None
"""One folder or login file, several, or None: wherever logins usually lie."""
_SETTING: Final = "cli_auth_credentials_store"
_ELSEWHERE: Final = {"keyring", "auto"}
_STORE: Final = ("secrets", "cli_auth.age")
_HINT: Final = (
    "Codex itself may well be signed in: ask through it (via='codex', --via codex). "
    f'To read the login directly, set {_SETTING} = "file" in its config.toml and sign in once more with: codex login'
)


class _Target(NamedTuple):
    """One file to read."""

    path: Path  # the file
    maybe: bool = False  # it is read on the chance: a file that holds nothing like a login is passed over
    any_json: bool = False  # it is even passed over when it is no JSON or cannot be read at all


def find_accounts(
    account_dir: Places = None,
    codex_home: str | Path | None = None,
    names: Iterable[str] | None = None,
    *,
    search_parent: bool = True,
) -> Accounts:
    """Every login on this machine, or in one place. Never raises because of a file.

    Without arguments the folder `account` is read when there is one, in the working folder or else its parent;
    otherwise the machine's own logins, in `$CODEX_HOME` or `~/.codex`. When that holds none either, the result is
    empty and has no failures.

    Args:
        account_dir: Read this folder only: its `*.auth.json` and flat `codex-*.json` (opencode's, pi's or any other
            login file is read when its own path is given). A folder that is missing or holds none is a failure. Several
            folders or login files are read one after the other.
        codex_home: Read this Codex home: `auth.json`, `accounts/`, `codex-*.json`, `multi-auth/`; one without logins is
            no failure, one that does not exist is (unless it is the default). Not looked at when
            *account_dir* is given.
        names: Read exactly `NAME.auth.json` of the folder for each; a name that leaves the folder is a failure.
        search_parent: Whether the default folder is looked for in the parent as well.

    Raises:
        ValueError: *names* with several places.

    Returns:
        The logins in path order. The same login found twice (same account and same user or e-mail) is listed once,
        with the later expiry, unless *names* asks for both. `failures` are files that cannot be used, `skipped` those
        passed over on purpose.

    >>> accounts = find_accounts("no-such-folder")
    >>> len(accounts), accounts.failures[0].kind
    (0, 'AuthFileNotFoundError')
    """
    wanted = [names] if isinstance(names, str) else list(names or ())
    folders = _listed(account_dir)
    found = Gathering()
    if wanted:
        if len(folders) > 1:
            raise ValueError("names are looked for in one folder: give one account_dir, or the login files themselves")
        folder = folders[0] if folders else _folder_of_names(codex_home, search_parent=search_parent)
        _read_named(folder, wanted, found)
        return found.accounts()
    if account_dir is None and codex_home is None and (default := _default_folder(search_parent=search_parent)):
        folders = [default]
    for folder in folders:
        _read_folder(folder, found, default=account_dir is None)
    if not folders and account_dir is None:
        _read_home(codex_home, found)
    return found.merge().accounts()


def places(account_dir: Places = None, codex_home: Places = None, *, search_parent: bool = True) -> list[str]:
    """Where `find_accounts` looks, in its order, as a person would write it: the own home folder as `~`."""
    if account_dir is not None:
        return [_written(folder) for folder in _listed(account_dir)]
    if codex_home is not None:
        return [_written(home) for home in homes(codex_home)]
    return [*(_written(place) for place in _default_places(search_parent=search_parent)), _written(_home(None))]


def homes(codex_home: Places = None) -> list[Path]:
    """The Codex homes that are meant: those named, else `$CODEX_HOME`, else `~/.codex`."""
    return [_home(None)] if codex_home is None else _listed(codex_home)


def _listed(account_dir: Places) -> list[Path]:
    if account_dir is None:
        return []
    if isinstance(account_dir, str | Path) or not isinstance(account_dir, Iterable):
        return [expanded(account_dir)]
    return [expanded(one) for one in account_dir]


def _written(path: Path) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111  # Path.home raises where there is none
    text = str(path)
    short = f"~{text[len(home) :]}" if home != os.sep and text.startswith(f"{home}{os.sep}") else text
    return mask_identity(printable(short))


def _default_folder(*, search_parent: bool) -> Path | None:
    """Relative, as a person would write it."""
    found = (place for place in _default_places(search_parent=search_parent) if os.path.isdir(place))  # noqa: PTH112  # never raises
    return next(found, None)


def _default_places(*, search_parent: bool) -> list[Path]:
    return [Path(DEFAULT_FOLDER), *([Path(os.pardir, DEFAULT_FOLDER)] if search_parent else ())]


def _home(codex_home: str | Path | None) -> Path:
    return expanded(codex_home or os.environ.get("CODEX_HOME", "").strip() or "~/.codex")


def _folder_of_names(codex_home: str | Path | None, *, search_parent: bool) -> Path:
    folder = _default_folder(search_parent=search_parent) if codex_home is None else None
    accounts = _home(codex_home) / "accounts"
    return folder or (accounts if codex_home or os.path.isdir(accounts) else Path(DEFAULT_FOLDER))  # noqa: PTH112  # never raises


def _read_named(folder: Path, names: Sequence[str], found: Gathering) -> None:
    for name in dict.fromkeys(name.removesuffix(SUFFIX) for name in names):
        # Whatever could name something outside the folder, on this system or another one.
        if name.strip() in {"", ".", ".."} or "\0" in name or "/" in name or PureWindowsPath(name).name != name:
            hint = f"Give the name alone: NAME stands for {printable(str(folder / 'NAME'))}{SUFFIX}"
            what = "is no account name: it would leave the folder of the logins"
            problem = Problem(AuthFileInvalidError, what, hint)
            found.fail(problem, f"{printable(name)!r}", printable(name) or "(no name)")
        else:
            path = folder / f"{name}{SUFFIX}"
            found.add(read_file(path), Origin(path, name))


def _read_folder(folder: Path, found: Gathering, *, default: bool) -> None:
    files = _files(folder)
    if isinstance(files, Problem):
        return found.fail(files, str(folder))
    if files is None:
        _read(_Target(folder), found)
        return None
    before = len(found.items)
    _read_all((_target(folder / file) for file in files if _is_auth(file) or _is_flat(file)), found)
    if len(found.items) > before:
        return None
    hint = f"Copy a login there as NAME{SUFFIX}, or name another folder."
    if "auth.json" in files:
        hint += f" To read {printable(str(folder / 'auth.json'))} itself, give its path."
    if default and any(isinstance(item, Account) for item in _read_home(None, Gathering()).items):
        hint += f" It hides Codex's own login in {_written(_home(None))}: to use that one, remove the empty folder."
    what = f"holds no login file (*{SUFFIX}, codex-*.json)"
    return found.fail(Problem(AuthFileNotFoundError, what, hint), str(folder))


def _read_home(codex_home: str | Path | None, found: Gathering) -> Gathering:
    home = _home(codex_home)
    files = _files(home)
    if isinstance(files, Problem) or files is None:
        problem = files or Problem(AuthFileInvalidError, "is a file, but a Codex home is a folder")
        if codex_home is not None or problem.kind is not AuthFileNotFoundError:  # else there is no login file at all
            found.fail(problem, str(home))
        return found
    folder = home / "accounts"
    accounts = _files(folder)
    _read_all(_home_targets(home, files, accounts if isinstance(accounts, list) else ()), found)
    if "auth.json" not in files and (elsewhere := kept_elsewhere(home)):
        # A login out of reach: a failure where it is the only one, else one that is passed over.
        if found.items:
            found.skip(home, elsewhere.what)
        else:
            found.fail(elsewhere, str(home))
    if isinstance(accounts, Problem) and accounts.kind is not AuthFileNotFoundError:
        found.fail(accounts, str(folder))
    return found


def _home_targets(home: Path, files: Sequence[str], accounts: Sequence[str]) -> Iterator[_Target]:
    if "auth.json" in files:
        yield _Target(home / "auth.json")
    for file in accounts:
        if file.endswith(".json") and not file.startswith("._"):
            yield _target(home / "accounts" / file)._replace(any_json=not _is_auth(file) and not _is_flat(file))
    yield from (_target(home / file) for file in files if _is_flat(file))
    many = home / "multi-auth" / "openai-codex-accounts.json"
    if os.path.lexists(many):  # Path.exists follows links
        yield _target(many)


def _target(path: Path) -> _Target:
    return _Target(path, maybe=not _is_auth(path.name))


def _files(folder: Path) -> list[str] | Problem | None:
    """The names in a folder, sorted; None when it is no folder but something else that exists."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # names are what is asked for
    except NotADirectoryError as error:
        return None if os.path.lexists(folder) else absent_or_unreadable(folder, error)
    except (OSError, ValueError) as error:
        return absent_or_unreadable(folder, error)


def _is_auth(file: str) -> bool:
    return os.path.normcase(file).endswith(SUFFIX) and not file.startswith("._")  # "._x": macOS metadata on other disks


def _is_flat(file: str) -> bool:
    folded = os.path.normcase(file)
    return folded.startswith("codex-") and folded.endswith(".json")


def _read_all(targets: Iterable[_Target], found: Gathering) -> None:
    """Every target once; a second path to the same file (a link) is passed over."""
    seen: dict[str, Path] = {}
    for target in targets:
        first = seen.setdefault(os.path.normcase(os.path.realpath(target.path)), target.path)
        if first is target.path:
            _read(target, found)
        else:
            found.skip(target.path, f"the same file as {printable(str(first))}")


def _read(target: _Target, found: Gathering) -> None:
    result = read_file(target.path)
    if isinstance(result, Problem) and (target.any_json or (target.maybe and result.no_login)):
        found.skip(target.path, f"no login: it {result.what}")
    else:
        found.add(result, Origin(target.path))


def kept_elsewhere(home: Path) -> Problem | None:
    """Why a Codex home without auth.json may nevertheless have a login; None where nothing says so."""
    what = ""
    if os.path.lexists(home.joinpath(*_STORE)):
        what = f"keeps its login in an encrypted store ({'/'.join(_STORE)}), not in a file"
    elif _setting(home) in _ELSEWHERE:
        what = f"keeps its login in the system's keyring, not in a file (config.toml: {_SETTING})"
    return Problem(AuthFileNotFoundError, what, _HINT) if what else None


def _setting(home: Path) -> object:
    """Where the home's config.toml says that logins are kept; None where it does not say, or cannot be read."""
    import tomllib  # noqa: PLC0415  # only a home without a login file needs it

    path = home / "config.toml"
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return tomllib.loads(file.read(MAX_BYTES).decode()).get(_SETTING)
    except (OSError, ValueError):
        return None  # a config that Codex itself could not read says nothing about logins
