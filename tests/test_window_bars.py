"""What each bar of the overview says: the half of the charts that draws nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from foundation_support import NOW, WEEK, reading, snapshot

from quota_helpers import to_frame
from quota_helpers.charts import window_bars
from quota_helpers.models import SpendLimit

HOUR = timedelta(hours=1)


def weekly(used, **more):
    return reading(used, WEEK, "weekly", **{"slot": "secondary", "reset_in": timedelta(days=3), **more})


def bars(*snapshots, **options):
    return window_bars(to_frame(snapshots), **{"now": NOW, **options})


def test_what_runs_out_first_is_on_top():
    order = [
        bar.account
        for bar in bars(
            snapshot("idle", reading(0), weekly(10)),
            snapshot("full", weekly(100)),
            snapshot("unknown"),
            snapshot("high five", reading(90), weekly(5)),
            snapshot("stale", reading(100, reset_in=-HOUR)),
            snapshot("high both", reading(90), weekly(80)),
        )
    ]
    assert list(dict.fromkeys(order)) == ["full", "high both", "high five", "idle", "stale", "unknown"]


def test_an_accounts_windows_go_from_short_to_long_then_other_limits_then_spending():
    spend = SpendLimit(limit_id="spend:individual", used_percent=99.0)
    taken = snapshot(
        "ada", weekly(1), reading(1, 32_400, "9h"), reading(1, limit="spark"), reading(1), spend_limits=(spend,)
    )
    assert [bar.title for bar in bars(taken)] == ["five hour", "weekly", "9h", "spark five hour", "spend, individual"]


@pytest.mark.parametrize(
    ("window", "mark"),
    [
        (reading(100), "full"),
        (reading(130), "full"),
        (reading(50, reset_in=4 * HOUR), "fast"),
        (reading(50, reset_in=HOUR), ""),
        (reading(100, reset_in=-HOUR), "stale"),
        (reading(0, reset_in=5 * HOUR), "not started"),
        (reading(None), "unknown"),
        (reading(9, reset_in=5 * HOUR - timedelta(minutes=16)), ""),
        (reading(10, reset_in=5 * HOUR - timedelta(minutes=16)), "fast"),
        (reading(50, reset_in=5 * HOUR - timedelta(minutes=14)), ""),
        (reading(50, reset_in=None), ""),
        (reading(50, None), ""),
    ],
)
def test_the_mark_of_a_bar(window, mark):
    assert [bar.mark for bar in bars(snapshot("ada", window))] == [mark]


def test_an_account_without_windows_is_shown_as_unknown():
    bar = bars(snapshot("ada"))[0]
    assert (bar.mark, bar.used, bar.left, bar.window) == ("unknown", None, None, "")


def test_a_bar_knows_the_share_of_time():
    bar = bars(snapshot("ada", reading(25, reset_in=HOUR)))[0]
    assert (bar.used, bar.left, bar.gone, bar.resets_in) == (25.0, 75.0, 80.0, HOUR)
    assert bars(snapshot("ada", reading(130)))[0].left == 0.0
    assert bars(snapshot("ada", reading(25, reset_in=10 * HOUR)))[0].gone == 0.0


def test_marks_follow_the_moment():
    frame = to_frame(snapshot("ada", reading(50, reset_in=HOUR)))
    assert [window_bars(frame, now=NOW + wait)[0].mark for wait in (timedelta(0), 2 * HOUR)] == ["", "stale"]
    assert window_bars(frame)[0].resets_in == HOUR


def test_the_newest_reading_of_a_history_counts():
    old = snapshot("ada", reading(90), fetched_at=NOW - HOUR)
    new = snapshot("ada", reading(20, reset_in=HOUR))
    other = snapshot("ada", reading(33, limit="spark"), fetched_at=NOW - HOUR)
    assert [(bar.limit, bar.used) for bar in bars(new, old, other)] == [("codex", 20.0), ("spark", 33.0)]
    frame = to_frame([new, old])
    assert window_bars(frame.sample(frac=1, random_state=1), now=NOW)[0].used == 20.0


def test_a_slot_of_long_ago_is_not_present():
    """A window that has moved to another slot is one window; one reading that tells of it twice keeps both."""
    before = snapshot("ada", weekly(90, slot="primary"), fetched_at=NOW - HOUR)
    assert [bar.used for bar in bars(before, snapshot("ada", weekly(20)))] == [20.0]
    assert len(bars(snapshot("ada", weekly(20), weekly(30, slot="primary")))) == 2


def test_two_accounts_of_one_name_in_a_history_are_two():
    one, two = snapshot("ada", reading(1)), snapshot("ada", reading(2), account_key="another")
    assert sorted(bar.used for bar in bars(one, two)) == [1.0, 2.0]
