"""An odd body becomes a test case: its redacted twin, and beside it what the package reads from it today."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..bodies import BodySource, body_of
from ..bodies.redact import Pseudonyms, redact_headers, redacted
from ..errors import BodyError
from ..files import reason, whole_file
from ..models import UsageSnapshot
from ..models.tidy import plain, window_row
from ..normalize import trace_body

_WINDOW: Final = ("limit", "window", "used_percent", "reset_at", "window_seconds", "slot", "name_inferred", "state")
_CAP: Final = ("used", "remaining", "used_percent", "reset_at", "source", "slot")
_SAID: Final = ("allowed", "limit_reached", "reached_type", "ordinary_usage_allowed", "spend_reached")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}", re.IGNORECASE)


def save_case(
    payload: BodySource,
    folder: str | os.PathLike[str],
    name: str,
    *,
    fetched_at: datetime | None = None,
    about: str = "",
    replace: bool = False,
) -> tuple[Path, Path]:
    """Write a body as a test case: `NAME.json`, redacted, and `NAME.expected.json`, what is read from it today.

    Put both into `tests/data`: the tests read every case there. Look at the second file first, and correct in it what
    the package reads wrongly: that is the bug report.

    Args:
        payload: Any JSON value, a reply, a stored body, a session line, or response headers as a dict.
        folder: Where to write; it is made when it is not there.
        name: The case's name: letters, digits, `_` and `-`.
        fetched_at: When the server said so (aware); by default the reply's own time, or the body's own word.
        about: What is special about it, in a sentence of your own; it is written as it is.
        replace: Replace a case of that name.

    Returns:
        The paths of both files.

    Raises:
        BodyError: The name is no file's name, the case is there already, nothing says when the body was fetched, or
            the files cannot be written.

    >>> import tempfile
    >>> body = {"rate_limit": {"primary_window": {"used_percent": 31, "limit_window_seconds": 18000}}}
    >>> files = save_case(body, tempfile.mkdtemp(), "plain", fetched_at="2026-11-22T12:00Z")
    >>> [file.name for file in files]
    ['plain.json', 'plain.expected.json']
    """
    if not _NAME.fullmatch(name):
        raise BodyError(f"{name!r} is no name of a case.", hint="Use letters, digits, _ and -.")
    body = body_of(payload)
    content = body.payload
    first = trace_body(content, fetched_at=fetched_at or body.fetched_at)
    if first.fetched_at is None:
        raise BodyError(f"nothing says when the body of {name} was fetched.", hint="Give fetched_at=.")
    moment = first.fetched_at.astimezone(UTC).replace(microsecond=0)
    safe = dict(redact_headers(content)) if first.carrier == "headers" else redacted(content, Pseudonyms())
    case = {"about": about, "carrier": first.carrier, "fetched_at": plain(moment), "payload": safe}
    expected = reading(trace_body(safe, fetched_at=moment).snapshot)
    target = Path(folder).expanduser()
    return _write(target / f"{name}.json", case, replace), _write(
        target / f"{name}.expected.json", expected, replace=True
    )


def _write(path: Path, content: dict[str, Any], replace: bool) -> Path:  # noqa: FBT001  # of our own two calls
    text = json.dumps(content, indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, "w", replace=replace) as file:
            file.write(text)
    except OSError as error:
        if isinstance(error, FileExistsError) and path.is_file():
            raise BodyError(f"{str(path)!r} is there already.", hint="Give another name, or replace=True.") from None
        message = f"{str(path)!r} cannot be written: {reason(error)}."
        raise BodyError(message, hint="Check the folder and its permissions.") from None
    return path


def reading(snapshot: UsageSnapshot) -> dict[str, Any]:
    """A snapshot as the expected files spell it."""
    rows = [window_row(window, snapshot.fetched_at) for window in snapshot.windows]
    caps = [
        {"limit": cap.limit_id, "cap": cap.limit, **{name: getattr(cap, name) for name in _CAP}}
        for cap in snapshot.spend_limits
    ]
    told = {
        "origin": snapshot.origin,
        "plan": snapshot.plan,
        "windows": [{name: row[name] for name in _WINDOW} for row in rows],
        "limits": [limit.limit_id for limit in snapshot.limits],
        "credits": snapshot.credits,
        "spend_limits": caps,
        "reset_credits": snapshot.reset_credits,
        **{name: getattr(snapshot, name) for name in _SAID},
        "notes": sorted(snapshot.notes),
    }
    return {name: plain(value, whole=True) for name, value in told.items()}
