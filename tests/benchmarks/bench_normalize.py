"""One body from JSON to a reading, for bodies of several shapes and sizes.

Run with: pytest tests/benchmarks/bench_normalize.py --benchmark-enable --benchmark-columns=min,median,max,ops

The aim: under 100 us for an ordinary body. Nothing is asserted about times.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quota_helpers.normalize import is_usage, normalize_headers, normalize_token_count, normalize_usage, trace_body

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CASES = [
    "free_weekly_in_primary",
    "plus_classic",
    "pro_code_review",
    "business_null_with_model_limit",
    "every_kind_of_cap",
    "prolite_modern_full",
    "unknown_plan_and_keys",
    "app_server_flat_and_map",
    "headers_two_windows_any_case",
    "session_modern",
]
READERS = {"usage": normalize_usage, "headers": normalize_headers, "session": normalize_token_count}


def load(name):
    """(how its carrier is read, the payload, its size as JSON in bytes)."""
    case = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    payload = case["payload"]
    return READERS[case["carrier"]], payload, len(json.dumps(payload, separators=(",", ":")))


@pytest.mark.parametrize("name", CASES)
def test_a_body(benchmark, name):
    read, payload, size = load(name)
    snapshot = benchmark(read, payload, fetched_at=NOW)
    assert snapshot.windows or snapshot.spend_limits
    benchmark.extra_info |= {"bytes": size, "windows": len(snapshot.windows)}


def test_is_it_a_usage_body(benchmark):
    _, payload, _ = load("prolite_modern_full")
    assert benchmark(is_usage, payload)


def test_a_body_with_its_explanation(benchmark):
    _, payload, _ = load("prolite_modern_full")
    assert benchmark(trace_body, payload, fetched_at=NOW).reads


@pytest.mark.parametrize("count", [10, 100, 1_000])
def test_a_body_grows_linearly(benchmark, count):
    """Per-model limits: ten times as many take ten times as long."""
    _, payload, _ = load("prolite_modern_full")
    window = {"used_percent": 5, "limit_window_seconds": 604_800, "reset_at": 1_793_627_800}
    limits = [
        {
            "limit_name": f"Model {number}",
            "metered_feature": f"model_{number}",
            "rate_limit": {"primary_window": window},
        }
        for number in range(count)
    ]
    snapshot = benchmark(normalize_usage, {**payload, "additional_rate_limits": limits}, fetched_at=NOW)
    assert len(snapshot.windows) > count
