"""What one line of a session log says: its time, what a turn spent, its limits. Standard library only.

Worker processes load this file and `scan` without the rest of the package, so both import nothing else of ours.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Final

MISSING: Final = -(1 << 63)  # what numpy shows as NaT
NAN: Final = float("nan")
NO_WINDOW: Final = (NAN, NAN, MISSING)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_COUNTS: Final = (
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
    "total_tokens",
)
_FIVE: Final = itemgetter(*_COUNTS)
_TOO_MANY: Final = 1 << 53
_FIRST, _LAST, _LONGEST = 1_000_000_000, 10_000_000_000, 10_000_000  # 2001 and 2286; 115 days in seconds
_LIMIT_KEYS: Final = frozenset(
    {
        "limit_id",
        "limit_name",
        "primary",
        "secondary",
        "credits",
        "individual_limit",
        "spend_control_reached",
        "plan_type",
        "rate_limit_reached_type",
    }
)

State = dict[str, Any]
"""Where reading one file stands, as JSON: offset, seq, identity, model, last cumulative counts, fingerprints."""


def new_state() -> State:
    """The state of a file of which nothing has been read."""
    return {
        "offset": 0,
        "seq": 0,
        "skipping": False,
        "session": None,
        "parent": None,
        "key": None,
        "provider": None,
        "project": None,
        "client": None,
        "begun": None,
        "model": None,
        "last_time": None,
        "counts": None,
        "head": None,
        "tail": None,
        "broken": 0,
    }


def microseconds(stamp: object) -> int | None:
    """An ISO 8601 time (without a zone: UTC) or epoch seconds, as microseconds since 1970; None if it is neither."""
    try:
        if isinstance(stamp, str):
            when = datetime.fromisoformat(stamp)
            return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
        if isinstance(stamp, int | float) and not isinstance(stamp, bool) and 0 < stamp < 1e14:  # noqa: PLR2004
            return round(stamp * (1_000 if stamp > 1e11 else 1_000_000))  # noqa: PLR2004  # beyond 10^11: milliseconds
    except (ValueError, OverflowError):
        pass
    return None


def account_key(user: object, account: object) -> str | None:
    """The one-way hash of who began the session, as `models.Account.key` makes it; None when nothing says who."""
    who, where = (value if isinstance(value, str) else "" for value in (user, account))
    if not (who or where):
        return None
    return hashlib.sha256(f"{who}\0{where}".encode("utf-8", "replace")).hexdigest()[:12]


def plain_limits(limits: dict[str, Any], time: int) -> tuple[Any, ...] | None:
    """A `rate_limits` in one of the two usual forms as limit, plan and six numbers; None when `normalize` must read it.

    The numbers are used percent, minutes and reset (microseconds since 1970) of the primary, then of the secondary.
    """
    get = limits.get
    limit, plan = get("limit_id"), get("plan_type")
    if not _LIMIT_KEYS.issuperset(limits) or get("individual_limit") is not None:
        return None
    if not (_is_name(limit) and _is_name(plan) and _is_name(get("limit_name"))):
        return None
    primary, secondary = _window(get("primary"), time), _window(get("secondary"), time)
    return None if primary is None or secondary is None else (limit, plan, *primary, *secondary)


def _is_name(text: object) -> bool:
    return text is None or (type(text) is str and text.strip() == text != "")


def _window(window: object, time: int) -> tuple[Any, Any, Any] | None:
    """A window of just these three members, each of them plausible."""
    if window is None:
        return NO_WINDOW
    if type(window) is not dict or len(window) != 3:  # noqa: PLR2004  # percentage, length and reset, no more
        return None
    used, minutes, reset = window.get("used_percent"), window.get("window_minutes"), window.get("resets_at")
    if reset is None:
        wait = window.get("resets_in_seconds")  # as in 2025: from the line's own time on
        reset = time + wait * 1_000_000 if type(wait) is int and 0 <= wait < _LONGEST else None
    else:
        reset = reset * 1_000_000 if type(reset) is int and _FIRST < reset < _LAST else None
    usual = (
        reset is not None
        and (type(used) is float or type(used) is int)
        and type(minutes) is int
        and 0 <= used <= 1000  # noqa: PLR2004  # beyond that it is no usual reading
        and 0 < minutes < _LONGEST
    )
    return (used, minutes, reset) if usual else None


def turn(info: object, state: State) -> tuple[int, ...] | None:
    """What one turn spent: input, cached, output, reasoning, total and the cumulative total; None when nothing.

    Codex repeats a `token_count` with unchanged cumulative counts when only the limits changed: that is no turn.
    """
    if type(info) is not dict:
        return None
    return spent(_counts(info.get("total_token_usage")), _counts(info.get("last_token_usage")), state)


def spent(sums: tuple[int, ...] | None, last: tuple[int, ...] | None, state: State) -> tuple[int, ...] | None:
    """The same, from cumulative and last counts as five numbers each."""
    before = state["counts"]
    if sums is not None:
        if sums == before:
            return None
        state["counts"] = sums
    if last is None:
        if sums is None:
            return None
        last = sums
        if before is not None and sums[4] >= before[4]:  # a counter that fell began anew
            last = tuple(max(0, now - then) for now, then in zip(sums, before, strict=True))
    return (*last, -1 if sums is None else sums[4]) if any(last) else None


def _counts(usage: Any) -> tuple[int, ...] | None:
    try:
        counts: tuple[int, ...] = _FIVE(usage)
        if type(sum(counts)) is int and min(counts) >= 0 and max(counts) < _TOO_MANY:
            return counts
    except (TypeError, KeyError):  # not all five, or other than numbers: one by one
        pass
    if type(usage) is not dict or not usage:
        return None
    counts = tuple(_count(usage.get(name)) for name in _COUNTS)
    return counts if "total_tokens" in usage else (*counts[:4], counts[0] + counts[2])


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < _TOO_MANY else 0


def is_text(value: object) -> bool:
    """Whether it is a text with something in it."""
    return isinstance(value, str) and bool(value)


def dig(value: object, *keys: str) -> object:
    """What stands at the end of these keys, or None."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def parse(line: bytes, *, whole: bool = False) -> dict[str, Any] | None:
    """The line as a JSON object; NUL bytes are dropped, bytes that are not UTF-8 replaced. None when it is none.

    Unless *whole*, a whole line that follows a torn one without a newline is found as well.
    """
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


def session_of(path: str) -> str:
    """The session's id from the name `rollout-<time>-<uuid>.jsonl`, else the name without its ending."""
    stem = re.split(r"[/\\]", path)[-1].removesuffix(".jsonl")
    found = _UUID.search(stem)
    return found.group() if found else stem
