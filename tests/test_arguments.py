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
    "reply payload text path collection history logs empty foreign csv nullable arrow parquet nothing number".split()  # noqa: SIM905
)
FUNCTIONS = {
    "to_frame": qh.to_frame,
    "credits_frame": qh.credits_frame,
    "spend_frame": qh.spend_frame,
    "resets_frame": qh.resets_frame,
    "frame_at": lambda given: qh.frame_at(given, "2026-11-22"),
    "local_times": lambda given: qh.local_times(given, "UTC"),
    "normalize_usage": lambda given: qh.normalize_usage(given, fetched_at="2026-11-22"),
    "normalize_headers": lambda given: qh.normalize_headers(given, fetched_at="2026-11-22"),
    "normalize_token_count": qh.normalize_token_count,
    "field_table": qh.field_table,
    "header_table": qh.header_table,
    "compare_fields": qh.compare_fields,
    "find_drift": qh.find_drift,
    "redact": qh.redact,
    "replay": qh.replay,
    "read_bodies": qh.read_bodies,
    "load_bodies": qh.load_bodies,
    "save_bodies": lambda given: qh.save_bodies(given, "bodies.jsonl"),
    "save_case": lambda given: qh.save_case(given, "cases", "case", fetched_at="2026-11-22", replace=True),
    "load_auth": qh.load_auth,
    "parse_auth": qh.parse_auth,
    "find_accounts": qh.find_accounts,
    "connect": lambda given: qh.connect(given).close(),
    "live": lambda given: qh.live(given).close(),
    "cross_check": lambda given: qh.cross_check(given, codex_bin="no-such-program"),
    "UsageClient": qh.UsageClient,
    "UsageClient.fetch": lambda given: qh.UsageClient("http://127.0.0.1:9").fetch(given),
    "History": lambda given: qh.History(given).close(),
    "History.add": lambda given: _empty_history().add(given),
    "History.add_forecast": lambda given: _empty_history().add_forecast(given, asked_at="2026-11-22T12:00Z"),
    "History.add_sessions": lambda given: _empty_history().add_sessions(given),
    "History.import_file": lambda given: _empty_history().import_file(given),
    "History.frame": lambda given: _empty_history().frame(given),
    "History.tokens": lambda given: _empty_history().tokens(given),
    "History.bodies": lambda given: _empty_history().bodies(given),
    "History.forget": lambda given: _empty_history().forget(given),
    "History.export": lambda given: _empty_history().export(given),
    "open_history": lambda given: qh.open_history(given).close(),
    "read_sessions": lambda given: qh.read_sessions(given, cache=False),
    "cycles": qh.cycles,
    "answers": qh.answers,
    "pace": qh.pace,
    "enough": lambda given: qh.enough(given, 10),
    "forecast": qh.forecast,
    "backtest": qh.backtest,
    "track_record": lambda given: qh.track_record(given, given),
    "plot_windows": qh.plot_windows,
    "plot_resets": qh.plot_resets,
    "plot_history": qh.plot_history,
    "plot_heatmap": qh.plot_heatmap,
    "plot_forecast": qh.plot_forecast,
    "plot_reliability": qh.plot_reliability,
    "daily_tokens": qh.daily_tokens,
    "plot_tokens": qh.plot_tokens,
    "token_cost": lambda given: qh.token_cost(given, given),
    "plot_token_cost": qh.plot_token_cost,
    "burn": lambda given: qh.burn(given, given),
    "plot_burn": qh.plot_burn,
    "cost_changes": lambda given: qh.cost_changes(given, given),
    "percent_costs": lambda given: qh.percent_costs(given, given),
    "unexplained": lambda given: qh.unexplained(given, given),
    "measure": lambda given: qh.measure(source=given),
    "compare_spans": lambda given: qh.compare_spans(given, given, given, given),
    "QuotaPanel": qh.QuotaPanel,
    "HistoryPanel": qh.HistoryPanel,
    "FieldExplorer": qh.FieldExplorer,
    "ChartBuilder": qh.ChartBuilder,
}
NOTHING_TO_HAND_IN = {"demo", "ChartSpec", "QuotaError"}
"""What they take is not what the others give."""

READINGS = {"empty", "csv", "nullable", "arrow", "parquet"}
BODIES = {"reply", "payload", "text", "path"}
TAKES = {
    **dict.fromkeys(("frame_at", "local_times", "cycles", "plot_windows", "plot_resets", "plot_history"), READINGS),
    **dict.fromkeys(("plot_heatmap", "HistoryPanel", "ChartBuilder"), READINGS),
    **dict.fromkeys(("answers", "pace", "enough"), READINGS | {"collection"}),
    **dict.fromkeys(("field_table", "header_table", "redact"), BODIES),
    "normalize_usage": {"reply", "payload", "text"},
    **dict.fromkeys(("read_bodies", "save_bodies", "find_drift", "replay"), BODIES | {"collection", "history"}),
    **dict.fromkeys(("credits_frame", "spend_frame", "FieldExplorer"), BODIES | {"collection", "history"}),
    "History.add": BODIES | READINGS | {"collection", "history"},
    "History.add_sessions": {"logs"},
    "resets_frame": {"reply", "payload", "collection"},
    "to_frame": READINGS | BODIES | {"collection", "history", "logs"},
}
"""What must work; everything else may be refused."""


def _empty_history():
    return qh.History.in_memory()


pytestmark = pytest.mark.usefixtures("no_logins_of_the_machine")


@pytest.fixture(autouse=True)
def _folders_of_its_own(monkeypatch, tmp_path):
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name))


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
            "arrow": frame.convert_dtypes(dtype_backend="pyarrow"),
            "parquet": pd.read_parquet(io.BytesIO(frame.to_parquet())),
            "nothing": None,
            "number": 7,
        }


def test_every_public_callable_is_asked():
    public = {name for name in qh.__all__ if callable(getattr(qh, name))}
    assert public == {name for name in FUNCTIONS if "." not in name} | NOTHING_TO_HAND_IN


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
