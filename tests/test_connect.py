"""Which source `connect`, `live` and `demo` give, and the demo's own time."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

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
        for place in (*LOOKED, str(Path(os.environ["CODEX_HOME"]))):
            assert place in source.looked_in
            assert place in repr(source)
            assert place in source._repr_html_()


LOOKED = ("account", os.path.join(os.pardir, "account"))  # noqa: PTH118 - relative, as a person would write it


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ({}, [*LOOKED, "{codex}"]),
        ({"search_parent": False}, ["account", "{codex}"]),
        ({"account_dir": "here"}, ["here"]),
        ({"account_dir": ["here", Path("kim@example.com.auth.json")]}, ["here", "ki...@example.com.auth.json"]),
        ({"codex_home": "~/other"}, [os.path.join("~", "other")]),  # noqa: PTH118
        ({"account_dir": []}, []),
    ],
)
@pytest.mark.usefixtures("bare")
def test_a_source_says_where_it_looked(options, places):
    with qh.live(**options) as source:
        assert source.looked_in == tuple(place.format(codex=os.environ["CODEX_HOME"]) for place in places)


def test_several_login_files_make_one_source(bare):
    """Each file once, in the order given; a bad one stands beside the others."""
    with Desk(bare / "one") as one, Desk(bare / "two") as two:
        for desk, name in ((one, "ada"), (two, "bob"), (two, "cyd")):
            desk.login(name)
        files = [bare / "one" / "ada.auth.json", str(bare / "two" / "bob.auth.json"), bare / "two" / "gone.auth.json"]
        with qh.live(files) as source:
            assert source.accounts.names == ("ada", "bob")
            assert [failure.kind for failure in source.accounts.failures] == ["AuthFileNotFoundError"]
        with qh.live(iter([bare / "two", bare / "one"])) as source:
            assert source.accounts.names == ("bob", "cyd", "ada")
        with pytest.raises(ValueError, match="one account_dir"):
            qh.live([bare / "one", bare / "two"], names=["ada"])
        with qh.live([bare / "two"], names=["cyd"]) as source:
            assert source.accounts.names == ("cyd",)


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
