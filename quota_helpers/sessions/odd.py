"""Lines in another form than the usual one: `normalize` reads them, and this makes rows of what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from ..models import UsageSnapshot
from ..normalize import normalize_token_count
from ..times import MISSING, from_micros, micros
from .events import NAN, parse
from .table import WINDOWS, Array, Texts


def odd_windows(lines: Sequence[tuple[int, int, int, str]], texts: Texts) -> Array:
    """`WINDOWS` of lines given as (file, seq, microseconds, text); a line without any window gives none."""
    rows = []
    for file, seq, time, line in lines:
        snapshot = normalize_token_count(parse(line.encode("utf-8", "replace")), fetched_at=from_micros(time))
        if snapshot is not None:
            rows += [(time, file, seq, *row) for row in _rows(snapshot, texts)]
    return np.array(rows, dtype=WINDOWS) if rows else np.zeros(0, WINDOWS)


def _rows(snapshot: UsageSnapshot, texts: Texts) -> Iterator[tuple[Any, ...]]:
    """Limit, plan, slot, window, inferred, allowed, reached, used, seconds, reset: each window, then each cap."""
    limits = {limit.limit_id: limit for limit in snapshot.limits}
    plan = texts.code(snapshot.plan)
    for window in snapshot.windows:
        limit = limits.get(window.limit_id)
        said = (-1, -1) if limit is None else (_three(limit.allowed), _three(limit.limit_reached))
        names = texts.code(window.slot), texts.code(window.name)
        measured = _number(window.used_percent), _number(window.window_seconds), _micro(window.reset_at)
        yield (texts.code(window.limit_id), plan, *names, int(window.name_inferred), *said, *measured)
    for cap in snapshot.spend_limits:
        names = texts.code(cap.slot), texts.code("monthly")
        measured = _number(cap.used_percent), NAN, _micro(cap.reset_at)
        yield (texts.code(cap.limit_id), plan, *names, 0, -1, _three(snapshot.spend_reached), *measured)


def _three(value: bool | None) -> int:  # noqa: FBT001  # three values: yes, no, not said
    return -1 if value is None else int(value)


def _number(value: float | None) -> float:
    return NAN if value is None else value


def _micro(when: datetime | None) -> int:
    return MISSING if when is None else micros(when)
