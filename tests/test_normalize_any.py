"""Whatever JSON comes: nothing raises, and no percentage is invented."""

from __future__ import annotations

import copy
import re

import pytest
from foundation_support import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from normalize_support import EXPECTED, check_percentages, classic, load, look_up, read, trace

from quota_helpers.fields import ALIASES
from quota_helpers.normalize import normalize_headers, normalize_token_count, normalize_usage, trace_body

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
SLOW = settings(max_examples=250)


@SLOW
@given(payload=JSON)
def test_arbitrary_json_never_raises_and_invents_nothing(payload):
    """Whatever JSON comes: a snapshot, and no percentage that does not stand in it."""
    found = trace_body(payload, fetched_at=NOW)
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
