"""The forecast: its numbers hold together, where it knows nothing it says so, and it beats simple rules."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from cycles_support import FIVE, START, readings
from forecast_support import asked, scores
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_users import at, simulate

import quota_helpers as qh
from quota_helpers.outlook.forecast import FORECAST_COLUMNS, forecast_paths, why_not
from quota_helpers.outlook.past import HOUR_US, RefillClock, past_of
from quota_helpers.outlook.usage_paths import paths_from
from quota_helpers.periods import follow_all

DAY = 24
NUMBERS = [name for name, dtype in FORECAST_COLUMNS.items() if dtype == "float64" and name != "used_percent"]


def office(weeks, used=10, until=None):
    """Readings every two hours: so many points every working day from 9 to 19 (whole ones), weeks that reset Monday."""
    rows = []
    for hour in range(0, weeks * 7 * DAY if until is None else until, 2):
        week, inside = divmod(hour, 7 * DAY)
        day, clock = divmod(inside, DAY)
        level = used * (min(day, 5) + (np.clip((clock - 9) / 10, 0, 1) if day < 5 else 0))
        rows.append((hour, min(100, int(np.ceil(level))), (week + 1) * 7 * DAY))
    return readings(*rows)


def only(frame, **options):
    [row] = qh.forecast(frame, **options).to_dict("records")
    return row


def sound(table):
    """What holds for every row, whatever was read."""
    assert list(table.columns) == list(FORECAST_COLUMNS)
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == FORECAST_COLUMNS
    for row in table.to_dict("records"):
        assert bool(row["reason"]) == bool(np.isnan(row["p_exhausted"]))
        assert row["verdict"]
        for name in ("p_exhausted", "p_exhausted_refills"):
            assert np.isnan(row[name]) or 0 <= row[name] <= 1
        assert not row["p_exhausted_refills"] > row["p_exhausted"]
        for fan in ("used", "used_refills"):
            low, middle, high = (row[f"{fan}_{name}"] for name in ("p10", "p50", "p90"))
            assert np.isnan(low) or min(100, row["used_percent"]) <= low <= middle <= high <= 100
        times = [row[f"exhausted_{name}"] for name in ("p10", "p50", "p90")]
        known = [when for when in times if not pd.isna(when)]
        assert known == sorted(known) == times[: len(known)]
        assert all(when <= row["reset_at"] for when in known)
        assert np.isnan(row["budget_per_day"]) or row["budget_per_day"] >= 0


def test_a_steady_week_lasts_and_a_heavy_one_does_not():
    """Half a month of the same days: 50 points a week last, 130 run out on Thursday afternoon."""
    light = only(office(5, used=10, until=4 * 168 + 34))
    assert light["p_exhausted"] < 0.05
    assert light["used_p10"] <= 50 <= light["used_p90"]
    assert "last" in light["verdict"]
    heavy = only(office(5, used=26, until=4 * 168 + 34))
    assert heavy["p_exhausted"] > 0.9
    assert abs(heavy["exhausted_p50"] - (START + timedelta(hours=4 * 168 + 3 * DAY + 18))) < timedelta(hours=24)
    assert heavy["verdict"].startswith(("likely to run out", "will very likely run out"))


def test_the_budget_keeps_to_what_is_left():
    """Days that differ leave less room than days that do not; never more than an even share."""
    row = only(office(5, used=26, until=4 * 168 + 34))
    days = (row["reset_at"] - (START + timedelta(hours=4 * 168 + 32))) / timedelta(days=1)
    assert 0 < row["budget_per_day"] <= (100 - row["used_percent"]) / days


def test_the_same_seed_gives_the_same_answer_whatever_else_is_read():
    frame = office(4, used=18, until=3 * 168 + 60)
    other = frame.assign(account_key="other", account="other")
    alone, both = qh.forecast(frame, seed=3), qh.forecast(pd.concat([other, frame]), seed=3)
    pd.testing.assert_frame_equal(
        alone.drop(columns="account"), both[both["account_key"] == "k"].drop(columns="account").reset_index(drop=True)
    )
    assert only(frame, seed=4)["budget_per_day"] != only(frame, seed=3)["budget_per_day"]


def test_copies_order_zones_and_the_future_change_nothing():
    frame = simulate(11, five_hours=False, sampled=0.3).frame
    now = at(50 * 144)
    plain = qh.forecast(frame, now=now)
    mixed = pd.concat([frame, frame.sample(200, random_state=1)]).sample(frac=1, random_state=2)
    mixed["fetched_at"] = mixed["fetched_at"].dt.tz_convert("Asia/Tokyo")
    pd.testing.assert_frame_equal(qh.forecast(mixed, now=now.tz_convert("America/New_York")), plain)
    pd.testing.assert_frame_equal(qh.forecast(frame[frame["fetched_at"] <= now], now=now), plain)


@pytest.mark.parametrize(
    ("frame", "options", "reason"),
    [
        (readings((0, 10, 168), (1, 11, 168)), {}, "less than two days"),
        (readings((0, 10, 168), (49, 11, 168)), {}, ""),
        (office(3, until=2 * 168 + 60), {"now": START + timedelta(hours=2 * 168 + 58 + 24.1)}, "old"),
        (office(3, until=2 * 168 + 60), {"now": START + timedelta(hours=2 * 168 + 58 + 23.9)}, ""),
        (office(2), {"now": START + timedelta(hours=2 * 168 + 1)}, "reset has passed"),
        (office(3, until=400).assign(blocked="the workspace's credits are depleted"), {}, "credits are depleted"),
        (readings((0, 10, 168), (60, 40, 168), (61, 3, 300)), {}, "not confirmed"),
        (readings((0, 10, 168), (60, 40, 168), (61, np.nan, 168)), {}, "no number"),
        (readings((0, 10, None), (60, 40, None)), {}, "no reset"),
        (readings((0, 10, 168), (168, 0, 336)), {}, "not begun"),
        (readings((0, 10, 229), (60, 40, 229)), {}, "further away"),
        (readings((0, 10, 228), (60, 40, 228)), {}, ""),
        (readings((0, 10, 700_000), (60, 40, 700_000)), {}, "further away"),
        (readings((0, 10, 5), (1, 20, 5), seconds=FIVE, window="five_hour"), {}, "earlier windows"),
    ],
)
def test_without_evidence_there_is_a_reason_instead_of_a_number(frame, options, reason):
    table = qh.forecast(frame, **options)
    sound(table)
    [told] = table["reason"]
    assert reason in told
    assert bool(told) == bool(reason)
    if told:
        assert told in table["verdict"].iloc[0]


def test_what_is_used_up_has_run_out():
    row = only(readings((0, 50, 168), (60, 100, 168), (70, 100, 168)))
    assert (row["p_exhausted"], row["used_p10"], row["budget_per_day"]) == (1, 100, 0)
    assert row["exhausted_p50"] == START + timedelta(hours=60)


def test_nothing_is_called_calibrated_before_eight_windows_have_closed():
    frame = simulate(21, five_hours=False, sampled=0.5, days=98).frame
    told = [only(frame, now=at(day * 144))["calibrated"] for day in range(10, 55, 5)]
    assert not any(told)


def test_no_readings_are_no_rows():
    sound(qh.forecast(qh.to_frame(())))
    assert qh.forecast(qh.to_frame(())).empty


@pytest.mark.parametrize("paths", [0, -1, 2.5])
def test_a_number_of_paths_that_is_none_is_refused(paths):
    with pytest.raises(ValueError, match="paths must be"):
        qh.forecast(office(1), paths=paths)


def test_paths_never_fall_and_none_goes_beyond_the_reset():
    rng = np.random.default_rng(1)
    drawn = paths_from(rng.gamma(1.0, 1.0, (200, 31)), 60.0, 30.4, 1.0, RefillClock(1.0, 300.0), rng)
    assert (np.diff(drawn.level, axis=1) >= 0).all()
    assert drawn.edges[-1] == 30.4
    assert drawn.run_out[np.isfinite(drawn.run_out)].max() <= 30.4
    assert (drawn.at_end <= drawn.at_reset).all()
    assert drawn.at_end.min() >= 60


ROWS = st.lists(
    st.tuples(st.floats(0, 600), st.one_of(st.none(), st.floats(-5, 130)), st.one_of(st.none(), st.floats(0, 800))),
    min_size=1,
    max_size=40,
)
LENGTHS = st.sampled_from([(604_800, "weekly"), (FIVE, "five_hour"), (2_592_000, "monthly")])


@settings(max_examples=40)
@given(ROWS, LENGTHS)
def test_whatever_was_read_the_numbers_hold_together(rows, length):
    sound(qh.forecast(anything(rows, length), paths=50))


def test_a_last_reading_without_its_reset_is_forecast_to_that_of_its_cycle():
    table = qh.forecast(readings((0, 5, 168), (24, 20, 166), (48, 60, 168), (72, 72, None)), paths=50)
    assert table["reset_at"].tolist() == [START + timedelta(hours=166)]
    assert table["exhausted_p50"].notna().all()
    sound(table)


def test_fractions_in_a_later_week_are_shown_as_they_were_read():
    """Weeks are told apart by large numbers, which must not cost the last digits."""
    used = 5.315542637948498
    weeks = readings((2, 0, 168), (139, 2, 168), (178, 35, 336), (326, 60, 336), (357, 2.3, 504), (416, used, 504))
    [followed] = follow_all(weeks)
    assert past_of(followed).used[-1] == used


@settings(max_examples=25)
@given(ROWS, LENGTHS, st.randoms(use_true_random=False))
def test_whatever_was_read_copies_order_and_zones_change_nothing(rows, length, chance):
    frame = anything(rows, length)
    order = [chance.randrange(len(frame)) for _ in range(2 * len(frame))] + list(range(len(frame)))
    chance.shuffle(order)
    mixed = frame.iloc[order].assign(fetched_at=lambda rows: rows["fetched_at"].dt.tz_convert("Pacific/Chatham"))
    pd.testing.assert_frame_equal(qh.forecast(mixed, paths=20), qh.forecast(frame, paths=20))


@settings(max_examples=40)
@given(ROWS, LENGTHS)
def test_whatever_was_read_paths_never_fall_and_none_goes_beyond_the_reset(rows, length):
    for followed in follow_all(anything(rows, length)):
        now = int(followed.series.time[-1])
        drawn = None if why_not(followed, now) else forecast_paths(followed, count=30)[0]
        if drawn is not None:
            assert (np.diff(drawn.level, axis=1) >= 0).all()
            assert (np.diff(drawn.edges) > 0).all()
            assert drawn.edges[-1] == pytest.approx((followed.cycles[-1].reset - now) / HOUR_US)
            assert drawn.refill.min() > 0


def anything(rows, length):
    seconds, window = length
    rows = [(when, np.nan if used is None else used, reset) for when, used, reset in rows]
    return readings(*rows, seconds=seconds, window=window)


@pytest.mark.parametrize("moment", [30, 45.5, 61.3])
def test_real_looking_readings_hold_together(moment):
    """Gaps, flapping, whole percents, both windows, refills."""
    for seed in (31, 32, 33):
        sound(qh.forecast(simulate(seed, refills=True).frame, now=at(moment * 144)))


@pytest.mark.parametrize("refills", [False, True])
def test_it_is_nearer_the_truth_than_simple_rules(refills):
    """Twelve users that nothing was tuned on, fifteen moments each; sixty on demand (see `forecast_support`)."""
    told = scores(asked(range(9100, 9112), refills=refills, moments=15), refills=refills)
    assert told["forecast"] <= told["whole window"] - 0.05
    assert told["forecast"] <= told["base rate"] - 0.01
    assert 0.7 <= told["band covers"] <= 0.9
    assert told["silent"] <= 0.3
