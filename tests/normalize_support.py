"""What the tests of the reading rule share: the cases in files, one plain spelling of a reading, and a body to vary."""

from __future__ import annotations

import json
import re
from pathlib import Path

from foundation_support import NOW

from quota_helpers.models import QuotaWindow, UsageSnapshot
from quota_helpers.normalize import Trace, normalize_headers, normalize_token_count, normalize_usage, trace_body

DATA = Path(__file__).parent / "data"
EXPECTED = sorted(DATA.glob("*.expected.json"))
STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')
LEFT = ("remaining_percent", "percent_left", "percent_remaining", "left_percent")


def load(expected: Path) -> tuple[dict, dict]:
    case = json.loads(expected.with_name(expected.name.replace(".expected", "")).read_text("utf-8"))
    return case, json.loads(expected.read_text("utf-8"))


def read(case: dict) -> UsageSnapshot:
    read_as = {"headers": normalize_headers, "session": normalize_token_count}.get(case["carrier"], _usage)
    return read_as(case["payload"], fetched_at=case["fetched_at"])


def _usage(payload: object, *, fetched_at: str) -> UsageSnapshot:
    return trace_body(payload, fetched_at=fetched_at).snapshot


def trace(case: dict) -> Trace:
    return trace_body(case["payload"], fetched_at=case["fetched_at"])


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
        if path in {value.paths.get("used"), value.paths.get("remaining")}:
            spent = value.limit - value.remaining if value.used is None else value.used
            assert value.used_percent == round(float(spent / value.limit * 100), 9)
        elif "remaining_percent" in value.paths:
            assert re.sub(r"[\W_]", "", path.lower()).endswith(tuple(key.replace("_", "") for key in LEFT))
            assert value.used_percent == round(100 - float(sent), 9)
        else:
            assert value.used_percent == float(sent)
        assert value.used_percent >= 0


def classic(**window: object) -> dict:
    first = {"used_percent": 25, "limit_window_seconds": 18000, "reset_at": int(NOW.timestamp()) + 600, **window}
    return {"plan_type": "plus", "rate_limit": {"allowed": True, "limit_reached": False, "primary_window": first}}


def limited(**rate_limit: object) -> UsageSnapshot:
    """The reading of a body that holds nothing but the account's own limit, at `NOW`."""
    return normalize_usage({"rate_limit": rate_limit}, fetched_at=NOW)


def primary(**window: object) -> tuple[QuotaWindow, tuple[str, ...]]:
    """The one window of such a body, and the notes about it without their paths."""
    found = limited(primary_window=window)
    (only,) = found.windows
    return only, tuple(note.rpartition(" @ ")[0] for note in found.notes)
