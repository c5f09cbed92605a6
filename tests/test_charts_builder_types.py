"""The builder's pure half: any DataFrame can be drawn, whatever its columns hold and are called."""

import pandas as pd
import pytest
from builder_support import ODD, OTHERS, QUOTA, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quota_helpers.charts.builder import KINDS, ChartSpec, build_chart, columns_of, default_spec
from quota_helpers.errors import ChartError

DTYPES = pd.concat(
    [QUOTA.head(24)[["account", "window", "reset_at", "resets_in", "allowed"]], OTHERS.drop(columns=ODD)], axis=1
)


def rotated(columns, number):
    """Three of the columns: over a third of all numbers each of them comes once, in one of three roles."""
    return [columns[(number + shift) % len(columns)] for shift in (0, 10, 20)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_every_type(kind):
    """Each type of pandas comes once with each kind, and over all kinds at least twice as x, as y and as colour."""
    columns = list(DTYPES)
    assert len(columns) % 3 == 0
    drawn = []
    for number in range(KINDS.index(kind) % 3, len(columns), 3):
        x, y, color = rotated(columns, number)
        spec = ChartSpec(x=x, y=y, color=color, kind=kind, aggregation="count" if kind == "heatmap" else "none")
        if kind == "heatmap" and "all nan" in {x, y}:
            with pytest.raises(ChartError, match="no row to draw with both"):
                build_chart(DTYPES, spec)
        else:
            same(DTYPES, spec)
        drawn += [x, y, color]
    assert sorted(drawn) == sorted(columns)


@pytest.mark.parametrize("number", range(len(columns_of(QUOTA))))
def test_every_column_of_the_tidy_frame_in_every_role(number):
    """Each column of COLUMNS is drawn wherever it is put."""
    columns = columns_of(QUOTA)
    x, y, color, facet = (columns[(number + shift) % len(columns)] for shift in (0, 3, 5, 11))
    same(QUOTA, ChartSpec(x=x, y=y, color=color, facet=facet, kind="scatter"))


@pytest.mark.parametrize("name", ODD)
def test_odd_names(name):
    """A name with blanks, quotes or line breaks stands in the code as a text, in every role."""
    same(OTHERS, ChartSpec(x=name, y="infinite", color=name, facet=name, kind="bar"))
    same(OTHERS, ChartSpec(x="naive", y=name, color="bool", kind="heatmap", aggregation="count"))


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(st.text(min_size=1), st.sampled_from(["bar", "histogram", "box", "heatmap"]))
def test_no_name_breaks_out_of_the_code(name, kind):
    """A column may be called anything: it stands in the code as a text, and the frame stays as it was."""
    frame = pd.DataFrame({name: ["a", "b", "b"], "value of mine": [1, 2, 3], "other of mine": ["p", "q", "q"]})
    y = "other of mine" if kind == "heatmap" else "value of mine"
    chart = same(frame, ChartSpec(x=name, y=y, kind=kind))
    assert next(iter(chart.data.columns)) in {name, "a"}


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


def test_index_levels_can_be_chosen():
    """A named index, an unnamed one that is no row number, several levels; a taken name is not offered twice."""
    named = pd.DataFrame({"v": [1, 2]}, index=pd.Index(["a", "b"], name="who"))
    assert columns_of(named) == ("v", "who")
    assert same(named, ChartSpec(x="who", y="v", kind="bar")).data["who"].tolist() == ["a", "b"]
    unnamed = pd.DataFrame({"v": [1, 2]}, index=pd.date_range("2026-01-01", periods=2, tz="UTC"))
    assert same(unnamed, default_spec(unnamed)).spec.x == "index"
    levels = pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None]))
    assert columns_of(levels) == ("v", "k", "level_1")
    same(levels, ChartSpec(x="level_1", y="v", color="k", kind="scatter"))
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
