"""The demo's past: a month of readings and of session logs; both end where the demo server's numbers begin.

The people, how they work and what happens to them are simulated by `tests/record_month.py` and `tests/record_logs.py`,
which write the files beside this one; `truth` says what really happened.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from ..models import Limit, QuotaWindow, UsageSnapshot
from .meters import FULL, T0, Json

DAYS: Final = 30
PACE: Final = timedelta(minutes=20)
"""How often the past was looked at; every time of the past is a multiple of it before `T0`."""


@cache
def month() -> Json:
    """Account -> its `key`, `lengths` of windows, `readings`, `periods` as the server accounts them, `tokens` a day."""
    kept: Json = json.loads(gzip.decompress(Path(__file__).with_name("month.json.gz").read_bytes()))
    return kept


def demo_snapshots() -> tuple[UsageSnapshot, ...]:
    """Thirty days of readings up to `T0` (not included), every 20 minutes, oldest first; `truth` says what happened.

    The values join on to those that the demo server gives at `T0`, for the same accounts.
    """
    found = [_snapshot(name, kept, *reading) for name, kept in month().items() for reading in kept["readings"]]
    return tuple(sorted(found, key=lambda snapshot: snapshot.fetched_at))


def write_codex_home(folder: Path) -> list[Path]:
    """Write session logs of ada's month into *folder*, as Codex lays them out; the files come back, oldest first.

    All forms are there: today's; resets relative to the line's time; the oldest flat one; lines whose limits are null;
    two limits that alternate within milliseconds; archived sessions; a session forked from another, which repeats its
    turns; and a last line that was torn while it was written. Logs from before `truth.NAMED_SINCE` do not say whose
    they are. What a percent costs in tokens is known: `truth.TOKENS_PER_PERCENT`.
    """
    with ZipFile(Path(__file__).with_name("sessions.zip")) as kept:
        return [Path(kept.extract(name, folder)) for name in kept.namelist()]


def _snapshot(name: str, kept: Json, step: int, plan: str, windows: list[list[Any]]) -> UsageSnapshot:
    when = T0 - timedelta(days=DAYS) + PACE * step
    full = any(used >= FULL for _, used, _, _ in windows)
    return UsageSnapshot(
        account=name,
        account_key=kept["key"],
        plan=plan,
        windows=tuple(
            QuotaWindow(
                limit_id="codex",
                name=window,
                used_percent=float(used),
                window_seconds=kept["lengths"][window],
                reset_at=datetime.fromtimestamp(reset, UTC),
                slot=slot,
                fetched_at=when,
            )
            for window, used, reset, slot in windows
        ),
        limits=(Limit(limit_id="codex", allowed=not full, limit_reached=full),),
        allowed=not full,
        limit_reached=full,
        fetched_at=when,
        origin="demo",
    )
