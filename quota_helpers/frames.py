"""The tidy frame: one row per account, limit and window, the same columns wherever the reading came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from .bodies import replies_of
from .bodies.handover import WANTED
from .errors import BodyError
from .fields.reader import type_name
from .labels import Names, account_labels, choose, listed, of_kind
from .models import COLUMNS, RawReply, SpendLimit, UsageSnapshot
from .models.tidy import INVENTED_ORIGIN, INVENTED_SESSIONS, tidy_rows, whose
from .normalize import trace_body
from .outcomes import Collection
from .privacy import mask_identity
from .tables import frame_of
from .times import LENGTHS, TOLERANCE_SECONDS, Moment, moment, zone_of

CREDIT_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "plan": "str",
    "has_credits": "boolean",  # false does not mean exhausted
    "unlimited": "boolean",
    "balance": "float64",  # in the server's unit
    "overage_limit_reached": "boolean",
    "resets_available": "Int64",  # earned resets that wait to be used
    "resets_applicable": "Int64",  # how many of them could be used right now
    "fetched_at": "datetime64[us, UTC]",
}
"""Columns of `credits_frame`, name -> dtype."""

SPEND_COLUMNS: Final[dict[str, str]] = {
    "account": "str",
    "account_key": "str",
    "plan": "str",
    "limit": "str",  # "spend:individual", ...
    "cap": "float64",  # in the server's unit (it does not say which)
    "used": "float64",  # the same unit
    "remaining": "float64",  # the same unit
    "used_percent": "float64",
    "remaining_percent": "float64",
    "reset_at": "datetime64[us, UTC]",
    "source": "str",  # who set the cap, in the server's words
    "fetched_at": "datetime64[us, UTC]",
}
"""Columns of `spend_frame`, name -> dtype."""

NEEDED: Final = ("account_key", "limit", "window", "used_percent", "reset_at", "window_seconds", "fetched_at")
"""The columns without which a row is no reading."""

Integers = npt.NDArray[np.int64]

_MAKES_READINGS: Final = (
    "readings come from to_frame(anything), the .frame() of a History or the .windows of session logs"
)
_MAKES_TOKENS: Final = "tokens come from the .tokens of session logs or the .tokens() of a History"
_TIME: Final = "datetime64[us, UTC]"
_COUNTED: Final = ("input", "cached_input", "cache_write", "output", "reasoning", "total")
_TURN: Final = ("time", "session", "account_key", "model", *_COUNTED)  # what one turn is known by
_TIMELESS: Final = {"fetched_at": None, "resets_in": None, "state": "unknown"}
FIRST_ERROR: Final = 400  # of HTTP statuses

_EVERYWHERE: Final = (pd.Timestamp("0001-01-02", tz="UTC"), pd.Timestamp("9999-12-30", tz="UTC"))


def to_frame(anything: Any, *, fetched_at: Moment | None = None, reveal: bool = False) -> pd.DataFrame:
    """One row per account x limit x window, with the columns of `COLUMNS`; an empty frame keeps them all.

    A snapshot (and a limit) without windows keeps one row whose window is missing and whose state is "unknown";
    spend limits are rows with the window "monthly". `state` and `resets_in` are as of the row's `fetched_at`:
    see `frame_at` for another moment. Where nobody knows when a body was sent, `fetched_at` is missing, the state is
    unknown, and so is a reset that would count from it.

    Args:
        anything: A collection, snapshots, replies, payloads, text, a path, stored or loaded bodies, one of them or
            several; a history or session logs; or a frame of readings, which is checked.
        fetched_at: When bodies were sent that do not say so themselves.
        reveal: Whether `account` is the login's name as it is; else e-mail addresses in it are masked.

    Raises:
        BodyError: It is nothing of the kind, or cannot be read; the message says what is wanted.
        TypeError, ValueError: *fetched_at* is no moment, or a frame is none of readings.

    >>> body = {"rate_limit": {"primary_window": {"used_percent": 31, "limit_window_seconds": 18000}}}
    >>> to_frame(body, fetched_at="2026-11-22T12:00Z")[["limit", "window", "used_percent"]].to_numpy().tolist()
    [['codex', 'five_hour', 31.0]]
    """
    frame = _frame_of(anything)
    if frame is not None:
        return readings(frame, "anything")
    told = list(_told(anything, fetched_at))
    labels = _labels((snapshot for snapshot, _ in told), reveal=reveal)
    rows: list[dict[str, Any]] = []
    for snapshot, timed in told:
        known = {"account": labels.get(_whose(snapshot))}
        rows += ({**row, **known, **({} if timed else _TIMELESS)} for row in tidy_rows(snapshot))
    return frame_of(rows, COLUMNS)


def frame_at(frame: pd.DataFrame, now: Moment) -> pd.DataFrame:
    """A copy of the frame with `state` and `resets_in` as of *now* instead of each row's `fetched_at`.

    Args:
        frame: Readings, as `readings` takes them.
        now: A moment; a timedelta counts back from the newest reading.

    Raises:
        TypeError, ValueError: As `readings` and `times.moment`.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> frame = to_frame(demo_snapshots()[0])
    >>> frame_at(frame, "2100-01-01")["state"].unique().tolist()
    ['stale']
    """
    checked = readings(frame)
    return _as_of(checked, pd.Timestamp(present_of(checked, now)))


def present_of(frame: pd.DataFrame, now: Moment | None) -> datetime | None:
    """The present moment that is meant: a timedelta counts back from the newest reading, which None means itself.

    Raises:
        TypeError, ValueError: As `times.moment`.

    >>> present_of(to_frame(()), None) is None
    True
    """
    newest = frame["fetched_at"].max()
    last: datetime | None = None if pd.isna(newest) else newest.to_pydatetime()
    return last if now is None else moment(now, now=last, name="now")


def _as_of(frame: pd.DataFrame, moment: pd.Timestamp | pd.Series) -> pd.DataFrame:
    length = pd.to_timedelta(frame["window_seconds"], unit="s")
    in_time = frame["reset_at"] - moment
    over = frame["reset_at"].isna() & (moment - frame["fetched_at"] > length)
    off_anchor = (frame["reset_at"] - frame["fetched_at"] - length).abs()
    idle = (frame["used_percent"] <= 1) & (off_anchor <= pd.Timedelta(seconds=TOLERANCE_SECONDS))
    rules = [frame["used_percent"].isna(), (in_time <= pd.Timedelta(0)) | over, idle]
    state = np.select(rules, ["unknown", "stale", "not_started"], "current")
    return frame.assign(resets_in=in_time, state=pd.Series(state, index=frame.index, dtype="str"))


def local_times(frame: pd.DataFrame, tz: str | tzinfo | None = None) -> pd.DataFrame:
    """A copy of the frame with `reset_local` and `fetched_local` added, in the time zone *tz* (None: this machine's).

    Args:
        frame: Any frame with `reset_at` and `fetched_at`.
        tz: A name such as "Europe/Berlin", a tzinfo, or None.

    Raises:
        TypeError, ValueError: *frame* is no such frame, or *tz* no zone; the message says what is wanted.

    >>> local_times(to_frame(()), "Europe/Berlin")["reset_local"].dtype
    datetime64[us, Europe/Berlin]
    """
    zone = zone_of(tz)
    times = ("reset_at", "fetched_at")
    added = with_columns(frame, "frame", times, _MAKES_READINGS).copy()
    frame = added.assign(**{name: _as_column(added[name], _TIME, "frame") for name in times})
    for source, target in (("reset_at", "reset_local"), ("fetched_at", "fetched_local")):
        # On the calendar's first and last day some zone is already beyond it, and pandas could not even show the frame.
        added[target] = frame[source].where(frame[source].between(*_EVERYWHERE)).dt.tz_convert(zone)
    return added


# --- frames as arguments ---


def readings(frame: object, what: str = "frame") -> pd.DataFrame:
    """What a function that takes readings works on: the frame itself where it is as it should be, else a mended copy.

    Rows keep their number and order. A column that went through CSV, Parquet or pyarrow gets its dtype back, and one
    of `COLUMNS` that is absent is added: the account's key as its name, `state` and the like as of `fetched_at`.

    Args:
        frame: Readings; needed are `account_key, limit, window, used_percent, reset_at, window_seconds, fetched_at`.
        what: The argument's name, for the message.

    Raises:
        TypeError: It is no DataFrame; the message says which call makes one of what was given.
        ValueError: A column is missing, or holds something else than its name says; the message names it.

    >>> list(readings(to_frame(()).drop(columns=["plan", "slot"]))) == list(COLUMNS)
    True
    """
    checked = with_columns(frame, what, NEEDED, _MAKES_READINGS)
    changed = {
        name: _as_column(checked[name], dtype, what)
        for name, dtype in COLUMNS.items()
        if name in checked and str(checked[name].dtype) != dtype
    }
    used = changed.get("used_percent", checked["used_percent"])
    if np.isinf(used).any():
        changed["used_percent"] = used.mask(np.isinf(used))  # as from the wire: no number, so unknown
    absent = [name for name in COLUMNS if name not in checked]
    if not (changed or absent):
        return checked
    mended = checked.assign(**changed)
    if not absent:
        return mended
    mended["account"] = mended.get("account", mended["account_key"])
    mended["remaining_percent"] = mended.get("remaining_percent", (100 - mended["used_percent"]).clip(lower=0))
    if "state" in absent or "resets_in" in absent:
        derived = _as_of(mended, mended["fetched_at"])
        mended = mended.assign(**{name: derived[name] for name in ("state", "resets_in") if name in absent})
    for name in absent:
        if name not in mended:
            mended[name] = pd.Series(pd.NA, index=mended.index, dtype=object).astype(COLUMNS[name])
    return mended[[*COLUMNS, *(name for name in checked if name not in COLUMNS)]]


def counts(tokens: object, what: str = "tokens") -> pd.DataFrame:
    """The same for a frame of tokens, one row a turn; needed are `time, account_key, model, total`.

    A turn that stands there twice (frames of logs and of a history that were joined) is one, a turn without a time is
    none, and a count below 0 is missing.

    Raises:
        TypeError, ValueError: As `readings`.

    >>> turn = pd.DataFrame({"time": ["2026-11-20T10:00Z"], "account_key": "a1", "model": "gpt-5.6", "total": 1200})
    >>> len(counts(pd.concat([turn, turn, turn.assign(total=900), turn.assign(time=None)])))
    2
    """
    checked = with_columns(tokens, what, ("time", "account_key", "model", "total"), _MAKES_TOKENS)
    changed = {} if str(checked["time"].dtype) == _TIME else {"time": _as_column(checked["time"], _TIME, what)}
    for name in checked.columns.intersection(_COUNTED):
        column = _as_column(checked[name], "int64" if checked[name].notna().all() else "float64", what)
        below = column < 0
        if below.any() or column.dtype != checked[name].dtype:
            changed[name] = column.mask(below) if below.any() else column
    checked = checked.assign(**changed) if changed else checked
    keep = checked["time"].notna().to_numpy(copy=True)
    same = np.flatnonzero(checked["time"].duplicated(keep=False))
    keep[same[checked.iloc[same][checked.columns.intersection(_TURN)].duplicated().to_numpy()]] = False
    return checked if keep.all() else checked[keep]


def keys_of(frame: pd.DataFrame, accounts: Names) -> list[str] | None:
    """The account keys that names, labels or keys mean in a frame; None for all, and where there is nobody to choose.

    Raises:
        TypeError, ValueError: As `labels.choose`.
    """
    if listed(accounts) is None or frame.empty:
        return None
    columns = [name for name in ("account_key", "account") if name in frame]
    known: dict[str, list[str]] = {}
    for row in frame[columns].drop_duplicates().itertuples(index=False):
        called = [str(value) for value in row if not pd.isna(value)]
        if called:
            known.setdefault(called[0], []).extend(called[1:] or called)
    return choose(accounts, known, mask=mask_identity)


def chosen(frame: pd.DataFrame, accounts: Names = None, windows: Names = None, limits: Names = None) -> pd.DataFrame:
    """The rows of the accounts, windows and limits that are asked for; None means all.

    Args:
        frame: As `readings` returns it.
        accounts: Names, labels or keys.
        windows: Names of windows; one that is known by its length may be asked for where no reading has it.
        limits: Ids of limits, or the server's names for them; so may the account's own, "codex".

    Raises:
        TypeError, ValueError: As `labels.choose`.

    >>> chosen(to_frame(()), windows="weekly").empty
    True
    """
    if (keys := keys_of(frame, accounts)) is not None:
        frame = frame[frame["account_key"].fillna(frame["account"]).isin(keys)]
    if windows is not None:
        frame = frame[frame["window"].isin(chosen_windows(windows, frame["window"].dropna().unique()))]
    if limits is not None:
        pairs = frame[["limit", "limit_name"]].dropna(subset="limit").drop_duplicates()
        named = {limit: None if pd.isna(name) else name for limit, name in pairs.itertuples(index=False)}
        frame = frame[frame["limit"].isin(chosen_limits(limits, named))]
    return frame


def chosen_windows(wanted: Names, there: Iterable[str]) -> list[str]:
    """The names of windows that are meant, of those that are there or known by their length; raises as `choose`."""
    return choose(wanted, {name: (name.replace("_", " "),) for name in (*LENGTHS, *there)}, "window")


def chosen_limits(wanted: Names, there: Mapping[str, str | None]) -> list[str]:
    """The ids of limits that are meant, of those that are there (id -> the server's name) or the own; raises alike."""
    known = {"codex": ("codex",)} | {limit: (name, limit.replace("_", " ")) for limit, name in there.items()}
    return choose(wanted, known, "limit")


def with_columns(given: object, what: str, needed: Sequence[str], makes: str) -> pd.DataFrame:
    """What was given, which is a frame that has the columns that are needed; *makes* says which call makes one.

    Raises:
        TypeError: It is no DataFrame.
        ValueError: A column is missing; the message names it.

    >>> with_columns(pd.DataFrame({"a": [1]}), "frame", ["b"], "qh.cycles makes one")
    Traceback (most recent call last):
    ValueError: frame has no column b: qh.cycles makes one
    """
    frame = of_kind(given, pd.DataFrame, what, f"a DataFrame: {makes}")
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise ValueError(f"{what} has no column {', '.join(missing)}: {makes}")
    return frame


def _as_column(column: pd.Series, dtype: str, what: str) -> pd.Series:
    """The values with another dtype.

    Raises:
        ValueError: They are something else; the message names the column and the first row that is.
    """
    try:
        return _CONVERTED.get(dtype, pd.to_numeric)(column).astype(dtype)
    except (TypeError, ValueError, OverflowError) as error:
        reason = mask_identity(str(error).partition("\n")[0]) or type(error).__name__
    raise ValueError(f"{what}: the column {column.name} holds {column.dtype} that cannot be read as {dtype} ({reason})")


def _to_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column.dtype):  # a key of digits, read from CSV
        return column.astype("Int64").astype("string") if column.notna().any() else column.astype(object)
    return column


def _to_time(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_dtype(column.dtype) and column.notna().any():
        raise ValueError("it has no time zone: give it one with .dt.tz_localize")
    if pd.api.types.is_numeric_dtype(column.dtype) and column.notna().any():
        raise ValueError("numbers are no times: read them with pd.to_datetime(..., unit=..., utc=True)")
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC")
    return pd.to_datetime(column.astype(object), utc=True, format="ISO8601").dt.as_unit("us")


def _to_span(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column.dtype):  # as `History.export` writes them
        return pd.to_timedelta(column, unit="s")
    return pd.to_timedelta(column.astype(object))


def _to_truth(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column.dtype):
        return column
    words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
    return column.astype(object).map(lambda value: words.get(str(value).strip().lower(), value)).astype("boolean")


_CONVERTED: Final[dict[str, Callable[[pd.Series], pd.Series]]] = {
    "str": _to_text,
    "boolean": _to_truth,
    _TIME: _to_time,
    "timedelta64[us]": _to_span,
}


def is_demo(frame: pd.DataFrame) -> bool:
    """Whether any row is invented: readings of the demo's accounts, or turns and readings of its session logs."""
    if "origin" in frame and bool((frame["origin"] == INVENTED_ORIGIN).any()):
        return True
    sessions = frame["session"].dropna().unique().tolist() if "session" in frame else []
    return any(str(session).startswith(INVENTED_SESSIONS) for session in sessions)


def micros(times: pd.Series) -> Integers:
    """Whole microseconds since 1970 of a column of aware times; missing ones are `times.MISSING`.

    >>> micros(pd.Series(pd.to_datetime(["1970-01-01T00:00:01Z"])))
    array([1000000])
    """
    aware = times if isinstance(times.dtype, pd.DatetimeTZDtype) else pd.to_datetime(times, utc=True)
    numbers: Integers = aware.dt.tz_convert(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    return numbers


def credits_frame(anything: Any, *, reveal: bool = False) -> pd.DataFrame:
    """One row per account that has credits or earned resets, with the columns of `CREDIT_COLUMNS`.

    Args:
        anything: A collection, snapshots, replies: as in `to_frame`, but no frame.
        reveal: As in `to_frame`.

    >>> credits_frame(()).columns[3]
    'has_credits'
    """
    told = [one for one in _snapshots(anything, reveal=reveal) if one.credits or one.reset_credits]
    return frame_of(map(_credit_row, told), CREDIT_COLUMNS)


def spend_frame(anything: Any, *, reveal: bool = False) -> pd.DataFrame:
    """One row per account and spending cap, with the columns of `SPEND_COLUMNS`; the arguments as in `credits_frame`.

    >>> spend_frame(()).columns[4:7].tolist()
    ['cap', 'used', 'remaining']
    """
    told = _snapshots(anything, reveal=reveal)
    return frame_of((_spend_row(one, cap) for one in told for cap in one.spend_limits), SPEND_COLUMNS)


def _frame_of(anything: Any) -> Any:
    """The frame in what holds readings: itself, a history's, session logs'."""
    if isinstance(anything, pd.DataFrame):
        return anything
    if callable(getattr(anything, "frame", None)):
        return anything.frame()
    windows = getattr(anything, "windows", None)
    return windows if isinstance(windows, pd.DataFrame) else None


def _told(anything: Any, fetched_at: Moment | None) -> Iterator[tuple[UsageSnapshot, bool]]:
    """Every snapshot in what was handed over, and whether the time of its reading is known."""
    if isinstance(anything, Collection):
        yield from ((snapshot, True) for snapshot in anything.snapshots)
    elif isinstance(anything, UsageSnapshot):
        yield anything, True
    elif isinstance(anything, Iterable) and not isinstance(anything, str | bytes | bytearray | Mapping):
        for item in anything:
            yield from _told(item, fetched_at)
    else:
        moment_known = None if fetched_at is None else moment(fetched_at, name="fetched_at")
        for reply in replies_of(anything):
            yield from _read(reply, moment_known)


def _read(reply: RawReply, fetched_at: datetime | None) -> Iterator[tuple[UsageSnapshot, bool]]:
    """What a body says; an error reply that says nothing of any limit gives nothing."""
    if reply.status is None and not isinstance(reply.payload, Mapping):
        raise BodyError(f"a usage body is a JSON object, not {type_name(reply.payload)}.", hint=WANTED)
    read = trace_body(reply.payload, fetched_at=reply.fetched_at or fetched_at)
    account = reply.account or reply.name or None
    snapshot = replace(read.snapshot, account=account, account_key=reply.account_key)
    if reply.status is None or reply.status < FIRST_ERROR or snapshot.windows or snapshot.limits:
        yield snapshot, read.fetched_at is not None


def _whose(snapshot: UsageSnapshot) -> str:
    return snapshot.account_key or snapshot.account or ""


def _labels(snapshots: Iterable[UsageSnapshot], *, reveal: bool = False) -> dict[str, str]:
    """Key -> label of every account that has a name or a key."""
    names = {_whose(snapshot): snapshot.account for snapshot in snapshots}
    names.pop("", None)
    return account_labels(names, None if reveal else mask_identity)


def _snapshots(anything: Any, *, reveal: bool) -> list[UsageSnapshot]:
    """Those whose time is known, each with its account's label as its account."""
    told = [snapshot for snapshot, timed in _told(anything, None) if timed]
    labels = _labels(told, reveal=reveal)
    return [replace(snapshot, account=labels.get(_whose(snapshot))) for snapshot in told]


def _credit_row(snapshot: UsageSnapshot) -> dict[str, Any]:
    names = ("has_credits", "unlimited", "balance", "overage_limit_reached")
    resets = snapshot.reset_credits
    return {
        **whose(snapshot),
        **{name: getattr(snapshot.credits, name, None) for name in names},
        "resets_available": resets and resets.available_count,
        "resets_applicable": resets and resets.applicable_available_count,
    }


def _spend_row(snapshot: UsageSnapshot, spend: SpendLimit) -> dict[str, Any]:
    names = ("used", "remaining", "used_percent", "remaining_percent", "reset_at", "source")
    known = {"limit": spend.limit_id, "cap": spend.limit}
    return whose(snapshot) | known | {name: getattr(spend, name) for name in names}
