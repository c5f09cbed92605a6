"""Searching rows, changes between two bodies, readings as plain JSON."""

import json

import pytest
from raw_support import MODERN, NOW, TOKEN, changed, reply

from quota_helpers.raw import FieldSearch, field_rows, row_changes


@pytest.fixture(scope="module")
def rows():
    return field_rows(MODERN, fetched_at=NOW)


def paths(rows, found):
    return [rows[at].path for at in found]


def test_words_are_looked_for_in_paths_values_and_readings(rows):
    """Every word counts, case does not."""
    search = FieldSearch(rows)
    assert paths(rows, search.find("JANE.doe")) == ["$.email"]
    assert "$.rate_limit.secondary_window.used_percent" in paths(rows, search.find("codex.weekly used"))
    assert paths(rows, search.find("unlimited false")) == ["$.credits.unlimited"]
    assert search.find("no such thing") == []
    assert search.find() == list(range(len(rows)))


def test_only_some_statuses(rows):
    """The filter and the words go together, in the order of the body."""
    search = FieldSearch(rows)
    ignored = search.find(statuses=["ignored"])
    assert ignored == sorted(ignored)
    assert {rows[at].status for at in ignored} == {"ignored"}
    assert search.find("email", ["ignored"]) == []
    assert len(search.find(statuses=["ignored", "read"])) > len(ignored)


def test_changes_between_two_bodies(rows):
    """Added, gone, of another type, of another value; nothing else."""
    later = changed(MODERN, plan_type="pro", email=..., user_id=None, promo=None)
    changes = row_changes(rows, field_rows(later, fetched_at=NOW))
    assert changes == {"$.plan_type": "value", "$.email": "gone", "$.user_id": "type", "$.promo": "added"}
    assert row_changes(rows, field_rows(reply(MODERN))) == {}


def test_readings_as_plain_json(rows):
    """What a browser can be sent, without tokens."""
    plain = rows.plain_readings()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["codex.five_hour.reset_at"] == "2026-11-22T13:00:00+00:00"
    assert plain["credits.balance"] == "1348.7450000000"
    assert plain["credits.approx_local_messages"] == [10, 20]
    assert TOKEN not in str(field_rows({"plan_type": TOKEN}, fetched_at=NOW).plain_readings())
