"""A collection as text: the order of the rows, the columns, and the JSON document."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from foundation_support import FIVE_HOURS, NOW, WEEK, reading, snapshot

from quota_helpers import errors
from quota_helpers.models import Credits, ResetCredits, SpendLimit
from quota_helpers.outcomes import Collection, Failure
from quota_helpers.report import document, stale_notes, table

SPEND = SpendLimit(
    limit_id="spend:individual",
    limit=Decimal("50.00"),
    used=Decimal("0E-10"),
    used_percent=36.0,
    reset_at=NOW,
    slot="x",
)


def collection(*snapshots, **more) -> Collection:
    return Collection(fetched_at=NOW, snapshots=snapshots, **more)


def five(used, **more):
    return reading(used, **more)


def weekly(used, **more):
    return reading(used, WEEK, "weekly", **{"slot": "secondary", **more})


def cells(lines: list[str]) -> list[list[str]]:
    """The table's cells; times are three words, so columns are cut by their header's places."""
    starts = [place for place, char in enumerate(lines[0]) if char != " " and (not place or lines[0][place - 1] == " ")]
    ends = [*starts[1:], None]
    return [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines]


def order(*snapshots) -> list[str]:
    return [row[0] for row in cells(table(collection(*snapshots), UTC))[1:]]


def test_the_first_four_columns_are_always_there():
    assert table(collection(snapshot("ada")), UTC) == [
        "account  five_hour%  weekly%  weekly_reset",
        "ada      -           -        -",
    ]


def test_columns_stay_under_each_other_whatever_script_a_name_is_in():
    """A combining mark takes no column of a terminal, an ideograph takes two."""
    names = ["x", "u\u0308", "日本"]
    assert table(collection(*map(snapshot, names)), UTC)[1:] == [
        "u\u0308        -           -        -",
        "x        -           -        -",
        "日本     -           -        -",
    ]


def test_further_windows_follow_with_the_five_hour_reset_first():
    taken = snapshot(
        "ada",
        reading(1, 32_400, "9h"),
        reading(2, limit="spark"),
        five(25.5),
        weekly(50),
        reading(3, 2_592_000, "monthly"),
        spend_limits=(SPEND,),
    )
    assert cells(table(collection(taken, snapshot("bob")), UTC)) == [
        [
            *("account", "five_hour%", "weekly%", "weekly_reset", "five_hour_reset"),
            *("9h%", "9h_reset", "monthly%", "monthly_reset"),
            *("spark.five_hour%", "spark.five_hour_reset", "spend:individual%", "spend:individual_reset"),
        ],
        [
            *("ada", "74.5", "50", "2026-11-20 14:00:00 UTC", "2026-11-20 14:00:00 UTC"),
            *("99", "2026-11-20 14:00:00 UTC", "97", "2026-11-20 14:00:00 UTC"),
            *("98", "2026-11-20 14:00:00 UTC", "64", "2026-11-20 12:00:00 UTC"),
        ],
        ["bob", *["-"] * 12],
    ]


def test_most_five_hour_left_comes_first_and_unknown_last():
    assert order(
        snapshot("unreadable", five(None)),
        snapshot("spent", five(100)),
        snapshot("absent"),
        snapshot("fresh", five(0)),
        snapshot("half", five(50)),
        snapshot("overrun", five(130)),
    ) == ["fresh", "half", "overrun", "spent", "absent", "unreadable"]


def test_then_weekly_then_its_reset_then_the_name():
    late, soon = timedelta(days=5), timedelta(days=1)
    assert order(
        snapshot("no weekly", five(10)),
        snapshot("weekly ?", five(10), weekly(None, reset_in=soon)),
        snapshot("b late", five(10), weekly(20, reset_in=late)),
        snapshot("no reset", five(10), weekly(20, reset_in=None)),
        snapshot("a late", five(10), weekly(20, reset_in=late)),
        snapshot("soon", five(10), weekly(20, reset_in=soon)),
        snapshot("more", five(10), weekly(19, reset_in=late)),
    ) == ["more", "soon", "a late", "b late", "no reset", "weekly ?", "no weekly"]


def test_missing_and_unreadable_are_told_apart():
    row = cells(table(collection(snapshot("ada", weekly(None, reset_in=None))), UTC))[1]
    assert row == ["ada", "-", "?", "?"]


@pytest.mark.parametrize(
    ("used", "shown"), [(0, "100"), (33.3, "66.7"), (99.9, "0.1"), (130, "0"), (12.34567891, "87.6543")]
)
def test_percentages_are_short(used, shown):
    assert cells(table(collection(snapshot("ada", five(used))), UTC))[1][1] == shown


def test_two_windows_of_one_length_are_told_apart_by_their_slot():
    taken = snapshot("ada", weekly(10, slot="primary"), weekly(60))
    head, row = cells(table(collection(taken), UTC))
    assert head[4:] == ["weekly:secondary%", "weekly:secondary_reset"]
    assert (row[2], row[4]) == ("90", "40")


def test_times_follow_the_zone_and_its_daylight_saving():
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    lines = table(
        collection(snapshot("a", weekly(1)), snapshot("b", weekly(2, reset_in=None, reset_at=summer))),
        ZoneInfo("Europe/Berlin"),
    )
    assert [row[3] for row in cells(lines)[1:]] == ["2026-11-20 15:00:00 CET", "2026-07-01 14:00:00 CEST"]


def test_a_reset_at_the_end_of_time_is_shown():
    """Some zones have no such moment; the instant itself is fine."""
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    lines = table(collection(snapshot("a", weekly(1, reset_in=None, reset_at=end))), ZoneInfo("Asia/Tokyo"))
    assert cells(lines)[1][3] == "9999-12-31 23:59:59 UTC"


def test_names_cannot_steer_the_terminal_nor_break_the_table():
    lines = table(collection(snapshot("a\x1b[31m\nb", reading(1, limit="x\ny"))), UTC)
    assert len(lines) == 2
    assert "\x1b" not in "".join(lines)
    assert lines[1].startswith(r"a\x1b[31m\nb")
    assert r"x\ny.five_hour%" in lines[0]


def test_a_stale_reading_gets_a_line_of_its_own():
    notes = stale_notes(collection(snapshot("ada", five(40, reset_in=timedelta(hours=-2)), weekly(1))), UTC)
    assert notes == ["ada: five_hour is stale: its reset 2026-11-20 10:00:00 UTC has passed, so the percentage is old."]


# --- the document ---


def test_the_document_has_exactly_the_documented_keys():
    taken = snapshot(
        "ada",
        five(25.0),
        weekly(None, reset_in=None, name_inferred=True),
        credits=Credits(has_credits=True, balance=Decimal("1348.7450000000"), approx_local_messages=(1.0, 2.0)),
        spend_limits=(SPEND,),
        reset_credits=ResetCredits(available_count=2),
        allowed=True,
        limit_reached=False,
        notes=("odd @ $.x",),
    )
    error = errors.RateLimitedError("Too often.", hint="Wait.", account="bob")
    made = document(collection(taken, failures=(Failure(account="bob", error=error),)))
    assert made == {
        "fetched_at": "2026-11-20T12:00:00Z",
        "accounts": [
            {
                "account": "ada",
                "account_key": "key-ada",
                "plan": "plus",
                "allowed": True,
                "limit_reached": False,
                "windows": [
                    {
                        "limit": "codex",
                        "window": "five_hour",
                        "slot": "primary",
                        "used_percent": 25.0,
                        "remaining_percent": 75.0,
                        "reset_at": "2026-11-20T14:00:00Z",
                        "window_seconds": FIVE_HOURS,
                        "state": "current",
                        "name_inferred": False,
                    },
                    {
                        "limit": "codex",
                        "window": "weekly",
                        "slot": "secondary",
                        "used_percent": None,
                        "remaining_percent": None,
                        "reset_at": None,
                        "window_seconds": WEEK,
                        "state": "unknown",
                        "name_inferred": True,
                    },
                ],
                "credits": {
                    "has_credits": True,
                    "unlimited": None,
                    "balance": "1348.7450000000",
                    "overage_limit_reached": None,
                    "approx_local_messages": [1.0, 2.0],
                    "approx_cloud_messages": None,
                },
                "spend_limits": [
                    {
                        "limit_id": "spend:individual",
                        "limit": "50.00",
                        "used": "0E-10",
                        "remaining": None,
                        "used_percent": 36.0,
                        "reset_at": "2026-11-20T12:00:00Z",
                        "source": None,
                        "slot": "x",
                        "remaining_percent": 64.0,
                    }
                ],
                "reset_credits": {"available_count": 2, "applicable_available_count": None},
                "notes": ["odd @ $.x"],
            }
        ],
        "failures": [
            {"account": "bob", "error": "RateLimitedError", "status": 429, "message": "Too often.", "hint": "Wait."}
        ],
    }
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_the_document_of_nothing_has_its_three_parts():
    bare = document(collection(snapshot("ada")))
    assert document(collection()) == {"fetched_at": "2026-11-20T12:00:00Z", "accounts": [], "failures": []}
    assert bare["accounts"][0]["windows"] == []
    assert bare["accounts"][0]["credits"] is None
