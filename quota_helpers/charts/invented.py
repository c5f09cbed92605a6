"""Whether something was invented for the demo: it must say so wherever it is shown."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from ..invented.codex_home import SESSION_PREFIX
from ..invented.history import demo_keys
from ..times import zone_of
from .style import is_demo

if TYPE_CHECKING:
    import pandas as pd


def is_invented(frame: pd.DataFrame) -> bool:
    """Whether any row comes from the demo's accounts or from its session logs. For readings, turns and costs."""
    if is_demo(frame):
        return True
    if "session" in frame:
        return any(text.startswith(SESSION_PREFIX) for text in frame["session"].dropna().unique().tolist())
    return "origin" not in frame and "account_key" in frame and bool(frame["account_key"].isin(demo_keys()).any())


def zone_for(tz: str | tzinfo | None, *, invented: bool) -> tzinfo:
    """The time zone to show: the one asked for, else UTC for invented things and this machine's for real ones."""
    return UTC if tz is None and invented else zone_of(tz)
