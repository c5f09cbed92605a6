"""Where logins lie, which of them are one, and what they are called."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from auth_support import (
    ACCESS,
    API_KEY,
    by_name,
    claims,
    jwt,
    login,
    official,
    pausing,
    posix,
    write,
)
from auth_support import no_pause as _no_pause  # noqa: F401 - a fixture

from quota_helpers.auth import (
    check_expiry,
    find_accounts,
    parse_logins,
    reload,
)
from quota_helpers.errors import (
    AccountIdMissingError,
    ApiKeyOnlyError,
    AuthFileInvalidError,
    AuthFileNotFoundError,
    TokenExpiredError,
    TokenMissingError,
)

pytestmark = pytest.mark.usefixtures("no_logins_of_the_machine", "_no_pause")


def test_a_folder_of_logins_in_path_order(tmp_path):
    for user in ("bob", "ada", "cyd"):
        write(tmp_path / "dir" / f"{user}.auth.json", login(user))
    write(tmp_path / "dir" / "codex-dan@example.com-plus.json", login("dan"))
    write(tmp_path / "dir" / "codex-settings.json", '{"theme": "dark"}')
    write(tmp_path / "dir" / "auth.json", login("eve"))
    write(tmp_path / "dir" / "notes.json", login("eve"))
    write(tmp_path / "dir" / "._ada.auth.json", b"\0\5\26\7")
    accounts = find_accounts(tmp_path / "dir")
    assert accounts.names == ("ada", "bob", "da...@example.com-plus", "cyd")
    assert accounts.failures == ()
    assert [skipped.path.name for skipped in accounts.skipped] == ["codex-settings.json"]


def test_bad_files_stand_beside_the_good_ones(tmp_path, monkeypatch):
    """One failure each, under the file's name, with a class and a hint of its own."""
    pausing(monkeypatch)
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
    accounts = find_accounts(folder)
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
    accounts = find_accounts(tmp_path / "dir", names=[name])
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


def test_entries_of_one_list_that_are_one_login(tmp_path):
    """An organization is no account: both entries are the token's own account, and one quota."""
    token = jwt(claims(account="acct-own"))
    items = [{"accountId": f"org-{name}", "accessToken": token, "email": "ada@example.com"} for name in "ab"]
    path = write(tmp_path / "many.json", json.dumps({"version": 3, "accounts": items}))
    for accounts in (parse_logins(path.read_text()), find_accounts(path)):
        assert [(account.account_id, account.entry) for account in accounts] == [("acct-own", "$.accounts[0]")]
        (skipped,) = accounts.skipped
        assert skipped.reason.startswith("$.accounts[1]: the same login as ")


def test_a_broken_flat_file_is_a_failure_not_passed_over(tmp_path, monkeypatch):
    pausing(monkeypatch)
    write(tmp_path / "codex-a.json", "{")
    write(tmp_path / "codex-b.json", "{}")
    accounts = find_accounts(tmp_path)
    assert [failure.account for failure in accounts.failures] == ["codex-a"]
    assert [skipped.path.name for skipped in accounts.skipped] == ["codex-b.json"]


def test_an_older_login_that_comes_later_gives_way(tmp_path):
    for name, exp in (("a", 1_900_000_000), ("b", 1_700_000_000)):
        write(tmp_path / f"{name}.auth.json", login("ada", exp=exp))
    assert find_accounts(tmp_path).names == ("a",)


def test_the_first_of_two_equal_expiries_stays(tmp_path):
    for name, exp in (("a", 1_900_000_000), ("b", 1_900_000_000), ("c", 1_900_000_001)):
        write(tmp_path / f"{name}.auth.json", login("ada", exp=exp))
    assert find_accounts([tmp_path / "a.auth.json", tmp_path / "b.auth.json"]).names == ("a",)
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


@posix
def test_a_link_back_to_codexs_own_file_is_read_once(tmp_path):
    """Also where the link's path sorts before the file's own."""
    home = tmp_path / "codex"
    write(home / "auth.json")
    (home / "accounts").mkdir()
    (home / "accounts" / "now.auth.json").symlink_to(home / "auth.json")
    accounts = find_accounts(codex_home=home)
    assert (len(accounts), [skipped.path.name for skipped in accounts.skipped]) == (1, ["now.auth.json"])


def test_codex_home(tmp_path, monkeypatch):
    """Codex's own file, codex-auth's folder, flat files, the many-account file; the registry is no login."""
    pausing(monkeypatch)
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
    accounts = find_accounts(codex_home=home)
    assert accounts.names == ("ad...@example.com", "bob", "cyd", "codex-dan", "ev...@example.com")
    assert accounts.failures == ()
    assert {skipped.path.name for skipped in accounts.skipped} == {"registry.json", "broken.json"}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"accountId": "12345678"}, "account-12345678"),
        ({"accountId": "123456789"}, "account-12345678"),
        ({"label": "x" * 60}, "x" * 60),
        ({"label": "x" * 61}, "x" * 60),
        ({"label": "night ada@example.com"}, "night ad...@example.com"),
        ({"accountLabel": "a", "label": "b", "alias": "c", "name": "d"}, "a"),
        ({"alias": "c", "name": "d"}, "c"),
        ({"email": "ada@example.com"}, "ad...@example.com"),
    ],
)
def test_what_an_entry_is_called(entry, name):
    (account,) = parse_logins(json.dumps({"accounts": [{"accountId": "acct-one", "accessToken": ACCESS} | entry]}))
    assert account.name == name


def test_an_entry_of_a_named_file_carries_both_names(tmp_path):
    """A name that a tool made of an e-mail address is masked."""
    document = json.dumps([{"access_token": ACCESS, "account_id": "a", "name": "night"}])
    assert find_accounts(write(tmp_path / "team.auth.json", document)).names == ("team-night",)
    assert find_accounts(write(tmp_path / "codex-ada@example.com-pro.json")).names == ("ad...@example.com-pro",)
    assert find_accounts(write(tmp_path / "codex-work.json")).names == ("codex-work",)


def test_names_are_unique(tmp_path):
    """Two people whose masked addresses look the same, and a failure, all told apart."""
    many = [{"accessToken": jwt(claims(email=f"ada{i}@example.com", user=f"u{i}"))} for i in range(3)]
    accounts = find_accounts(write(tmp_path / "auth.json", json.dumps({"accounts": [*many, {"refreshToken": "r"}]})))
    assert sorted(accounts.names) == [f"ad...@example.com ({number})" for number in (1, 2, 3)]
    assert [a.name for a in sorted(accounts, key=lambda account: account.key)] == sorted(accounts.names)
    team = find_accounts(write(tmp_path / "team.auth.json", json.dumps({"accounts": [*many, {"refreshToken": "r"}]})))
    assert sorted(team.names) == ["team (1)", "team (2)", "team (3)"]
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
    """It says which login it hides, where there is one; a folder that somebody named hides nothing."""
    Path("account").mkdir()
    assert "hides" not in find_accounts().failures[0].hint
    write(tmp_path / "home" / ".codex" / "auth.json", login("ada"))
    accounts = find_accounts()
    assert len(accounts) == 0
    (failure,) = accounts.failures
    assert isinstance(failure.error, AuthFileNotFoundError)
    assert "hides Codex's own login in ~" in failure.hint
    assert "hides" not in find_accounts("account").failures[0].hint


# --- logins that are in no file ---


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ('cli_auth_credentials_store = "keyring"', "system's keyring"),
        ('model = "x"\ncli_auth_credentials_store = "auto"\n[tui]\n', "system's keyring"),
        ('cli_auth_credentials_store = "file"', None),
        ('[profiles.x]\ncli_auth_credentials_store = "keyring"', None),
        ("cli_auth_credentials_store = 3", None),
        ("cli_auth_credentials_store = [broken", None),
        (b'cli_auth_credentials_store = "keyring" # \xff', None),
        (None, None),
    ],
)
def test_a_login_in_the_keyring_is_said_to_be_there(tmp_path, config, words):
    """No auth.json is no proof of being logged out; only a config that says so makes it a failure."""
    home = tmp_path / "codex"
    home.mkdir()
    if config is not None:
        write(home / "config.toml", config)
    accounts = find_accounts(codex_home=home)
    assert len(accounts) == 0
    assert [words in failure.message for failure in accounts.failures] == ([True] if words else [])
    for failure in accounts.failures:
        assert str(home) in failure.message
        assert 'cli_auth_credentials_store = "file"' in failure.hint
        assert "via='codex', --via codex" in failure.hint, "where the direct way cannot work, the other one is named"
    write(home / "auth.json", login("ada"))
    assert find_accounts(codex_home=home).failures == ()


def test_a_login_in_the_encrypted_store(tmp_path):
    write(tmp_path / "codex" / "secrets" / "cli_auth.age", b"\0")
    (failure,) = find_accounts(codex_home=tmp_path / "codex").failures
    assert "encrypted store" in failure.message
    assert isinstance(failure.error, AuthFileNotFoundError)


def test_a_login_in_the_keyring_beside_others_is_passed_over(tmp_path):
    home = tmp_path / "codex"
    write(home / "config.toml", 'cli_auth_credentials_store = "keyring"')
    write(home / "accounts" / "bob.auth.json", login("bob"))
    accounts = find_accounts(codex_home=home)
    assert (accounts.names, accounts.failures) == (("bob",), ())
    assert [skipped.path for skipped in accounts.skipped] == [home]


def test_a_folder_in_the_place_of_the_config(tmp_path):
    (tmp_path / "codex" / "config.toml").mkdir(parents=True)
    assert find_accounts(codex_home=tmp_path / "codex").failures == ()


def test_a_missing_codex_home_of_the_environment_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "none"))
    assert find_accounts().failures == ()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps file names that are no UTF-8")
def test_a_file_name_that_is_no_text(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.auth.json")).write_text(official())
    (account,) = find_accounts(tmp_path)
    assert account.name.encode() == b"caf\\udce9"
    assert reload(account).account_id == "acct-one"


def test_nothing_is_written(tmp_path, monkeypatch):
    """Not a byte, not a time stamp, not a file more, whatever is done with the logins."""
    pausing(monkeypatch)
    home = tmp_path / "codex"
    write(home / "auth.json", login("ada", exp=5))
    write(home / "accounts" / "bad.auth.json", official()[:30])

    def state():
        return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in home.rglob("*")}

    before = state()
    (account,) = find_accounts(codex_home=home)
    reload(account)
    with pytest.raises(TokenExpiredError):
        check_expiry(account, datetime.now(UTC))
    assert state() == before


def test_whole_files_cost_no_wait(tmp_path):
    for number in range(300):
        write(tmp_path / f"{number:03}.auth.json", login(f"user{number}"))
    assert len(find_accounts(tmp_path)) == 300
