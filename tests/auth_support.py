"""Invented login files: tokens that look real, with a sentinel in each of them that must never be seen anywhere."""

from __future__ import annotations

import base64
import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from quota_helpers.outcomes import Accounts

ACCESS = "SENTINEL-access-7Kq"
REFRESH = "SENTINEL-refresh-9Zx"
IDENTITY = "SENTINEL-identity-3Wd"
API_KEY = "sk-SENTINEL-key-5Tp"
SECRETS = (ACCESS, REFRESH, IDENTITY, API_KEY, "SENTINEL")
PACKAGE = Path(__file__).parent.parent / "quota_helpers"

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such file, or no right to make one")


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt(claims: object, signature: str = ACCESS) -> str:
    """An unsigned token, of the form that PyJWT decodes."""
    return (
        f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.{base64.urlsafe_b64encode(signature.encode()).decode()}"
    )


def claims(email="ada@example.com", user="user-ada", account="acct-one", plan="plus", exp=1_800_000_000, **more):
    auth = {"chatgpt_account_id": account, "chatgpt_user_id": user, "chatgpt_plan_type": plan}
    body = {
        "exp": exp,
        "https://api.openai.com/profile": {"email": email},
        "https://api.openai.com/auth": {key: value for key, value in auth.items() if value is not None} | more,
    }
    return {key: value for key, value in body.items() if value is not None}


def official(access: object = ACCESS, account_id: object = "acct-one", **root: object) -> str:
    tokens = {"id_token": IDENTITY, "access_token": access, "refresh_token": REFRESH, "account_id": account_id}
    return json.dumps({"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": "2026-11-20T12:00:00Z"} | root)


def write(path: Path, content: str | bytes | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = official() if content is None else content
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def login(user: str, *, account: str = "acct-one", exp: int = 1_800_000_000, **more: object) -> str:
    """The text of one official login of one person."""
    token = jwt(claims(email=f"{user}@example.com", user=f"user-{user}", account=account, exp=exp, **more))
    return official(token, account)


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are not torn are read once."""
    pausing(monkeypatch, lambda _: pytest.fail("there is nothing to wait for"))


def pausing(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[float], object] = lambda _: None) -> None:
    """What happens in the pause between two looks at a torn file."""
    monkeypatch.setattr("quota_helpers.auth.load.sleep", meanwhile)


def by_name(accounts: Accounts) -> dict[str, Exception]:
    """The errors of the logins that cannot be used, by name."""
    return {failure.account: failure.error for failure in accounts.failures}


def shown(error: BaseException) -> str:
    """Everything that a verbose traceback shows of an error, with the local variables of our own frames."""
    texts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        current = todo.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        todo += [current.__cause__, current.__context__]
        texts += [repr(vars(current)), repr(getattr(current, "doc", "")), repr(getattr(current, "object", ""))]
        for frame in traceback.TracebackException.from_exception(current, capture_locals=True).stack:
            if Path(frame.filename).is_relative_to(PACKAGE):
                texts.append(repr(frame.locals))
    return "\n".join(texts)
