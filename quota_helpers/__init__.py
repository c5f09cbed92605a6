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

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .auth import find_accounts, load_auth, parse_auth
    from .bodies import load_bodies, save_bodies
    from .charts import ChartError, ChartSpec, build_chart, plot_resets, plot_windows
    from .charts.heatmap import plot_heatmap
    from .charts.history import plot_history
    from .charts.token_cost import token_cost
    from .charts.tokens import daily_tokens, plot_token_cost, plot_tokens
    from .client import UsageClient
    from .cycles import cycles, label_readings
    from .errors import (
        AccountForbiddenError,
        AccountIdMissingError,
        ApiKeyOnlyError,
        AuthError,
        AuthFileInvalidError,
        AuthFileNotFoundError,
        BlockedByEdgeError,
        BodyError,
        FetchError,
        FetchTimeoutError,
        HistoryError,
        InsecureUrlError,
        QuotaError,
        RateLimitedError,
        ServerError,
        TokenExpiredError,
        TokenMissingError,
        TokenRejectedError,
        UnexpectedReplyError,
        UnreachableError,
        WorkspaceDeactivatedError,
    )
    from .fields import ALIASES
    from .frames import credits_frame, frame_at, local_times, spend_frame, to_frame
    from .history import History
    from .history.demo import demo_history, demo_sessions
    from .models import (
        COLUMNS,
        Account,
        Accounts,
        Collection,
        Credits,
        Failure,
        Limit,
        QuotaWindow,
        RawReply,
        ResetCredits,
        SpendLimit,
        UsageSnapshot,
    )
    from .normalize import normalize_headers, normalize_token_count, normalize_usage
    from .raw import (
        compare_fields,
        field_table,
        find_drift,
        header_table,
        read_bodies,
        redact,
        redact_headers,
        replay,
        save_case,
        shape_of,
    )
    from .sessions import SessionLogs, read_sessions
    from .sources import Source, connect, demo, live
    from .widgets import ChartBuilder, FieldExplorer, QuotaPanel
    from .widgets.timeline import HistoryPanel

_EXPORTS = {
    "auth": "find_accounts load_auth parse_auth",
    "bodies": "load_bodies save_bodies",
    "charts": "ChartError ChartSpec build_chart plot_resets plot_windows",
    "charts.heatmap": "plot_heatmap",
    "charts.history": "plot_history",
    "charts.token_cost": "token_cost",
    "charts.tokens": "daily_tokens plot_token_cost plot_tokens",
    "client": "UsageClient",
    "cycles": "cycles label_readings",
    "errors": (
        "AccountForbiddenError AccountIdMissingError ApiKeyOnlyError AuthError AuthFileInvalidError "
        "AuthFileNotFoundError BlockedByEdgeError BodyError FetchError FetchTimeoutError HistoryError "
        "InsecureUrlError QuotaError RateLimitedError ServerError TokenExpiredError TokenMissingError "
        "TokenRejectedError UnexpectedReplyError UnreachableError WorkspaceDeactivatedError"
    ),
    "fields": "ALIASES",
    "frames": "credits_frame frame_at local_times spend_frame to_frame",
    "history": "History",
    "history.demo": "demo_history demo_sessions",
    "models": (
        "Account Accounts COLUMNS Collection Credits Failure Limit QuotaWindow RawReply ResetCredits "
        "SpendLimit UsageSnapshot"
    ),
    "normalize": "normalize_headers normalize_token_count normalize_usage",
    "raw": (
        "compare_fields field_table find_drift header_table read_bodies redact redact_headers replay save_case shape_of"
    ),
    "sessions": "SessionLogs read_sessions",
    "sources": "Source connect demo live",
    "widgets": "ChartBuilder FieldExplorer QuotaPanel",
    "widgets.timeline": "HistoryPanel",
}
_HOME = {name: module for module, names in _EXPORTS.items() for name in names.split()}

__all__ = [  # noqa: RUF022 - the plain order of sorted(), capitals first
    "ALIASES",
    "Account",
    "AccountForbiddenError",
    "AccountIdMissingError",
    "Accounts",
    "ApiKeyOnlyError",
    "AuthError",
    "AuthFileInvalidError",
    "AuthFileNotFoundError",
    "BlockedByEdgeError",
    "BodyError",
    "COLUMNS",
    "ChartBuilder",
    "ChartError",
    "ChartSpec",
    "Collection",
    "Credits",
    "Failure",
    "FetchError",
    "FetchTimeoutError",
    "FieldExplorer",
    "History",
    "HistoryError",
    "HistoryPanel",
    "InsecureUrlError",
    "Limit",
    "QuotaError",
    "QuotaPanel",
    "QuotaWindow",
    "RateLimitedError",
    "RawReply",
    "ResetCredits",
    "ServerError",
    "SessionLogs",
    "Source",
    "SpendLimit",
    "TokenExpiredError",
    "TokenMissingError",
    "TokenRejectedError",
    "UnexpectedReplyError",
    "UnreachableError",
    "UsageClient",
    "UsageSnapshot",
    "WorkspaceDeactivatedError",
    "build_chart",
    "compare_fields",
    "connect",
    "credits_frame",
    "cycles",
    "daily_tokens",
    "demo",
    "demo_history",
    "demo_sessions",
    "field_table",
    "find_accounts",
    "find_drift",
    "frame_at",
    "header_table",
    "label_readings",
    "live",
    "load_auth",
    "load_bodies",
    "local_times",
    "normalize_headers",
    "normalize_token_count",
    "normalize_usage",
    "parse_auth",
    "plot_heatmap",
    "plot_history",
    "plot_resets",
    "plot_token_cost",
    "plot_tokens",
    "plot_windows",
    "read_bodies",
    "read_sessions",
    "redact",
    "redact_headers",
    "replay",
    "save_bodies",
    "save_case",
    "shape_of",
    "spend_frame",
    "to_frame",
    "token_cost",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps `qh.demo` the function: importing the sub-package of that name would put the module in its place."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
