"""A frame of readings, taken apart into one series of numbers for each window of each account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..frames import Integers, chosen_limits, chosen_windows, micros, readings
from ..labels import Names, account_labels, choose
from ..privacy import mask_identity
from ..times import LENGTHS, MISSING, SECOND

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_KEYS: Final = ("account_key", "account", "limit", "limit_name", "window")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The readings of one window of one account, oldest first, each once however often the frame holds it.

    Attributes:
        account: The account's name, numbered where others have the same; its key where it has none.
        account_key: Its key, or None.
        limit: Limit id.
        window: Window name.
        length: Length of the window in seconds, NaN when unknown.
        rows: Position of each reading in the frame.
        time: When the server said so, in microseconds.
        used: Percent used, NaN where there is no number.
        reset: Announced reset in microseconds, or `MISSING`.
        copies: Position in the frame of each row that repeats a reading.
        copied: Which reading it repeats.
        label: The account's name as it is shown: masked, each once.
        limit_name: The server's name of the limit, or None.
    """

    account: str
    account_key: str | None
    limit: str
    window: str
    length: float
    rows: npt.NDArray[np.intp]
    time: Integers
    used: Floats
    reset: Integers
    copies: npt.NDArray[np.intp]
    copied: npt.NDArray[np.intp]
    label: str = ""
    limit_name: str | None = None

    @property
    def whose(self) -> str:
        """What accounts are told apart by: the key, else the name."""
        return self.account_key or self.account

    @property
    def tolerance(self) -> int:
        """Resets that differ by no more than this (microseconds) are the same: 10 minutes of 5 hours, 30 of a week."""
        share = self.length / 30 if self.length == self.length else 1800.0  # false for NaN
        return int(min(1800.0, max(600.0, share))) * SECOND

    @property
    def longest_pause(self) -> int:
        """Readings further apart than this (microseconds) have a gap between them.

        A fourteenth of the window's length, but at least two hours and at most 36: two hours for five-hour windows,
        twelve for a week.
        """
        share = self.length / 14 if self.length == self.length else 0.0
        return int(min(129_600.0, max(7_200.0, share))) * SECOND


def series_of(frame: pd.DataFrame) -> list[Series]:
    """One series for each account, limit and window; rows without a window or a time are no readings and left out.

    Accounts are told apart by key, and by name where there is none: an account that was renamed stays one.

    Raises:
        TypeError, ValueError: As `frames.readings`.
    """
    frame = readings(frame)
    code, texts = _groups(frame)
    time = micros(frame["fetched_at"])
    code[time == MISSING] = -1
    reset = micros(frame["reset_at"])
    used = frame["used_percent"].to_numpy(dtype=np.float64, na_value=np.nan)
    length = frame["window_seconds"].to_numpy(dtype=np.float64, na_value=np.nan)
    order = np.argsort(code, kind="stable")
    if (np.diff(time) < 0).any():
        order = np.lexsort((time, code))
    found = []
    for start, end in pairwise(np.flatnonzero(np.diff(code[order], prepend=-2, append=-2)).tolist()):
        rows = order[start:end]
        if code[rows[0]] < 0:
            continue
        key, account, limit, limit_name, window = texts(rows[-1])
        known = length[rows]
        known = known[~np.isnan(known)]
        rows, copies, copied = _once(rows, time[rows], used[rows], reset[rows])
        found.append(
            Series(
                account=account or key or "?",
                account_key=key,
                limit=limit or "?",
                limit_name=limit_name,
                window=window or "",
                length=float(known[-1]) if len(known) else LENGTHS.get(window or "", float("nan")),
                rows=rows,
                time=time[rows],
                used=used[rows],
                reset=reset[rows],
                copies=copies,
                copied=copied,
            )
        )
    return _labelled(found)


def _labelled(found: list[Series]) -> list[Series]:
    """The series with one name and one label for each account, whichever of its windows they tell of."""
    names = {series.whose: series.account for series in found}
    full, masked = account_labels(names, None), account_labels(names, mask_identity)
    return [replace(series, account=full[series.whose], label=masked[series.whose]) for series in found]


def picked(
    series: Sequence[Series], accounts: Names = None, windows: Names = None, limits: Names = None
) -> list[Series]:
    """Those of the accounts (by name, label or key), windows and limits that are asked for; None means all.

    A window that is known by its length, and the account's own limit, may be asked for where no reading has them.

    Raises:
        TypeError, ValueError: As `labels.choose`.
    """
    if not series:
        return []
    known = {one.whose: (one.label, one.account) for one in series}
    who = set(choose(accounts, known, mask=mask_identity))
    which = set(chosen_windows(windows, (one.window for one in series)))
    of = set(chosen_limits(limits, {one.limit: one.limit_name for one in series}))
    return [one for one in series if one.whose in who and one.window in which and one.limit in of]


def _once(
    rows: npt.NDArray[np.intp], time: Integers, used: Floats, reset: Integers
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The rows of distinct readings; the others; and for each of these its place among the distinct ones."""
    if (np.diff(time) > 0).all():
        return rows, rows[:0], rows[:0]
    order = np.lexsort((reset, used, time))  # where readings share a time, the order of the rows says nothing
    rows, time, used, reset = rows[order], time[order], used[order], reset[order]
    same = (used[1:] == used[:-1]) | (np.isnan(used[1:]) & np.isnan(used[:-1]))
    new = np.append(True, (np.diff(time) > 0) | (reset[1:] != reset[:-1]) | ~same)
    return rows[new], rows[~new], (np.cumsum(new) - 1)[~new]


def _groups(frame: pd.DataFrame) -> tuple[Integers, Callable[[int], list[str | None]]]:
    """The number of each row's group (-1: no window), and a function: position -> the texts of `_KEYS`."""
    key, keys = pd.factorize(frame["account_key"])
    code = key.astype(np.int64)
    if (key < 0).any():  # most frames name every key, and a million names take their time
        name = pd.factorize(frame["account"])[0]
        code = np.where(key >= 0, key, len(keys) + 1 + name)
    for column in ("limit", "window"):
        number, texts = pd.factorize(frame[column])
        code = code * (len(texts) + 1) + number + 1
    code[number < 0] = -1

    def texts_at(row: int) -> list[str | None]:
        values = [frame[column].iloc[row] for column in _KEYS]
        return [None if pd.isna(value) else str(value) for value in values]

    return code, texts_at
