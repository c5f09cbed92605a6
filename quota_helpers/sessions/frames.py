"""The columns as pandas frames: windows like every other frame of readings, and what each turn spent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from ..labels import numbered
from ..privacy import mask_identity
from ..times import MISSING, TOLERANCE_SECONDS, window_name
from .events import ODD
from .merge import Array, rows_of
from .owners import READING, TURN
from .table import OWN_PROVIDER, TOKEN_COLUMNS, UNATTRIBUTED, WINDOW_COLUMNS, OddWindow, Table

Columns = dict[str, Array]
"""Columns by name, each in one piece of memory: rows of a hundred bytes are slow to copy around."""

_MINUTES: Final = 1 << 34  # more than there are until the year 9999
_UNSAID: Final = {"allowed": -1, "reached": -1}  # of what only `normalize` reads, in a usual line; the rest is 0
_FLAGS: Final = ("inferred", "allowed", "reached")
_TEXTS: Final = ("window", "slot", "reached_type", "blocked")


class Frames:
    """Makes both frames of a table.

    Args:
        table: What was read.
        since: Leave out what is older (microseconds since 1970), or None.
        names: Account key -> what it is called.
        claimed: Number of a file that names nobody -> the account key that it was claimed for.
        machine: What this machine is called.
    """

    def __init__(
        self, table: Table, *, since: int | None, names: Mapping[str, str], claimed: Mapping[int, str], machine: str
    ) -> None:
        self.table, self.names, self.machine = table, names, machine
        self.rows, self.flags = rows_of(table), np.frombuffer(table.flags, "u1")
        if since is not None:
            self.flags = self.flags * (self.rows["time"] >= since)
        keys = [state.key or claimed.get(number) or UNATTRIBUTED for number, state in enumerate(table.states)]
        self.keys = {key: code for code, key in enumerate(dict.fromkeys(keys))}
        self.key_codes = np.array([self.keys[key] for key in keys], dtype="i8")
        self.providers = _codes([OWN_PROVIDER if own(context[0]) else context[0] for context in table.contexts])
        self.texts: dict[str | None, int] = {None: 0}

    def windows(self) -> pd.DataFrame:
        """The tidy frame (`models.COLUMNS`) and more; `state` and `resets_in` are as of the line's time."""
        counts = (self.flags & READING) > 0
        parts = [self._slot(counts, "primary", "_1"), self._slot(counts, "secondary", "_2"), self._odd(counts)]
        order = np.argsort(np.concatenate([part["time"] for part in parts]), kind="stable")
        one = {
            name: np.concatenate(
                [part.get(name, np.full(len(part["time"]), _UNSAID.get(name, 0), column.dtype)) for part in parts]
            )[order]
            for name, column in parts[-1].items()
        }
        series, labels, keys = self._series(one["file"], one["context"])
        used, reset = one["used"], one["reset"]
        wait = np.where(reset == MISSING, MISSING, reset - one["time"])
        limits = [(name[0] or "codex", *name[1:]) for name in self.table.limits]
        texts = _text(list(self.texts))
        columns: dict[str, Any] = {
            "account": _text(labels).take(series),
            "account_key": _text(keys).take(series),
            **{
                column: _text([limit[at] for limit in limits]).take(one["limit"])
                for at, column in enumerate(("limit", "limit_name", "plan"))
            },
            **{name: texts.take(one[name]) for name in _TEXTS},
            "used_percent": used,
            "remaining_percent": np.maximum(0.0, np.round(100.0 - used, 9)),
            "reset_at": _times(reset),
            "resets_in": wait.view("m8[us]"),
            "window_seconds": one["seconds"],
            "state": _states(one, wait),
            "allowed": _booleans(one["allowed"]),
            "limit_reached": _booleans(one["reached"]),
            "name_inferred": _booleans(one["inferred"]),
            "origin": _text(["session"]).take(np.zeros(len(used), "i8")),
            "fetched_at": _times(one["time"]),
            "session": self._session(one["file"]),
            "provider": self._context(0, one["context"]),
            "doubtful": self._doubtful(one),
        }
        return pd.DataFrame(
            {name: columns.get(name, _missing(dtype, len(used))) for name, dtype in WINDOW_COLUMNS.items()}, copy=False
        )

    def tokens(self) -> pd.DataFrame:
        """One row per turn, by time, with `TOKEN_COLUMNS`."""
        index = np.flatnonzero(self.flags & TURN)
        index = index[np.argsort(self.rows["time"][index], kind="stable")]
        one = {name: self.rows[name][index] for name in self.rows.dtype.names or ()}
        files, contexts = one["file"].astype("i8"), one["context"].astype("i8")
        series, _, keys = self._series(files, contexts)
        columns: dict[str, Any] = {
            "time": _times(one["time"]),
            "session": self._session(files),
            "account_key": _text(keys).take(series),
            "provider": self._context(0, contexts),
            "model": self._model(files, contexts),
            "effort": self._context(2, contexts),
            "project": self._context(3, contexts),
            "client": _text([state.client for state in self.table.states]).take(files),
            "machine": _text([self.machine]).take(np.zeros(len(index), "i8")),
            "input": one["input"],
            "cached_input": one["cached"],
            "cache_write": one["written"],
            **{name: one[name] for name in ("output", "reasoning", "total")},
        }
        return pd.DataFrame({name: columns[name] for name in TOKEN_COLUMNS}, copy=False)

    def _slot(self, counts: Array, slot: str, suffix: str) -> Columns:
        """The windows that stand in one slot of the rows."""
        rows, minutes = self.rows, self.rows["minutes" + suffix]
        index = np.flatnonzero(counts & ((rows["kind"] & ODD) == 0) & ~np.isnan(minutes))
        seconds = minutes[index] * 60.0
        which, lengths = pd.factorize(seconds)
        names = np.array([self._code(window_name(length)) for length in lengths], dtype="i8")
        return {
            **{name: rows[name][index].astype("i8") for name in ("time", "file", "seq", "context", "limit")},
            "slot": np.full(len(index), self._code(slot), dtype="i8"),
            "window": names[which],
            "used": rows["used" + suffix][index],
            "seconds": seconds,
            "reset": rows["reset" + suffix][index],
        }

    def _odd(self, counts: Array) -> Columns:
        """The windows that `normalize` read, where their rows count."""
        rows = self.rows[counts & ((self.rows["kind"] & ODD) > 0)] if self.table.odd else self.rows[:0]
        contexts = dict(
            zip(zip(rows["file"].tolist(), rows["seq"].tolist(), strict=True), rows["context"].tolist(), strict=True)
        )
        odd = [window for window in self.table.odd if (window.file, window.seq) in contexts]
        said = {name: [getattr(window, name) for window in odd] for name in OddWindow.__struct_fields__}
        return {
            **{name: np.array(said[name], "i8") for name in ("time", "file", "seq", "limit")},
            "context": np.array([contexts[window.file, window.seq] for window in odd], "i8"),
            **{name: np.array([self._code(text) for text in said[name]], "i8") for name in _TEXTS},
            **{
                name: np.array([_three(flag) for flag in said[name]], "i1")
                for name in ("inferred", "allowed", "reached")
            },
            **{name: np.array(said[name], "f8") for name in ("used", "seconds")},
            "reset": np.array([MISSING if reset is None else reset for reset in said["reset"]], "i8"),
        }

    def _code(self, text: str | None) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def _session(self, files: Array) -> Any:
        return _text([state.thread for state in self.table.states]).take(files)

    def _context(self, at: int, contexts: Array) -> Any:
        return _text([context[at] for context in self.table.contexts]).take(contexts)

    def _model(self, files: Array, contexts: Array) -> Any:
        """As the context names it, else the first that the file, or another page of its session, names at all."""
        pages: dict[str, str | None] = {}
        for state in self.table.states:
            pages[state.thread] = pages.get(state.thread) or state.first_model
        names = [context[1] for context in self.table.contexts]
        later = [state.first_model or pages[state.thread] for state in self.table.states]
        nameless = np.array([name is None for name in names])[contexts]
        return _text([*names, *later]).take(np.where(nameless, len(names) + files, contexts))

    def _series(self, files: Array, contexts: Array) -> tuple[Array, list[str], list[str]]:
        """Whose rows these are, as numbers, with a label and a key for each number.

        Another provider's limits are of an account that nobody knows: never one's own, whoever began the session.
        """
        labels, keys = [], []
        for key in self.keys:
            for provider in self.providers[1]:
                if own(provider):
                    labels.append(self.names.get(key, key))
                    keys.append(key)
                else:
                    labels.append(f"{mask_identity(provider or '')} (another provider)")
                    keys.append(hashlib.sha256(f"{key}\0{provider}".encode()).hexdigest()[:12])
        series = self.key_codes[files] * len(self.providers[1]) + self.providers[0][contexts]
        there = np.unique(series).tolist()
        told = numbered([labels[one] for one in there], [keys[one] for one in there])
        for one, label in zip(there, told, strict=True):
            labels[one] = label
        return series, labels, keys

    def _doubtful(self, one: Columns) -> Array:
        """Readings whose reset is that of another account's window.

        Who began a session is known, and so its first reading is theirs. A later one with the reset that another
        account's sessions begin with is of that account: the session was resumed under another login.
        """
        doubtful = np.zeros(len(one["time"]), dtype=bool)
        if len(set(self.keys) - {UNATTRIBUTED}) < 2:  # noqa: PLR2004  # there is nobody else
            return doubtful
        mine = np.array([own(provider) for provider in self.providers[1]])[self.providers[0]][one["context"]]
        whose = self.key_codes[one["file"]]
        index = np.flatnonzero(mine & (whose != self.keys.get(UNATTRIBUTED, -1)) & (one["reset"] != MISSING))
        group, whose = (one["limit"] * len(self.texts) + one["window"])[index], whose[index]
        minute = np.rint(one["reset"][index] / (TOLERANCE_SECONDS * 1e6)).astype("i8")
        place = group * _MINUTES + minute
        _, first = np.unique(one["file"][index] * (group.max(initial=0) + 1) + group, return_index=True)
        owners: dict[int, set[int]] = {}
        for begun, key in zip(place[first].tolist(), whose[first].tolist(), strict=True):
            for near in (begun - 1, begun, begun + 1):
                owners.setdefault(near, set()).add(key)
        places, which = np.unique(place, return_inverse=True)  # few: a window is read many times
        another = np.zeros((len(places), len(self.keys)), dtype=bool)
        for at, spot in enumerate(places.tolist()):
            if known := owners.get(spot):
                another[at] = True
                another[at, list(known)] = False
        doubtful[index] = another[which, whose]
        return doubtful


def own(provider: str | None) -> bool:
    """Whether limits by this provider are one's own."""
    return provider is None or provider.casefold() == OWN_PROVIDER


def _codes(values: list[str | None]) -> tuple[Array, list[str | None]]:
    unique = list(dict.fromkeys(values))
    return np.array([unique.index(value) for value in values], dtype="i8"), unique


def _text(values: list[str | None] | list[str]) -> Any:
    return pd.array(values, dtype="str")


def _missing(dtype: str, length: int) -> Any:
    return pd.Series(None, index=range(length), dtype=dtype)


def _three(value: bool | None) -> int:  # noqa: FBT001  # three values: yes, no, not said
    return -1 if value is None else int(value)


def _times(microseconds: Array) -> Any:
    return pd.DatetimeIndex(microseconds.view("M8[us]")).tz_localize("UTC")


def _booleans(values: Array) -> Any:
    return pd.arrays.BooleanArray(values > 0, values < 0)


def _states(windows: Columns, wait: Array) -> Any:
    """As `models.window_state` says it at the moment of the reading."""
    used, seconds = windows["used"], windows["seconds"]
    timed = windows["reset"] != MISSING
    idle = timed & (used <= 1) & (np.abs(wait / 1e6 - seconds) <= TOLERANCE_SECONDS)
    rules = [np.isnan(used), timed & (wait <= 0), idle]
    return _text(["current", "unknown", "stale", "not_started"]).take(np.select(rules, [1, 2, 3], 0))
