"""The other carriers of the same numbers: response headers and the lines of Codex's own logs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from foundation_support import NOW

from quota_helpers.models import Headers
from quota_helpers.normalize import normalize_headers, normalize_token_count


def test_headers_may_be_any_mapping():
    """The reply's own headers object is read like a dict."""
    pairs = {"X-Codex-Primary-Used-Percent": "12", "X-Codex-Primary-Window-Minutes": "300"}
    assert normalize_headers(Headers(pairs), fetched_at=NOW) == normalize_headers(pairs, fetched_at=NOW)


def test_header_values_may_be_lists_of_one():
    """As archives and many proxies keep them; the path leads to the text."""
    headers = {
        "X-Codex-Plan-Type": ["plus"],
        "X-Codex-Primary-Used-Percent": ["20"],
        "X-Codex-Primary-Window-Minutes": ["300"],
        "X-Codex-Secondary-Used-Percent": ["7", "8"],
        "X-Codex-Secondary-Window-Minutes": ["10080"],
        "X-Codex-Credits-Balance": [],
    }
    found = normalize_headers(headers, fetched_at=NOW)
    assert (found.plan, found.five_hour.used_percent, found.weekly.used_percent) == ("plus", 20, None)
    assert found.paths["plan"] == '$["X-Codex-Plan-Type"][0]'


@pytest.mark.parametrize(("text", "truth"), [("1", True), ("0", False), ("True", True), ("false", False), ("2", None)])
def test_truth_values_of_headers(text, truth):
    found = normalize_headers({"x-codex-credits-has-credits": text}, fetched_at=NOW)
    assert found.credits.has_credits is truth


@pytest.mark.parametrize(
    ("slot", "there"),
    [
        ({"used-percent": "0"}, False),
        ({"used-percent": "0", "reset-at": ""}, False),
        ({"used-percent": "0", "window-minutes": "0", "reset-after-seconds": "0"}, False),
        ({"used-percent": "0", "window-minutes": "300"}, True),
        ({"used-percent": "0", "reset-at": "1795738669"}, True),
        ({"used-percent": "0.5"}, True),
    ],
)
def test_a_header_slot_that_says_nothing_is_no_window(slot, there):
    """Zero percent, and neither a length nor a reset: the server has no such window."""
    found = normalize_headers({f"x-codex-primary-{name}": text for name, text in slot.items()}, fetched_at=NOW)
    assert bool(found.windows) == there


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
