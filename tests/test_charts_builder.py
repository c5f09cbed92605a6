"""The builder's pure half: of whatever choices, the code that is shown makes the chart that is shown."""

import re

import numpy as np
import pandas as pd
import pytest
from builder_support import OTHERS, QUOTA, big_frame, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import quota_helpers as qh
from quota_helpers.charts.builder import (
    AGGREGATIONS,
    EVERY,
    KINDS,
    ChartSpec,
    build_chart,
    columns_of,
    default_spec,
)
from quota_helpers.errors import ChartError

VALUES = ("histogram", "box", "violin")  # these show all values and take no aggregation


@pytest.mark.parametrize(
    ("kind", "aggregation"),
    [(kind, how) for kind in KINDS for how in (AGGREGATIONS if kind not in VALUES else ("none", "mean"))],
)
def test_every_kind_with_every_aggregation(kind, aggregation):
    """With colour and a step, with and without facets, on readings with gaps, each pair draws something."""
    y = {"heatmap": "account", "histogram": None}.get(kind, "remaining_percent")
    color = "remaining_percent" if kind == "heatmap" else "window"
    facet = "account" if aggregation in {"none", "mean"} else None
    spec = ChartSpec(x="fetched_at", y=y, color=color, facet=facet, kind=kind, aggregation=aggregation, every="day")
    chart = same(QUOTA, spec)
    assert chart.figure.data
    assert "(missing)" in {trace.name for trace in chart.figure.data} or kind == "heatmap"


maybe = st.none() | st.sampled_from(columns_of(QUOTA))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.builds(
        ChartSpec,
        x=maybe,
        y=maybe,
        color=maybe,
        facet=maybe,
        kind=st.sampled_from(KINDS),
        aggregation=st.sampled_from(AGGREGATIONS),
        every=st.sampled_from(EVERY),
        filter=st.sampled_from(["", "used_percent > 30", 'window == "weekly" and allowed']),
    )
)
def test_any_choice_is_a_chart_or_an_advice(spec):
    """Nothing that can be chosen ends in a traceback of pandas or plotly."""
    try:
        same(QUOTA, spec)
    except ChartError as error:
        told = str(error)
    else:
        return
    # Refusals are ours, with what to choose instead; a bare "ValueError: ..." would be theirs.
    assert re.search(r"\b(needs|Choose|both an x|No row passes)\b", told), told


def test_the_code_reads_as_a_person_would_write_it():
    """Imports, the rows, the call, the look: nothing that the choices do not ask for."""
    spec = ChartSpec(x="account", y="remaining_percent", kind="bar", aggregation="mean", filter='window == "weekly"')
    assert build_chart(QUOTA, spec, name="mine").code.splitlines()[:15] == [
        "import plotly.express as px",
        "from quota_helpers.charts.builder import chart_rows",
        "",
        "data = chart_rows(",
        "    mine,",
        '    x="account",',
        '    y="remaining_percent",',
        '    kind="bar",',
        '    aggregation="mean",',
        "    filter='window == \"weekly\"',",
        ")",
        "figure = px.bar(",
        "    data,",
        '    x="account",',
        '    y="remaining_percent",',
    ]


def test_numbers_are_those_of_the_frame():
    """What is drawn is what pandas says, and unknown stays unknown."""
    frame = pd.DataFrame({"k": ["a", "a", "b", "c"], "v": [1.0, 4.0, 10.0, None]})
    drawn = {
        how: dict(same(frame, ChartSpec(x="k", y="v", kind="bar", aggregation=how)).data.to_numpy().tolist())
        for how in AGGREGATIONS
        if how != "none"
    }
    assert {how: values["a"] for how, values in drawn.items()} == {
        "mean": 2.5,
        "median": 2.5,
        "min": 1,
        "max": 4,
        "sum": 5,
        "count": 2,
        "last": 4,
    }
    assert drawn["count"]["c"] == 0
    assert all(np.isnan(drawn[how]["c"]) for how in ("mean", "sum", "last"))


@pytest.mark.parametrize(
    ("every", "first"), [("hour", "2026-10-25T01:00"), ("day", "2026-10-25"), ("week", "2026-10-19")]
)
def test_times_are_rounded_down_in_their_own_zone(every, first):
    """Also in the night that has an hour twice; weeks begin on Monday; the axis names the zone."""
    times = pd.date_range("2026-10-24T23:30Z", periods=200, freq="30min").tz_convert("Europe/Berlin")
    frame = pd.DataFrame({"time": times, "v": np.arange(200.0)})
    chart = same(frame, ChartSpec(x="time", y="v", aggregation="last", every=every))
    assert chart.data["time"].iloc[0] == pd.Timestamp(first)
    assert chart.data["v"].iloc[-1] == 199
    assert chart.figure.layout.xaxis.title.text == f"time (Europe/Berlin), by {every}"


def test_rows_that_cannot_be_drawn_are_counted():
    """A chart that leaves rows out says how many."""
    chart = same(QUOTA, ChartSpec(x="reset_at", y="used_percent", kind="scatter"))
    missing = QUOTA["reset_at"].isna().sum(), QUOTA["used_percent"].isna().sum()
    assert chart.notes == (
        f"{missing[0]} rows have no reset_at and cannot be drawn",
        f"{missing[1]} rows have no used_percent and cannot be drawn",
    )


def test_what_does_not_apply_is_said():
    """Choices that a kind of chart has no use for are no errors, but they are not passed over either."""
    chart = same(QUOTA, ChartSpec(x="window", y="plan", kind="histogram", aggregation="mean", every="day"))
    assert len(chart.notes) == 3
    assert build_chart(QUOTA, ChartSpec(x="plan", y="window", facet="state", kind="heatmap")).notes == (
        "a heatmap has no facets",
        "a cell is the count of its rows",
    )


@pytest.mark.parametrize("kind", ["line", "bar", "histogram", "box"])
def test_a_million_rows_are_sampled_and_the_code_says_so(kind):
    """What reaches the browser stays small; the sample is seeded, so that the code draws the same one."""
    frame = big_frame()
    chart = same(frame, ChartSpec(x="percent" if kind == "histogram" else "at", y="percent", kind=kind))
    assert len(chart.data) == chart.spec.room
    assert chart.code.split("\n\n")[1].splitlines()[0] == f"# {chart.notes[0]}"
    assert chart.notes[0].startswith(f"{chart.spec.room:,} of 1,000,000 rows, drawn at random")
    assert len(chart.figure.to_json()) < 5_000_000


def test_a_million_rows_are_summarized_in_full():
    """An aggregation needs no sample: every row counts."""
    frame = big_frame()
    chart = same(frame, ChartSpec(x="account", kind="bar", aggregation="count"))
    assert chart.data["rows"].sum() == 1_000_000
    cells = same(frame, ChartSpec(x="at", y="account", kind="heatmap"))
    assert cells.data.to_numpy().sum() == 1_000_000
    assert cells.data.shape == (40, 58)
    assert "at random" not in chart.code + cells.code


def test_too_many_colours_are_put_together():
    """The most frequent keep their own, and the code says what happened to the others."""
    names = [f"n{number:03}" for number in range(50)]
    frame = pd.DataFrame({"name": [*names, *names[:20]], "v": 1.0})
    chart = same(frame, ChartSpec(x="v", y="v", color="name", kind="scatter"))
    assert {trace.name for trace in chart.figure.data} == {*names[:20], "(other)"}
    assert chart.notes == ("name has 50 values: the 20 most frequent, the others as (other)",)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("remaining_percent <", "SyntaxError"),
        ("nope == 1", "name 'nope' is not defined"),
        ("remaining_percent + 1", "not true or false for each row"),
        ("account", "not true or false for each row"),
        ("used_percent = 1", "not true or false for each row"),
        ("account > 3", "TypeError"),
        ("used_percent < @limit", "Only the frame's columns are known here"),
        ("used_percent > 1000", "No row passes the filter"),
    ],
)
def test_a_filter_that_cannot_be_used(condition, told):
    """Is told in one sentence, in pandas' words where it is pandas that refused."""
    with pytest.raises(ChartError, match=told):
        build_chart(QUOTA, ChartSpec(x="account", kind="bar", aggregation="count", filter=condition))


def test_filters_with_odd_names_and_quotes():
    """Backticks for names, both kinds of quotes for values; the text stands in the code as it was typed."""
    frame = pd.DataFrame({"a blank": ["it's", 'say "x"', "c"], "v": [1, 2, 3]})
    for condition in ('`a blank` == "it\'s"', "`a blank` == 'say \"x\"'", "v > 1 and `a blank` != 'c'"):
        assert len(same(frame, ChartSpec(x="a blank", y="v", kind="bar", filter=condition)).data) == 1


def test_what_is_no_frame_and_no_name():
    """Bad input is named, with what is expected."""
    with pytest.raises(ChartError, match="needs a pandas DataFrame, not list"):
        default_spec([1, 2])
    for name in ("my frame", "class", "px", "", "x; import os"):
        with pytest.raises(ChartError, match="name must be the variable that holds the frame"):
            build_chart(QUOTA, default_spec(QUOTA), name=name)
    with pytest.raises(ChartError, match=r"no column 'Windw'\. Did you mean window"):
        build_chart(QUOTA, ChartSpec(x="Windw", y="used_percent"))


@pytest.mark.parametrize(
    "choices",
    [
        {"kind": "pie"},
        {"aggregation": "average"},
        {"every": "month"},
        {"x": 3},
        {"filter": None},
    ],
)
def test_a_spec_checks_itself(choices):
    """A wrong word or type is refused where it is written, with the name of the field."""
    with pytest.raises(ChartError, match=f"^{next(iter(choices))} must be"):
        ChartSpec(**choices)


@pytest.mark.parametrize("name", ["data", "rows", "frame", "größe"])
def test_the_frame_may_have_any_name(name):
    """The code's own names give way, so that a frame called `data` is not overwritten."""
    same(QUOTA, default_spec(QUOTA), name=name)


def test_the_first_chart_suits_the_frame():
    """Times first, then names, then numbers; for quota readings what is left of each window."""
    demo = qh.to_frame(qh.demo().collect())
    assert default_spec(demo) == ChartSpec(
        x="account", y="remaining_percent", color="window", kind="bar", aggregation="min"
    )
    history = default_spec(QUOTA)
    assert (history.x, history.y, history.color, history.facet) == (
        "fetched_at",
        "remaining_percent",
        "window",
        "account",
    )
    assert default_spec(pd.DataFrame({"n": [1.0]})).kind == "histogram"
    assert default_spec(pd.DataFrame({"n": [1.0], "m": [2]})).kind == "scatter"
    assert default_spec(pd.DataFrame({"word": ["a"]})).aggregation == "count"
    assert default_spec(pd.DataFrame({"word": ["a"], "n": [1]})).aggregation == "mean"
    for frame in (demo, demo.iloc[:0], QUOTA, OTHERS, big_frame(100)):
        same(frame, default_spec(frame))


def test_an_empty_frame_gives_an_empty_chart_that_says_so():
    """Every kind but the heatmap, which has no cells to show then and says that."""
    empty = QUOTA.iloc[:0]
    for kind in KINDS:
        spec = ChartSpec(x="account", y="remaining_percent", kind=kind)
        if kind == "heatmap":
            with pytest.raises(ChartError, match="no row to draw"):
                build_chart(empty, spec)
        else:
            assert same(empty, spec).notes == ("there is no row to draw",) or kind == "histogram"


def test_a_frame_without_columns():
    """Nothing can be chosen, and that is what is said."""
    with pytest.raises(ChartError, match="needs y"):
        build_chart(pd.DataFrame(), default_spec(pd.DataFrame()))
