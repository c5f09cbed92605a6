"""What one line of a session log says, as typed values.

Types say what a usual line is; whatever does not fit them takes the lenient way (`counts_of`, `parse`), and limits in
another form are left to `normalize`. Worker processes load this file without the rest of the package.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TOO_MANY: Final = 1 << 53
EARLIEST: Final = 1_262_304_000_000_000  # 2010 and 2100 in microseconds: a line from outside has no time
LATEST: Final = 4_102_444_800_000_000

Counts = tuple[int, int, int, int, int, int]
"""Tokens: input, of it cached, of it written to the cache, output, of it reasoning, total."""

Count = Annotated[int, Meta(ge=0, lt=_TOO_MANY)]
Seconds = Annotated[int, Meta(gt=1_000_000_000, lt=10_000_000_000)]  # 2001 to 2286
Length = Annotated[int, Meta(ge=0, lt=10_000_000)]  # 115 days in seconds, 19 years in minutes


class Usage(Struct, gc=False, kw_only=True):
    """Counts of tokens, in the order of `Counts`."""

    input_tokens: Count = 0
    cached_input_tokens: Count = 0
    cache_write_input_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_output_tokens: Count = 0
    total_tokens: Count


class Info(Struct, gc=False):
    """The sums of a session, and what its last answer took."""

    total_token_usage: Usage | None = None
    last_token_usage: Usage | None = None


class Window(Struct, forbid_unknown_fields=True, gc=False):
    """A window of just these members, each of them plausible; in 2025 the reset counted from the line's own time."""

    used_percent: Annotated[float, Meta(ge=0, le=1000)]
    window_minutes: Annotated[int, Meta(gt=0, lt=10_000_000)]
    resets_at: Seconds | None = None
    resets_in_seconds: Length | None = None


class Limits(Struct, forbid_unknown_fields=True, gc=False):
    """`rate_limits` as most lines have it: nothing reached, no cap, no member that we do not know."""

    limit_id: str | None = None
    limit_name: str | None = None
    primary: Window | None = None
    secondary: Window | None = None
    credits: Raw = Raw()
    individual_limit: None = None
    spend_control_reached: bool | None = None
    plan_type: str | None = None
    rate_limit_reached_type: None = None


class Settings(Struct, gc=False):
    """What a thread goes on with, in a `thread_settings_applied`."""

    model_provider_id: str | None = None
    model: str | None = None
    reasoning_effort: str | None = None
    cwd: str | None = None


class Record(Struct, gc=False):
    """A `token_usage_record`: what one answer took, and of which session, turn and answer it is."""

    usage: Usage
    thread_id: str | None = None
    turn_id: str | None = None
    response_id: str | None = None


class TokenCount(Struct, gc=False):
    """A `token_count`: what was spent, and the limits as the server told them."""

    info: Info | None = None
    rate_limits: Raw = Raw()
    turn_id: str | None = None


class Turn(Struct, gc=False):
    """A `turn_context`, a `task_started` or a `thread_settings_applied`, which begin or describe a turn."""

    type: str | None = None
    turn_id: str | None = None
    cwd: str | None = None
    model: str | None = None
    effort: str | None = None
    thread_settings: Settings | None = None


Said = TypeVar("Said")


class Line(Struct, Generic[Said], gc=False):
    """A line that matters, as Codex writes it today."""

    timestamp: Annotated[datetime, Meta(tz=True)]
    payload: Said
    ordinal: int | None = None


RECORD_LINE: Final = msgspec.json.Decoder(Line[Record]).decode
COUNT_LINE: Final = msgspec.json.Decoder(Line[TokenCount]).decode
TURN_LINE: Final = msgspec.json.Decoder(Line[Turn]).decode
LIMITS: Final = msgspec.json.Decoder(Limits | None).decode

UNUSUAL: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding a line raises that is otherwise than Codex writes it."""


def microseconds(stamp: object) -> int | None:
    """An ISO 8601 time (without a zone: UTC) or epoch seconds, as microseconds since 1970; None if it is neither.

    >>> microseconds("2026-11-20T10:00:00.000Z"), microseconds("0001-01-01T00:00:00Z")
    (1795168800000000, None)
    """
    time = None
    try:
        if isinstance(stamp, str):
            when = datetime.fromisoformat(stamp)
            time = ((when if when.tzinfo else when.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
        elif isinstance(stamp, int | float) and not isinstance(stamp, bool) and 0 < stamp < 1e14:  # noqa: PLR2004  # a time
            time = round(stamp * (1_000 if stamp > 1e11 else 1_000_000))  # noqa: PLR2004  # beyond 10^11: milliseconds
    except (ValueError, OverflowError):
        return None
    return time if time is not None and plausible(time) else None


def plausible(time: int) -> bool:
    """Whether Codex can have written something at this moment."""
    return EARLIEST <= time < LATEST


def counts_of(usage: object) -> Counts | None:
    """Counts in whatever form: what is no count is zero."""
    if not isinstance(usage, dict) or not usage:
        return None
    found = [_count(usage.get(name)) for name in Usage.__struct_fields__]
    if "total_tokens" not in usage:
        found[-1] = found[0] + found[3]
    return tuple(found)  # type: ignore[return-value]  # six of them


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < _TOO_MANY else 0


def text_of(value: object, *keys: str) -> str | None:
    """The text at the end of these keys, where there is one; half letters are replaced."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) and value else None


def turn_of(inner: dict[str, Any]) -> Turn:
    """A turn's beginning in whatever form: what is no text is left out."""
    names = ("model_provider_id", "model", "reasoning_effort", "cwd")
    settings = Settings(*(text_of(inner, "thread_settings", name) for name in names))
    said = {name: text_of(inner, name) for name in ("type", "turn_id", "model", "effort", "cwd")}
    return Turn(**said, thread_settings=settings if "thread_settings" in inner else None)


def parse(line: bytes, *, whole: bool = False) -> dict[str, Any] | None:
    """The line as a JSON object; NUL bytes are dropped, bytes that are not UTF-8 replaced. None when it is none.

    Unless *whole*, a whole line that follows a torn one without a newline is found as well.
    """
    with suppress(*UNUSUAL):  # nearly every line is whole, and read in a fraction of the time
        if isinstance(value := msgspec.json.decode(line), dict):
            return value
    text = line.decode("utf-8", "replace").replace("\0", "").strip()
    at = 0 if whole else max(0, text.rfind('{"timestamp":"'))
    for candidate in (text, text[at:] if at else ""):  # a torn line, then a whole one on the same line
        try:
            value = json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None
