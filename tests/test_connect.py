"""Which source `connect`, `live` and `demo` give, and the demo's own time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from foundation_support import Desk, python

import quota_helpers as qh
from quota_helpers.invented import STEP, T0


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without the forced demo, without logins, in an empty working folder."""
    monkeypatch.delenv("QUOTA_HELPERS_DEMO", raising=False)
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    (tmp_path / "work" / "notebooks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


# --- which source ---


@pytest.mark.usefixtures("bare")
def test_connect_gives_the_demo_when_there_is_no_login_file_at_all():
    with qh.connect() as source:
        assert source.is_demo
        assert "DEMO" in repr(source)
        assert "Demo" in source._repr_html_()


@pytest.mark.parametrize("content", [b"", b"not json", b"{}", b'{"OPENAI_API_KEY": "sk-x"}'])
def test_a_login_file_that_cannot_be_used_is_no_reason_for_the_demo(bare, content):
    (bare / "codex").mkdir()
    (bare / "codex" / "auth.json").write_bytes(content)
    with qh.connect() as source:
        assert not source.is_demo
        assert len(source.accounts) == 0
        assert len(source.accounts.failures) == 1
        assert "your logins" in repr(source)


@pytest.mark.parametrize("options", [{"account_dir": "nowhere"}, {"codex_home": "nowhere"}, {"names": "nobody"}])
@pytest.mark.usefixtures("bare")
def test_a_place_that_was_named_but_is_missing_is_no_reason_for_the_demo(options):
    with qh.connect(**options) as source:
        assert not source.is_demo
        assert source.accounts.failures


def test_the_environment_forces_the_demo(bare, monkeypatch):
    desk_folder = bare / "work" / "account"
    with Desk(desk_folder) as desk:
        desk.login("ada")
        monkeypatch.setenv("QUOTA_HELPERS_DEMO", "1")
        with qh.connect() as source:
            assert source.is_demo
        monkeypatch.setenv("QUOTA_HELPERS_DEMO", "0")
        with qh.connect() as source:
            assert not source.is_demo
            assert source.accounts.names == ("ada",)


@pytest.mark.usefixtures("bare")
def test_live_is_never_the_demo(monkeypatch):
    monkeypatch.setenv("QUOTA_HELPERS_DEMO", "1")
    with qh.live() as source:
        assert not source.is_demo
        assert len(source.accounts) == 0
        assert source.collect().snapshots == ()


def test_the_default_folder_is_found_from_a_notebooks_folder(bare, monkeypatch):
    with Desk(bare / "work" / "account") as desk:
        desk.login("ada")
        monkeypatch.chdir(bare / "work" / "notebooks")
        with qh.live() as source:
            assert source.accounts.names == ("ada",)


# --- the demo ---


def test_the_demos_time_goes_on_by_five_minutes_a_run():
    assert timedelta(minutes=5) == STEP
    with qh.demo() as source:
        runs = [source.collect() for _ in range(3)]
        assert source.fetch("ada").fetched_at == T0 + 2 * STEP
    assert [run.fetched_at for run in runs] == [T0, T0 + STEP, T0 + 2 * STEP]
    assert {taken.fetched_at for taken in runs[1].snapshots} == {T0 + STEP}
    assert {taken.origin for run in runs for taken in run.snapshots} == {"demo"}
    with qh.demo() as again:
        assert again.collect().snapshots == runs[0].snapshots


def test_some_of_the_demos_accounts():
    with qh.demo(names=iter(["ada", "atlas"])) as source:
        for _ in range(2):
            assert [taken.account for taken in source.collect().snapshots] == ["ada", "atlas"]
    with qh.demo(names="ada") as source:
        assert source.accounts.names == ("ada",)


def test_no_display_shows_a_password_in_an_address(bare):
    with qh.live(bare, url="https://me:hunter2@quota.example.com/backend-api") as source:
        assert "hunter2" not in repr(source) + source._repr_html_()
        assert "quota.example.com" in source._repr_html_()


def test_two_demos_have_their_own_time():
    with qh.demo() as one, qh.demo() as other:
        one.collect()
        one.collect()
        assert other.collect().fetched_at == T0


@pytest.mark.parametrize(
    "first",
    [
        "import quota_helpers.invented.server",
        "import quota_helpers.invented as module",
        "from quota_helpers.invented import DemoServer",
    ],
)
def test_demo_stays_a_function_whatever_was_imported_first(first, tmp_path):
    """Importing a sub-package sets it as an attribute of its package, which would hide the function."""
    code = f"{first}\nimport quota_helpers as qh\nwith qh.demo() as source: print(source.is_demo, callable(qh.demo))"
    assert python(code, cwd=tmp_path) == "True True\n"
