"""What a token says about itself, and what the file says beside it."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from auth_support import (
    by_name,
    claims,
    jwt,
    official,
)
from hypothesis import given
from hypothesis import strategies as st

from quota_helpers.auth import (
    parse_auth,
    parse_logins,
)
from quota_helpers.errors import (
    AccountIdMissingError,
    AuthError,
)


def test_claims_of_the_access_token():
    account = parse_auth(official(jwt(claims(chatgpt_account_is_fedramp=True)), None))
    assert (account.account_id, account.user_id, account.email) == ("acct-one", "user-ada", "ada@example.com")
    assert (account.plan, account.fedramp) == ("plus", True)
    assert account.expires_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert account.name == "ad...@example.com"


def test_claims_are_completed_from_the_id_token():
    """The access token comes first; the id token's own expiry says nothing about the access token."""
    access = jwt(claims(email=None, user=None, plan=None, exp=None))
    identity = jwt({"email": "id@example.com", "exp": 5, "https://api.openai.com/auth": {"user_id": "user-id"}})
    document = {"tokens": {"access_token": access, "id_token": identity}}
    account = parse_auth(json.dumps(document))
    assert (account.email, account.user_id, account.account_id) == ("id@example.com", "user-id", "acct-one")
    assert account.expires_at is None
    assert account.plan is None


def test_the_file_names_the_account_before_the_claims():
    assert parse_auth(official(jwt(claims(account="acct-claimed")), "acct-file")).account_id == "acct-file"


@pytest.mark.parametrize("exp", [float("nan"), float("inf"), 1e300, 10**30, -5, "1800000000", True, [], {}])
def test_odd_expiry_is_unknown(exp):
    """Also when the file has a word of its own: the token has spoken, only not readably."""
    account = parse_auth(official(jwt(claims() | {"exp": exp}), expires=1_780_000_000_000))
    assert account.expires_at is None
    assert account.email == "ada@example.com"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_780_000_000_000, 1_780_000_000),
        (1_780_000_000, 1_780_000_000),
        ("2026-05-28T20:26:40Z", 1_780_000_000),
        ("2026-05-28T20:26:40", 1_780_000_000),
        (0, None),
        ("soon", None),
        ("0001-01-01T00:00:00+23:00", None),
        (True, None),
    ],
)
def test_expiry_by_the_files_word(value, expected):
    """Milliseconds, seconds or ISO 8601, and only where the token has no expiry of its own."""
    account = parse_auth(official(expires=value))
    assert account.expires_at == (None if expected is None else datetime.fromtimestamp(expected, UTC))
    assert parse_auth(official(jwt(claims(exp=1_700_000_000)), expires=value)).expires_at == datetime.fromtimestamp(
        1_700_000_000, UTC
    )


@pytest.mark.parametrize(
    "token",
    [
        "no-jwt",
        "a.b.c",
        jwt([1]),
        jwt("text"),
        jwt({"https://api.openai.com/auth": 3, "https://api.openai.com/profile": [], "email": 4}),
        jwt(claims(email="bad\u0007@example.com", user="\ud800", plan=["plus"])),
        jwt(claims()).replace(".", "..", 1),
        jwt(claims())[:60],
    ],
)
def test_unreadable_claims_leave_the_token_usable(token):
    account = parse_auth(official(token), name="odd")
    assert (account.email, account.user_id, account.plan) == (None, None, None)
    assert account.access_token.reveal() == token
    assert len(account.key) == 12


def test_no_account_id_anywhere():
    with pytest.raises(AccountIdMissingError, match="for which account"):
        parse_auth(official(jwt(claims(account=None)), None))


# --- precedence ---

AUTH, PROFILE = "https://api.openai.com/auth", "https://api.openai.com/profile"


def read(access: dict, identity: dict | None = None):
    """The login of a file that says nothing but its tokens."""
    tokens = {"access_token": jwt({AUTH: {"chatgpt_account_id": "acct-one"}} | access)}
    if identity is not None:
        tokens["id_token"] = jwt(identity)
    return parse_auth(json.dumps({"tokens": tokens}))


@pytest.mark.parametrize(
    ("access", "identity", "email"),
    [
        ({"email": "a@x.org", PROFILE: {"email": "b@x.org"}}, {"email": "c@x.org"}, "a@x.org"),
        ({PROFILE: {"email": "b@x.org"}}, {"email": "c@x.org"}, "b@x.org"),
        ({}, {"email": "c@x.org", PROFILE: {"email": "d@x.org"}}, "c@x.org"),
        ({}, {PROFILE: {"email": "d@x.org"}}, "d@x.org"),
        ({"email": " "}, {PROFILE: {"email": " d@x.org "}}, "d@x.org"),
    ],
)
def test_which_email_counts(access, identity, email):
    assert read(access, identity).email == email


@pytest.mark.parametrize(
    ("access", "identity", "user"),
    [
        ({"chatgpt_user_id": "a", "user_id": "b"}, {"chatgpt_user_id": "c"}, "a"),
        ({"user_id": "b"}, {"chatgpt_user_id": "c"}, "b"),
        ({}, {"chatgpt_user_id": "c", "user_id": "d"}, "c"),
        ({}, {"user_id": "d"}, "d"),
    ],
)
def test_which_user_counts(access, identity, user):
    assert read({AUTH: {"chatgpt_account_id": "x"} | access}, {AUTH: identity}).user_id == user


@pytest.mark.parametrize(
    ("access", "identity", "account_id"),
    [
        ({AUTH: {"chatgpt_account_id": "a"}, "chatgpt_account_id": "c"}, {AUTH: {"chatgpt_account_id": "b"}}, "a"),
        ({AUTH: {}, "chatgpt_account_id": "c"}, {AUTH: {"chatgpt_account_id": "b"}}, "b"),
        ({AUTH: {}, "chatgpt_account_id": "c"}, {"chatgpt_account_id": "d"}, "c"),
        ({AUTH: {}}, {"chatgpt_account_id": "d"}, "d"),
    ],
)
def test_which_account_counts(access, identity, account_id):
    assert read(access, identity).account_id == account_id


@pytest.mark.parametrize(("first", "second", "fedramp"), [(True, False, True), (False, True, True), (1, "true", False)])
def test_either_token_marks_a_fedramp_login(first, second, fedramp):
    marks = [{AUTH: {"chatgpt_account_id": "x", "chatgpt_account_is_fedramp": mark}} for mark in (first, second)]
    assert read(*marks).fedramp is fedramp


def test_the_files_own_words_come_last():
    """User and e-mail of the file count where the token has none; the expiry where the token has no `exp` at all."""
    file = {"access_token": jwt({AUTH: {"chatgpt_account_id": "x"}}), "user_id": "u", "email": "f@x.org", "expires": 5}
    account = parse_auth(json.dumps(file))
    assert (account.user_id, account.email) == ("u", "f@x.org")
    assert account.expires_at == datetime.fromtimestamp(5, UTC)
    account = parse_auth(json.dumps(file | {"access_token": jwt(claims(exp=9))}))
    assert (account.user_id, account.email) == ("user-ada", "ada@example.com")
    assert account.expires_at == datetime.fromtimestamp(9, UTC)


@pytest.mark.parametrize(("exp", "expected"), [(0, 0), (0.5, 0.5), (10**11 + 1, 10**11 + 1), (-1, None)])
def test_an_expiry_in_a_token_is_always_in_seconds(exp, expected):
    """Never milliseconds, however large."""
    account = read({"exp": exp})
    wanted = None if expected is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=expected)
    assert account.expires_at == wanted


# --- any claims, any document ---

KEYS = st.sampled_from(
    [
        "tokens",
        "access_token",
        "accessToken",
        "account_id",
        "accounts",
        "openai",
        "openai-codex",
        "openai-codex-x",
        "type",
        "key",
        "access",
        "enabled",
        "OPENAI_API_KEY",
        "personal_access_token",
        "id_token",
        "expires",
        "expired",
        "email",
        "label",
        "https://api.openai.com/auth",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["oauth", "api"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=6),
    max_leaves=20,
)


@given(JSON)
def test_any_json_gives_a_login_or_a_typed_error(document):
    text = json.dumps(document)
    with contextlib.suppress(AuthError):
        account = parse_auth(text)
        assert account.access_token
        assert account.account_id
        assert account.name
        assert account.key
    with contextlib.suppress(AuthError):
        accounts = parse_logins(text)
        assert len(set(accounts.names) | set(by_name(accounts))) == len(accounts) + len(accounts.failures)


@given(JSON, JSON)
def test_any_claims_leave_the_token_usable(claim, auth):
    body = claim if isinstance(claim, dict) else {"exp": claim, "email": claim}
    token = jwt(body | {"https://api.openai.com/auth": auth})
    account = parse_auth(official(token))
    assert account.access_token.reveal() == token
    assert account.key


@given(st.text())
def test_any_text_gives_a_typed_error(text):
    with pytest.raises(AuthError):
        parse_auth(text)
