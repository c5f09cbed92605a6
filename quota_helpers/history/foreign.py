"""What other programs on this machine have kept of the same accounts: another history, CodexBar's store, ccpace's.

Forms, as their public sources show them (steipete/CodexBar, `PlanUtilizationHistoryStore.swift`;
thevibeworks/ccpace, `ccpace_providers.py`; both as of autumn 2026):

* CodexBar, `~/Library/Application Support/com.steipete.codexbar/history/codex.json`: per account a series for each
  window with one reading an hour, the highest, the account a hash of CodexBar's own.
* ccpace, `providers/codex/accounts/<hash>/usage.jsonl` and `usage.jsonl.1`: a line a reading, with the server's body.
* A history of ours, `history.sqlite3`.

`origin` of what comes in says "codexbar" or "ccpace"; of another history it stays what it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from ..bodies import read_bodies
from ..bodies.envelopes import entries_of, is_series, moment_of, replies_in
from ..errors import BodyError, HistoryError
from ..files import reason
from ..frames import to_frame
from ..models import RawReply
from .lines import SkippedLine
from .place import MAGIC, shown

Store = Literal["history", "codexbar", "ccpace"]

_FIRST_LINE: Final = 1 << 20
_LONGEST_LINE: Final = 8 << 20


def store_of(path: Path) -> Store | None:
    """Whose store a file is; None: none of these.

    Raises:
        HistoryError: It cannot be read.
    """
    try:
        with path.open("rb") as stream:
            first = stream.readline(_FIRST_LINE)
    except OSError as error:
        raise HistoryError(
            f"{shown(path)} cannot be read: {reason(error)}.", hint="Check the path and its permissions."
        ) from error
    if first.startswith(MAGIC):
        return "history"
    if (b'"unscoped"' in first and b'"accounts"' in first) or path.suffix.lower() == ".json":
        return "codexbar"
    line = _object(first)
    return "ccpace" if "usage" in line and "provider" in line else None


def readings_of(path: Path, store: Store) -> tuple[pd.DataFrame, list[SkippedLine]]:
    """The readings of CodexBar's or ccpace's store as a frame, and the lines that hold none.

    Raises:
        HistoryError: It cannot be read, or holds no reading of Codex.
    """
    bad: list[SkippedLine] = []
    try:
        replies = list(_codexbar(path, bad) if store == "codexbar" else _ccpace(path, bad))
    except BodyError as error:
        raise HistoryError(f"{shown(path)} is no store of readings: {error.args[0]}", hint=error.hint) from None
    frame = to_frame(replies, reveal=True)
    if frame.empty:
        raise HistoryError(f"{shown(path)} holds no readings of Codex.", hint="Choose the store's file for Codex.")
    return frame.assign(origin=store), bad


def _codexbar(path: Path, bad: list[SkippedLine]) -> Iterator[RawReply]:
    replies, told = read_bodies(path), _object(path.read_bytes())
    times = [reply.fetched_at for reply in replies]
    if is_series(told):  # of which one reply holds the entries of one time
        times = [moment_of(at) for *_, at in entries_of(told)]
    bad += [SkippedLine(line=at, reason="is no reading with its time") for at, when in enumerate(times, 1) if not when]
    yield from (reply for reply in replies if reply.fetched_at is not None)


def _ccpace(path: Path, bad: list[SkippedLine]) -> Iterator[RawReply]:
    with path.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(_LONGEST_LINE), b""), 1):
            told = _object(line)
            found = replies_in(told, "the line") if told.get("provider") == "codex" else None
            if isinstance(found, list) and all(reply.fetched_at is not None for reply in found):
                yield from found
            elif line.strip():
                bad.append(SkippedLine(line=number, reason="is no reading of Codex with its time"))


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
