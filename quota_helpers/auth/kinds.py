"""The kinds of login that carry no ChatGPT quota we could ask for: each is named, and none is mended by signing in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

PERSONAL_TOKEN: Final = "personalaccesstoken"  # noqa: S105  # the folded name of a field


class LoginKind(NamedTuple):
    """One kind of login, as Codex's `auth_mode` names it.

    Attributes:
        what: What the file holds, in words.
        personal: It is a personal access token, which can be asked with when an account is named.
    """

    what: str
    personal: bool = False


_KINDS: Final = {
    "personalaccesstoken": LoginKind("a personal access token", personal=True),
    "agentidentity": LoginKind("an agent identity and no ChatGPT login"),
    "headers": LoginKind("a login by headers of its own and no ChatGPT login"),
    "bedrockapikey": LoginKind("an Amazon Bedrock API key and no ChatGPT login"),
    "bedrockaccesskeys": LoginKind("Amazon Bedrock access keys and no ChatGPT login"),
}


def kind_of_login(auth_mode: str | None, fields: Mapping[str, Any]) -> LoginKind | None:
    """The kind without a quota that `auth_mode` names, or, where it names none, the fields of the file.

    What `auth_mode` says counts, whatever older tokens lie beside it. None: an ordinary login, or an unknown kind.
    """
    if auth_mode is not None:
        return _KINDS.get(_folded(auth_mode))
    told = {_folded(key) for key, value in fields.items() if value}
    if told & {"tokens", "accesstoken", "openaiapikey", PERSONAL_TOKEN}:
        return None
    return next(
        (_KINDS[kind] for kind in ("agentidentity", "bedrockapikey", "bedrockaccesskeys") if kind in told), None
    )


def automation_hint(kind: LoginKind) -> str:
    """What to do about a login of this kind: never to sign in over it."""
    what = kind.what.partition(" and no ")[0]
    return (
        f"There is no ChatGPT quota to read with {what}. It may be a working login for automation, and signing in "
        "would overwrite it: keep a ChatGPT login in a folder of its own (another CODEX_HOME) and name that one."
    )


def _folded(text: str) -> str:
    return text.replace("_", "").replace("-", "").lower()
