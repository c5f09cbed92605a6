"""What each bar of the overview says: the half of the charts that draws nothing."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from foundation_support import NOW, WEEK, reading, snapshot

from quota_helpers import to_frame
from quota_helpers.models import SpendLimit
from quota_helpers.outlook.bars import ranking, window_bars

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
        (reading(9.9, reset_in=5 * HOUR - timedelta(minutes=16)), ""),
        (reading(10, reset_in=5 * HOUR - timedelta(minutes=16)), "fast"),
        (reading(72, WEEK, "weekly", reset_in=timedelta(days=7) - 7 * HOUR), "fast"),  # the first hours count
        (reading(53, reset_in=2.5 * HOUR), ""),  # a whole percent is noise: 52 of 50 is within 5 %
        (reading(53.5, reset_in=2.5 * HOUR), ""),
        (reading(53.6, reset_in=2.5 * HOUR), "fast"),
        (reading(50, reset_in=None), ""),
        (reading(50, None), ""),
    ],
)
def test_the_mark_of_a_bar(window, mark):
    assert [bar.mark for bar in bars(snapshot("ada", window))] == [mark]


@pytest.mark.parametrize(
    ("window", "mark"), [(reading(40), "blocked"), (reading(None), "blocked"), (reading(40, reset_in=-HOUR), "stale")]
)
def test_a_blocked_limit_is_blocked_whatever_its_windows_have_left(window, mark):
    taken = snapshot("ada", window, reached_type="workspace_member_credits_depleted")
    bar = bars(taken)[0]
    assert (bar.mark, bar.blocked) == (mark, "the workspace's credits are depleted")


def test_a_full_window_says_more_than_that_its_limit_is_reached():
    """It says until when; credits that are gone as well stay said."""
    usual = bars(snapshot("ada", reading(100), weekly(40), limit_reached=True, allowed=False))
    assert [(bar.mark, bar.blocked) for bar in usual] == [("full", ""), ("", "")]
    odd = bars(snapshot("ada", reading(100), weekly(40), reached_type="workspace_owner_credits_depleted"))
    assert [bar.mark for bar in odd] == ["full", "blocked"]


def test_what_was_blocked_before_the_reset_is_history():
    """Unless the reading itself came after that reset: then the server said so in spite of it."""
    taken = snapshot("ada", reading(40, reset_in=HOUR), allowed=False)
    assert [bars(taken, now=NOW + wait)[0].blocked for wait in (0.9 * HOUR, HOUR)] == [
        "the server allows no requests",
        "",
    ]
    assert bars(snapshot("ada", reading(40, reset_in=-HOUR), allowed=False))[0].blocked


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


def test_what_ranks_an_account_is_how_soon_its_own_window_binds():
    """Not how much is used: 71 % with a day to go lasts, 58 % with half a week to go does not."""
    day = timedelta(days=1)
    order = [
        bar.label
        for bar in bars(
            snapshot("lasts longer", weekly(34, reset_in=3.5 * day)),
            snapshot("lasts", weekly(71, reset_in=day)),
            snapshot("runs out", weekly(58, reset_in=3.5 * day)),
            snapshot("runs out today", weekly(5), reading(90)),
            snapshot("model full", weekly(10, reset_in=3.5 * day), reading(100, limit="spark")),
            snapshot("back soon", reading(100, reset_in=HOUR)),
            snapshot("back late", weekly(100)),
            snapshot("no pace", reading(60, reset_in=None)),
            snapshot("blocked", weekly(1), allowed=False),
        )
    ]
    assert list(dict.fromkeys(order)) == [
        *("blocked", "back late", "back soon", "runs out today", "runs out", "no pace"),
        *("lasts", "lasts longer", "model full"),
    ]


def test_a_window_that_is_over_and_no_longer_sent_ranks_nobody():
    """A server drops a window: its last reading, full and over, must not call the account unknown or used up."""
    before = snapshot("ada", reading(100, reset_in=-HOUR), weekly(50), fetched_at=NOW - 2 * HOUR)
    still = snapshot("ada", reading(100, reset_in=HOUR), weekly(50), fetched_at=NOW - 2 * HOUR)
    bare = snapshot("ada", fetched_at=NOW - 2 * HOUR)
    now = snapshot("ada", weekly(60))
    assert [bar.window for bar in ranking(bars(before, now))] == ["weekly"]
    assert [bar.window for bar in ranking(bars(bare, now))] == ["weekly"]
    assert [bar.window for bar in ranking(bars(still, now))] == ["five_hour", "weekly"]
    assert [bar.window for bar in ranking(bars(before, bare, now=NOW - 2 * HOUR))] == ["five_hour", "weekly", ""]


def test_without_any_time_the_moment_has_to_be_given():
    frame = to_frame(snapshot("ada", reading(40))).assign(fetched_at=None)
    assert [bar.left for bar in window_bars(frame, now=NOW)] == [60.0]
    with pytest.raises(ValueError, match="give now="):
        window_bars(frame)


def test_a_spending_cap_ranks_where_it_is_the_only_limit():
    cap = SpendLimit(limit_id="spend:individual", used_percent=100.0)
    assert bars(snapshot("a", weekly(90)), snapshot("seat", spend_limits=(cap,)))[0].label == "seat"
    assert bars(snapshot("a", weekly(99)), snapshot("z", weekly(1), spend_limits=(cap,)))[0].label == "a"


def test_a_few_percent_of_the_first_minutes_are_no_pace():
    """A whole percent in the first minute is taken for no more than an even pace; ten are taken as they are."""
    early = 5 * HOUR - timedelta(minutes=3)
    assert bars(snapshot("ada", reading(9, reset_in=early)))[0].enough_for == 0.91 * 5 * HOUR
    assert bars(snapshot("ada", reading(10, reset_in=early)))[0].enough_for == timedelta(minutes=27)


def test_the_servers_name_of_a_limit_is_shown():
    [bar] = bars(snapshot("ada", reading(1, limit="codex_bengalfox", limit_name="GPT-5.3-Codex-Spark")))
    assert bar.title == "GPT-5.3-Codex-Spark five hour"


def test_a_frame_needs_only_the_columns_that_are_read():
    frame = to_frame([snapshot("ada", reading(40)), snapshot("bob", weekly(None))])
    needed = ["account_key", "limit", "window", "used_percent", "reset_at", "window_seconds", "fetched_at"]
    assert [(bar.label, bar.number("left"), bar.reset) for bar in window_bars(frame[needed])] == [
        ("key-ada", "60 %", "2 h 00 m"),
        ("key-bob", "unknown", "3 d 00 h"),
    ]


@pytest.mark.parametrize("odd", [None, 3, "x", {"plan_type": "plus"}, [1]])
def test_what_holds_no_readings_is_refused_with_what_is_wanted(odd):
    with pytest.raises(TypeError, match=r"source\.collect\(\)"):
        window_bars(odd)


@pytest.mark.parametrize(
    ("window", "left", "used"),
    [
        (
            reading(130),
            "five hour: 0 % left, used up, resets in 2 h 00 m",
            "five hour: 130 % used, full, resets in 2 h 00 m",
        ),
        (
            reading(90),
            "five hour: 10 % left, ahead of pace, resets in 2 h 00 m",
            "five hour: 90 % used, ahead of pace, resets in 2 h 00 m",
        ),
        (
            reading(-0.0, reset_in=5 * HOUR),
            "five hour: 100 % left, not started",
            "five hour: 0 % used, not started",
        ),
        (
            reading(40, reset_in=-HOUR),
            "five hour: 60 % left, stale, its reset has passed",
            "five hour: 40 % used, stale, its reset has passed",
        ),
        (reading(None), "five hour: unknown", "five hour: unknown"),
    ],
)
def test_a_bar_is_a_sentence_for_who_does_not_see_it(window, left, used):
    [bar] = bars(snapshot("ada", window))
    assert (bar.sentence("left"), bar.sentence("used")) == (left, used)


def test_a_negative_zero_is_a_zero():
    [bar] = bars(snapshot("ada", reading(-0.0)))
    assert (bar.lines(UTC)[0], bar.number("used")) == ("0 % used, 100 % left", "0 %")


def test_everything_known_of_a_window_stands_in_lines():
    [bar] = bars(snapshot("ada", reading(90), reached_type="new_thing"))
    assert bar.lines(UTC) == [
        "90 % used, 10 % left",
        "resets Fri 20 Nov 14:00 UTC (2 h 00 m)",
        "60 % of the window's time is gone",
        "blocked: the server says: new thing",
    ]
    [stale] = bars(snapshot("ada", reading(40, reset_in=-HOUR)))
    assert stale.lines(UTC)[1:] == ["resets Fri 20 Nov 11:00 UTC (1 h 00 m ago)", "stale"]


def test_a_bar_fills_its_track_and_no_more_and_the_tick_mirrors():
    [bar] = bars(snapshot("ada", reading(130, reset_in=HOUR)))
    assert (bar.fill("used"), bar.fill("left"), bar.tick("used"), bar.tick("left")) == (100.0, 0.0, 80.0, 20.0)


def test_two_accounts_of_one_name_in_a_history_are_two():
    one, two = snapshot("ada", reading(1)), snapshot("ada", reading(2), account_key="another")
    assert sorted(bar.used for bar in bars(one, two)) == [1.0, 2.0]
