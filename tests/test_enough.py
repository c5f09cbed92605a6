"""Is there enough left? Yes only where it is known; no only where all are known; over a time, by the pace so far."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from foundation_support import NOW
from normalize_support import read as normalized

from quota_helpers.errors import UnreachableError
from quota_helpers.frames import to_frame
from quota_helpers.models import Limit, QuotaWindow, UsageSnapshot
from quota_helpers.outcomes import Collection, Failure
from quota_helpers.outlook.bars import window_bars
from quota_helpers.outlook.enough import enough

WEEK, FIVE = 604_800.0, 18_000.0
CASES = sorted(Path(__file__).parent.glob("data/*.json"))


def window(used, name="weekly", seconds=WEEK, gone=0.5, limit="codex"):
    """A window of which that share of the time is gone."""
    reset = NOW + timedelta(seconds=seconds * (1 - gone))
    return QuotaWindow(
        limit_id=limit, name=name, used_percent=used, window_seconds=seconds, reset_at=reset, fetched_at=NOW
    )


def snapshot(*windows, name="ada", **more):
    return UsageSnapshot(account=name, account_key=f"key-{name}", windows=windows, fetched_at=NOW, **more)


def failure(name="bob"):
    return Failure(account=name, account_key=f"key-{name}", error=UnreachableError("gone", account=name))


@pytest.mark.parametrize(("used", "verdict", "code"), [(80, "yes", 0), (80.01, "no", 4), (None, "unknown", 5)])
def test_the_smallest_of_the_own_windows_decides(used, verdict, code):
    answer = enough(snapshot(window(10), window(used, "five_hour", FIVE)), 20)
    assert (answer.verdict, answer.exit_code, bool(answer)) == (verdict, code, verdict == "yes")


def test_a_models_limit_decides_nothing():
    assert enough(snapshot(window(10), window(100, limit="codex_spark")), 50)
    assert enough(snapshot(window(10, limit="codex_spark")), 50).verdict == "unknown"


def test_what_is_known_to_be_too_little_stays_a_no():
    """However little is known of the other window; a yes needs both."""
    assert enough(snapshot(window(90), window(None, "five_hour", FIVE)), 20).verdict == "no"
    assert enough(snapshot(window(10), window(None, "five_hour", FIVE)), 20).verdict == "unknown"


@pytest.mark.parametrize(
    ("later", "verdict"), [(timedelta(days=3.5) - timedelta(seconds=1), "yes"), (timedelta(days=3.5), "unknown")]
)
def test_a_reading_from_before_its_reset_is_never_a_yes(later, verdict):
    answer = enough(snapshot(window(10)), 20, now=NOW + later)
    assert answer.verdict == verdict
    assert ("before the reset" in answer.text) == (verdict == "unknown")


def test_blocked_is_not_enough():
    blocked = snapshot(window(10), limits=(Limit(limit_id="codex", allowed=False),), allowed=False)
    answer = enough(blocked, 0)
    assert answer.verdict == "no"
    assert "ada is blocked" in answer.text


def test_any_of_several_or_the_one_that_is_named():
    much, little = snapshot(window(10)), snapshot(window(95), name="bob")
    assert enough([little, much], 20).account_key == "key-ada"
    assert enough([little, much], 20, accounts="bob").verdict == "no"
    assert enough([little, snapshot(window(99), name="eve")], 20).exit_code == 4
    assert enough([little, snapshot(window(None), name="eve")], 20).exit_code == 5
    with pytest.raises(ValueError, match=r"There is no account 'adda'\. Did you mean ada"):
        enough([little, much], 20, accounts="adda")


def test_an_account_that_failed_is_not_known():
    """Beside one that has enough it does not matter; beside one that has not, nobody knows."""
    run = Collection(fetched_at=NOW, snapshots=(snapshot(window(95)),), failures=(failure(),))
    assert enough(run, 2).exit_code == 0
    assert enough(run, 20).exit_code == 5
    assert enough(run, 20, accounts="bob").exit_code == 5
    assert enough(Collection(fetched_at=NOW, failures=(failure(),)), 0).exit_code == 5
    assert enough(Collection(fetched_at=NOW), 0).exit_code == 5


@pytest.mark.parametrize(
    ("used", "gone", "hours", "need", "verdict"),
    [
        (40, 0.5, 42, 40, "yes"),  # a quarter of the week more at that pace: 20 points, 40 are left
        (40, 0.5, 42, 40.01, "no"),
        (40, 0.5, 84, 20, "yes"),
        (40, 0.5, 1000, 20, "yes"),  # the reset comes before
        (40, 0.5, 1000, 20.01, "no"),
        (40, 0.0, 1, 20, "unknown"),  # nothing of its time is gone: no pace
        (0, 0.5, 1000, 100, "yes"),
        (40, 0.5, 0, 60, "yes"),
    ],
)
def test_over_a_time_the_pace_so_far_decides(used, gone, hours, need, verdict):
    answer = enough(snapshot(window(used, gone=gone)), need, lasting=timedelta(hours=hours))
    assert answer.verdict == verdict
    if hours and verdict != "unknown":
        assert answer.text.startswith("At its pace so far ada will have ")


def test_where_it_is_too_early_for_a_pace_what_is_left_now_is_said():
    """So it is said where nothing tells when it resets; only what is left then is not known."""
    begun = snapshot(window(3, "five_hour", FIVE, gone=0.0))
    answer = enough(begun, 10, lasting=timedelta(hours=3))
    assert answer.exit_code == 5
    told = "ada has 97 % left of its five hour limit; it is too early to say what will be left after 3 h 00 m."
    assert answer.text == told
    bare = QuotaWindow(limit_id="codex", name="weekly", used_percent=5, window_seconds=WEEK, fetched_at=NOW)
    unsaid = enough(snapshot(bare), 10, lasting=timedelta(hours=3)).text
    assert unsaid == "ada has 95 % left of its weekly limit; nothing says what will be left after 3 h 00 m."
    begun_early = snapshot(window(3, "five_hour", FIVE, gone=0.01))
    assert enough(begun_early, 10, lasting=timedelta(hours=3)).text.startswith("At its pace so far ada will have ")
    unread = snapshot(window(None, "five_hour", FIVE))
    assert enough(unread, 10, lasting=timedelta(hours=3)).text.startswith("ada: how much is left of its five hour")


def test_a_window_without_a_name_is_the_limit():
    frame = to_frame(snapshot(window(58))).assign(window=None)
    assert enough(frame, 20).text == "ada has 42 % left of its limit: enough for 20 %."


def record(per_hour, days=30, name="ada", until=NOW):
    """Readings of a week's window every hour over that many days, used evenly; the last week ends half gone."""
    hours = int(days * 24)
    start = until - timedelta(hours=hours)
    begun = until - timedelta(days=3.5)
    rows = []
    for hour in range(hours + 1):
        at = start + timedelta(hours=hour)
        into = (at - begun) % timedelta(days=7)
        used = into / timedelta(hours=1) * per_hour
        window = QuotaWindow(limit_id="codex", name="weekly", used_percent=used, window_seconds=WEEK, fetched_at=at,
                             reset_at=at - into + timedelta(days=7))  # fmt: skip
        rows.append(UsageSnapshot(account=name, account_key=f"key-{name}", windows=(window,), fetched_at=at))
    return to_frame(rows)


def test_with_a_record_its_forecast_decides_and_says_so():
    """Half a point an hour, in the record and at the pace: by the record there is less, in one case of ten."""
    now = snapshot(window(42))
    even = enough(now, 40, lasting=timedelta(hours=24))
    said = enough(now, 40, lasting=timedelta(hours=24), history=record(0.5))
    assert even.text.startswith("At its pace so far ada will have 46 % left")
    assert said.text.startswith("By its record ada will still have ")
    assert " of its weekly limit in nine cases of ten: enough for 40 % over 1 d" in said.text
    left = float(said.text.split("have ")[1].split(" %")[0])
    assert 30 < left < 46
    for need, verdict in ((left - 0.5, "yes"), (left + 0.5, "no")):
        assert enough(now, need, lasting=timedelta(hours=24), history=record(0.5)).verdict == verdict


def test_where_the_record_says_nothing_the_pace_decides():
    """A record of somebody else, one that is too short or too old, and a need of this very moment."""
    now, day = snapshot(window(42)), timedelta(hours=24)
    for thin in (record(0.5, name="bob"), record(0.5, days=1), record(0.5, until=NOW - timedelta(days=5))):
        assert enough(now, 40, lasting=day, history=thin) == enough(now, 40, lasting=day)
    assert enough(now, 40, history=record(0.5)) == enough(now, 40)


def test_a_record_makes_no_yes_of_what_is_not_known():
    for state in (snapshot(window(None)), snapshot(window(42), name="bob")):
        assert enough(
            state, 1, lasting=timedelta(hours=1), now=NOW + timedelta(days=9), history=record(0.5)
        ).verdict == ("unknown")


def test_over_a_time_a_window_without_a_reset_is_not_known():
    bare = QuotaWindow(limit_id="codex", name="weekly", used_percent=5, window_seconds=WEEK, fetched_at=NOW)
    assert enough(snapshot(bare), 20)
    assert enough(snapshot(bare), 20, lasting=timedelta(hours=1)).verdict == "unknown"


@pytest.mark.parametrize(("hours", "verdict"), [(5, "yes"), (5.01, "unknown")])
def test_a_reading_that_names_no_time_holds_as_long_as_the_shortest_window(hours, verdict):
    bare = QuotaWindow(limit_id="codex", name="weekly", used_percent=5, fetched_at=NOW)
    assert enough(snapshot(bare), 20, now=NOW + timedelta(hours=hours)).verdict == verdict


@pytest.mark.parametrize("need", [-0.01, 100.01, float("nan"), True])
def test_what_is_needed_is_a_percentage(need):
    with pytest.raises(ValueError, match="need is a percentage"):
        enough(snapshot(window(1)), need)


def test_a_time_that_is_over_is_none():
    with pytest.raises(ValueError, match="lasting is a time to come"):
        enough(snapshot(window(1)), 1, lasting=timedelta(seconds=-1))


@pytest.mark.parametrize("path", [path for path in CASES if ".expected." not in path.name], ids=lambda path: path.stem)
def test_every_body_read_stale_and_failed(path):
    """Of a body: what its own windows say. A year later, and where it failed, nobody knows; blocked stays no."""
    read = normalized(json.loads(path.read_text("utf-8")))
    now = read.fetched_at or NOW
    own = [one for one in read.windows if one.limit_id == "codex"]
    left = [one.remaining_percent for one in own if one.state(now) not in {"stale", "unknown"}]
    answer = enough(to_frame(read), 20, now=now)
    blocked = read.spend_reached or any(bar.blocked and bar.own for bar in window_bars(read, now=now))
    if blocked or any(part < 20 for part in left):
        assert answer.verdict == "no"
    elif not left or len(left) < len(own):
        assert answer.verdict == "unknown"
    else:
        assert answer.verdict == "yes"
    later = enough(to_frame(read), 0, now=now + timedelta(days=400))
    assert later.verdict != "yes"
    run = Collection(fetched_at=NOW, snapshots=(), failures=(failure(),))
    assert enough(run, 0, now=NOW).verdict == "unknown"
