"""Odd bodies as test cases: redacted, and read as the normalizer's tests read them."""

import json

import pytest
from normalize_support import load, read
from raw_support import HEADERS, MODERN, NOW, SPEND_ONLY, changed, reply

from quota_helpers.bodies import read_bodies
from quota_helpers.errors import BodyError
from quota_helpers.raw import save_case
from quota_helpers.raw.case import reading


@pytest.mark.parametrize("payload", [MODERN, SPEND_ONLY, {"error": {"type": "usage_limit_reached"}}])
def test_a_saved_case_is_redacted_and_reads_as_expected(tmp_path, payload):
    """What is written is what the tests of the normalizer read."""
    case, expected = save_case(changed(payload, email="jane@example.com"), tmp_path / "data", "odd_one",
        fetched_at=NOW, about="An odd one.")  # fmt: skip
    assert (case.name, expected.name) == ("odd_one.json", "odd_one.expected.json")
    written = json.loads(case.read_text("utf-8"))
    assert list(written) == ["about", "carrier", "fetched_at", "payload"]
    assert written["fetched_at"] == "2026-11-22T12:00:00Z"
    assert "jane" not in case.read_text("utf-8")
    (body,) = read_bodies(tmp_path / "data")
    assert body.payload == written["payload"]


def test_cases_of_headers_and_session_lines(tmp_path):
    """The carrier is told from the shape, and every carrier's case reads as the normalizer's tests read it."""
    line = {"timestamp": "2026-11-22T11:00:00Z", "type": "event_msg", "payload": {"type": "token_count",
        "rate_limits": {"primary": {"used_percent": 5.0, "window_minutes": 300, "resets_in_seconds": 60}}}}  # fmt: skip
    for name, payload in (("line", line), ("headers", HEADERS), ("usage", reply(MODERN))):
        _, expected = save_case(payload, tmp_path, name, fetched_at=None if name != "headers" else NOW)
        case, wanted = load(expected)
        assert case["carrier"] == {"line": "session"}.get(name, name)
        assert reading(read(case)) == wanted
        assert wanted["windows"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a.b", "a b", "x" * 100, "\x00"])
def test_a_case_needs_a_plain_name(tmp_path, name):
    """A name that could leave the folder is refused."""
    with pytest.raises(BodyError, match="is no name of a case"):
        save_case(MODERN, tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_case_is_not_overwritten_by_accident_and_needs_a_time(tmp_path):
    """Each with what to do."""
    save_case(MODERN, tmp_path, "one")
    with pytest.raises(BodyError, match="is there already"):
        save_case(MODERN, tmp_path, "one")
    save_case(MODERN, tmp_path, "one", replace=True)
    with pytest.raises(BodyError, match="nothing says when"):
        save_case({"plan_type": "plus"}, tmp_path, "two")
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(BodyError, match="cannot be written"):
        save_case(MODERN, tmp_path / "file", "three")
