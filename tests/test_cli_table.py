"""A collection as text: the order of the rows, the columns, what fits where, and the JSON document."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from foundation_support import FIVE_HOURS, NOW, WEEK, reading, snapshot

from quota_helpers import errors
from quota_helpers.cli.output import document
from quota_helpers.cli.text_table import stale_notes, table
from quota_helpers.models import Credits, Limit, ResetCredits, SpendLimit
from quota_helpers.outcomes import Collection, Failure

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


WIDE = 500


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
    assert cells(table(collection(taken, snapshot("bob")), UTC, width=WIDE)) == [
        [
            *("account", "five_hour%", "weekly%", "weekly_reset", "five_hour_reset"),
            *("monthly%", "monthly_reset", "9h%", "9h_reset"),
            *("spark.five_hour%", "spark.five_hour_reset", "spend:individual%", "spend:individual_reset"),
        ],
        [
            *("ada", "74.5", "50", "2026-11-20 14:00:00 UTC", "2026-11-20 14:00:00 UTC"),
            *("97", "2026-11-20 14:00:00 UTC", "99", "2026-11-20 14:00:00 UTC"),
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
    head, row = cells(table(collection(taken), UTC, width=WIDE))
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
    lines = table(collection(snapshot("a\x1b[31m\nb", reading(1, limit="x\ny"))), UTC, width=WIDE)
    assert len(lines) == 2
    assert "\x1b" not in "".join(lines)
    assert lines[1].startswith(r"a\x1b[31m\nb")
    assert r"x\ny.five_hour%" in lines[0]


def test_a_stale_reading_gets_a_line_of_its_own():
    notes = stale_notes(collection(snapshot("ada", five(40, reset_in=timedelta(hours=-2)), weekly(1))), UTC)
    assert notes == ["ada: five_hour is stale: its reset 2026-11-20 10:00:00 UTC has passed, so the percentage is old."]


def test_a_blocked_account_is_marked_with_the_reason_below():
    taken = snapshot("blk", five(36), weekly(None), reached_type="workspace_member_credits_depleted")
    assert table(collection(taken, snapshot("ada", five(50))), UTC)[1:] == [
        "blk      64!         ?!       2026-11-20 14:00:00 UTC  2026-11-20 14:00:00 UTC"[:80],
        "  blocked: the workspace's credits are depleted",
        "ada      50          -        -                        2026-11-20 14:00:00 UTC",
    ]


def test_a_blocked_account_without_windows_and_a_blocked_model():
    bare = snapshot("bare", allowed=False)
    assert table(collection(bare), UTC)[1:] == [
        "bare     -!          -!       -",
        "  blocked: the server allows no requests",
    ]
    spark = Limit(limit_id="spark", limit_name="GPT-Spark", allowed=False)
    model = snapshot("ada", five(1), reading(1, limit="spark", limit_name="GPT-Spark"), limits=(spark,))
    lines = table(collection(model), UTC)
    assert lines[1].split()[1] == "99"
    assert lines[2:] == [
        "  GPT-Spark.five_hour% 99, reset 2026-11-20 14:00:00 UTC",
        "  GPT-Spark blocked: the server allows no requests",
    ]


# --- what fits where ---


def test_what_does_not_fit_goes_below_its_account():
    taken = snapshot("ada", five(25.5), weekly(50), reading(3, 2_592_000, "monthly"), reading(1, 32_400, "9h"))
    assert table(collection(taken, snapshot("bob")), UTC) == [
        "account  five_hour%  weekly%  weekly_reset             five_hour_reset",
        "ada      74.5        50       2026-11-20 14:00:00 UTC  2026-11-20 14:00:00 UTC",
        "  monthly% 97, reset 2026-11-20 14:00:00 UTC",
        "  9h% 99, reset 2026-11-20 14:00:00 UTC",
        "bob      -           -        -                        -",
    ]


def test_a_long_name_stands_above_its_numbers():
    taken = snapshot("x" * 35, five(25), weekly(50))
    assert table(collection(taken), UTC, width=80)[1:] == [
        "x" * 35,
        f"{'':34}  75          50       2026-11-20 14:00:00 UTC",
        "  five_hour_reset 2026-11-20 14:00:00 UTC",
    ]
    assert table(collection(snapshot("x" * 34, five(25), weekly(50))), UTC)[1].startswith(f"{'x' * 34}  75 ")


@pytest.mark.parametrize("width", [20, 40, 80, 81, 93, 120, 200])
@pytest.mark.parametrize("terminal", [False, True])
def test_no_line_is_ever_wider_than_the_terminal(width, terminal):
    """Whatever is in it: many windows, long names in any script, reasons."""
    odd = [
        snapshot("n" * 100, five(25), weekly(50), reached_type="something_new_and_rather_long_that_nobody_knows"),
        snapshot("日本" * 30, weekly(50), reading(1, limit="l" * 90), plan="p" * 100),
        snapshot("two words " * 12, five(-0.0), reading(12.34567891, limit="spark", limit_name="GPT 5 Spark")),
        snapshot("ada", *(reading(n, 3_600 * n, f"{n}h") for n in range(6, 20)), spend_limits=(SPEND,)),
    ]
    lines = table(collection(*odd), ZoneInfo("Asia/Kathmandu"), width=width, terminal=terminal)
    assert max(map(columns_of, lines)) <= width
    assert "19h%" in "".join(lines)
    assert all(line == line.rstrip() for line in lines)


def columns_of(line: str) -> int:
    return sum(2 if "日" <= char <= "本" or char in "日本" else 1 for char in line)


def test_in_a_terminal_plans_and_time_left_are_shown():
    assert table(collection(snapshot("ada", five(25), weekly(50, reset_in=timedelta(days=3)))), UTC, terminal=True) == [
        "account  five_hour%  weekly%  weekly_reset",
        "ada      75          50       2026-11-23 12:00:00 UTC in 3 d 00 h",
        "  plan plus  five_hour_reset 2026-11-20 14:00:00 UTC in 2 h 00 m",
    ]


def test_money_has_its_unit():
    """Credits are credits; of a cap the server does not say what it counts. A missing amount is not told."""
    held = Credits(has_credits=True, balance=Decimal("1348.7450"))
    lines = table(collection(snapshot("ada", credits=held, spend_limits=(SPEND,))), UTC, terminal=True)
    assert lines[2:4] == ["  plan plus  1,348.745 credits", "  spend:individual 0 of 50 spent, in the server's unit"]
    bare = replace(SPEND, used=None)
    lines = table(collection(snapshot("ada", credits=Credits(balance=Decimal(0)), spend_limits=(bare,))), terminal=True)
    assert not [line for line in lines if "credits" in line or "spent" in line]


def test_two_logins_of_one_account_are_two_rows():
    one, two = (snapshot(name, five(25), account_key="same") for name in ("ada", "ada-work"))
    assert [row[0] for row in cells(table(collection(one, two), UTC))[1:]] == ["ada", "ada-work"]


def test_limits_go_by_the_servers_name_and_two_of_one_name_by_their_id():
    named = [reading(1, limit=limit, limit_name="Spark") for limit in ("a", "b")]
    head = cells(table(collection(snapshot("ada", *named)), UTC, width=WIDE))[0]
    assert head[4:] == ["Spark.five_hour%", "Spark.five_hour_reset", "b.five_hour%", "b.five_hour_reset"]


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
        reached_type="workspace_owner_credits_depleted",
        notes=("odd @ $.x",),
    )
    error = errors.RateLimitedError("Too often.", hint="Wait.", account="bob")
    made = document(collection(taken, failures=(Failure(account="bob", error=error),)))
    assert made == {
        "fetched_at": "2026-11-20T12:00:00Z",
        "demo": False,
        "accounts": [
            {
                "account": "ada",
                "account_key": "key-ada",
                "plan": "plus",
                "allowed": True,
                "limit_reached": False,
                "reached_type": "workspace_owner_credits_depleted",
                "blocked": "the workspace's credits are depleted",
                "windows": [
                    {
                        "limit": "codex",
                        "limit_name": None,
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
                        "limit_name": None,
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


def test_the_document_of_nothing_has_its_four_parts():
    bare = document(collection(snapshot("ada")))
    assert document(collection(), demo=True) == {
        "fetched_at": "2026-11-20T12:00:00Z",
        "demo": True,
        "accounts": [],
        "failures": [],
    }
    assert bare["accounts"][0]["windows"] == []
    assert bare["accounts"][0]["credits"] is None
