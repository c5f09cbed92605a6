"""How much of my Codex quota is left, when does it come back, and what did the server really say?

    import quota_helpers as qh

    source = qh.connect()               # your logins; the demo when there are none
    collection = source.collect()       # all accounts at once
    frame = qh.to_frame(collection)     # one row per account, limit and window
    qh.plot_windows(frame, now=collection.fetched_at)

This file is a table of contents. Each name is loaded when it is first used (PEP 562), so that the command line, which
needs neither pandas nor plotly, starts as fast as a plain script.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .auth import find_accounts, load_auth, parse_auth
    from .bodies import load_bodies, read_bodies, redact, save_bodies
    from .charts import ChartSpec, plot_resets, plot_windows
    from .charts.burn import plot_burn
    from .charts.forecast import plot_forecast, plot_reliability
    from .charts.heatmap import plot_heatmap
    from .charts.history import plot_history
    from .charts.tokens import plot_token_cost, plot_tokens
    from .client import UsageClient
    from .errors import QuotaError
    from .fields import ALIASES
    from .frames import credits_frame, frame_at, local_times, spend_frame, to_frame
    from .history import History, open_history
    from .models import COLUMNS
    from .normalize import normalize_headers, normalize_token_count, normalize_usage
    from .outlook.answers import answers
    from .outlook.burn import burn
    from .outlook.costs import cost_changes, percent_costs
    from .outlook.enough import enough
    from .outlook.forecast import forecast
    from .outlook.pace import pace
    from .outlook.record import backtest, track_record
    from .outlook.spans import compare_spans, measure
    from .outlook.unexplained import unexplained
    from .periods import cycles, daily_tokens, token_cost
    from .raw import (
        compare_fields,
        field_table,
        find_drift,
        header_table,
        replay,
        save_case,
    )
    from .sessions import read_sessions
    from .siblings import resets_frame
    from .sources import connect, demo, live
    from .sources.cross import cross_check
    from .widgets import ChartBuilder, FieldExplorer, QuotaPanel
    from .widgets.timeline import HistoryPanel

_EXPORTS = {
    "auth": "find_accounts load_auth parse_auth",
    "bodies": "load_bodies read_bodies redact save_bodies",
    "charts": "ChartSpec plot_resets plot_windows",
    "charts.burn": "plot_burn",
    "charts.forecast": "plot_forecast plot_reliability",
    "charts.heatmap": "plot_heatmap",
    "charts.history": "plot_history",
    "charts.tokens": "plot_token_cost plot_tokens",
    "client": "UsageClient",
    "periods": "cycles daily_tokens token_cost",
    "errors": "QuotaError",
    "fields": "ALIASES",
    "frames": "credits_frame frame_at local_times spend_frame to_frame",
    "history": "History open_history",
    "models": "COLUMNS",
    "normalize": "normalize_headers normalize_token_count normalize_usage",
    "outlook.answers": "answers",
    "outlook.burn": "burn",
    "outlook.enough": "enough",
    "outlook.forecast": "forecast",
    "outlook.pace": "pace",
    "outlook.record": "backtest track_record",
    "outlook.unexplained": "unexplained",
    "outlook.costs": "cost_changes percent_costs",
    "outlook.spans": "compare_spans measure",
    "raw": "compare_fields field_table find_drift header_table replay save_case",
    "sessions": "read_sessions",
    "siblings": "resets_frame",
    "sources": "connect demo live",
    "sources.cross": "cross_check",
    "widgets": "ChartBuilder FieldExplorer QuotaPanel",
    "widgets.timeline": "HistoryPanel",
}
_HOME = {name: module for module, names in _EXPORTS.items() for name in names.split()}
_MODULES = frozenset(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))

__all__ = [
    "ALIASES",
    "COLUMNS",
    "ChartBuilder",
    "ChartSpec",
    "FieldExplorer",
    "History",
    "HistoryPanel",
    "QuotaError",
    "QuotaPanel",
    "UsageClient",
    "__version__",
    "answers",
    "backtest",
    "burn",
    "compare_fields",
    "compare_spans",
    "connect",
    "cost_changes",
    "credits_frame",
    "cross_check",
    "cycles",
    "daily_tokens",
    "demo",
    "enough",
    "field_table",
    "find_accounts",
    "find_drift",
    "forecast",
    "frame_at",
    "header_table",
    "live",
    "load_auth",
    "load_bodies",
    "local_times",
    "measure",
    "normalize_headers",
    "normalize_token_count",
    "normalize_usage",
    "open_history",
    "pace",
    "parse_auth",
    "percent_costs",
    "plot_burn",
    "plot_forecast",
    "plot_heatmap",
    "plot_history",
    "plot_reliability",
    "plot_resets",
    "plot_token_cost",
    "plot_tokens",
    "plot_windows",
    "read_bodies",
    "read_sessions",
    "redact",
    "replay",
    "resets_frame",
    "save_bodies",
    "save_case",
    "spend_frame",
    "to_frame",
    "token_cost",
    "track_record",
    "unexplained",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("quota-helpers")
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What tab completion shows after `qh.`: the public names and the modules, and nothing else."""
    return sorted({*__all__, *_MODULES})
