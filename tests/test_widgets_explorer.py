"""The field explorer's kernel side: what it offers, what it sends, how it compares."""

import json
from types import FunctionType

import ipywidgets
import pytest
from explorer_support import Page, explorer_of
from hypothesis import given, settings
from hypothesis import strategies as st
from ipywidgets.embed import embed_data
from raw_support import MODERN, NOW, body_called, changed, nested, reply
from traitlets import TraitType

import quota_helpers as qh
from quota_helpers.errors import BodyError
from quota_helpers.outcomes import Collection
from quota_helpers.raw import field_rows
from quota_helpers.widgets import FieldExplorer
from quota_helpers.widgets.explorer import MOST_BODIES

PERCENT = "$.rate_limit.primary_window.used_percent"


@pytest.fixture
def source():
    with qh.demo() as source:
        yield source


@pytest.fixture(autouse=True)
def _closed_widgets():
    yield
    ipywidgets.Widget.close_all()


# --- what it offers ---


def test_the_demo_offers_every_account_also_those_that_failed(source):
    """All 18, each under its name; what went wrong stands beside it."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    assert len(explorer.names) == 18
    assert explorer.account == "ada"
    assert page.state()["_title"] == "Demo: invented accounts"
    remarks = {one["label"]: (one["note"], one["remark"]) for one in page.state()["_sources"]}
    assert remarks["ada"] == ("", "")
    assert remarks["edge-blocked"][0] == "HTTP 403"
    assert remarks["edge-blocked"][1].startswith("BlockedByEdgeError: ")
    assert remarks["expired"][0] == "no reply"


def test_an_account_without_a_reply_says_why(source):
    """There is nothing to show, and the page says what to do next instead."""
    explorer = FieldExplorer(source)
    explorer.account = "expired"
    shown = Page(explorer).body()
    assert "rows" not in shown
    assert shown["trouble"].startswith("No reply. TokenExpiredError: ")
    assert "codex login" in shown["trouble"]
    with pytest.raises(BodyError, match="No reply"):
        _ = explorer.table
    with pytest.raises(BodyError, match="No reply"):
        _ = explorer.snapshot


def test_a_reply_without_json_shows_its_text(source):
    """The edge's HTML page is one string, and so cannot do anything."""
    explorer = FieldExplorer(source)
    explorer.account = "edge-blocked"
    (row,) = Page(explorer).body()["rows"]
    assert row["type"] == "string"
    assert "<html" in row["value"].lower()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ({"work": MODERN, "home": {"plan_type": "plus"}}, ["work", "home"]),
        (MODERN, ["body"]),
        ({"strange": 1}, ["body"]),
        ([reply(MODERN, "a"), reply(MODERN, "b")], ["a", "b"]),
        ([reply(MODERN), reply(MODERN, minutes=5)], ["work 2026-11-22 12:00:00", "work 2026-11-22 12:05:00"]),
        (reply(MODERN, "only"), ["only"]),
        (body_called("one", [1, 2]), ["one"]),
        ('{"plan_type": "plus"}', ["body 1"]),
        ("[1, 2]\n[3]", ["body 1", "body 2"]),
        ({"a": reply(None, "a", body=b"<html>")}, ["a"]),
        ([], []),
    ],
)
def test_bodies_come_in_many_forms(source, names):
    """A mapping, one body, replies, pasted text: each as a person would hand it over."""
    assert FieldExplorer(source).names == names


def test_a_file_and_a_folder(tmp_path):
    """Paths are read."""
    (tmp_path / "one.json").write_text(json.dumps(MODERN))
    (tmp_path / "two.json").write_text("[]")
    assert FieldExplorer(tmp_path).names == ["one", "two"]
    assert FieldExplorer(tmp_path / "one.json").payload == MODERN


def test_bad_text_names_its_place():
    """As everywhere: line and column."""
    with pytest.raises(BodyError, match="line 1, column 10"):
        FieldExplorer('{"plan": nope}')


def test_no_body_at_all_is_said():
    """An empty collection is no error."""
    explorer = FieldExplorer(Collection(fetched_at=NOW))
    assert explorer.account is None
    assert explorer.payload is None
    assert "There is no body to show" in Page(explorer).body()["trouble"]


def test_a_huge_number_of_bodies_is_bounded():
    """The list in the page stays bearable."""
    explorer = FieldExplorer([reply({}, f"a{number}") for number in range(MOST_BODIES + 5)])
    assert len(explorer.names) == MOST_BODIES


# --- what it sends ---


def test_the_rows_are_those_of_the_table(source):
    """Key, type, value, status and all the words about each field; numbers as text, since a browser rounds them."""
    explorer = FieldExplorer(source)
    sent = Page(explorer).body()
    table = explorer.table
    assert [row["status"] for row in sent["rows"]] == table["status"].tolist()
    assert [row["type"] for row in sent["rows"]] == table["type"].tolist()
    assert [row["note"][1:] for row in sent["rows"]] == table[["read_as", "rule", "why", "meaning"]].to_numpy().tolist()
    at = table["path"].tolist().index(PERCENT)
    assert sent["rows"][at] | {"note": None} == {
        "depth": 3, "key": "used_percent", "type": "integer", "value": "31", "status": "read", "note": None,
    }  # fmt: skip
    assert ["codex.five_hour.used_percent", "31 %", [at]] in sent["readings"]
    assert sent["fetched_at"] == "2026-11-16 09:00 UTC"


def test_every_reading_leads_to_a_field_and_back(source):
    """For each account: the numbers of the rows of a reading are rows that name it."""
    explorer = FieldExplorer(source)
    for name in explorer.names:
        explorer.account = name
        sent = Page(explorer).body()
        for reading, _, rows in sent.get("readings", []):
            assert rows, f"{name}: {reading} has no field"
            assert all(reading in sent["rows"][at]["note"][1].split(", ") for at in rows), f"{name}: {reading}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10**40, "1" + "0" * 40),
        (12345678901234567890, "12345678901234567890"),
        (25.0, "25.0"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        pytest.param(10**5000, "(an integer of 16610 bits)", id="5,000 digits"),
        (True, "true"),
        (None, "null"),
        ("", ""),
        ("\ud800", "\ufffd"),
        ("\x00\u202e<script>", "\x00\u202e<script>"),
    ],
)
def test_values_arrive_as_they_were_sent(value, text):
    """Large numbers, numbers that are none, halves of characters."""
    _, page = explorer_of(body_called("odd", {"x": value}))
    assert page.body()["rows"][1]["value"] == text


@pytest.mark.parametrize(
    "payload",
    [
        [],
        [1, [2, {"a": None}]],
        "text",
        7,
        None,
        {"": 1, "\x00": 2, "<b>": 3, "a.b": 4, "0": 5, "\ud800": 6},
        {f"key {number}": number for number in range(100_000)},
        nested(500),
    ],
    ids=["empty", "list", "text", "number", "null", "odd keys", "100,000 keys", "500 levels"],
)
def test_any_json_is_shown(payload):
    """However odd it is, each value has its row, its depth and its key."""
    explorer, page = explorer_of(body_called("odd", payload))
    sent = page.body()
    expected = field_rows(body_called("odd", payload))
    assert len(sent["rows"]) == len(expected)
    assert [row["depth"] for row in sent["rows"]] == [row.depth for row in expected]
    assert [row["key"] for row in sent["rows"]] == [row.key for row in expected]
    assert len(explorer.table) == len(expected)
    assert "<b>" not in explorer._repr_mimebundle_()[0]["text/html"].replace("<b>odd</b>", "")


@pytest.mark.parametrize("source", [None, True, 0, 1.5, "null", " false ", "-12.5e3"])
def test_a_scalar_is_a_body(source):
    """Handed over or pasted; null can be copied like any other body."""
    page = Page(FieldExplorer(source))
    assert len(page.body()["rows"]) == 1
    page.message(kind="redact")
    assert json.loads(page.sent[-1]["text"]) == (json.loads(source) if isinstance(source, str) else source)


def test_more_than_a_million_values_end_with_a_word_on_it(monkeypatch):
    """The page is told that there is more, and so is the reader of a saved notebook."""
    monkeypatch.setattr("quota_helpers.raw.explain.MOST_PLACES", 30)
    explorer, page = explorer_of(body_called("huge", {**MODERN, "many": [0] * 100}))
    assert (len(page.body()["rows"]), page.body()["complete"]) == (30, False)
    assert ["codex.weekly.used_percent", "40 %"] in [reading[:2] for reading in page.body()["readings"]]
    assert "only the first 30 fields" in explorer._repr_mimebundle_()[0]["text/html"]
    fine, _ = explorer_of(body_called("small", {}))
    assert "only the first" not in fine._repr_mimebundle_()[0]["text/html"]


def test_too_deep_is_said_and_the_others_are_shown():
    """Beyond 500 levels there is a clear message; it does not keep the explorer from opening."""
    explorer, page = explorer_of(body_called("deep", nested(501)), body_called("fine", {}))
    assert "nested deeper than 500 levels" in page.body()["trouble"]
    explorer.account = "fine"
    assert len(page.body()["rows"]) == 1


def test_another_table_of_spellings_reads_more():
    """The aliases are those of the caller."""
    body = reply(changed(MODERN, rate_limit={"primary_window": {"pct": 7, "limit_window_seconds": 18_000}}))
    explorer, page = explorer_of(body, aliases=qh.ALIASES.extended({"used_percent": ["pct"]}))
    assert explorer.snapshot.five_hour.used_percent == 7
    assert ["codex.five_hour.used_percent", "7 %"] in [reading[:2] for reading in page.body()["readings"]]


def test_other_widgets_can_be_embedded_while_an_explorer_lives():
    """A trait or method of ours must not hide one of ipywidgets' own, such as `_compare`."""
    explorer = FieldExplorer({"one": MODERN, "two": {}})
    explorer.compare_to = "two"
    slider = ipywidgets.IntSlider(value=7)
    assert embed_data(views=[slider, explorer], drop_defaults=True)["view_specs"]
    ours = {name for name, value in vars(FieldExplorer).items() if isinstance(value, FunctionType | TraitType)}
    theirs = {name for kind in ipywidgets.DOMWidget.__mro__ for name, value in vars(kind).items() if callable(value)}
    assert ours & theirs <= {"__init__", "__repr__"}


def test_two_pages_of_the_edge_are_compared_by_their_text():
    """Neither has a payload; that does not make them alike."""
    pages = [reply(None, name, status=403, body=body) for name, body in (("a", b"<p>1"), ("b", b"<p>2"))]
    explorer, page = explorer_of(*pages)
    explorer.compare_to = "b"
    assert page.body()["change"] == [3]
    assert page.body()["before"] == {0: "<p>2"}


def test_an_id_that_is_a_number_is_masked():
    """In the page, the table and the static copy; the same number elsewhere is a number."""
    explorer, page = explorer_of({"user_id": 4_711_000, "seat_ids": [4_711_001], "limit": 4_711_000})
    assert [row["value"] for row in page.body()["rows"]] == [None, "***", None, "***", "4711000"]
    assert explorer.table["value"].tolist()[1:] == ["***", "[1 element]", "***", 4_711_000]


def test_the_counts_of_the_page_are_those_of_the_table(source):
    """As many rows of each status here as there."""
    explorer = FieldExplorer(source)
    counted = explorer.table.groupby("status").size().to_dict()
    rows = Page(explorer).body()["rows"]
    assert {status: sum(row["status"] == status for row in rows) for status in counted} == counted


# --- comparison ---


def test_a_difference_marks_added_removed_and_changed():
    """What only the other body has stands at the end of its object, with all that it holds."""
    here = {"plan_type": "plus", "new": {"a": 1}, "same": [1, 2], "kind": 1}
    there = {"plan_type": "pro", "gone": {"b": {"c": 2}}, "same": [1, 2, 3], "kind": 1.0}
    explorer, page = explorer_of(body_called("here", here), body_called("there", there))
    explorer.compare_to = "there"
    sent = page.body()
    words = ["same", "added", "removed", "changed"]
    found = {explorer._view().paths[at]: words[change] for at, change in enumerate(sent["change"])}
    assert found == {
        "$": "same",
        "$.plan_type": "changed",
        "$.new": "added",
        "$.new.a": "added",
        "$.same": "same",
        "$.same[0]": "same",
        "$.same[1]": "same",
        "$.same[2]": "removed",
        "$.kind": "changed",
        "$.gone": "removed",
        "$.gone.b": "removed",
        "$.gone.b.c": "removed",
    }
    assert list(found) == [explorer._view().paths[at] for at in range(len(sent["rows"]))]
    assert sent["before"] == {1: "pro", 8: "1.0"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text("ab.\u00e9", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=2), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(json_values, json_values)
def test_the_merged_tree_holds_both_bodies(here, there):
    """Every path of either body has one row, beneath its parent; nothing differs from itself."""
    one, other = body_called("one", here), body_called("other", there)
    explorer = FieldExplorer([one, other])
    explorer.compare_to = "other"
    view = explorer._view()
    paths = {row.path for body in (one, other) for row in field_rows(body)}
    assert sorted(view.paths) == sorted(paths)
    explorer.close()
    twice = FieldExplorer([one, body_called("other", here)])
    twice.compare_to = "other"
    assert set(Page(twice).body()["change"]) == {0}
    twice.close()
