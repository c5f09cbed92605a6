"""The history panel: controls and attributes move each other, and each choice draws just that range."""

from datetime import UTC, date, datetime, timedelta

import pytest
import traitlets

from quota_helpers.frames import to_frame
from quota_helpers.history import History
from quota_helpers.history.opening import _demo_month as demo_history
from quota_helpers.invented import truth
from quota_helpers.invented.history import demo_snapshots
from quota_helpers.outcomes import Collection
from quota_helpers.sources import demo
from quota_helpers.widgets import timeline
from quota_helpers.widgets.timeline import HistoryPanel

END = datetime(2026, 11, 16, 8, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
def month():
    return to_frame(demo_snapshots(), reveal=True)


@pytest.fixture
def panel(month):
    panel = HistoryPanel(month)
    yield panel
    panel.close()


def drawn(panel):
    """The spec that the browser gets."""
    (output,) = panel.output.outputs
    return output["data"]["application/vnd.plotly.v1+json"]


def span(panel):
    """Hours that the chart's axis covers."""
    low, high = panel.figure.layout.xaxis.range
    return (high - low) / 3_600_000


def test_it_begins_with_the_fullest_account_and_everything(panel):
    assert panel.accounts == ("team-blue",)
    assert panel.windows == ("five_hour", "weekly", "monthly")
    assert panel.preset.value == "all"
    assert panel.first.value == date(2026, 10, 17)
    assert panel.last.value == date(2026, 11, 16)
    assert "team-blue" in drawn(panel)["layout"]["title"]["text"]
    assert "4,320 readings of 1 account" in panel.status.value


@pytest.mark.parametrize(("label", "hours"), [("24 h", 24), ("7 d", 168), ("30 d", 720)])
def test_a_preset_draws_the_last_days(panel, label, hours):
    panel.preset.value = label
    assert panel.since == END - timedelta(hours=hours)
    assert panel.until is None
    assert span(panel) == pytest.approx(hours, rel=0.03)
    panel.preset.value = "all"
    assert panel.since is None


def test_dates_draw_whole_days(panel):
    panel.first.value = date(2026, 11, 2)
    panel.last.value = date(2026, 11, 3)
    assert panel.since == datetime(2026, 11, 2, tzinfo=UTC)
    assert panel.until == datetime(2026, 11, 4, tzinfo=UTC)
    assert panel.preset.value is None
    assert span(panel) == pytest.approx(48, rel=0.03)
    assert "Mon 02 Nov 00:00 UTC to Wed 04 Nov 00:00 UTC" in panel.status.value


def test_days_are_those_of_the_time_zone(month):
    panel = HistoryPanel(month, tz="America/New_York")
    panel.first.value = date(2026, 11, 2)
    assert panel.since.astimezone(UTC) == datetime(2026, 11, 2, 5, tzinfo=UTC)


def test_dates_in_the_wrong_order_are_said_and_nothing_changes(panel):
    before = drawn(panel)
    panel.first.value = date(2026, 11, 20)
    assert any("ends" in text and "before it begins" in text for text in panel.alerts.texts)
    assert drawn(panel) == before
    panel.first.value = date(2026, 11, 10)
    assert panel.alerts.texts == ()


def test_a_range_is_drawn_in_full_resolution(month):
    """Of a long history with a thousand different readings an hour, one hour shows them all."""
    frame = month[(month["account"] == "wren")].iloc[:1].loc[lambda rows: rows.index.repeat(60_000)]
    times = [END - timedelta(seconds=3.6 * number) for number in range(60_000)]
    frame = frame.assign(fetched_at=times, used_percent=[number % 89 / 2 for number in range(60_000)])
    panel = HistoryPanel(frame)
    whole = max(len(trace.x) for trace in panel.figure.data)
    panel.since = END - timedelta(hours=1)
    part = max(len(trace.x) for trace in panel.figure.data)
    assert whole < 50_000
    assert 990 <= part <= 1100


def test_attributes_move_the_controls(panel):
    panel.accounts = ("ada", "night-owl")
    assert panel.picker.chosen == [0, 2]
    panel.windows = ("weekly",)
    assert "five hour" not in str(drawn(panel)["layout"]["annotations"])
    panel.since = END - timedelta(days=7)
    assert panel.preset.value == "7 d"
    panel.chart = "cycles"
    assert panel.view.value == "cycles"
    assert "Cycles" in drawn(panel)["layout"]["title"]["text"]


def test_controls_move_the_attributes(panel):
    panel.picker.chosen = [0]
    assert panel.accounts == ("ada",)
    panel.view.value = "hours"
    assert panel.chart == "hours"
    assert drawn(panel)["data"][0]["type"] == "heatmap"


def test_nobody_chosen_is_said(panel):
    panel.accounts = ()
    assert "No readings" in panel.status.value
    panel.accounts = ("ada",)
    panel.windows = ()
    assert "No readings" in panel.status.value


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("accounts", ("nobody",), "no account 'nobody'"),
        ("windows", ("hourly",), "no window 'hourly'"),
        ("since", datetime(2026, 11, 1), "no time zone"),  # noqa: DTZ001 - this is what is tested
        ("chart", "pie", "pie"),
    ],
)
def test_impossible_choices_are_refused(panel, name, value, words):
    with pytest.raises(traitlets.TraitError, match=words):
        setattr(panel, name, value)


def test_reload_shows_what_was_added_meanwhile():
    with demo_history() as history, demo() as source:
        panel = HistoryPanel(history)
        panel.accounts = ("ada",)
        before = len(panel.frame)
        history.add(source.collect())
        panel.button.click()
        assert len(panel.frame) > before
        assert panel.accounts == ("ada",)


def test_an_empty_history_is_no_error():
    with History.in_memory() as history:
        panel = HistoryPanel(history)
        assert panel.accounts == ()
        assert "No readings" in panel.status.value
        panel.preset.value = "7 d"
        with demo() as source:
            history.add(Collection(snapshots=source.collect().snapshots, fetched_at=END))
        panel.reload()
        assert len(panel.accounts) == 1


def test_two_panels_do_not_disturb_each_other(month):
    one, two = HistoryPanel(month), HistoryPanel(month)
    one.accounts, one.since = ("wren",), END - timedelta(days=1)
    assert two.accounts == ("team-blue",)
    assert two.since is None


def test_addresses_are_masked_unless_revealed(month):
    hidden, shown = HistoryPanel(month), HistoryPanel(month, reveal=True)
    for panel in (hidden, shown):
        panel.accounts = ("kim@example.com",)
    assert "kim@example.com" not in str(drawn(hidden)) + str(hidden.picker.labels) + hidden.status.value
    assert "kim@example.com" in str(drawn(shown)) + str(shown.picker.labels)
    assert "kim@example.com" not in str(hidden._repr_mimebundle_())


def test_the_static_twin_says_what_the_chart_shows(panel):
    panel.accounts = (truth.EARLY_REFILL.account,)
    bundle = panel._repr_mimebundle_()
    html = bundle["text/html"]
    assert '<th scope="row"' in html
    assert "1 early refill" in html
    assert "<svg" not in html
    assert "<script" not in html
    assert bundle["text/plain"] == "HistoryPanel(16,716 readings of 5 accounts)"


def test_an_empty_history_says_so_and_fills_up():
    """Also in the table of a saved notebook, and whatever is pressed before."""
    with History.in_memory(clock=lambda: END) as history:
        panel = HistoryPanel(history)
        panel.preset.value = "7 d"
        panel.first.value = date(2026, 11, 1)
        assert panel.alerts.value == ""
        assert "No readings in this range. Run the cell" in panel._repr_mimebundle_()["text/html"]
        history.add(demo().collect())
        panel.reload()
        assert panel.accounts
        panel.close()


def test_what_holds_no_readings_is_told():
    """A path, or the logs instead of their frame: what to give stands in the message."""
    with pytest.raises(TypeError, match=r"readings is str instead of a DataFrame: .*the \.windows of session logs"):
        HistoryPanel("history.sqlite3")


def test_cycles_are_found_once_whatever_is_chosen(month, monkeypatch):
    """Only reading the history again finds them anew: a choice cuts its piece out of what is known."""
    found = []
    real = timeline.follow_all

    def counted(frame):
        found.append(len(frame))
        return real(frame)

    monkeypatch.setattr(timeline, "follow_all", counted)
    panel = HistoryPanel(month)
    for chart in ("cycles", "hours", "over time"):
        panel.chart = chart
    panel.accounts, panel.since = ("ada",), END - timedelta(days=7)
    panel._repr_mimebundle_()
    assert found == [len(month)]
    panel.reload()
    assert found == [len(month)] * 2


def colours(panel):
    """Account -> the colours and dashes of its lines."""
    found = {}
    for trace in panel.figure.data:
        if trace.name:
            found.setdefault(trace.name, set()).add((trace.line.color, trace.line.dash))
    return found


def test_an_account_keeps_its_colour_whoever_is_shown_beside_it(panel):
    panel.accounts = ("wren",)
    [(alone, _)] = colours(panel)["wren"]
    panel.accounts = ("ada", "team-blue", "wren")
    assert [colour for colour, _ in colours(panel)["wren"]] == [alone]
    assert len({frozenset(one) for one in colours(panel).values()}) == 3


def test_left_reads_the_same_lines_from_the_other_end(panel):
    """The axis is turned round and says what is left; the readings stay what they are."""
    used = panel.figure
    panel.left_used.value = "left"
    assert panel.show == "left"
    left = panel.figure
    assert "Quota left over time" in left.layout.title.text
    assert left.layout.yaxis.range == used.layout.yaxis.range[::-1]
    assert left.layout.yaxis.ticktext == ("100 %", "50", "0")
    lines = [trace for figure in (used, left) for trace in figure.data if trace.name == "team-blue"]
    assert lines[0].y.tolist() == lines[len(lines) // 2].y.tolist()


def test_the_time_zone_is_typed_in_this_panel_too(panel):
    panel.zone.value = "asia/tokyo"
    assert panel.tz == "Asia/Tokyo"
    assert "JST" in panel.status.value
    panel.zone.value = "Nowhere"
    assert panel.tz == "Asia/Tokyo"
    assert "no time zone" in panel.alerts.value
