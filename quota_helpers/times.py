"""Moments and lengths: microseconds since 1970, what a window's length is called, how people say a time.

Every function here is pure: the clock is somebody else's. Neither pandas nor numpy is loaded.
"""

from __future__ import annotations

import functools
import math
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from .labels import advice

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
FIVE_HOURS: Final = 5 * HOUR
WEEK: Final = 7 * DAY
MONTH: Final = 30 * DAY
MONTHS: Final = (28 * DAY, 31 * DAY)
"""The shortest and the longest month, in seconds: a window between them is monthly."""

TOLERANCE_SECONDS: Final = 60
"""The official client rounds lengths up to minutes, so 18 001 s is still five hours."""

LENGTHS: Final = {"five_hour": float(FIVE_HOURS), "daily": float(DAY), "weekly": float(WEEK), "monthly": float(MONTH)}
"""The windows that have a name of their own -> their usual length in seconds, from short to long."""

SECOND: Final = 1_000_000
"""Microseconds of a second: times in numbers are whole microseconds since 1970, UTC."""
MISSING: Final = -(1 << 63)
"""A time in numbers that is not known; numpy and pandas read it as NaT."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_ABOVE: Final = 1e11
"""An epoch beyond this (the year 5138 in seconds) counts milliseconds."""

Moment = datetime | timedelta | str
"""What a moment may be given as: an aware datetime or pandas Timestamp, ISO 8601 text, or a timedelta back from now."""

_UNITS: Final = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_MICROSECOND: Final = timedelta(microseconds=1)
_WANTED: Final = 'an aware datetime, an ISO 8601 text ("2026-11-22T12:00Z") or a timedelta back from now'


# --- moments as numbers ---


def micros(when: datetime) -> int:
    """Whole microseconds since 1970 of an aware time.

    >>> micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (when - EPOCH) // _MICROSECOND


def from_micros(number: int) -> datetime:
    """The moment (aware, UTC) of whole microseconds since 1970.

    Raises:
        OverflowError: No calendar holds it.

    >>> from_micros(1_000_000)
    datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)
    """
    return EPOCH + timedelta(microseconds=number)


def from_epoch(number: float, *, milliseconds: bool = True) -> datetime | None:
    """The moment (aware, UTC) of seconds since 1970; None for what no calendar holds, NaN and negative numbers.

    Args:
        number: Seconds; a number above 10^11 counts milliseconds.
        milliseconds: False: it counts seconds, however large.

    >>> from_epoch(1_000_000_000) == from_epoch(1_000_000_000_000)
    True
    """
    if not number >= 0:  # NaN is not
        return None
    try:
        return EPOCH + timedelta(seconds=number / 1000 if milliseconds and number > MILLISECONDS_ABOVE else number)
    except OverflowError:
        return None


def from_iso(text: str) -> datetime:
    """The moment (aware, UTC) of an ISO 8601 text; without a zone it is in UTC.

    Raises:
        ValueError: It is none, or lies beyond the calendar.

    >>> from_iso("2026-11-22")
    datetime.datetime(2026, 11, 22, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        when = datetime.fromisoformat(text.strip())
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text.strip()!r} lies beyond the calendar") from None


def moment(value: Any, *, now: datetime | None = None, name: str = "since") -> datetime:
    """The one standard of a moment that is handed in: an aware time in UTC.

    Args:
        value: An aware datetime or pandas Timestamp, ISO 8601 text (without a zone: UTC), or a timedelta back from now.
        now: What a timedelta counts back from (aware).
        name: What the argument is called, for the message.

    Raises:
        TypeError: It is nothing of the kind.
        ValueError: It has no time zone, is no time at all, or counts back from a now that is not known.

    >>> moment("2026-11-22T13:00+01:00") == moment(timedelta(hours=1), now=datetime(2026, 11, 22, 13, tzinfo=UTC))
    True
    """
    try:
        if isinstance(value, datetime):
            if math.isnan(value.year):  # pandas' NaT is a datetime as well
                raise ValueError(f"{name} is no time: {value!r}. Give {_WANTED}")
            if value.utcoffset() is None:
                raise ValueError(f"{name} has no time zone: {value!r}. Give an aware time, such as datetime.now(UTC)")
            plain = getattr(value, "to_pydatetime", None)
            return (plain(warn=False) if plain else value).astimezone(UTC)
        if isinstance(value, timedelta):
            if now is None:
                wanted = "give an aware datetime or a text"
                raise ValueError(f"{name} counts back from now, which is not known here: {wanted}")
            return (now - value).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} lies beyond the calendar") from None
    if isinstance(value, str):
        try:
            return from_iso(value)
        except ValueError:
            raise ValueError(f"{name} is no ISO 8601 time: {value!r}. Give {_WANTED}") from None
    raise TypeError(f"{name} is {type(value).__name__} instead of {_WANTED}")


def bounds(
    since: Moment | None, until: Moment | None, *, now: Moment | None = None, newest: int | None = None
) -> tuple[int | None, int | None]:
    """From (included) and to (excluded) in microseconds since 1970; None where there is no bound.

    A timedelta counts back from *now*, else from *newest*, which is in microseconds.

    Raises:
        TypeError, ValueError: As `moment`.

    >>> bounds(timedelta(seconds=1), None, newest=3_000_000)
    (2000000, None)
    """
    present = moment(now, name="now") if now is not None else None if newest is None else from_micros(newest)
    low = None if since is None else micros(moment(since, now=present, name="since"))
    return low, None if until is None else micros(moment(until, now=present, name="until"))


# --- lengths of windows ---


def window_name(seconds: float) -> str:
    """The stable name of a window of this length: a known one within 60 s, else its largest exact unit.

    >>> window_name(18_001), window_name(2_628_000), window_name(32_400), window_name(900)
    ('five_hour', 'monthly', '9h', '15min')
    """
    for name, length in LENGTHS.items():
        if name != "monthly" and abs(seconds - length) <= TOLERANCE_SECONDS:
            return name
    if MONTHS[0] - TOLERANCE_SECONDS <= seconds <= MONTHS[1] + TOLERANCE_SECONDS:
        return "monthly"
    for unit, suffix in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:.0f}{suffix}"
    return f"{seconds:.15g}s"


# --- time zones ---

LOCAL: Final = "local"


@functools.cache
def zone_names() -> tuple[str, ...]:
    """The words "local" and "UTC", then every zone of the IANA database by name."""
    from zoneinfo import available_timezones  # noqa: PLC0415  # most runs need no zone database

    return (LOCAL, "UTC", *sorted(available_timezones() - {"UTC", "localtime"}))


def zone_name(text: str) -> str:
    """The proper name of what was typed: case and blanks do not matter.

    Raises:
        ValueError: There is no such zone; the message names some that sound like it.

    >>> zone_name(" europe/berlin")
    'Europe/Berlin'
    """
    wanted = text.strip().replace(" ", "_").casefold()
    for name in zone_names():
        if name.casefold() == wanted:
            return name
    hint = advice(wanted, zone_names(), most=3, listed=0) or "Try UTC, local or a name such as Europe/Berlin."
    raise ValueError(f"There is no time zone {text.strip()!r}. {hint}")


def zone_of(tz: str | tzinfo | None) -> tzinfo:
    """The time zone that an argument means: a name, a tzinfo, or None for this machine's.

    Raises:
        TypeError: It is neither.
        ValueError: There is no zone of that name; the message suggests some.

    >>> zone_of("utc") is UTC
    True
    """
    if isinstance(tz, tzinfo):
        return tz
    if not (tz is None or isinstance(tz, str)):
        raise TypeError(f"tz is {type(tz).__name__} instead of a zone's name, a tzinfo or None")
    name = LOCAL if tz is None else zone_name(tz)
    if name == LOCAL:
        from dateutil.tz import tzlocal  # noqa: PLC0415  # most runs need no zone at all

        # Not today's fixed offset: a reset can lie beyond a change of daylight saving.
        here: tzinfo = tzlocal()
        return here
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # the same

    return ZoneInfo(name)


# --- how people say it ---


def duration(span: timedelta | None) -> str:
    """A span in its two largest units: "3 d 22 h", "4 h 10 m", "40 m"; "" for None. The sign is left out.

    >>> duration(timedelta(days=3, hours=22, minutes=59)), duration(timedelta(seconds=30))
    ('3 d 22 h', '< 1 m')
    """
    if span is None:
        return ""
    minutes = int(abs(span).total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours:02d} h"
    if hours:
        return f"{hours} h {minutes % 60:02d} m"
    return f"{minutes} m" if minutes else "< 1 m"


def span(text: str) -> timedelta:
    """A length of time as people write it: "10m", "3h", "1d 12h", "90s"; each number has its unit.

    Raises:
        ValueError: It is none, or nothing at all.

    >>> span("10m"), span("1d12h")
    (datetime.timedelta(seconds=600), datetime.timedelta(days=1, seconds=43200))
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip().lower())
    if re.sub(r"(\d+(?:\.\d+)?)\s*([smhdw])\s*", "", text.strip().lower()) or not parts:
        raise ValueError(f"{text!r} is no length of time: write 10m, 3h or 1d 12h")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 0 < seconds <= 366 * DAY:
        raise ValueError(f"{text!r} is no length of time between a second and a year")
    return timedelta(seconds=seconds)


def wait(span: timedelta | None) -> str:
    """The same with its direction: "in 4 h 10 m", "40 m ago"; "" for None.

    >>> wait(timedelta(hours=4, minutes=10)), wait(timedelta(minutes=-40))
    ('in 4 h 10 m', '40 m ago')
    """
    if span is None:
        return ""
    return f"{duration(span)} ago" if span < timedelta(0) else f"in {duration(span)}"


def local_time(when: datetime, zone: tzinfo | None = None, *, named: bool = True, form: str = "%a %d %b %H:%M") -> str:
    """A moment in a zone (None: this machine's), to the minute, by default with the zone's name.

    >>> local_time(datetime(2026, 11, 22, 12, tzinfo=UTC), UTC)
    'Sun 22 Nov 12:00 UTC'
    """
    pattern = f"{form} %Z" if named else form
    try:
        return when.astimezone(zone).strftime(pattern)
    except (NotImplementedError, OverflowError, OSError, ValueError):
        # The calendar's ends, and years that a system's own zone refuses (Windows: beyond 3000): the instant is fine.
        return when.astimezone(UTC).strftime(pattern)
