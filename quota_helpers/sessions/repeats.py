"""Which rows repeat others: sessions that were resumed or forked begin with a copy of what came before.

Two forms are known. Copies with their old times, in another file or the same: recognized by time and content. And
copies that Codex stamps with the moment of the fork, as it does for `codex fork` and spawned agents: the child's first
turns are those of the parent, number for number. Where the parent's log is gone, the copies are still recognized by
the pace: a whole history within fractions of a second, then a real pause.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import recfunctions

from .events import State, session_of
from .scan import TURN
from .table import Array, Table

BURST_MICROSECONDS: Final = 1_000_000
"""Copies follow each other within milliseconds; before a turn of its own a session pauses for seconds."""

_TURN_FIELDS: Final = ["input", "cached", "output", "reasoning", "total", "cumulative"]


def find_repeats(table: Table) -> npt.NDArray[np.bool_]:
    """For each row whether it repeats another one, which then counts: the older session's."""
    rows = table.rows
    ends = np.searchsorted(rows["file"], np.arange(len(table.names) + 1))
    states = [table.state(number) for number in range(len(table.names))]
    first: dict[Any, int] = {}
    for number, state in enumerate(states):
        first.setdefault(state["session"] or session_of(table.names[number]), number)
    dropped = np.zeros(len(rows), dtype=bool)
    for number, state in enumerate(states):
        if state["parent"] is None:
            continue
        parent = first.get(state["parent"])
        before = None if parent is None or parent == number else rows[ends[parent] : ends[parent + 1]]
        copied = _copied(rows[ends[number] : ends[number + 1]], before, state)
        dropped[ends[number] : ends[number] + copied] = True
    dropped[_same_again(rows, np.flatnonzero(~dropped))] = True
    return dropped


def _copied(rows: Array, parent: Array | None, state: State) -> int:
    """How many of a fork's first rows are its parent's."""
    turns = np.flatnonzero(rows["kind"] & TURN)
    count = 0
    if parent is not None:
        theirs = parent[(parent["kind"] & TURN) > 0]
        if state["begun"] is not None:  # what the parent did after the fork cannot be copied
            theirs = theirs[theirs["time"] <= state["begun"]]
        count = _prefix(rows[turns], theirs)
    times = rows["time"]
    if not count:
        count = _burst(times[turns])
    if not count:
        return 0
    last = int(turns[count - 1])
    end = int(turns[count]) if count < len(turns) else len(rows)
    pauses = np.flatnonzero(np.diff(times[last:end]) > BURST_MICROSECONDS)
    return last + 1 + (int(pauses[0]) if len(pauses) else end - last - 1)  # with repeated limits at the copy's end


def _prefix(ours: Array, theirs: Array) -> int:
    """How many of the first turns are alike in every number."""
    length = min(len(ours), len(theirs))
    alike = np.ones(length, dtype=bool)
    for name in _TURN_FIELDS:
        alike &= ours[name][:length] == theirs[name][:length]
    return length if alike.all() else int(alike.argmin())


def _burst(times: Array) -> int:
    """How many turns at the start came too fast to be real ones; a single one says nothing."""
    pauses = np.diff(times)
    slow = np.flatnonzero((pauses > BURST_MICROSECONDS) | (pauses < 0))
    count = int(slow[0]) + 1 if len(slow) else len(times)
    return count if count > 1 else 0


def _same_again(rows: Array, alive: Array) -> Array:
    """The rows that are like an earlier one in time and content."""
    times = rows["time"][alive]
    order = np.argsort(times, kind="stable")
    twins = np.diff(times[order]) == 0
    candidates = np.sort(alive[order[np.append(twins, False) | np.append(False, twins)]]) if len(order) else alive
    content = [name for name in rows.dtype.names or () if name not in {"file", "seq", "model"}]
    packed = recfunctions.repack_fields(rows[content])[candidates] if len(candidates) else rows[:0]
    seen: set[bytes] = set()
    again = []
    for index, row in zip(candidates, packed, strict=True):
        key = row.tobytes()
        if key in seen:
            again.append(index)
        seen.add(key)
    return np.array(again, dtype=np.intp)
