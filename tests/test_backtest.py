"""The track record: asked with what was known then, scored by whole windows, shown also when it is bad."""

from __future__ import annotations

import pandas as pd
import pytest
from cycles_support import readings
from simulated_users import at, simulate

import quota_helpers as qh
from quota_helpers.outlook.record import RULES


@pytest.fixture(scope="module")
def user():
    return simulate(6003, refills=True, sampled=0.4)


@pytest.fixture(scope="module")
def record(user):
    return qh.backtest(user.frame)


def texts(figure):
    layout = figure.layout
    return " ".join([layout.title.text, layout.title.subtitle.text or "", *(note.text for note in layout.annotations)])


def test_every_rule_is_scored_beside_the_forecast(record):
    assert record.scores["rule"].tolist() == list(RULES)
    base = record.scores.set_index("rule").loc["base rate"]
    assert (base["skill"], base["skill_low"], base["skill_high"]) == (0, 0, 0)
    assert (record.scores["skill_low"] <= record.scores["skill_high"]).all()
    assert record.scores["brier"].between(0, 1).all()
    assert record.reliability["moments"].sum() == len(record.asked)


def test_the_scores_are_those_of_what_was_asked(record):
    own = record.scores.iloc[0]
    assert own["brier"] == pytest.approx(((record.asked["forecast"] - record.asked["ran_out"]) ** 2).mean())
    assert own["cover"] == record.asked["ended_used"].between(record.asked["low"], record.asked["high"]).mean()


def test_what_came_is_the_truth_of_the_user(user, record):
    """A window whose end nobody read may have run out unseen; the server rounds up, so 99.1 % reads as used up."""
    full = [user.used[week.ended - 1] > 99 for week in user.weeks]
    for asked_at, ran_out in record.asked[["asked_at", "ran_out"]].itertuples(index=False):
        week = next(
            n
            for n, week in enumerate(user.weeks)
            if week.begun <= (asked_at - at(0)).total_seconds() / 600 < week.ended
        )
        assert full[week] >= bool(ran_out)


def test_an_answer_of_the_past_does_not_change_with_the_future(user, record):
    """What is read later is not known at the time that is asked about."""
    early = qh.backtest(user.frame[user.frame["fetched_at"] < at(60 * 144)]).asked
    same = record.asked.merge(early, on=["asked_at"], suffixes=("", "_early"))
    assert len(same) == len(early) > 20
    assert (same["forecast"] == same["forecast_early"]).all()


def test_without_a_closed_window_there_is_no_record():
    record = qh.backtest(readings((0, 10, 168), (60, 40, 168)))
    assert record.asked.empty
    assert repr(record) == "no closed window to ask about"
    assert "No window has closed" in texts(qh.plot_reliability(record))


def test_the_reliability_chart_says_what_was_said_and_how_often(record):
    figure = qh.plot_reliability(record)
    assert list(figure.data[1].text) == [str(count) for count in record.reliability["moments"]]
    assert f"asked {len(record.asked)} times" in texts(figure).replace("<br>", " ")
    with pytest.raises(TypeError, match="backtest"):
        qh.plot_reliability(record.scores)


def test_answers_let_the_forecast_of_a_history_speak(user):
    """Where it has a number; with no history the pace speaks."""
    weekly = user.frame[user.frame["window"] == "weekly"]
    for day in range(25, 70, 3):
        now = at(day * 144)
        known = weekly[weekly["fetched_at"] <= now]
        told = qh.answers(known, now=now, history=known, tz="UTC")
        assert str(told) == str(qh.answers(known, now=now, forecast=qh.forecast(known, now=now), tz="UTC"))
    assert qh.answers(pd.DataFrame(known).iloc[:0], history=known) == ()
