"""Which logins a JSON document holds, whatever tool wrote it.

The shapes, told apart by what they hold:

* Codex: `{"OPENAI_API_KEY", "tokens": {"id_token", "access_token", "refresh_token", "account_id"}, "last_refresh"}`,
  also with camelCase keys, also with `personal_access_token` ("at-...") instead of tokens;
* flat, as in `codex-*.json`: `{"type": "codex", "access_token", "id_token", "account_id", "email", "expired"}`, and a
  list of those;
* opencode: `{"openai": {"type": "oauth", "access", "refresh", "expires" (ms), "accountId"?}}`;
* pi: the same under `openai-codex`, further accounts under sibling keys such as `openai-codex-work`;
* many in one: `{"accounts": [...]}` of flat logins (codex-multi-auth), or with the login one level deeper, in
  `credentials` (sub2api) or `auth_data` (codex-switcher);
* the web session: `{"accessToken", "account": {"id", "planType"}, "user": {"id", "email"}}`.

The facts in a token's claims, which are read without verification and never trusted for more than a label: `exp` (epoch
seconds); `email` or `https://api.openai.com/profile`.email; and under `https://api.openai.com/auth`:
chatgpt_account_id, chatgpt_plan_type, chatgpt_user_id or user_id, chatgpt_account_is_fedramp.

Refresh tokens are never looked at: refreshing rotates them, and the login's owner would be signed out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import jwt

from ..errors import AccountIdMissingError, ApiKeyOnlyError, AuthError, AuthFileInvalidError, TokenMissingError
from ..fields.aliases import fold
from ..models import Account, Secret
from ..paths import child_path
from ..privacy import hide_tokens, printable
from ..times import from_epoch, from_iso

MAX_BYTES: Final = 1024 * 1024
"""Login files are a few kilobytes; whatever is larger than this is none."""
_MAX_DIGITS: Final = 400  # more than any float holds; Python refuses to convert 4,301 and more
_TRY_AGAIN: Final = "Codex may be rewriting it just now: try again. If it stays so, sign in again with: codex login"
_JSON_KINDS: Final = {list: "a list", str: "a text", bool: "a true/false value", type(None): "null"}
_AUTH: Final = "https://api.openai.com/auth"
_PROFILE: Final = "https://api.openai.com/profile"
_UNVERIFIED: Final = {
    f"verify_{check}": False for check in ("signature", "exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}
PERSONAL_TOKEN: Final = "personalaccesstoken"  # noqa: S105  # the folded name of a field
_KINDS: Final = {
    PERSONAL_TOKEN: "a personal access token",
    "agentidentity": "an agent identity and no ChatGPT login",
    "headers": "a login by headers of its own and no ChatGPT login",
    "bedrockapikey": "an Amazon Bedrock API key and no ChatGPT login",
    "bedrockaccesskeys": "Amazon Bedrock access keys and no ChatGPT login",
}
"""Kinds of login that carry no ChatGPT quota, as Codex's `auth_mode` names them. A personal access token can be asked
with when an account is named; none of them is mended by signing in."""
_ACCESS: Final = ("accesstoken", "access")
_ID: Final = ("idtoken",)
_ACCOUNT_ID: Final = ("accountid", "chatgptaccountid")
_USER_ID: Final = ("chatgptuserid", "userid")
_EXPIRY: Final = ("expiresat", "expires", "expired")
_API_KEY: Final = ("openaiapikey", "apikey")
_API_KEY_TYPES: Final = frozenset({"api", "api_key"})
_NAME: Final = ("accountlabel", "label", "alias", "name")
_HOLDERS: Final = ("tokens", "credentials", "authdata")
"""Where a login's tokens stand when they are one level deeper."""
_MARKS: Final = frozenset(
    {"tokens", "accesstoken", "refreshtoken", "idtoken", PERSONAL_TOKEN, "openaiapikey", "agentidentity", "authmode"}
)
_ENTRY_MARKS: Final = _MARKS | {"access", "refresh"}
_ORGANIZATION: Final = "org-"
_PROVIDER: Final = re.compile(
    r"(?:openai-codex|openai|codex|chatgpt)(?:[-_:/ ](?P<label>.+))?", re.IGNORECASE | re.DOTALL
)


class Problem(NamedTuple):
    """One thing that is wrong with a login file, or with one login in it."""

    kind: type[AuthError]  # class of the error it becomes
    what: str  # the rest of the sentence that begins with the file's path, without a full stop. Never content
    hint: str | None = None  # what to do next, or None for the class's own hint
    torn: bool = False  # the file may be in the middle of being rewritten: worth reading again
    no_login: bool = False  # the file is well-formed, but nothing in it looks like a login

    def error(self, place: str, account: str | None) -> AuthError:
        """The error to raise or to keep, made for *place* (the subject of the sentence)."""
        return self.kind(f"{printable(place)} {self.what}.", account=account, hint=self.hint)


SWITCHED_OFF: Final = Problem(
    TokenMissingError,
    "is not used: it is switched off in the file (enabled: false)",
    "Switch it on in the tool that wrote the file.",
)
"""A login that the file itself says not to use: passed over, unless somebody asked for exactly this one."""


Outcome = Account | Problem
Document = Mapping[str, Any] | list[Any]


class Found(NamedTuple):
    """One place in a file where a login stands, and what came of reading it."""

    entry: str  # the place, as a JSON path
    outcome: Outcome  # the account (not yet named), or why there is none
    label: str | None = None  # what the file itself calls this login, or None


def find_logins(document: Document) -> list[Found] | Problem:
    """Every login in the document, in file order, or the problem that there is nothing like one."""
    if isinstance(document, list):
        found = list(_items(document, "$"))
        return found or Problem(AuthFileInvalidError, "holds a list, but no login in it", no_login=True)
    found = [Found("$", _read(document))] if _is_login(document, _MARKS) else []
    found += _items(document.get("accounts"), "$.accounts")
    found += _providers(document)
    return found or Problem(
        TokenMissingError, "holds no access token, nor anything else that looks like a login", no_login=True
    )


def _items(items: object, path: str) -> Iterator[Found]:
    if not isinstance(items, list) or not any(_is_login(item, _ENTRY_MARKS) for item in items):
        return  # codex-auth's registry.json has such a list too, without tokens
    for position, item in enumerate(items):
        entry = f"{path}[{position}]"
        if isinstance(item, dict):
            yield Found(entry, _read(item), label(_text(item, _NAME)))
        else:
            problem = Problem(AuthFileInvalidError, f"holds {kind_of(item)}, but a login is a JSON object")
            yield Found(entry, problem)


def _providers(document: Mapping[str, Any]) -> Iterator[Found]:
    for key, value in document.items():
        match = _PROVIDER.fullmatch(key)
        if hide_tokens(key) != key:
            continue  # it would be shown as the login's name and place
        if match and (_is_login(value, _ENTRY_MARKS) or _is_api_key(value)):
            yield Found(child_path("$", key), _read(value), label(match["label"]))


def _is_login(value: object, marks: frozenset[str]) -> bool:
    if not isinstance(value, dict):
        return False
    return any(fold(key) in marks for key in value) or any(
        _is_login(value.get(key), marks) or _is_api_key(value.get(key)) for key in value if fold(key) in _HOLDERS
    )


def _is_api_key(value: object) -> bool:
    if not (isinstance(value, dict) and "key" in value):
        return False
    kind = value.get("type")
    return isinstance(kind, str) and kind in _API_KEY_TYPES


def _read(fields: Mapping[str, Any]) -> Outcome:
    if fields.get("enabled") is False:
        return SWITCHED_OFF
    holder = next((value for key, value in fields.items() if fold(key) in _HOLDERS and isinstance(value, dict)), {})
    kind = _kind_without_quota(fields)
    scopes = (fields,) if kind else (holder, fields)  # what lies beside another kind of login is out of date
    access = (PERSONAL_TOKEN,) if kind else (*_ACCESS, PERSONAL_TOKEN)
    token = _in_any(scopes, access) if kind in {None, PERSONAL_TOKEN} else None
    if token is None:
        return _no_quota(kind) if kind else _no_token(scopes)
    if problem := _token_problem(token):
        return problem
    found = _account(scopes, token)
    if isinstance(found, Problem) and token == _text(fields, (PERSONAL_TOKEN,)):
        unnamed = f"holds {_KINDS[PERSONAL_TOKEN]}, which names no account"
        return _no_quota(PERSONAL_TOKEN)._replace(kind=found.kind, what=unnamed)
    return found


def _kind_without_quota(fields: Mapping[str, Any]) -> str | None:
    """One of `_KINDS`, where `auth_mode` names it, or, where that names none, the fields of the file.

    What `auth_mode` says counts, whatever older tokens lie beside it. None: an ordinary login, or an unknown kind.
    """
    mode = _text(fields, ("authmode",))
    if mode is not None:
        return folded if (folded := fold(mode)) in _KINDS else None
    told = {fold(key) for key, value in fields.items() if value}
    if told & {"tokens", "accesstoken", "openaiapikey", PERSONAL_TOKEN}:
        return None
    return next((kind for kind in _KINDS if kind in told and kind != "headers"), None)


def _no_quota(kind: str) -> Problem:
    """There is nothing to ask for with a login of this kind; signing in over it would be no help."""
    what = _KINDS[kind].partition(" and no ")[0]
    hint = (
        f"There is no ChatGPT quota to read with {what}. It may be a working login for automation, and signing in "
        "would overwrite it: keep a ChatGPT login in a folder of its own (another CODEX_HOME) and name that one."
    )
    return Problem(TokenMissingError, f"holds {_KINDS[kind]}", hint)


def _account(scopes: tuple[Mapping[str, Any], ...], token: str) -> Account | Problem:
    """The login, as far as its file and the claims of its tokens say who it is.

    The id token's own expiry is no concern of ours: it is short-lived and never sent.
    """
    file = scopes[-1]
    session, person = (value if isinstance(value := file.get(key), dict) else {} for key in ("account", "user"))
    first, second = _payload(token), _payload(_in_any(scopes, _ID))
    auth, profile = _objects(_AUTH, first, second), _objects(_PROFILE, first, second)
    claimed = _first((*auth, first, second), "chatgpt_account_id")
    account_id = _in_any(scopes, _ACCOUNT_ID) or _text(session, ("id",)) or claimed
    if account_id and account_id.startswith(_ORGANIZATION):
        account_id = claimed or account_id  # the server ignores an organization, and answers for the token's
    if account_id is None:
        return Problem(
            AccountIdMissingError, "holds a token, but neither the file nor the token says for which account"
        )
    if flaw := _header_flaw(account_id):
        return Problem(AccountIdMissingError, f"holds an account id with {flaw}, which no header may carry")
    claims_say_when = "exp" in first or session  # readable or not: then no other source is asked
    return Account(
        name="",
        account_id=account_id,
        user_id=_first(auth, "chatgpt_user_id", "user_id")
        or label(_in_any(scopes, _USER_ID) or _text(person, ("id",))),
        email=_first((first, profile[0], second, profile[1]), "email") or label(_in_any((*scopes, person), ("email",))),
        plan=_first(auth, "chatgpt_plan_type") or label(_text(session, ("plantype",))),
        expires_at=instant(first.get("exp"), milliseconds=False) if claims_say_when else _file_expiry(scopes),
        fedramp=any(scope.get("chatgpt_account_is_fedramp") is True for scope in auth),
        access_token=Secret(token),
    )


def _no_token(scopes: tuple[Mapping[str, Any], ...]) -> Problem:
    """Why there is no token to send, as exactly as the file lets us say."""
    if _in_any(scopes, _API_KEY) or any(_is_api_key(scope) and _text(scope, ("key",)) for scope in scopes):
        return Problem(ApiKeyOnlyError, "holds an API key and no ChatGPT login")
    present = [value for scope in scopes for key, value in scope.items() if fold(key) in (*_ACCESS, PERSONAL_TOKEN)]
    wrong = next((value for value in present if value is not None and not isinstance(value, str)), None)
    if wrong is not None:
        return Problem(TokenMissingError, f"holds {kind_of(wrong)} where the access token should be a text")
    if any(isinstance(value, str) for value in present):
        return Problem(TokenMissingError, "holds a blank access token")
    if _in_any(scopes, ("refreshtoken", "refresh")):
        hint = "It is never refreshed here, because that signs its owner out. Use the tool that wrote it once."
        return Problem(TokenMissingError, "holds a refresh token, but no access token", hint)
    return Problem(TokenMissingError, "holds no access token")


def _token_problem(token: str) -> Problem | None:
    if token.startswith("sess-"):
        hint = "A session token (sess-...) cannot be used here. Sign in with: codex login"
        return Problem(TokenMissingError, "holds a session token in the place of the access token", hint)
    if flaw := _header_flaw(token):
        return Problem(TokenMissingError, f"holds an access token with {flaw}, which no header may carry")
    return None


def _header_flaw(text: str) -> str | None:
    """What keeps the text out of an HTTP header, in words and with its place, never the character itself."""
    for position, char in enumerate(text, 1):
        if not (char.isascii() and char.isprintable()):
            what = "a control character" if char.isascii() else "a character outside ASCII"
            return f"{what} (character {position} of {len(text)})"
    return None


def _file_expiry(scopes: tuple[Mapping[str, Any], ...]) -> datetime | None:
    """When the token expires by the file's word: epoch seconds or milliseconds (0 is unset), or ISO 8601."""
    values = (value for scope in scopes for name in _EXPIRY for key, value in scope.items() if fold(key) == name)
    return next((when for value in values if (when := _when(value))), None)


def _when(value: object) -> datetime | None:
    if not isinstance(value, str):
        return instant(value) if value else None
    try:
        return from_iso(value)
    except ValueError:
        return None


def _in_any(scopes: tuple[Mapping[str, Any], ...], names: tuple[str, ...]) -> str | None:
    return next((text for scope in scopes if (text := _text(scope, names))), None)


def _text(fields: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first text that is not blank under one of the (folded) names, without surrounding blanks."""
    for name in names:
        for key, value in fields.items():
            if isinstance(value, str) and fold(key) == name and (text := value.strip()):
                return text
    return None


# --- claims ---


def label(value: object) -> str | None:
    """The text without surrounding blanks; None unless it is text that can be shown and stored as it is."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if text and text.isprintable() else None


def instant(value: object, *, milliseconds: bool = True) -> datetime | None:
    """The instant (aware, UTC) that an epoch number names; None for anything else and for what no calendar holds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return from_epoch(value, milliseconds=milliseconds)


def _payload(token: str | None) -> Mapping[str, Any]:
    if token is None:
        return {}
    try:
        payload: object = jwt.decode(token, options=_UNVERIFIED)  # type: ignore[arg-type]  # a TypedDict, built by key
    except (jwt.PyJWTError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return {}  # no JWT, or not one that PyJWT reads: the token itself may be as good as any
    return payload if isinstance(payload, dict) else {}


def _objects(key: str, *payloads: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    found = (payload.get(key) for payload in payloads)
    return tuple(value if isinstance(value, dict) else {} for value in found)


def _first(scopes: tuple[Mapping[str, Any], ...], *names: str) -> str | None:
    return next((text for scope in scopes for name in names if (text := label(scope.get(name)))), None)


# --- from bytes to a document; errors that hold the whole file (`.doc`, `.object`) do not leave these ---


def kind_of(value: object) -> str:
    """What a JSON value is, in words, without the value."""
    return "an object" if isinstance(value, dict) else _JSON_KINDS.get(type(value), "a number")


def too_large() -> Problem:
    """The problem of a file or a text beyond `MAX_BYTES`."""
    return Problem(AuthFileInvalidError, f"is too large for a login file (more than {MAX_BYTES:,} bytes)")


def decode_bytes(raw: bytes) -> str | Problem:
    """The text of a file in UTF-8, with or without a byte order mark."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = error.start
    # A file that ends in the middle of a character is as torn as one that ends in the middle of a string.
    return Problem(
        AuthFileInvalidError,
        f"is not UTF-8 (byte {position + 1})",
        "Save it as UTF-8 (Windows PowerShell's > writes UTF-16), or sign in again with: codex login",
        torn=True,
    )


def decode_document(text: str) -> dict[str, Any] | list[Any] | Problem:
    """The JSON object that the text holds, or a list of objects."""
    if len(text) > MAX_BYTES:
        return too_large()
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return Problem(AuthFileInvalidError, "is empty", _TRY_AGAIN, torn=True)
    try:
        document = json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= _MAX_DIGITS else None)
    except json.JSONDecodeError as error:
        line, column = error.lineno, error.colno
    except RecursionError:
        return Problem(AuthFileInvalidError, "is nested too deeply for a login file")
    else:
        if isinstance(document, dict) or (isinstance(document, list) and any(isinstance(x, dict) for x in document)):
            return document
        return Problem(AuthFileInvalidError, f"holds {kind_of(document)}, but a login file is a JSON object")
    return Problem(AuthFileInvalidError, f"is not JSON (line {line}, column {column})", _TRY_AGAIN, torn=True)
