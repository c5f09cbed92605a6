"""The numbers of a window or a cap, on both sides of every tolerance: share used, length, reset, money."""

from __future__ import annotations

from datetime import timedelta

import pytest
from foundation_support import DAY, FIVE_HOURS, MONTH, NOW, WEEK, epoch
from normalize_support import limited, primary

from quota_helpers.normalize import normalize_usage, trace_body

PERCENTS = "used and remaining percent disagree; used counts"
LENGTHS = "length in minutes disagrees with the length in seconds, which counts"
RESETS = "disagrees with reset_at by more than two minutes; reset_at counts"


@pytest.mark.parametrize(
    ("used", "left", "notes"),
    [
        (40, 60, ()),
        (40, 59, ()),
        (40, 61, ()),
        (40, 58.9, (PERCENTS,)),
        (40, 61.1, (PERCENTS,)),
        (130, 0, ()),
        (130, 1, ()),
        (130, 1.1, (PERCENTS,)),
    ],
)
def test_used_and_remaining_may_differ_by_one_point(used, left, notes):
    """What is used counts; more than 100 leaves 0."""
    window, said = primary(used_percent=used, remaining_percent=left, limit_window_seconds=WEEK)
    assert (window.used_percent, said) == (used, notes)
    assert "remaining_percent" not in window.paths


@pytest.mark.parametrize(("left", "used"), [(0, 100), (100, 0), (0.1, 99.9), (33.3, 66.7)])
def test_what_is_used_follows_from_what_is_left(left, used):
    window, said = primary(percent_left=left, limit_window_seconds=WEEK)
    assert (window.used_percent, said) == (used, ())
    path = "$.rate_limit.primary_window.percent_left"
    assert window.paths["used_percent"] == window.paths["remaining_percent"] == path


@pytest.mark.parametrize(
    ("seconds", "minutes", "notes"),
    [(18_000, 300, ()), (18_000, 301, ()), (18_000, 299, ()), (18_000, 301.1, (LENGTHS,)), (18_000, 298.9, (LENGTHS,))],
)
def test_two_lengths_may_differ_by_a_minute(seconds, minutes, notes):
    """The official client rounds up to minutes; the seconds count."""
    window, said = primary(used_percent=1, limit_window_seconds=seconds, window_minutes=minutes)
    assert (window.window_seconds, said) == (seconds, notes)
    assert "window_minutes" not in window.paths


@pytest.mark.parametrize(("after", "notes"), [(3600, ()), (3720, ()), (3480, ()), (3721, (RESETS,)), (3479, (RESETS,))])
def test_two_resets_may_differ_by_two_minutes(after, notes):
    """The instant counts, not the seconds to go."""
    reset_at = NOW + timedelta(hours=1)
    window, said = primary(
        used_percent=9, limit_window_seconds=WEEK, reset_at=epoch(reset_at), reset_after_seconds=after
    )
    assert (window.reset_at, said) == (reset_at, notes)


@pytest.mark.parametrize(("seconds", "notes"), [(120, ()), (-120, ()), (121, (RESETS,)), (-121, (RESETS,))])
def test_a_reset_in_milliseconds_gives_way_to_one_in_seconds(seconds, notes):
    reset_at = epoch(NOW) + 7200
    window, said = primary(
        used_percent=9, limit_window_seconds=WEEK, reset_at=reset_at, reset_time_ms=(reset_at + seconds) * 1000
    )
    assert (epoch(window.reset_at), said) == (reset_at, notes)


def test_milliseconds_count_before_the_seconds_to_go():
    window, said = primary(reset_time_ms=(epoch(NOW) + 7200) * 1000, reset_after_seconds=3600, used_percent=1)
    assert (window.reset_at, said) == (NOW + timedelta(hours=2), (RESETS,))


def test_seconds_to_go_that_leave_the_calendar():
    """A broken field like any other: its neighbours stay."""
    window, said = primary(used_percent=9, limit_window_seconds=WEEK, reset_after_seconds=1e14)
    assert (window.used_percent, window.reset_at) == (9, None)
    assert said == ("expected seconds to a reset, found a number out of range",)


def test_a_reset_that_passed_is_kept():
    """Seconds to go may be negative; what the reading is worth then is the window's state."""
    window, _ = primary(used_percent=9, limit_window_seconds=WEEK, reset_after_seconds=-60)
    assert window.reset_at == NOW - timedelta(minutes=1)
    assert window.state(NOW) == "stale"


# --- money ---


def cap(**fields: object):
    (limit,) = normalize_usage({"spend_control": {"individual_limit": fields}}, fetched_at=NOW).spend_limits
    return limit


@pytest.mark.parametrize(
    ("fields", "share"),
    [
        ({"limit": "200", "used": "25", "used_percent": 3}, 3),
        ({"limit": "200", "used": "25"}, 12.5),
        ({"limit": "200", "remaining": "150"}, 25),
        ({"limit": "200", "used": "25", "remaining": "20"}, 12.5),
        ({"limit": "200", "used": "300"}, 150),
        ({"limit": "200", "used": "0"}, 0),
        ({"limit": "200", "remaining": "0"}, 100),
        ({"limit": "200", "remaining": "200"}, 0),
        ({"limit": "200", "remaining": "201"}, None),
        ({"limit": "200", "used": "-1"}, None),
        ({"limit": "0", "used": "0"}, None),
        ({"limit": "-5", "used": "1"}, None),
        ({"limit": "200"}, None),
        ({"used": "25", "remaining": "20"}, None),
    ],
)
def test_the_share_of_a_cap_follows_from_its_amounts(fields, share):
    """Only where the server leaves it out, and only from amounts that make sense."""
    assert cap(**fields).used_percent == share


def test_a_share_worked_out_says_so():
    found = trace_body({"individual_limit": {"limit": "200", "used": "25"}}, fetched_at=NOW)
    rules = {(step.path, step.read_as): step.rule for step in found.reads}
    assert rules["$.individual_limit.used", "spend:individual.used_percent"] == "worked out from the cap"
    assert rules["$.individual_limit.used", "spend:individual.used"] == ""


@pytest.mark.parametrize(
    ("change", "noted"),
    [
        ({}, False),
        ({"limit": "21"}, True),
        ({"used": "6"}, True),
        ({"used_percent": 26}, True),
        ({"reset_at": 9}, True),
    ],
)
def test_a_cap_in_two_places_is_compared(change, noted):
    """What the control block says counts; remaining and source tell nothing of their own."""
    first = {"limit": "20", "used": "5", "used_percent": 25, "reset_at": epoch(NOW)}
    second = first | {"remaining": "3", "source": "elsewhere"} | change
    body = {"spend_control": {"individual_limit": first}, "individual_limit": second}
    found = normalize_usage(body, fetched_at=NOW)
    assert [limit.limit for limit in found.spend_limits] == [20]
    note = "disagrees with $.spend_control.individual_limit, which counts @ $.individual_limit"
    assert (note in found.notes) == noted


# --- names ---


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (FIVE_HOURS - 60, "five_hour"),
        (FIVE_HOURS - 61, "17939s"),
        (FIVE_HOURS + 60, "five_hour"),
        (FIVE_HOURS + 61, "18061s"),
        (DAY - 61, "86339s"),
        (DAY + 60, "daily"),
        (WEEK - 60, "weekly"),
        (WEEK + 61, "604861s"),
        (28 * DAY - 60, "monthly"),
        (28 * DAY - 61, "2419139s"),
        (31 * DAY + 60, "monthly"),
        (31 * DAY + 61, "2678461s"),
    ],
)
def test_a_length_names_its_window_within_a_minute(seconds, name):
    window, _ = primary(used_percent=1, limit_window_seconds=seconds)
    assert (window.name, window.name_inferred) == (name, False)


@pytest.mark.parametrize(
    ("slot", "name", "longest"),
    [
        ("primary_window", "five_hour", FIVE_HOURS + 120),
        ("secondary_window", "weekly", WEEK + 120),
        ("daily", "daily", DAY + 120),
        ("monthly", "monthly", 31 * DAY),
    ],
)
def test_a_name_by_slot_is_doubted_when_the_reset_is_too_far_away(slot, name, longest):
    for seconds, doubted in ((longest, False), (longest + 1, True)):
        found = limited(**{slot: {"used_percent": 5, "reset_after_seconds": seconds}})
        assert [(window.name, window.name_inferred) for window in found.windows] == [(name, True)]
        assert any("farther away than that" in note for note in found.notes) == doubted


def test_a_length_is_never_doubted_by_its_reset():
    _, said = primary(used_percent=5, limit_window_seconds=FIVE_HOURS, reset_after_seconds=MONTH)
    assert said == ()
