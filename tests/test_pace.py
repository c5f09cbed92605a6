"""Pace: used against the time that is gone, from one reading."""

from __future__ import annotations

from datetime import timedelta

import pytest
from foundation_support import NOW, WEEK, reading, snapshot

import quota_helpers as qh

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def week(used, reset_in=3.5 * DAY, **more):
    return reading(used, WEEK, "weekly", slot="secondary", reset_in=reset_in, **more)


def only(window, **options):
    [pace] = qh.pace(snapshot("ada", window), **options)
    return pace


def test_a_pace_is_points_and_time_in_hand_and_what_would_just_last():
    pace = only(week(30))
    assert (pace.used, pace.gone, pace.reserve, pace.reserve_time) == (30, 50, 20, 0.2 * 7 * DAY)
    assert (pace.per_day, pace.per_hour) == (20, pytest.approx(70 / 84))
    assert (pace.runs_out_at, pace.fast, pace.binds) == (None, False, True)


def test_a_deficit_is_negative_and_has_its_end():
    pace = only(week(75))
    assert (pace.reserve, pace.reserve_time) == (-25, -0.25 * 7 * DAY)
    assert pace.runs_out_at == NOW + 25 / 75 * 3.5 * DAY
    assert pace.fast


@pytest.mark.parametrize(
    ("window", "fast"),
    [
        (week(72, reset_in=7 * DAY - 7 * HOUR), True),
        (week(10, reset_in=7 * DAY - HOUR), True),
        (week(10, reset_in=7 * DAY - timedelta(minutes=1)), True),
        (week(10, reset_in=7 * DAY), False),
        (week(50, reset_in=30 * DAY), False),
        (week(9.9, reset_in=7 * DAY - HOUR), False),
        (week(53.5), False),
        (week(53.6), True),
        (week(99, reset_in=timedelta(minutes=1)), False),
        (week(100), True),
    ],
)
def test_the_first_minutes_count_and_a_whole_percent_of_noise_does_not(window, fast):
    pace = only(window)
    assert pace.fast == fast
    assert (pace.runs_out_at is not None) == fast


def test_what_is_used_up_has_run_out_now():
    assert only(week(130)).runs_out_at == NOW
    assert only(week(100, reset_in=None)).runs_out_at is None


@pytest.mark.parametrize("window", [week(None), week(40, reset_in=None), week(40, reset_in=-HOUR), reading(40, None)])
def test_without_percentage_reset_or_length_there_is_no_pace(window):
    pace = only(window)
    assert (pace.reserve, pace.reserve_time, pace.runs_out_at, pace.fast) == (None, None, None, False)


def test_a_window_never_runs_out_beyond_its_reset():
    for used in range(10, 100):
        pace = only(week(used))
        assert pace.runs_out_at is None or NOW < pace.runs_out_at < NOW + 3.5 * DAY


def test_one_window_of_an_account_binds_first():
    """Of its own limit, and of those that are known."""
    taken = snapshot("ada", reading(30), week(80), reading(99, limit="spark"))
    assert [pace.window for pace in qh.pace(taken) if pace.binds] == ["weekly"]
    assert [pace.window for pace in qh.pace(snapshot("ada", reading(30), week(None))) if pace.binds] == ["five_hour"]
    assert not any(pace.binds for pace in qh.pace(snapshot("ada", week(None))))


def test_the_account_that_binds_first_is_on_top():
    paces = qh.pace([snapshot("lasts", week(71, reset_in=DAY)), snapshot("short", week(58))])
    assert [pace.account for pace in paces] == ["short", "lasts"]


def test_a_pace_moves_with_the_moment():
    assert only(week(30), now=NOW + 1.75 * DAY).gone == 75
    assert only(week(30), now="2026-11-22T06:00Z").gone == 75


def test_paces_show_themselves_as_a_table():
    paces = qh.pace([snapshot("ada", week(30)), snapshot("kim", week(50.2), reading(60, limit="spark"))])
    assert repr(paces).splitlines()[-1] == "ada  weekly  30 %  50 %  +20 points (1 d 09 h)  20.0 points a day"
    assert "+0 points" in repr(paces)
    assert paces._repr_html_().count("<tr>") == 4
    assert repr(qh.pace([])) == "no window"
