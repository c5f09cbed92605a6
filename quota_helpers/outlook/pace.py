"""How fast each window goes, from one reading: used against the time that is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..html import table
from ..times import DAY, HOUR, Moment, duration
from .bars import WindowBar, by_account, percent, ranking, window_bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One window's pace at one moment. What is unknown is None: a percentage, a reset or a length was not there.

    Attributes:
        account_key: Whose it is.
        account: The label to show.
        limit: Limit id; "codex" is the account's own.
        window: Window name.
        used: Percent used.
        gone: Percent of the window's time that has passed: what an even pace would have used.
        reserve: Percentage points in hand against an even pace; negative is a deficit.
        reserve_time: The same as time: how much later an even pace would have come to `used`; negative is a deficit.
        per_hour: Percentage points an hour that would just last until the reset; None also when there is no time left.
        per_day: The same a day.
        runs_out_at: When the average so far uses it up, if that is clearly before its reset (aware); the moment
            itself when it is used up already; else None.
        fast: Whether it will not last: ahead of pace by more than a whole percent of noise, or used up.
        binds: Whether it is the window of its account that binds first.
    """

    account_key: str
    account: str
    limit: str
    window: str
    used: float | None
    gone: float | None
    reserve: float | None
    reserve_time: timedelta | None
    per_hour: float | None
    per_day: float | None
    runs_out_at: datetime | None
    fast: bool
    binds: bool


class Paces(tuple[Pace, ...]):
    """The paces of all windows, the account that binds first on top; a table in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join("  ".join(_cells(pace)).rstrip() for pace in self) or "no window"

    def _repr_html_(self) -> str:
        heads = ("account", "window", "used", "time gone", "reserve", "would just last", "runs out")
        return table(heads, (_cells(pace) for pace in self))


def pace(readings: Any, *, now: Moment | None = None) -> Paces:
    """The pace of every window, the account that binds first on top.

    Args:
        readings: A `Collection`, a snapshot, several, or a frame; of several readings of one window the newest counts.
        now: The present moment; None means the latest `fetched_at`.

    Raises:
        TypeError: *readings* is nothing of the kind.

    >>> from quota_helpers.sources import demo
    >>> with demo() as source:
    ...     [ada] = [one for one in pace(source.collect()) if one.account == "ada" and one.window == "weekly"]
    >>> ada.fast, round(ada.reserve), round(ada.per_day, 1)
    (False, 13, 18.3)
    """
    paces: list[Pace] = []
    for own in by_account(window_bars(readings, now=now)):
        first = min((bar for bar in ranking(own) if bar.known), key=lambda bar: bar.binding, default=None)
        paces += [_pace(bar, binds=bar is first) for bar in own]
    return Paces(paces)


def _pace(bar: WindowBar, *, binds: bool) -> Pace:
    reserve = None if bar.used is None or bar.gone is None else bar.gone - bar.used
    length, per_hour = bar.window_seconds, bar.per_hour
    return Pace(
        account_key=bar.account_key,
        account=bar.label,
        limit=bar.limit,
        window=bar.window,
        used=bar.used,
        gone=bar.gone,
        reserve=reserve,
        reserve_time=None if reserve is None or not length else timedelta(seconds=reserve / 100 * length),
        per_hour=per_hour,
        per_day=None if per_hour is None else per_hour * DAY / HOUR,
        runs_out_at=bar.runs_out_at,
        fast=bar.full or bar.fast,
        binds=binds,
    )


def _cells(pace: Pace) -> list[str]:
    reserve = ""
    if pace.reserve is not None:
        ahead = f" ({duration(pace.reserve_time)})" if pace.reserve_time else ""
        reserve = f"{round(pace.reserve) + 0:+} points{ahead}"
    return [
        pace.account,
        f"{pace.limit} {pace.window}".removeprefix("codex ").replace("_", " "),
        "unknown" if pace.used is None else percent(pace.used),
        "" if pace.gone is None else f"{pace.gone:.0f} %",
        reserve,
        "" if pace.per_day is None else f"{pace.per_day:.1f} points a day",
        f"{pace.runs_out_at:%Y-%m-%d %H:%M UTC}" if pace.runs_out_at else "",
    ]
