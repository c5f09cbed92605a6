"""`open_history`: one's own logs and readings, in memory before a yes; the demo's month only where there is nothing."""

from __future__ import annotations

import platformdirs
import pytest
from auth_support import official, write
from history_support import collection, contents
from sessions_support import context, meta, turns
from sessions_support import write as write_log

from quota_helpers.history import History, delete_history, keep_history, keeping, open_history
from quota_helpers.sources import demo


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A person's machine: nothing on it, and not the demo by force."""
    monkeypatch.delenv("QUOTA_HELPERS_DEMO")
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    monkeypatch.chdir(tmp_path)
    for name in ("config", "data", "cache"):
        monkeypatch.setattr(platformdirs, f"user_{name}_dir", lambda *_, name=name, **__: str(tmp_path / name))
    return tmp_path


def a_log(home):
    return write_log(home / "codex", meta(), context(), *turns(1, 6))


def test_nothing_of_ones_own_is_the_demos_month(home):
    with open_history() as month:
        assert month.is_demo
        assert len(month.accounts()) == 6
        assert len(month.sessions.tokens) == month.accounts()["turns"].sum()
    assert contents(home) == {}


def test_a_login_alone_is_no_reason_for_the_demo(home):
    """Also one that cannot be used: an empty history, and nothing written."""
    write(home / "codex" / "auth.json", official())
    before = contents(home)
    with open_history() as mine:
        assert not mine.is_demo
        assert mine.path is None
        assert mine.frame().empty
    write(home / "codex" / "auth.json", "{torn")
    with open_history() as mine:
        assert not mine.is_demo
    assert set(contents(home)) == set(before)


def test_logs_without_a_yes_are_in_memory_and_nothing_is_written(home):
    a_log(home)
    before = contents(home)
    with open_history() as mine:
        assert mine.path is None
        assert len(mine.tokens()) == len(mine.sessions.tokens) > 0
    assert contents(home) == before


def test_after_a_yes_it_is_kept_and_brought_up_to_date(home):
    a_log(home)
    assert keeping().answer is None
    assert keep_history(True).answer is True
    with open_history() as mine:
        count = len(mine.tokens())
        assert mine.path == home / "data" / "history.sqlite3"
        assert count > 0
    write_log(home / "codex", meta("another"), context(), *turns(1, 4), session="01990000-0000-7000-8000-00000000000b")
    with open_history() as mine:
        assert len(mine.tokens()) > count
    assert str(keeping()).startswith("History is kept in ")
    assert "delete_history()" in str(keeping())
    assert keeping().size > 0


def test_after_a_no_what_was_kept_is_read_and_nothing_is_added(home):
    a_log(home)
    with History() as kept:
        kept.add(collection())
    keep_history(False)
    before = contents(home)
    with open_history() as mine:
        assert mine.path is None
        assert len(mine.frame(origin="usage")) == 2
        assert len(mine.bodies()) == 1
        assert len(mine.tokens()) > 0
    assert contents(home) == before
    assert str(keeping()).startswith("History is not kept. What was kept is in ")
    assert delete_history() > 0
    assert keeping().size == 0
    assert str(keeping()) == "History is not kept."


def test_the_demos_month_by_name_whatever_there_is(home):
    a_log(home)
    keep_history(True)
    with demo() as source, open_history(source) as month:
        assert month.is_demo
        assert month.path is None
    assert not (home / "data").exists()


def test_the_demo_by_force(home, monkeypatch):
    a_log(home)
    monkeypatch.setenv("QUOTA_HELPERS_DEMO", "1")
    with open_history() as month:
        assert month.is_demo
