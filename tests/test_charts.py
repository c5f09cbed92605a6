"""Charts: the drawing says what the bars say, for any number of accounts and for any name."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta

import pandas as pd
import plotly.io as pio
import pytest
from foundation_support import NOW, WEEK, reading, snapshot

from quota_helpers import plot_resets, plot_windows, to_frame
from quota_helpers.charts.windows import arrange
from quota_helpers.outlook.bars import percent, window_bars
from quota_helpers.times import duration

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def weekly(used, **more):
    return reading(used, WEEK, "weekly", **{"slot": "secondary", "reset_in": timedelta(days=3), **more})


def many(count: int):
    """So many accounts, each with two windows, every third one with something odd."""
    odd = [{}, {"reset_in": None}, {"reset_in": -HOUR}]
    return to_frame(
        snapshot(f"account-{n:02}", reading(n % 101, **odd[n % 3]), weekly(None if n % 7 == 6 else (n * 13) % 101))
        for n in range(count)
    )


def words(figure) -> str:
    """Every text of a figure, tags removed, entities resolved."""
    texts: list[str] = []
    waiting = [figure.to_plotly_json()]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, str):
            texts.append(html.unescape(re.sub(r"<[^>]*>", "", item)))
    return "\n".join(texts)


def traced(figure, kind: str) -> list[str]:
    """The texts of one kind ("text", "hovertext") of all traces, without tags."""
    lists = [getattr(trace, kind, None) or [] for trace in figure.data]
    return [html.unescape(re.sub(r"<[^>]*>", "", text)) for texts in lists for text in texts]


def test_addresses_are_masked_unless_revealed():
    frame = to_frame(snapshot("ada.lovelace@example.com", reading(50)), reveal=True)
    assert window_bars(frame, now=NOW)[0].label == "ad...@example.com"
    assert window_bars(frame, now=NOW, reveal=True)[0].label == "ada.lovelace@example.com"
    for plot in (plot_windows, plot_resets):
        assert "lovelace" not in plot(frame).to_json()
        assert "lovelace" in plot(frame, reveal=True).to_json()


def test_an_empty_frame_has_no_bars_and_a_figure_that_says_so():
    frame = to_frame([])
    assert window_bars(frame) == []
    assert "No window to show." in words(plot_windows(frame))
    assert "No reset is known" in words(plot_resets(frame))
    assert "No window to show." in words(plot_windows(many(3), windows="daily"))


@pytest.mark.parametrize("show", ["left", "used"])
@pytest.mark.parametrize("count", [1, 2, 3, 12, 60])
def test_every_bar_has_its_number_and_its_reset(count, show):
    frame = many(count)
    figure = plot_windows(frame, now=NOW, show=show)
    shown = traced(figure, "text")
    expected = window_bars(frame, now=NOW)
    for bar in expected:
        number = "unknown" if bar.used is None else percent(bar.left if show == "left" else bar.used)
        assert any(text.startswith(number) for text in shown), (bar, number)
        if bar.resets_in is not None and bar.state != "stale":
            assert duration(bar.resets_in) in shown
        assert bar.label in words(figure)
    assert len(traced(figure, "hovertext")) == len(expected)
    resets = [text for text in shown if text == "reset passed"]
    assert len(resets) == sum(bar.state == "stale" for bar in expected)


@pytest.mark.parametrize("count", [1, 2, 12, 60])
def test_every_reset_ahead_is_on_the_timeline_in_order(count):
    frame = many(count)
    ahead = sorted(
        (bar.reset_at, bar.account)
        for bar in window_bars(frame, now=NOW)
        if bar.state == "current" and bar.used and bar.resets_in
    )
    figure = plot_resets(frame, now=NOW)
    assert len(traced(figure, "hovertext")) == len(ahead)
    names = traced(figure, "text")[: len(ahead)]
    shown = len({account for _, account in ahead}) > 1  # of one account the windows alone are named
    assert not shown or [label.split(" · ")[0] for label in names] == [account for _, account in ahead]


def test_earned_resets_are_marked_where_they_lapse():
    """Among the resets, in time's order: those of the accounts shown that can be used still, and that do lapse."""
    frame = to_frame([snapshot("ada", reading(50, reset_in=2 * DAY)), snapshot("kim", reading(10, reset_in=HOUR))])
    told = [
        ("ada", "available", NOW + DAY),
        ("ada", "available", NOW),
        ("ada", "redeemed", NOW + DAY),
        ("ada", "available", None),
        ("nobody", "available", NOW + DAY),
    ]
    earned = pd.DataFrame(
        {
            "account_key": [f"key-{who}" for who, _, _ in told],
            "status": [status for _, status, _ in told],
            "expires_at": pd.to_datetime([when for _, _, when in told], utc=True),
        }
    )
    figure = plot_resets(frame, now=NOW, earned=earned)
    names = ["kim · five hour", "ada · earned reset", "ada · five hour"]
    assert traced(figure, "text")[:3] == names
    assert "lapses in 1 d 00 h · Sat 12:00" in traced(figure, "text")
    assert list(figure.data[1].marker.symbol) == ["circle", "diamond-open", "circle"]
    assert "an earned reset lapses" in words(figure)
    assert "lapse" not in words(plot_resets(frame, now=NOW))
    assert len(traced(plot_resets(frame, now=NOW, earned=earned, accounts="kim"), "hovertext")) == 1


@pytest.mark.parametrize("count", [2, 3, 12, 60])
@pytest.mark.parametrize("plot", [plot_windows, plot_resets])
def test_a_figure_grows_with_its_rows_and_no_margin_eats_a_narrow_one(count, plot):
    """Every row has room for a name and its words, whatever stands beside it."""
    figure = plot(many(count), now=NOW)
    rows = max(figure.layout.yaxis.range) + 0.5
    pixels = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    assert pixels / rows >= 40
    assert figure.layout.margin.l + figure.layout.margin.r < 30


def test_long_names_are_cut_to_the_space_there_is():
    frame = to_frame(
        snapshot(f"{n}-{'long' * 30}", reading(n), weekly(n), reading(n, limit="l" * 80)) for n in range(1, 6)
    )
    figures = (plot_windows(frame, now=NOW), plot_resets(frame, now=NOW), plot_windows(frame.iloc[:3], now=NOW))
    for figure in figures:
        labels = [label for label in traced(figure, "text") if " · " in label and "long" in label]
        assert labels or figure is figures[2]
        assert all(len(label) <= 38 for label in labels)
        assert all(len(note.text) <= 40 for note in figure.layout.annotations)
        assert "l" * 80 in words(figure)  # the text under the pointer has the whole name


@pytest.mark.parametrize("count", [3, 12, 60])
def test_the_rows_stand_in_the_order_of_the_bars(count):
    """The table beside the chart has the same order."""
    bars = window_bars(many(count), now=NOW)
    cells = [cell for cell in arrange(bars).cells if cell.name]
    assert [cell.name for cell in cells] == list(dict.fromkeys(bar.label for bar in bars))
    assert [cell.row for cell in cells] == list(range(len(cells)))


def test_every_bar_has_one_place_and_no_place_two_bars():
    bars = window_bars(many(60), now=NOW)
    cells = arrange(bars).cells
    assert {id(cell.bar) for cell in cells if cell.bar} == {id(bar) for bar in bars}
    assert len({(cell.row, cell.column) for cell in cells}) == len(cells)


@pytest.mark.parametrize(("having", "head"), [(2, True), (1, False)])
def test_a_window_that_a_quarter_of_the_accounts_have_gets_a_column(having, head):
    """On both sides of the boundary: two of eight, and one of eight."""
    taken = [snapshot(f"a{n}", reading(5), *([weekly(5)] if n < having else [])) for n in range(8)]
    assert ("weekly" in arrange(window_bars(to_frame(taken), now=NOW)).heads) is head


@pytest.mark.parametrize("plot", [plot_windows, plot_resets])
def test_figures_are_plotlys_own(plot):
    """Another template changes the whole look; traces are found by name; names are plain text."""
    frame = many(3)
    assert plot(frame, template="plotly_dark") == plot(frame).update_layout(template="plotly_dark")
    assert plot(frame).layout.paper_bgcolor is None
    assert plot(frame).layout.template.layout.paper_bgcolor == "rgba(0,0,0,0)"
    figure = plot(frame).update_traces(visible=False, selector={"name": "words"})
    assert [trace.visible for trace in figure.data].count(False) == 1
    assert not any("<" in trace.name for trace in figure.data)
    assert "<" not in figure.layout.title.text
    assert plot(frame).add_vline(x=3).layout.shapes[-1].x0 == 3


def test_the_default_template_of_all_charts_is_followed(monkeypatch):
    monkeypatch.setattr(pio.templates, "default", "plotly_white")
    assert plot_windows(many(3)).layout.template == pio.templates["plotly_white"]


def test_left_and_used_mirror_each_other():
    frame = to_frame(snapshot(name, reading(30)) for name in "abc")
    widths = {show: plot_windows(frame, now=NOW, show=show).data[1].x for show in ("left", "used")}
    assert list(widths["left"]) == [70.0] * 3
    assert list(widths["used"]) == [30.0] * 3
    assert "used up" in words(plot_windows(to_frame(snapshot("a", reading(100))), now=NOW))
    assert "full" in words(plot_windows(to_frame(snapshot("a", reading(100))), now=NOW, show="used"))


def test_a_window_that_an_account_does_not_have_is_not_drawn_as_empty():
    frame = to_frame(
        [snapshot("a", reading(1)), snapshot("b", reading(2)), snapshot("c", reading(3)), snapshot("d", weekly(4))]
    )
    assert traced(plot_windows(frame, now=NOW), "text").count("no such window") == 4
    only = plot_windows(frame, now=NOW, windows=["weekly"])
    assert "five hour" not in words(only)
    assert plot_windows(frame, now=NOW, windows="weekly") == only


@pytest.mark.parametrize("name", ["<b>bold</b>", "a & b", "<script>alert(1)</script>", "<a href='x'>x</a>", "&lt;"])
def test_text_from_files_and_servers_is_escaped(name):
    """Plotly reads a little HTML in every text: a name is never part of it."""
    taken = [snapshot(f"{n}{name}"[:22], reading(50), reading(n, limit=name)) for n in range(1, 5)]
    for figure in (plot_windows(to_frame(taken), now=NOW), plot_resets(to_frame(taken), now=NOW)):
        text = figure.to_json()
        for tag in ("<b>bold", "<script", "<a href", "\\u003cscript", "\\u003ca href"):
            assert tag not in text
        assert f"1{name}"[:22] in words(figure)


def test_figures_are_the_same_every_time_and_valid_json():
    for plot in (plot_windows, plot_resets):
        assert plot(many(12), now=NOW).to_json() == plot(many(12), now=NOW).to_json()
        json.loads(plot(many(12), now=NOW).to_json(), parse_constant=pytest.fail)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Honolulu", "UTC", None])
@pytest.mark.parametrize("end", [datetime(9999, 12, 31, 23, 59, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_a_reset_at_the_end_of_the_calendar_does_not_break_the_others_chart(zone, end):
    frame = to_frame([snapshot("odd", reading(50, reset_in=None, reset_at=end)), snapshot("ada", reading(50))])
    for plot in (plot_windows, plot_resets):
        assert "ada" in words(plot(frame, now=NOW, tz=zone))


def test_the_demo_is_labelled_and_in_utc():
    frame = to_frame(snapshot("ada", reading(50), origin="demo"))
    for plot in (plot_windows, plot_resets):
        assert "demo accounts" in words(plot(frame))
    assert "Fri 20 Nov 12:00 UTC" in words(plot_windows(frame))
    assert "demo" not in words(plot_windows(to_frame(snapshot("ada", reading(50)))))


def test_a_chart_does_not_change_its_frame():
    frame = many(12)
    before = frame.copy()
    plot_windows(frame, now=NOW + 3 * HOUR)
    plot_resets(frame, now=NOW + 3 * HOUR)
    assert frame.equals(before)


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (None, ""),
        (timedelta(0), "< 1 m"),
        (timedelta(minutes=40), "40 m"),
        (timedelta(hours=4, minutes=5), "4 h 05 m"),
        (timedelta(days=3, hours=2), "3 d 02 h"),
        (-timedelta(hours=1), "1 h 00 m"),
    ],
)
def test_durations_are_short(span, shown):
    assert duration(span) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 %"),
        (-0.0, "0 %"),
        (-0.04, "< 0.1 %"),
        (100, "100 %"),
        (50.25, "50.2 %"),
        (0.01, "< 0.1 %"),
        (99.99, "> 99.9 %"),
        (130, "130 %"),
        (33.0, "33 %"),
    ],
)
def test_percentages_never_round_to_nothing_or_all(value, shown):
    assert percent(value) == shown
