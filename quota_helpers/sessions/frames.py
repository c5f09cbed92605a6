"""The columns as pandas frames: windows like every other frame of readings, and what each turn spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..models import COLUMNS
from ..times import MISSING, TOLERANCE_SECONDS, window_name
from .scan import ODD, TURN
from .table import WINDOWS, Array, Table

UNATTRIBUTED: Final = "unattributed"
"""Whose session it was is not written in logs before late 2026; nobody who is signed in now gets the credit."""

WINDOW_COLUMNS: Final[dict[str, str]] = COLUMNS | {"session": "str", "provider": "str"}
"""Columns of the windows frame, name -> dtype: the tidy frame's, the session, and whose service answered it."""

TOKEN_COLUMNS: Final[dict[str, str]] = {
    "time": "datetime64[us, UTC]",  # when the turn's counts were logged
    "session": "str",
    "account_key": "str",
    "provider": "str",  # whose service answered: "openai", or the name of another; missing: older logs do not say
    "model": "str",  # as the turn's context names it; missing: it does not
    "effort": "str",  # of reasoning, as asked for; missing: the model's own
    "project": "str",  # the last part of the folder that the session worked in
    "client": "str",  # which program, and its version
    "machine": "str",
    "input": "int64",  # tokens, the cached ones included
    "cached_input": "int64",
    "cache_write": "int64",
    "output": "int64",  # tokens, reasoning included
    "reasoning": "int64",
    "total": "int64",
}
"""Columns of the tokens frame, name -> dtype."""


Columns = dict[str, Array]
"""Columns by name, each in one piece of memory: rows of a hundred bytes are slow to copy around."""


def windows_of(table: Table, since: int | None = None) -> Columns:
    """Every window that was read, once, by time: the columns of `table.WINDOWS`, from *since* (microseconds) on."""
    alive = _alive(table, since)
    plain = alive & ((table.rows["kind"] & ODD) == 0)
    parts = [_slot(table, plain, "primary", "_1"), _slot(table, plain, "secondary", "_2")]
    if len(table.odd):
        odd = table.odd[np.isin(_ids(table.odd), _ids(table.rows[alive]))]
        parts.append({name: odd[name] for name in WINDOWS.names or ()})
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(columns["time"], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def turns_of(table: Table, since: int | None = None) -> Columns:
    """Every turn that spent tokens, once, by time."""
    rows = table.rows
    index = np.flatnonzero(_alive(table, since) & ((rows["kind"] & TURN) > 0))
    index = index[np.argsort(rows["time"][index], kind="stable")]
    names = ("time", "file", "model", "input", "cached", "output", "reasoning", "total")
    return {name: rows[name][index] for name in names}


def _alive(table: Table, since: int | None) -> npt.NDArray[np.bool_]:
    alive = np.ones(len(table.rows), dtype=bool) if table.dropped is None else ~table.dropped
    return alive if since is None else alive & (table.rows["time"] >= since)


def _slot(table: Table, plain: npt.NDArray[np.bool_], slot: str, suffix: str) -> Columns:
    """The windows that stand in one slot of the rows."""
    rows, code = table.rows, table.texts.code
    minutes = rows["minutes" + suffix]
    index = np.flatnonzero(plain & ~np.isnan(minutes))
    part = {name: rows[name][index] for name in ("time", "file", "seq", "limit", "plan")}
    part["limit"][part["limit"] == 0] = code("codex")
    seconds = minutes[index] * 60.0
    which, lengths = pd.factorize(seconds)
    return part | {
        "slot": np.full(len(index), code(slot), dtype="<u4"),
        "window": table.texts.codes([window_name(length) for length in lengths])[which],
        "inferred": np.zeros(len(index), dtype="i1"),
        "allowed": np.full(len(index), -1, dtype="i1"),
        "reached": np.full(len(index), -1, dtype="i1"),
        "used": rows["used" + suffix][index],
        "seconds": seconds,
        "reset": rows["reset" + suffix][index],
    }


def _ids(array: Array) -> Array:
    ids: Array = (array["file"].astype("u8") << np.uint64(32)) | array["seq"]
    return ids


def windows_frame(table: Table, windows: Columns) -> pd.DataFrame:
    """The tidy frame (`models.COLUMNS`) plus `session`; `state` and `resets_in` are as of the line's time."""
    text, keys = _texter(table)
    account = keys(windows["file"])
    used, reset = windows["used"], windows["reset"]
    wait = np.where(reset == MISSING, MISSING, reset - windows["time"])
    columns: dict[str, Any] = {
        "account": account,
        "account_key": account,
        "plan": text(windows["plan"]),
        "limit": text(windows["limit"]),
        "limit_name": _constant(None, len(used)),
        "window": text(windows["window"]),
        "slot": text(windows["slot"]),
        "used_percent": used,
        "remaining_percent": np.maximum(0.0, np.round(100.0 - used, 9)),
        "reset_at": _times(reset),
        "resets_in": wait.view("m8[us]"),
        "window_seconds": windows["seconds"],
        "state": _states(windows, wait),
        "allowed": _booleans(windows["allowed"]),
        "limit_reached": _booleans(windows["reached"]),
        "reached_type": _constant(None, len(used)),
        "blocked": _constant(None, len(used)),
        "name_inferred": _booleans(windows["inferred"]),
        "origin": _constant("session", len(used)),
        "fetched_at": _times(windows["time"]),
        "session": text(table.files["session"][windows["file"]]),
        "provider": text(table.files["provider"][windows["file"]]),
    }
    return pd.DataFrame(columns, copy=False)


def tokens_frame(table: Table, turns: Columns) -> pd.DataFrame:
    """One row per turn, with `TOKEN_COLUMNS`."""
    text, keys = _texter(table)
    columns: dict[str, Any] = {
        "time": _times(turns["time"]),
        "session": text(table.files["session"][turns["file"]]),
        "account_key": keys(turns["file"]),
        "provider": text(table.files["provider"][turns["file"]]),
        "model": text(turns["model"]),
        "effort": text(np.zeros(len(turns["file"]))),
        "project": text(table.files["project"][turns["file"]]),
        "client": text(table.files["client"][turns["file"]]),
        "machine": text(np.zeros(len(turns["file"]))),
        "input": turns["input"],
        "cached_input": turns["cached"],
        "cache_write": np.zeros(len(turns["file"]), "i8"),
        "output": turns["output"],
        "reasoning": turns["reasoning"],
        "total": turns["total"],
    }
    return pd.DataFrame(columns, copy=False)


def _texter(table: Table) -> tuple[Callable[[Array], Any], Callable[[Array], Any]]:
    """Two functions that make text columns: of text numbers (0 is missing), and of file numbers (account keys)."""
    texts = pd.array([None, *table.texts.texts[1:], UNATTRIBUTED], dtype="str")
    nobody = len(texts) - 1

    def text(codes: Array) -> Any:
        return texts.take(codes.astype(np.intp))

    def keys(files: Array) -> Any:
        codes = table.files["key"]
        return text(np.where(codes == 0, nobody, codes)[files])

    return text, keys


def _constant(value: str | None, length: int) -> Any:
    return pd.array([value], dtype="str").take(np.zeros(length, np.intp))


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
    return pd.array(["current", "unknown", "stale", "not_started"], dtype="str").take(
        np.select(rules, [1, 2, 3], 0).astype(np.intp)
    )
