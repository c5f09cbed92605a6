"""The builder's pure half: of whatever frame and choices, the code that is shown makes the chart that is shown."""

import datetime as dt
import decimal
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import quota_helpers as qh
from quota_helpers.charts.builder import (
    AGGREGATIONS,
    EVERY,
    KINDS,
    ChartError,
    ChartSpec,
    build_chart,
    columns_of,
    default_spec,
    values_of,
)
from quota_helpers.models import COLUMNS

ODD = ["a blank", "it's", 'say "hi"', "back\\slash", "new\nline", "größe π", "{x}", "%{y}", "class", "", "# no comment"]


def quota_frame(readings=8):
    """Readings of three accounts, with every dtype of COLUMNS and something missing in each."""
    count = readings * 6
    at = pd.Timestamp("2026-03-01T10:00Z") + pd.to_timedelta(np.arange(count) * 37, unit="min")
    used = np.arange(count) * 7.0 % 101
    rows = {
        "account": ["ada", "grace", "linus"] * (count // 3),
        "account_key": [f"key-{number % 3}" for number in range(count)],
        "plan": ["plus", None] * (count // 2),
        "limit": "codex",
        "window": ["five_hour", "weekly", None] * (count // 3),
        "slot": "primary",
        "used_percent": [None if number % 11 == 3 else value for number, value in enumerate(used)],
        "remaining_percent": [None if number % 11 == 3 else 100 - value for number, value in enumerate(used)],
        "reset_at": [None if number % 5 == 2 else when + pd.Timedelta(hours=3) for number, when in enumerate(at)],
        "resets_in": [None if number % 5 == 2 else pd.Timedelta(hours=3) for number in range(count)],
        "window_seconds": 18_000,
        "state": "current",
        "allowed": [True, False, None] * (count // 3),
        "limit_reached": None,
        "name_inferred": False,
        "origin": "demo",
        "fetched_at": at,
    }
    frame = pd.DataFrame(rows)
    return pd.DataFrame({name: frame[name].astype(dtype) for name, dtype in COLUMNS.items()})


def odd_frame():
    """Columns of every other type there is, and names that want care."""
    count = 24
    numbers = np.arange(count)
    days = pd.date_range("2026-10-24", periods=count, freq="3h")
    columns = {
        "category": pd.Categorical([None if n % 7 == 1 else "abc"[n % 3] for n in numbers], categories=list("cbad")),
        "ordered": pd.Categorical(["low", "mid", "high"] * 8, categories=["low", "mid", "high"], ordered=True),
        "numbers in classes": pd.Categorical(numbers % 4),
        "Int64": pd.array([None if n % 6 == 2 else int(n) for n in numbers], dtype="Int64"),
        "Float64": pd.array([None if n % 6 == 4 else n / 3 for n in numbers], dtype="Float64"),
        "bool": numbers % 2 == 0,
        "boolean": pd.array([True, None, False] * 8, dtype="boolean"),
        "berlin": days.tz_localize("Europe/Berlin", ambiguous="NaT"),
        "naive": days,
        "timedelta": pd.to_timedelta(numbers, unit="min").where(numbers % 9 != 1),
        "period": pd.period_range("2026-01", periods=count, freq="M"),
        "interval": pd.cut(numbers, 5),
        "complex": numbers * 1j,
        "infinite": np.where(numbers % 8 == 5, np.inf, numbers),
        "nothing": [None] * count,
        "all nan": np.full(count, np.nan),
        "lists": [[n] for n in numbers],
        "mixed": [None, 1, "x"] * 8,
        "decimal": [decimal.Decimal(int(n)) / 4 for n in numbers],
        "dates": [dt.date(2026, 1, int(n) + 1) for n in numbers],
        "bytes": [b"x", b"y"] * 12,
        "many": [f"value {n}" for n in numbers],
    }
    names = {name: [f"{name[:1]}{n % 3}" for n in numbers] for name in ODD}
    return pd.DataFrame(columns | names)


QUOTA, OTHERS = quota_frame(), odd_frame()


def run(code, frame, name="frame"):
    """What a cell with this code would answer."""
    names = {name: frame}
    before = frame.copy(deep=True)
    exec(code, names)  # noqa: S102 - what the user does with it
    pd.testing.assert_frame_equal(frame, before)
    return names["figure"]


def same(frame, spec, name="frame"):
    """The chart, having checked that its code makes it."""
    chart = build_chart(frame, spec, name=name)
    assert run(chart.code, frame, name).to_json() == chart.figure.to_json()
    assert chart.code.endswith("\nfigure")
    return chart


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_with_every_aggregation(kind, aggregation):
    """With colour, facet and a step, on readings with gaps, each pair makes a chart with something in it."""
    y = {"heatmap": "account", "histogram": None}.get(kind, "remaining_percent")
    color = "remaining_percent" if kind == "heatmap" else "window"
    spec = ChartSpec(x="fetched_at", y=y, color=color, facet="account", kind=kind, aggregation=aggregation, every="day")
    chart = same(QUOTA, spec)
    assert chart.figure.data
    assert "(missing)" in {trace.name for trace in chart.figure.data} or kind == "heatmap"


@pytest.mark.parametrize("column", columns_of(QUOTA))
@pytest.mark.parametrize("role", ["x", "y", "color", "facet"])
def test_every_column_of_the_tidy_frame_in_every_role(column, role):
    """Each dtype of COLUMNS is drawn wherever it is put."""
    same(QUOTA, ChartSpec(**({"x": "fetched_at", "y": "remaining_percent", "kind": "scatter"} | {role: column})))


@pytest.mark.parametrize("column", columns_of(OTHERS))
def test_other_types_and_odd_names(column):
    """Every type of pandas and every name gives a chart as x, as y and as colour, and its code is safe."""
    same(OTHERS, ChartSpec(x=column, y="infinite", kind="scatter", color=column))
    same(OTHERS, ChartSpec(x="naive", y=column, kind="line", color=column))
    same(OTHERS, ChartSpec(x="bool", y="ordered", color=column, kind="heatmap", aggregation="count"))


maybe = st.none() | st.sampled_from(columns_of(QUOTA))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
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
        most_rows=st.sampled_from([None, 5]),
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


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(min_size=1), st.sampled_from(["bar", "histogram", "box", "heatmap"]))
def test_no_name_breaks_out_of_the_code(name, kind):
    """A column may be called anything: it stands in the code as a text, and the frame stays as it was."""
    frame = pd.DataFrame({name: ["a", "b", "b"], "value of mine": [1, 2, 3], "other of mine": ["p", "q", "q"]})
    y = "other of mine" if kind == "heatmap" else "value of mine"
    chart = same(frame, ChartSpec(x=name, y=y, kind=kind, only_column=name, only_values=("b",)))
    assert next(iter(chart.data.columns)) in {name, "b"}


def test_the_code_reads_as_a_person_would_write_it():
    """Imports, the rows, the call, the look: nothing that the choices do not ask for."""
    spec = ChartSpec(
        x="account",
        y="remaining_percent",
        kind="bar",
        aggregation="mean",
        filter='window == "weekly"',
        only_column="plan",
        only_values=("plus", None),
    )
    assert build_chart(QUOTA, spec, name="mine").code.splitlines()[:8] == [
        "import plotly.express as px",
        "",
        """data = mine.query('window == "weekly"', engine="python")""",
        'data = data[data["plan"].isin(["plus"]) | data["plan"].isna()]',
        'data = data[["account", "remaining_percent"]]',
        'data = data.groupby(["account"])["remaining_percent"].mean().reset_index()',
        "figure = px.bar(",
        "    data,",
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


def test_durations_are_hours_and_truth_is_counted():
    """A timedelta is drawn in hours, a boolean y as 0 and 1."""
    hours = same(QUOTA, ChartSpec(x="account", y="resets_in", kind="bar", aggregation="max"))
    assert set(hours.data["resets_in"]) == {3.0}
    assert hours.figure.layout.yaxis.title.text == "max of resets_in (hours)"
    share = same(QUOTA, ChartSpec(x="account", y="allowed", kind="bar", aggregation="mean"))
    assert dict(share.data.to_numpy().tolist())["ada"] == 1.0


def test_an_ordered_category_keeps_its_order():
    """Not by first appearance."""
    frame = pd.DataFrame({"size": pd.Categorical(["L", "S", "M"], categories=["S", "M", "L"], ordered=True), "v": 1})
    chart = same(frame, ChartSpec(x="size", y="v", kind="bar"))
    assert chart.figure.layout.xaxis.categoryarray == ("S", "M", "L")


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


def big_frame(count=1_000_000):
    """A million readings of forty accounts."""
    number = np.arange(count)
    return pd.DataFrame(
        {
            "account": pd.Series([f"a{n:02}" for n in range(40)])[number % 40].to_numpy(),
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(number * 5, unit="s"),
            "percent": number % 101.0,
        }
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "heatmap"])
def test_a_million_rows_are_sampled_and_the_code_says_so(kind):
    """What reaches the browser stays small; the sample is seeded, so that the code draws the same one."""
    frame = big_frame()
    chart = same(frame, ChartSpec(x="percent" if kind == "histogram" else "at", y="percent", kind=kind))
    assert len(chart.data) == chart.spec.room
    assert f"sample({chart.spec.room}, random_state=0)" in chart.code
    assert f"# {chart.notes[0]}\n" in chart.code
    assert chart.notes[0].startswith(f"{chart.spec.room:,} of 1,000,000 rows, drawn at random")
    assert len(chart.figure.to_json()) < 5_000_000


def test_a_million_rows_are_summarized_in_full():
    """An aggregation needs no sample: every row counts."""
    frame = big_frame()
    chart = same(frame, ChartSpec(x="account", kind="bar", aggregation="count"))
    assert chart.data["rows"].sum() == 1_000_000
    cells = same(frame, ChartSpec(x="at", y="account", kind="heatmap"))
    assert cells.data.to_numpy().sum() == 1_000_000
    assert cells.data.shape == (40, 100)
    assert "sample" not in chart.code + cells.code


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


def test_picked_values_of_every_type():
    """What is offered can be picked, and picks exactly the rows that have it."""
    for frame in (QUOTA, OTHERS):
        for column in columns_of(frame):
            for value in list(values_of(frame, column).values())[:3]:
                spec = ChartSpec(x=column, kind="bar", aggregation="count", only_column=column, only_values=(value,))
                chart = same(frame, spec)
                expected = frame[column].isna() if value is None else frame[column] == value
                counted = chart.data["rows"].sum() if "rows" in chart.data else 0
                assert counted == expected.sum() or (value is None and not counted), (column, value)


def test_index_levels_can_be_chosen():
    """A named index, an unnamed one that is no row number, several levels; a taken name is not offered twice."""
    named = pd.DataFrame({"v": [1, 2]}, index=pd.Index(["a", "b"], name="who"))
    assert columns_of(named) == ("v", "who")
    assert ".reset_index()" in same(named, ChartSpec(x="who", y="v", kind="bar")).code
    unnamed = pd.DataFrame({"v": [1, 2]}, index=pd.date_range("2026-01-01", periods=2, tz="UTC"))
    assert same(unnamed, default_spec(unnamed)).spec.x == "index"
    levels = pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None]))
    assert columns_of(levels) == ("v", "k", "level_1")
    same(levels, ChartSpec(x="level_1", y="v", color="k", kind="scatter", only_column="k", only_values=("a",)))
    assert columns_of(named.assign(who=1)) == ("v", "who")
    numbered = pd.DataFrame({"v": [1, 2]}, index=pd.Index([5, 6], name=7))
    same(numbered, ChartSpec(x="7", y="v"))


def test_columns_that_are_no_texts_and_columns_in_levels():
    """They are named as texts, and the code names them so as well."""
    numbers = pd.DataFrame([[1, 2], [3, 4]])
    assert columns_of(numbers) == ("0", "1")
    same(numbers, ChartSpec(x="0", y="1", kind="scatter", filter="`0` > 0"))
    levels = pd.DataFrame([[1, 2], [3, 4]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", 7)]))
    assert columns_of(levels) == ("a · x", "a · 7")
    same(levels, default_spec(levels))


def test_columns_of_one_name_are_refused_with_the_way_out():
    """Also when they only become alike as texts."""
    for names in (["a", "a"], [1, "1"]):
        with pytest.raises(ChartError, match=r"same name: '.'.*~frame\.columns\.duplicated\(\)"):
            default_spec(pd.DataFrame([[1, 2]], columns=names))


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
        {"only_values": "weekly"},
        {"most_rows": 0},
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
