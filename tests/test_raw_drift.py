"""Schema drift, replay with another table of spellings, and headers beside the body."""

import dataclasses

import pandas as pd
import pytest
from raw_support import EPOCH_NOW, HEADERS, MODERN, NOW, SPEND_ONLY, TOKEN, changed, nested, reply, window

from quota_helpers.bodies import read_bodies
from quota_helpers.errors import BodyError
from quota_helpers.fields import ALIASES
from quota_helpers.models import Headers, RawReply
from quota_helpers.raw import find_drift, header_table, replay
from quota_helpers.raw.drift import DRIFT_COLUMNS
from quota_helpers.raw.header_table import HEADER_COLUMNS
from quota_helpers.raw.replay import REPLAY_COLUMNS


def one(frame, path, value=None):
    """The row of a field, or of a member of a closed set."""
    rows = frame[(frame["path"] == path) & (frame["value"].isna() if value is None else frame["value"] == value)]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_a_field_nobody_knows_is_new_to_the_world():
    """The catalogue tells news from what only this account had not seen."""
    frame = find_drift([reply(MODERN), reply(changed(MODERN, brand_new={"x": 1}, promo=None), minutes=5)])
    row = one(frame, "$.brand_new.x")
    assert row["change"] == "new to the world"
    assert not row["known"]
    assert row["first_seen"] == row["last_seen"] == pd.Timestamp(NOW) + pd.Timedelta(minutes=5)
    assert (row["bodies"], row["of"], row["plan"], row["account"]) == (1, 2, "plus", "work")
    assert one(frame, "$.promo")["change"] == "new to this account"
    assert frame["change"].iloc[0] == "new to the world"


def test_types_over_time_with_null_as_a_type():
    """A window that went away and a number that became a text are type changes, in the order of time."""
    third = changed(MODERN)
    third["rate_limit"] = {**third["rate_limit"], "secondary_window": None}
    third["credits"] = {**third["credits"], "balance": 3.5}
    frame = find_drift([reply(third, minutes=10), reply(MODERN), reply(MODERN, minutes=5)])
    row = one(frame, "$.rate_limit.secondary_window")
    assert row["change"] == "type changed"
    assert row["types"] == "object -> null"
    assert one(frame, "$.credits.balance")["types"] == "string -> number"
    assert one(frame, "$.rate_limit.secondary_window.used_percent")["change"] == "gone"


def test_unknown_plans_limit_ids_and_reached_types_are_news():
    """New members of the closed sets are rows of their own, keys of maps included."""
    body = changed(MODERN, plan_type="platinum", rate_limit_reached_type={"type": "moon_phase"})
    body["additional_rate_limits"] = [{**body["additional_rate_limits"][0], "metered_feature": "codex_new"}]
    frame = find_drift([reply(body), reply({"rateLimitsByLimitId": {"codex": {}, "codex_x": {}}}, "other")])
    for path, value in (
        ("$.plan_type", "platinum"),
        ("$.rate_limit_reached_type.type", "moon_phase"),
        ("$.additional_rate_limits[].metered_feature", "codex_new"),
        ("$.rateLimitsByLimitId", "codex_x"),
    ):
        assert one(frame, path, value)["change"] == "new to the world"
    assert "codex" not in set(frame["value"])
    assert set(frame[frame["account"] == "work"]["plan"]) == {"platinum"}


def test_accounts_are_judged_apart_and_plans_together():
    """What one account never had is not gone from it; what went with a plan is gone, and says under which it was."""
    pro = changed(MODERN, plan_type="pro", credits=..., spend_control=SPEND_ONLY["spend_control"])
    frame = find_drift([reply(MODERN), reply(pro, minutes=5), reply(SPEND_ONLY, "seat")], steady=True)
    assert set(frame[frame["account"] == "seat"]["change"]) == {"steady"}
    assert one(frame, "$.credits")["change"] == "gone"
    assert one(frame, "$.credits")["plan"] == "plus"
    new = frame[(frame["path"] == "$.spend_control.individual_limit.limit") & (frame["plan"] == "pro")].iloc[0]
    assert new["change"] == "new to this account"


@pytest.mark.parametrize("plan", [..., "pro", None])
def test_losses_are_seen_beside_a_missing_or_another_plan(plan):
    """Many real bodies say no plan: a vanished block, a window gone null, a number turned text are news."""
    later = changed(MODERN, plan_type=plan, credits=...)
    later["rate_limit"]["secondary_window"] = None
    later["rate_limit"]["primary_window"]["used_percent"] = "12"
    frame = find_drift([reply(MODERN), reply(later, minutes=5)])
    assert one(frame, "$.credits")["change"] == "gone"
    assert one(frame, "$.rate_limit.secondary_window")["types"] == "object -> null"
    assert one(frame, "$.rate_limit.primary_window.used_percent")["types"] == "integer -> string"
    assert set(frame["of"]) == {2}


def test_a_plan_that_comes_back_loses_nothing():
    """A body without a plan between two with one begins nothing anew."""
    frame = find_drift([reply(MODERN), reply(changed(MODERN, plan_type=...), minutes=5), reply(MODERN, minutes=10)])
    assert len(frame) == 0


def test_accounts_go_by_their_key_and_are_shown_masked():
    """Two people of one mask are two people; a login that was renamed is one."""
    people = [reply(MODERN, "kim@example.com"), reply(changed(MODERN, credits=...), "kirk@example.com", minutes=5)]
    frame = find_drift(people, steady=True)
    assert set(frame["change"]) == {"steady"}
    assert set(frame["account"]) == {"ki...@example.com (1)", "ki...@example.com (2)"}
    assert set(find_drift(people, steady=True, reveal=True)["account"]) == {"kim@example.com", "kirk@example.com"}
    renamed = dataclasses.replace(people[1], account_key=people[0].account_key)
    assert one(find_drift([people[0], renamed]), "$.credits")["change"] == "gone"


def test_error_replies_do_not_make_fields_come_and_go():
    """A failed request in between is no schema change."""
    frame = find_drift([
        reply(MODERN),
        reply({"error": {"code": "token_expired"}}, minutes=5, status=401),
        reply(MODERN, minutes=10),
    ])  # fmt: skip
    assert len(frame) == 0


def test_nothing_to_tell_keeps_the_columns():
    """Empty, steady and timeless input has the same columns and dtypes."""
    for bodies in ([], [MODERN], {"a": 1, "b": [2]}):
        frame = find_drift(bodies)
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DRIFT_COLUMNS
    assert len(find_drift([MODERN, MODERN])) == 0
    assert len(find_drift([MODERN], steady=True)) > 30


def test_keys_of_known_maps_are_data_not_fields():
    """A new model is no new field."""
    other = changed(MODERN, model_usage={"gpt-9": {"available": True}})
    frame = find_drift([reply(MODERN), reply(other, minutes=5)], steady=True)
    assert "$.model_usage{}.available" in set(frame["path"])
    assert not any("gpt-9" in path for path in frame["path"])


def test_a_token_in_a_field_of_a_closed_set_is_not_shown():
    """A member is shown as text, a secret is not."""
    assert TOKEN not in find_drift([{"plan_type": TOKEN}]).to_string(max_colwidth=None)
    with pytest.raises(BodyError, match="deeper than 500"):
        find_drift([nested(501)])


def test_replay_shows_what_a_new_spelling_reads():
    """The reading changes, and the table says from which field."""
    odd = {"rate_limit": {"primary_window": {"pct": 7, "limit_window_seconds": 18_000, "reset_at": EPOCH_NOW}}}
    frame = replay([reply(odd), reply(MODERN, "other")], ALIASES.extended({"used_percent": ["pct"]}))
    assert tuple(frame.columns) == REPLAY_COLUMNS
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["read_as"], row["change"], row["before"], row["after"]) == (
        "codex.five_hour.used_percent",
        "new",
        None,
        7,
    )
    assert (row["path_before"], row["path_after"]) == ("", "$.rate_limit.primary_window.pct")
    assert (row["account"], row["fetched_at"]) == ("work", pd.Timestamp(NOW))


def test_replay_shows_a_changed_value_and_a_lost_one():
    """A spelling put first wins, and one that moves to another field is missed where it stood."""
    body = {"rate_limit": {"primary_window": {**window(5, 18_000), "pct": 50}}}
    frame = replay({"x": body}, ALIASES.extended({"used_percent": ["pct"]}, first=True))
    assert frame[["change", "before", "after"]].to_numpy().tolist() == [["value", 5.0, 50.0]]
    frame = replay({"x": body}, ALIASES.extended({"plan": ["used_percent"]}))
    assert "lost" in set(frame["change"])


def test_replay_by_the_same_rules_is_empty_and_keeps_its_columns():
    """Nothing differs from itself; everything=True lists what both read alike."""
    empty = replay([reply(MODERN)])
    assert len(empty) == 0
    assert tuple(empty.columns) == REPLAY_COLUMNS
    full = replay([reply(MODERN)], everything=True)
    assert set(full["change"]) == {"same"}
    assert "codex.weekly.used_percent" in set(full["read_as"])
    assert str(empty["fetched_at"].dtype) == str(full["fetched_at"].dtype)
    assert len(replay([])) == 0
    with pytest.raises(BodyError, match="deeper than 500"):
        replay([nested(501)])


def row_of(table, header):
    return table[table["header"] == header].iloc[0]


def test_headers_are_read_beside_the_body_and_disagreements_are_named():
    """A percent within one agrees, a far one does not, and the body counts."""
    table = header_table(reply(MODERN, headers=HEADERS))
    assert tuple(table.columns) == HEADER_COLUMNS
    near = row_of(table, "x-codex-primary-used-percent")
    assert (near["read_as"], near["reading"], near["body"], near["agrees"]) == (
        "codex.five_hour.used_percent", 12.4, 12.0, True)  # fmt: skip
    far = row_of(table, "x-codex-secondary-used-percent")
    assert (far["reading"], far["body"], far["agrees"]) == (77.0, 40.0, False)
    assert far["why"] == "the body says otherwise, and counts"
    assert row_of(table, "x-codex-primary-reset-at")["agrees"] is True
    assert row_of(table, "x-codex-plan-type")["agrees"] is True


def test_headers_are_redacted():
    """Request numbers, cookies and unknown names never reach the table, nor do unknown words within the family."""
    headers = {**HEADERS, "Set-Cookie": "session=jane", "X-Jane": "jane", "x-codex-plan-type": "plan-of-jane",
        "x-codex-jane-primary-used-percent": "5"}  # fmt: skip
    table = header_table(reply(changed(MODERN, plan_type="other-jane"), headers=headers))
    assert "jane" not in table.to_string(max_colwidth=None).lower()
    assert row_of(table, "CF-Ray")["value"] == "text_1"
    plan = table[table["read_as"] == "plan"].iloc[0]
    assert plan["agrees"] is False
    assert plan["reading"] != plan["body"]
    assert "5" in set(table["value"])


def test_zeros_for_a_window_that_is_not_there_are_ignored():
    """A fake "100 % left" is no window."""
    table = header_table({"x-codex-secondary-used-percent": "0", "x-codex-secondary-window-minutes": "0"})
    assert set(table["status"]) == {"ignored"}
    assert (table["why"] != "").all()
    assert table["reading"].isna().all()


def test_headers_alone_and_none_at_all():
    """Without a body there is nothing to agree with; without headers the columns stay."""
    alone = header_table(Headers(HEADERS))
    assert alone["agrees"].isna().all()
    assert row_of(alone, "x-codex-primary-used-percent")["reading"] == 12.4
    assert tuple(header_table(reply(MODERN)).columns) == HEADER_COLUMNS
    assert len(header_table(reply(MODERN))) == 0
    for odd, kind in ((7, "int"), ([1], "list"), ("null", "null")):
        with pytest.raises(BodyError, match=f"expected response headers, found {kind}"):
            header_table(odd)


def test_a_repeated_header_keeps_its_rows():
    """Every line of the headers is a row."""
    table = header_table(Headers([("Vary", "a"), ("Vary", "b"), ("Date", HEADERS["Date"])]))
    assert len(table) == 3
    assert table["value"].nunique() == 3


def test_bodies_that_were_read_can_be_used_everywhere():
    """What read_bodies gives goes into every function."""
    bodies = read_bodies('{"plan_type": "plus"}\n{"plan_type": "moon"}')
    assert all(isinstance(body, RawReply) for body in bodies)
    assert one(find_drift(bodies), "$.plan_type", "moon")["change"].startswith("new to the world")
    assert len(replay(bodies, everything=True)) == 2
