"""What was known of the logs and what was read just now, made into one table."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from ..models import QuotaWindow, SpendLimit
from ..normalize import normalize_token_count
from ..times import from_micros, micros
from .events import LimitName
from .find import LogFile
from .lines import parse, plausible
from .owners import judge
from .table import OddWindow, Table
from .worker import Findings

Array = npt.NDArray[Any]
Value = TypeVar("Value")

ROWS: Final = np.dtype(
    [
        ("time", "<i8"),  # microseconds since 1970
        ("file", "<u4"),
        ("seq", "<u4"),  # which event of its file
        ("kind", "u1"),
        ("context", "<u4"),  # number of a context, and of a limit
        ("limit", "<u4"),
        ("input", "<i8"),
        ("cached", "<i8"),
        ("written", "<i8"),
        ("output", "<i8"),
        ("reasoning", "<i8"),
        ("total", "<i8"),
        ("sum", "<i8"),  # of the session so far; -1: not said
        ("answer", "<i8"),  # hash of the answer's name; 0: not said
        ("used_1", "<f8"),  # primary: percent, minutes, microseconds since 1970
        ("minutes_1", "<f8"),
        ("reset_1", "<i8"),
        ("used_2", "<f8"),  # secondary
        ("minutes_2", "<f8"),
        ("reset_2", "<i8"),
    ]
)
"""The same bytes as `events.ROW`."""


def rows_of(table: Table) -> Array:
    """The rows as an array."""
    return np.frombuffer(table.rows, ROWS)


def sound(table: Table) -> bool:
    """Whether a table that comes from a file holds together: nothing in it points beyond, every time is one."""
    count = len(table.names)
    lengths = {count, len(table.sizes), len(table.mtimes), len(table.states)}
    if len(lengths) > 1 or len(table.rows) != len(table.flags) * ROWS.itemsize:
        return False
    rows = rows_of(table)
    place = (rows["file"].astype("i8") << 32) | rows["seq"]
    return (
        all(0 <= window.file < count and 0 <= window.limit < len(table.limits) for window in table.odd)
        and all(plausible(window.time) for window in table.odd)
        and all(plausible(int(time)) for time in ((rows["time"].min(), rows["time"].max()) if len(rows) else ()))
        and bool((rows["file"] < count).all() and (rows["context"] < len(table.contexts)).all())
        and bool((rows["limit"] < len(table.limits)).all() and (np.diff(place) > 0).all())
    )


def merge(found: list[LogFile], old: Table, answers: list[Findings]) -> Table:
    """Old rows, where they still hold, and new ones; then judged as a whole, for a new file can show what is a copy."""
    known = {name: number for number, name in enumerate(old.names)}
    reports = {report.number: report for answer in answers for report in answer.reports if report.state is not None}
    table = Table(contexts=list(old.contexts), limits=list(old.limits))
    place, old_place = np.full(len(found) + 1, -1), np.full(len(old.names) + 1, -1)
    for number, log in enumerate(found):
        name, report = os.fsencode(log.name), reports.get(number)
        before = known.get(name, -1)
        if report is None and before < 0:
            continue
        place[number] = len(table.names)
        if before >= 0 and not (report and report.again):
            old_place[before] = place[number]
        table.names.append(name)
        table.sizes.append(log.size if report else old.sizes[before])
        table.mtimes.append(log.mtime_ns if report else old.mtimes[before])
        table.states.append(report.state if report and report.state else old.states[before])
    parts = [_moved(rows_of(old), old_place)]
    table.odd = [_at(window, int(old_place[window.file])) for window in old.odd if old_place[window.file] >= 0]
    contexts, limits = _numbers(table.contexts), _numbers(table.limits)
    for answer in answers:
        rows = np.frombuffer(bytearray(answer.rows), ROWS)
        rows["context"] = _codes(answer.contexts, contexts)[rows["context"]]
        rows["limit"] = _codes(answer.limits, limits)[rows["limit"]]
        parts.append(_moved(rows, place))
        for file, seq, time, line in answer.odd:
            table.odd += _odd(line, (int(place[file]), seq, time), limits)
    table.contexts, table.limits = list(contexts), list(limits)
    # As bytes: numpy would compare the names of all fields for each of hundreds of parts.
    joined = np.frombuffer(bytearray().join([part.data for part in parts]), ROWS)
    rows = joined.take(np.argsort((joined["file"].astype("i8") << 32) | joined["seq"], kind="stable"))
    table.rows, table.flags = rows.tobytes(), judge(rows, table.states).tobytes()
    return table


def _moved(rows: Array, place: Array) -> Array:
    """The rows with each file's number replaced; those that map to -1 left out."""
    new = place[rows["file"]]
    kept: Array = rows[new >= 0]
    kept["file"] = new[new >= 0]
    return kept


def _at(window: OddWindow, file: int) -> OddWindow:
    window.file = file
    return window


def _numbers(values: list[Value]) -> dict[Value, int]:
    return {value: number for number, value in enumerate(values)}


def _codes(values: list[Value], numbers: dict[Value, int]) -> Array:
    codes: Array = np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype="<u4")
    return codes


def _odd(line: str, place: tuple[int, int, int], limits: dict[LimitName, int]) -> Iterator[OddWindow]:
    """Each window, then each cap, as `normalize` reads them; a line without any gives none."""
    event = parse(line.encode("utf-8", "replace"))
    snapshot = normalize_token_count(event, fetched_at=from_micros(place[2]))
    if snapshot is None:
        return
    said = {limit.limit_id: limit for limit in snapshot.limits}
    windows: tuple[QuotaWindow | SpendLimit, ...] = (*snapshot.windows, *snapshot.spend_limits)
    for one in windows:
        name = (one.limit_id, getattr(one, "limit_name", None), snapshot.plan)
        odd = OddWindow(*place, limits.setdefault(name, len(limits)), one.slot, used=one.used_percent)
        odd.reset = None if one.reset_at is None else micros(one.reset_at)
        odd.reached_type, odd.blocked = snapshot.reached_type, snapshot.blocked
        if isinstance(one, SpendLimit):
            odd.window, odd.reached = "monthly", snapshot.spend_reached
        else:
            odd.window, odd.inferred, odd.seconds = one.name, one.name_inferred, one.window_seconds
            if (limit := said.get(one.limit_id)) is not None:
                odd.allowed, odd.reached = limit.allowed, limit.limit_reached
        yield odd
