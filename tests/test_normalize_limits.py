"""Which limit a window belongs to, what each limit is called, and which carrier a body's shape is."""

from __future__ import annotations

import pytest
from foundation_support import FIVE_HOURS, NOW, WEEK, window
from normalize_support import classic

from quota_helpers.normalize import normalize_headers, normalize_usage, trace_body


def read(**body: object):
    return normalize_usage(body, fetched_at=NOW)


def limits(snapshot):
    return [(limit.limit_id, limit.limit_name) for limit in snapshot.limits]


def notes(snapshot):
    return [note.rpartition(" @ ")[0] for note in snapshot.notes]


BLOCK = {"primary_window": window(5, WEEK)}

# --- ids and names ---


@pytest.mark.parametrize(
    ("said", "noted"), [("codex_wren", False), (" ", False), (None, False), (3, False), ("codex_finch", True)]
)
def test_where_a_limit_stands_counts_before_what_it_calls_itself(said, noted):
    found = read(rateLimitsByLimitId={"codex_wren": BLOCK | {"limitId": said}})
    assert [limit.limit_id for limit in found.limits] == ["codex_wren"]
    note = "its place says codex_wren, its own id something else; the place counts"
    assert (note in notes(found)) == noted


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"metered_feature": "wren", "limit_name": "Wren"}, ("wren", "Wren")),
        ({"limit_name": "GPT-5.3 Wren!"}, ("gpt_5_3_wren", "GPT-5.3 Wren!")),
        ({}, ("additional_0", None)),
        ({"limit_name": "!!"}, ("additional_0", "!!")),
    ],
)
def test_what_a_listed_limit_is_called(item, expected):
    assert limits(read(additional_rate_limits=[item | {"rate_limit": BLOCK}])) == [expected]


@pytest.mark.parametrize(
    ("key", "item", "expected"),
    [
        ("wren", {}, ("wren", None)),
        ("GPT Wren", {}, ("gpt_wren", "GPT Wren")),
        ("GPT Wren", {"limit_name": "W"}, ("gpt_wren", "W")),
        ("wren-2", {"metered_feature": "wren-2"}, ("wren-2", None)),
        ("wren-2", {"metered_feature": "x"}, ("x", "wren-2")),
    ],
)
def test_what_a_mapped_limit_is_called(key, item, expected):
    assert limits(read(additional_rate_limits={key: item | {"rate_limit": BLOCK}})) == [expected]


def test_the_ids_of_equal_limits_are_counted_from_two():
    items = [{"metered_feature": name, "rate_limit": BLOCK} for name in ("wren", "wren", "wren_2", "codex")]
    assert [limit_id for limit_id, _ in limits(read(additional_rate_limits=items))] == [
        "wren",
        "wren_2",
        "wren_2_2",
        "codex_2",
    ]


def test_a_block_that_calls_itself_something_takes_that_id():
    item = {"metered_feature": "wren", "rate_limit": BLOCK}
    assert [limit_id for limit_id, _ in limits(read(rate_limits=BLOCK | {"limit_id": "wren"}))] == ["wren"]
    found = read(rate_limits=BLOCK | {"limit_id": "wren"}, additional_rate_limits=[item])
    assert [limit_id for limit_id, _ in limits(found)] == ["wren", "wren_2"]


@pytest.mark.parametrize(
    ("key", "limit_id"),
    [
        ("image_rate_limit", "image"),
        ("imageRateLimits", "image"),
        ("image-rate-limit", "image"),
        ("!!rate_limit", "unknown"),
    ],
)
def test_an_unknown_block_is_a_limit_when_it_holds_windows(key, limit_id):
    assert [found for found, _ in limits(read(plan_type="plus", **{key: BLOCK}))] == [limit_id]
    assert limits(read(plan_type="plus", **{key: {"allowed": True}})) == []
    assert limits(read(plan_type="plus", **{key: [BLOCK]})) == []
    assert limits(read(plan_type="plus", **{f"{key}_note": BLOCK})) == []


def test_a_name_for_people_may_stand_beside_the_block():
    """Of the own limit as of the others; what stands in the block counts more."""
    assert limits(read(limit_name="Own", rate_limit=BLOCK)) == [("codex", "Own")]
    found = read(limit_name="Body", rate_limit=BLOCK | {"limit_name": "Block"})
    assert limits(found) == [("codex", "Block")]
    assert notes(found) == ["disagrees with $.rate_limit.limit_name, which counts"]
    assert {w.limit_name for w in found.windows} == {"Block"}


# --- allowed, reached, money ---


def test_allowed_may_stand_beside_the_windows_of_a_model():
    item = {"metered_feature": "wren", "allowed": True, "rate_limit": BLOCK | {"allowed": False}}
    (found,) = read(additional_rate_limits=[item]).limits
    assert found.allowed is False
    del item["rate_limit"]["allowed"]
    assert read(additional_rate_limits=[item]).limits[0].allowed is True


@pytest.mark.parametrize(
    ("name", "inner"), [("credits", {"balance": "5"}), ("rate_limit_reset_credits", {"available_count": 2})]
)
def test_a_block_in_two_places_is_read_in_the_first(name, inner):
    """The other one is explained as ignored."""
    found = trace_body({name: inner, "rate_limit": BLOCK | {name: dict.fromkeys(inner, 9)}}, fetched_at=NOW)
    values = found.snapshot.credits or found.snapshot.reset_credits
    assert 9 not in {getattr(values, field) for field in inner}
    assert [step.status for step in found.at(f"$.rate_limit.{name}")] == ["ignored"]


def test_an_empty_credits_block_is_none():
    assert read(credits={}).credits is None
    assert read(credits={"balance": None}).credits is not None
    assert normalize_headers({"x-codex-plan-type": "plus"}, fetched_at=NOW).credits is None


def test_an_unknown_cap_in_the_control_block_is_kept():
    """Under its own name, whatever way it is spelled; one without numbers is none."""
    control = {"projectPoolLimit": {"limit": "5"}, "team-cap": {"used_percent": 3}, "note_limit": {"text": "x"}, "n": 3}
    assert [cap.limit_id for cap in read(spend_control=control).spend_limits] == [
        "spend:project_pool",
        "spend:team_cap",
    ]
    assert read(plan_type="plus", team_cap={"limit": "5"}).spend_limits == ()


def test_a_known_cap_wins_over_an_unknown_spelling_of_it():
    control = {"individual_limit": {"limit": "5"}, "Individual limit": {"limit": "6"}}
    assert [str(cap.limit) for cap in read(spend_control=control).spend_limits] == ["5", "6"]


# --- shapes ---


@pytest.mark.parametrize(
    ("body", "origin"),
    [
        (classic(), "usage"),
        ({"rate_limits": BLOCK}, "usage"),
        ({"rateLimits": BLOCK}, "app_server"),
        ({"rateLimitsByLimitId": {}}, "app_server"),
        ({"rate_limits_by_limit_id": None}, "app_server"),
        ({"limitId": "codex", "primary": window(5, FIVE_HOURS)}, "app_server"),
        ({"limitId": "codex"}, "usage"),
        ({"type": "codex.rate_limits", "rate_limits": BLOCK}, "headers"),
        ({"result": {"rate_limits": BLOCK}}, "app_server"),
        ({"params": {"x": 1}}, "app_server"),
        ({"result": [1]}, "usage"),
        ({"plan_type": "plus", "result": {"rateLimits": BLOCK}}, "usage"),
    ],
)
def test_the_carrier_is_told_by_the_shape(body, origin):
    assert normalize_usage(body, fetched_at=NOW).origin == origin


@pytest.mark.parametrize(
    ("body", "noted"),
    [
        ({"plan_type": "free", "rate_limit": None}, True),
        ({"plan_type": "go", "rate_limit": None}, False),
        ({"plan_type": "free", "rate_limit": None, "credits": {"balance": "1"}}, False),
        ({"plan_type": "free", "rate_limit": None, "rate_limit_reset_credits": {"available_count": 1}}, False),
        ({"plan_type": "free", "individual_limit": {"limit": "1"}}, False),
        ({"plan_type": "free", "rate_limit": {}}, False),
        ({"plan_type": "free", "rateLimits": None, "rateLimitsByLimitId": None}, False),
    ],
)
def test_an_empty_free_plan_is_a_missing_account_header(body, noted):
    """Only where nothing at all stands beside it, and only in a usage body."""
    found = normalize_usage(body, fetched_at=NOW)
    assert any("account header was probably missing" in note for note in found.notes) == noted


@pytest.mark.parametrize(
    ("error", "reached"),
    [
        ({"type": "usage_limit_reached", "plan_type": "pro", "resets_in_seconds": 60}, "usage_limit_reached"),
        ({"type": "rate_limit_exceeded"}, None),
        ({"type": 3}, None),
        ("usage_limit_reached", None),
    ],
)
def test_an_error_reply_says_what_was_hit_or_nothing(error, reached):
    found = read(error=error)
    assert (found.reached_type, found.limit_reached) == (reached, True if reached else None)
    assert len(found.windows) == (1 if reached else 0)
    assert ("an error reply: no reading" in notes(found)) == (reached is None)


def test_an_error_reply_without_a_time_has_no_window():
    found = read(error={"type": "usage_limit_reached"})
    assert (found.windows, found.blocked) == ((), "the usage limit is reached")


def test_the_own_entry_of_the_map_is_the_own_limit_beside_any_other():
    """Also beside a flat view of a limit whose id sorts before it."""
    flat = BLOCK | {"limitId": "alpha"}
    assert {limit_id for limit_id, _ in limits(read(rateLimits=flat, rateLimitsByLimitId={"codex": BLOCK}))} == {
        "alpha",
        "codex",
    }
