"""Whose sessions these are: logins of this machine, other providers, claims, somebody else who went on with one."""

from __future__ import annotations

import json
import os
import socket

import auth_support
import pytest
from sessions_support import THREE, TWO, limits, log_path, meta, tokens, window, write

from quota_helpers import machine, settings
from quota_helpers.errors import SettingsError
from quota_helpers.models import Account
from quota_helpers.periods import cycles
from quota_helpers.sessions import UNATTRIBUTED, read_sessions

ADA = {"creator_user_id": "user-ada", "creator_account_id": "acct-one"}
KIM = {"creator_user_id": "user-kim", "creator_account_id": "acct-two"}


def key(creator):
    return Account(name="", user_id=creator["creator_user_id"], account_id=creator["creator_account_id"]).key


@pytest.fixture(autouse=True)
def _config(tmp_path, monkeypatch):
    """A config folder of the test's own, and no login but those it writes."""
    monkeypatch.setattr(settings.platformdirs, "user_config_dir", lambda *_, **__: str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def read(home, **options):
    return read_sessions(home, **{"cache": False, **options})


def reading(used, at, wait=3_600, total=None):
    return tokens(at, total=total or int(used), last=int(used), rate=limits(window(used, resets_in=wait - at, at=at)))


# --- logins ---


def test_a_login_of_this_machine_carries_its_label(home, tmp_path):
    """Found in the folder beside us; who is no login here keeps the key."""
    (tmp_path / "account").mkdir()
    auth_support.write(tmp_path / "account" / "work.auth.json", auth_support.login("ada", account="acct-one"))
    write(home, meta(**ADA), reading(5, 1))
    write(home, meta(TWO, **KIM), reading(7, 2), session=TWO, at=1)
    found = read(home).windows
    known = Account(name="", user_id="user-ada", account_id="acct-one").key
    assert dict(zip(found["account_key"], found["account"], strict=True)) == {known: "work", key(KIM): key(KIM)}


# --- other providers ---


@pytest.mark.parametrize("provider", ["openai", "OpenAI", None])
def test_ones_own(home, provider):
    write(home, meta(model_provider=provider, **ADA), reading(5, 1))
    assert read(home).windows["account_key"].tolist() == [key(ADA)]


@pytest.mark.parametrize("creator", [ADA, {}])
def test_another_provider_is_a_series_of_its_own(home, creator):
    """Its turns and readings stay, under a key that is nobody's; they make no refill of one's own window."""
    write(home, meta(model_provider="proxy", **creator), reading(80, 1))
    write(home, meta(TWO, model_provider="openai", **creator), reading(10, 60), reading(11, 120), session=TWO, at=1)
    found = read(home)
    own = key(ADA) if creator else UNATTRIBUTED
    assert found.windows["provider"].tolist() == ["proxy", "openai", "openai"]
    assert (found.windows["account_key"] == own).tolist() == [False, True, True]
    assert (found.tokens["account_key"] == own).tolist() == [False, True, True]
    assert found.windows["account"][0] == "proxy (another provider)"
    assert len(cycles(found.windows)) == 2


def test_another_providers_series_are_told_apart_by_number(home):
    """Each login's is one of its own; in the order of their keys, as everywhere."""
    write(home, meta(model_provider="proxy", **ADA), reading(80, 1))
    write(home, meta(TWO, model_provider="proxy", **KIM), reading(10, 60), session=TWO, at=1)
    found = read(home).windows.sort_values("account_key")
    assert found["account"].tolist() == ["proxy (another provider) (1)", "proxy (another provider) (2)"]


# --- claims ---


def test_claim_and_take_back(home):
    """One call counts what names nobody as one's own, says so, and is taken back by another."""
    write(home, meta(), reading(5, 1))
    write(home, meta(TWO, **KIM), reading(7, 2), session=TWO, at=1)
    ada = Account(name="ada", user_id="user-ada", account_id="acct-one")
    before = read(home)
    mine = before.claim(ada)
    assert before.windows["account_key"].tolist() == [UNATTRIBUTED, key(KIM)]
    assert mine.windows["account_key"].tolist() == mine.tokens["account_key"].tolist() == [ada.key, key(KIM)]
    again = read(home)
    assert again.windows["account_key"].tolist() == [ada.key, key(KIM)]
    assert any("as you said" in note for note in again.notes)
    assert again.claim(None).windows["account_key"].tolist() == [UNATTRIBUTED, key(KIM)]
    assert read(home).windows["account_key"].tolist() == [UNATTRIBUTED, key(KIM)]


def test_nothing_is_claimed_silently(home, tmp_path):
    """A claim holds for its own home, and for sessions that had begun by then: not for later ones."""
    for place in (home, tmp_path / "other"):
        write(place, meta(), reading(5, 1))
    read(home).claim(Account(name="ada", user_id="user-ada", account_id="acct-one"))
    write(home, meta(TWO, at=0.001), reading(7, 2), session=TWO, at=1)
    assert (read(home).windows["account_key"] == UNATTRIBUTED).tolist() == [False, True]
    assert read(tmp_path / "other").windows["account_key"].tolist() == [UNATTRIBUTED]


def test_claim_for_nobody(home):
    write(home, meta(), reading(5, 1))
    with pytest.raises(ValueError, match="no account 'stranger'"):
        read(home).claim("stranger")


# --- somebody else goes on ---


def test_reading_with_the_reset_of_another_account(home):
    """A session that was resumed under another login keeps its creator; what shows the other's reset is marked."""
    write(home, meta(**ADA), reading(5, 1), reading(70, 600, wait=9_000))
    write(home, meta(TWO, **KIM), reading(69, 300, wait=9_000), session=TWO, at=1)
    found = read(home)
    assert found.windows.set_index("used_percent")["doubtful"].to_dict() == {5.0: False, 69.0: False, 70.0: True}
    assert set(found.windows["account_key"]) == {key(ADA), key(KIM)}
    assert "under another login" in found._repr_html_()


@pytest.mark.parametrize(("off", "doubtful"), [(0, True), (60, True), (180, False)])
def test_resets_wobble(home, off, doubtful):
    """Within a minute a reset is the same one, whatever the server rounds."""
    write(home, meta(**ADA), reading(5, 1), reading(70, 600, wait=9_000 + off))
    write(home, meta(TWO, **KIM), reading(69, 300, wait=9_000), session=TWO, at=1)
    assert read(home).windows["doubtful"].any() == doubtful


def test_a_window_that_both_have_is_not_doubtful(home):
    """Two windows that end together by chance, each begun by its own account's session."""
    write(home, meta(**ADA), reading(5, 1))
    write(home, meta(TWO, **KIM), reading(7, 2), session=TWO, at=1)
    write(home, meta(THREE), reading(8, 3), session=THREE, at=2)
    assert not read(home).windows["doubtful"].any()


# --- the machine, and what was chosen ---


def test_machine(home, tmp_path):
    """A random id, the same in every read; a label in its place; never the host's name."""
    write(home, meta(), reading(5, 1))
    (name,) = set(read(home, cache=tmp_path / "cache").tokens["machine"])
    assert name == machine.machine_id()
    assert socket.gethostname() not in name
    machine.label_machine("desk")
    assert set(read(home).tokens["machine"]) == {"desk"}
    machine.label_machine(None)
    assert set(read(home).tokens["machine"]) == {name}


def test_nothing_is_kept_where_nothing_shall_be(home, tmp_path):
    write(home, meta(), reading(5, 1))
    assert set(read(home).tokens["machine"]) == set(read(home).tokens["machine"])
    assert not (tmp_path / "config").exists()


def test_a_codex_home_is_never_written(home, tmp_path):
    """Neither reading nor claiming changes a byte, or the time, of anything in it."""
    write(home, meta(), reading(5, 1))
    before = {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in home.rglob("*")}
    read(home, cache=tmp_path / "cache").claim(Account(name="ada", user_id="user-ada"))
    assert {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in home.rglob("*")} == before


def test_settings_stay_beside_each_other(tmp_path):
    settings.change_setting("one", {"a": 1})
    settings.change_setting("two", 2)
    settings.change_setting("one", None)
    assert settings.setting("one") is None
    assert json.loads((tmp_path / "config" / "settings.json").read_text()) == {"two": 2}


@pytest.mark.parametrize("text", ["{", "[]", "\xff", '{"a":' * 100_000])
def test_damaged_settings(tmp_path, text):
    """They are left as they are: nothing was chosen, and nothing can be until they are mended."""
    path = tmp_path / "config" / "settings.json"
    path.parent.mkdir()
    path.write_text(text, encoding="latin-1")
    assert settings.setting("machine_id") is None
    assert machine.machine_id()
    with pytest.raises(SettingsError, match=r"settings\.json"):
        settings.change_setting("a", 1)
    assert path.read_text(encoding="latin-1") == text


def test_settings_that_cannot_be_written(tmp_path):
    (tmp_path / "config").write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match="cannot be written"):
        settings.change_setting("a", 1)


@pytest.mark.parametrize(
    "known", [{"claimed_sessions": 7}, {"claimed_sessions": {"x": 1}}, {"machine_label": 7, "machine_id": []}]
)
def test_odd_settings(home, tmp_path, known):
    """A setting of another kind is none."""
    (tmp_path / "config").mkdir()
    text = json.dumps(known).replace('"x"', json.dumps(_place(home)))
    (tmp_path / "config" / "settings.json").write_text(text)
    write(home, meta(), reading(5, 1))
    assert read(home).windows["account_key"].tolist() == [UNATTRIBUTED]
    assert isinstance(machine.machine_name(), str)


def _place(home):
    from quota_helpers.sessions import logs

    return logs._place(home)


def test_log_without_a_readable_name(home):
    """A name that is no UTF-8 is a name all the same."""
    path = write(home, meta(), reading(5, 1))
    try:
        path.rename(os.fsdecode(os.fsencode(log_path(home)).replace(b"rollout-", b"rollout-\xff")))
    except OSError:
        pytest.skip("this file system takes no such names")
    assert len(read(home, workers=2).windows) == 1
