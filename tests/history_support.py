"""Readings, session logs and raw files for the tests of the history."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quota_helpers.history import FRAME_COLUMNS, TOKEN_COLUMNS
from quota_helpers.models import QuotaWindow, RawReply, SpendLimit, UsageSnapshot
from quota_helpers.outcomes import Collection

T0 = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def key_of(name: str) -> str:
    """An account key such as a login of that name would have."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def snapshot(at: datetime, name: str | None = "work", *, used: float | None = 25.0, **changes: Any) -> UsageSnapshot:
    """One account's two windows at that time."""
    windows = tuple(
        QuotaWindow(
            limit_id="codex",
            name=window,
            used_percent=used,
            window_seconds=seconds,
            reset_at=at + timedelta(seconds=seconds / 2),
            slot=slot,
            fetched_at=at,
        )
        for window, seconds, slot in (("five_hour", 18_000.0, "primary"), ("weekly", 604_800.0, "secondary"))
    )
    told: dict[str, Any] = {"account": name, "account_key": key_of(name) if name else None, "plan": "plus"}
    return UsageSnapshot(**{"fetched_at": at, "windows": windows, **told, **changes})


def reply(payload: Any, at: datetime, name: str = "work", status: int = 200) -> RawReply:
    """The reply that carried a body."""
    return RawReply(status=status, payload=payload, fetched_at=at, account=name, account_key=key_of(name))


def collection(at: datetime = T0, *names: str, used: float | None = 25.0, bodies: bool = True) -> Collection:
    """One run over these accounts; each body differs by its time."""
    names = names or ("work",)
    return Collection(
        fetched_at=at,
        snapshots=tuple(snapshot(at, name, used=used) for name in names),
        replies={name: reply({"plan_type": "plus", "at": at.isoformat()}, at, name) for name in names}
        if bodies
        else {},
    )


def spend() -> SpendLimit:
    """A monthly cap."""
    return SpendLimit(
        limit_id="spend:individual", used_percent=12.5, reset_at=T0 + timedelta(days=14), slot="individual_limit"
    )


@dataclass(frozen=True)
class Logs:
    """Session logs as the reader of Codex's logs gives them: two frames."""

    windows: pd.DataFrame
    tokens: pd.DataFrame


def logs(rows: int = 40, *, start: datetime = T0, session: str = "0199-a", key: str = "unattributed") -> Logs:
    """One session with a reading and a turn each second."""
    times = pd.date_range(start, periods=rows, freq="1s", unit="us")
    used = np.arange(rows) % 101.0
    reset = pd.DatetimeIndex([start + timedelta(hours=5)] * rows).as_unit("us")
    told = {
        "account": key,
        "account_key": key,
        "plan": "pro",
        "limit": "codex",
        "window": "five_hour",
        "slot": "primary",
        "used_percent": used,
        "remaining_percent": 100 - used,
        "reset_at": reset,
        "resets_in": reset - times,
        "window_seconds": 18_000.0,
        "state": "current",
        "allowed": None,
        "limit_reached": None,
        "name_inferred": False,
        "origin": "session",
        "fetched_at": times,
        "session": session,
    }
    counts = {"input": 900, "cached_input": 700, "output": 50, "reasoning": 20, "total": 950}
    turn = {"time": times + timedelta(0), "session": session, "account_key": key, "model": "gpt-5.5"} | counts
    return Logs(windows=frame_of(told, rows, FRAME_COLUMNS), tokens=frame_of(turn, rows, TOKEN_COLUMNS))


def frame_of(told: dict[str, Any], rows: int, columns: dict[str, str]) -> pd.DataFrame:
    """A frame of exactly these columns and dtypes."""
    index = range(rows)
    return pd.DataFrame(
        {
            name: pd.Series(told.get(name, {"bool": False, "int64": 0}.get(dtype)), index=index, dtype=dtype)
            for name, dtype in columns.items()
        }
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in the folder, byte for byte."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def raw_bytes(path):
    """All that is on the disk, the write-ahead log included, and every body decompressed."""
    found = b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    with closing(sqlite3.connect(path)) as connection:
        return found + b"".join(zlib.decompress(data) for (data,) in connection.execute("SELECT data FROM bodies"))


def integrity(path: Path) -> str:
    """What SQLite itself says about the file."""
    with closing(sqlite3.connect(path)) as connection:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(said)


def as_nobody(work):
    """What *work* says in a process that may write nothing of ours; permissions do not bind the superuser."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setegid(65_534)
                os.seteuid(65_534)
            said = work()
        except BaseException as error:  # noqa: BLE001  # it is told to the test
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as stream:
        return stream.read()
