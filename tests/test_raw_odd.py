"""Odd bodies as rows: tokens and identities hidden, markup as text, any JSON at any depth and of any size."""

import dataclasses

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_support import MODERN, NOW, TOKEN, body_called, changed, nested

from quota_helpers.errors import BodyError
from quota_helpers.models import RawReply
from quota_helpers.raw import (
    compare_fields,
    field_rows,
    field_table,
    find_drift,
    replay,
)


def test_tokens_are_never_shown_and_identities_on_request_only():
    """A body with a token in it does not put the token into a table."""
    body = changed(MODERN, note=f"see {TOKEN}")
    table = field_table(body, fetched_at=NOW, reveal=True)
    assert TOKEN not in table.to_string(max_colwidth=None)
    masked = field_table(body, fetched_at=NOW).to_string(max_colwidth=None)
    for private in ("jane.doe@example.com", "user-invented-1", "acct-invented-1"):
        assert private in table.to_string(max_colwidth=None)
        assert private not in masked


def test_identities_in_keys_and_within_texts_are_masked():
    """An address as a key, a user id in a sentence; the rows stay as many."""
    body = changed(MODERN, seats={"jim.poe@example.com": 1}, note="seen by user-invented-1 today")
    masked = field_table(body, fetched_at=NOW)
    assert '$.seats["ji...@example.com"]' in masked["path"].tolist()
    assert "seen by us... today" in masked["value"].tolist()
    assert len(masked) == len(field_table(body, fetched_at=NOW))


def test_a_reply_that_is_null_is_null_and_one_that_is_no_json_its_text():
    """Both have no payload; the bytes tell them apart."""
    null = RawReply(status=200, body=b"null", payload=None, fetched_at=NOW)
    assert field_table(null)["type"].tolist() == ["null"]
    assert field_table(dataclasses.replace(null, body=b"nothing"))["value"].tolist() == ["nothing"]


@pytest.mark.parametrize(
    "body",
    [
        {TOKEN: 1, "plan_type": "plus"},
        {"plan_type": TOKEN},
        {"rate_limit": {TOKEN: {"used_percent": 1, "limit_window_seconds": 18_000}}},
        {"access_token": "hidden-word"},
        {"a": [{"cookie": "hidden-word", "b": [f"Bearer {TOKEN}"]}]},
    ],
)
def test_a_token_is_in_no_part_of_the_rows(body):
    """Neither as a key, nor in a path, a note, a reading or a comparison."""
    rows = field_rows(body, fetched_at=NOW)
    text = f"{list(rows)} {rows.read_from} {rows.readings}"
    text += compare_fields([body]).frame.to_string(max_colwidth=None)
    text += find_drift([body]).to_string(max_colwidth=None)
    text += replay([body], everything=True).to_string(max_colwidth=None)
    assert TOKEN not in text
    assert "hidden-word" not in text


def test_markup_is_escaped_in_a_notebook():
    """Keys and values are shown, never obeyed."""
    html = field_table({"<script>alert(1)</script>": "<img src=x onerror=alert(1)>"}, fetched_at=NOW)._repr_html_()
    assert "<script>" not in html
    assert "<img" not in html


def test_five_hundred_levels_and_not_one_more():
    """Deep JSON is shown, deeper is a clear error that names the place."""
    assert len(field_table(nested(500), fetched_at=NOW)) == 501
    with pytest.raises(BodyError, match="deeper than 500 levels"):
        field_table(nested(501), fetched_at=NOW)


def test_a_hundred_thousand_keys():
    """Wide JSON is shown, every key of it."""
    rows = field_rows({f"key <{number}>": number for number in range(100_000)}, fetched_at=NOW)
    assert len(rows) == 100_001
    assert list(rows)[100_000].value == 99_999


def test_rows_are_the_nodes_of_a_tree():
    """Parents come before their children, at one level less."""
    rows = list(field_rows(MODERN, fetched_at=NOW))
    depth = {"": -1}
    for row in rows:
        assert row.depth == depth[row.parent] + 1
        depth[row.path] = row.depth
    assert rows[0].children == len(MODERN)


any_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.text(), st.sampled_from([*MODERN, *MODERN["rate_limit"], "used_percent", "reset_at"])),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=30,
)


@given(any_json)
def test_any_json_has_a_table(payload):
    """Nothing raises, whatever was sent; and both directions hold."""
    body = body_called("any", payload)
    rows = field_rows(body, fetched_at=NOW)
    assert isinstance(field_table(body), pd.DataFrame)
    read = {(name, row.path) for row in rows if row.status == "read" for name in row.read_as.split(", ") if name}
    assert read == {(name, path) for name, paths in rows.read_from.items() for path in paths}


def test_a_body_of_millions_of_values_ends_with_a_word_on_it(monkeypatch):
    """Neither the rows nor their paths fill the memory; what is left out is said."""
    monkeypatch.setattr("quota_helpers.raw.explain.MOST_PLACES", 50)
    rows = field_rows({**MODERN, "many": [0] * 100}, fetched_at=NOW)
    assert len(rows) == 50
    assert not rows.complete
    assert "only the first 50 values are shown" in next(iter(rows)).why
    assert rows.readings["codex.weekly.used_percent"] == 40
    monkeypatch.setattr("quota_helpers.raw.explain.MOST_PLACES", 10**6)
    monkeypatch.setattr("quota_helpers.raw.explain.MOST_PATH_TEXT", 100_000)
    deep = field_rows(nested(400, [0] * 10_000), fetched_at=NOW)
    assert 400 < sum(len(row.path) for row in deep) <= 100_000
    assert not deep.complete
    assert field_rows(MODERN, fetched_at=NOW).complete
