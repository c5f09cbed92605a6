"""The reading rule, case by case, and its two promises: nothing raises, no percentage is invented."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quota_helpers.fields import ALIASES
from quota_helpers.models import Headers, UsageSnapshot
from quota_helpers.normalize import (
    Trace,
    is_usage,
    normalize_headers,
    normalize_token_count,
    normalize_usage,
    trace_headers,
    trace_token_count,
    trace_usage,
)

DATA = Path(__file__).parent / "data"
EXPECTED = sorted(DATA.glob("*.expected.json"))
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')
LEFT = ("remaining_percent", "percent_left", "percent_remaining", "left_percent")


def load(expected: Path) -> tuple[dict, dict]:
    case = json.loads(expected.with_name(expected.name.replace(".expected", "")).read_text("utf-8"))
    return case, json.loads(expected.read_text("utf-8"))


def read(case: dict) -> UsageSnapshot:
    return trace(case).snapshot


def trace(case: dict) -> Trace:
    fetched_at = datetime.fromisoformat(case["fetched_at"])
    match case["carrier"]:
        case "headers":
            return trace_headers(case["payload"], fetched_at=fetched_at)
        case "session":
            found = trace_token_count(case["payload"], fetched_at=fetched_at)
            assert found is not None
            return found
    return trace_usage(case["payload"], fetched_at=fetched_at)


def plain(snapshot: UsageSnapshot) -> dict:
    """The snapshot as the expected files spell it."""
    credits_, resets = snapshot.credits, snapshot.reset_credits
    return {
        "origin": snapshot.origin,
        "plan": snapshot.plan,
        "windows": [
            {
                "limit": window.limit_id,
                "window": window.name,
                "used_percent": window.used_percent,
                "reset_at": iso(window.reset_at),
                "window_seconds": window.window_seconds,
                "slot": window.slot,
                "name_inferred": window.name_inferred,
                "state": window.state(snapshot.fetched_at),
            }
            for window in snapshot.windows
        ],
        "limits": [limit.limit_id for limit in snapshot.limits],
        "credits": None
        if credits_ is None
        else {
            "has_credits": credits_.has_credits,
            "unlimited": credits_.unlimited,
            "balance": text(credits_.balance),
            "overage_limit_reached": credits_.overage_limit_reached,
            "approx_local_messages": listed(credits_.approx_local_messages),
            "approx_cloud_messages": listed(credits_.approx_cloud_messages),
        },
        "spend_limits": [
            {
                "limit": spend.limit_id,
                "cap": text(spend.limit),
                "used": text(spend.used),
                "remaining": text(spend.remaining),
                "used_percent": spend.used_percent,
                "reset_at": iso(spend.reset_at),
                "source": spend.source,
                "slot": spend.slot,
            }
            for spend in snapshot.spend_limits
        ],
        "reset_credits": None
        if resets is None
        else {
            "available_count": resets.available_count,
            "applicable_available_count": resets.applicable_available_count,
        },
        "allowed": snapshot.allowed,
        "limit_reached": snapshot.limit_reached,
        "reached_type": snapshot.reached_type,
        "ordinary_usage_allowed": snapshot.ordinary_usage_allowed,
        "spend_reached": snapshot.spend_reached,
        "notes": sorted(snapshot.notes),
    }


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def listed(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else list(pair)


def look_up(payload: object, path: str) -> object:
    """The value at one of our paths; written apart from the package, which only ever writes paths."""
    at, place = 1, payload
    while at < len(path):
        step = STEP.match(path, at)
        assert step, f"no path: {path}"
        name, index, quoted = step.groups()
        place = place[int(index)] if index is not None else place[name if name is not None else json.loads(quoted)]
        at = step.end()
    return place


def check_percentages(snapshot: UsageSnapshot, payload: object) -> None:
    """Every percentage is a number of the body, at the path it names, or 100 minus one that tells what is left."""
    for value in (*snapshot.windows, *snapshot.spend_limits):
        if value.used_percent is None:
            assert "used_percent" not in value.paths
            continue
        path = value.paths["used_percent"]
        sent = look_up(payload, path)
        assert not isinstance(sent, bool)
        if "remaining_percent" in value.paths:
            assert re.sub(r"[\W_]", "", path.lower()).endswith(tuple(key.replace("_", "") for key in LEFT))
            assert value.used_percent == round(100 - float(sent), 9)
        else:
            assert value.used_percent == float(sent)
        assert value.used_percent >= 0


# --- the cases ---


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.name.removesuffix(".expected.json"))
def test_case_reads_as_expected(expected):
    """A body of a known shape gives exactly the reading that was worked out for it by hand."""
    case, reading = load(expected)
    assert plain(read(case)) == reading


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


# --- the shortcuts and the frame of the reading ---


def classic(**window: object) -> dict:
    first = {"used_percent": 25, "limit_window_seconds": 18000, "reset_at": int(NOW.timestamp()) + 600, **window}
    return {"plan_type": "plus", "rate_limit": {"allowed": True, "limit_reached": False, "primary_window": first}}


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


def test_fetched_at_must_be_aware():
    """A moment without a zone is the caller's mistake, in every carrier."""
    naive = NOW.replace(tzinfo=None)
    for call in (
        lambda: normalize_usage({}, fetched_at=naive),
        lambda: trace_usage([], fetched_at=naive),
        lambda: normalize_headers({}, fetched_at=naive),
        lambda: normalize_token_count({}, fetched_at=naive),
    ):
        with pytest.raises(ValueError, match="time zone"):
            call()


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
    found = trace_usage(body, fetched_at=NOW)
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


# --- headers and session lines ---


def test_headers_may_be_any_mapping():
    """The reply's own headers object is read like a dict."""
    pairs = {"X-Codex-Primary-Used-Percent": "12", "X-Codex-Primary-Window-Minutes": "300"}
    assert normalize_headers(Headers(pairs), fetched_at=NOW) == normalize_headers(pairs, fetched_at=NOW)


def test_session_line_is_as_old_as_it_says():
    """The line's timestamp is the time of the reading, whatever the caller's clock says."""
    line = {"timestamp": "2026-10-01T10:00:00Z", "payload": {"rate_limits": {"primary": {"resets_in_seconds": 600}}}}
    snapshot = normalize_token_count(line, fetched_at=NOW)
    assert snapshot.fetched_at == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert snapshot.paths["fetched_at"] == "$.timestamp"
    assert snapshot.windows[0].reset_at == datetime(2026, 10, 1, 10, 10, tzinfo=UTC)


def test_session_line_without_any_time_is_no_reading():
    """Nothing says when it was: no reading, rather than one of today."""
    assert normalize_token_count({"rate_limits": {"primary_used_percent": 3}}) is None
    assert normalize_token_count({"rate_limits": {"primary_used_percent": 3}}, fetched_at=NOW) is not None


@pytest.mark.parametrize(
    "line",
    [None, 3, "x", [], {}, {"timestamp": "2026-10-01T10:00:00Z", "type": "session_meta", "payload": {"id": "x"}}],
)
def test_other_lines_are_no_readings(line):
    """Lines of other kinds give None."""
    assert normalize_token_count(line, fetched_at=NOW) is None


# --- the explanation ---


def test_trace_tells_rule_and_place():
    """Each number is linked to its field, with the rule in words."""
    body = classic(limit_window_seconds=604800, reset_after_seconds=600)
    found = trace_usage(body, fetched_at=NOW)
    window = "$.rate_limit.primary_window"
    (used,) = found.at(f"{window}.used_percent")
    assert (used.read_as, used.status) == ("codex.weekly.used_percent", "read")
    (length,) = found.at(f"{window}.limit_window_seconds")
    assert length.rule == "length 604800 s says weekly; slot primary ignored"
    (after,) = found.at(f"{window}.reset_after_seconds")
    assert (after.read_as, after.status) == ("codex.weekly.reset_at", "ignored")
    assert found.at(window)[0].read_as == "codex.weekly"
    assert found.at("$.plan_type")[0].read_as == "plan"
    assert found.at("$.rate_limit.allowed")[0].read_as == "codex.allowed"


def test_trace_tells_how_numbers_were_worked_out():
    """What was calculated says so."""
    body = {"five_hour": {"percent_left": 40, "window_minutes": 300, "reset_after_seconds": 60}}
    rules = {step.read_as: step.rule for step in trace_usage(body, fetched_at=NOW).reads}
    assert rules["codex.five_hour.used_percent"] == "100 minus what is left"
    assert rules["codex.five_hour.reset_at"] == "the time of the reading plus the seconds to go"
    assert rules["codex.five_hour.window_seconds"].startswith("minutes times 60; length 18000 s says five_hour")


def test_trace_tells_units():
    """A reset in milliseconds says so, and so does a cap's."""
    body = {
        "weekly": {"percent": 1, "reset_time_ms": 1793638800000},
        "individual_limit": {"limit": 1, "remaining_percent": 9},
    }
    rules = {step.read_as: step.rule for step in trace_usage(body, fetched_at=NOW).reads}
    assert rules["codex.weekly.reset_at"] == "epoch milliseconds"
    assert rules["codex.weekly"] == "no length: called after its slot weekly (inferred)"
    assert rules["spend:individual.used_percent"] == "100 minus what is left"
    assert rules["spend:individual"] == "named by its key individual_limit"


def test_own_limit_leads_wherever_it_stands():
    """The account's own limit is first among limits and windows, also where the map names it last."""
    window = {"usedPercent": 1, "windowDurationMins": 300}
    body = {"rateLimitsByLimitId": {"codex_wren": {"primary": window}, "codex": {"primary": window}}}
    snapshot = normalize_usage(body, fetched_at=NOW)
    assert [limit.limit_id for limit in snapshot.limits] == ["codex", "codex_wren"]
    assert [window.limit_id for window in snapshot.windows] == ["codex", "codex_wren"]


def test_trace_tells_what_broke():
    """A broken field says what was expected, and what it would have been."""
    (broken,) = trace_usage(classic(used_percent="x"), fetched_at=NOW).at("$.rate_limit.primary_window.used_percent")
    assert (broken.read_as, broken.status) == ("codex.five_hour.used_percent", "broken")
    assert broken.why == "expected a number, found str"


def test_trace_and_reading_are_one():
    """The snapshot of the trace is the snapshot."""
    for expected in EXPECTED:
        case, _ = load(expected)
        if case["carrier"] == "usage":
            assert trace(case).snapshot == normalize_usage(
                case["payload"], fetched_at=datetime.fromisoformat(case["fetched_at"])
            )


# --- arbitrary input ---

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([0, 1, 50, 100, 130, 300, 18000, 604800, 1793620800, 1793620800000, "12.5", "0E-10", "True"])
)
KEYS = st.sampled_from([spelling for spellings in ALIASES.values() for spelling in spellings]) | st.text(max_size=6)
CAMEL = KEYS.map(lambda key: re.sub(r"_([a-z])", lambda match: match[1].upper(), key))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | CAMEL, inner, max_size=6),
    max_leaves=25,
)
BODIES = [load(expected)[0] for expected in EXPECTED]
SLOW = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(payload=JSON)
def test_arbitrary_json_never_raises_and_invents_nothing(payload):
    """Whatever JSON comes: a snapshot, and no percentage that does not stand in it."""
    found = trace_usage(payload, fetched_at=NOW)
    check_percentages(found.snapshot, payload)
    for step in found.reads:
        look_up(payload, step.path)
    line = {"timestamp": "2026-10-01T10:00:00Z", "payload": {"rate_limits": payload}}
    check_percentages(normalize_token_count(line), line)


@SLOW
@given(data=st.data())
def test_mutated_bodies_never_raise_and_invent_nothing(data):
    """A real-shaped body with parts replaced, removed or renamed still gives an honest reading."""
    case = copy.deepcopy(data.draw(st.sampled_from(BODIES)))
    payload = case["payload"]
    for _ in range(data.draw(st.integers(1, 4))):
        place = payload
        while isinstance(place, (dict, list)) and place:
            key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
            inner = place[key]
            if isinstance(inner, (dict, list)) and inner and data.draw(st.booleans()):
                place = inner
                continue
            match data.draw(st.sampled_from(["replace", "remove", "rename"])):
                case "replace":
                    place[key] = data.draw(JSON)
                case "remove":
                    del place[key]
                case "rename" if isinstance(place, dict):
                    place[data.draw(KEYS | CAMEL)] = place.pop(key)
            break
    case["payload"] = payload
    if case["carrier"] == "session" and normalize_token_count(payload, fetched_at=NOW) is None:
        return
    check_percentages(read(case), payload)


@SLOW
@given(headers=st.dictionaries(st.text(max_size=12) | KEYS.map(lambda key: f"x-codex-{key}"), SCALARS, max_size=6))
def test_arbitrary_headers_never_raise(headers):
    """Headers of any kind give a snapshot."""
    check_percentages(normalize_headers(headers, fetched_at=NOW), headers)


@given(used=st.floats(0, 1e6), left=st.floats(0, 100), length=st.integers(-10, 3_000_000))
def test_a_broken_neighbour_changes_nothing(used, left, length):
    """Field by field: breaking one field of a window leaves the others as they were."""
    whole = normalize_usage(classic(used_percent=used, limit_window_seconds=length), fetched_at=NOW).windows[0]
    no_reset = normalize_usage(
        classic(used_percent=used, limit_window_seconds=length, reset_at="broken"), fetched_at=NOW
    ).windows[0]
    assert (no_reset.used_percent, no_reset.name) == (whole.used_percent, whole.name)
    no_used = normalize_usage(
        classic(used_percent="broken", percent_left=left, limit_window_seconds=length), fetched_at=NOW
    ).windows[0]
    assert no_used.used_percent == round(100 - left, 9)
    assert (no_used.reset_at, no_used.window_seconds) == (whole.reset_at, whole.window_seconds)


ABSURD = {
    "long": 10**5000,
    "negative": -(10**5000),
    "text": "9" * 5000,
    "exponent": "1e99999999",
    "nan": float("nan"),
    "infinite": float("inf"),
    "tiny": 1e-320,
}


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD)
def test_absurd_numbers_anywhere_are_no_error(value):
    """Numbers that Python itself refuses to print are unknown fields in every place of every body."""
    for case in BODIES:
        everywhere = absurd(copy.deepcopy(case["payload"]), value)
        if case["carrier"] == "session" and normalize_token_count(everywhere, fetched_at=NOW) is None:
            continue
        check_percentages(trace({**case, "payload": everywhere}).snapshot, everywhere)


def absurd(place, value):
    if isinstance(place, dict):
        return {key: absurd(inner, value) for key, inner in place.items()}
    if isinstance(place, list):
        return [absurd(inner, value) for inner in place]
    return value if isinstance(place, (int, float)) and not isinstance(place, bool) else place


def test_deep_nesting_is_no_error():
    """As deep as the parser goes, wherever it stands."""
    deep: dict = {}
    for _ in range(900):
        deep = {"primary_window": deep, "primary": deep}
    body = {
        "rate_limit": deep,
        "rate_limits": deep,
        "additional_rate_limits": [deep],
        "credits": deep,
        "five_hour": deep,
    }
    assert normalize_usage(body, fetched_at=NOW).windows


def test_many_limits_of_one_id_stay_apart():
    """Each gets a number of its own, also where one is called so already."""
    items = [{"metered_feature": name, **classic()} for name in ("wren", "wren_2", "wren", "wren", "codex", "codex")]
    snapshot = normalize_usage({"additional_rate_limits": items}, fetched_at=NOW)
    ids = [limit.limit_id for limit in snapshot.limits]
    assert len(set(ids)) == 6
    assert "codex" not in ids
