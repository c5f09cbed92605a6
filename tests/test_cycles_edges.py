"""The rules of cycles, each just inside and just outside: where a fall begins, what is one clock, what comes back."""

import numpy as np
import pandas as pd
import pytest
from cycles_support import FIVE, SECOND, START, WEEK, ends, kinds, label_readings, readings

from quota_helpers.periods import Series, cycles
from quota_helpers.periods.follow import follow
from quota_helpers.periods.readings import MISSING, micros, picked, series_of

DAY = 86_400
CONFIRMED, UNCONFIRMED, NOT_STARTED = "confirmed", "unconfirmed", "not_started"
RESTARTED, KEPT = "early, clock restarted", "early, clock kept"


def series(seconds):
    """A series of one reading in a window of that length."""
    (found,) = series_of(readings((0, 1, 1), seconds=seconds, window="odd"))
    return found


# --- tolerances -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "tolerance"),
    [
        (FIVE, 600),
        (18_030, 601),
        (18_000 - 30, 600),
        (DAY, 1800),
        (54_000, 1800),
        (53_970, 1799),
        (WEEK, 1800),
        (float("nan"), 1800),
    ],
)
def test_how_far_two_announced_resets_may_lie_apart(seconds, tolerance):
    """A thirtieth of the length, at least 10 and at most 30 minutes."""
    assert series(seconds).tolerance == tolerance * 1_000_000


@pytest.mark.parametrize(
    ("seconds", "pause"),
    [
        (FIVE, 7_200),
        (100_800, 7_200),
        (100_814, 7_201),
        (WEEK, 43_200),
        (1_814_400, 129_600),
        (1_814_386, 129_599),
        (10 * WEEK, 129_600),
        (float("nan"), 7_200),
    ],
)
def test_how_long_a_pause_may_be(seconds, pause):
    """A fourteenth of the length, at least two and at most 36 hours."""
    assert series(seconds).longest_pause == pause * 1_000_000


@pytest.mark.parametrize(
    ("window", "seconds"),
    [("five_hour", 18_000.0), ("daily", 86_400.0), ("weekly", 604_800.0), ("monthly", 2_592_000.0)],
)
def test_a_length_that_is_not_told_follows_from_the_name(window, seconds):
    (found,) = series_of(readings((0, 1, 1), seconds=float("nan"), window=window))
    assert found.length == seconds


def test_the_length_is_the_last_one_that_was_told():
    frame = readings((0, 1, 5), (1, 2, 5), (2, 3, 5))
    frame["window_seconds"] = [7_200.0, 18_000.0, float("nan")]
    assert cycles(frame)["window_seconds"].tolist() == [18_000.0]


# --- what is one clock ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("apart", "end"), [(1800, KEPT), (1801, RESTARTED)])
def test_resets_of_a_week_are_one_clock_up_to_half_an_hour(apart, end):
    """A refill with the clock kept, or a clock that began anew: what tells them apart is the tolerance."""
    then = 100 - apart * SECOND
    assert ends(readings((0, 40, 100), (1, 42, 100), (2, 5, then), (3, 6, then))) == [end, "open"]


def test_a_clock_that_creeps_is_one_clock():
    """Each step is within the tolerance of the one before, though the last is far from the first."""
    assert ends(readings(*[(hour, 10 + hour, 100 - hour * 0.5) for hour in range(12)])) == ["open"]


@pytest.mark.parametrize(("apart", "kind"), [(1800, CONFIRMED), (1801, UNCONFIRMED)])
def test_one_reading_of_a_clock_beyond_the_tolerance_waits_for_a_second(apart, kind):
    assert kinds(readings((0, 40, 100), (1, 42, 100), (2, 43, 100 - apart * SECOND)))[-1] == kind


@pytest.mark.parametrize(("before", "end"), [(1800, "scheduled"), (1801, RESTARTED)])
def test_a_refill_is_the_scheduled_one_from_half_an_hour_before_it_was_due(before, end):
    """Servers are not that punctual; earlier than that, it came early."""
    at = 100 - before * SECOND
    found = cycles(readings((0, 40, 100), (90, 42, 100), (at, 5, 270), (at + 1, 6, 270)))
    assert found["end"].tolist() == [end, "open"]
    due = 100 if end == "scheduled" else at
    assert found["ended_at"][0] == START + pd.Timedelta(hours=due).round("us")


def test_a_scheduled_reset_needs_no_second_reading():
    assert ends(readings((0, 40, 100), (90, 42, 100), (100, 5, 268))) == ["scheduled", "open"]


# --- what is a fall -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("used", "end"), [(40, ["open"]), (39.99, [KEPT, "open"])])
def test_a_fall_begins_beyond_two_percent(used, end):
    """Two servers that do not quite agree are no refill."""
    assert ends(readings((0, 41, 100), (1, 42, 100), (2, used, 100), (3, used, 100))) == end


def test_a_slow_fall_in_small_steps_is_none():
    assert ends(readings(*[(hour, 40 - 2 * hour, 100) for hour in range(10)])) == ["open"]


@pytest.mark.parametrize(("odd", "kind"), [(40, CONFIRMED), (39.99, UNCONFIRMED)])
@pytest.mark.parametrize(("after", "back"), [(40, True), (39.99, False)])
def test_an_odd_reading_falls_by_more_than_two_and_the_next_is_back(odd, kind, after, back):
    """Back means: not more than two below where it was. A fall that stays is a refill."""
    found = kinds(readings((0, 41, 100), (1, 42, 100), (2, odd, 100), (3, after, 100)))
    assert found[2] == (kind if back or kind == CONFIRMED else CONFIRMED)


@pytest.mark.parametrize("place", [0, 3])
def test_the_first_and_the_last_reading_are_no_odd_ones(place):
    """Nothing stands before or after them to say so."""
    rows = [(0, 41, 100), (1, 42, 100), (2, 42, 100), (3, 43, 100)]
    rows[place] = (place, 10, 100)
    assert kinds(readings(*rows))[0] == CONFIRMED
    assert kinds(readings(*rows))[3] == (UNCONFIRMED if place == 3 else CONFIRMED)


@pytest.mark.parametrize(("before", "after"), [(100 - 1801 * SECOND, 100), (100, 100 - 1801 * SECOND)])
def test_an_odd_reading_has_the_clock_of_both_its_neighbours(before, after):
    rows = [(0, 41, before), (1, 42, before), (2, 10, 100), (3, 11, 100), (4, 42, after), (5, 43, after)]
    assert kinds(readings(*rows))[2:4].count(CONFIRMED) in {0, 2}  # never one of two


@pytest.mark.parametrize(("here", "after"), [(100.5, 100), (99.5, 100), (100, 100.5), (100, 99.5)])
def test_the_clock_of_an_odd_reading_may_lie_half_an_hour_off(here, after):
    rows = [(0, 41, 100), (1, 42, 100), (2, 10, here), (3, 42, after), (4, 43, after)]
    assert kinds(readings(*rows)) == [CONFIRMED, CONFIRMED, UNCONFIRMED, CONFIRMED, CONFIRMED]


def test_two_odd_readings_with_the_same_clock_are_a_refill():
    assert ends(readings((0, 41, 100), (1, 42, 100), (2, 3, 100), (3, 4, 100), (4, 5, 100))) == [KEPT, "open"]


def test_the_end_of_a_kept_clock_is_the_reading_that_shows_it():
    found = cycles(readings((0, 41, 100), (1, 42, 100), (2, 3, 100), (3, 4, 100)))
    assert found["ended_at"][0] == START + pd.Timedelta(hours=2)
    assert pd.isna(found["ended_at"][1])
    assert found["seen_at"].tolist() == [START + pd.Timedelta(hours=hour) for hour in (1, 3)]


# --- a window that has not started ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "off", "kind"),
    [
        (1, 60, NOT_STARTED),
        (1, -60, NOT_STARTED),
        (1, 61, CONFIRMED),
        (1, -61, CONFIRMED),
        (1.01, 0, CONFIRMED),
        (0, 0, NOT_STARTED),
    ],
)
def test_a_window_has_not_started_at_one_percent_and_a_full_length(used, off, kind):
    """Within a minute: what begins with the first use still moves with every reading."""
    assert kinds(readings((3, used, 8 + off * SECOND), seconds=FIVE, window="five_hour")) == [kind]


def test_without_a_length_nothing_is_known_not_to_have_started():
    assert kinds(readings((0, 0, 0), (1, 0, 1), seconds=float("nan"), window="odd"))[0] == CONFIRMED


def test_a_window_that_is_refilled_before_its_time_and_left_alone():
    """One reading of a window that has not started is believed once a second one follows, whatever it says."""
    rows = [(0, 40, 100), (1, 42, 100), (2, 0, 170)]
    assert ends(readings(*rows)) == ["open"]
    assert ends(readings(*rows, (3, 0, 171))) == [RESTARTED]
    assert ends(readings(*rows, (3, 0, 171), (4, 3, 171))) == [RESTARTED, "open"]


def test_a_window_that_was_refilled_when_hardly_used():
    """It has not started although the one before was at less: that is a refill, no moved clock."""
    assert ends(readings((0, 0.5, 100), (1, 0.6, 100), (2, 1, 170), (3, 1, 171))) == [RESTARTED]


def test_two_idle_stretches_with_use_between_them():
    rows = [(0, 0, 5), (1, 0, 6), (2, 10, 6), (3, 12, 6), (6, 0, 11), (7, 1, 12), (8, 9, 12)]
    frame = readings(*rows, seconds=FIVE, window="five_hour")
    assert kinds(frame) == [NOT_STARTED] * 2 + [CONFIRMED] * 2 + [NOT_STARTED] * 2 + [CONFIRMED]
    assert ends(frame) == ["scheduled", "open"]


# --- a clock that began anew ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reset", "used", "end"),
    [
        (170, 40, RESTARTED),  # a full length from now
        (170 - 1800 * SECOND, 40, RESTARTED),
        (170 - 1801 * SECOND, 40, "clock moved"),
        (170, 42, RESTARTED),
        (168.49, 42.01, "clock moved"),
        (170 - 1801 * SECOND, 39.99, RESTARTED),  # fallen by more than two: whatever the clock says
    ],
)
def test_a_full_length_anew_is_a_refill_unless_more_is_used(reset, used, end):
    assert ends(readings((0, 41, 100), (1, 42, 100), (2, used, reset), (3, used, reset))) == [end, "open"]


def test_a_moved_clock_ends_at_the_reading_that_shows_it():
    found = cycles(readings((0, 40, 100), (1, 41, 100), (2, 41, 130), (3, 42, 130)))
    assert found["ended_at"][0] == START + pd.Timedelta(hours=2)
    assert found["reset_at"].tolist() == [START + pd.Timedelta(hours=hour) for hour in (100, 130)]
    assert found["first_used"].tolist() == [40, 41]
    assert found["last_used"].tolist() == [41, 42]


# --- flapping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("back", "refilled"), [(38, False), (37.99, True)])
def test_the_old_window_is_back_when_it_is_as_full_as_it_was(back, refilled):
    """Less than that by more than two percent is a third window, or the old one after its refill."""
    rows = [(0, 39, 100), (1, 40, 100), (2, 3, 82), (3, 4, 82), (4, back, 100), (5, back, 100)]
    assert (RESTARTED in ends(readings(*rows))) == refilled
    assert (ends(readings(*rows)) == ["open"]) != refilled


@pytest.mark.parametrize(("at", "early"), [(9.99, False), (10, True)])
def test_the_old_window_comes_back_before_its_reset_or_never(at, early):
    """What announces a reset that has passed is an old answer, not the window going on."""
    rows = [(0, 40, 10), (1, 42, 10), (2, 3, 170), (3, 4, 170), (at, 43, 10), (at + 0.1, 5, 170)]
    assert (RESTARTED in ends(readings(*rows))) == early


def test_flapping_without_an_announced_reset_is_a_fall():
    """Nothing tells two windows apart then, and a fall that two readings show is believed."""
    assert ends(readings((0, 40, None), (1, 42, None), (2, 3, None), (3, 4, None), (4, 42, None))) == [
        "unknown",
        "open",
    ]


@pytest.mark.parametrize(("young", "kept"), [(2, UNCONFIRMED), (3, CONFIRMED)])
def test_a_cycle_of_three_readings_is_no_stray_one(young, kept):
    rows = [(number / 10, 3, 82) for number in range(young)]
    rows += [(1, 40, 100), (2, 4, 82), *[(3 + hour, 41, 100) for hour in range(20)]]
    frame = readings(*rows)
    assert kinds(frame)[0] == kept
    assert label_readings(frame)["cycle"].notna().tolist() == [kind == CONFIRMED for kind in kinds(frame)]


@pytest.mark.parametrize(("more", "kept"), [(3, CONFIRMED), (4, UNCONFIRMED)])
def test_a_stray_window_has_less_than_half_of_the_readings(more, kept):
    """Two of the one, at most four of the other: nobody knows. Five: the two are the stray ones."""
    rows = [(0, 3, 82), (1, 40, 100), (2, 4, 82), *[(3 + hour, 41, 100) for hour in range(more)]]
    assert kinds(readings(*rows))[0] == kept


def test_a_second_reading_may_come_after_one_of_a_third_window():
    """A refill with another clock, and one with the same: each is shown twice, with an odd reading between."""
    moved = readings((0, 40, 100), (1, 42, 100), (2, 3, 170), (3, 60, 500), (4, 4, 170))
    kept = readings((0, 40, 100), (1, 42, 100), (2, 3, 100), (3, 60, 500), (4, 4, 100))
    assert (ends(moved), ends(kept)) == ([RESTARTED, "open"], [KEPT, "open"])
    assert kinds(moved) == kinds(kept) == [CONFIRMED, CONFIRMED, CONFIRMED, UNCONFIRMED, CONFIRMED]


def test_one_reading_of_a_third_window_confirms_no_other():
    """Two odd readings in a row, of two clocks, the second one fuller: neither is believed."""
    frame = readings((0, 40, 100), (1, 42, 100), (2, 3, 170), (3, 60, 500))
    assert kinds(frame) == [CONFIRMED, CONFIRMED, UNCONFIRMED, UNCONFIRMED]


@pytest.mark.parametrize(
    ("rows", "end", "kind"),
    [
        # The clock comes later, and moves then.
        ([(0, 40, None), (1, 41, 100), (2, 42, 200), (3, 43, 200)], ["clock moved", "open"], [CONFIRMED] * 4),
        # One of the two readings that show a refill announces no reset.
        ([(0, 40, 100), (1, 42, 100), (2, 3, None), (3, 4, 100)], [KEPT, "open"], [CONFIRMED] * 4),
        # What goes on without a reset, after an odd reading, keeps the one that was announced: it comes.
        (
            [(0, 40, 100), (1, 42, 100), (2, 60, 300), (3, 43, None), (101, 1, 268)],
            ["scheduled", "open"],
            [CONFIRMED, CONFIRMED, UNCONFIRMED, CONFIRMED, CONFIRMED],
        ),
        # A window that has not started says nothing of a fall without a reset; two such readings end what goes on.
        ([(0, 40, None), (1, 42, None), (2, 3, None), (3, 1, 171)], ["open"], [CONFIRMED] * 2 + [UNCONFIRMED] * 2),
        ([(0, 40, None), (1, 42, None), (2, 0, 170), (3, 0, 171)], [RESTARTED], [CONFIRMED] * 2 + [NOT_STARTED] * 2),
    ],
)
def test_readings_without_an_announced_reset(rows, end, kind):
    frame = readings(*rows)
    assert (ends(frame), kinds(frame)) == (end, kind)


def test_a_window_that_has_not_started_does_not_slide_on():
    """At one percent with a full length ahead nothing is used, however little the reset has moved."""
    assert ends(readings((0, 2, 167.9), (1, 1, 169), (2, 1, 170))) == [RESTARTED]


def test_a_length_that_begins_anew_when_it_was_due_is_the_next_one():
    """Ten minutes before the announced reset it has come, also where more is used than before."""
    for at, end in ((13_799 * SECOND, ["open"]), (13_800 * SECOND, ["scheduled", "open"])):
        assert ends(readings((3, 40, 4), (at, 41, at + 5), seconds=FIVE, window="five_hour")) == end


def test_many_changes_between_two_windows_end_nothing():
    """The busiest day seen in the wild: every other reading is of the other window."""
    rows = [(hour, 40 + hour / 10, 100) if hour % 2 == 0 else (hour, 4 + hour / 10, 82) for hour in range(40)]
    frame = readings(*rows)
    assert ends(frame) == ["open"]
    assert kinds(frame) == [CONFIRMED, UNCONFIRMED] * 20
    assert label_readings(frame)["cycle"].dropna().tolist() == [0] * 20


def test_flapping_over_a_real_reset():
    """The day goes over the announced reset: that ends the cycle, the other window still ends nothing."""
    rows = [(0, 80, 10), (2, 3, 5), (4, 82, 10), (6, 3, 5.2), (8, 84, 10)]
    rows += [(11, 1, 178), (12, 50, 30), (13, 2, 178), (14, 51, 30), (15, 3, 178)]
    frame = readings(*rows)
    assert ends(frame) == ["scheduled", "open"]
    assert cycles(frame)["peak_used"].tolist() == [84, 3]


# --- a reset that slides while the window is used -------------------------------------------------------------------


def sliding(*used, every=2.0, length=168.0):
    """Readings whose reset is a full length from each of them, as some accounts get it with every use."""
    return [(at * every, percent, at * every + length) for at, percent in enumerate(used)]


@pytest.mark.parametrize(("seconds", "window", "every"), [(WEEK, "weekly", 2), (WEEK, "weekly", 14), (FIVE, "5h", 0.5)])
def test_a_window_whose_reset_slides_while_it_is_used_is_one(seconds, window, every):
    rows = sliding(*range(10, 50, 4), every=every, length=seconds / 3600)
    found = cycles(readings(*rows, seconds=seconds, window=window))
    assert found[["end", "first_used", "peak_used", "readings"]].to_numpy().tolist() == [["open", 10, 46, 10]]
    assert found["reset_at"][0] == START + pd.Timedelta(hours=rows[-1][2])
    assert kinds(readings(*rows, seconds=seconds, window=window)) == [CONFIRMED] * 10


def test_a_reset_that_slides_with_the_use_only():
    """Between two uses it stands still, and is less than a full length away."""
    rows = [(0, 10, 168), (1, 10, 168), (2, 14, 170), (3, 14, 170), (9, 20, 177), (10, 20, 177), (11, 25, 179)]
    assert ends(readings(*rows)) == ["open"]


@pytest.mark.parametrize(
    ("at", "used", "reset", "end"),
    [
        (13, 42.01, 13 + 168 + 0.5, ["open"]),  # from half an hour after the reading ...
        (13, 42.01, 13 + 168 + 0.51, ["clock moved", "open"]),
        (13, 42.01, 1 + 168 - 0.5, ["open"]),  # ... to half an hour before the last one
        (13, 42.01, 1 + 168 - 0.51, ["clock moved", "open"]),
        (13, 42, 13 + 168, [RESTARTED, "open"]),  # no more is used than before: a refill
        (13.01, 43, 13.01 + 168, ["clock moved", "open"]),  # after twelve hours it may have been refilled and used
    ],
)
def test_a_length_that_begins_anew_with_a_use_since_the_last_reading(at, used, reset, end):
    assert ends(readings((0, 41, 100), (1, 42, 100), (at, used, reset), (at + 1, used, reset))) == end


@pytest.mark.parametrize(("ahead", "end"), [(1800, ["open"]), (1801, ["clock moved", "open"])])
def test_a_reset_slides_no_faster_than_the_clock(ahead, end):
    """Plus the tolerance; what moves further has been set anew."""
    then = 102 + ahead * SECOND
    assert ends(readings((0, 40, 100), (2, 41, then), (3, 42, then))) == end


@pytest.mark.parametrize(("before", "end"), [(1801, ["open"]), (1800, ["scheduled", "open"])])
def test_what_slides_is_not_due_yet(before, end):
    """From half an hour before the old reset on, another one is the next window's."""
    at = 100 - before * SECOND
    assert ends(readings((0, 40, 100), (at, 41, 150))) == end


@pytest.mark.parametrize(("used", "end"), [(38, ["open"]), (37.99, [RESTARTED, "open"])])
def test_a_fall_while_the_reset_slides_is_a_refill(used, end):
    rows = sliding(30, 40, used, used, used + 1)
    assert ends(readings(*rows)) == end


def test_a_refill_while_the_reset_slides_waits_for_a_second_reading():
    assert kinds(readings(*sliding(30, 40, 5))) == [CONFIRMED, CONFIRMED, UNCONFIRMED]
    assert ends(readings(*sliding(30, 40, 5))) == ["open"]
    assert ends(readings(*sliding(30, 40, 5, 3))) == [RESTARTED, "open"]
    assert ends(readings(*sliding(30, 40, 5, 2.99))) == ["open"]  # they do not agree either


@pytest.mark.parametrize("odd", [0, 5])
def test_an_odd_reading_while_the_reset_slides(odd):
    """Also one that looks like a window which has not started."""
    frame = readings(*sliding(30, 34, odd, 36, 40))
    assert ends(frame) == ["open"]
    assert kinds(frame) == [CONFIRMED, CONFIRMED, UNCONFIRMED, CONFIRMED, CONFIRMED]


def test_the_other_window_while_the_reset_slides():
    rows = [(0, 30, 168), (2, 34, 170), (3, 4, 82), (4, 5, 82), (5, 36, 173), (6, 40, 174)]
    assert kinds(readings(*rows)) == [CONFIRMED, CONFIRMED, UNCONFIRMED, UNCONFIRMED, CONFIRMED, CONFIRMED]


def test_the_window_that_slides_comes_back_last():
    """Two readings of another window are none of a refill when the very next one is the old window, slid on."""
    frame = readings((0, 40, 168), (1, 41, 169), (2, 3, 80), (2.5, 4, 80), (3, 42, 171))
    assert (ends(frame), kinds(frame)[2:]) == (["open"], [UNCONFIRMED, UNCONFIRMED, CONFIRMED])


def test_a_window_that_slides_from_its_first_percent_on():
    frame = readings(*sliding(0, 0, 1, 2, 4, 9))
    assert kinds(frame) == [NOT_STARTED] * 3 + [CONFIRMED] * 3
    assert ends(frame) == ["open"]


def test_a_reset_that_goes_back_slides_not():
    assert ends(readings((0, 40, 100), (2, 41, 99), (3, 42, 99))) == ["clock moved", "open"]


# --- each reading once ----------------------------------------------------------------------------------------------


def test_a_reading_that_stands_there_twice_counts_once():
    """One odd reading, doubled, is still one: nothing confirms itself."""
    frame = readings((0, 40, 100), (1, 42, 100), (2, 3, 100), (3, 43, 100))
    twice = pd.concat([frame, frame], ignore_index=True)
    pd.testing.assert_frame_equal(cycles(twice), cycles(frame))
    assert kinds(twice) == kinds(frame) * 2
    assert label_readings(twice)["cycle"].tolist() == label_readings(frame)["cycle"].tolist() * 2


def test_two_readings_of_one_moment_that_differ_are_two():
    frame = readings((0, 40, 100), (0, 41, 100), (0, 41, 100), (1, 42, 100.1), (1, 42, 100))
    assert cycles(frame)["readings"].tolist() == [4]


def test_numbers_that_are_missing_twice_are_missing_once():
    frame = readings((0, float("nan"), 100), (0, float("nan"), 100), (0, 41, None), (0, 41, None))
    assert cycles(frame)["readings"].tolist() == [1]
    assert kinds(frame) == ["no number"] * 2 + [CONFIRMED] * 2
    assert label_readings(frame)["cycle"].isna().tolist() == [True] * 2 + [False] * 2


def test_a_number_and_none_at_one_moment_are_two():
    frame = readings((0, float("nan"), 100), (0, 41, 100))
    assert kinds(frame) == ["no number", CONFIRMED]


def test_what_is_repeated_is_what_became_of_it():
    """Each repeated row tells the same as the reading that it repeats, not as its neighbour."""
    frame = readings((0, 40, 100), (0, 40, 100), (1, 3, 100), (1, 3, 100), (2, 41, 100))
    assert kinds(frame) == [CONFIRMED, CONFIRMED, UNCONFIRMED, UNCONFIRMED, CONFIRMED]


def test_a_series_is_what_its_latest_row_says():
    """Whatever the order of the rows: a window's length and an account's name may change."""
    frame = readings((1, 41, 100), (0, 40, 100))
    frame["account"], frame["window_seconds"] = ["new", "old"], [float(WEEK), float(FIVE)]
    (one,) = series_of(frame)
    assert (one.account, one.length) == ("new", WEEK)


def test_a_row_without_a_time_is_no_reading():
    frame = readings((0, 40, 100), (1, 41, 100))
    frame.loc[1, "fetched_at"] = pd.NaT
    assert cycles(frame)["readings"].tolist() == [1]


def test_a_limit_without_an_id():
    frame = readings((0, 40, 100)).assign(limit=pd.Series([None], dtype="str"))
    assert cycles(frame)["limit"].tolist() == ["?"]


def test_of_nothing_nothing_is_picked():
    assert picked([], accounts="ada") == []


def test_only_what_is_needed_is_asked_for():
    """Keys, numbers and times; whose name it is, and all other columns, may be missing."""
    frame = readings((0, 40, 100), (1, 42, 100))[
        ["account_key", "limit", "window", "used_percent", "reset_at", "window_seconds", "fetched_at"]
    ]
    assert cycles(frame)[["account", "account_key", "readings"]].to_numpy().tolist() == [["k", "k", 2]]
    nobody = frame.assign(account_key=pd.Series([None, None], dtype="str"))
    assert cycles(nobody)["account"].tolist() == ["?"]


@pytest.mark.parametrize("column", ["account_key", "limit", "window", "used_percent", "fetched_at", "window_seconds"])
def test_a_missing_column_is_named(column):
    with pytest.raises(ValueError, match=f"frame has no column {column}: readings come from"):
        cycles(readings((0, 40, 100)).drop(columns=column))


def test_two_people_with_one_name_are_two():
    frame = pd.concat([readings((0, 40, 100), (1, 41, 100)), readings((0, 3, 50), (1, 4, 50))], ignore_index=True)
    frame["account_key"] = ["a", "a", "b", "b"]
    assert cycles(frame)[["account_key", "readings"]].to_numpy().tolist() == [["a", 2], ["b", 2]]


def test_who_has_no_key_is_known_by_name():
    """The first key of a frame is not the first name: one with a key and one without are two, named alike or not."""
    frame = readings((0, 40, 100), (0, 3, 50), (1, 41, 100), (1, 4, 50), (1, 9, 50))
    frame["account_key"] = pd.Series(["a", None, "a", None, None], dtype="str")
    frame["account"] = ["ada", "ada", "ada", "ada", "bob"]
    assert cycles(frame)[["account", "readings"]].to_numpy().tolist() == [["ada (1)", 2], ["ada (2)", 2], ["bob", 1]]


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({"accounts": "b"}, ["b codex weekly"]),
        ({"windows": "five_hour"}, ["a codex five_hour"]),
        ({"limits": "other"}, ["a other weekly"]),
        ({"accounts": "a", "limits": "codex"}, ["a codex five_hour", "a codex weekly"]),
    ],
)
def test_what_is_picked(wanted, there):
    frame = readings((0, 1, 9), (1, 2, 9), (2, 3, 9), (3, 4, 9))
    frame["account_key"] = frame["account"] = ["a", "a", "a", "b"]
    frame["limit"], frame["window"] = ["codex", "codex", "other", "codex"], ["weekly", "five_hour", "weekly", "weekly"]
    found = picked(series_of(frame), **wanted)
    assert sorted(f"{one.whose} {one.limit} {one.window}" for one in found) == there


def test_a_row_without_a_window_is_no_reading():
    frame = readings((0, 40, 100), (1, 41, 100))
    frame["window"] = pd.Series(["weekly", None], dtype="str")
    assert cycles(frame)["readings"].tolist() == [1]
    assert kinds(frame) == [CONFIRMED, "no number"]


def test_a_series_without_readings_has_no_cycle():
    nothing = np.zeros(0)
    empty = Series(
        account="a",
        account_key=None,
        limit="codex",
        window="weekly",
        length=float(WEEK),
        rows=nothing.astype(np.intp),
        time=nothing.astype(np.int64),
        used=nothing,
        reset=nothing.astype(np.int64),
    )
    assert follow(empty).cycles == []


def test_times_are_whole_microseconds():
    times = pd.Series(pd.to_datetime(["1970-01-01T00:00:01.000001Z", None], format="ISO8601"))
    assert micros(times).tolist() == [1_000_001, MISSING]
