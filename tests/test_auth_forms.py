"""Logins as other tools write them, and the kinds of login that carry no quota: each is named in its message."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from auth_support import ACCESS, API_KEY, REFRESH, by_name, claims, jwt

from quota_helpers.auth import parse_auth, parse_logins
from quota_helpers.errors import AccountIdMissingError, ApiKeyOnlyError, AuthError, TokenMissingError


def logins(document):
    return parse_logins(json.dumps(document))


# --- one level deeper ---


def test_a_login_in_credentials():
    """sub2api's export: `accounts[].credentials`, and the entry's own name."""
    credentials = {
        "email": "ada@example.com",
        "access_token": ACCESS,
        "refresh_token": REFRESH,
        "chatgpt_account_id": "acct-one",
        "chatgpt_user_id": "user-ada",
        "expires_at": 1_900_000_000,
    }
    item = {"name": "Seat one", "platform": "openai", "type": "oauth", "credentials": credentials, "priority": 5}
    accounts = logins({"exported_at": "2026-11-01", "proxies": [], "accounts": [item]})
    (account,) = accounts
    assert (account.name, account.account_id, account.user_id) == ("Seat one", "acct-one", "user-ada")
    assert (account.email, account.entry) == ("ada@example.com", "$.accounts[0]")
    assert account.expires_at == datetime.fromtimestamp(1_900_000_000, UTC)
    assert account.access_token.reveal() == ACCESS


def test_a_login_in_auth_data():
    """codex-switcher's file; its entries with an API key are told as such."""
    oauth = {"type": "chat_g_p_t", "access_token": ACCESS, "refresh_token": REFRESH, "account_id": "acct-one"}
    accounts = logins(
        {
            "accounts": [
                {"name": "home", "auth_data": oauth},
                {"name": "key", "auth_data": {"type": "api_key", "key": API_KEY}},
            ]
        }
    )
    assert [(account.name, account.account_id) for account in accounts] == [("home", "acct-one")]
    assert isinstance(by_name(accounts)["key"], ApiKeyOnlyError)


def test_a_login_one_level_deeper_on_its_own():
    assert logins({"credentials": {"access_token": ACCESS, "account_id": "a"}})[0].account_id == "a"
    with pytest.raises(TokenMissingError, match="nor anything else"):
        logins({"credentials": {"note": "x"}})


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("openai", "account-acct-one"),
        ("OpenAI-Codex:night", "night"),
        ("chatgpt/day", "day"),
        ("codex-a\nb", "account-acct-one"),
        ("codexnight", None),
        ("my-codex", None),
    ],
)
def test_which_keys_are_providers(key, name):
    """A label that cannot be shown as it is names nobody; the login is there all the same."""
    document = {key: {"access": ACCESS, "accountId": "acct-one"}}
    if name is None:
        with pytest.raises(TokenMissingError, match="nor anything else"):
            logins(document)
    else:
        assert logins(document).names == (name,)


# --- lists ---


def test_a_bare_list():
    """Bulk exports: flat logins, one after the other; what is none stands beside them."""
    flat = {"type": "codex", "access_token": ACCESS, "account_id": "acct-one", "email": "ada@example.com"}
    other = flat | {"account_id": "acct-two", "email": "bob@example.com"}
    accounts = logins([flat, other, 3, {"type": "codex"}])
    assert [(account.entry, account.account_id) for account in accounts] == [("$[0]", "acct-one"), ("$[1]", "acct-two")]
    assert [failure.message.count("$[2]") + failure.message.count("$[3]") for failure in accounts.failures] == [1, 1]


@pytest.mark.parametrize(
    ("document", "words"), [([{}], "no login in it"), ([{"a": 1}, 2], "no login"), ([3], "a list")]
)
def test_a_list_of_something_else(document, words):
    with pytest.raises(AuthError, match=words):
        logins(document)


# --- the web session ---


def test_the_web_sessions_json():
    """Its `expires` is the session's own, not the token's."""
    document = {
        "user": {"id": "user-ada", "name": "Ada", "email": "ada@example.com"},
        "expires": "2027-02-20T12:00:00.000Z",
        "account": {"id": "acct-one", "planType": "pro"},
        "accessToken": ACCESS,
        "authProvider": "openai",
    }
    (account,) = logins(document)
    assert (account.account_id, account.user_id, account.email) == ("acct-one", "user-ada", "ada@example.com")
    assert (account.plan, account.expires_at, account.name) == ("pro", None, "ad...@example.com")
    (claimed,) = logins(document | {"accessToken": jwt(claims())})
    assert (claimed.plan, claimed.expires_at) == ("plus", datetime.fromtimestamp(1_800_000_000, UTC))


# --- organizations ---


@pytest.mark.parametrize(
    ("said", "claimed", "account_id"),
    [
        ("org-aaaa", "acct-own", "acct-own"),
        ("acct-said", "acct-own", "acct-said"),
        ("organic", "acct-own", "organic"),
        ("org-aaaa", None, "org-aaaa"),
    ],
)
def test_an_organization_gives_way_to_the_tokens_own_account(said, claimed, account_id):
    assert logins({"access_token": jwt(claims(account=claimed)), "account_id": said})[0].account_id == account_id


# --- kinds without a quota ---

KINDS = {
    "personalAccessToken": "a personal access token",
    "agentIdentity": "an agent identity",
    "headers": "a login by headers",
    "bedrockApiKey": "an Amazon Bedrock API key",
    "bedrockAccessKeys": "Amazon Bedrock access keys",
}


@pytest.mark.parametrize(("mode", "words"), KINDS.items())
@pytest.mark.parametrize("tokens", [None, {"access_token": jwt(claims()), "account_id": "acct-one"}])
def test_a_kind_without_a_quota_is_named(mode, words, tokens):
    """Whatever older tokens lie beside it; and nobody is told to sign in over a login that works."""
    document = {"auth_mode": mode, "personal_access_token": "at-SENTINEL", "tokens": tokens}
    with pytest.raises((TokenMissingError, AccountIdMissingError), match=words) as caught:
        parse_auth(json.dumps(document))
    assert words in caught.value.hint
    assert "codex login" not in str(caught.value)
    assert "overwrite" in caught.value.hint
    assert "SENTINEL" not in str(caught.value)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"personal_access_token": "at-SENTINEL"}, "a personal access token"),
        ({"OPENAI_API_KEY": None, "agent_identity": {"id": "x"}}, "an agent identity"),
        ({"auth_mode": "personal_access_token", "personal_access_token": "at-x"}, "a personal access token"),
    ],
)
def test_a_kind_is_told_by_what_the_file_holds(document, words):
    with pytest.raises((TokenMissingError, AccountIdMissingError), match=words) as caught:
        parse_auth(json.dumps(document))
    assert "codex login" not in str(caught.value)


def test_a_personal_access_token_beside_old_tokens_means_the_former():
    """With an account it is asked with; the old tokens never are."""
    old = {"access_token": jwt(claims(account="acct-old")), "account_id": "acct-old"}
    document = {"auth_mode": "personalAccessToken", "personal_access_token": jwt(claims()), "tokens": old}
    assert parse_auth(json.dumps(document)).access_token.reveal() == document["personal_access_token"]
    (account,) = logins({"personal_access_token": "at-x", "tokens": old})
    assert account.account_id == "acct-old"
    assert account.access_token.reveal() == old["access_token"]


@pytest.mark.parametrize("mode", ["chatgpt", "chatgptAuthTokens", "tomorrow", "", 3])
def test_an_ordinary_or_unknown_kind_is_read_as_ever(mode):
    document = {"auth_mode": mode, "agent_identity": None, "tokens": {"access_token": ACCESS, "account_id": "a"}}
    assert parse_auth(json.dumps(document)).account_id == "a"


def test_an_api_key_by_mode():
    with pytest.raises(ApiKeyOnlyError, match="API key"):
        parse_auth(json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": API_KEY}))


@pytest.mark.parametrize("type_", [[], {}, None, 3, "oauth"])
def test_a_key_of_another_type_is_no_api_key(type_):
    with pytest.raises(TokenMissingError):
        parse_auth(json.dumps({"openai": {"type": type_, "key": API_KEY}, "tokens": {}}))
