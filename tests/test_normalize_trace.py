"""The explanation of a reading: each number linked to its field, with the rule in words."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest
from foundation_support import NOW
from normalize_support import EXPECTED, classic, load, trace

from quota_helpers.normalize import normalize_usage, trace_body


def test_trace_tells_rule_and_place():
    """Each number is linked to its field, with the rule in words."""
    body = classic(limit_window_seconds=604800, reset_after_seconds=600)
    found = trace_body(body, fetched_at=NOW)
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
    rules = {step.read_as: step.rule for step in trace_body(body, fetched_at=NOW).reads}
    assert rules["codex.five_hour.used_percent"] == "100 minus what is left"
    assert rules["codex.five_hour.reset_at"] == "the time of the reading plus the seconds to go"
    assert rules["codex.five_hour.window_seconds"].startswith("minutes times 60; length 18000 s says five_hour")


def test_trace_tells_units():
    """A reset in milliseconds says so, and so does a cap's."""
    body = {
        "weekly": {"percent": 1, "reset_time_ms": 1793638800000},
        "individual_limit": {"limit": 1, "remaining_percent": 9},
    }
    rules = {step.read_as: step.rule for step in trace_body(body, fetched_at=NOW).reads}
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
    (broken,) = trace_body(classic(used_percent="x"), fetched_at=NOW).at("$.rate_limit.primary_window.used_percent")
    assert (broken.read_as, broken.status) == ("codex.five_hour.used_percent", "broken")
    assert broken.why == "expected a number, found str"


def test_an_explanation_is_frozen():
    found = trace_body(classic(), fetched_at=NOW)
    for value, field in ((found, "reads"), (found.reads[0], "path")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field, ())


def test_trace_and_reading_are_one():
    """The snapshot of the trace is the snapshot."""
    for expected in EXPECTED:
        case, _ = load(expected)
        if case["carrier"] == "usage" and isinstance(case["payload"], dict):
            assert trace(case).snapshot == normalize_usage(
                case["payload"], fetched_at=datetime.fromisoformat(case["fetched_at"])
            )
