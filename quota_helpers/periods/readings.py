"""A frame of readings, taken apart into one series of numbers for each window of each account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..frames import Integers, chosen_limits, chosen_windows, micros, readings
from ..labels import Names, account_labels, choose
from ..privacy import mask_identity
from ..times import LENGTHS, MISSING, SECOND

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The readings of one window of one account, oldest first, each once however often the frame holds it."""

    account: str  # the account's name, numbered where others have the same; its key where it has none
    account_key: str | None  # its key, or None
    limit: str  # limit id
    window: str  # window name
    length: float  # length of the window in seconds, NaN when unknown
    rows: npt.NDArray[np.intp]  # position of each reading in the frame
    time: Integers  # when the server said so, in microseconds
    used: Floats  # percent used, NaN where there is no number
    reset: Integers  # announced reset in microseconds, or `MISSING`
    label: str = ""  # the account's name as it is shown: masked, each once
    limit_name: str | None = None  # the server's name of the limit, or None

    @property
    def whose(self) -> str:
        """What accounts are told apart by: the key, else the name."""
        return self.account_key or self.account

    @property
    def names(self) -> dict[str, str | None]:
        """What its rows are called in every table that has one for each window."""
        return {"account": self.account, "account_key": self.account_key, "limit": self.limit, "window": self.window}

    @property
    def tolerance(self) -> int:
        """Resets that differ by no more than this (microseconds) are the same: 10 minutes of 5 hours, 30 of a week."""
        return int(np.clip(np.nan_to_num(self.length, nan=np.inf) / 30, 600, 1800)) * SECOND

    @property
    def longest_pause(self) -> int:
        """Readings further apart than this (microseconds) have a gap between them.

        A fourteenth of the window's length, but at least two hours and at most 36: two hours for five-hour windows,
        twelve for a week.
        """
        return int(np.clip(np.nan_to_num(self.length) / 14, 7_200, 129_600)) * SECOND

    @property
    def span(self) -> int:
        """Length of the window in microseconds, 0 when unknown."""
        return int(np.nan_to_num(self.length) * SECOND)


def series_of(frame: pd.DataFrame) -> list[Series]:
    """One series for each account, limit and window; rows without a window or a time are no readings and left out.

    Accounts are told apart by key, and by name where there is none: an account that was renamed stays one.
    """
    frame = readings(frame)
    code, time = _groups(frame), micros(frame["fetched_at"])
    code[time == MISSING] = -1
    reset = micros(frame["reset_at"])
    used = frame["used_percent"].to_numpy(dtype=np.float64, na_value=np.nan)
    length = frame["window_seconds"].to_numpy(dtype=np.float64, na_value=np.nan)
    texts = frame[["account_key", "account", "limit", "limit_name", "window"]]
    order = np.argsort(code, kind="stable")
    if (np.diff(time) < 0).any():
        order = np.lexsort((time, code))
    found = []
    for start, end in pairwise(np.flatnonzero(np.diff(code[order], prepend=-2, append=-2)).tolist()):
        rows = order[start:end]
        if code[rows[0]] < 0:
            continue
        key, account, limit, limit_name, window = (None if pd.isna(one) else str(one) for one in texts.iloc[rows[-1]])
        known = length[rows][~np.isnan(length[rows])]
        rows = _once(rows, time[rows], used[rows], reset[rows])
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
            )
        )
    # One name and one label for each account, whichever of its windows a series tells of.
    names = {series.whose: series.account for series in found}
    full, masked = account_labels(names, None), account_labels(names, mask_identity)
    return [replace(series, account=full[series.whose], label=masked[series.whose]) for series in found]


def picked(
    series: Sequence[Series], accounts: Names = None, windows: Names = None, limits: Names = None
) -> list[Series]:
    """Those of the accounts (by name, label or key), windows and limits that are asked for; None means all.

    A window that is known by its length, and the account's own limit, may be asked for where no reading has them.
    """
    if not series:
        return []
    known = {one.whose: (one.label, one.account) for one in series}
    who = set(choose(accounts, known, mask=mask_identity))
    which = set(chosen_windows(windows, (one.window for one in series)))
    of = set(chosen_limits(limits, {one.limit: one.limit_name for one in series}))
    return [one for one in series if one.whose in who and one.window in which and one.limit in of]


def _once(rows: npt.NDArray[np.intp], time: Integers, used: Floats, reset: Integers) -> npt.NDArray[np.intp]:
    """The rows of distinct readings, the first of those that are the same."""
    if (np.diff(time) > 0).all():
        return rows
    order = np.lexsort((reset, used, time))  # where readings share a time, the order of the rows says nothing
    told = np.nan_to_num(used[order], nan=-1.0)
    new = (np.diff(time[order]) > 0) | (np.diff(reset[order]) != 0) | (np.diff(told) != 0)
    once: npt.NDArray[np.intp] = rows[order][np.append(True, new)]
    return once


def _groups(frame: pd.DataFrame) -> Integers:
    """The number of each row's account, limit and window; -1: it has no window."""
    key, keys = pd.factorize(frame["account_key"])
    code: Integers = key.astype(np.int64)
    if (key < 0).any():  # most frames name every key, and a million names take their time
        code = np.where(key >= 0, key, len(keys) + 1 + pd.factorize(frame["account"])[0])
    for column in ("limit", "window"):
        number, texts = pd.factorize(frame[column])
        code = code * (len(texts) + 1) + number + 1
    code[number < 0] = -1
    return code
