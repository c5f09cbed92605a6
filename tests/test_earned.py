"""What an earned reset is worth: what it brings back now, against what comes back without it."""

from __future__ import annotations

import re
from datetime import timedelta

import pandas as pd
import pytest
from foundation_support import NOW, reading, snapshot

from quota_helpers import to_frame
from quota_helpers.outlook.foresight import resets_worth
from quota_helpers.outlook.past import RefillClock

WEEK = timedelta(days=7)


def weekly(used, at, reset):
    """One reading of ada's week."""
    window = reading(used, 604_800, "weekly", reset_in=reset - NOW, fetched_at=at)
    return snapshot("ada", window, fetched_at=at, account_key="k")


def past(*, early: int) -> pd.DataFrame:
    """Four weeks that end now, of which so many were refilled after three days, twice confirmed."""
    told = []
    for week in range(4):
        start = NOW - (4 - week) * WEEK
        told += [weekly(20 * day, start + timedelta(days=day), start + WEEK) for day in range(4)]
        if week < early:
            told += [
                weekly(2 + day, start + timedelta(days=3.5 + day), start + timedelta(days=10.5)) for day in range(3)
            ]
    return to_frame(told)


def chance(text: str) -> int:
    return int(re.search(r"(\d+) % chance of a free refill", text).group(1))


@pytest.mark.parametrize(("hours", "expected"), [(-1, 0.0), (0, 0.0), (336, 0.5), (1e12, 1.0)])
def test_the_chance_of_a_refill_grows_from_none_to_certainty(hours, expected):
    assert RefillClock(1.0, 336.0).chance(hours) == pytest.approx(expected)


def test_it_says_what_comes_back_and_what_would_anyway():
    """Of the longest own window; the more often the server refilled it unasked, the less an earned reset is worth."""
    now = snapshot(
        "ada",
        reading(90, reset_in=timedelta(hours=1)),
        reading(71, 604_800, "weekly", reset_in=timedelta(days=4)),
        reading(99, 2_592_000, "monthly", limit="spark"),
        account_key="k",
    )
    [seldom] = resets_worth(now, past(early=0), tz="UTC").values()
    assert seldom.startswith(
        "used now, one brings back 71 % of the weekly window, which comes back by itself Tue 24 Nov"
    )
    [often] = resets_worth(now, past(early=3), tz="UTC").values()
    assert chance(often) > chance(seldom) > 0


@pytest.mark.parametrize(
    "now",
    [
        snapshot("ada", account_key="k"),
        snapshot("ada", reading(0, 604_800, "weekly"), account_key="k"),
        snapshot("ada", reading(None, 604_800, "weekly"), account_key="k"),
        snapshot("ada", reading(50, 604_800, "weekly", reset_in=timedelta(0)), account_key="k"),
        snapshot("kim", reading(50, 604_800, "weekly"), account_key="other"),
        snapshot("ada", reading(50, 86_400, "daily"), account_key="k"),
    ],
    ids=["no window", "nothing used", "unknown", "stale", "nobody's past", "another window's past"],
)
def test_nothing_is_said_without_evidence(now):
    assert resets_worth(now, past(early=1)) == {}
