"""The ChartBuilder: controls, state, chart and code move together; what cannot be drawn is told on the page."""

import json
from dataclasses import replace

import pandas as pd
import pytest

import quota_helpers as qh
from quota_helpers.charts.builder import PLOTLY, ChartSpec
from quota_helpers.errors import ChartError
from quota_helpers.widgets.builder import ChartBuilder


@pytest.fixture(scope="module")
def frame():
    """The demo's accounts, one of them named by its e-mail address."""
    return qh.to_frame(qh.demo().collect())


@pytest.fixture
def builder(frame):
    """A builder with its first chart."""
    return ChartBuilder(frame)


def drawn(builder):
    """The chart as the page has it."""
    return builder._output.outputs[0]["data"][PLOTLY]


def run(builder, frame, name="frame"):
    """What a cell with the builder's code would answer."""
    names = {name: frame}
    exec(builder._code.code, names)  # noqa: S102 - what the user does with it
    return names["figure"]


def tell(control, value):
    """What the browser does when somebody chooses."""
    control.set_state({"value": value})


def test_there_is_a_chart_at_once(builder, frame):
    """What is left of each window by account, its code beneath, and no problem."""
    assert (builder.x, builder.y, builder.color) == ("account", "remaining_percent", "window")
    assert builder.problem == ""
    assert drawn(builder) == json.loads(builder.figure.to_json())
    assert builder._code.code == builder.code
    assert run(builder, frame).to_json() == builder.figure.to_json()


def test_controls_change_chart_code_and_state(builder, frame):
    """Every control: what is chosen stands in the spec, in the figure and in the code."""
    for control, value, read in (
        (builder._columns["x"], "plan", lambda: builder.x),
        (builder._columns["y"], "used_percent", lambda: builder.y),
        (builder._columns["color"], "state", lambda: builder.color),
        (builder._columns["facet"], "limit", lambda: builder.facet),
        (builder._words["aggregation"], None, None),
        (builder._words["filter"], "used_percent >= 0", lambda: builder.filter),
    ):
        if read is None:
            control.set_state({"index": control.options.index("max")})
            assert builder.aggregation == "max"
        else:
            tell(control, value)
            assert read() == value
        assert builder.problem == ""
        assert json.loads(run(builder, frame).to_json()) == drawn(builder)
    kinds = builder._words["kind"]
    kinds.set_state({"index": kinds.options.index("box")})
    assert drawn(builder)["data"][0]["type"] == "box"
    tell(builder._columns["facet"], "")
    assert builder.facet is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("x", "fetched_at"),
        ("y", "used_percent"),
        ("color", None),
        ("facet", "plan"),
        ("kind", "line"),
        ("aggregation", "mean"),
        ("every", "day"),
        ("filter", "used_percent > 20"),
    ],
)
def test_setting_an_attribute_draws_again_and_moves_the_control(builder, frame, field, value):
    """`builder.x = ...` is the same as choosing."""
    setattr(builder, field, value)
    assert getattr(builder, field) == value
    assert builder.spec == replace(ChartBuilder(frame).spec, **{field: value})
    assert builder._read() == builder.spec
    assert json.loads(run(builder, frame).to_json()) == drawn(builder)


@pytest.mark.parametrize(
    ("control", "value", "told"),
    [
        ("x", "wind", "there is no column 'wind'. Did you mean window, window_seconds?"),
        ("y", "", "min needs y"),
        ("filter", "used_percent <", "The filter cannot be used. SyntaxError"),
        ("filter", "used_percent > 1000", "No row passes the filter"),
    ],
)
def test_what_cannot_be_drawn_is_told(builder, control, value, told):
    """No exception: a message, the last chart dimmed, and all is well again with the next good choice."""
    before, code = drawn(builder), builder.code
    place = builder._words["filter"] if control == "filter" else builder._columns[control]
    good = place.value
    tell(place, value)
    assert told in builder.problem
    assert "The chart below is the last one" in builder.alerts.value
    assert 'role="alert"' in builder.alerts.value
    assert drawn(builder) == before
    assert builder.code == code
    assert "qb-old" in builder._output._dom_classes
    assert place.value == value, "what was typed stays, to be corrected"
    tell(place, good)
    assert builder.problem == builder.alerts.value == ""
    assert "qb-old" not in builder._output._dom_classes


def test_wrong_names_raise_for_the_one_who_programs(builder):
    """From Python a column that is not there is an error with advice, and nothing has changed."""
    before = builder.spec
    with pytest.raises(ChartError, match=r"no column 'acount'\. Did you mean account"):
        builder.x = "acount"
    with pytest.raises(ChartError, match="kind must be one of line"):
        builder.kind = "pie"
    assert builder.spec == before
    assert builder._read() == before
    with pytest.raises(ChartError, match="a pandas DataFrame"):
        ChartBuilder({"a": [1]})
    with pytest.raises(ChartError, match="same name"):
        ChartBuilder(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(ChartError, match="name must be"):
        ChartBuilder(pd.DataFrame({"a": [1]}), name="my frame")


def test_choices_may_be_incomplete_for_a_while(builder):
    """From one kind to another through a state that makes no chart."""
    builder.y = None
    assert "needs y" in builder.problem
    builder.kind = "histogram"
    assert builder.problem == ""
    assert drawn(builder)["data"][0]["type"] == "histogram"


def test_an_unexpected_error_is_shown_and_raised(builder, monkeypatch):
    """What is no ChartError is a fault of ours: on the page, and in the log."""
    monkeypatch.setattr("quota_helpers.widgets.builder.build_chart", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tell(builder._columns["x"], "plan")
    assert "ZeroDivisionError" in builder.alerts.value


def test_two_builders_do_not_disturb_each_other(frame):
    """Of the same frame or of another one."""
    first, second = ChartBuilder(frame), ChartBuilder(frame, name="frame")
    before = drawn(second)
    first.kind = "scatter"
    tell(first._words["filter"], "used_percent <")
    assert drawn(second) == before
    assert second.problem == ""


def test_names_that_no_field_can_hold_are_chosen_by_a_label():
    """A line break, no name at all, two names that look alike."""
    odd = pd.DataFrame({"a\nb": ["x", "y"], "": [1.0, 2.0], "a\\nb": [3, 4]})
    builder = ChartBuilder(odd, spec=ChartSpec(x="a\nb", y="", kind="bar"))
    labels = builder._columns["x"].options
    assert labels == ("a\\nb (1)", "(no name)", "a\\nb (2)")
    assert builder._read() == builder.spec
    tell(builder._columns["x"], "a\\nb (2)")
    assert builder.x == "a\\nb"
    assert builder.problem == ""


def test_the_frame_is_never_changed(frame):
    """Nor does drawing keep a copy that the builder's owner could reach by accident."""
    before = frame.copy(deep=True)
    builder = ChartBuilder(frame)
    for kind in ("line", "scatter", "box", "histogram", "area"):
        builder.kind = kind
    pd.testing.assert_frame_equal(frame, before)


def test_the_saved_notebook_shows_code_and_rows(builder):
    """Static HTML without styles that JupyterLab would drop, escaped, e-mail addresses masked; the same every time."""
    builder.spec = ChartSpec(
        x="account", y="used_percent", kind="bar", aggregation="max", filter="account < 'l' and used_percent < 90"
    )
    bundle = builder._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    html = bundle["text/html"]
    assert html == builder._repr_mimebundle_()["text/html"]
    assert "used_percent &lt; 90" in html
    assert "<table" in html
    assert "kim@example.com" not in html
    assert bundle["text/plain"].startswith("ChartBuilder of frame: bar: max of used_percent by account, ")
    assert "svg" not in html
    assert "style>" not in html


def test_a_frame_without_columns_says_so():
    """There is no chart, but a builder that tells why."""
    builder = ChartBuilder(pd.DataFrame())
    assert builder.figure is None
    assert builder.code == ""
    assert "needs y" in builder._repr_mimebundle_()["text/html"]


def test_a_million_rows_repaint_small():
    """What travels to the browser stays below five megabytes, whatever is chosen."""
    count = 1_000_000
    big = pd.DataFrame({"at": pd.date_range("2026-01-01", periods=count, freq="s"), "v": range(count)})
    builder = ChartBuilder(big)
    for kind in ("line", "scatter", "histogram", "box"):
        builder.kind = kind
        assert "drawn at random" in " ".join(builder.notes)
        assert len(json.dumps(drawn(builder))) < 5_000_000


def test_columns_can_be_given_at_once(frame):
    """`ChartBuilder(frame, x=..., y=..., color=...)`; what is not given suits them, and the code names the variable."""
    builder = ChartBuilder(frame, x="window", y="used_percent", color="account")
    assert (builder.x, builder.y, builder.color, builder.kind) == ("window", "used_percent", "account", "bar")
    assert "chart_rows(frame, " in builder.code
    assert builder.facet is None
    with pytest.raises(ChartError, match="x: there is no column 'windo'"):
        ChartBuilder(frame, x="windo")


def test_burn_per_weekday_is_two_clicks():
    """Kind, summary and step follow the columns, until somebody chooses another kind."""
    readings = qh.open_history(qh.demo()).frame()
    builder = ChartBuilder(readings, name="readings")
    tell(builder._columns["x"], "weekday")
    tell(builder._columns["y"], "burn_per_day")
    assert (builder.kind, builder.aggregation, builder.every) == ("bar", "mean", "none")
    assert builder._read() == builder.spec
    assert run(builder, readings, "readings").to_json() == builder.figure.to_json()
    builder.kind = "line"
    tell(builder._columns["x"], "hour")
    assert builder.kind == "line"


@pytest.mark.parametrize("typed", ["none", "None", " none ", ""])
def test_none_is_none(builder, typed):
    """As the empty field says, unless a column is called so."""
    tell(builder._columns["color"], typed)
    assert builder.color is None
    assert builder.problem == ""
    own = ChartBuilder(pd.DataFrame({"none": ["a"], "v": [1.0]}), name="own")
    tell(own._columns["color"], "none")
    assert own.color == "none"


def test_addresses_are_masked_wherever_they_are_shown():
    """In the chart and beside it; two that look alike stay two, and the code says what was typed."""
    people = pd.DataFrame({"who": ["kim@example.com", "kirk@example.com"], "v": [1.0, 2.0]})
    builder = ChartBuilder(people)
    assert drawn(builder)["data"][0]["x"] == ["ki...@example.com (1)", "ki...@example.com (2)"]
    tell(builder._words["filter"], "who == 'kirk@example.com'")
    assert "kirk@" not in json.dumps(drawn(builder)) + builder._about.value
    assert run(builder, people, "people").to_json() == builder.figure.to_json()
    assert "kirk@" not in builder._repr_mimebundle_()["text/html"]
