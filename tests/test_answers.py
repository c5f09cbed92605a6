"""The sentences that a person came for: each true, each with its number and time, never more than five."""

from __future__ import annotations

from datetime import timedelta

import pytest
from foundation_support import NOW, WEEK, model_only, reading, snapshot

import quota_helpers as qh
from quota_helpers import errors
from quota_helpers.models import SpendLimit
from quota_helpers.outcomes import Collection, Failure
from quota_helpers.outlook.answers import Answers
from quota_helpers.outlook.bars import window_bars
from quota_helpers.outlook.pool import PoolForecast

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DEPLETED = "workspace_member_credits_depleted"


def week(used, reset_in=3.5 * DAY, **more):
    return reading(used, WEEK, "weekly", slot="secondary", reset_in=reset_in, **more)


def five(used, reset_in=2 * HOUR, **more):
    return reading(used, reset_in=reset_in, **more)


def failed(*names) -> tuple[Failure, ...]:
    return tuple(Failure(account=name, error=errors.UnreachableError("No.", account=name)) for name in names)


def said(*snapshots, failures=(), **options) -> dict[str, str]:
    """Kind -> sentence."""
    collection = Collection(fetched_at=NOW, snapshots=snapshots, failures=failures)
    return {answer.kind: answer.text for answer in qh.answers(collection, **{"tz": "UTC", **options})}


# --- which login ---


def test_the_login_to_use_is_the_one_whose_own_limit_binds_last():
    """12 % of five hours beside a fresh week is no good choice, and a model's full limit is no bad one."""
    told = said(
        snapshot("short", five(88, reset_in=20 * HOUR / 60), week(5)),
        snapshot("best", five(12), week(34), reading(100, limit="spark")),
        snapshot("second", five(5, reset_in=4 * HOUR), week(71, reset_in=DAY)),
        snapshot("runs out", week(58)),
    )
    assert told["use"] == (
        "Use best now: 88 % of its five hours (until 14:00) and 66 % of its week (until Tue 00:00) are left, "
        "which last at this pace. Next: second, 95 % of its five hours and 29 % of its week."
    )


def test_nothing_is_said_to_last_where_a_percent_could_change_it():
    assert "which last" in said(snapshot("a", week(49)), snapshot("b", week(99)))["use"]
    assert "last" not in said(snapshot("a", week(49.5)), snapshot("b", week(99)))["use"]
    assert "last" not in said(snapshot("a", week(40, reset_in=None)), snapshot("b", week(99)))["use"]


def test_where_every_login_runs_out_the_last_one_is_named_with_its_end():
    told = said(snapshot("a", week(80)), snapshot("b", week(60)))
    left, following = "40 % of its week (until Tue 00:00) is left", "Next: a, 20 % of its week."
    assert told["use"] == f"Use b now: {left}, at this pace until Sun 20:00. {following}"


@pytest.mark.parametrize(
    "bad",
    [
        snapshot("bad"),
        snapshot("bad", week(None)),
        snapshot("bad", five(1), week(None)),
        snapshot("bad", week(1, reset_in=-HOUR)),
        snapshot("bad", five(1, reset_in=-HOUR), week(1)),
        snapshot("bad", week(1), reached_type=DEPLETED),
        snapshot("bad", week(1), allowed=False),
        snapshot("bad", five(100), week(1)),
    ],
)
def test_what_is_unknown_stale_blocked_or_used_up_is_never_free(bad):
    """Not even where there is no other."""
    assert said(bad, snapshot("poor", week(99)))["use"].startswith("Use poor now: 1 % of its week")
    assert "Next" not in said(bad, snapshot("poor", week(99)))["use"]
    assert "use" not in said(bad, failures=failed("x"))
    assert "stands" not in said(bad)


def test_one_login_is_told_how_it_stands():
    """There is nothing to choose."""
    assert said(snapshot("ada", five(38), week(62))) == {
        "stands": "ada: 62 % of its five hours (until 14:00) and 38 % of its week (until Tue 00:00) are left, "
        "at this pace until Sun 15:29.",
        "runs_out": "ada's week will not last: at this pace it ends about Sun 15:29, 1 d 08 h early; "
        "10.9 points a day would last.",
    }
    assert said(snapshot("ada", five(0, reset_in=5 * HOUR))) == {
        "stands": "ada: 100 % of its five hours (not begun) is left."
    }


def test_where_none_is_free_the_first_to_be_back_is_named():
    told = said(snapshot("a", five(100)), snapshot("b", five(100, reset_in=HOUR), week(100, reset_in=DAY)))
    assert told["none"] == "No login is free now: a is first, back 14:00 (in 2 h 00 m)."
    assert "none" not in said(snapshot("a", week(None)), snapshot("b", week(100, reset_in=None)))
    assert list(said(snapshot("a", five(100)))) == ["used_up"]


# --- what is gone ---


def test_a_blocked_login_is_told_with_its_reason():
    told = said(snapshot("blk", five(36), week(20), reached_type=DEPLETED), snapshot("ada", week(1)))
    assert told["blocked"] == (
        "blk is blocked: the workspace's credits are depleted; "
        "64 % of its five hours and 80 % of its week left does not help."
    )
    several = said(*(snapshot(name, week(1), allowed=False) for name in "abcde"), snapshot("z", week(1)))
    reason = "(the server allows no requests)"
    assert several["blocked"] == f"5 logins are blocked: a {reason}, b {reason}, c {reason} and 2 more."


def test_a_seat_whose_spending_cap_is_reached_is_blocked_until_the_month_is_over():
    cap = SpendLimit(limit_id="spend:individual", used_percent=100.0, reset_at=NOW + 10 * DAY)
    told = said(snapshot("seat", spend_limits=(cap,), spend_reached=True))
    assert told == {
        "blocked": "seat is blocked: the spending cap is reached; back Mon 30 Nov 2026 12:00 (in 10 d 00 h)."
    }


def test_a_used_up_login_is_told_with_its_return():
    """Back is when the last of its full windows is."""
    told = said(snapshot("max", five(104), week(100, reset_in=DAY)), snapshot("ada", week(1)))
    assert told["used_up"] == (
        "max is used up: 104 % of its five hours and 100 % of its week; back tomorrow 12:00 (in 1 d 00 h)."
    )
    unsaid = said(snapshot("max", five(100, reset_in=None)))
    assert unsaid["used_up"] == "max is used up: 100 % of its five hours; nothing says when it is back."
    several = said(snapshot("late", week(100)), snapshot("soon", five(100)), snapshot("ada", week(1)))
    assert several["used_up"] == (
        "2 logins are used up: soon back 14:00 (in 2 h 00 m), late back Tue 00:00 (in 3 d 12 h)."
    )


@pytest.mark.parametrize(("used", "kind"), [(99.9, "stands"), (100, "used_up")])
def test_used_up_begins_at_a_hundred(used, kind):
    assert kind in said(snapshot("ada", five(used, reset_in=HOUR)))


# --- what will not last ---


def test_what_will_not_last_is_told_with_its_end_and_what_would_last():
    told = said(snapshot("night", week(58)), snapshot("ada", week(1)))
    assert told["runs_out"] == (
        "night's week will not last: at this pace it ends about Mon 00:49, 23 h 10 m early; 12 points a day would last."
    )
    sitting = said(snapshot("a", five(60, reset_in=4 * HOUR)), snapshot("ada", week(1)))
    assert sitting["runs_out"].endswith("it ends about 12:40, 3 h 20 m early; 10 points an hour would last.")


def test_the_first_hours_count_and_noise_does_not():
    assert "runs_out" in said(snapshot("ada", week(72, reset_in=7 * DAY - 7 * HOUR)))
    assert "runs_out" not in said(snapshot("ada", week(9, reset_in=7 * DAY - HOUR)))
    assert "runs_out" not in said(snapshot("ada", week(53)))
    assert "runs_out" in said(snapshot("ada", week(54)))


def test_a_models_limit_that_runs_out_is_no_answer():
    assert list(said(snapshot("ada", week(10), reading(90, limit="spark")))) == ["stands"]


def test_a_login_with_no_limit_but_a_models_is_not_known_and_hides_no_other():
    seat = qh.normalize_usage(model_only(), fetched_at=NOW, account="seat", account_key="key-seat")
    assert said(seat) == {"unread": "The numbers of seat are old or missing."}
    told = said(seat, snapshot("ada", five(12)))
    assert told["use"].startswith("Use ada now: 88 % of its five hours")
    assert told["unread"] == "The numbers of seat are old or missing."


def test_what_blocks_a_login_with_no_limit_but_a_models_is_told():
    body = model_only(rate_limit_reached_type={"type": DEPLETED})
    seat = qh.normalize_usage(body, fetched_at=NOW, account="seat", account_key="key-seat")
    assert said(seat) == {"blocked": "seat is blocked: the workspace's credits are depleted."}


def test_a_window_without_a_name_is_a_window():
    frame = qh.to_frame(snapshot("ada", five(58, reset_in=5 * HOUR))).assign(window=None)
    [told] = [answer.text for answer in qh.answers(frame, tz="UTC") if answer.kind == "stands"]
    assert told.startswith("ada: 42 % of its window (until 17:00) is left")
    [bar] = window_bars(frame)
    assert bar.sentence("left").startswith("42 % left")


def test_a_forecast_with_a_number_speaks_instead_of_the_pace():
    taken = [snapshot("a", week(58)), snapshot("b", week(30))]
    row = {"limit": "codex", "window": "weekly", "budget_per_day": 9.0}
    rows = [
        row | {"account_key": "key-a", "p_exhausted": 0.5, "exhausted_p50": None},
        row | {"account_key": "key-b", "p_exhausted": 0.83, "exhausted_p50": NOW + 2 * DAY},
    ]
    told = said(*taken, forecast=rows)
    assert told["use"].startswith("Use a now: 42 % of its week")
    assert told["runs_out"] == (
        "b's week will not last (83 % risk): it ends about Sun 12:00, 1 d 12 h early; 9 points a day would last."
    )
    unsure = [entry | {"p_exhausted": float("nan")} for entry in rows]
    assert said(*taken, forecast=unsure) == said(*taken)


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        (0.0, "which likely lasts (less than 1 in 20 risk)"),
        (0.33, "which likely lasts (1 in 3 risk)"),
        (0.34, "which may not last (1 in 3 risk)"),
        (0.5, "which may not last (1 in 2 risk)"),
        (0.51, "likely until Sun 12:00"),
    ],
)
def test_what_a_forecast_says_of_the_only_login_is_said_with_its_risk(risk, words):
    row = {"account_key": "key-a", "limit": "codex", "window": "weekly", "budget_per_day": 9.0, "p_exhausted": risk}
    told = said(snapshot("a", week(30)), forecast=[row | {"exhausted_p50": NOW + 2 * DAY}])
    assert told["stands"] == f"a: 70 % of its week (until Tue 00:00) is left, {words}."


def test_where_a_forecast_has_no_number_the_pace_speaks_and_says_why():
    row = {"account_key": "key-a", "limit": "codex", "window": "weekly", "p_exhausted": None}
    told = said(snapshot("a", week(58)), forecast=[row | {"reason": "less than two days of readings are known"}])
    assert told["runs_out"].startswith(
        "a's week will not last: at this pace (no forecast: less than two days of readings are known) it ends about"
    )


def test_what_comes_back_first_is_used_first_where_a_pool_says_so():
    """Unless five hours run out before they are over; what the pool does not know comes last."""
    taken = [
        snapshot("late", week(10, reset_in=6 * DAY)),
        snapshot("soon", week(70, reset_in=DAY)),
        snapshot("new", week(0, reset_in=7 * DAY)),
    ]
    pool = PoolForecast(order=("key-soon", "key-late"), until=NOW + 6 * DAY, p_exhausted=0.2)
    told = said(*taken, pool=pool)
    assert told["use"].startswith("Use soon now: 30 % of its week (until tomorrow 12:00) is left")
    assert ", and it is back first. Next: late, 90 % of its week." in told["use"]
    assert told["pool"] == "Both logins together: enough until Thu 12:00 (1 in 5 risk); spend soon first."
    assert said(*taken)["use"].startswith("Use new now")
    held_back = snapshot("soon", five(88, reset_in=4 * HOUR), week(70, reset_in=DAY))
    assert said(taken[0], held_back, taken[2], pool=pool)["use"].startswith("Use late now")
    spent = snapshot("soon", week(100, reset_in=DAY))
    assert said(taken[0], spent, taken[2], pool=pool)["use"].startswith("Use late now")


# --- what was not read, what comes back ---


def test_what_could_not_be_read_is_counted():
    told = said(snapshot("ada", week(1)), snapshot("old", week(1, reset_in=-HOUR)), failures=failed("x", "y"))
    assert told["unread"] == "2 of 4 logins could not be read; the numbers of old are old or missing."
    assert said(failures=failed("x")) == {"unread": "The login could not be read."}
    assert said(snapshot("ada")) == {"unread": "The numbers of ada are old or missing."}
    assert "unread" not in said(snapshot("ada", week(1)))


@pytest.mark.parametrize(
    ("window", "told"),
    [
        (five(40, reset_in=5 * HOUR - timedelta(minutes=1)), True),
        (week(40, reset_in=5 * HOUR), True),
        (week(40, reset_in=5.1 * HOUR), False),
        (week(9.9, reset_in=HOUR), False),
        (week(10, reset_in=HOUR), True),
    ],
)
def test_what_comes_back_within_hours_and_is_worth_it_is_told(window, told):
    assert ("returns" in said(snapshot("ada", window), snapshot("bob", week(0)))) == told


def test_what_comes_back_stands_in_the_order_of_time():
    told = said(snapshot("a", week(40, reset_in=2 * HOUR)), *(snapshot(n, five(30, reset_in=HOUR)) for n in "bcd"))
    assert told["returns"] == (
        "Back within 5 hours: 30 % of b's five hours at 13:00, 30 % of c's five hours at 13:00, "
        "30 % of d's five hours at 13:00 and 1 more."
    )


def test_two_windows_of_one_login_may_come_back_at_once():
    told = said(snapshot("a", five(40, reset_in=HOUR), week(50, reset_in=HOUR)), snapshot("b", week(0)))
    assert told["returns"] == "Back within 5 hours: 40 % of a's five hours at 13:00, 50 % of a's week at 13:00."


# --- all of them ---


@pytest.mark.parametrize("count", [1, 2, 12, 300])
def test_there_are_never_more_than_five_sentences_and_the_most_useful_comes_first(count):
    one = [
        [five(12), week(34)],
        [week(1)],
        [five(100)],
        [week(58)],
        [week(None)],
        [week(20), reading(90, limit="spark")],
    ]
    taken = [snapshot(f"login-{n}", *one[n % 6], reached_type=DEPLETED if n % 6 == 1 else None) for n in range(count)]
    collection = Collection(fetched_at=NOW, snapshots=tuple(taken), failures=failed("x") * (count > 1))
    told = qh.answers(collection, tz="UTC")
    order = ["use", "blocked", "used_up", "runs_out", "unread"]
    assert len(told) <= 5
    assert [answer.kind for answer in told] == (order if count > 2 else ["stands"] if count == 1 else told_of_two(told))
    assert all(len(answer.text) < 400 for answer in told)


def told_of_two(told: Answers) -> list[str]:
    assert [answer.kind for answer in told] == ["use", "blocked", "unread", "returns"]
    return [answer.kind for answer in told]


def test_an_answer_says_whom_it_is_about_and_when():
    [use, short] = qh.answers([snapshot("a", week(30)), snapshot("b", week(58))], tz="UTC")
    assert (use.account_key, use.limit, use.window, use.at) == ("key-a", "codex", "weekly", NOW + 3.5 * DAY)
    assert (short.account_key, short.at) == ("key-b", NOW + 42 / 58 * 3.5 * DAY)


def test_answers_show_themselves_as_sentences():
    told = qh.answers(snapshot("<b>ada", week(30)), tz="UTC")
    assert str(told) == repr(told) == told[0].text
    assert told._repr_html_().count("<li>") == 1
    assert "&lt;b&gt;ada" in told._repr_html_()
    assert repr(qh.answers([])) == "Nothing is known: no login was read."


def test_a_collection_snapshots_and_a_frame_give_the_same_answers():
    taken = [snapshot("ada", five(12), week(34)), snapshot("kim", week(58)), snapshot("old", week(100))]
    assert qh.answers(taken, tz="UTC") == qh.answers(qh.to_frame(taken), tz="UTC") == qh.answers(iter(taken), tz="UTC")


def test_addresses_are_masked_and_times_in_the_zone_asked_for():
    taken = [snapshot("ada@example.com", five(12)), snapshot("adele@example.com", five(20))]
    assert "ad...@example.com (1)" in str(qh.answers(taken))
    assert "ada@example.com" in str(qh.answers(taken, reveal=True))
    assert "(until 23:00)" in str(qh.answers(taken, tz="Asia/Tokyo"))
    assert "(until tomorrow 00:30)" in str(qh.answers([snapshot("a", five(12, reset_in=12.5 * HOUR))], tz="UTC"))


@pytest.mark.parametrize(
    ("reset_in", "told"),
    [
        (timedelta(hours=11, minutes=59), "23:59"),
        (12 * HOUR, "tomorrow 00:00"),
        (36 * HOUR, "Sun 00:00"),
        (timedelta(days=6, hours=11), "Thu 23:00"),
        (timedelta(days=6, hours=12), "Fri 27 Nov 2026 00:00"),
    ],
)
def test_times_are_said_as_people_say_them(reset_in, told):
    assert f"(until {told})" in said(snapshot("ada", reading(50, 30 * 86_400, "monthly", reset_in=reset_in)))["stands"]


def test_three_are_named_and_more_are_counted():
    three = said(snapshot("z", week(1)), *(snapshot(name, week(58)) for name in "abc"))["runs_out"]
    when = "week about Mon 00:49"
    assert three == f"3 windows will not last until their reset: a's {when}, b's {when}, c's {when}."
    assert said(snapshot("z", week(1)), *(snapshot(name, week(58)) for name in "abcd"))["runs_out"].endswith(
        "and 1 more."
    )


def test_the_moment_moves_the_answers():
    taken = snapshot("ada", five(12), week(34))
    assert qh.answers(taken, now=NOW + timedelta(hours=1.9))[0].kind == "stands"
    assert [answer.kind for answer in qh.answers(taken, now=NOW + 2 * HOUR)] == ["unread"]


def test_what_holds_no_readings_is_refused():
    with pytest.raises(TypeError, match=r"source\.collect\(\)"):
        qh.answers("ada")
