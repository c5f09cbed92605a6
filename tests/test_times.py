"""Moments, lengths and zones: both sides of every boundary."""

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest

from quota_helpers import times
from quota_helpers.times import DAY, MILLISECONDS_ABOVE, from_epoch, local_time, moment, wait, window_name, zone_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 11, 22, 12, tzinfo=UTC),
        datetime(2026, 11, 22, 14, tzinfo=timezone(timedelta(hours=2))),
        pd.Timestamp("2026-11-22T12:00:00.000000001", tz="UTC"),
        pd.Timestamp("2026-11-22 13:00", tz="Europe/Berlin"),
        "2026-11-22T12:00:00Z",
        " 2026-11-22 12:00 ",
        "2026-11-22T13:00+01:00",
        timedelta(hours=2),
        pd.Timedelta(hours=2),
    ],
)
def test_a_moment_in_each_form(value):
    """All of them are plain aware datetimes in UTC."""
    found = moment(value, now=datetime(2026, 11, 22, 14, tzinfo=UTC))
    assert (found, type(found), found.tzinfo) == (datetime(2026, 11, 22, 12, tzinfo=UTC), datetime, UTC)


@pytest.mark.parametrize(
    "value", [datetime.fromisoformat("2026-11-22"), pd.Timestamp("2026-11-22"), pd.NaT, "soon", "", "31.12.2026"]
)
def test_what_is_no_time_says_which_argument(value):
    with pytest.raises(ValueError, match="until"):
        moment(value, name="until")


@pytest.mark.parametrize("value", [None, 7, 1.5, NOW.date(), ["2026"]])
def test_another_kind_says_what_is_wanted(value):
    with pytest.raises(TypeError, match=r"since is .* instead of an aware datetime"):
        moment(value)


@pytest.mark.parametrize(
    ("value", "now"),
    [(timedelta(days=1), None), (timedelta.max, NOW), (timedelta.min, NOW), ("0001-01-01T00:00+05:00", NOW)],
)
def test_a_moment_that_cannot_be_reckoned(value, now):
    with pytest.raises(ValueError, match="since"):
        moment(value, now=now)


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (18_000 - 60, "five_hour"),
        (18_000 - 61, "17939s"),
        (18_060, "five_hour"),
        (18_061, "18061s"),
        (86_400 + 60, "daily"),
        (86_400 + 61, "86461s"),
        (604_800 - 60, "weekly"),
        (604_800 - 61, "604739s"),
        (28 * DAY - 60, "monthly"),
        (28 * DAY - 61, "2419139s"),
        (31 * DAY + 60, "monthly"),
        (31 * DAY + 61, "2678461s"),
        (27 * DAY, "27d"),
        (60, "1min"),
        (59, "59s"),
    ],
)
def test_a_window_is_named_by_length_within_a_minute(seconds, name):
    assert window_name(seconds) == name


def test_seconds_become_milliseconds_above_the_border():
    assert from_epoch(MILLISECONDS_ABOVE).year == 5138
    assert from_epoch(MILLISECONDS_ABOVE + 1).year == 1973
    assert from_epoch(MILLISECONDS_ABOVE + 1, milliseconds=False).year == 5138


@pytest.mark.parametrize("number", [-1, -0.5, float("nan"), float("inf"), 1e15])
def test_no_calendar_holds_it(number):
    assert from_epoch(number, milliseconds=False) is None


def test_micros_there_and_back():
    assert times.from_micros(times.micros(NOW)) == NOW


@pytest.mark.parametrize("name", ["europe/berlin", " Europe/Berlin ", "EUROPE/BERLIN"])
def test_a_zone_by_name(name):
    assert NOW.astimezone(zone_of(name)).tzname() == "CET"


def test_this_machines_zone_knows_its_changes():
    assert zone_of(None) == zone_of("local")
    assert zone_of(UTC) is UTC


@pytest.mark.parametrize(
    ("name", "hint"), [("berlin", "Europe/Berlin"), ("Europe/Berlim", "Europe/Berlin"), ("x" * 40, "Try UTC")]
)
def test_an_unknown_zone_is_answered_with_some_that_are_alike(name, hint):
    with pytest.raises(ValueError, match=hint):
        zone_of(name)
    with pytest.raises(TypeError, match="tz is int"):
        zone_of(3)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59, "in < 1 m"),
        (60, "in 1 m"),
        (3_599, "in 59 m"),
        (3_600, "in 1 h 00 m"),
        (86_399, "in 23 h 59 m"),
        (DAY, "in 1 d 00 h"),
        (-1, "< 1 m ago"),
        (0, "in < 1 m"),
    ],
)
def test_a_wait_in_two_units(seconds, words):
    assert wait(timedelta(seconds=seconds)) == words


def test_the_calendars_ends_are_said_in_utc():
    assert local_time(datetime(9999, 12, 31, 23, 59, tzinfo=UTC), zone_of("Asia/Tokyo")) == "Fri 31 Dec 23:59 UTC"
