"""History charts: every reading is on the line, every peak is kept, and each reset is marked for what it was."""

from datetime import UTC, datetime, timedelta

import dateutil.tz
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quota_helpers.charts.heatmap import by_hour, by_week, plot_heatmap
from quota_helpers.charts.history import MOST_POINTS, plot_history
from quota_helpers.charts.history_lines import (
    Knots,
    believed,
    clipped,
    grounded,
    history_lines,
    thinned,
    unbelieved,
)
from quota_helpers.charts.style import ATTENTION, QUIET
from quota_helpers.charts.wall_time import wall_time
from quota_helpers.frames import NEEDED, to_frame
from quota_helpers.invented import truth
from quota_helpers.invented.history import demo_snapshots
from quota_helpers.models import COLUMNS
from quota_helpers.periods import follow_all
from quota_helpers.periods.follow import CONFIRMED, NOT_STARTED
from quota_helpers.times import zone_of

START = datetime(2026, 9, 7, tzinfo=UTC)  # a Monday
WEEK = 604_800


@pytest.fixture(scope="module")
def month():
    return to_frame(demo_snapshots(), reveal=True)


def test_the_needed_columns_are_enough(month):
    """Without a label the key is the name."""
    figure = plot_history(month[[*NEEDED]].head(2000), accounts=month["account_key"].iloc[0], windows="weekly")
    assert month["account_key"].iloc[0] in figure.layout.title.text


def series(used, *, minutes=20, reset_hours=168.0, window="weekly", seconds=WEEK, account="ada", origin="usage"):
    """A frame of one window with these percentages, evenly in time."""
    times = [START + timedelta(minutes=minutes * number) for number in range(len(used))]
    frame = pd.DataFrame(
        {
            "account": account,
            "account_key": f"key of {account}",
            "limit": "codex",
            "window": window,
            "window_seconds": float(seconds),
            "used_percent": [float(value) for value in used],
            "reset_at": START + timedelta(hours=reset_hours),
            "fetched_at": times,
            "origin": origin,
        }
    )
    return frame.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def text_of(figure):
    layout = figure.layout
    texts = [layout.title.text, layout.title.subtitle.text or "", *(note.text for note in layout.annotations)]
    return " ".join([*texts, *(str(word) for trace in figure.data for word in trace.text or ())])


def marks(figure, symbol):
    return [trace for trace in figure.data if trace.mode and "markers" in trace.mode and trace.marker.symbol == symbol]


def value_at(knots, times):
    """The drawn line's values; at a fall the lower end, which is drawn last."""
    drawn = ~np.isnan(knots.used)
    knots = Knots(knots.time[drawn], knots.used[drawn])
    after = np.searchsorted(knots.time, times, side="right") - 1
    exact = knots.time[after] == times
    left, right = knots.used[after], knots.used[np.minimum(after + 1, len(knots) - 1)]
    span = np.maximum(1, knots.time[np.minimum(after + 1, len(knots) - 1)] - knots.time[after])
    return np.where(exact, left, left + (right - left) * (times - knots.time[after]) / span)


def test_the_drawn_line_equals_every_reading(month):
    """Though most readings are left out."""
    for followed in follow_all(month):
        believable = (followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED)
        times, used = followed.series.time[believable], followed.series.used[believable]
        knots = believed(followed)
        assert len(knots) < len(times) * 0.75
        np.testing.assert_array_equal(value_at(knots, times), used)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 300)), min_size=1, max_size=80))
def test_the_drawn_line_equals_any_readings(steps):
    """Whatever the percentages and however irregular the times."""
    frame = series([used for used, _ in steps])
    minutes = np.cumsum([step for _, step in steps])
    frame["fetched_at"] = [START + timedelta(minutes=int(value)) for value in minutes]
    (followed,) = follow_all(frame)
    believable = (followed.reading == CONFIRMED) | (followed.reading == NOT_STARTED)
    times, used = followed.series.time[believable], followed.series.used[believable]
    knots = believed(followed)
    assert (np.diff(knots.time) >= 0).all()
    if len(times):
        np.testing.assert_allclose(value_at(knots, times), used)


def test_no_line_crosses_a_pause():
    """Twelve hours for a week, as the docstring says."""
    frame = series([1, 2, 3, 4], minutes=12 * 60)
    assert not np.isnan(believed(follow_all(frame)[0]).used).any()
    frame = series([1, 2, 3, 4], minutes=12 * 60 + 1)
    assert np.isnan(believed(follow_all(frame)[0]).used).sum() == 3


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(8, 400))
def test_thinning_keeps_every_peak(seed, most):
    chance = np.random.default_rng(seed)
    used = np.where(chance.random(3_000) < 0.01, np.nan, chance.random(3_000) * 30)
    used[[0, -1]] = 10
    used[int(chance.integers(1, 2_999))] = 99
    knots = Knots(np.sort(chance.integers(0, 10**9, 3_000)), used)
    few = thinned(knots, most)
    assert len(few) <= most * 1.25 + 8
    assert np.nanmax(few.used) == 99
    assert np.nanmin(few.used) == np.nanmin(used)
    assert {few.time[0], few.time[-1]} == {knots.time[0], knots.time[-1]}


def test_thinning_leaves_short_lines_alone():
    knots = Knots(np.arange(50), np.arange(50.0))
    assert thinned(knots, 50) is knots


def test_a_clipped_line_enters_and_leaves_where_it_did():
    knots = Knots(np.array([0, 100, 200]), np.array([0.0, 10.0, 30.0]))
    part = clipped(knots, 50, 150)
    assert part.time.tolist() == [50, 100, 150]
    assert part.used.tolist() == [5.0, 10.0, 20.0]
    assert len(clipped(knots, 300, None)) == 0
    assert clipped(knots, None, None).time.tolist() == [0, 100, 200]


def test_the_area_under_a_line_ends_at_its_gaps():
    knots = grounded(Knots(np.array([0, 10, 10, 50, 60]), np.array([5.0, 6.0, np.nan, 7.0, 8.0])))
    assert knots.time.tolist() == [0, 10, 10, 50, 50, 60]
    assert knots.used.tolist() == [5.0, 6.0, 0.0, 0.0, 7.0, 8.0]


def test_early_refills_have_a_sign_and_a_word(month):
    figure = plot_history(month, accounts="ada")
    (early,) = marks(figure, "diamond")
    assert early.yaxis == "y2"
    assert len(early.x) == 1
    assert "early refill" in text_of(figure)
    kept = plot_history(month, accounts="team-blue")
    assert len(marks(kept, "diamond-open")) == 1
    assert not marks(kept, "diamond")
    assert "early refill, clock kept" in text_of(kept)


def test_scheduled_resets_are_ticks_on_the_base_line(month):
    lines = history_lines(month, accounts="night-owl")
    scheduled = [end for line in lines for end in line.ends if end == "scheduled"]
    (ticks,) = marks(plot_history(month, accounts="night-owl"), "line-ns")
    assert len(ticks.x) == len(scheduled) == 4
    assert set(ticks.y) == {0.0}


def test_flapping_is_a_band_beside_the_line(month):
    (line,) = history_lines(month, accounts="night-owl")
    assert np.nanmax(line.other.used) < 10
    day = line.followed.series
    inside = (day.time >= truth.FLAPPING.since.timestamp() * 1e6) & (day.time < truth.FLAPPING.until.timestamp() * 1e6)
    assert value_at(line.line, day.time[inside & (line.followed.reading == CONFIRMED)]).min() > 50
    assert len(unbelieved(line.followed)) == (line.followed.reading == 1).sum()
    figure = plot_history(month, accounts="night-owl")
    assert len(marks(figure, "circle-open")) == 1
    assert "unconfirmed" in text_of(figure)


def test_a_pause_says_whether_the_server_was_asked(month):
    ada = plot_history(month, accounts="ada")
    assert "no such window" in text_of(ada)
    assert any(shape.type == "rect" for shape in ada.layout.shapes)
    kim = plot_history(
        month, accounts="kim@example.com", since=truth.GAP.since - timedelta(days=3), until=truth.GAP.until
    )
    assert "no readings" in text_of(kim)
    assert "no such window" not in text_of(kim)


def test_the_change_of_plan_is_named(month):
    assert f"plan {truth.PLAN_BEFORE} → team" in text_of(plot_history(month, accounts="team-blue"))


def test_stale_readings_are_drawn_apart():
    """The server goes on to tell a percentage whose reset has passed."""
    figure = plot_history(series([50, 55, 60, 60, 60, 60], minutes=60, reset_hours=3.5), tz="UTC")
    assert "stale" in text_of(figure)
    (grey,) = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert set(grey.y) == {60.0}


def test_a_single_reading_is_a_point():
    """Whoever has just begun to keep history sees that there is something; two readings are a line."""
    assert {trace.mode for trace in plot_history(series([40]), tz="UTC").data if trace.hovertemplate} == {"markers"}
    assert "lines" in {trace.mode for trace in plot_history(series([40, 41]), tz="UTC").data if trace.hovertemplate}


def test_titles_say_left_where_left_is_shown():
    """The same number from the other end, never below nothing."""
    for used, left in ((40, "60 % left"), (120, "0 % left")):
        assert left in str(plot_history(series([used, used]), show="left", tz="UTC").layout.annotations)
        assert f"{used} % used" in str(plot_history(series([used, used]), tz="UTC").layout.annotations)


def test_accounts_differ_in_colour_and_dash(month):
    figure = plot_history(month, windows="weekly")
    lines = [trace for trace in figure.data if trace.showlegend]
    assert len(lines) == 4
    assert len({(trace.line.color) for trace in lines}) == len({trace.line.dash for trace in lines}) == 4
    assert not {trace.line.color for trace in lines} & {QUIET, ATTENTION}, "those of stale readings and early refills"
    assert figure.layout.showlegend


def test_addresses_are_masked_unless_revealed(month):
    assert "kim@example.com" not in plot_history(month).to_json()
    assert "kim@example.com" in plot_history(month, reveal=True).to_json()
    assert "kim@example.com" not in plot_history(month, overlay=True).to_json()
    assert "kim@example.com" not in plot_heatmap(month).to_json()


def test_names_are_escaped():
    figure = plot_history(series([1, 2, 3], account="<b>x</b>"), tz="UTC")
    assert "<b>x</b>" not in figure.to_json().encode().decode("unicode_escape")


def test_a_range_is_cut_and_its_resets_stay_what_they_were(month):
    """Classified in the whole history: a range that begins after the fall still knows it."""
    since = truth.EARLY_REFILL.at - timedelta(hours=1)
    figure = plot_history(month, accounts="ada", windows="weekly", since=since, until=since + timedelta(hours=3))
    assert len(marks(figure, "diamond")) == 1
    low, high = (value / 1000 for value in figure.layout.xaxis.range)
    assert abs(low - since.timestamp()) < 300
    assert abs(high - since.timestamp() - 3 * 3600) < 300


def test_the_axis_is_in_the_zone(month):
    """As numbers that read as local times: a time zone in the trace would cost a hundred times as much."""
    utc, berlin = (plot_history(month, accounts="wren", tz=zone) for zone in ("UTC", "Europe/Berlin"))
    hours = (np.array(berlin.data[1].x) - np.array(utc.data[1].x)) / 3_600_000
    assert hours[0] == 2  # summer time in October
    assert hours[-1] == 1


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
def test_wall_time_is_that_of_the_zone(name):
    """Also in the nights in which the clock changes, and for zones that can only be asked one by one."""
    begun = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    times = np.sort(np.random.default_rng(5).integers(begun, begun + 366 * 86_400 * 10**6, 20_000))
    expected = pd.DatetimeIndex(times.view("M8[us]"), tz="UTC").tz_convert(name).tz_localize(None)
    # In the night on which the clock goes back two hours share the room of one: there the times differ.
    near = np.abs(times - _back(name)) <= 3_600 * 10**6
    for zone in (zone_of(name), dateutil.tz.gettz(name)):
        found = wall_time(times, zone)
        np.testing.assert_array_equal(found[~near], expected.as_unit("us").asi8[~near])
        assert (np.diff(found) > 0).all() or name == "UTC"


def test_a_line_never_runs_backwards_and_the_repeated_hour_is_not_merged_with_its_twin():
    """01:30 in the night of the change comes twice: first at a quarter of the hour that both share, then later."""
    times = pd.date_range("2026-10-24T23:30Z", "2026-10-25T02:30Z", freq="30min").as_unit("us").asi8
    said = pd.to_datetime(wall_time(times, zone_of("Europe/Berlin")), unit="us").strftime("%H:%M").tolist()
    assert said == ["01:30", "02:00", "02:15", "02:30", "02:45", "03:00", "03:30"]


def _back(name: str) -> int:
    """When the clock of a zone goes back in 2026, in microseconds since 1970; 0 where it never does."""
    hours = pd.date_range("2026-01-01", "2026-12-31", freq="30min", tz="UTC")
    offsets = np.array([hour.utcoffset().total_seconds() for hour in hours.tz_convert(name)])
    back = hours[1:][np.diff(offsets) < 0]
    return int(back[0].timestamp()) * 10**6 if len(back) else 0


@pytest.mark.parametrize("overlay", [False, True])
@pytest.mark.parametrize("frame", [to_frame(()), series([float("nan")] * 3)])
def test_nothing_to_draw_is_said(frame, overlay):
    assert "No readings" in text_of(plot_history(frame, overlay=overlay))


def test_a_naive_moment_is_refused(month):
    with pytest.raises(ValueError, match="no time zone"):
        plot_history(month, since=datetime(2026, 11, 1))  # noqa: DTZ001 - this is what is tested


def test_overlay_lays_cycles_over_the_share_of_the_window(month):
    figure = plot_history(month, accounts="ada", windows="weekly", overlay=True)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(lines) == 6
    assert [trace.line.width for trace in lines] == [1.2] * 5 + [3]
    assert all(min(trace.x) >= 0 and max(trace.x) <= 100 for trace in lines)
    assert "early refill" in text_of(figure)


def test_the_demo_says_so(month):
    assert "demo accounts" in text_of(plot_history(month))
    assert "demo accounts" in text_of(plot_heatmap(month))
    assert "demo" not in text_of(plot_history(series([1, 2, 3])))


def test_many_readings_make_a_light_figure():
    """A hundred thousand readings that all differ stay within the points that a screen can show."""
    chance = np.random.default_rng(1)
    used = np.round(np.linspace(0, 80, 100_000) + chance.random(100_000), 3)
    used[50_000] = 99.5
    figure = plot_history(series(used, minutes=0.1), tz="UTC")
    points = sum(len(trace.x) for trace in figure.data)
    assert points < MOST_POINTS * 2.5
    assert max(np.nanmax(trace.y) for trace in figure.data if trace.mode == "lines") == 99.5


def test_an_hour_has_its_highest():
    (followed,) = follow_all(series([0, 30, 40, 40, 40, 40, 55, 70, 70], minutes=20))
    assert by_hour(followed, UTC).tolist() == [40, 40, 70]


def test_the_level_carried_into_an_hour_counts_as_well():
    """80 % until an early refill at ten past one: the hour has seen 80 %, the next one has not."""
    (followed,) = follow_all(series([80, 80, 0, 0, 2], minutes=35, reset_hours=100))
    assert by_hour(followed, UTC).tolist() == [80, 80, 2]


def test_one_reading_of_long_ago_makes_no_hours_of_the_years_between():
    frame = series([10, 20, 30], minutes=60)
    old = frame.iloc[:1].assign(
        fetched_at=pd.Timestamp("1900-01-01", tz="UTC"), reset_at=pd.Timestamp("1900-01-02", tz="UTC")
    )
    (followed,) = follow_all(pd.concat([old, frame], ignore_index=True))
    hours = by_hour(followed, UTC)
    assert len(hours) == 4
    assert len(plot_heatmap(pd.concat([old, frame]), "weekly", form="accounts", since="1899-01-01").data[0].x) < 10


def test_hours_without_readings_keep_the_value_or_are_not_known():
    """Held between readings that are close, unknown over a long pause or after the reset."""
    (followed,) = follow_all(series([10, 20], minutes=240))
    assert by_hour(followed, UTC).tolist() == [10, 10, 10, 10, 20]
    (followed,) = follow_all(series([10, 20], minutes=24 * 60))
    assert by_hour(followed, UTC).tolist() == [10, 20]
    (followed,) = follow_all(series([10, 20], minutes=240, reset_hours=2))
    hours = by_hour(followed, UTC)
    assert (hours.index.hour.tolist(), hours.tolist()) == ([0, 1, 4], [10, 10, 20])


@pytest.mark.parametrize(("since", "until", "hours"), [(65, 125, [1, 2]), (60, 119, [1]), (59, None, [0, 1, 2, 3])])
def test_the_hours_of_a_range_are_those_that_it_touches(since, until, hours):
    (followed,) = follow_all(series([10, 20], minutes=180))
    start = int(START.timestamp()) * 10**6
    high = None if until is None else start + until * 60 * 10**6
    assert by_hour(followed, UTC, start + since * 60 * 10**6, high).index.hour.tolist() == hours


def test_hours_are_those_of_the_zone():
    """Also of zones that are half an hour off."""
    (followed,) = follow_all(series([10] * 30, minutes=60))
    for zone, shift in (("UTC", 0), ("Asia/Kolkata", 5.5), ("America/New_York", -4)):
        hours = by_hour(followed, zone_of(zone))
        assert set(hours.index.minute) == {0}
        grid = by_week(hours)
        assert grid[0, 12 + int(shift)] == 10
        assert np.isnan(grid[4]).all()


def test_the_week_heatmap_has_a_panel_for_each_account(month):
    figure = plot_heatmap(month)
    grids = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [np.array(trace.z).shape for trace in grids] == [(7, 24)] * 3
    assert {trace.zmax for trace in grids} == {100}
    full = sum((np.nan_to_num(np.array(trace.z)) >= 100).sum() for trace in grids)
    crosses = sum(len(trace.x) for trace in figure.data if trace.type == "scatter")
    assert crosses == full > 0


def test_the_account_heatmap_shows_the_last_week(month):
    figure = plot_heatmap(month, form="accounts")
    grid = np.array(figure.data[0].z)
    assert grid.shape[0] == 3
    assert 7 * 24 <= grid.shape[1] <= 7 * 24 + 2


def test_a_gap_is_empty_in_the_heatmap(month):
    hour = timedelta(hours=1)
    gap = {"since": truth.GAP.since + hour, "until": truth.GAP.until - hour}
    figure = plot_heatmap(month, form="accounts", accounts="kim@example.com", **gap)
    assert "No readings" in text_of(figure)


def test_unknown_words_are_refused(month):
    with pytest.raises(ValueError, match=r"no form 'month'.*week"):
        plot_heatmap(month, form="month")


@pytest.mark.parametrize("draw", [plot_history, plot_heatmap])
def test_what_is_no_frame_of_readings(draw, month):
    """Is told by what it is, with where readings are found."""
    with pytest.raises(TypeError, match=r"frame is list instead of a DataFrame: .*the \.frame\(\) of a History"):
        draw([1, 2])
    with pytest.raises(ValueError, match=r"frame has no column limit, fetched_at: .* or the \.windows of session logs"):
        draw(month.drop(columns=["limit", "fetched_at"]))


@pytest.mark.parametrize("draw", [plot_history, plot_heatmap])
def test_an_unknown_account_is_an_error_and_no_empty_chart(draw, month):
    with pytest.raises(ValueError, match=r"no account 'wrem'. Did you mean wren"):
        draw(month, accounts="wrem")


def test_a_window_that_nobody_has_is_an_empty_chart_and_an_unknown_one_an_error(month):
    """Not every plan has every window, and a notebook shall run on all of them."""
    assert not plot_history(month, windows="daily").data
    with pytest.raises(ValueError, match=r"no window 'weeky'. Did you mean weekly"):
        plot_history(month, windows="weeky")


def test_two_people_with_one_mask_are_two_lines():
    frame = pd.concat(
        [
            series([10, 20], account="kim@example.com"),
            series([30, 40], account="kirk@example.com").assign(account_key="k2"),
        ]
    )
    labels = [line.label for line in history_lines(frame)]
    assert sorted(labels) == ["ki...@example.com (1)", "ki...@example.com (2)"]
    figure = plot_heatmap(frame, window="weekly", form="accounts", tz="UTC")
    rows = [text for text in figure.layout.yaxis.ticktext if "ki...@example" in text]
    assert len(set(rows)) == 2


def test_until_is_exclusive_and_moments_come_in_any_form():
    """The reading at the bound itself is not in the range."""
    frame = series([1, 2, 3], minutes=60)
    last = frame["fetched_at"].max()
    assert plot_history(frame, until=last, tz="UTC").data
    assert history_lines(frame, since=last, until=last + pd.Timedelta(microseconds=1))
    assert not history_lines(frame, since=last, until=last.isoformat())
    assert history_lines(frame, since=pd.Timedelta(0)), "back from the newest reading"
    assert not history_lines(frame, since=pd.Timedelta(0), now=last + pd.Timedelta(seconds=1))
