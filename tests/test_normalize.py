"""The reading rule, case by case: every body in `data/` reads as it was worked out by hand, and says from where."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from foundation_support import NOW
from normalize_support import DATA, EXPECTED, check_percentages, classic, load, look_up, read, trace

from quota_helpers.errors import BodyError
from quota_helpers.fields import ALIASES
from quota_helpers.models import RawReply
from quota_helpers.normalize import is_usage, normalize_headers, normalize_token_count, normalize_usage, trace_body
from quota_helpers.raw.case import reading as reading_of

# --- the cases ---


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.name.removesuffix(".expected.json"))
def test_case_reads_as_expected(expected):
    """A body of a known shape gives exactly the reading that was worked out for it by hand."""
    case, reading = load(expected)
    assert reading_of(read(case)) == reading


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.name.removesuffix(".expected.json"))
def test_case_invents_nothing(expected):
    """Every percentage stands in the body at the path it names, and every path leads somewhere."""
    case, _ = load(expected)
    found = trace(case)
    check_percentages(found.snapshot, case["payload"])
    for step in found.reads:
        look_up(case["payload"], step.path)
    for note in found.snapshot.notes:
        look_up(case["payload"], note.rpartition(" @ ")[2])


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.name.removesuffix(".expected.json"))
def test_case_is_explained(expected):
    """The trace names the path of every value of the snapshot, and claims to have read nothing else."""
    case, _ = load(expected)
    found = trace(case)
    snapshot = found.snapshot
    blocks = [snapshot, *snapshot.limits, *snapshot.windows, *snapshot.spend_limits]
    blocks += [block for block in (snapshot.credits, snapshot.reset_credits) if block is not None]
    told = {path for block in blocks for path in block.paths.values()}
    assert {step.path for step in found.reads if step.status == "read"} == told
    assert all(step.why for step in found.reads if step.status != "read")
    for window in snapshot.windows:
        for field in ("used_percent", "reset_at", "window_seconds"):
            assert (getattr(window, field) is None) == (field not in window.paths)


def test_there_are_cases_in_pairs():
    """Every case has its expected reading and the other way round; there are at least sixty."""
    cases = {path.name.removesuffix(".json") for path in DATA.glob("*.json") if ".expected." not in path.name}
    assert cases == {path.name.removesuffix(".expected.json") for path in EXPECTED}
    assert len(cases) >= 60


# --- the call ---


def test_shortcuts_name_the_own_windows_only():
    """`five_hour` and `weekly` never show another limit's window."""
    body = classic(limit_window_seconds=604800)
    body["additional_rate_limits"] = [{"metered_feature": "codex_wren", "rate_limit": classic()["rate_limit"]}]
    snapshot = normalize_usage(body, fetched_at=NOW)
    assert snapshot.five_hour is None
    assert snapshot.weekly is not None
    assert snapshot.window("five_hour", "codex_wren") is not None


def test_account_and_origin_are_handed_through():
    """The caller says whose reading it is, and may overrule the carrier."""
    snapshot = normalize_usage(classic(), fetched_at=NOW, account="ann", account_key="abc123", origin="demo")
    assert (snapshot.account, snapshot.account_key, snapshot.origin) == ("ann", "abc123", "demo")


def test_fetched_at_is_a_moment():
    """A moment without a zone, or none at all, is the caller's mistake, in every carrier; a text is as good."""
    naive = NOW.replace(tzinfo=None)
    for call in (
        lambda: normalize_usage({}, fetched_at=naive),
        lambda: trace_body([], fetched_at=naive),
        lambda: normalize_headers({}, fetched_at=naive),
        lambda: normalize_token_count({}, fetched_at=naive),
    ):
        with pytest.raises(ValueError, match="fetched_at has no time zone"):
            call()
    assert normalize_usage({}, fetched_at=NOW.isoformat()).fetched_at == NOW
    with pytest.raises(TypeError, match="fetched_at is missing"):
        normalize_usage({})


def test_a_reply_brings_its_own_time_and_account():
    """What the caller says beside it counts more."""
    reply = RawReply(status=200, payload=classic(), fetched_at=NOW, account="ann", account_key="abc123")
    snapshot = normalize_usage(reply)
    assert snapshot == normalize_usage(classic(), fetched_at=NOW, account="ann", account_key="abc123")
    later = normalize_usage(reply, fetched_at=NOW + timedelta(hours=1), account="bob", account_key="def456")
    assert (later.account, later.account_key, later.fetched_at) == ("bob", "def456", NOW + timedelta(hours=1))


def test_a_text_is_read_as_the_object_it_holds():
    assert normalize_usage(json.dumps(classic()), fetched_at=NOW) == normalize_usage(classic(), fetched_at=NOW)


@pytest.mark.parametrize("payload", [None, [], 3, b"{}", object()], ids=repr)
def test_what_is_no_body_at_all(payload):
    """The message names the type that came and what is wanted."""
    with pytest.raises(TypeError, match=r"payload is \w+ instead of a JSON object, its text or a reply"):
        normalize_usage(payload, fetched_at=NOW)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("SENTINEL{", "is no JSON"),
        ("[1]", "The body is list"),
        ("null", "The body is null"),
        ('{"a":' * 501 + "1" + "}" * 501, "nested too deeply"),
        (RawReply(status=502, body=b"SENTINEL", fetched_at=NOW), "The body is null"),
    ],
    ids=["no JSON", "list", "null", "deep", "reply without JSON"],
)
def test_a_text_or_reply_without_an_object(payload, words):
    with pytest.raises(BodyError, match=words) as caught:
        normalize_usage(payload, fetched_at=NOW)
    assert "SENTINEL" not in repr(caught.value)


def test_any_object_is_a_body():
    """Nothing in it is known: an empty reading that says so."""
    snapshot = normalize_usage({"hello": 1}, fetched_at=NOW)
    assert (snapshot.windows, snapshot.notes) == ((), ("no key of a usage body in it: no reading @ $",))


def test_fetched_at_is_kept_in_utc():
    """Another zone's moment is the same moment in UTC, and relative resets count from it."""
    body = classic(reset_at=None, reset_after_seconds=60)
    snapshot = normalize_usage(body, fetched_at=NOW.astimezone(ZoneInfo("Asia/Tokyo")))
    assert snapshot.fetched_at == NOW
    assert snapshot.fetched_at.tzinfo is UTC
    assert snapshot.five_hour.reset_at == NOW + timedelta(seconds=60)


def test_every_window_carries_the_time_of_its_reading():
    """So that its state can be told without the snapshot."""
    assert all(window.fetched_at == NOW for window in normalize_usage(classic(), fetched_at=NOW).windows)


def test_allowed_is_reported_per_limit():
    """Each limit keeps the server's own word, the snapshot repeats that for the account's own."""
    body = classic()
    body["code_review_rate_limit"] = {"allowed": False, "limit_reached": True, "primary_window": None}
    own, review = normalize_usage(body, fetched_at=NOW).limits
    assert (own.limit_id, own.allowed, own.limit_reached) == ("codex", True, False)
    assert (review.limit_id, review.allowed, review.limit_reached) == ("code_review", False, True)


def test_limit_names_travel_to_windows():
    """A model limit's name for people stands on the limit and on its windows."""
    body = {"additional_rate_limits": [{"limit_name": "Wren", "metered_feature": "codex_wren", **classic()}]}
    snapshot = normalize_usage(body, fetched_at=NOW)
    assert [(limit.limit_id, limit.limit_name) for limit in snapshot.limits] == [("codex_wren", "Wren")]
    assert [(window.limit_id, window.limit_name) for window in snapshot.windows] == [("codex_wren", "Wren")]


def test_users_spellings_are_read():
    """A spelling added to the table makes its field readable; without it the field is unknown."""
    body = classic(used_percent=None, pct=61)
    assert normalize_usage(body, fetched_at=NOW).five_hour.used_percent is None
    table = ALIASES.extended({"used_percent": ["pct"]})
    window = normalize_usage(body, fetched_at=NOW, aliases=table).five_hour
    assert (window.used_percent, window.paths["used_percent"]) == (61, "$.rate_limit.primary_window.pct")


def test_order_of_the_table_decides():
    """The user's spellings come last, or first when asked so; that they disagree is a note either way."""
    body = classic(pct=61)
    last = normalize_usage(body, fetched_at=NOW, aliases=ALIASES.extended({"used_percent": ["pct"]}))
    first = normalize_usage(body, fetched_at=NOW, aliases=ALIASES.extended({"used_percent": ["pct"]}, first=True))
    assert (last.five_hour.used_percent, first.five_hour.used_percent) == (25, 61)
    assert len(last.notes) == len(first.notes) == 1


def test_notes_are_bounded():
    """A body of rubbish gives two hundred notes and a count, not a million lines."""
    snapshot = normalize_usage({**classic(), "additional_rate_limits": [1] * 5000}, fetched_at=NOW)
    assert len(snapshot.notes) == 201
    assert snapshot.notes[-1] == "and 4800 more oddities @ $"


def test_notes_never_show_a_value():
    """Notes tell place and type: a body may hold addresses and tokens."""
    secret = "eyJhbGciOi-sentinel"
    body = {
        "plan_type": [secret],
        "rate_limit": {"allowed": secret, "primary_window": {"used_percent": secret, "reset_at": secret}},
        "credits": {"balance": secret, "has_credits": secret},
        "additional_rate_limits": [secret, {"limit_name": [secret], "rate_limit": secret}],
        "spend_control": {"individual_limit": {"limit": secret, "used_percent": secret}},
    }
    found = trace_body(body, fetched_at=NOW)
    assert found.snapshot.notes
    assert secret not in repr(found)


# --- what is a usage body ---


@pytest.mark.parametrize(
    "payload",
    [
        classic(),
        {"rate_limit": None},
        {"plan_type": "free"},
        {"id": 1, "result": {"rateLimits": {"primary": {"usedPercent": 1}}}},
        {"primary_window": {"used_percent": 1}},
        {"spend_control": {}},
    ],
)
def test_usage_is_recognized(payload):
    """One usage field, if only null, makes it a usage body."""
    assert is_usage(payload)


@pytest.mark.parametrize(
    "payload",
    [None, [], 3, "x", {}, {"detail": "Unauthorized"}, {"error": {"code": "token_expired"}}, {"status": "ok"}],
)
def test_other_json_is_no_usage(payload):
    """Errors and strangers are not taken for an empty account."""
    assert not is_usage(payload)
