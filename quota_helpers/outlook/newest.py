"""The newest rows of whatever holds readings, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from ..models import UsageSnapshot
from ..models.tidy import tidy_rows
from ..outcomes import Collection

_WANTED: Final = (
    "This is {}; what is wanted is a collection (source.collect()), a snapshot, several of them, "
    "or a frame (qh.to_frame(...))."
)


def newest(readings: Any) -> list[dict[str, Any]]:
    """The newest row of each account, limit and window, as plain values; every row has a key, if only the name.

    Two rows stay where one reading told of one window twice (in both slots); a slot of long ago does not.
    """
    rows = [row | {"account_key": row.get("account_key") or row.get("account") or "?"} for row in _rows(readings)]
    places = [(row["account_key"], row.get("limit"), row.get("window")) for row in rows]
    latest: dict[Any, datetime | None] = {}
    for place, row in zip(places, rows, strict=True):
        latest[place] = max(filter(None, (latest.get(place), row.get("fetched_at"))), default=None)
    told = zip(places, rows, strict=True)
    present = {(place, row.get("slot")): row for place, row in told if row.get("fetched_at") == latest[place]}
    return list(present.values())


def _rows(readings: Any) -> list[dict[str, Any]]:
    if hasattr(readings, "columns") and hasattr(readings, "to_dict"):
        return _frame_rows(readings)
    if isinstance(readings, Collection):
        readings = readings.snapshots
    snapshots = [readings] if isinstance(readings, UsageSnapshot) else readings
    if not isinstance(snapshots, Iterable) or isinstance(snapshots, str | bytes | dict):
        raise TypeError(_WANTED.format(type(readings).__name__))
    rows: list[dict[str, Any]] = []
    for snapshot in snapshots:
        if not isinstance(snapshot, UsageSnapshot):
            raise TypeError(_WANTED.format(f"a list with {type(snapshot).__name__}"))
        rows += tidy_rows(snapshot)
    return rows


def _frame_rows(frame: Any) -> list[dict[str, Any]]:
    """The newest rows of a frame. Pandas finds them, a history is long; without it there is no frame."""
    from ..frames import readings as checked  # noqa: PLC0415 - the command line has none, and loads no pandas

    rows = checked(frame, "readings")
    places = rows.groupby(["account_key", "limit", "window"], dropna=False, sort=False)["fetched_at"]
    latest = places.transform("max")
    rows = rows[latest.isna() | (rows["fetched_at"] == latest)]
    return [
        {name: value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value for name, value in row}
        for row in map(dict.items, rows.astype(object).where(rows.notna(), None).to_dict("records"))
    ]
