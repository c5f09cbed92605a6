"""Every public function x everything that people hand to it: it works, or says in our words what is wanted."""

import io
import json
import traceback
from pathlib import Path

import pandas as pd
import pytest

import quota_helpers as qh
from quota_helpers.history.opening import _demo_sessions as demo_sessions
from quota_helpers.invented.history import demo_snapshots

GIVEN = (
    "reply payload text path collection history logs empty foreign csv nullable nothing number".split()  # noqa: SIM905
)
FUNCTIONS = {
    "to_frame": qh.to_frame,
    "credits_frame": qh.credits_frame,
    "spend_frame": qh.spend_frame,
    "frame_at": lambda given: qh.frame_at(given, "2026-11-22"),
    "local_times": lambda given: qh.local_times(given, "UTC"),
    "normalize_usage": lambda given: qh.normalize_usage(given, fetched_at="2026-11-22"),
    "field_table": qh.field_table,
    "compare_fields": qh.compare_fields,
    "find_drift": qh.find_drift,
    "redact": qh.redact,
    "replay": qh.replay,
    "read_bodies": qh.read_bodies,
    "cycles": qh.cycles,
    "plot_windows": qh.plot_windows,
    "plot_resets": qh.plot_resets,
    "plot_history": qh.plot_history,
    "plot_heatmap": qh.plot_heatmap,
    "daily_tokens": qh.daily_tokens,
    "plot_tokens": qh.plot_tokens,
    "token_cost": lambda given: qh.token_cost(given, given),
}
READINGS = {"empty", "csv", "nullable"}
TAKES = {
    **dict.fromkeys(("frame_at", "local_times", "cycles", "plot_windows", "plot_resets", "plot_history"), READINGS),
    "plot_heatmap": READINGS,
    "to_frame": READINGS | {"reply", "payload", "text", "path", "collection", "history", "logs"},
}
"""What must work; everything else may be refused."""


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bodies")
    with qh.demo() as source, qh.History(folder / "history.sqlite3") as history:
        collection = source.collect()
        history.add(collection)
        reply = collection.replies["ada"]
        path = folder / "body.json"
        path.write_text(json.dumps(reply.payload), "utf-8")
        frame = qh.to_frame(demo_snapshots()[:40])
        yield {
            "reply": reply,
            "payload": reply.payload,
            "text": json.dumps(reply.payload),
            "path": path,
            "collection": collection,
            "history": history,
            "logs": demo_sessions(),
            "empty": qh.to_frame(()),
            "foreign": pd.DataFrame({"city": ["Rome"], "height": [21]}),
            "csv": pd.read_csv(io.StringIO(frame.to_csv(index=False))),
            "nullable": frame.convert_dtypes(),
            "nothing": None,
            "number": 7,
        }


@pytest.mark.parametrize("kind", GIVEN)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_works_or_says_what_is_wanted(name, kind, given):
    problem = _problem(name, given[kind])
    if kind in TAKES.get(name, ()):
        assert problem is None, f"{name} refuses {kind}: {problem}"
    if problem is not None:
        raised = Path(traceback.extract_tb(problem.__traceback__)[-1].filename)
        assert "quota_helpers" in raised.parts, f"{name} leaks {raised.name}: {problem}"
        assert len(str(problem)) > 20, f"{name} says nothing of {kind}: {problem}"


def _problem(name, value):
    try:
        FUNCTIONS[name](value)
    except (qh.QuotaError, TypeError, ValueError) as error:
        return error
    return None
