"""Many bodies side by side: what differs, and which share one shape."""

import dataclasses
import json
import re

import pandas as pd
import pytest
from hypothesis import given
from raw_support import ANY_JSON, MODERN, NOW, SPEND_ONLY, TOKEN, body_called, changed, nested, reply

from quota_helpers.bodies import body_of, walk
from quota_helpers.errors import BodyError
from quota_helpers.models import UsageSnapshot
from quota_helpers.outcomes import Collection
from quota_helpers.raw import compare_fields
from quota_helpers.raw.compare import shape_of
from quota_helpers.raw.show import Mask


def test_what_differs_comes_first_and_says_in_what():
    """Presence, then type, then value; the rest follows in the order of the bodies."""
    other = changed(MODERN, plan_type="pro", credits=None, email=..., brand_new=1)
    comparison = compare_fields({"one": MODERN, "two": other})
    assert comparison.differs["$.plan_type"] == "value"
    assert comparison.differs["$.credits"] == "type"
    assert comparison.differs["$.credits.balance"] == "presence"
    assert comparison.differs["$.email"] == "presence"
    assert comparison.differs["$.rate_limit.allowed"] == "same"
    words = list(comparison.differs)
    assert "same" not in words[: words.index("same")]
    assert set(words[words.index("same") :]) == {"same"}
    assert set(comparison.frame.index) == {place.path for body in (MODERN, other) for place in walk(body)}


def test_presence_type_and_value_are_told_apart():
    """Null is a value of its own type, absent is none at all."""
    comparison = compare_fields({"null": {"a": None}, "absent": {}, "text": {"a": "1"}, "number": {"a": 1}})
    assert comparison.sources == ["null", "absent", "text", "number"]
    assert list(comparison.types.loc["$.a"]) == ["null", "missing", "string", "integer"]
    assert list(comparison.present.loc["$.a"]) == [True, False, True, True]
    assert list(comparison.sent.loc["$.a"]) == [None, None, "1", 1]
    assert comparison.frame.columns.names == ["what", "source"]


def test_a_field_of_a_later_body_stands_among_its_neighbours():
    """Paths are in document order, not in the order in which they were met."""
    comparison = compare_fields([{"a": {"x": 1}, "b": 2}, {"a": {"x": 1, "y": 3}, "b": 2}])
    order = [path for path in comparison.frame.index if comparison.differs[path] == "same"]
    assert order == ["$", "$.a", "$.a.x", "$.b"]
    assert comparison.frame.index[0] == "$.a.y"


def test_two_of_the_bodies():
    """What changed between an earlier and a later body, in both types and values."""
    later = changed(MODERN, plan_type="pro", brand_new={"x": 1})
    difference = compare_fields({"before": MODERN, "after": later}).between("before", "after")
    assert list(difference["path"]) == ["$.plan_type", "$.brand_new", "$.brand_new.x"]
    row = difference.iloc[0]
    assert (row["change"], row["before"], row["after"]) == ("value", "plus", "pro")
    assert difference.iloc[2]["type_before"] == "missing"
    with pytest.raises(KeyError, match="there are: before, after"):
        compare_fields({"before": MODERN, "after": later}).between("before", "never")


def test_not_a_number_is_the_same_as_itself():
    """A number that equals nothing is no difference."""
    assert compare_fields([{"a": float("nan")}, {"a": float("nan")}]).differs["$.a"] == "same"


def test_shapes_group_the_bodies_that_are_alike():
    """Values do not count, paths and types do; the largest group comes first."""
    bodies = {"a": MODERN, "b": changed(MODERN, plan_type="pro"), "c": SPEND_ONLY}
    shapes = compare_fields(bodies).shapes
    assert list(shapes["bodies"]) == [2, 1]
    assert list(shapes["sources"]) == ["a, b", "c"]
    assert all(re.fullmatch("[0-9a-f]{8}", name) for name in shapes["shape"])


def test_accounts_of_a_collection_and_one_account_over_time():
    """Every way of handing bodies over gives each a name of its own."""
    replies = {"work": reply(MODERN), "home": reply(SPEND_ONLY, "home"), "html": reply(None, "html", status=503)}
    collection = Collection(fetched_at=NOW, replies=replies)
    assert compare_fields(collection).sources == ["work", "home"]
    over_time = [reply(MODERN), reply(MODERN, minutes=5), reply(MODERN, minutes=5)]
    assert compare_fields(over_time).sources == [
        "work 2026-11-22 12:00:00",
        "work 2026-11-22 12:05:00 (1)",
        "work 2026-11-22 12:05:00 (2)",
    ]
    assert compare_fields([MODERN, [1], body_called("x", 2)]).sources == ["body 1", "body 2", "x"]
    assert compare_fields(iter([MODERN])).sources == ["body 1"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("text", "there is no file or folder"),
        (b"bytes", "no JSON at line 1"),
        (3, "expected raw bodies, found int"),
        (None, "expected raw bodies, found NoneType"),
        (object(), "expected raw bodies, found object"),
        (pd.DataFrame({"a": [1]}), "expected raw bodies, found DataFrame"),
        (UsageSnapshot(fetched_at=NOW), "a snapshot is a reading"),
        ([UsageSnapshot(fetched_at=NOW)], "a snapshot is a reading"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_bodies_is_a_clear_error(source, said):
    """The message says what was found, and the hint what is wanted."""
    with pytest.raises(BodyError, match=said) as caught:
        compare_fields(source)
    assert caught.value.hint


def test_one_body_alone_is_compared_with_nothing():
    """Its keys are no names of bodies."""
    assert compare_fields(MODERN).sources == ["body 1"]


def test_no_bodies_at_all():
    """An empty comparison keeps its shape."""
    comparison = compare_fields([])
    assert len(comparison.frame) == len(comparison.shapes) == 0
    assert list(comparison.shapes.columns) == ["shape", "bodies", "fields", "sources"]
    assert "0 bodies" in comparison._repr_html_()


def test_it_is_shown_escaped_and_without_tokens():
    """Text of files and servers is never obeyed, and a token has no way to be seen."""
    bodies = {"<b>one</b>": {"<i>": "<script>"}, "two": {"note": TOKEN, "long": "x" * 500}}
    comparison = compare_fields(bodies)
    html = comparison._repr_html_()
    for markup in ("<script>", "<i>", "<b>"):
        assert markup not in html.replace("<i>missing</i>", "").replace("<i>object</i>", "")
    assert TOKEN not in html + comparison.frame.to_string(max_colwidth=None)
    masked = compare_fields([MODERN], reveal=False)
    assert "jane.doe@example.com" not in masked.frame.to_string(max_colwidth=None)


def test_masking_hides_who_it_is_and_not_that_it_is_somebody_else():
    """Two people whose ids and addresses mask alike differ; values, keys, shapes and names are masked."""
    people = ("john.doe@example.com", "josh.dow@example.com")
    bodies = {name: {"email": name, "user_id": f"user-of-{name[:4]}", "seen": {name: 1}} for name in people}
    masked = compare_fields(bodies, reveal=False)
    assert masked.sources == ["jo...@example.com (1)", "jo...@example.com (2)"]
    assert masked.differs["$.email"] == masked.differs["$.user_id"] == "value"
    assert list(masked.sent.loc["$.user_id"]) == ["us...", "us..."]
    between = masked.between(*masked.sources)
    assert list(between["change"]) == ["value", "value", "presence", "presence"]
    assert list(between["after"])[:2] == ["jo...@example.com", "us..."]
    assert masked.frame.index.is_unique
    told = (repr(masked), masked._repr_html_(), masked.frame, masked.differs, masked.shapes, between, masked.shape)
    shown = "".join(part if isinstance(part, str) else getattr(part, "to_string", part.__repr__)() for part in told)
    shown += str([shape.signature for shape in masked.shape.values()])
    for private in (*people, "john", "josh", "user-of"):
        assert private not in shown
    assert compare_fields(bodies).differs["$.email"] == "value"


def test_each_path_is_masked_once_however_many_bodies_have_it(monkeypatch):
    """Once a body, for the identities of all, would take squared time."""
    masked = []

    class Counting(Mask):
        def __init__(self, *payloads, reveal):
            super().__init__(*payloads, reveal=reveal)
            plain = self.text
            self.text = lambda text: masked.append(text) or plain(text)

    monkeypatch.setattr("quota_helpers.raw.compare.Mask", Counting)
    bodies = [{"email": f"p{number}.q@example.com"} for number in range(40)]
    assert compare_fields(bodies).differs["$.email"] == "value"
    assert sorted(text for text in masked if text[0] == "$") == ["$", "$.email"]


def test_an_id_is_masked_where_it_is_a_name_or_a_key():
    """Bodies filed by account id, a map keyed by user id."""
    body = {"user_id": "user-invented-7", "account_id": "acct-invented-7", "seats": {"user-invented-7": 1}}
    masked = compare_fields({"acct-invented-7": body}, reveal=False)
    assert masked.sources == ["ac..."]
    assert "invented" not in masked.frame.to_string(max_colwidth=None)


def test_null_and_other_scalars_are_bodies():
    """A JSON null is a body, a reply that is no JSON is none."""
    html = reply(None, "html", status=503)
    null = dataclasses.replace(html, account="null", body=b" null\n")
    comparison = compare_fields([None, True, 7, "text", null, html, body_called("x", None)])
    assert comparison.sources == ["body 1", "body 2", "body 3", "body 4", "null", "x"]
    assert list(comparison.types.loc["$"]) == ["null", "boolean", "integer", "string", "null", "null"]
    assert comparison.differs["$"] == "type"


def test_a_python_value_that_is_no_json_is_compared_by_its_text():
    """Not every Python value is hashable."""
    comparison = compare_fields([{"a": {1}}, {"a": {1}}, {"a": {2}}])
    assert comparison.differs["$.a"] == "value"
    assert comparison.between("body 1", "body 2").empty


def test_a_body_that_is_too_deep_is_a_clear_error():
    """Five hundred levels can be compared, more are refused."""
    assert compare_fields([nested(500)]).frame.shape[0] == 501
    with pytest.raises(BodyError, match="deeper than 500"):
        compare_fields([nested(501)])


def test_a_shape_folds_indices_and_ignores_order():
    """An array's elements share one path; whole and decimal numbers are two types."""
    one, other = {"a": [{"x": 1}, {"x": 2}], "b": None}, {"b": None, "a": [{"x": 7}]}
    assert shape_of(one) == shape_of(other)
    assert shape_of(one).signature == {"$": "object", "$.a": "array", "$.a[]": "object", "$.a[].x": "integer",
        "$.b": "null"}  # fmt: skip
    assert shape_of({"a": [1, "x"]}).signature["$.a[]"] == "integer|string"
    assert shape_of({"a": 1}) != shape_of({"a": 1.0})
    assert str(shape_of({"a": 1})) == shape_of({"a": 2}).fingerprint


@given(ANY_JSON, ANY_JSON)
def test_one_fingerprint_exactly_for_one_signature(one, other):
    """Equal shapes have equal paths and types, and the other way round."""
    assert (shape_of(one) == shape_of(other)) == (shape_of(one).signature == shape_of(other).signature)
    assert shape_of(json.loads(json.dumps(one))) == shape_of(one)


@given(ANY_JSON, ANY_JSON)
def test_any_bodies_can_be_compared(one, other):
    """A body does not differ from itself, and what differs between two can be listed."""
    here, there = body_called("one", one), body_called("other", other)
    assert set(compare_fields([here, here]).differs) <= {"same"}
    comparison = compare_fields([here, there])
    listed = set(comparison.between("one", "other")["path"])
    assert listed == set(comparison.differs[comparison.differs != "same"].index)
    for shape, body in zip(comparison.shape.values(), (one, other), strict=True):
        assert (shape, shape.signature) == (shape_of(body), shape_of(body).signature)


def test_one_body_takes_every_form():
    """A reply, a plain payload, text, and a list or a collection of one are all one body."""
    collection = Collection(fetched_at=NOW, replies={"work": reply(MODERN)})
    for source in (MODERN, reply(MODERN), json.dumps(MODERN), [reply(MODERN)], collection):
        assert body_of(source).payload == MODERN
    assert body_of(collection).account == "work"
    assert body_of([1, 2]).payload == [1, 2]


@pytest.mark.parametrize(("source", "count"), [((), "none"), ([reply(MODERN)] * 2, 2), ("{}{}", 2)])
def test_none_or_several_are_no_one_body(source, count):
    """The message says how many there are."""
    with pytest.raises(BodyError, match=f"expected one body, found {count}"):
        body_of(source)


def test_a_body_of_millions_of_values_ends_somewhere(monkeypatch):
    """The rows do not fill the memory, and it is said."""
    monkeypatch.setattr("quota_helpers.raw.compare.MOST_PLACES", 20)
    comparison = compare_fields([MODERN, [0] * 100])
    assert not comparison.complete
    assert len(comparison.frame) < 40
    assert "too much to list" in comparison._repr_html_()
    assert comparison.shapes["fields"].max() > 20
