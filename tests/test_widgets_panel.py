"""The panel in plain Python: its attributes, its controls and what it shows, on the real demo."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
import traitlets
from crowd_support import crowd
from foundation_support import model_only, usage
from panel_support import source_of

from quota_helpers import demo
from quota_helpers.errors import HistoryError
from quota_helpers.history import History
from quota_helpers.invented.accounts import ACCOUNTS, DemoAccount, seat
from quota_helpers.invented.history import demo_snapshots
from quota_helpers.invented.meters import T0
from quota_helpers.outcomes import Collection
from quota_helpers.privacy import mask_identity
from quota_helpers.widgets import QuotaPanel


@pytest.fixture
def source():
    with demo() as opened:
        yield opened


@pytest.fixture
def panel(source):
    shown = QuotaPanel(source)
    yield shown
    shown.close()


class Cells(HTMLParser):
    """The texts of a table's row heads, and of the names to click."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.heads: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if self._inside:
            return
        if (tag == "th" and ("scope", "row") in attrs) or (tag == "button" and ("class", "qp-account") in attrs):
            self._inside = tag
            self.heads.append("")

    def handle_endtag(self, tag):
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data):
        if self._inside:
            self.heads[-1] += data


def rows(panel) -> list[str]:
    """The accounts that are shown, from the top."""
    return Cells(panel.board.html).heads


def chart(panel) -> str:
    """The chart that the browser gets."""
    [output] = panel.output.outputs
    return json.dumps(output["data"]["application/vnd.plotly.v1+json"])


def test_it_begins_with_everything_read_and_selected(panel):
    """Made is read: a saved notebook has content at once."""
    assert len(panel.selected) == 18
    assert (panel.tz, panel.zone.value) == ("UTC", "UTC"), "the demo runs in UTC, wherever it is shown"
    assert panel.windows == ("five_hour", "daily", "weekly", "monthly", "9h")
    assert len(panel.collection.snapshots) == 13
    assert set(panel.frame["account"]) == {mask_identity(one.account) for one in panel.collection.snapshots}
    assert len(rows(panel)) == 13
    assert rows(panel)[0] == "ki...@example.com", "what binds first stands on top"
    assert "DEMO" in panel.headline.value
    assert "updated Mon 16 Nov 09:00 UTC · 13 of 18 logins read" in panel.headline.value
    assert len(panel.picker.labels) == 18, "the counts agree"
    assert "5 of 18 logins could not be read" in panel.answers.value


def test_the_demo_says_why_it_is_there():
    """Where logins were looked for in vain; nothing where nobody looked."""
    with demo(looked_in=["account", "~/.codex"]) as searched:
        head = QuotaPanel(searched).headline.value
        assert "invented accounts: no login was found in account or ~/.codex · updated" in head


def test_the_answer_comes_first(panel):
    """Which login to use now, before any control, with its number; each with a sign that is not its only word."""
    told = panel.answers.value
    assert re.search(r"<li><i>✔</i><span><b>Use [\w-]+ now:</b> \d+ %", told)
    order = list(panel.children)
    assert order.index(panel.answers) < min(map(order.index, (panel.tabs, panel.board)))
    panel.selected = ("ada",)
    assert panel.answers.value == told, "what is shown below does not change which login is the best"


def test_earned_resets_have_their_line(source):
    """Whose, how many, and when the first one lapses, the soonest first; of the only login without its name."""
    told = "wren has 1 earned reset, it lapses Sun 22 Nov; ada has 2 earned resets, the first lapses Tue 1 Dec."
    assert f"<li><i>◇</i><span><b>Earned resets:</b> {told}" in QuotaPanel(source).answers.value
    with demo(names="ada") as alone:
        panel = QuotaPanel(alone)
        assert "◇</i><span><b>2 earned resets:</b> the first lapses Tue 1 Dec." in panel.answers.value
        assert "2 earned resets: the first lapses Tue 1 Dec." in panel._repr_mimebundle_()["text/html"]
    panel.view = "resets"
    assert chart(panel).count("lapses in") == 2, "they are among what is to come"
    panel.view = "over time"
    worth = "2 earned resets:</b> the first lapses Tue 1 Dec (used now, one brings back 42 % of the weekly window"
    assert worth in panel.answers.value, "where the past is known it says what one is worth"
    with demo(names="night-owl") as alone:
        assert "earned" not in QuotaPanel(alone).answers.value


def test_selecting_by_attribute_moves_the_picker_and_the_picture(panel):
    panel.selected = ("wren", "ada")
    assert panel.selected == ("ada", "wren"), "in the accounts' order, whatever was written"
    assert [panel.picker.labels[number] for number in panel.picker.chosen] == ["ada", "wren"]
    assert rows(panel) == ["wren", "ada"]
    text = panel.figure.to_json()
    assert "wren" in text
    assert "team-blue" not in text


def test_accounts_are_chosen_by_label_full_name_or_key(panel, source):
    """Labels come out: what stands in the frame's column, too."""
    kim = next(account for account in source.accounts if account.name == "kim@example.com")
    for wanted in ("kim@example.com", "ki...@example.com", kim.key):
        panel.selected = (wanted,)
        assert panel.selected == ("ki...@example.com",)
        assert rows(panel) == ["ki...@example.com"]


def test_ticking_in_the_picker_moves_the_attribute_and_the_picture(panel):
    """`set_state` is what the browser sends."""
    panel.picker.set_state({"chosen": [panel.picker.labels.index("ada")]})
    assert panel.selected == ("ada",)
    assert rows(panel) == ["ada"]


def test_a_click_on_a_name_shows_only_it_and_a_second_one_all(panel):
    """What the board sends; a number that is nobody's (a page can be a moment behind) does nothing."""
    ada = panel.picker.labels.index("ada")
    panel.board._take(None, {"only": ada}, [])
    assert panel.selected == ("ada",)
    panel.board._take(None, {"only": len(panel.picker.labels)}, [])
    panel.board._take(None, {"only": -1}, [])
    panel.board._take(None, "only", [])
    assert panel.selected == ("ada",)
    panel.board._take(None, {"only": ada}, [])
    assert len(panel.selected) == 18


def test_nothing_selected_says_so(panel):
    panel.selected = ()
    assert "No window to show" in panel.board.html
    assert "No window to show." in panel.figure.to_json()
    assert "5 of 18 logins could not be read" in panel.answers.value


def test_an_unknown_name_is_refused_with_the_names_there_are(panel):
    with pytest.raises(traitlets.TraitError, match=r"There is no account 'nobody'\. There are: ada, atlas"):
        panel.selected = ("nobody",)
    with pytest.raises(traitlets.TraitError, match=r"There is no window 'hourly'\. There are: five_hour, daily"):
        panel.windows = ("hourly",)
    assert len(panel.selected) == 18


def test_windows_are_picked_both_ways(panel):
    panel.windows = ("weekly",)
    boxes = {box.description: box for box in panel.window_picker.children[1:]}
    assert {name: box.value for name, box in boxes.items()} == {
        "five hour": False,
        "daily": False,
        "weekly": True,
        "monthly": False,
        "9h": False,
    }
    assert ">five hour<" not in panel.board.html
    boxes["five hour"].value = True
    assert panel.windows == ("five_hour", "weekly")
    assert ">five hour<" in panel.board.html


def test_left_and_used_add_up(panel):
    panel.selected = ("ada",)
    assert "69 % left" in panel.board.html
    panel.left_used.value = "used"
    assert panel.show == "used"
    assert "31 % used" in panel.board.html
    assert "Quota used" in panel.figure.to_json()
    panel.show = "left"
    assert panel.left_used.value == "left"


def test_one_view_at_a_time(panel):
    """Bars, chart and table are never there together, and only what is there is drawn."""
    board, output = panel.board, panel.output
    assert (board.layout.display, output.layout.display) == (None, "none")
    assert output.outputs == ()
    panel.view = "resets"
    assert panel.tabs.value == "resets"
    assert (board.layout.display, output.layout.display) == ("none", None)
    assert "Next resets" in chart(panel)
    before = board.html
    panel.selected = ("ada",)
    assert board.html == before
    panel.tabs.value = "table"
    assert panel.view == "table"
    assert (board.layout.display, output.layout.display) == (None, "none")
    assert 'class="qp-sorted"' in board.html
    assert rows(panel) == ["ada", "ada"], "a row for each window"


def test_the_table_says_what_it_is_sorted_by(panel):
    """Numbers as numbers, times as times, the unknown last; the server's name of a limit, not its id."""
    panel.view = "table"
    html = panel.board.html
    assert re.search(r'<td data-v="69">69 %</td>', html)
    assert re.search(r'<td data-v="">unknown</td>', html)
    assert "GPT-5.3-Codex-Spark weekly" in html
    assert "bengalfox" not in html
    assert re.search(r'<td data-v="2026-11-16T10:25:00\+00:00">Mon 16 Nov 10:25</td>', html)


def test_money_has_its_unit(panel):
    """Credits beside the plan, what is spent of a cap beside its percentage: in bars, card and table."""
    panel.selected = ("ledger",)
    for view in ("windows", "table"):
        panel.view = view
        assert "1,348.745 credits" in panel.board.html
        assert "91.4 of 250 spent, in the server&#x27;s unit" in panel.board.html
    assert "1,348.745 credits" in panel._repr_mimebundle_()["text/html"]


def test_over_time_is_offered_where_there_is_history(source):
    """The chart is that of the selected accounts; without history there is no such view, and no empty one."""
    bare = QuotaPanel(source, history=False)
    assert "over time" not in dict(bare.tabs.options).values()
    with History.in_memory(clock=source.clock) as history:
        panel = QuotaPanel(source, history=history)
        assert "over time" in dict(panel.tabs.options).values()
        panel.selected = ("ada",)
        panel.view = "over time"
        assert "Quota left over time" in chart(panel)
        assert "ada" in chart(panel)
        panel.show = "used"
        assert "Quota used over time" in chart(panel)
        panel.selected = ("expired",)
        assert "No readings to show" in chart(panel), "nothing was ever read of it"


def test_the_next_run_of_the_cell_begins_with_what_was_chosen(source, monkeypatch):
    """The same place in the notebook; elsewhere nothing is remembered, and what is said in the call counts more."""
    runs = iter("123")
    monkeypatch.setattr("quota_helpers.widgets.panel._running_cell", lambda: ("cell", next(runs)))
    first = QuotaPanel(source)
    first.show, first.tz, first.view, first.fold.value = "used", "Asia/Tokyo", "table", True
    again = QuotaPanel(source)
    assert (again.show, again.tz, again.view, again.fold.value) == ("used", "Asia/Tokyo", "table", True)
    assert again.folded.layout.display is None
    assert QuotaPanel(source, show="left", tz="UTC").tz == "UTC"
    monkeypatch.setattr("quota_helpers.widgets.panel._running_cell", lambda: ("cell", "3"))
    assert QuotaPanel(source).show == "left", "the second one of a run stands elsewhere"
    monkeypatch.setattr("quota_helpers.widgets.panel._running_cell", lambda: ("another cell", "4"))
    assert QuotaPanel(source).show == "left"


def test_time_zones_are_typed_and_a_slip_is_told(panel):
    """Case and blanks do not matter; what is no zone leaves a message and the zone as it was."""
    panel.zone.value = "asia/ho chi minh"
    assert panel.tz == "Asia/Ho_Chi_Minh"
    assert panel.zone.value == "Asia/Ho_Chi_Minh"
    assert "16:00 +07" in panel.headline.value
    panel.zone.value = "Berlin"
    assert panel.tz == "Asia/Ho_Chi_Minh"
    assert panel.alerts.texts == ("There is no time zone 'Berlin'. Did you mean Europe/Berlin?",)
    panel.zone.value = "UTC"
    assert panel.alerts.texts == ()
    with pytest.raises(traitlets.TraitError, match="no time zone"):
        panel.tz = "Nowhere"


def test_refresh_in_plain_python_returns_when_it_is_done(panel):
    """The demo's next run is five minutes later, and what was chosen stays chosen."""
    panel.selected = ("ada", "expired")
    assert panel.refresh() is None
    assert panel.collection.fetched_at == T0 + timedelta(minutes=5)
    assert panel.selected == ("ada", "expired")
    assert "09:05 UTC" in panel.headline.value


def test_choosing_does_not_ask_again(panel, source):
    before = panel.collection
    panel.selected, panel.show, panel.tz = ("ada",), "used", "local"
    assert panel.collection is before
    assert source.clock() == T0


def test_a_window_that_appears_is_shown_to_whoever_chose_all():
    """A run that brings other windows: all stays all, some stays some."""
    with source_of(ACCOUNTS) as source:
        run = source.collect()
        few = replace(run, snapshots=tuple(one for one in run.snapshots if one.account in {"ada", "campus"}))
        everything, some = QuotaPanel(source, collection=few), QuotaPanel(source, collection=few)
        assert everything.windows == ("five_hour", "weekly")
        some.windows = ("weekly",)
        everything.refresh()
        some.refresh()
        assert everything.windows == ("five_hour", "daily", "weekly", "monthly", "9h")
        assert some.windows == ("weekly",)


def test_failures_have_their_hint_whatever_is_selected(panel):
    """Folded away behind their number; where nothing at all was read they stand open."""
    panel.selected = ("ada",)
    told = panel.answers.value
    assert ">expired</th>" in told
    assert "Use Codex once with this login" in told
    assert '<details class="qp-failures"><summary><b>5 of 18 logins could not be read.</b>' in told
    with demo(names=["expired"]) as alone:
        assert "open><summary><b>The only login could not be read." in QuotaPanel(alone).answers.value


def test_identities_are_masked_until_they_are_revealed(source):
    """In every message that goes to the browser and in what is saved."""
    panel = QuotaPanel(source)
    states = [widget.get_state() for widget in _all(panel)]
    saved = panel._repr_mimebundle_()
    assert "kim@" not in json.dumps([states, saved], default=str)
    panel.reveal = True
    assert "kim@example.com" in panel.board.html
    assert "kim@example.com" in panel.picker.labels


def _all(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _all(child)


def test_names_that_look_alike_masked_are_numbered():
    """A label is for one key, and chooses it; a name that is two people's chooses nobody."""
    names = ["joan@example.com", "john@example.com", "ada"]
    with source_of([DemoAccount(name=name, seat=seat(name, "plus")) for name in names]) as source:
        panel = QuotaPanel(source)
        assert sorted(panel.picker.labels) == ["ada", "jo...@example.com (1)", "jo...@example.com (2)"]
        panel.selected = ("ada", "john@example.com")
        assert [label[:2] for label in panel.selected] == ["ad", "jo"]
        panel.reveal = True
        assert sorted(panel.picker.labels) == ["ada", "joan@example.com", "john@example.com"]
        panel._names = dict.fromkeys(panel._names, "kim")
        with pytest.raises(traitlets.TraitError, match="choose by key"):
            panel.selected = ("kim",)


def test_text_from_outside_is_escaped():
    """A plan is the server's text, a name is a file's: neither becomes markup, anywhere."""
    script = "<script>alert(1)</script>"
    ada = DemoAccount(name="ada", seat=replace(seat("ada", "plus"), plan=script))
    with source_of([ada]) as source:
        panel = QuotaPanel(source)
        assert script not in panel.board.html
        assert "&lt;script&gt;" in panel.board.html
        assert script not in panel._repr_mimebundle_()["text/html"]
        panel.alerts.show("x", script)
        assert script not in panel.alerts.value


def test_a_login_with_no_limit_but_a_models_is_shown_below_the_others_and_said_to_be_unknown():
    ada = DemoAccount(name="ada", seat=seat("ada", "plus"), template=usage(25, 50))
    spark = DemoAccount(name="spark", seat=seat("spark", "business"), template=model_only())
    with source_of([spark, ada]) as source:
        panel = QuotaPanel(source)
        assert rows(panel) == ["ada", "spark"]
        for html in (panel.answers.value, panel._repr_mimebundle_()["text/html"]):
            assert "The numbers of spark are old or missing." in html
        panel.close()


def test_an_exception_in_a_handler_is_shown_and_raised(panel, monkeypatch):
    """Nobody has JupyterLab's log open; the next success takes the message away."""

    def broken(*_, **__):
        raise RuntimeError("token eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln of joan@example.com")

    with monkeypatch.context() as patch:
        patch.setattr(panel, "_draw", broken)
        with pytest.raises(RuntimeError):
            panel.selected = ("ada",)
    [text] = panel.alerts.texts
    assert text.startswith("Drawing: RuntimeError: token *** of jo...@example.com\n  in broken, line ")
    assert '<pre role="alert"' in panel.alerts.value
    panel.selected = ("wren",)
    assert panel.alerts.texts == ()


def test_two_panels_on_one_source_do_not_disturb_each_other(source):
    one, other = QuotaPanel(source), QuotaPanel(source)
    one.selected, one.show = ("ada",), "used"
    one.refresh()
    assert (other.show, len(other.selected)) == ("left", 18)
    assert rows(one) == ["ada"]
    assert len(rows(other)) == 13


def test_the_static_twin_has_no_svg_no_style_sheet_and_the_same_accounts(panel):
    panel.selected = ("ada", "kim@example.com", "expired")
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "QuotaPanel(DEMO, invented accounts: 13 read, 5 failed, 2026-11-16 09:00 UTC)"
    html = bundle["text/html"]
    assert [head.split()[0] for head in Cells(html).heads] == ["ki...@example.com", "ada"]
    assert "used up" in html
    assert "Use Codex once with this login" in html
    assert [part for part in ("<svg", "<style", "<script", "var(--") if part in html] == []
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_chart_is_plain_json(panel):
    """What is sent must not need a special encoder, nor be large."""
    panel.view = "resets"
    [output] = panel.output.outputs
    assert len(json.dumps(output)) < 100_000


def test_history_keeps_every_run(source):
    with History.in_memory(clock=source.clock) as history:
        panel = QuotaPanel(source, history=history)
        assert panel.keep_history
        first = len(history.frame())
        assert first == len(panel.frame)
        panel.refresh()
        assert len(history.frame()) == 2 * first
        assert "new readings kept" in panel.status.value
        panel.keep_history = False
        panel.refresh()
        assert len(history.frame()) == 2 * first


def test_what_comes_is_shown_with_how_often_it_was_right_and_remembered_as_shown(source):
    """The forecast of the kept history speaks in the answers; without a history the pace does, and nothing is kept."""
    with History.in_memory(clock=source.clock) as history:
        history.add(Collection(snapshots=demo_snapshots(), fetched_at=T0))
        panel = QuotaPanel(source, history=history)
        assert "risk" in panel.answers.value
        assert "<b>Forecasts:</b> No window of which a forecast was shown has closed yet." in panel.answers.value
        assert "points a day" in panel.answers.value
        assert "No window of which a forecast was shown" in panel._static_html()
        shown = history.forecasts()
        assert set(shown["asked_at"]) == {panel.frame["fetched_at"].max()}
        assert set(shown["account"]) <= set(panel.frame["account"])
        wrong = shown[shown["window"] == "weekly"].assign(asked_at=T0 - timedelta(days=9), p_exhausted_refills=0.9)
        history.add_forecast(wrong, asked_at=T0 - timedelta(days=9))
        panel.refresh()
        assert (
            "4 windows that have closed: 90 % risk on average, 1 ran out; not nearer the truth" in panel.answers.value
        )
        panel.keep_history = False
        assert "Forecasts:" not in panel.answers.value


def test_the_history_switch_writes_a_file_that_is_read_again(source, tmp_path):
    """What the panel kept is there when the file is opened anew: of three runs not the one in between."""
    path = tmp_path / "history.sqlite3"
    with History(path, clock=source.clock) as history:
        panel = QuotaPanel(source, history=history)
        panel.keep_history = False
        panel.refresh()
        panel.refresh()
        panel.keep_history = True
        kept = len(panel.frame)
    with History(path, clock=source.clock) as again:
        assert len(again.frame()) == 2 * kept
        assert again.frame()["fetched_at"].nunique() == 2


def test_a_history_that_fails_is_told(source):
    history = History.in_memory(clock=source.clock)
    history.close()
    with pytest.raises(HistoryError):
        QuotaPanel(source, history=history)


def test_the_demo_offers_no_history_of_its_own(panel):
    """Invented readings have no place in a person's history: nothing is asked, nothing kept; its month is shown."""
    assert not panel.keep_history
    panel.selected, panel.view = ("ada",), "over time"
    assert "over time, demo accounts: ada" in chart(panel)


def test_three_hundred_accounts():
    with source_of(crowd(300)) as source:
        panel = QuotaPanel(source)
        assert len(rows(panel)) == 300
        assert "and 240 more accounts" in panel._repr_mimebundle_()["text/html"]
        panel.view = "resets"
        assert re.search(r"The next 40; \d+ more are in the table", panel.note.value)
        panel.view = "windows"
        panel.picker.set_state({"chosen": [7]})
        assert rows(panel) == ["seat-008"]
        panel.view = "resets"
        assert panel.note.value == ""


def test_auto_refresh_needs_a_loop(panel):
    with pytest.raises(RuntimeError, match="running event loop"):
        panel.auto_minutes = 5
    assert panel.auto_minutes == 0
    assert "Auto refresh needs a running event loop" in panel.alerts.value
    with pytest.raises(traitlets.TraitError):
        panel.auto_minutes = 7


def run(coroutine):
    """The coroutine in a loop that ends in a minute at most."""
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_refresh_in_a_loop_is_a_task_and_tells_its_progress(source):
    async def scene():
        panel = QuotaPanel(source)
        told = []
        panel.status.observe(lambda change: told.append(change["new"]), "value")
        task = panel.refresh()
        assert panel.refresh() is task, "one run at a time"
        await task
        assert panel.collection.fetched_at == T0 + timedelta(minutes=5)
        assert not panel.button.disabled
        return told

    told = run(scene())
    assert "0 of 18 read" in told[0]
    assert any("18 of 18 read" in text for text in told)
    assert told[-1] == ""


def test_a_run_that_breaks_is_shown_and_raised(source, monkeypatch):
    async def scene():
        panel = QuotaPanel(source)
        monkeypatch.setattr(source, "collect", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await panel.refresh()
        assert "Refresh: ZeroDivisionError" in panel.alerts.value
        assert not panel.button.disabled
        monkeypatch.undo()
        await panel.refresh()
        assert panel.alerts.texts == ()

    run(scene())


def answering(panel):
    """Let the picker's views answer as an open page does."""
    panel.picker.send = lambda _: panel.picker._take(None, {"kind": "pong"}, [])


async def timers() -> int:
    """How many of them run; one that was ended is over in the loop's next turn."""
    await asyncio.sleep(0)
    return sum(task.get_name() == "quota panel timer" for task in asyncio.all_tasks())


async def changed(widget, name):
    """Wait for the next change of an attribute."""
    happened = asyncio.Event()

    def note(_):
        happened.set()

    widget.observe(note, name)
    await happened.wait()
    widget.unobserve(note, name)


def test_auto_refresh_runs_while_somebody_looks(source, monkeypatch):
    monkeypatch.setattr(QuotaPanel, "minute_seconds", 0.01)

    async def scene():
        panel = QuotaPanel(source)
        answering(panel)
        before = await timers()
        panel.auto_minutes = 1
        panel.auto_minutes = 5
        assert await timers() == before + 1, "another interval is no second timer"
        await changed(panel.headline, "value")
        assert panel.collection.fetched_at > T0
        panel.auto_minutes = 0
        assert await timers() == before

    run(scene())


def test_auto_refresh_ends_when_nobody_answers(source, monkeypatch):
    """A closed page cannot say goodbye: it is asked."""
    monkeypatch.setattr(QuotaPanel, "minute_seconds", 0.01)
    monkeypatch.setattr(QuotaPanel, "answer_seconds", 0.01)

    async def scene():
        panel = QuotaPanel(source)
        before = await timers()
        panel.auto_minutes = 1
        await changed(panel, "auto_minutes")
        assert panel.auto_minutes == 0
        assert panel.auto.value == 0
        assert await timers() == before
        assert panel.collection.fetched_at == T0, "nobody was asked for quota"

    run(scene())


def test_auto_refresh_goes_on_after_a_run_that_breaks(source, monkeypatch):
    monkeypatch.setattr(QuotaPanel, "minute_seconds", 0.01)

    async def scene():
        panel = QuotaPanel(source)
        answering(panel)
        with monkeypatch.context() as patch:
            patch.setattr(source, "collect", lambda **_: 1 / 0)
            panel.auto_minutes = 1
            await changed(panel.alerts, "value")
        await changed(panel.headline, "value")
        assert panel.auto_minutes == 1
        assert panel.alerts.texts == ()
        panel.close()

    run(scene())


def test_closing_ends_the_timer(source):
    async def scene():
        panel = QuotaPanel(source)
        before = await timers()
        panel.auto_minutes = 15
        assert await timers() == before + 1
        panel.close()
        assert await timers() == before

    run(scene())
