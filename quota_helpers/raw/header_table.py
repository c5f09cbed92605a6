"""Response headers as a table: what they mean, what they were read as, and where they disagree with the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

from ..bodies import BodySource, body_of
from ..bodies.envelopes import CODEX
from ..bodies.redact import Pseudonyms, codex_header, redact_headers
from ..errors import BodyError
from ..fields import ALIASES, Aliases
from ..fields.catalogue import catalogue
from ..fields.reader import type_name
from ..models import Headers
from ..normalize import Read, trace_body
from ..paths import child_path
from ..tables import frame_of

HEADER_COLUMNS: Final = ("header", "value", "read_as", "reading", "body", "agrees", "status", "why", "meaning")
"""Columns of `header_table`; a reply without headers keeps them all."""
RESET_TOLERANCE: Final = timedelta(seconds=120)
PERCENT_TOLERANCE: Final = 1.0
"""Headers carry decimals where the body is rounded to whole percents."""
LENGTH_TOLERANCE: Final = 60.0


def header_table(
    reply: BodySource,
    *,
    fetched_at: datetime | None = None,
    aliases: Aliases = ALIASES,
) -> pd.DataFrame:
    """One row a response header, redacted; the `x-codex-*` family is read into windows beside those of the body.

    Columns: `header` (its name), `value` (a pseudonym where it could identify somebody), `read_as`
    (`codex.weekly.used_percent`), `reading` (the value read from the header), `body` (the value of the same name read
    from the body, or None), `agrees` (True or False where both have one, else None; percentages within 1, resets
    within two minutes, lengths within a minute), `status` ("read", "known but unused", "unknown", "ignored",
    "broken"), `why`, `meaning`. Where both disagree the body counts.

    >>> table = header_table({"x-codex-primary-used-percent": "12.4", "x-codex-primary-window-minutes": "300"})
    >>> table[["read_as", "reading"]].to_numpy().tolist()
    [['codex.five_hour.used_percent', 12.4], ['codex.five_hour.window_seconds', 18000.0]]

    Args:
        reply: A reply or stored body with `.headers`, a mapping of headers alone, or text or a file with either.
        fetched_at: When it was received (aware); by default the reply's own time.
        aliases: The table of spellings.

    Raises:
        BodyError: It is neither, or cannot be read.
    """
    body = body_of(reply)
    if body.status is None and not body.headers and not isinstance(body.payload, dict):
        message = f"expected response headers, found {type_name(body.payload)}."
        raise BodyError(message, hint="Give a reply, such as source.fetch(name), or names and values of headers.")
    sent = body.payload if isinstance(body.payload, dict) and not body.headers else {}
    alone = bool(sent) and all(isinstance(value, str) for value in sent.values())
    headers = reply if isinstance(reply, Headers) else Headers(sent) if alone else body.headers
    pairs = headers.pairs()
    moment = fetched_at or body.fetched_at
    names = Pseudonyms()
    shown = redact_headers(pairs, names=names)
    told = _told(Headers(pairs), moment, aliases)
    safe = _told(shown, moment, aliases)
    in_body: dict[str, Any] = {}
    if isinstance(body.payload, dict) and not alone:
        for (name, _), value in trace_body(body.payload, fetched_at=moment, aliases=aliases).values().items():
            in_body.setdefault(name, value)
    rows = (
        _row(header, told.get(name.lower(), ()), safe.get(header[0].lower(), ()), in_body, names)
        for (name, _), header in zip(pairs, shown.pairs(), strict=True)
    )
    return frame_of(rows, dict.fromkeys(HEADER_COLUMNS, "object"))


def _told(headers: Headers, moment: datetime | None, aliases: Aliases) -> dict[str, tuple[Read, ...]]:
    """Header in lower case -> what it was read as; a repeated one counts once, its values joined as in HTTP."""
    codex = {name: value for name, value in headers.items() if name.lower().startswith(CODEX)}
    if not codex:
        return {}
    trace = trace_body(codex, fetched_at=moment, aliases=aliases)
    return {name.lower(): reads for name in codex if (reads := trace.at(child_path("$", name)))}


def _row(
    header: tuple[str, str],
    told: Sequence[Read],
    safe: Sequence[Read],
    in_body: Mapping[str, Any],
    names: Pseudonyms,
) -> dict[str, Any]:
    """One row; *told* is the header as it came, which decides, and *safe* its redacted twin, which is shown."""
    book = catalogue()
    lower = header[0].lower()
    known = codex_header(lower, book)[1] if lower.startswith(CODEX) else book.other_headers.get(lower)
    row = {
        "header": header[0],
        "value": header[1],
        "read_as": "",
        "status": "unknown" if known is None else "known but unused",
        "why": "",
        "meaning": "" if known is None else known.words,
    }
    if not told:
        return row
    first = next((read for read in told if read.status == "read"), told[0])
    body = in_body.get(first.read_as)
    agrees = None if first.value is None or body is None else _agree(first.read_as, first.value, body)
    why = [read.why for read in told if read.why]
    if agrees is False:
        why.append("the body says otherwise, and counts")
    if isinstance(body, str) and not book.is_harmless(known.vocabulary if known is not None else "", body):
        body = names.of(body, "text")
    shown = next((read for read in safe or told if read.status == first.status), None)
    return row | {
        "read_as": "" if shown is None else shown.read_as,
        "reading": shown.value if shown is not None and isinstance(first.value, str) else first.value,
        "body": body,
        "agrees": agrees,
        "status": first.status,
        "why": "; ".join(dict.fromkeys(why)),
    }


def _agree(name: str, one: Any, other: Any) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) <= RESET_TOLERANCE
    if name.endswith("_percent"):
        return bool(abs(one - other) <= PERCENT_TOLERANCE)
    if name.endswith(".window_seconds"):
        return bool(abs(one - other) <= LENGTH_TOLERANCE)
    return bool(one == other)
