"""The record of what was shown: held to what came when the window has closed, told also when it is bad."""

from __future__ import annotations

from datetime import timedelta, timezone

import pandas as pd
import pytest
from cycles_support import START, readings
from simulated_users import simulate

import quota_helpers as qh
from quota_helpers.history import History


def week(number, *, peak):
    """Readings every six hours of one week that ends at that percentage, and the first of the next week."""
    begun = 168 * number
    rows = [(begun + hour, min(peak, round(peak * hour / 120)), begun + 168) for hour in range(0, 168, 6)]
    return [*rows, (begun + 168.5, 1, begun + 336)]


def shown(frame, *moments):
    """What `History.forecasts` has after a forecast was shown at these hours since START."""
    with History.in_memory() as history:
        for hour in moments:
            now = START + timedelta(hours=hour)
            history.add_forecast(qh.forecast(frame, now=now), asked_at=now)
        return history.forecasts()


@pytest.mark.parametrize(("peak", "came"), [(99, "it lasted"), (100, "it ran out")])
def test_a_forecast_is_held_to_what_came_once_its_window_has_closed(peak, came):
    frame = readings(*week(0, peak=peak), (200, 20, 336))
    told = shown(frame, 60)
    before = qh.track_record(told, frame[frame["fetched_at"] < START + timedelta(hours=168)])
    assert before.asked.empty
    assert before.sentence() == "No window of which a forecast was shown has closed yet."
    record = qh.track_record(told, frame)
    [row] = record.asked.to_dict("records")
    assert row["forecast"] == told["p_exhausted_refills"].iloc[0]
    assert (row["ran_out"], row["ended_used"]) == (float(peak == 100), peak)
    assert record.sentence().endswith(
        f"Last: Thursday's (03 Sep) {100 * row['forecast']:.0f} % of ada's weekly: {came}."
    )
    assert "Friday's (04 Sep)" in record.sentence(timezone(timedelta(hours=13)))


def test_a_window_counts_once_in_the_sentence_however_often_it_was_shown():
    """Of two weeks the first was looked at four times, and ran out; the second one lasted."""
    frame = readings(*week(0, peak=100), *week(1, peak=70), (400, 20, 504))
    record = qh.track_record(shown(frame, 60, 62, 64, 66, 240), frame)
    assert len(record.asked) == 5
    assert record.sentence().startswith("Shown of 2 windows that have closed: ")
    assert ", 1 ran out; " in record.sentence()


def test_a_bad_record_is_told_like_a_good_one():
    """What was said is turned round: it is no nearer then."""
    frame = readings(*week(0, peak=100), *week(1, peak=70), *week(2, peak=70), (600, 20, 672))
    told = shown(frame, 96, 264, 432)
    wrong = told.assign(p_exhausted_refills=1 - qh.track_record(told, frame).asked["ran_out"])
    right = told.assign(p_exhausted_refills=qh.track_record(told, frame).asked["ran_out"])
    assert "; not nearer the truth" in qh.track_record(wrong, frame).sentence()
    assert "; nearer the truth" in qh.track_record(right, frame).sentence()


def test_what_was_shown_is_scored_as_the_backtest_scores():
    """The same readings, the same moments: what was said is what would have been said."""
    user = simulate(6003, refills=True, sampled=0.4)
    weekly = user.frame[user.frame["window"] == "weekly"]
    asked = qh.backtest(weekly).asked
    with History.in_memory() as history:
        for when in asked["asked_at"]:
            told = qh.forecast(weekly, now=when, paths=200)
            history.add_forecast(told, asked_at=when, paths=200)
        record = qh.track_record(history.forecasts(), weekly)
    same = ["asked_at", "cycle", "forecast", "base rate", "low", "high", "ran_out", "ended_used", "hours_off"]
    pd.testing.assert_frame_equal(record.asked[same], asked[same], check_dtype=False)
    assert record.scores["brier"].iloc[0] == pytest.approx(((asked["forecast"] - asked["ran_out"]) ** 2).mean())
    assert "Was the forecast right?" in qh.plot_reliability(record).layout.title.text


def test_what_is_no_frame_of_forecasts_is_refused():
    frame = readings(*week(0, peak=70))
    with pytest.raises(
        ValueError, match=r"shown has no column account, .*exhausted_p50.*: History.forecasts\(\) gives"
    ):
        qh.track_record(pd.DataFrame({"asked_at": [START]}), frame)
    with pytest.raises(TypeError, match=r"shown is list instead of a DataFrame"):
        qh.track_record([], frame)


def test_another_accounts_readings_and_missing_ones_score_nothing():
    frame = readings(*week(0, peak=80), (200, 20, 336))
    assert qh.track_record(shown(frame, 60), frame.assign(account_key="other")).asked.empty
    assert qh.track_record(shown(frame, 60), frame.iloc[:0]).asked.empty
    with pytest.raises(ValueError, match=r"History\.forecasts"):
        qh.track_record(frame, frame)
