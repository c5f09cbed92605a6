"""Several logins of one person: all of them together last as long as they do, and none of it goes to waste."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from cycles_support import START, readings
from simulated_users import STEPS_A_DAY, at, person

import quota_helpers as qh
from quota_helpers.outlook.pool import together

NOW = START + timedelta(hours=2 * 168 + 60)


def login(key, a_day, shift=0):
    """Two weeks and 60 hours of so many points a day, evenly; weeks that reset *shift* hours later than START."""
    rows = []
    for hour in range(0, 2 * 168 + 61, 2):
        week, inside = divmod(hour - shift, 168)
        rows.append((hour, min(100, int(a_day * inside / 24)), (week + 1) * 168 + shift))
    return readings(*rows).assign(account_key=key, account=key)


def test_two_logins_that_each_last_last_together():
    pool = together(pd.concat([login("a", 6), login("b", 6, 24)]), now=NOW)
    assert pool.p_exhausted < 0.05
    assert pool.exhausted == (None, None, None)
    assert pool.until == START + timedelta(hours=3 * 168 + 24)


def test_what_one_login_lacks_another_has():
    """Alone the first runs out; both together do not, before one of them is back."""
    heavy, light = login("a", 20), login("b", 2)
    assert qh.forecast(heavy, now=NOW)["p_exhausted"].iloc[0] > 0.9
    assert together(heavy, now=NOW).p_exhausted > 0.9
    assert together(pd.concat([heavy, light]), now=NOW).p_exhausted < 0.2


def test_the_band_holds_what_is_used_and_is_ordered():
    """Steady days: 12 points a day for the 132 hours until the last reset."""
    pool = together(pd.concat([login("a", 6), login("b", 6, 24)]), now=NOW)
    low, middle, high = pool.used
    assert low <= 12 * 132 / 24 <= high
    assert low <= middle <= high


def test_what_comes_back_first_is_used_first_and_what_is_used_up_last():
    a, b = login("a", 6, 24), login("b", 6)
    assert together(pd.concat([a, b]), now=NOW).order == ("b", "a")
    spent = b.assign(used_percent=b["used_percent"].where(b["fetched_at"] < NOW - timedelta(hours=4), 100.0))
    assert together(pd.concat([a, spent]), now=NOW).order == ("a", "b")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (readings((0, 10, 168), (1, 11, 168)), "less than two days"),
        (readings((0, 10, None), (60, 12, None)), "no login has a number"),
    ],
)
def test_without_evidence_there_is_a_reason(frame, reason):
    assert reason in together(frame).reason


def test_the_same_seed_gives_the_same_answer():
    frame = pd.concat([login("a", 20), login("b", 9, 24)])
    assert together(frame, seed=2) == together(frame.sample(frac=1, random_state=1), seed=2)


def test_the_band_covers_and_the_login_named_first_costs_nothing():
    """People that nothing was tuned on; an oracle knows what they will want, and tries each login first.

    Three logins show whole percents: three points more or less nobody can tell.
    """
    inside, costs = [], []
    for seed in range(8000, 8010):
        somebody = person(seed)
        for step in range(21 * STEPS_A_DAY, 33 * STEPS_A_DAY, 2 * STEPS_A_DAY):
            pool = together(somebody.frame, now=at(step))
            if pool.reason:
                continue
            until = step + round((pool.until - at(step)).total_seconds() / 600)
            had = [somebody.served(step, until, first) for first in range(3)]
            own = had[int(pool.order[0])]
            inside.append(pool.used[0] - 3 <= own <= pool.used[2] + 3)
            costs.append(max(had) - own)
    assert len(inside) > 40
    assert 0.7 <= sum(inside) / len(inside) <= 0.9
    assert sum(costs) / len(costs) < 2


def test_answers_say_how_long_all_logins_together_last():
    """Of logins that are shown, and only where a history says what is wanted."""
    frame = pd.concat([login("a", 20), login("b", 2)])
    [told] = [answer for answer in qh.answers(frame, now=NOW, history=frame, tz="UTC") if answer.kind == "pool"]
    assert told.text.startswith("Both logins together: enough until Tue 00:00 (less than 1 in 20 risk)")
    assert "spend a first" in told.text
    assert not [answer for answer in qh.answers(frame, now=NOW, tz="UTC") if answer.kind == "pool"]
    alone = login("a", 20)
    assert not [answer for answer in qh.answers(alone, now=NOW, history=frame, tz="UTC") if answer.kind == "pool"]
