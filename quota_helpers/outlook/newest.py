"""The newest rows of whatever holds readings, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from ..models import UsageSnapshot
from ..models.tidy import tidy_rows
from ..outcomes import Collection
from ..times import Moment, moment

_WANTED: Final = (
    "This is {}; what is wanted is a collection (source.collect()), a snapshot, several of them, "
    "or a frame (qh.to_frame(...))."
)


def newest(readings: Any) -> list[dict[str, Any]]:
    """The newest row of each account, limit and window, as plain values: what is known of the present.

    Two rows stay where one reading told of one window twice (in both slots); a slot of long ago does not.
    """
    held: dict[tuple[Any, ...], dict[Any, dict[str, Any]]] = {}
    times: dict[tuple[Any, ...], Any] = {}
    for row in _rows(readings):
        place, when = (key_of(row), row.get("limit"), row.get("window")), row.get("fetched_at")
        if place in times and when is not None and times[place] is not None:
            if when < times[place]:
                continue
            if when > times[place]:
                held[place] = {}
        times[place] = when
        held.setdefault(place, {})[row.get("slot")] = row
    return [row for slots in held.values() for row in slots.values()]


def present(fetched: Iterable[datetime | None], now: Moment | None) -> datetime:
    """The present moment that is meant: a timedelta counts back from the latest time, which None means itself.

    Args:
        fetched: The readings' `fetched_at`.
        now: What was given as the present.

    Raises:
        TypeError, ValueError: As `times.moment`, or none of the readings has a time.

    >>> present([None, datetime(2026, 11, 22, 12)], None)
    datetime.datetime(2026, 11, 22, 12, 0)
    """
    last = max(filter(None, fetched), default=None)
    if now is not None:
        return moment(now, now=last, name="now")
    if last is None:
        raise ValueError("no reading says when it was made: give now=")
    return last


def key_of(row: dict[str, Any]) -> str:
    """Whose a row is: the account's key, its name where there is no key."""
    return row.get("account_key") or row.get("account") or "?"


def _rows(readings: Any) -> Iterable[dict[str, Any]]:
    if hasattr(readings, "columns") and hasattr(readings, "to_dict"):
        return _frame_rows(readings)
    if isinstance(readings, Collection):
        readings = readings.snapshots
    snapshots = [readings] if isinstance(readings, UsageSnapshot) else readings
    if not isinstance(snapshots, Iterable) or isinstance(snapshots, str | bytes | dict):
        raise TypeError(_WANTED.format(type(readings).__name__))
    return [row for snapshot in snapshots for row in _snapshot_rows(snapshot)]


def _snapshot_rows(snapshot: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(snapshot, UsageSnapshot):
        raise TypeError(_WANTED.format(f"a list with {type(snapshot).__name__}"))
    return tidy_rows(snapshot)


def _frame_rows(frame: Any) -> Iterable[dict[str, Any]]:
    """The newest rows of a frame. Pandas finds them, a history is long; without it there is no frame."""
    from ..frames import readings as checked  # noqa: PLC0415 - the command line has none, and loads no pandas

    rows = checked(frame, "readings")
    newest_at = rows.groupby(["account_key", "limit", "window"], dropna=False, sort=False)["fetched_at"].transform(
        "max"
    )
    present = rows[newest_at.isna() | (rows["fetched_at"] == newest_at)]
    return [
        {name: value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value for name, value in row}
        for row in map(dict.items, present.astype(object).where(present.notna(), None).to_dict("records"))
    ]
