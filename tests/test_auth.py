"""The login that a text holds, in every form that tools write, and what is wrong with a text that holds none."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from auth_support import (
    ACCESS,
    API_KEY,
    IDENTITY,
    REFRESH,
    by_name,
    claims,
    jwt,
    official,
)

from quota_helpers.auth import (
    MAX_BYTES,
    parse_auth,
    parse_logins,
)
from quota_helpers.errors import (
    AccountIdMissingError,
    ApiKeyOnlyError,
    AuthFileInvalidError,
    TokenMissingError,
)


def test_official_login():
    """The form that Codex writes: token and account id, and nothing else of the tokens is kept."""
    account = parse_auth(official(), name="work")
    assert (account.name, account.account_id, account.access_token.reveal()) == ("work", "acct-one", ACCESS)
    assert (account.entry, account.paths, account.expires_at, account.user_id) == ("$", (), None, None)


def test_camel_case_keys():
    tokens = {"accessToken": ACCESS, "refreshToken": REFRESH, "idToken": IDENTITY, "accountId": "acct-one"}
    account = parse_auth(json.dumps({"OPENAI_API_KEY": None, "tokens": tokens}))
    assert (account.account_id, account.access_token.reveal()) == ("acct-one", ACCESS)


def test_tokens_win_over_an_api_key():
    assert parse_auth(official(OPENAI_API_KEY=API_KEY)).access_token.reveal() == ACCESS


@pytest.mark.parametrize(
    "document",
    [
        {"OPENAI_API_KEY": API_KEY},
        {"OPENAI_API_KEY": API_KEY, "tokens": None},
        {"OPENAI_API_KEY": API_KEY, "tokens": {"access_token": " "}},
        {"openai": {"type": "api", "key": API_KEY}},
    ],
)
def test_an_api_key_alone(document):
    with pytest.raises(ApiKeyOnlyError, match="API key has no ChatGPT quota"):
        parse_auth(json.dumps(document))


def test_personal_access_token_with_an_account():
    document = {"personal_access_token": "at-x", "account_id": "acct-one"}
    assert parse_auth(json.dumps(document)).access_token.reveal() == "at-x"
    token = jwt(claims())
    assert parse_auth(json.dumps({"personal_access_token": token})).account_id == "acct-one"


def test_flat_login():
    document = {
        "id_token": IDENTITY,
        "access_token": ACCESS,
        "refresh_token": REFRESH,
        "account_id": "acct-flat",
        "email": "someone@example.com",
        "type": "codex",
        "expired": "2026-06-11T02:00:00.123456789+02:00",
        "priority": 3,
        "disabled": True,
    }
    account = parse_auth(json.dumps(document))
    assert (account.account_id, account.email, account.name) == (
        "acct-flat",
        "someone@example.com",
        "so...@example.com",
    )
    assert account.expires_at == datetime(2026, 6, 11, 0, 0, 0, 123456, tzinfo=UTC)


def test_opencode_login():
    document = {
        "anthropic": {"type": "oauth", "access": "other", "refresh": "other"},
        "openai": {
            "type": "oauth",
            "refresh": REFRESH,
            "access": ACCESS,
            "expires": 1_780_000_000_000,
            "accountId": "a",
        },
    }
    (account,) = parse_logins(json.dumps(document))
    assert (account.account_id, account.entry, account.access_token.reveal()) == ("a", "$.openai", ACCESS)
    assert account.expires_at == datetime.fromtimestamp(1_780_000_000, UTC)


def test_pi_login_with_a_sibling():
    """Sibling keys are further accounts, and their keys are their names."""
    one = {"type": "oauth", "access": jwt(claims()), "refresh": REFRESH, "expires": 1, "accountId": "acct-one"}
    document = {"openai-codex": one, "openai-codex-work": one | {"access": ACCESS, "accountId": "acct-two"}}
    accounts = parse_logins(json.dumps(document))
    assert accounts.names == ("ad...@example.com", "work")
    assert [a.entry for a in accounts] == ['$["openai-codex"]', '$["openai-codex-work"]']
    assert [a.account_id for a in accounts] == ["acct-one", "acct-two"]
    assert parse_logins(json.dumps(document), name="pi").names == ("pi", "pi-work")


def test_list_of_accounts():
    """One file, four entries: two logins, one switched off, one that is no object."""
    item = {"accountId": "acc_1", "refreshToken": REFRESH, "accessToken": ACCESS, "expiresAt": 1_780_000_000_000}
    document = {
        "version": 3,
        "accounts": [
            item | {"enabled": True},
            item | {"accountId": "acc_2", "enabled": False},
            [ACCESS],
            item | {"accountId": "acc_2", "accountLabel": "night shift"},
        ],
    }
    accounts = parse_logins(json.dumps(document))
    assert accounts.names == ("account-acc_1", "night shift")
    assert [a.entry for a in accounts] == ["$.accounts[0]", "$.accounts[3]"]
    assert [(f.kind, "a list" in f.message) for f in accounts.failures] == [("AuthFileInvalidError", True)]
    assert "$.accounts[2]" in accounts.failures[0].message
    assert ["switched off" in s.reason for s in accounts.skipped] == [True]


def test_all_switched_off():
    document = {"accounts": [{"accessToken": ACCESS, "accountId": "a", "enabled": False}]}
    assert len(parse_logins(json.dumps(document))) == 0
    with pytest.raises(TokenMissingError, match="switched off"):
        parse_auth(json.dumps(document))


def test_parse_auth_takes_the_first_usable_login():
    document = {"accounts": [{"refreshToken": REFRESH}, {"accessToken": ACCESS, "accountId": "acct-two"}]}
    assert parse_auth(json.dumps(document)).account_id == "acct-two"


def test_parse_logins_raises_for_no_login_file_only():
    accounts = parse_logins(json.dumps({"OPENAI_API_KEY": API_KEY}), name="key")
    assert isinstance(by_name(accounts)["key"], ApiKeyOnlyError)
    with pytest.raises(TokenMissingError, match="nor anything else that looks like a login"):
        parse_logins('{"version": 1, "accounts": [{"email": "a@example.com"}]}')


@pytest.mark.parametrize("token", ["", "  ", "\n\t", None])
def test_blank_tokens_are_absent(token):
    with pytest.raises(TokenMissingError):
        parse_auth(official(token))
    with pytest.raises(TokenMissingError):
        parse_auth(json.dumps({"personal_access_token": token}))


def test_a_blank_spelling_does_not_hide_the_other():
    tokens = {"access_token": " ", "accessToken": ACCESS, "account_id": "", "accountId": "acct-one"}
    account = parse_auth(json.dumps({"tokens": tokens}))
    assert (account.access_token.reveal(), account.account_id) == (ACCESS, "acct-one")


def test_refresh_token_alone():
    with pytest.raises(TokenMissingError, match="never refreshed"):
        parse_auth(json.dumps({"tokens": {"refresh_token": REFRESH, "account_id": "a"}}))


@pytest.mark.parametrize("token", [12, True, ["SENTINEL"], {"a": "SENTINEL"}])
def test_a_token_that_is_no_text(token):
    with pytest.raises(TokenMissingError, match="should be a text"):
        parse_auth(official(token))


def test_session_token():
    with pytest.raises(TokenMissingError, match="session token") as caught:
        parse_auth(official("sess-SENTINEL"))
    assert "sess-" in caught.value.hint


@pytest.mark.parametrize("char", ["\n", "\r", "\0", "\x1b", "\x7f", "\t", "é", "€", "\ud800", "\u2028"])
def test_characters_that_no_header_may_carry(char):
    """In the token and in the account id; the message says where, and never which."""
    with pytest.raises(TokenMissingError, match=r"no header may carry") as token:
        parse_auth(official(f"{ACCESS}{char}x"))
    with pytest.raises(AccountIdMissingError, match=r"no header may carry") as account:
        parse_auth(official(account_id=f"acct{char}x"))
    assert f"(character {len(ACCESS) + 1} of {len(ACCESS) + 2})" in token.value.message
    assert char not in token.value.message + account.value.message


def test_blanks_around_a_token_are_stripped():
    account = parse_auth(official(f"  {ACCESS}\r\n", " acct-one\n"))
    assert (account.access_token.reveal(), account.account_id) == (ACCESS, "acct-one")


# --- text that is no login ---


def test_not_json_names_line_and_column():
    with pytest.raises(AuthFileInvalidError, match=r"not JSON \(line 3, column 5\)"):
        parse_auth('{\n "tokens":\n    SENTINEL}')


@pytest.mark.parametrize(("text", "what"), [("[]", "a list"), ("null", "null"), ("3", "a number"), ('"x"', "a text")])
def test_no_object(text, what):
    with pytest.raises(AuthFileInvalidError, match=f"holds {what}"):
        parse_auth(text)


@pytest.mark.parametrize("text", ["", " \n", "\ufeff"])
def test_empty_text(text):
    with pytest.raises(AuthFileInvalidError, match="is empty"):
        parse_auth(text)


def test_nested_too_deep():
    with pytest.raises(AuthFileInvalidError, match="nested too deep"):
        parse_auth('{"a":' * 100_000 + "1" + "}" * 100_000)


def test_too_large_a_text():
    with pytest.raises(AuthFileInvalidError, match="too large"):
        parse_auth(official(padding="x" * MAX_BYTES))


def test_the_largest_text_and_the_next_one():
    """Padded with blanks to the limit it is read; one more is too much."""
    text = official()
    padded = text + " " * (MAX_BYTES - len(text))
    assert parse_auth(padded).account_id == "acct-one"
    with pytest.raises(AuthFileInvalidError, match=r"too large for a login file \(more than 1,048,576 bytes\)"):
        parse_auth(padded + " ")


def test_a_number_of_5000_digits_beside_a_login():
    text = official().removesuffix("}") + ', "odd": ' + "9" * 5_000 + ', "nan": NaN, "big": 1e400}'
    assert parse_auth(text).account_id == "acct-one"


def test_byte_order_mark():
    assert parse_auth("\ufeff" + official()).account_id == "acct-one"


# --- what the messages say ---


@pytest.mark.parametrize(
    ("token", "words"),
    [(None, "holds no access token"), (" ", "holds a blank access token"), ([], "holds a list where"), (3, "a number")],
)
def test_why_there_is_no_token(token, words):
    with pytest.raises(TokenMissingError, match=words):
        parse_auth(json.dumps({"tokens": {"access_token": token}}))


def test_the_subject_of_a_message_is_the_name_where_there_is_one():
    for name, words in (("work", "The login work holds"), (None, "The login text holds")):
        with pytest.raises(TokenMissingError, match=words):
            parse_auth("{}", name=name)


def test_a_login_that_is_switched_off_in_a_text():
    off = {"accessToken": ACCESS, "accountId": "a", "enabled": False}
    (skipped,) = parse_logins(json.dumps({"accounts": [off]}), name="work").skipped
    assert (skipped.path.name, skipped.reason.partition(":")[0]) == ("work", "$.accounts[0]")
