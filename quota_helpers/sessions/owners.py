"""Which rows count: what happened once is counted once, in the session where it happened.

What a log says itself comes first: `history_base` (nothing is copied), `subagent_history_start_ordinal` (what stands
before it is the parent's), the session that a record names. The scanner has marked those. Only where a log says
nothing are its turns compared with all that its parent had done by then, whatever the pauses between them. Where the
parent's log is gone, copies are known by their pace: a whole history within fractions of a second, then a real pause.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import recfunctions

from . import events
from .events import State

Array = npt.NDArray[Any]

READING: Final = 1  # its limits count
TURN: Final = 2  # its turn counts

BURST_MICROSECONDS: Final = 1_000_000
"""Copies follow each other within milliseconds; before a turn of its own a session pauses for seconds."""

_TURN: Final = ["input", "cached", "output", "reasoning", "total", "sum"]
_LIMITS: Final = ["limit", "used_1", "minutes_1", "used_2", "minutes_2"]
_PLACE: Final = {"file", "seq", "context"}


def judge(rows: Array, states: list[State]) -> npt.NDArray[np.uint8]:
    """For each row, by file and seq, what of it counts: `READING`, `TURN`."""
    alive = (rows["kind"] & events.COPY) == 0
    for number, copied in _Copies(rows, states).found():
        alive[number : number + copied] = False
    alive[_answered_again(rows, alive)] = False
    alive[_told_again(rows)] = False
    alive[_same_again(rows, np.flatnonzero(alive))] = False
    turns = alive & ((rows["kind"] & events.SPENT) > 0)
    turns[_stale(rows, np.flatnonzero(turns & (rows["sum"] >= 0)))] = False
    turns &= (rows["kind"] & events.IMPORTED) == 0
    flags: npt.NDArray[np.uint8] = (alive * READING + turns * TURN).astype("u1")
    return flags


class _Copies:
    """The logs that have a parent and do not say what of them is copied."""

    def __init__(self, rows: Array, states: list[State]) -> None:
        self.rows, self.states = rows, states
        self.ends = np.searchsorted(rows["file"], np.arange(len(states) + 1))
        self.pages: dict[str, list[int]] = defaultdict(list)
        for number, state in enumerate(states):
            self.pages[state.thread].append(number)
        self.pasts: dict[str, tuple[dict[bytes, int], dict[bytes, int]]] = {}

    def found(self) -> list[tuple[int, int]]:
        """Where the rows of such a log begin, and how many of them are copies."""
        found = []
        for number, state in enumerate(self.states):
            if state.parent in (None, state.thread) or state.base is not None or state.own_from is not None:
                continue
            start, end = self.ends[number : number + 2].tolist()
            # What a record of its own names is no copy, nor is anything behind it.
            own = np.flatnonzero((self.rows["kind"][start:end] & (events.RECORD | events.COPY)) == events.RECORD)
            mine = self.rows[start : start + int(own[0]) if len(own) else end]
            if not len(mine):
                continue
            if state.parent in self.pages:
                found.append((start, self._matched(mine, state)))
            elif state.copies:
                found.append((start, _burst(mine)))
        return found

    def _matched(self, mine: Array, state: State) -> int:
        """How many of the first rows are the parent's: up to the last turn that it had had by then.

        A stretch that does not begin at the first row counts as well (a page of the parent may be gone), but a single
        turn that is alike by chance does not.
        """
        turns, limits = self._past(state.parent or "")
        begun = math.inf if state.begun is None else state.begun
        last, leading, before = -1, True, False
        spent = np.flatnonzero(mine["kind"] & events.SPENT)
        for at, key in zip(spent.tolist(), _keys(mine[spent], _TURN), strict=True):
            known = turns.get(key, math.inf) <= begun
            if known and (leading or before):
                last = at
            leading, before = leading and known, known
        if last >= 0 or state.copies:
            after = spent[spent > last]
            rest = mine[last + 1 : after[0] if len(after) else len(mine)]
            for key in _keys(rest, _LIMITS):  # limits that were repeated at the copy's end
                if limits.get(key, math.inf) > begun:
                    break
                last += 1
        return last + 1

    def _past(self, thread: str) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """The turns and the limits in all pages of a session and of those that it goes on from, with their times."""
        if thread in self.pasts:
            return self.pasts[thread]
        turns: dict[bytes, int] = {}
        limits: dict[bytes, int] = {}
        waiting, seen = [thread], set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for number in self.pages.get(name, ()):
                waiting += [base for base in (self.states[number].base,) if base]
                part = self.rows[self.ends[number] : self.ends[number + 1]]
                _note(turns, part[(part["kind"] & events.SPENT) > 0], _TURN)
                _note(limits, part, _LIMITS)
        self.pasts[thread] = turns, limits
        return turns, limits


def _note(times: dict[bytes, int], rows: Array, fields: list[str]) -> None:
    for key, time in zip(_keys(rows, fields), rows["time"].tolist(), strict=True):
        times[key] = min(time, times.get(key, time))


def _keys(rows: Array, fields: list[str]) -> list[bytes]:
    packed = recfunctions.repack_fields(rows[fields])
    data, size = packed.tobytes(), packed.dtype.itemsize
    return [data[at : at + size] for at in range(0, len(data), size)]


def _burst(rows: Array) -> int:
    """How many rows at the start came too fast to be real ones; a single turn says nothing."""
    turns = np.flatnonzero(rows["kind"] & events.SPENT)
    times = rows["time"]
    pauses = np.diff(times[turns])
    slow = np.flatnonzero((pauses > BURST_MICROSECONDS) | (pauses < 0))
    count = int(slow[0]) + 1 if len(slow) else len(turns)
    if count <= 1:
        return 0
    last = int(turns[count - 1])
    end = int(turns[count]) if count < len(turns) else len(rows)
    rests = np.flatnonzero(np.diff(times[last:end]) > BURST_MICROSECONDS)
    return last + 1 + (int(rests[0]) if len(rests) else end - last - 1)  # with repeated limits at the copy's end


def _answered_again(rows: Array, alive: Array) -> Array:
    """Records of an answer that an earlier row has told of."""
    told = np.flatnonzero(alive & (rows["answer"] > 0))
    _, first = np.unique(rows["answer"][told], return_index=True)
    return np.delete(told, first)


def _told_again(rows: Array) -> Array:
    """Lines with the sums and the limits of the one before: they are logged once more, no answer has come since."""
    told = np.flatnonzero(~(np.isnan(rows["minutes_1"]) & np.isnan(rows["minutes_2"])))
    at = np.flatnonzero(((rows["kind"][told] & events.SPENT) == 0) & (rows["sum"][told] >= 0))
    at = at[at > 0]
    here, before = rows[told[at]], rows[told[at - 1]]
    again = here["file"] == before["file"]
    for name in (*_LIMITS, "reset_1", "reset_2"):
        bits = f"u{here[name].itemsize}"  # what is not known is alike as well
        again &= here[name].view(bits) == before[name].view(bits)
    repeated: Array = told[at[again]]
    return repeated


def _same_again(rows: Array, alive: Array) -> Array:
    """The rows that are like an earlier one in time and content."""
    times = rows["time"][alive]
    order = np.argsort(times, kind="stable")
    twins = np.diff(times[order]) == 0
    candidates = np.sort(alive[order[np.append(twins, False) | np.append(False, twins)]]) if len(order) else alive
    content = [name for name in rows.dtype.names or () if name not in _PLACE]
    seen: set[bytes] = set()
    again = []
    for index, key in zip(candidates, _keys(rows[candidates], content), strict=True):
        if key in seen:
            again.append(index)
        seen.add(key)
    return np.array(again, dtype=np.intp)


def _stale(rows: Array, turns: Array) -> Array:
    """Turns that are an old state logged once more: the sums step back, then go on from where they had been.

    Sums that go on from the low value began anew: those turns are real. So is what a record tells of.
    """
    sums, files = rows["sum"][turns], rows["file"][turns]
    found: list[int] = []
    for low in np.flatnonzero((np.diff(sums) < 0) & (np.diff(files) == 0)) + 1:
        high = sums[low - 1]
        up = int(low)
        while up < len(sums) and files[up] == files[low] and sums[up] < high:
            up += 1
        alone = up - low == 1
        if up < len(sums) and files[up] == files[low]:
            base = sums[up] - rows["total"][turns[up]]
            stale = base == high or (alone and base != sums[low])
        else:
            first = int(np.searchsorted(files, files[low]))
            *earlier, this = _keys(rows[turns[first : low + 1]], _TURN)
            stale = alone and this in earlier
        if stale:
            found += turns[low:up].tolist()
    index = np.array(found, dtype=np.intp)
    told: Array = index[(rows["kind"][index] & events.RECORD) == 0]
    return told
