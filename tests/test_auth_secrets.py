"""No error and no display of a login shows a secret."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
from pathlib import Path

import pytest
from auth_support import (
    ACCESS,
    API_KEY,
    IDENTITY,
    REFRESH,
    SECRETS,
    claims,
    jwt,
    official,
    shown,
    write,
)

from quota_helpers.auth import (
    find_accounts,
    load_auth,
    parse_auth,
    parse_logins,
    reload,
)
from quota_helpers.errors import (
    AuthError,
    AuthFileInvalidError,
)

pytestmark = pytest.mark.usefixtures("no_logins_of_the_machine")


BAD_TEXTS = {
    "not json": official()[:-1],
    "not json inside": official().replace("{", "{]", 1),
    "list": json.dumps([official()]),
    "deep": '{"SENTINEL":' * 50_000,
    "large": official(padding="SENTINEL" * 200_000),
    "api key": json.dumps({"OPENAI_API_KEY": API_KEY}),
    "sess": official("sess-" + ACCESS),
    "control": official(ACCESS + "\x07"),
    "non-ascii": official(ACCESS + "é"),
    "no token": json.dumps({"tokens": {"refresh_token": REFRESH, "id_token": IDENTITY}}),
    "no text": official([ACCESS]),
    "no account": official(jwt({"a": ACCESS}), None),
    "bad account": official(account_id="SENTINEL\n1"),
    "no login": json.dumps({"other": ACCESS}),
    "key in key": json.dumps({"openai-sk-SENTINEL-key-5Tp-0123456789": {"type": "oauth", "refresh": REFRESH}}),
    "off": json.dumps({"accounts": [{"accessToken": ACCESS, "enabled": False}]}),
}


def errors_of(text: str, tmp_path: Path):
    """The error of every way to this text."""
    path = write(tmp_path / "bad.auth.json", text)
    good = load_auth(write(tmp_path / "good.auth.json"))
    calls = (
        lambda: parse_auth(text),
        lambda: parse_auth(text, name="n", path=path),
        lambda: parse_logins(text),
        lambda: load_auth(path),
        lambda: find_accounts(path),
        lambda: reload(dataclasses.replace(good, paths=(path,))),
    )
    for call in calls:
        try:
            result = call()
        except AuthError as error:
            yield error
        else:
            yield from (failure.error for failure in result.failures)


@pytest.mark.parametrize("kind", BAD_TEXTS)
def test_no_error_shows_a_secret(tmp_path, kind):
    """Not in the message, the attributes, the causes, or the local variables of our frames."""
    errors = list(errors_of(BAD_TEXTS[kind], tmp_path))
    assert len(errors) >= 4
    for error in errors:
        text = shown(error)
        assert "SENTINEL" not in text
        assert error.__cause__ is None
        assert error.__context__ is None


def test_bytes_that_are_no_text_are_not_shown(tmp_path):
    path = write(tmp_path / "bad.auth.json", official().encode() + b"\xff")
    with pytest.raises(AuthFileInvalidError) as caught:
        load_auth(path)
    assert "SENTINEL" not in shown(caught.value)
    assert caught.value.__context__ is None


def test_no_display_of_an_account_shows_a_secret(tmp_path, caplog):
    path = write(tmp_path / "auth.json", official(jwt(claims(), ACCESS)).replace(IDENTITY, jwt(claims(), IDENTITY)))
    accounts = find_accounts(path)
    account = accounts[0]
    token = account.access_token.reveal()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%s %r %s", account, account, account.access_token)
        load_auth(path)
    displays = [
        repr(account),
        str(account),
        f"{account}",
        f"{account.access_token:>10}",
        repr(dataclasses.asdict(account)),
        repr(copy.deepcopy(account)),
        json.dumps(dataclasses.asdict(account), default=str),
        repr(accounts),
        accounts._repr_html_(),
        caplog.text,
        *(pickle.dumps(account, protocol).decode("latin-1") for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)),
    ]
    for display in displays:
        assert token not in display
        assert token[-20:] not in display
        assert not any(secret in display for secret in SECRETS)
    assert copy.deepcopy(account).access_token.reveal() == token
    assert not pickle.loads(pickle.dumps(account)).access_token  # noqa: S301  # our own bytes


def test_refresh_and_id_tokens_are_not_kept(tmp_path):
    """Nothing that can be reached from the account holds them."""
    account = load_auth(write(tmp_path / "a.auth.json"))
    reachable = [getattr(account, field.name) for field in dataclasses.fields(account)]
    texts = [value.reveal() if hasattr(value, "reveal") else repr(value) for value in reachable]
    assert texts.count(ACCESS) == 1
    assert not any(REFRESH in text or IDENTITY in text for text in texts)


def test_a_label_shaped_like_a_token_is_hidden():
    document = {"accounts": [{"accessToken": ACCESS, "accountId": "a", "label": API_KEY + "-0123456789"}]}
    assert parse_logins(json.dumps(document)).names == ("***",)
