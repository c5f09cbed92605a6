"""Login files on this machine: reading them, and nothing else. No token is ever refreshed, no file is ever written.

What is read: Codex's own `auth.json`, folders of `<name>.auth.json`, codex-auth's `accounts/`, flat `codex-*.json` and
lists of them, many-account files with an `accounts` list, and (by explicit path) the files of opencode, pi, sub2api and
codex-switcher and the web session's JSON. A login that Codex keeps in the keyring is said to be there.

Everything inside works with problems as values (`Problem`); an error is built and raised in the outermost frame only,
where neither the file's text nor a token is in reach of a traceback that shows local variables.
"""

from .find import find_accounts
from .load import check_expiry, load_auth, parse_auth, parse_logins, reload
from .logins import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "check_expiry",
    "find_accounts",
    "load_auth",
    "parse_auth",
    "parse_logins",
    "reload",
]
