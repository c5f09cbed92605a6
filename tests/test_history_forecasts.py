"""Forecasts that were shown: kept with what they were made from, once an hour, masked, gone with their account."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from cycles_support import START, readings

import quota_helpers as qh
from quota_helpers.history import History
from quota_helpers.history.schema import FORECAST_COLUMNS

NOW = START + timedelta(hours=60, minutes=10)


@pytest.fixture
def history():
    with History.in_memory(clock=lambda: NOW) as opened:
        yield opened


def week(key="k", name="ada"):
    return readings((0, 10, 168), (60, 40, 168)).assign(account_key=key, account=name)


def show(history, frame, now=NOW):
    """What a face does: forecast, show, remember."""
    return history.add_forecast(qh.forecast(frame, now=now, seed=3, paths=50), asked_at=now, seed=3, paths=50)


def test_what_was_shown_is_kept_with_what_it_was_made_from(history):
    """The readings until that moment are in the same history: the answer can be made again."""
    history.add(week())
    assert show(history, week()) == 1
    kept = history.forecasts()
    assert {name: str(dtype) for name, dtype in kept.dtypes.items()} == FORECAST_COLUMNS
    [row] = kept.to_dict("records")
    assert (row["asked_at"], row["seed"], row["paths"], row["version"]) == (NOW, 3, 50, qh.__version__)
    [again] = qh.forecast(history.frame(until=NOW), now=row["asked_at"], seed=3, paths=50).to_dict("records")
    for name in set(FORECAST_COLUMNS) & set(again):
        assert row[name] == again[name] or (pd.isna(row[name]) and pd.isna(again[name])), name


@pytest.mark.parametrize(("minutes", "rows"), [(0, 1), (49, 1), (50, 2)])
def test_what_is_shown_again_within_the_hour_was_shown_once(history, minutes, rows):
    """It is ten past the hour."""
    show(history, week())
    show(history, week(), NOW + timedelta(minutes=minutes))
    assert len(history.forecasts()) == rows


def test_what_says_no_risk_is_nothing_to_score(history):
    assert show(history, readings((0, 10, 168), (1, 11, 168))) == 0  # too little is known
    assert show(history, readings((0, 50, 168), (60, 100, 168))) == 0  # used up already
    assert history.forecasts().empty


def test_two_accounts_and_a_time_can_be_chosen(history):
    frame = pd.concat([week(), week("k2", "bo")])
    history.add(frame)
    assert show(history, frame) == 2
    assert history.forecasts("bo")["account_key"].tolist() == ["k2"]
    assert len(history.forecasts(since=NOW)) == 2
    assert history.forecasts(until=NOW).empty
    with pytest.raises(ValueError, match="ada"):
        history.forecasts("eve")


def test_they_are_masked_copied_and_forgotten(history):
    history.add(week(name="jo@example.com"))
    show(history, week(name="jo@example.com"))
    assert history.forecasts()["account"].tolist() == ["jo...@example.com"]
    with History.in_memory() as other:
        other.copy_from(history)
        pd.testing.assert_frame_equal(other.forecasts(), history.forecasts())
    assert history.forget("k") == 3
    assert history.forecasts().empty
