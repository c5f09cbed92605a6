"""History is asked for once, before the first byte is written; the answer is remembered and can be taken back."""

from __future__ import annotations

import asyncio

import pytest
from foundation_support import Desk, usage
from sessions_support import ONE, long_session, write

from quota_helpers.errors import SettingsError
from quota_helpers.history import History, default_path
from quota_helpers.settings import change_setting, setting, settings_path
from quota_helpers.sources import demo, live
from quota_helpers.widgets import QuotaPanel


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Folders of its own for settings and data."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


@pytest.fixture
def source(home):
    """One real login on a real server."""
    with Desk(home / "account") as desk:
        desk.login("work", usage(5, 10))
        with live(desk.folder, url=desk.base) as opened:
            yield opened


def asked(panel) -> bool:
    return panel._keeper.question.layout.display is None


def press(panel, words: str) -> None:
    """The button of this name, in the question or under More."""
    buttons = [
        child
        for box in (panel._keeper.question, panel._keeper.details)
        for child in box.children
        if getattr(child, "description", "").startswith(words) and box.layout.display is None
    ]
    buttons[0].click()


def written(home) -> list[str]:
    """Files of ours, login files aside."""
    return sorted(file.name for file in home.rglob("*") if file.is_file() and not file.name.endswith(".auth.json"))


def test_it_is_asked_before_the_first_byte_is_written(source, home):
    """The line says where, how much, whose, and how to stop and delete."""
    panel = QuotaPanel(source)
    panel.refresh()
    assert asked(panel)
    assert written(home) == []
    assert not panel.keep_history
    words = panel._keeper.question.children[0].value
    for part in ("Keep history?", "history.sqlite3", "other people", "MB a month", "Stop it or delete it"):
        assert part in words
    assert "over time" not in dict(panel.tabs.options).values()


def test_a_yes_keeps_this_run_and_all_that_follow_in_every_kernel(source):
    panel = QuotaPanel(source)
    press(panel, "Keep history")
    assert panel.keep_history
    assert not asked(panel)
    assert setting("keep_history") is True
    with History() as history:
        assert len(history.frame()) == 2
    assert "history kept in " in panel.headline.value
    assert "KiB)" in panel.headline.value
    assert "stop or delete it under More" in panel.headline.value
    assert "over time" in dict(panel.tabs.options).values()
    again = QuotaPanel(source)
    assert again.keep_history
    assert not asked(again)
    with History() as history:
        assert len(history.frame()) == 4


def test_a_no_is_remembered_too(source, home):
    """Nothing but the answer is written, and the answer can be changed under More."""
    press(QuotaPanel(source), "Not now")
    assert written(home) == ["settings.json"]
    panel = QuotaPanel(source)
    assert not asked(panel)
    assert not panel.keep_history
    assert "settings.json" in panel._keeper.details.children[0].value
    press(panel, "Keep history")
    assert panel.keep_history
    assert setting("keep_history") is True


def test_stopped_it_stays_and_is_deleted_at_the_second_press(source, home):
    """What was kept can be looked at after the stop; deleting asks once more, and leaves no file behind."""
    panel = QuotaPanel(source)
    press(panel, "Keep history")
    press(panel, "Stop keeping")
    panel.refresh()
    assert setting("keep_history") is False
    with History() as history:
        assert len(history.frame()) == 2
    assert "What was kept is in" in panel._keeper.details.children[0].value
    press(panel, "Delete it")
    assert default_path().exists()
    press(panel, "Really delete")
    assert written(home) == ["settings.json"]
    assert "over time" not in dict(panel.tabs.options).values()
    panel.refresh()
    assert not default_path().exists()


def test_nobody_is_asked_for_the_demo_or_where_the_call_says_it(source, home):
    """A history that is handed over is a yes to that one and to no other; False is a no without a word."""
    with demo() as invented:
        assert not asked(QuotaPanel(invented))
    assert not asked(QuotaPanel(source, history=False))
    with History.in_memory() as history:
        panel = QuotaPanel(source, history=history)
        assert panel.keep_history
        assert not asked(panel)
        assert len(history.frame()) == 2
        panel.keep_history = False
    assert written(home) == []


def test_an_answer_that_cannot_be_remembered_is_said_and_holds_all_the_same(source):
    """A damaged settings file is left as it is."""
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text("{", "utf-8")
    panel = QuotaPanel(source)
    with pytest.raises(SettingsError):
        panel._decide(keep=False)
    assert "The settings" in panel.alerts.value
    assert settings_path().read_text("utf-8") == "{"
    assert not panel.keep_history


def test_a_damaged_history_does_not_take_the_present_away(source):
    """It is said what is wrong with the file; the answer of then still stands, for it may come right again."""
    press(QuotaPanel(source), "Keep history")
    default_path().write_bytes(b"no database")
    panel = QuotaPanel(source)
    assert "Keep history: The history" in panel.alerts.value
    assert not panel.keep_history
    assert "work" in panel.board.html
    assert setting("keep_history") is True
    panel.view = "over time"
    assert panel.view == "windows"
    assert "Over time: The history" in panel.alerts.value


def test_what_was_chosen_begins_the_next_panel_in_every_kernel(source):
    """View, zone, left or used and what is unfolded; a panel elsewhere knows nothing but the settings file."""
    panel = QuotaPanel(source)
    panel.view, panel.tz, panel.show, panel.fold.value = "table", "Asia/Tokyo", "used", True
    again = QuotaPanel(source)
    assert (again.view, again.tz, again.show, again.more) == ("table", "Asia/Tokyo", "used", True)
    assert again.tabs.value == "table"
    assert again.folded.layout.display is None
    assert QuotaPanel(source, show="left", tz="UTC").tz == "UTC", "what is said in the call counts more"


def test_choices_that_are_none_any_more_are_passed_over(source):
    """A settings file can say anything; a view without readings is not shown, and comes back with them."""
    change_setting("panel", {"view": 7, "tz": "Nowhere", "show": "used", "more": "yes"})
    panel = QuotaPanel(source)
    assert (panel.view, panel.tz, panel.show, panel.more) == ("windows", "local", "used", False)
    change_setting("panel", ["table"])
    assert QuotaPanel(source).view == "windows"
    change_setting("panel", {"view": "over time"})
    assert QuotaPanel(source).view == "windows"
    with History() as history:
        history.add(source.collect())
    assert QuotaPanel(source).view == "over time"


def test_a_choice_that_cannot_be_remembered_holds_all_the_same(source):
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text("{", "utf-8")
    panel = QuotaPanel(source)
    panel.view = "table"
    assert 'class="qp-sorted"' in panel.board.html
    assert "Remembering: The settings" in panel.alerts.value


def test_the_demos_choices_are_nobodys(home):
    with demo() as invented:
        panel = QuotaPanel(invented)
        panel.view, panel.tz = "table", "Asia/Tokyo"
    assert written(home) == []


def test_what_codex_has_logged_is_shown_over_time_and_nothing_is_written(source, home, monkeypatch):
    """Before any answer; logs that name nobody are shown where nobody in particular is chosen."""
    monkeypatch.setenv("CODEX_HOME", str(home / "codex"))
    assert "over time" not in dict(QuotaPanel(source).tabs.options).values()
    write(home / "codex", *long_session(ONE))
    panel = QuotaPanel(source)
    before = written(home)
    panel.view = "over time"
    [output] = panel.output.outputs
    assert "Quota left over time: unattributed" in str(output["data"])
    panel.selected = ()
    assert "No readings to show" in str(panel.output.outputs)
    assert [name for name in written(home) if name != "settings.json"] == before


def test_what_is_to_be_known_before_is_shown_before_anything_is_asked(source):
    """The official client may renew its login: the panel says so, and asks when its cell has shown it."""

    async def scene():
        source.warning = "It may renew it."
        panel = QuotaPanel(source)
        assert "It may renew it." in panel.headline.value
        assert panel.collection.snapshots == ()
        await panel.refresh()
        assert [one.account for one in panel.collection.snapshots] == ["work"]
        assert "work" in panel.board.html
        assert panel.selected == ("work",)

    asyncio.run(asyncio.wait_for(scene(), 60))
