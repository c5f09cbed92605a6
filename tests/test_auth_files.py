"""One login file from disk: torn, odd, out of reach, and read again."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from auth_support import (
    ACCESS,
    REFRESH,
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
    MAX_BYTES,
    check_expiry,
    find_accounts,
    load_auth,
    parse_auth,
    reload,
)
from quota_helpers.errors import (
    AuthError,
    AuthFileInvalidError,
    AuthFileNotFoundError,
    TokenExpiredError,
    TokenMissingError,
)

pytestmark = pytest.mark.usefixtures("no_logins_of_the_machine", "_no_pause")


def test_load_auth(tmp_path):
    path = write(tmp_path / "work.auth.json", b"\xef\xbb\xbf" + official().encode())
    account = load_auth(path)
    assert (account.name, account.paths) == ("work", (path,))
    assert load_auth(str(path)).name == "work"


def test_home_is_expanded(tmp_path):
    write(tmp_path / "home" / "x.auth.json")
    assert load_auth("~/x.auth.json").paths == (tmp_path / "home" / "x.auth.json",)
    assert find_accounts("~").names == ("x",)


def test_bare_file_is_named_by_its_login(tmp_path):
    assert load_auth(write(tmp_path / "auth.json", login("ada"))).name == "ad...@example.com"
    assert load_auth(write(tmp_path / "auth.json", official(account_id="0123456789"))).name == "account-01234567"


def test_logins_of_one_file(tmp_path):
    path = write(
        tmp_path / "auth.json",
        json.dumps({"openai": {"access": ACCESS, "accountId": "a"}, "codex-b": {"refresh": "r"}}),
    )
    accounts = find_accounts(path)
    assert accounts.names == ("account-a",)
    assert str(path) in accounts.failures[0].message
    assert '$["codex-b"]' in accounts.failures[0].message


def test_missing_file(tmp_path):
    with pytest.raises(AuthFileNotFoundError, match="does not exist") as caught:
        load_auth(tmp_path / "none.auth.json")
    assert str(tmp_path / "none.auth.json") in caught.value.message
    assert caught.value.account == "none"
    with pytest.raises(AuthFileNotFoundError):
        load_auth(write(tmp_path / "file") / "auth.json")


def test_not_utf_8(tmp_path, monkeypatch):
    pausing(monkeypatch)
    with pytest.raises(AuthFileInvalidError, match=r"not UTF-8 \(byte 1\)"):
        load_auth(write(tmp_path / "a.auth.json", official().encode("utf-16")))


def test_a_file_too_large_is_not_read_whole(tmp_path):
    path = tmp_path / "a.auth.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(AuthFileInvalidError, match="too large"):
        load_auth(path)


def test_the_largest_file(tmp_path):
    text = official()
    path = write(tmp_path / "a.auth.json", text + " " * (MAX_BYTES - len(text)))
    assert load_auth(path).account_id == "acct-one"


def test_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "a.auth.json").mkdir()
    with pytest.raises(AuthFileInvalidError, match="is a folder"):
        load_auth(tmp_path / "a.auth.json")


@posix
def test_links_that_lead_nowhere(tmp_path):
    loop, dangling = tmp_path / "loop.auth.json", tmp_path / "dangling.auth.json"
    loop.symlink_to(loop)
    dangling.symlink_to(tmp_path / "none")
    with pytest.raises(AuthFileInvalidError, match="leads back to itself"):
        load_auth(loop)
    with pytest.raises(AuthFileNotFoundError, match="link to nothing"):
        load_auth(dangling)


@posix
def test_a_pipe_or_a_device_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.auth.json")
    (tmp_path / "zero.auth.json").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(AuthFileInvalidError, match="pipe, socket or device"):
            load_auth(tmp_path / f"{name}.auth.json")


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="only Linux has such a file")
def test_a_pseudo_file_that_has_nothing_to_say(tmp_path, monkeypatch):
    """It looks like a plain file, and reading it gives nothing, an error, or waits: one failure among the others."""
    pausing(monkeypatch)
    (tmp_path / "kernel.auth.json").symlink_to("/proc/kmsg")
    write(tmp_path / "ada.auth.json", login("ada"))
    accounts = find_accounts(tmp_path)
    assert accounts.names == ("ada",)
    assert [failure.account for failure in accounts.failures] == ["kernel"]


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
            load_auth(path)
    finally:
        if root:
            os.seteuid(0)


def test_an_impossible_path():
    with pytest.raises(AuthFileInvalidError, match="cannot be read"):
        load_auth("a\0b")


def test_a_home_of_nobody_is_a_file_that_is_not_there():
    with pytest.raises(AuthFileNotFoundError, match="does not exist"):
        load_auth("~nobody-of-that-name/x.auth.json")


def test_a_path_cannot_steer_the_terminal(tmp_path):
    with pytest.raises(AuthError) as caught:
        load_auth(tmp_path / "evil\x1b[31m.auth.json")
    assert "\x1b" not in str(caught.value) + str(caught.value.account)
    assert "\\x1b[31m" in caught.value.message


@pytest.mark.parametrize("torn", ["", official()[:40], official()[:-1]])
def test_a_torn_file_is_read_again(tmp_path, torn, monkeypatch):
    """Codex truncates, then writes: the second look finds it whole."""
    path = write(tmp_path / "a.auth.json", torn)
    waits = []

    def complete(seconds):
        waits.append(seconds)
        path.write_text(official())

    pausing(monkeypatch, complete)
    assert load_auth(path).account_id == "acct-one"
    assert waits == [0.05]


def test_a_file_that_stays_torn_is_read_three_times(tmp_path, monkeypatch):
    path = write(tmp_path / "a.auth.json", official()[:40])
    waits = []
    pausing(monkeypatch, waits.append)
    with pytest.raises(AuthFileInvalidError, match="not JSON"):
        load_auth(path)
    assert waits == [0.05, 0.05]


def test_a_file_torn_inside_a_character(tmp_path, monkeypatch):
    path = write(tmp_path / "a.auth.json", json.dumps({"é": 1}, ensure_ascii=False).encode()[:3])
    pausing(monkeypatch, lambda _: write(path))
    assert load_auth(path).account_id == "acct-one"


def test_another_thread_completes_the_file(tmp_path, monkeypatch):
    path = write(tmp_path / "a.auth.json", "")
    reading, written = threading.Event(), threading.Event()

    def codex():
        reading.wait(30)
        path.write_text(official())
        written.set()

    thread = threading.Thread(target=codex)
    thread.start()
    pausing(monkeypatch, lambda _: (reading.set(), written.wait(30)))
    account = load_auth(path)
    thread.join()
    assert account.account_id == "acct-one"


# --- reading again ---


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
    accounts = find_accounts(path)
    write(path, json.dumps({"accounts": items[::-1]}))
    for account in accounts:
        assert reload(account).key == account.key
    assert reload(accounts[0]).entry == "$.accounts[2]"


def test_reload_of_what_is_gone(tmp_path):
    item = {"accessToken": ACCESS, "accountId": "a"}
    path = write(tmp_path / "many.json", json.dumps({"accounts": [item, item | {"accountId": "b"}]}))
    _, second = find_accounts(path)
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
