"""The tidy frame: its shape whatever comes in, one row per account, limit and window, and the values' own states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest
from foundation_support import FIVE_HOURS, NOW, WEEK, model_only, reading, snapshot
from hypothesis import example, given
from hypothesis import strategies as st

from quota_helpers import frame_at, local_times, normalize_usage, spend_frame, to_frame
from quota_helpers.bodies import Bodies, save_bodies
from quota_helpers.errors import BodyError
from quota_helpers.frames import CREDIT_COLUMNS, SPEND_COLUMNS, credits_frame
from quota_helpers.models import COLUMNS, Credits, Limit, RawReply, ResetCredits, SpendLimit
from quota_helpers.outcomes import Collection

SPEND = SpendLimit(
    limit_id="spend:individual",
    limit=Decimal("50.00"),
    used=Decimal("12.5"),
    remaining=Decimal("37.5"),
    used_percent=25.0,
    reset_at=NOW + timedelta(days=10),
    source="workspace",
    slot="individual_limit",
    fetched_at=NOW,
)


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


FULL = snapshot(
    "ada",
    reading(25),
    reading(None, WEEK, "weekly", slot="secondary", reset_in=None),
    reading(3, limit="codex_spark"),
    spend_limits=(SPEND,),
    limits=(
        Limit(limit_id="codex", allowed=True, limit_reached=True),
        Limit(limit_id="codex_spark", allowed=None),
        Limit(limit_id="code_review", allowed=False),
    ),
)


@pytest.mark.parametrize(
    "readings",
    [
        [],
        Collection(fetched_at=NOW),
        snapshot(),
        snapshot(account=None, account_key=None, plan=None),
        FULL,
        [FULL, snapshot()],
    ],
    ids=["nothing", "empty run", "no windows", "nobody's", "everything", "several"],
)
def test_every_frame_has_all_columns_with_their_dtypes(readings):
    assert dtypes(to_frame(readings)) == COLUMNS
    assert dtypes(frame_at(to_frame(readings), NOW + timedelta(days=1))) == COLUMNS
    assert dtypes(credits_frame(readings)) == CREDIT_COLUMNS
    assert dtypes(spend_frame(readings)) == SPEND_COLUMNS


def test_one_row_per_account_limit_and_window():
    frame = to_frame(Collection(fetched_at=NOW, snapshots=(FULL, snapshot("bob", reading(1)))))
    rows = (
        frame[["account", "limit", "window"]].astype(object).where(frame[["account", "limit", "window"]].notna(), None)
    )
    assert rows.to_numpy().tolist() == [
        ["ada", "codex", "five_hour"],
        ["ada", "codex", "weekly"],
        ["ada", "codex_spark", "five_hour"],
        ["ada", "code_review", None],
        ["ada", "spend:individual", "monthly"],
        ["bob", "codex", "five_hour"],
    ]
    assert not frame.duplicated(["account", "limit", "window"]).any()
    assert list(frame.index) == list(range(6))


def test_a_row_holds_what_the_window_says():
    row = to_frame(FULL).iloc[0]
    assert row["account_key"] == "key-ada"
    assert (row["used_percent"], row["remaining_percent"], row["window_seconds"]) == (25.0, 75.0, 18_000.0)
    assert row["reset_at"] == pd.Timestamp(NOW + timedelta(hours=2))
    assert row["resets_in"] == pd.Timedelta(hours=2)
    assert (row["state"], row["slot"], row["origin"], row["plan"]) == ("current", "primary", "usage", "plus")
    assert (row["allowed"], row["limit_reached"], row["name_inferred"]) == (True, True, False)
    assert row["fetched_at"] == pd.Timestamp(NOW)


def test_unknown_stays_unknown():
    """Neither 0 % used nor 100 % left: missing, in every column."""
    row = to_frame(FULL).iloc[1]
    assert row["state"] == "unknown"
    assert row[["used_percent", "remaining_percent", "reset_at", "resets_in"]].isna().all()


@pytest.mark.parametrize("body", [{"plan_type": "plus", "rate_limit": None}, {"plan_type": "plus"}])
def test_a_snapshot_without_windows_keeps_one_row(body):
    frame = to_frame(normalize_usage(body, fetched_at=NOW, account="ada", account_key="k"))
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["account"], row["limit"], row["state"], row["plan"]) == ("ada", "codex", "unknown", "plus")
    assert row[["window", "used_percent", "allowed"]].isna().all()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, None),
        (
            {"rate_limit_reached_type": {"type": "workspace_owner_credits_depleted"}},
            "the workspace's credits are depleted",
        ),
        ({"spend_control": {"reached": True}}, "the spending cap is reached"),
    ],
)
def test_an_own_limit_without_windows_has_a_row_beside_a_models_where_it_is_blocked(said, why):
    frame = to_frame(normalize_usage(model_only(**said), fetched_at=NOW, account="ada", account_key="k"))
    rows = [("codex_spark", "five_hour", None), *([("codex", None, why)] if why else [])]
    shown = frame[["limit", "window", "blocked"]].astype(object)
    assert list(shown.where(shown.notna(), None).itertuples(index=False, name=None)) == rows


def test_a_spending_cap_beside_no_windows_does_not_hide_that_there_are_none():
    frame = to_frame(snapshot("ledger", spend_limits=(SPEND,), limits=(), spend_reached=True))
    assert frame["limit"].tolist() == ["codex", "spend:individual"]
    spend = frame.iloc[1]
    assert (spend["window"], spend["used_percent"], spend["remaining_percent"]) == ("monthly", 25.0, 75.0)
    assert (spend["state"], spend["limit_reached"], spend["slot"]) == ("current", True, "individual_limit")


# --- another moment ---


def optional(strategy):
    return st.none() | strategy


READINGS = st.builds(
    lambda used, seconds, reset_in: reading(used, seconds, reset_in=reset_in),
    optional(st.floats(0, 2) | st.floats(0, 150)),
    optional(st.sampled_from([60.0, float(FIVE_HOURS), float(WEEK), 315_360_000.0]) | st.floats(60, 315_360_000)),
    optional(st.integers(-10_000_000, 10_000_000).map(lambda s: timedelta(seconds=s)))
    # around the borders: at once, and a full length away give or take the tolerance
    | st.sampled_from([0, 1, 17_939, 17_940, 18_000, 18_060, 18_061, 604_740, 604_860]).map(
        lambda s: timedelta(seconds=s)
    ),
)
MOMENTS = st.integers(-10_000_000, 10_000_000).map(lambda s: NOW + timedelta(seconds=s)) | st.sampled_from(
    [NOW, NOW + timedelta(seconds=18_000), NOW + timedelta(seconds=18_001)]
)


BORDERS = [reading(used, reset_in=timedelta(hours=5)) for used in (0, 1, 1.001)]


@given(st.lists(READINGS, max_size=4), MOMENTS)
@example(BORDERS, NOW)
@example(BORDERS, NOW + timedelta(hours=5))
def test_a_frame_at_a_moment_agrees_with_the_windows_themselves(windows, now):
    frame = frame_at(to_frame(snapshot("ada", *windows)), now)
    expected = [window.state(now) for window in windows] or ["unknown"]
    assert frame["state"].tolist() == expected
    for window, spent in zip(windows, frame["resets_in"], strict=False):
        assert (None if pd.isna(spent) else spent.to_pytimedelta()) == window.resets_in(now)


@given(st.lists(READINGS, max_size=3))
def test_at_its_own_moment_a_frame_stays_as_it_is(windows):
    frame = to_frame(snapshot("ada", *windows))
    pd.testing.assert_frame_equal(frame_at(frame, NOW), frame)


def test_the_moment_may_be_in_any_zone_and_the_frame_is_not_changed():
    frame = to_frame(FULL)
    before = frame.copy()
    there = (NOW + timedelta(hours=3)).astimezone(timezone(timedelta(hours=-7)))
    assert frame_at(frame, there)["state"].iloc[0] == "stale"
    pd.testing.assert_frame_equal(frame, before)


# --- local times ---


def test_local_times_follow_daylight_saving():
    """Berlin goes back to winter time on 25 October 2026: a reset after it is an hour earlier on the clock."""
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    taken = snapshot("ada", reading(reset_in=None, reset_at=before + timedelta(days=2)), fetched_at=before)
    row = local_times(to_frame(taken), "Europe/Berlin").iloc[0]
    assert f"{row['fetched_local']:%H:%M %Z}" == "14:00 CEST"
    assert f"{row['reset_local']:%d %H:%M %Z}" == "26 13:00 CET"


def test_local_times_are_this_machines_by_default():
    frame = local_times(to_frame(FULL))
    assert list(frame.columns) == [*COLUMNS, "reset_local", "fetched_local"]
    assert (frame["fetched_local"] == frame["fetched_at"]).all()
    here = datetime.fromtimestamp(NOW.timestamp()).astimezone().utcoffset()
    assert frame["fetched_local"].iloc[0].utcoffset() == here
    assert local_times(to_frame([])).empty
    assert local_times(to_frame(FULL), UTC)["reset_local"].dt.tz is UTC


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Honolulu", "UTC"])
@pytest.mark.parametrize("end", [datetime(9999, 12, 31, 23, 59, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_a_reset_at_the_end_of_the_calendar_can_be_shown(zone, end):
    """In some zones it lies beyond what any calendar holds."""
    frame = local_times(to_frame(snapshot("odd", reading(reset_in=None, reset_at=end))), zone)
    assert "odd" in frame.to_string() + frame._repr_html_()
    assert frame["reset_local"].isna().all()


# --- money ---


def test_credits_as_a_frame():
    rich = snapshot(
        "ada",
        credits=Credits(has_credits=True, balance=Decimal("1348.7450000000"), unlimited=False),
        reset_credits=None,
    )
    resets = snapshot("bob", reset_credits=ResetCredits(available_count=2, applicable_available_count=0))
    frame = credits_frame([rich, resets, snapshot("nothing")])
    assert frame["account"].tolist() == ["ada", "bob"]
    assert frame["balance"].iloc[0] == 1348.745
    assert frame["has_credits"].iloc[0]
    assert frame.iloc[1][["balance", "has_credits"]].isna().all()
    assert frame[["resets_available", "resets_applicable"]].iloc[1].tolist() == [2, 0]


def test_spending_as_a_frame():
    frame = spend_frame([FULL, snapshot("nothing")])
    row = frame.iloc[0]
    assert len(frame) == 1
    assert (row["limit"], row["cap"], row["used"], row["remaining"]) == ("spend:individual", 50.0, 12.5, 37.5)
    assert (row["used_percent"], row["remaining_percent"], row["source"]) == (25.0, 75.0, "workspace")


def test_numbers_beyond_a_float_do_not_break_the_frame():
    """A decimal string may say anything."""
    odd = {
        "credits": {"has_credits": True, "balance": "1e400"},
        "spend_control": {"individual_limit": {"limit": "1e999", "used": "0E-10", "used_percent": 1}},
    }
    read = normalize_usage(odd, fetched_at=NOW, account="ada")
    assert dtypes(credits_frame(read)) == CREDIT_COLUMNS
    assert dtypes(spend_frame(read)) == SPEND_COLUMNS


# --- what is taken ---

BODY = {
    "rate_limit": {"primary_window": {"used_percent": 31, "limit_window_seconds": 18_000, "reset_after_seconds": 60}}
}
WHEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _reply(payload=BODY, status=200, account="ada", key="k", fetched_at=WHEN):
    return RawReply(status=status, payload=payload, account=account, account_key=key, fetched_at=fetched_at)


@pytest.mark.parametrize(
    "given",
    [
        _reply,
        lambda: [_reply()],
        lambda: iter([_reply()]),
        lambda: [[_reply()], ()],
        lambda: Bodies([_reply()]),
        lambda: normalize_usage(_reply()),
        lambda: Collection(fetched_at=WHEN, snapshots=(normalize_usage(_reply()),)),
        lambda: to_frame(_reply()),
        lambda: SimpleNamespace(frame=lambda: to_frame(_reply())),
        lambda: SimpleNamespace(windows=to_frame(_reply())),
    ],
    ids=["reply", "list", "iterator", "nested", "bodies", "snapshot", "collection", "frame", "history", "logs"],
)
def test_it_takes_a_reading_in_any_form(given):
    frame = to_frame(given())
    assert frame[["account", "account_key", "limit", "window", "used_percent"]].to_numpy().tolist() == [
        ["ada", "k", "codex", "five_hour", 31.0]
    ]
    assert frame["reset_at"].tolist() == [WHEN + timedelta(seconds=60)]


@pytest.mark.parametrize("form", ["text", "bytes", "path", "name", "lines"])
def test_it_reads_text_and_files(form, tmp_path):
    path = save_bodies([_reply()], tmp_path / "kept.jsonl")
    text = path.read_text("utf-8")
    frame = to_frame(
        {"text": text, "bytes": text.encode(), "path": path, "name": str(path), "lines": text + text}[form]
    )
    assert set(frame["used_percent"]) == {31.0}
    assert set(frame["account"]) == {"ada"}
    assert len(frame) == (2 if form == "lines" else 1)


def test_bodies_by_name_are_accounts_of_these_names():
    assert to_frame({"work": BODY, "home": BODY}, fetched_at=WHEN)["account"].tolist() == ["work", "home"]


@pytest.mark.parametrize("given", [None, 7, object(), [7]])
def test_what_is_no_reading_is_told_what_is_wanted(given):
    with pytest.raises(BodyError, match="Give a collection"):
        to_frame(given)


def test_a_body_without_a_time_has_no_invented_one():
    """Its percentage is known; what would count from the time of reading is not."""
    row = to_frame(BODY).iloc[0]
    assert (row["used_percent"], row["state"]) == (31.0, "unknown")
    assert pd.isna(row[["fetched_at", "reset_at", "resets_in"]]).all()
    assert to_frame(BODY, fetched_at=WHEN.isoformat()).iloc[0]["state"] == "current"


def test_a_body_that_tells_its_own_time_needs_no_other():
    window = BODY["rate_limit"]["primary_window"] | {"reset_at": 1_800_000_060}
    row = to_frame({"rate_limit": {"primary_window": window}}).iloc[0]
    assert row["fetched_at"] == datetime.fromtimestamp(1_800_000_000, UTC)


def test_an_error_reply_is_no_row_unless_it_tells_of_a_limit():
    assert to_frame([_reply({"detail": "Unauthorized"}, 401), _reply()])["used_percent"].tolist() == [31.0]
    hit = {"error": {"type": "usage_limit_reached", "resets_in_seconds": 60}}
    assert to_frame(_reply(hit, 429))["limit_reached"].tolist() == [True]


def test_two_people_with_one_mask_have_two_labels():
    """Numbered by key, whatever their order; and once again when the labels are all that is left."""
    both = [_reply(account="kirk@example.com", key="k2"), _reply(account="kim@example.com", key="k1")]
    assert to_frame(both)["account"].tolist() == ["ki...@example.com (2)", "ki...@example.com (1)"]
    assert to_frame(both, reveal=True)["account"].tolist() == ["kirk@example.com", "kim@example.com"]
    again = [replace(reply, account=label) for reply, label in zip(both, to_frame(both)["account"], strict=True)]
    assert to_frame(again)["account"].tolist() == to_frame(both)["account"].tolist()
    assert to_frame(again[:1])["account"].tolist() == ["ki...@example.com"]
