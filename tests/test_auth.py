from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import json
import logging
import os
import pickle
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from auth_support import ACCESS, API_KEY, IDENTITY, REFRESH, SECRETS, claims, jwt, login, official, shown, write
from hypothesis import given, settings
from hypothesis import strategies as st

from quota_helpers.auth import (
    MAX_BYTES,
    check_expiry,
    find_accounts,
    load_auth,
    load_logins,
    parse_auth,
    parse_logins,
    reload,
)
from quota_helpers.errors import (
    AccountIdMissingError,
    ApiKeyOnlyError,
    AuthError,
    AuthFileInvalidError,
    AuthFileNotFoundError,
    TokenExpiredError,
    TokenMissingError,
)
from quota_helpers.outcomes import Accounts

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such file, or no right to make one")


@pytest.fixture(autouse=True)
def _no_logins_of_the_machine(tmp_path, monkeypatch):
    """Every test has an empty home and an empty working folder of its own."""
    home, work = tmp_path / "home", tmp_path / "project" / "notebooks"
    home.mkdir()
    work.mkdir(parents=True)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    monkeypatch.chdir(work)


def no_sleep(_seconds):
    pytest.fail("there is nothing to wait for")


def by_name(accounts: Accounts) -> dict:
    return {failure.account: failure.error for failure in accounts.failures}


# --- one text -----------------------------------------------------------------------------------------------------


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


def test_personal_access_token_without_an_account():
    """A personal access token is a token, but says nothing of the account."""
    with pytest.raises(AccountIdMissingError):
        parse_auth(json.dumps({"personal_access_token": "at-SENTINEL"}))


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
    assert f"the {len(ACCESS) + 1}. of" in token.value.message
    assert char not in token.value.message + account.value.message


def test_blanks_around_a_token_are_stripped():
    account = parse_auth(official(f"  {ACCESS}\r\n", " acct-one\n"))
    assert (account.access_token.reveal(), account.account_id) == (ACCESS, "acct-one")


# --- claims -------------------------------------------------------------------------------------------------------


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


# --- text that is no login ---------------------------------------------------------------------------------------


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


def test_a_number_of_5000_digits_beside_a_login():
    text = official().removesuffix("}") + ', "odd": ' + "9" * 5_000 + ', "nan": NaN, "big": 1e400}'
    assert parse_auth(text).account_id == "acct-one"


def test_byte_order_mark():
    assert parse_auth("\ufeff" + official()).account_id == "acct-one"


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


@settings(deadline=None)  # the machine may be busy
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


@settings(deadline=None)  # the machine may be busy
@given(JSON, JSON)
def test_any_claims_leave_the_token_usable(claim, auth):
    body = claim if isinstance(claim, dict) else {"exp": claim, "email": claim}
    token = jwt(body | {"https://api.openai.com/auth": auth})
    account = parse_auth(official(token))
    assert account.access_token.reveal() == token
    assert account.key


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_any_text_gives_a_typed_error(text):
    with pytest.raises(AuthError):
        parse_auth(text)


# --- one file -----------------------------------------------------------------------------------------------------


def test_load_auth(tmp_path):
    path = write(tmp_path / "work.auth.json", b"\xef\xbb\xbf" + official().encode())
    account = load_auth(path, sleep=no_sleep)
    assert (account.name, account.paths) == ("work", (path,))
    assert load_auth(str(path)).name == "work"


def test_home_is_expanded(tmp_path):
    write(tmp_path / "home" / "x.auth.json")
    assert load_auth("~/x.auth.json").paths == (tmp_path / "home" / "x.auth.json",)
    assert find_accounts("~").names == ("x",)


def test_bare_file_is_named_by_its_login(tmp_path):
    assert load_auth(write(tmp_path / "auth.json", login("ada"))).name == "ad...@example.com"
    assert load_auth(write(tmp_path / "auth.json", official(account_id="0123456789"))).name == "account-01234567"


def test_load_logins(tmp_path):
    path = write(
        tmp_path / "auth.json",
        json.dumps({"openai": {"access": ACCESS, "accountId": "a"}, "codex-b": {"refresh": "r"}}),
    )
    accounts = load_logins(path)
    assert accounts.names == ("account-a",)
    assert str(path) in accounts.failures[0].message
    assert '$["codex-b"]' in accounts.failures[0].message


def test_missing_file(tmp_path):
    with pytest.raises(AuthFileNotFoundError, match="does not exist") as caught:
        load_auth(tmp_path / "none.auth.json", sleep=no_sleep)
    assert str(tmp_path / "none.auth.json") in caught.value.message
    assert caught.value.account == "none"
    with pytest.raises(AuthFileNotFoundError):
        load_logins(write(tmp_path / "file") / "auth.json")


def test_not_utf_8(tmp_path):
    with pytest.raises(AuthFileInvalidError, match=r"not UTF-8 \(byte 1\)"):
        load_auth(write(tmp_path / "a.auth.json", official().encode("utf-16")), sleep=lambda _: None)


def test_a_file_too_large_is_not_read_whole(tmp_path):
    path = tmp_path / "a.auth.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(AuthFileInvalidError, match="too large"):
        load_auth(path, sleep=no_sleep)


def test_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "a.auth.json").mkdir()
    with pytest.raises(AuthFileInvalidError, match="is a folder"):
        load_auth(tmp_path / "a.auth.json", sleep=no_sleep)


@posix
def test_links_that_lead_nowhere(tmp_path):
    loop, dangling = tmp_path / "loop.auth.json", tmp_path / "dangling.auth.json"
    loop.symlink_to(loop)
    dangling.symlink_to(tmp_path / "none")
    with pytest.raises(AuthFileInvalidError, match="leads back to itself"):
        load_auth(loop, sleep=no_sleep)
    with pytest.raises(AuthFileNotFoundError, match="link to nothing"):
        load_auth(dangling, sleep=no_sleep)


@posix
def test_a_pipe_or_a_device_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.auth.json")
    (tmp_path / "zero.auth.json").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(AuthFileInvalidError, match="pipe, socket or device"):
            load_auth(tmp_path / f"{name}.auth.json", sleep=no_sleep)


@posix
def test_permission_denied(tmp_path):
    """As root (containers), who may read everything, the test becomes nobody for the time of the call."""
    path = write(tmp_path / "a.auth.json")
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(AuthFileInvalidError, match="permission denied"):
            load_auth(path, sleep=no_sleep)
    finally:
        if root:
            os.seteuid(0)


def test_an_impossible_path():
    with pytest.raises(AuthFileInvalidError, match="cannot be read"):
        load_auth("a\0b")


def test_a_path_cannot_steer_the_terminal(tmp_path):
    with pytest.raises(AuthError) as caught:
        load_auth(tmp_path / "evil\x1b[31m.auth.json")
    assert "\x1b" not in str(caught.value) + str(caught.value.account)
    assert "\\x1b[31m" in caught.value.message


@pytest.mark.parametrize("torn", ["", official()[:40], official()[:-1]])
def test_a_torn_file_is_read_again(tmp_path, torn):
    """Codex truncates, then writes: the second look finds it whole."""
    path = write(tmp_path / "a.auth.json", torn)
    waits = []

    def complete(seconds):
        waits.append(seconds)
        path.write_text(official())

    assert load_auth(path, sleep=complete).account_id == "acct-one"
    assert waits == [0.05]


def test_a_file_that_stays_torn_is_read_three_times(tmp_path):
    path = write(tmp_path / "a.auth.json", official()[:40])
    waits = []
    with pytest.raises(AuthFileInvalidError, match="not JSON"):
        load_auth(path, sleep=waits.append)
    assert waits == [0.05, 0.05]


def test_a_file_torn_inside_a_character(tmp_path):
    path = write(tmp_path / "a.auth.json", json.dumps({"é": 1}, ensure_ascii=False).encode()[:3])
    assert load_auth(path, sleep=lambda _: write(path)).account_id == "acct-one"


def test_another_thread_completes_the_file(tmp_path):
    path = write(tmp_path / "a.auth.json", "")
    reading, written = threading.Event(), threading.Event()

    def codex():
        reading.wait(30)
        path.write_text(official())
        written.set()

    thread = threading.Thread(target=codex)
    thread.start()
    account = load_auth(path, sleep=lambda _: (reading.set(), written.wait(30)))
    thread.join()
    assert account.account_id == "acct-one"


# --- reading again ------------------------------------------------------------------------------------------------


def test_reload_sees_a_renewed_token(tmp_path):
    path = write(tmp_path / "auth.json", login("ada", exp=1_700_000_000))
    (account,) = find_accounts(path)
    write(path, login("ada", exp=1_900_000_000))
    fresh = reload(dataclasses.replace(account, name="mine"))
    assert (fresh.name, fresh.key, fresh.paths) == ("mine", account.key, (path,))
    assert fresh.expires_at == datetime.fromtimestamp(1_900_000_000, UTC)
    assert fresh.access_token != account.access_token


def test_reload_gives_another_persons_login_with_its_own_key(tmp_path):
    path = write(tmp_path / "a.auth.json", login("ada"))
    account = load_auth(path)
    write(path, login("bob"))
    fresh = reload(account)
    assert (fresh.name, fresh.user_id) == ("a", "user-bob")
    assert fresh.key != account.key


def test_reload_follows_a_person_in_a_reordered_list(tmp_path):
    items = [{"accessToken": jwt(claims(user=f"user-{i}")), "email": f"{i}@example.com"} for i in range(3)]
    path = write(tmp_path / "many.json", json.dumps({"accounts": items}))
    accounts = load_logins(path)
    write(path, json.dumps({"accounts": items[::-1]}))
    for account in accounts:
        assert reload(account).key == account.key
    assert reload(accounts[0]).entry == "$.accounts[2]"


def test_reload_of_what_is_gone(tmp_path):
    item = {"accessToken": ACCESS, "accountId": "a"}
    path = write(tmp_path / "many.json", json.dumps({"accounts": [item, item | {"accountId": "b"}]}))
    _, second = load_logins(path)
    write(path, json.dumps({"accounts": [item, item | {"enabled": False}]}))
    with pytest.raises(TokenMissingError, match="switched off"):
        reload(second)
    write(path, json.dumps({"accounts": [item, {"refreshToken": REFRESH}]}))
    with pytest.raises(TokenMissingError, match=r"\$\.accounts\[1\]"):
        reload(second)
    write(path, json.dumps({"accounts": [item]}))
    with pytest.raises(TokenMissingError, match="no longer holds") as caught:
        reload(second)
    assert caught.value.account == second.name
    path.unlink()
    with pytest.raises(AuthFileNotFoundError):
        reload(second)


def test_reload_without_a_file():
    account = parse_auth(official())
    assert reload(account) is account


def test_expiry():
    account = parse_auth(login("ada", exp=1_800_000_000), name="work", path=Path("account", "work.auth.json"))
    moment = datetime.fromtimestamp(1_800_000_000, UTC)
    check_expiry(account, moment - timedelta(seconds=1))
    for now in (moment, moment + timedelta(days=400)):
        with pytest.raises(TokenExpiredError, match=r"expired at 2027-01-15 08:00:00 UTC") as caught:
            check_expiry(account, now)
        assert "work.auth.json" in caught.value.message
        assert caught.value.account == "work"
    check_expiry(parse_auth(official()), moment)


# --- finding ------------------------------------------------------------------------------------------------------


def test_a_folder_of_logins_in_path_order(tmp_path):
    for user in ("bob", "ada", "cyd"):
        write(tmp_path / "dir" / f"{user}.auth.json", login(user))
    write(tmp_path / "dir" / "codex-dan@example.com-plus.json", login("dan"))
    write(tmp_path / "dir" / "codex-settings.json", '{"theme": "dark"}')
    write(tmp_path / "dir" / "auth.json", login("eve"))
    write(tmp_path / "dir" / "notes.json", login("eve"))
    write(tmp_path / "dir" / "._ada.auth.json", b"\0\5\26\7")
    accounts = find_accounts(tmp_path / "dir", sleep=no_sleep)
    assert accounts.names == ("ada", "bob", "da...@example.com-plus", "cyd")
    assert accounts.failures == ()
    assert [skipped.path.name for skipped in accounts.skipped] == ["codex-settings.json"]


def test_bad_files_stand_beside_the_good_ones(tmp_path):
    """One failure each, under the file's name, with a class and a hint of its own."""
    folder = tmp_path / "dir"
    bad = {
        "apikey": (json.dumps({"OPENAI_API_KEY": API_KEY}), ApiKeyOnlyError),
        "array": ("[]", AuthFileInvalidError),
        "blank": (official(" "), TokenMissingError),
        "empty": ("", AuthFileInvalidError),
        "latin": (b'{"name": "\xe9"}', AuthFileInvalidError),
        "noid": (official(account_id=None), AccountIdMissingError),
        "object": ("{}", TokenMissingError),
        "sess": (official("sess-x"), TokenMissingError),
        "torn": (official()[:50], AuthFileInvalidError),
    }
    for name, (content, _) in bad.items():
        write(folder / f"{name}.auth.json", content)
    (folder / "folder.auth.json").mkdir()
    for user in ("ada", "bob"):
        write(folder / f"{user}.auth.json", login(user))
    accounts = find_accounts(folder, sleep=lambda _: None)
    assert accounts.names == ("ada", "bob")
    assert {name: type(error) for name, error in by_name(accounts).items()} == {
        **{name: kind for name, (_, kind) in bad.items()},
        "folder": AuthFileInvalidError,
    }
    for failure in accounts.failures:
        assert failure.error.account == failure.account
        assert str(folder / f"{failure.account}.auth.json") in failure.message
        assert failure.hint
        assert failure.exit_code == 1


def test_a_named_folder_that_is_missing_or_empty(tmp_path):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "own" / "auth.json")
    for name, words in (("none", "does not exist"), ("empty", "holds no login file"), ("own", "holds no login file")):
        (failure,) = find_accounts(tmp_path / name).failures
        assert isinstance(failure.error, AuthFileNotFoundError)
        assert str(tmp_path / name) in failure.message
        assert words in failure.message
    assert "give its path" in failure.hint


@posix
def test_a_folder_that_cannot_be_listed(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (failure,) = find_accounts(tmp_path / "loop").failures
    assert isinstance(failure.error, AuthFileInvalidError)
    (tmp_path / "home" / "accounts").symlink_to(tmp_path / "loop")
    write(tmp_path / "home" / "auth.json")
    accounts = find_accounts(codex_home=tmp_path / "home")
    assert (len(accounts), len(accounts.failures)) == (1, 1)


def test_a_single_file_by_its_own_path(tmp_path):
    """That is how opencode's and pi's files are read."""
    one = {"type": "oauth", "access": ACCESS, "accountId": "acct-one"}
    path = write(tmp_path / "auth.json", json.dumps({"openai-codex": one, "openai-codex-work": one}))
    assert find_accounts(path).names == ("account-acct-one", "work")
    assert find_accounts(write(tmp_path / "mine.json")).names == ("mine",)


def test_named_accounts(tmp_path):
    """Exactly these files, in the order they were named, with or without the suffix; once each."""
    for user in ("ada", "bob"):
        write(tmp_path / f"{user}.auth.json", login(user))
    accounts = find_accounts(tmp_path, names=["bob", "ada.auth.json", "none", "bob.auth.json"])
    assert accounts.names == ("bob", "ada")
    assert isinstance(by_name(accounts)["none"], AuthFileNotFoundError)
    assert str(tmp_path / "none.auth.json") in accounts.failures[0].message
    assert find_accounts(tmp_path, names="ada").names == ("ada",)
    assert find_accounts(tmp_path, names=[]).names == ("ada", "bob")


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "../x", "a/b", "a\\b", "..\\x", "/etc/x", "C:x", "C:\\x", "\\\\host\\x", "a\0b", ".auth.json"],
)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    write(tmp_path / "x.auth.json")
    accounts = find_accounts(tmp_path / "dir", names=[name], sleep=no_sleep)
    assert len(accounts) == 0
    (failure,) = accounts.failures
    assert isinstance(failure.error, AuthFileInvalidError)
    assert "leave the folder" in failure.message
    assert "\0" not in str(failure)


def test_named_accounts_are_never_merged(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / f"{name}.auth.json", login("ada"))
    assert find_accounts(tmp_path, names=["one", "two"]).names == ("one", "two")
    assert find_accounts(tmp_path).names == ("one",)


def test_named_accounts_without_a_folder(tmp_path):
    write(tmp_path / "home" / ".codex" / "accounts" / "work.auth.json", login("ada"))
    assert find_accounts(names=["work"]).names == ("work",)
    assert find_accounts(codex_home=tmp_path / "home" / ".codex", names=["work"]).names == ("work",)
    write(tmp_path / "project" / "account" / "night.auth.json", login("bob"))
    assert find_accounts(names=["night"]).names == ("night",)
    assert find_accounts(names=["night"], search_parent=False).names == ()


def test_duplicates_are_merged_where_it_is_certain(tmp_path):
    """Same account and same person: the later expiry is read, both paths are told."""
    old = write(tmp_path / "a.auth.json", login("ada", exp=1_700_000_000))
    new = write(tmp_path / "b.auth.json", login("ada", exp=1_900_000_000))
    (account,) = accounts = find_accounts(tmp_path)
    assert (account.name, account.paths) == ("b", (new, old))
    assert [(skipped.path, skipped.reason) for skipped in accounts.skipped] == [(old, "the same login as b")]
    assert reload(account).expires_at == account.expires_at


def test_duplicates_by_mail_where_no_user_is_known(tmp_path):
    flat = {"access_token": ACCESS, "account_id": "acct-one"}
    write(tmp_path / "a.auth.json", json.dumps(flat | {"email": "Ada@Example.com"}))
    write(tmp_path / "b.auth.json", json.dumps(flat | {"email": "ada@example.com"}))
    write(tmp_path / "c.auth.json", login("ada"))
    assert find_accounts(tmp_path).names == ("c",)


def test_what_is_not_certain_is_not_merged(tmp_path):
    """Members of a team share the account id; one person has several accounts; unknown persons may be two."""
    write(tmp_path / "a1.auth.json", login("ada"))
    write(tmp_path / "a2.auth.json", login("ada", account="acct-two"))
    write(tmp_path / "b1.auth.json", login("bob"))
    write(tmp_path / "u1.auth.json", official())
    write(tmp_path / "u2.auth.json", official())
    token = jwt(claims(email="ada@example.com", user="user-other"))
    write(tmp_path / "x1.auth.json", official(token))
    assert find_accounts(tmp_path).names == ("a1", "a2", "b1", "u1", "u2", "x1")


@posix
def test_one_file_by_two_paths_is_read_once(tmp_path):
    write(tmp_path / "a.auth.json")
    (tmp_path / "b.auth.json").symlink_to(tmp_path / "a.auth.json")
    accounts = find_accounts(tmp_path)
    assert accounts.names == ("a",)
    assert "the same file as" in accounts.skipped[0].reason
    assert find_accounts(tmp_path, names=["a", "b"]).names == ("a", "b")


def test_codex_home(tmp_path):
    """Codex's own file, codex-auth's folder, flat files, the many-account file; the registry is no login."""
    home = tmp_path / "codex"
    write(home / "auth.json", login("ada"))
    write(home / "accounts" / "bob.auth.json", login("bob"))
    write(home / "accounts" / "cyd.json", login("cyd"))
    write(home / "accounts" / "registry.json", json.dumps({"accounts": [{"email": "ada@example.com"}]}))
    write(home / "accounts" / "broken.json", "{")
    write(home / "codex-dan.json", login("dan"))
    many = {"accounts": [{"accessToken": ACCESS, "accountId": "acc_1", "email": "eve@example.com"}]}
    write(home / "multi-auth" / "openai-codex-accounts.json", json.dumps(many))
    write(home / "config.json", login("fay"))
    accounts = find_accounts(codex_home=home, sleep=lambda _: None)
    assert accounts.names == ("ad...@example.com", "bob", "cyd", "codex-dan", "ev...@example.com")
    assert accounts.failures == ()
    assert {skipped.path.name for skipped in accounts.skipped} == {"registry.json", "broken.json"}


def test_names_are_unique(tmp_path):
    """Two people whose masked addresses look the same, and a failure, all told apart."""
    many = [{"accessToken": jwt(claims(email=f"ada{i}@example.com", user=f"u{i}"))} for i in range(3)]
    accounts = load_logins(write(tmp_path / "auth.json", json.dumps({"accounts": [*many, {"refreshToken": "r"}]})))
    assert accounts.names == ("ad...@example.com", "ad...@example.com (2)", "ad...@example.com (3)")
    team = load_logins(write(tmp_path / "team.auth.json", json.dumps({"accounts": [*many, {"refreshToken": "r"}]})))
    assert team.names == ("team", "team (2)", "team (3)")
    assert [(f.account, f.error.account) for f in team.failures] == [("team (4)", "team (4)")]


def test_codex_home_without_logins(tmp_path):
    (tmp_path / "codex").mkdir()
    accounts = find_accounts(codex_home=tmp_path / "codex")
    assert (len(accounts), accounts.failures) == (0, ())
    (failure,) = find_accounts(codex_home=tmp_path / "typo").failures
    assert isinstance(failure.error, AuthFileNotFoundError)


def test_nothing_given(tmp_path, monkeypatch):
    """The folder here, else the one above, else the machine's own logins, else nothing at all, and no failure."""
    assert (len(find_accounts()), find_accounts().failures) == (0, ())
    write(tmp_path / "home" / ".codex" / "auth.json", login("ada"))
    assert find_accounts().names == ("ad...@example.com",)
    write(tmp_path / "elsewhere" / "auth.json", login("bob"))
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "elsewhere"))
    assert find_accounts().names == ("bo...@example.com",)
    write(tmp_path / "project" / "account" / "above.auth.json", login("cyd"))
    assert find_accounts().names == ("above",)
    assert find_accounts(search_parent=False).names == ("bo...@example.com",)
    write(Path("account", "here.auth.json"), login("dan"))
    assert find_accounts().names == ("here",)
    assert find_accounts()[0].paths == (Path("account", "here.auth.json"),)


def test_an_empty_default_folder_does_not_fall_back(tmp_path):
    write(tmp_path / "home" / ".codex" / "auth.json", login("ada"))
    Path("account").mkdir()
    accounts = find_accounts()
    assert len(accounts) == 0
    assert isinstance(accounts.failures[0].error, AuthFileNotFoundError)


def test_a_missing_codex_home_of_the_environment_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "none"))
    assert find_accounts().failures == ()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps file names that are no UTF-8")
def test_a_file_name_that_is_no_text(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.auth.json")).write_text(official())
    (account,) = find_accounts(tmp_path)
    assert account.name.encode() == b"caf\\udce9"
    assert reload(account).account_id == "acct-one"


def test_nothing_is_written(tmp_path):
    """Not a byte, not a time stamp, not a file more, whatever is done with the logins."""
    home = tmp_path / "codex"
    write(home / "auth.json", login("ada", exp=5))
    write(home / "accounts" / "bad.auth.json", official()[:30])

    def state():
        return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in home.rglob("*")}

    before = state()
    (account,) = find_accounts(codex_home=home, sleep=lambda _: None)
    reload(account)
    with pytest.raises(TokenExpiredError):
        check_expiry(account, datetime.now(UTC))
    assert state() == before


def test_whole_files_cost_no_wait(tmp_path):
    for number in range(300):
        write(tmp_path / f"{number:03}.auth.json", login(f"user{number}"))
    assert len(find_accounts(tmp_path, sleep=no_sleep)) == 300


# --- secrets ------------------------------------------------------------------------------------------------------

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
        lambda: load_auth(path, sleep=lambda _: None),
        lambda: load_logins(path, sleep=lambda _: None),
        lambda: reload(dataclasses.replace(good, paths=(path,)), sleep=lambda _: None),
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
        load_auth(path, sleep=lambda _: None)
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


@pytest.mark.parametrize("function", [load_auth, load_logins, reload, find_accounts])
def test_the_default_wait_is_a_real_one(function):
    """Nobody injects a sleep in daily use."""
    assert inspect.signature(function).parameters["sleep"].default is time.sleep


def test_a_label_shaped_like_a_token_is_hidden():
    document = {"accounts": [{"accessToken": ACCESS, "accountId": "a", "label": API_KEY + "-0123456789"}]}
    assert parse_logins(json.dumps(document)).names == ("***",)
