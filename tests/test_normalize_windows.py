"""Where windows stand, which of several count, and which are none at all."""

from __future__ import annotations

import pytest
from foundation_support import FIVE_HOURS, NOW, WEEK, window
from normalize_support import limited

from quota_helpers.normalize import normalize_usage, trace_body


def places(snapshot, *, limit="codex"):
    """(name, slot, percent used) of a limit's windows."""
    return [(w.name, w.slot, w.used_percent) for w in snapshot.windows if w.limit_id == limit]


# --- windows of one name ---


@pytest.mark.parametrize(
    ("repeat", "kept"),
    [
        (window(5, WEEK), 1),
        (window(6, WEEK), 2),
        (window(5, WEEK, NOW), 2),
        ({"used_percent": 5, "limit_window_seconds": WEEK}, 2),
    ],
    ids=["same", "another share", "another reset", "no reset"],
)
def test_a_keyed_window_that_repeats_a_slot_is_dropped(repeat, kept):
    """Only where share and reset are the same; else both stay, with a note."""
    found = limited(primary_window=window(5, WEEK), weekly_limit=repeat)
    assert len(found.windows) == kept
    assert any("a second weekly window" in note for note in found.notes) == (kept == 2)


def test_two_positions_of_one_length_are_two_windows_even_when_equal():
    found = limited(primary_window=window(5, WEEK), secondary_window=window(5, WEEK))
    assert places(found) == [("weekly", "primary", 5), ("weekly", "secondary", 5)]


def test_three_windows_of_one_length_have_a_slot_each():
    """Two of them in one wrapper: what is kept by limit, window and slot must not become one."""
    wrapper = {"primary_window": window(2, WEEK), "secondary_window": window(3, WEEK)}
    found = limited(primary_window=window(1, WEEK), weekly_limit=wrapper)
    assert places(found) == [
        ("weekly", "primary", 1),
        ("weekly", "weekly_limit", 2),
        ("weekly", "weekly_limit.secondary", 3),
    ]
    assert found.weekly.used_percent == 1


# --- wrappers ---


def test_a_wrapper_gives_its_windows_its_own_name():
    """Its primary window is what the wrapper's key says; another one is what its slot says."""
    inner = {"primary_window": {"used_percent": 4}, "secondary_window": {"used_percent": 9}, "daily": 3}
    found = limited(monthly_limit=inner)
    assert places(found) == [("weekly", "monthly_limit.secondary", 9), ("monthly", "monthly_limit", 4)]
    assert "expected an object, found int @ $.rate_limit.monthly_limit.daily" in found.notes


def test_a_window_with_numbers_of_its_own_is_no_wrapper():
    found = limited(weekly_limit={"used_percent": 7, "primary_window": {"used_percent": 50}})
    assert places(found) == [("weekly", "weekly_limit", 7)]


# --- spellings ---


def test_the_first_spelling_that_is_an_object_counts():
    found = limited(primary_window=3, primary={"used_percent": 8})
    assert places(found) == [("five_hour", "primary", 8)]
    assert found.notes == ("expected a window (an object), found int @ $.rate_limit.primary_window",)


@pytest.mark.parametrize(
    ("second", "noted"),
    [
        ({"used_percent": 8}, False),
        ({"used_percent": 8, "deep": {"x": 1}}, False),
        ({"used_percent": 9}, True),
        (3, True),
    ],
)
def test_a_later_spelling_is_compared(second, noted):
    found = limited(primary_window={"used_percent": 8}, primary=second)
    assert places(found) == [("five_hour", "primary", 8)]
    note = "disagrees with the spelling primary_window, which counts @ $.rate_limit.primary"
    assert (note in found.notes) == noted


def test_a_slot_of_another_type_is_unknown():
    """Something stood there: unknown, not left out."""
    found = limited(secondary_window="soon")
    assert places(found) == [("weekly", "secondary", None)]
    assert "expected a window (an object), found str @ $.rate_limit.secondary_window" in found.notes


# --- windows that are not there ---


@pytest.mark.parametrize(
    "zeros",
    [
        {"used_percent": 0, "limit_window_seconds": 0},
        {"used_percent": "0", "window_minutes": "0", "reset_at": "0"},
        {"used_percent": 0.0, "window_minutes": 0, "reset_after_seconds": " 0.0 "},
        {},
    ],
)
def test_zeros_throughout_are_no_window(zeros):
    assert limited(secondary_window=zeros, primary_window=window(1, FIVE_HOURS)).weekly is None


@pytest.mark.parametrize(
    "reading",
    [
        {"used_percent": 0},
        {"used_percent": 0, "reset_at": 0},
        {"used_percent": 0, "limit_window_seconds": False},
        {"used_percent": 0, "limit_window_seconds": ""},
        {"used_percent": 1, "limit_window_seconds": 0},
        {"used_percent": 0, "limit_window_seconds": WEEK},
        {"remaining_percent": 0, "limit_window_seconds": 0},
        {"used_percent": 0, "limit_window_seconds": 0, "reset_after_seconds": 9},
    ],
)
def test_anything_else_is_a_window(reading):
    assert limited(secondary_window=reading).weekly is not None


def test_zeros_are_explained():
    found = trace_body({"rate_limit": {"secondary_window": {"used_percent": 0, "window_minutes": 0}}}, fetched_at=NOW)
    (step,) = found.at("$.rate_limit.secondary_window.window_minutes")
    assert (step.status, step.read_as) == ("ignored", "codex.weekly.window_minutes")


# --- unknown keys ---


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"used_percent": 5, "limit_window_seconds": 900}, [("15min", "burst", 5)]),
        ({"percent_left": 95, "reset_after_seconds": 9}, [("burst", "burst", 5)]),
        ({"used_percent": 5}, []),
        ({"limit_window_seconds": 900, "reset_at": 5}, []),
        ({"used_percent": 5, "limit_window_seconds": 900, "limit": "20"}, []),
        ({"used_percent": 5, "limit_window_seconds": 900, "used": "20"}, []),
        ({"used_percent": 5, "limit_window_seconds": 900, "remaining": "20"}, []),
        ([1], []),
    ],
)
def test_an_unknown_key_holds_a_window_when_it_looks_like_one(value, found):
    """A share beside a length or a reset, and no money; inside a limit only, never at the root of a body."""
    assert places(limited(burst=value)) == found
    assert places(normalize_usage({"plan_type": "plus", "burst": value}, fetched_at=NOW)) == []


def test_flat_windows_are_read_beside_objects():
    """The oldest form; a slot that is there as an object is not read twice."""
    flat = {"primary_used_percent": 7, "primary_window_minutes": 300, "secondary_used_percent": 9, "weekly_note": "x"}
    assert places(limited(**flat)) == [("five_hour", "primary", 7), ("weekly", "secondary", 9)]
    both = limited(**flat, primary_window=window(1, FIVE_HOURS))
    assert places(both) == [("five_hour", "primary", 1), ("weekly", "secondary", 9)]
    assert places(normalize_usage(flat, fetched_at=NOW)) == [("five_hour", "primary", 7), ("weekly", "secondary", 9)]


def test_windows_at_the_root_must_be_objects():
    assert places(normalize_usage({"weekly": 5}, fetched_at=NOW)) == []
    assert places(normalize_usage({"weekly": {"used_percent": 5}, "daily": 3}, fetched_at=NOW)) == [
        ("daily", "daily", None),
        ("weekly", "weekly", 5),
    ]


# --- which block counts ---


def test_the_block_that_holds_windows_counts():
    """`rate_limit` before `rate_limits` before the body itself, but an empty one gives way."""
    body = {"rate_limit": {"allowed": True}, "rate_limits": {"primary": window(5, WEEK)}, "weekly": window(9, WEEK)}
    found = normalize_usage(body, fetched_at=NOW)
    assert places(found) == [("weekly", "primary", 5)]
    assert found.allowed is True
    assert "holds windows as well; those in $.rate_limits count @ $" in found.notes
    bare = normalize_usage({"rate_limit": {}, "weekly": window(9, WEEK)}, fetched_at=NOW)
    assert places(bare) == [("weekly", "weekly", 9)]


def test_a_block_without_windows_is_a_limit_without_a_reading():
    found = limited(allowed=False)
    assert ([limit.limit_id for limit in found.limits], found.windows, found.allowed) == (["codex"], (), False)
    assert found.notes == ("the limit codex came without a window: no reading @ $.rate_limit",)


# --- what was reached ---


def test_what_another_limit_ran_into_is_not_the_accounts_own():
    """Each limit has a word of its own; the account's stands at the root of the body or in its own block."""
    spark = {"metered_feature": "spark", "rate_limit_reached_type": {"type": "rate_limit_reached"}}
    found = normalize_usage({"rate_limit": {"allowed": True}, "additional_rate_limits": [spark]}, fetched_at=NOW)
    assert [(limit.limit_id, limit.reached_type) for limit in found.limits] == [
        ("codex", None),
        ("spark", "rate_limit_reached"),
    ]
    assert (found.reached_type, found.blocked) == (None, None)
    assert found.limits[1].paths["reached_type"] == "$.additional_rate_limits[0].rate_limit_reached_type.type"
    own = normalize_usage({"rate_limit": {}, "rate_limit_reached_type": "rate_limit_reached"}, fetched_at=NOW)
    assert (own.limits[0].reached_type, own.reached_type) == ("rate_limit_reached", "rate_limit_reached")
    assert own.paths["reached_type"] == "$.rate_limit_reached_type"


def test_a_block_named_after_another_limit_says_nothing_of_the_own():
    body = {"rate_limits": {"limit_id": "spark", "primary": window(5, WEEK), "rate_limit_reached_type": "x_reached"}}
    found = normalize_usage(body, fetched_at=NOW)
    assert (found.reached_type, found.limits[0].reached_type) == (None, "x_reached")


def test_a_reached_type_of_another_kind_is_broken():
    found = normalize_usage({"plan_type": "plus", "rate_limit_reached_type": 3}, fetched_at=NOW)
    assert found.reached_type is None
    assert "expected an object or a text, found int @ $.rate_limit_reached_type" in found.notes
