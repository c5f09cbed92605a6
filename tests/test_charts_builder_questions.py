"""The builder's own questions: weekday, hour and burn; first charts; gaps; classes; what a chart shows of itself."""

import numpy as np
import pandas as pd
import plotly.io as pio
import pytest
from builder_support import QUOTA, same

import quota_helpers as qh
from quota_helpers.charts.builder import PLOTLY, ChartSpec, build_chart, columns_of, default_spec
from quota_helpers.errors import ChartError
from quota_helpers.periods import with_burn

RESET = pd.Timestamp("2026-11-30", tz="UTC")


def readings(minutes, used, window="five_hour", length=18_000.0):
    """Readings of one window, so many minutes after a Saturday's 22:00."""
    at = pd.Timestamp("2026-11-21T22:00Z") + pd.to_timedelta(minutes, unit="min")
    return pd.DataFrame(
        {
            "account": "ada",
            "account_key": "a1",
            "limit": "codex",
            "window": window,
            "used_percent": np.asarray(used, float),
            "remaining_percent": 100.0 - np.asarray(used, float),
            "reset_at": RESET.as_unit("us"),
            "window_seconds": length,
            "fetched_at": at.as_unit("us"),
        }
    )


TOKENS = pd.DataFrame(
    {
        "time": pd.to_datetime(["2026-11-20T10:05Z", "2026-11-20T10:50Z", "2026-11-21T11:00Z"]),
        "session": ["s1", "s1", "s2"],
        "input": [1, 2, 3],
        "total": [10, 20, 40],
        "model": ["big", "small", "big"],
    }
)


def table(chart):
    """What was drawn, as rows."""
    return chart.data.to_numpy().tolist()


def test_burn_by_weekday_weighs_every_reading_with_its_hours():
    """6 points in 2 hours of Saturday's night and 2 in half an hour of Sunday are 3 and 4 an hour."""
    frame = readings([0, 60, 119, 150], [0, 2, 6, 8])
    frame.loc[3, "fetched_at"] = frame["fetched_at"][2] + pd.Timedelta(minutes=30)
    chart = same(frame, default_spec(frame, x="weekday", y="burn_per_hour"))
    assert (chart.spec.kind, chart.spec.aggregation) == ("bar", "mean")
    drawn = dict(table(chart))
    assert drawn["Saturday"] == pytest.approx(6 / (119 / 60))
    assert drawn["Sunday"] == pytest.approx(4.0)
    assert chart.figure.layout.xaxis.categoryarray[:2] == ("Monday", "Tuesday")
    day = same(frame, default_spec(frame, x="weekday", y="burn_per_day"))
    assert dict(table(day))["Sunday"] == pytest.approx(96.0)


@pytest.mark.parametrize(("minutes", "known"), [(119, True), (120, True), (121, False)])
def test_burn_is_unknown_after_a_pause(minutes, known):
    """Two hours of a five-hour window are no pause; more are."""
    assert with_burn(readings([0, minutes], [1, 3]))["burn_per_hour"].notna().tolist() == [False, known]


def test_burn_of_cycles_is_the_peak_over_the_time_that_was_seen():
    """From the first reading on; a cycle with one reading has none."""
    cycles = qh.cycles(readings([0, 60, 90], [4, 10, 16]))
    assert with_burn(cycles)["burn_per_hour"].tolist() == [8.0]
    assert with_burn(qh.cycles(readings([0], [4])))["burn_per_hour"].isna().all()
    assert "burn_per_day" in columns_of(cycles)
    same(cycles, default_spec(cycles, x="hour", y="burn_per_day"))


def test_rates_of_ones_own_are_weighed_where_their_hours_are_known():
    """And only by a mean; a column `points` or `hours` alone is one like any other."""
    own = pd.DataFrame({"k": ["a", "a"], "burn_per_hour": [1.0, 4.0], "points": [3.0, 4.0], "hours": [3.0, 1.0]})
    mean = {"x": "k", "y": "burn_per_hour", "kind": "bar", "aggregation": "mean"}
    assert table(same(own, ChartSpec(**mean))) == [["a", 1.75]]
    assert table(same(own.drop(columns="hours"), ChartSpec(**mean))) == [["a", 2.5]]
    by_hours = ChartSpec(x="hours", y="burn_per_hour", kind="bar", aggregation="max")
    assert table(same(own.drop(columns="points"), by_hours)) == [[1.0, 4.0], [3.0, 1.0]]


def test_tokens_by_hour_are_added_up():
    """Hours of the frame's own zone, which the axis names."""
    chart = same(TOKENS, default_spec(TOKENS, x="hour", y="total"))
    assert table(chart) == [[10, 30], [11, 40]]
    assert chart.figure.layout.xaxis.title.text == "hour (UTC)"
    berlin = TOKENS.assign(time=TOKENS["time"].dt.tz_convert("Europe/Berlin"))
    assert table(same(berlin, default_spec(berlin, x="hour", y="total"))) == [[11, 30], [12, 40]]


@pytest.mark.parametrize("kind", ["bar", "line", "scatter", "area", "box", "violin", "histogram", "heatmap"])
@pytest.mark.parametrize("question", ["weekday", "hour", "burn_per_hour", "burn_per_day"])
def test_every_question_in_every_kind_and_role(question, kind):
    """As x, y, colour and facet: the code makes the same figure."""
    heat = kind == "heatmap"
    for roles in ({"x": question}, {"y": question}, {"color": question}, {"facet": question}):
        how = "count" if heat else "none"
        y = "window" if heat else "used_percent"
        spec = ChartSpec(**({"x": "fetched_at", "y": y, "kind": kind, "aggregation": how} | roles))
        assert same(QUOTA, spec).figure.data


def test_questions_filter():
    """A question can stand in the filter without being drawn."""
    condition = 'hour < 12 and weekday == "Sunday"'
    chart = same(QUOTA, ChartSpec(x="account", kind="bar", aggregation="count", filter=condition))
    times = QUOTA["fetched_at"].dt
    assert chart.data["rows"].sum() == ((times.hour < 12) & (times.day_name() == "Sunday")).sum()


def test_weekdays_of_a_heatmap_run_from_monday():
    """Not by the alphabet, along either side."""
    up = same(QUOTA, ChartSpec(x="hour", y="weekday", kind="heatmap"))
    assert list(up.data.index) == ["Monday", "Sunday"]
    along = same(QUOTA, ChartSpec(x="weekday", y="hour", kind="heatmap"))
    assert list(along.data.columns) == ["Monday", "Sunday"]


def test_a_frames_own_columns_come_first():
    """Who has a column `hour` keeps it; a frame without times is asked nothing."""
    own = pd.DataFrame({"hour": ["early", "late"], "at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    assert columns_of(own) == ("hour", "at", "weekday")
    assert columns_of(pd.DataFrame({"n": [1]})) == ("n",)
    assert "burn_per_day" not in columns_of(QUOTA.assign(points=1))


def test_first_charts():
    """Readings over time, the peaks of cycles, the tokens a day by model: never a line of `input` by hash."""
    assert (default_spec(TOKENS).x, default_spec(TOKENS).y, default_spec(TOKENS).color) == ("time", "total", "model")
    assert (default_spec(TOKENS).kind, default_spec(TOKENS).aggregation, default_spec(TOKENS).every) == (
        "bar",
        "sum",
        "day",
    )
    cycles = qh.cycles(QUOTA)
    assert (default_spec(cycles).x, default_spec(cycles).y, default_spec(cycles).kind) == (
        "began_at",
        "peak_used",
        "scatter",
    )
    for frame in (TOKENS, cycles, TOKENS.iloc[:0], cycles.iloc[:0]):
        same(frame, default_spec(frame))


@pytest.mark.parametrize(("hours", "lifted"), [(10, False), (11, True)])
def test_a_line_stops_at_a_gap(hours, lifted):
    """More than ten times the usual distance; the rows that are drawn stay what they are."""
    at = pd.to_datetime([*range(20), 19 + hours], unit="h", origin="2026-01-01")
    frame = pd.DataFrame({"at": at, "v": np.arange(21.0)})
    chart = same(frame, ChartSpec(x="at", y="v"))
    assert np.isnan(np.asarray(chart.figure.data[0].y, float)).sum() == lifted
    assert len(chart.data) == 21


def test_a_line_of_days_stops_where_a_day_is_missing():
    """Each account by itself: one's readings are no bridge over the gap of another."""
    at = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-01", "2026-01-02", "2026-01-03"])
    frame = pd.DataFrame({"at": at, "who": ["a"] * 3 + ["b"] * 3, "v": 1.0})
    chart = same(frame, ChartSpec(x="at", y="v", color="who", aggregation="mean", every="day"))
    assert [np.isnan(np.asarray(trace.y, float)).sum() for trace in chart.figure.data] == [1, 0]


@pytest.mark.parametrize(("how", "values"), [("last", [0, 2, 4, 6, 7]), ("mean", [0, 1.5, 3.5, 5.5, 7])])
def test_the_hour_that_comes_twice_stays_two(how, values):
    """Also where the rows have no order of their own."""
    times = pd.date_range("2026-10-24T23:30Z", periods=8, freq="30min")
    frame = pd.DataFrame({"at": times.tz_convert("Europe/Berlin"), "v": np.arange(8.0)}, index=[0] * 8)
    chart = same(frame, ChartSpec(x="at", y="v", aggregation=how, every="hour"))
    assert chart.data["at"].dt.strftime("%H:%M").tolist() == ["01:00", "02:00", "02:30", "03:00", "04:00"]
    assert chart.data["v"].tolist() == values
    bars = same(frame, ChartSpec(x="at", y="v", kind="bar", aggregation=how, every="hour")).figure.data[0]
    assert bars.xperiod is None


@pytest.mark.parametrize(("top", "step", "last"), [(1000, 20, 1000), (100, 2, 100), (1, 0.02, 1.0), (3, 0.05, 3.0)])
def test_classes_begin_where_they_say(top, step, last):
    """Each cell at a round multiple of a round step, which the axis names, and every value in its own."""
    values = np.linspace(0, top, 2001)
    frame = pd.DataFrame({"v": values, "k": "a", "n": 1.0})
    chart = same(frame, ChartSpec(x="v", y="k", kind="heatmap"))
    assert chart.figure.layout.xaxis.title.text == f"v, in steps of {step:g}"
    begins = np.asarray(chart.data.columns, float)
    assert begins[0] == 0
    assert begins[-1] == last
    assert np.allclose(np.diff(begins), step)
    assert chart.data.iloc[0, 0] == (values < step - 1e-9).sum()


def test_days_are_drawn_over_their_day():
    """A bar of a day is not drawn from noon to noon."""
    frame = pd.DataFrame({"at": pd.date_range("2026-01-01", periods=48, freq="h"), "v": 1.0})
    bars = same(frame, ChartSpec(x="at", y="v", kind="bar", aggregation="sum", every="day")).figure.data[0]
    assert (bars.xperiod, bars.xperiodalignment) == (86_400_000, "middle")


def test_the_look_is_the_templates():
    """Ours in the layout and nowhere else, so that another one changes all of it; a chosen default wins."""
    chart = build_chart(QUOTA, x="account", y="used_percent")
    assert chart.figure.layout.template.layout.font.color == "#7A7A7A"
    assert chart.figure.layout.paper_bgcolor is None
    chart.figure.update_layout(template="plotly_dark")
    assert chart.figure.layout.template.layout.paper_bgcolor == "rgb(17,17,17)"
    before = pio.templates.default
    try:
        pio.templates.default = "plotly_white"
        assert "template" not in build_chart(QUOTA, x="account", y="used_percent").code
    finally:
        pio.templates.default = before


def test_names_are_no_markup():
    """Neither values nor names of columns."""
    frame = pd.DataFrame({"<b>who</b>": ["<i>ada</i>", "a & b"], "v": [1.0, 2.0]})
    chart = same(frame, ChartSpec(x="<b>who</b>", y="v", kind="bar", color="<b>who</b>"))
    assert {trace.name for trace in chart.figure.data} == {"&lt;i&gt;ada&lt;/i&gt;", "a &amp; b"}
    assert chart.figure.layout.title.text == "v by <b>who</b>".replace("<", "&lt;").replace(">", "&gt;")


def test_a_chart_shows_itself_masked():
    """Two people whose masked addresses look alike stay two; the figure itself is the frame's."""
    frame = pd.DataFrame({"who": ["kim@example.com", "kirk@example.com"], "v": [1.0, 2.0]})
    chart = build_chart(frame, x="who", y="v")
    bundle = chart._repr_mimebundle_()
    assert bundle[PLOTLY]["data"][0]["x"] == ["ki...@example.com (1)", "ki...@example.com (2)"]
    assert "kim@" not in str(bundle)
    assert list(chart.figure.data[0].x) == ["kim@example.com", "kirk@example.com"]
    assert bundle["text/plain"] == "<BuiltChart bar: mean of v by who, 2 rows drawn.>"


def test_the_code_names_the_frame_it_was_given():
    """The variable where the call stands; `name=` when that is given; "frame" where there is none."""
    my_readings = QUOTA.copy()
    assert "(my_readings, " in build_chart(my_readings, x="account", y="used_percent").code
    assert "(other, " in build_chart(my_readings, x="account", y="used_percent", name="other").code
    assert "(frame, " in build_chart(QUOTA.copy(), x="account", y="used_percent").code


def test_a_choice_that_is_none():
    """Is named, with those there are."""
    for spec in (None, default_spec(QUOTA)):
        with pytest.raises(ChartError, match=r"There is no choice 'colour'\. There are: x, y, color"):
            build_chart(QUOTA, spec, colour="account")
