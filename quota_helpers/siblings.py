"""What the backend says beside the usage, as frames: earned resets, past windows as it accounts them, tokens a day.

The bodies come with `collection.beside` (earned resets) or from `source.beside(...)`. Their forms were mostly not seen
live, so each is read as tolerantly as a usage body: what is missing or odd is missing in its row, and costs no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple, TypeVar

import pandas as pd

from .fields.aliases import fold
from .fields.reader import MismatchError, to_boolean, to_count, to_instant, to_minutes, to_number, to_seconds, to_text
from .labels import account_labels
from .models import RawReply
from .outcomes import Collection
from .privacy import mask_identity
from .tables import frame_of
from .times import local_time, window_name, zone_of

INVENTED_IDS: Final = ("period-demo-", "reset-demo-")
"""What the demo's ids begin with."""

_SAME_RESET: Final = timedelta(minutes=10)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

_WANTED: Final = (
    "a collection (source.collect()), replies or payloads of what stands beside the usage (source.beside(...))"
)

Told = Collection | RawReply | Iterable[Any] | Mapping[str, Any]
Value = TypeVar("Value")

_TIME: Final = "datetime64[us, UTC]"
_WHO: Final = {"account": "str", "account_key": "str"}

PERIOD_COLUMNS: Final[dict[str, str]] = _WHO | {
    "window": "str",
    "window_seconds": "float64",
    "plan": "str",
    "starts_at": _TIME,
    "ends_at": _TIME,
    "used_percent": "float64",  # to hundredths; missing: the server does not know
    "accounting_complete": "boolean",
    "approximate": "boolean",
    "coverage_start": _TIME,
    "coverage_complete": "boolean",
    "data_as_of": _TIME,
    "boundary_tolerance_seconds": "float64",
    "id": "str",
}
"""Columns of `plan_periods`, name -> dtype; the server's word about its own coverage stands in every row."""

BREAKDOWN_COLUMNS: Final[dict[str, str]] = _WHO | {
    "window": "str",
    "starts_at": _TIME,
    "dimension": "str",  # model, surface, thread_source, turn_trigger, or another word of the server
    "key": "str",
    "percent": "float64",  # of the window, to hundredths
    "id": "str",  # of the period
}
"""Columns of `plan_breakdowns`, name -> dtype."""

TOKEN_DAY_COLUMNS: Final[dict[str, str]] = _WHO | {"day": "datetime64[us]", "tokens": "Int64"}
"""Columns of `account_tokens`, name -> dtype; days are the server's own."""


class EarnedReset(NamedTuple):
    """One earned reset, as the server lists it. It is never used up from here. What is None is not said."""

    account: str | None  # label of the account
    account_key: str | None
    status: str | None  # "available", "redeeming", "redeemed" or another word
    granted_at: datetime | None  # when it was earned (aware, UTC)
    expires_at: datetime | None  # when it lapses (aware, UTC); None: it does not, or nobody says
    reset_type: str | None  # what it resets, in the server's word
    title: str | None  # for people, as the description
    description: str | None
    id: str | None  # the server's


RESET_COLUMNS: Final[dict[str, str]] = {name: _TIME if name.endswith("_at") else "str" for name in EarnedReset._fields}
"""Columns of `resets_frame`, name -> dtype; of a reset that does not lapse `expires_at` is missing."""


def earned_resets(told: Told) -> tuple[EarnedReset, ...]:
    """Every earned reset of the replies, soonest to lapse first.

    >>> earned_resets({"credits": [{"status": "available", "expires_at": "2026-12-01T00:00:00Z"}]})[0].status
    'available'
    """
    found = [
        _reset(body, item)
        for body in _bodies(told)
        for item in _items(_inside(body.payload, "rate_limit_reset_credits"), "credits")
    ]
    return tuple(sorted(found, key=lambda one: (one.expires_at is None, one.expires_at or _NEVER)))


def resets_in_words(collection: Collection, *, tz: str | tzinfo | None = None) -> dict[str, str]:
    """Account key -> "2 earned resets, the first lapses Tue 1 Dec", for each account that has some.

    How many there are is the usage's word; when the first one lapses is left out where nobody says.

    Args:
        collection: One run.
        tz: The zone of the day.
    """
    zone, said = zone_of(tz), {}
    listed = earned_resets(collection)
    for snapshot in collection.snapshots:
        count = snapshot.reset_credits.available_count if snapshot.reset_credits else None
        if not count or snapshot.account_key is None:
            continue
        mine = [one for one in listed if one.account_key == snapshot.account_key and one.status == "available"]
        lapse = next((one.expires_at for one in mine if one.expires_at is not None), None)
        day = "" if lapse is None else local_time(lapse, zone, named=False, form="%a %d %b").replace(" 0", " ")
        first = "it lapses" if count == 1 else "the first lapses"
        said[snapshot.account_key] = f"{count} earned reset{'' if count == 1 else 's'}{day and f', {first} {day}'}"
    return said


def resets_frame(told: Told) -> pd.DataFrame:
    """One row per earned reset, with the columns of `RESET_COLUMNS`; see `earned_resets`.

    Args:
        told: A `Collection` (its `beside`), replies, or payloads of `rate-limit-reset-credits`; the official client's
            answer holds the same.

    >>> body = {"credits": [{"status": "available", "expires_at": "2026-12-01T00:00:00Z"}]}
    >>> resets_frame(body)["expires_at"].astype(str).tolist()
    ['2026-12-01 00:00:00+00:00']
    """
    return frame_of((one._asdict() for one in earned_resets(told)), RESET_COLUMNS)


def plan_periods(told: Told) -> pd.DataFrame:
    """One row per past or running window as the server accounts it, on all machines: `PERIOD_COLUMNS`.

    Beside `cycles`, which knows only what was looked at: where both know a window, show both.
    """
    return frame_of(
        (_who(body) | _period(body, period) for body in _bodies(told) for period in _items(body.payload, "periods")),
        PERIOD_COLUMNS,
    )


def plan_breakdowns(told: Told) -> pd.DataFrame:
    """One row per period, dimension and key of `plan_periods` where the server breaks a window down."""
    rows = (
        {
            **whole,
            "dimension": _take(part, to_text, "dimension"),
            "key": _take(row, to_text, "key"),
            "percent": _percent(row, "basis_points"),
        }
        for body in _bodies(told)
        for period in _items(body.payload, "periods")
        for whole in (_who(body) | _period(body, period),)
        for part in _items(period, "breakdowns")
        for row in _items(part, "rows")
    )
    return frame_of(rows, BREAKDOWN_COLUMNS)


def account_tokens(told: Told) -> pd.DataFrame:
    """Tokens a day of the whole account, on whatever machine and surface: `TOKEN_DAY_COLUMNS`."""
    rows = (
        _who(body) | {"day": _day(bucket), "tokens": _take(bucket, to_count, "tokens")}
        for body in _bodies(told)
        for holder in (_inside(body.payload, "stats"),)
        for bucket in _items(holder, "daily_usage_buckets")
    )
    return frame_of((row for row in rows if row["day"] is not None), TOKEN_DAY_COLUMNS)


def elsewhere(account: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    """The account's tokens a day beside this machine's; the difference is what other machines and surfaces used.

    Args:
        account: From `account_tokens`.
        here: `account_key`, `time` (aware) and `total` of this machine's turns, as session logs have them.

    Returns:
        `account_tokens`' columns, with `here` and `elsewhere`; days are UTC. A negative difference is kept: the server
        counts late, and by days of its own.
    """
    days = here["time"].dt.tz_convert(None).dt.floor("D").astype("datetime64[us]")
    spent = here.assign(day=days).groupby(["account_key", "day"], as_index=False)["total"].sum()
    both = account.merge(spent.rename(columns={"total": "here"}), on=["account_key", "day"], how="left")
    both["here"] = both["here"].fillna(0).astype("Int64")
    return both.assign(elsewhere=both["tokens"] - both["here"])


def is_invented(frame: pd.DataFrame) -> bool:
    """Whether any row is the demo's: its ids say so."""
    return bool(frame["id"].str.startswith(INVENTED_IDS).any())


def compare_periods(periods: pd.DataFrame, cycles: pd.DataFrame) -> pd.DataFrame:
    """The server's own account of each window beside the cycle that was seen: one row per period.

    Args:
        periods: From `plan_periods`.
        cycles: From `cycles`, of the accounts' own limit.

    Returns:
        `account, account_key, window, starts_at, ends_at, used_percent` (the server's, to hundredths), `peak_used` (the
        most that was seen; missing where nobody looked), `difference` in points, and `seen_end`, how the cycle ended. A
        difference is no fault of either: readings are whole percents, and the server says itself how exact it is.
    """
    own = cycles[cycles["limit"] == "codex"][["account_key", "window", "reset_at", "peak_used", "end"]]
    mine = periods.dropna(subset=["ends_at"]).sort_values("ends_at")
    both = pd.merge_asof(
        mine,
        own.dropna(subset=["reset_at"]).sort_values("reset_at").rename(columns={"end": "seen_end"}),
        left_on="ends_at",
        right_on="reset_at",
        by=["account_key", "window"],
        direction="nearest",
        tolerance=_SAME_RESET,
    )
    both = both.assign(difference=both["used_percent"] - both["peak_used"])
    names = ["account", "account_key", "window", "starts_at", "ends_at", "used_percent", "peak_used", "difference"]
    return both[[*names, "seen_end"]].sort_values(["account_key", "window", "ends_at"], ignore_index=True)


def _reset(body: RawReply, item: Mapping[str, Any]) -> EarnedReset:
    row: dict[str, Any] = {name: _take(item, to_text, name) for name in EarnedReset._fields[2:]}
    row |= {name: _take(item, to_instant, name) for name in ("granted_at", "expires_at")}
    return EarnedReset(**(row | _who(body)))


def _period(body: RawReply, period: Mapping[str, Any]) -> dict[str, Any]:
    seconds = _take(period, to_minutes, "window_minutes")
    return {
        "window": None if seconds is None else window_name(seconds),
        "window_seconds": seconds,
        "plan": _take(period, to_text, "plan_type"),
        **{name: _take(period, to_instant, name) for name in ("starts_at", "ends_at")},
        "used_percent": _percent(period, "used_basis_points"),
        "accounting_complete": _take(period, to_boolean, "accounting_complete"),
        **{name: _take(body.payload, to_boolean, name) for name in ("approximate", "coverage_complete")},
        **{name: _take(body.payload, to_instant, name) for name in ("coverage_start", "data_as_of")},
        "boundary_tolerance_seconds": _take(body.payload, to_seconds, "boundary_tolerance_seconds"),
        "id": _take(period, to_text, "id"),
    }


def _percent(payload: Mapping[str, Any], name: str) -> float | None:
    """Percent from the server's hundredths."""
    hundredths = _take(payload, to_number, name)
    return None if hundredths is None else hundredths / 100


def _bodies(told: Told) -> list[RawReply]:
    """What was handed in as bodies with their accounts; names are labels, told apart by their keys."""
    given = [*told.beside.values(), *told.replies.values()] if isinstance(told, Collection) else _each(told)
    found = [one if isinstance(one, RawReply) else RawReply(payload=one) for one in given]
    labels = account_labels({body.account_key: body.account for body in found if body.account_key}, mask_identity)
    return [replace(body, account=labels.get(body.account_key or "", body.account)) for body in found]


def _who(body: RawReply) -> dict[str, str | None]:
    return {"account": body.account, "account_key": body.account_key}


def _each(told: Any) -> list[Any]:
    if isinstance(told, RawReply | Mapping):
        return [told]
    if isinstance(told, str | bytes | pd.DataFrame) or not isinstance(told, Iterable):
        raise TypeError(f"told is {type(told).__name__} instead of {_WANTED}")
    items = list(told)
    # A bare list of earned resets is one body.
    return [items] if items and all(isinstance(item, dict) and "status" in item for item in items) else items


def _inside(payload: Any, name: str) -> Any:
    """The object of that name where there is one, else the payload itself."""
    held = _value(payload, name)
    return payload if held is None else held


def _items(payload: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of the list of that name; of a bare list, its own."""
    held = payload if isinstance(payload, list) else _value(payload, name)
    return [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []


def _take(payload: Any, convert: Callable[[Any], Value], name: str) -> Value | None:
    """The value of that name; None when it is missing, null, or not of its kind."""
    value = _value(payload, name)
    try:
        return None if value is None else convert(value)
    except MismatchError:
        return None


def _value(payload: Any, name: str) -> Any:
    """The value of that name as it was sent, however the name is spelled; None when it is missing or null."""
    pairs = payload.items() if isinstance(payload, dict) else ()
    return next((value for key, value in pairs if value is not None and fold(key) == fold(name)), None)


def _day(bucket: Mapping[str, Any]) -> datetime | None:
    when = _take(bucket, to_instant, "start_date")
    return None if when is None else when.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
