"""Cycles: what really happened in the demo's month is found, and single cases of the wire are read right."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from cycles_support import FIVE, ends, kinds, label_readings, readings
from hypothesis import given, settings
from hypothesis import strategies as st

from quota_helpers.frames import to_frame
from quota_helpers.invented import truth
from quota_helpers.invented.history import demo_snapshots
from quota_helpers.periods import CYCLE_COLUMNS, cycles


@pytest.fixture(scope="module")
def month():
    return to_frame(demo_snapshots(), reveal=True)


def of(frame, account, window):
    return frame[(frame["account"] == account) & (frame["window"] == window)]


def test_the_early_refill_is_found_and_nothing_else_is_one(month):
    found = cycles(month)
    early = found[found["end"] == "early, clock restarted"]
    assert early[["account", "window"]].to_numpy().tolist() == [[truth.EARLY_REFILL.account, truth.EARLY_REFILL.window]]
    (cycle,) = early.to_dict("records")
    assert timedelta() <= cycle["ended_at"] - truth.EARLY_REFILL.at <= timedelta(minutes=20)
    assert abs(cycle["reset_at"] - truth.EARLY_REFILL_ANNOUNCED) < timedelta(seconds=5)


def test_the_refill_that_kept_its_clock_is_told_apart(month):
    found = cycles(month)
    kept = found[found["end"] == "early, clock kept"]
    assert kept[["account", "window"]].to_numpy().tolist() == [[truth.KEPT_CLOCK.account, truth.KEPT_CLOCK.window]]
    (number,) = kept.index
    assert kept.loc[number, "ended_at"] == truth.KEPT_CLOCK.at
    assert abs(found.loc[number + 1, "reset_at"] - kept.loc[number, "reset_at"]) < timedelta(minutes=1)


def test_flapping_is_no_reset(month):
    """Both windows of the flapping day are readings of one cycle and unconfirmed ones beside it."""
    labelled = of(label_readings(month), truth.FLAPPING.account, "weekly")
    day = labelled[labelled["fetched_at"].between(truth.FLAPPING.since, truth.FLAPPING.until, inclusive="left")]
    odd = day[day["reading"] == "unconfirmed"]
    assert len(odd) >= 5
    assert (odd["used_percent"] < 10).all()
    assert (day.loc[day["reading"] == "confirmed", "used_percent"] > 50).all()
    assert len(set(day["cycle"].dropna())) == 1
    found = of(cycles(month), truth.FLAPPING.account, "weekly")
    assert not found["ended_at"].between(truth.FLAPPING.since, truth.FLAPPING.until).any()


def test_the_odd_reading_is_the_only_unconfirmed_one_elsewhere(month):
    labelled = label_readings(month)
    odd = labelled[(labelled["reading"] == "unconfirmed") & (labelled["account"] != truth.FLAPPING.account)]
    assert odd[["account", "window", "fetched_at"]].to_numpy().tolist() == [
        [truth.ODD_READING.account, truth.ODD_READING.window, pd.Timestamp(truth.ODD_READING.at)]
    ]


def test_the_gap_makes_no_cycle(month):
    """The week goes on through it; of the five hours there is simply nothing."""
    found = cycles(month)
    week = of(found, truth.GAP.account, "weekly")
    around = week[(week["began_at"] < truth.GAP.since) & (week["seen_at"] > truth.GAP.until)]
    assert len(around) == 1
    five = of(found, truth.GAP.account, "five_hour")
    assert not five["began_at"].between(truth.GAP.since, truth.GAP.until, inclusive="left").any()


def test_the_lifted_window_is_absent_and_not_zero(month):
    ada = month[month["account"] == truth.LIFTED.account]
    lifted = ada[ada["fetched_at"].between(truth.LIFTED.since, truth.LIFTED.until, inclusive="left")]
    assert set(lifted["window"]) == {"weekly"}
    found = of(cycles(month), truth.LIFTED.account, "five_hour")
    assert not found["began_at"].between(truth.LIFTED.since, truth.LIFTED.until, inclusive="left").any()
    week = of(cycles(month), truth.LIFTED.account, "weekly")
    assert week["end"].tolist().count("scheduled") >= 3  # moving between slots ends nothing


def test_scheduled_cycles_follow_each_other_by_a_week():
    rows = [(hour, hour % 168 / 2, hour // 168 * 168 + 168) for hour in range(0, 400, 5)]
    assert ends(readings(*rows)) == ["scheduled", "scheduled", "open"]


def test_a_jitter_of_seconds_is_one_cycle():
    frame = readings(*[(hour, 10 + hour, 100 + (hour % 3) / 1800) for hour in range(20)])
    assert ends(frame) == ["open"]
    assert cycles(frame)["readings"].tolist() == [20]


def test_an_hour_in_another_window_that_comes_back():
    """A series reported in the wild: two readings of another, earlier window, then the old one again."""
    frame = readings((0, 40, 100), (0.1, 3, 82), (0.7, 6, 82), (1.3, 41, 100))
    assert ends(frame) == ["open"]
    assert kinds(frame) == ["confirmed", "unconfirmed", "unconfirmed", "confirmed"]


def test_a_series_that_begins_in_the_other_window():
    frame = readings((0, 3, 82), (1, 40, 100), (2, 4, 82), *[(3 + hour, 41, 100) for hour in range(9)])
    assert ends(frame) == ["open"]
    assert kinds(frame)[:3] == ["unconfirmed", "confirmed", "unconfirmed"]


def test_a_single_fall_at_the_end_waits_for_a_second_reading():
    rows = [(0, 40, 100), (1, 42, 100), (2, 0, 170)]
    assert ends(readings(*rows)) == ["open"]
    assert kinds(readings(*rows))[-1] == "unconfirmed"
    assert ends(readings(*rows, (3, 1, 170))) == ["early, clock restarted", "open"]


def test_a_single_fall_with_the_same_clock_waits_too():
    rows = [(0, 40, 100), (1, 42, 100), (2, 0, 100)]
    assert kinds(readings(*rows))[-1] == "unconfirmed"
    assert ends(readings(*rows, (3, 1, 100))) == ["early, clock kept", "open"]


def test_a_clock_that_moves_without_a_refill():
    frame = readings((0, 40, 100), (1, 41, 100), (2, 41, 130), (3, 42, 130))
    assert ends(frame) == ["clock moved", "open"]


def test_a_window_that_has_not_started_has_no_cycle():
    """Its reset slides along with every reading."""
    frame = readings(
        (0, 30, 2), (1, 35, 2), (3, 0, 8), (4, 0, 9), (5, 0, 10), (6, 5, 10), seconds=FIVE, window="five_hour"
    )
    assert ends(frame) == ["scheduled", "open"]
    assert kinds(frame)[2:5] == ["not_started"] * 3


def test_falls_without_any_announced_reset_are_unknown_ends():
    frame = readings((0, 40, None), (1, 45, None), (2, 3, None), (3, 4, None))
    assert ends(frame) == ["unknown", "open"]


def test_limits_are_never_mixed():
    """Two limits that alternate within a second are two series."""
    frame = readings((0, 40, 100), (0.0001, 0, 20), (0.0002, 41, 100), (0.0003, 0, 20))
    frame["limit"] = ["codex", "codex_bengalfox"] * 2
    assert cycles(frame)[["limit", "readings"]].to_numpy().tolist() == [["codex", 2], ["codex_bengalfox", 2]]


def test_an_account_without_a_key_is_known_by_its_name():
    frame = pd.concat([readings((0, 1, 100), (1, 9, 100))] * 2, ignore_index=True)
    frame["account_key"] = pd.Series([None] * 4, dtype="str")
    frame["account"] = ["a", "a", "b", "b"]
    assert cycles(frame)["account"].tolist() == ["a", "b"]


def test_the_order_of_the_rows_does_not_matter(month):
    mixed = month.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        cycles(mixed).sort_values(["account", "window", "cycle"], ignore_index=True),
        cycles(month).sort_values(["account", "window", "cycle"], ignore_index=True),
    )


@pytest.mark.parametrize("frame", [to_frame(()), readings((0, float("nan"), 10))])
def test_nothing_to_read(frame):
    found = cycles(frame)
    assert found.empty
    assert dict(found.dtypes.astype(str)) == CYCLE_COLUMNS
    assert label_readings(frame)["reading"].tolist() == ["no number"] * len(frame)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 110), st.one_of(st.none(), st.integers(0, 400))),
        max_size=60,
    )
)
def test_whatever_is_read_the_books_balance(rows):
    """Every confirmed reading is in exactly one cycle, cycles follow in time, their peaks are their readings'."""
    frame = readings(*[(tenths / 10, used, reset) for tenths, used, reset in rows]) if rows else to_frame(())
    found, labelled = cycles(frame), label_readings(frame)
    assert (labelled["cycle"].notna() == (labelled["reading"] == "confirmed")).all()
    told = labelled.drop_duplicates(["fetched_at", "used_percent", "reset_at"])
    assert found["readings"].sum() == told["cycle"].notna().sum()
    assert all(early <= late for early, late in pairwise(found["began_at"]))
    assert found["end"].tolist().count("open") <= 1
    for number, peak in found["peak_used"].items():
        assert peak == np.max(labelled.loc[labelled["cycle"] == found["cycle"][number], "used_percent"])
