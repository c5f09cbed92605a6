"""How windows are named, and what a reading is worth at a moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from foundation_support import FIVE_HOURS, NOW, WEEK, reading, snapshot

from quota_helpers.models import window_state
from quota_helpers.times import window_name


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (18_000, "five_hour"),
        (18_001, "five_hour"),
        (17_940, "five_hour"),
        (18_060, "five_hour"),
        (18_061, "18061s"),
        (86_400, "daily"),
        (604_800, "weekly"),
        (604_860, "weekly"),
        (2_419_200, "monthly"),
        (2_592_000, "monthly"),
        (2_628_000, "monthly"),
        (2_678_460, "monthly"),
        (2_764_800, "32d"),
        (32_400, "9h"),
        (900, "15min"),
        (5_400, "90min"),
        (1_209_600, "14d"),
        (1, "1s"),
        (0.5, "0.5s"),
    ],
)
def test_a_window_is_named_by_its_length(seconds, name):
    assert window_name(seconds) == name


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("used", "reset_in", "length", "state"),
    [
        (None, timedelta(hours=1), FIVE_HOURS, "unknown"),
        (None, None, None, "unknown"),
        (50, timedelta(hours=1), FIVE_HOURS, "current"),
        (50, timedelta(0), FIVE_HOURS, "stale"),
        (50, -SECOND, FIVE_HOURS, "stale"),
        (50, SECOND, FIVE_HOURS, "current"),
        (50, None, FIVE_HOURS, "current"),
        (50, None, None, "current"),
        (0, timedelta(hours=5), FIVE_HOURS, "not_started"),
        (1, timedelta(hours=5, seconds=60), FIVE_HOURS, "not_started"),
        (1, timedelta(hours=5, seconds=-60), FIVE_HOURS, "not_started"),
        (1, timedelta(hours=5, seconds=61), FIVE_HOURS, "current"),
        (1.5, timedelta(hours=5), FIVE_HOURS, "current"),
        (0, timedelta(hours=4), FIVE_HOURS, "current"),
        (0, timedelta(hours=5), None, "current"),
        (130, timedelta(hours=1), WEEK, "current"),
    ],
)
def test_the_state_of_a_reading(used, reset_in, length, state):
    assert reading(used, length, reset_in=reset_in).state(NOW) == state


def test_a_reading_ages():
    """The same reading at later moments: not started stays so until its reset, then nothing is known any more."""
    idle = reading(0, reset_in=timedelta(hours=5))
    assert idle.state(NOW + timedelta(hours=4)) == "not_started"
    assert idle.state(NOW + timedelta(hours=5)) == "stale"
    timeless = reading(50, reset_in=None)
    assert timeless.state(NOW + timedelta(hours=5)) == "current"
    assert timeless.state(NOW + timedelta(hours=5) + SECOND) == "stale"


def test_a_window_without_a_time_of_reading_is_judged_by_the_present():
    fields = {"used_percent": 0, "window_seconds": FIVE_HOURS, "fetched_at": None, "now": NOW}
    assert window_state(reset_at=None, **fields) == "current"
    assert window_state(reset_at=NOW + timedelta(hours=5), **fields) == "not_started"
    assert window_state(reset_at=NOW + timedelta(hours=4), **fields) == "current"


@pytest.mark.parametrize(("used", "left"), [(None, None), (0, 100), (33.3, 66.7), (100, 0), (130, 0), (99.9, 0.1)])
def test_what_is_left_is_never_below_zero(used, left):
    assert reading(used).remaining_percent == left


def test_a_snapshot_finds_its_own_windows_only():
    """Another limit's five-hour window never fills a gap in the account's own."""
    taken = snapshot("ada", reading(limit="spark"), reading(40, WEEK, "weekly"))
    assert taken.five_hour is None
    assert taken.weekly.used_percent == 40
    assert taken.window("five_hour", "spark").limit_id == "spark"
