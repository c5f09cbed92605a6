"""The same account both ways, directly and through the official client, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..appserver import Said
from ..errors import FetchError, QuotaError
from ..html import paragraph, table
from ..labels import choose, of_kind
from ..models import Account, RawReply, UsageSnapshot
from ..normalize import normalize_usage
from ..paths import value_at
from ..privacy import mask_identity
from .connect import live
from .official import reply_of
from .source import Source

EQUAL: Final = "equal"
ROUNDED: Final = "differs within rounding"
DIFFERS: Final = "differs"
ONLY_DIRECT: Final = "only direct"
ONLY_CLIENT: Final = "only the client"
UNDECODED: Final = "the client cannot decode the body"
NO_ANSWER: Final = "the client has no answer"

_MINUTE: Final = 60.0  # the client rounds lengths up to minutes
_APART: Final = timedelta(seconds=2)  # two requests: a window that has not started slides along


class Compared(NamedTuple):
    """One part of a reading both ways.

    Attributes:
        part: "codex five_hour used_percent", "credits", "plan", ...
        verdict: One of the words above.
        direct: What the direct request says: the raw value, and the path it stood at; "" where it says nothing.
        client: The same of the official client.
    """

    part: str
    verdict: str
    direct: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossCheck:
    """One account both ways; shows itself as a table.

    Attributes:
        account: Label of the account.
        parts: Everything that either side says.
        why: Why the official client has no reading, in its words, or "".
        recorded: Whether the client's answer was recorded earlier instead of asked for now.
    """

    account: str
    parts: tuple[Compared, ...]
    why: str = ""
    recorded: bool = False

    @property
    def agree(self) -> bool:
        """Whether both say the same, within rounding, wherever both say something."""
        return not self.why and all(part.verdict != DIFFERS for part in self.parts)

    def __str__(self) -> str:
        head = f"{self.account}: {'the same both ways' if self.agree else self.why or 'not the same both ways'}"
        told = f"recorded, not asked now; {head}" if self.recorded else head
        return "\n".join([told, *(f"  {part.part}: {part.verdict}" for part in self.parts)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = str(self).splitlines()[0]
        return paragraph(head) + table(("part", "verdict", "directly", "through the client"), self.parts)


def cross_check(
    account: Account | str | None = None,
    *,
    source: Source | None = None,
    codex_home: str | Path | None = None,
    codex_bin: str | Path | None = None,
    url: str | None = None,
    deadline: float = 30,
) -> CrossCheck:
    """Ask for one account both ways at the same time, and compare what they say, window by window and block by block.

    The official client owns its login: it may renew it and write its own state into its home.

    Args:
        account: A login of a Codex home, or its name; None: the one of *codex_home*. Of the demo: any of its names.
        source: Where a name is looked up; a demo source answers with what was recorded.
        codex_home: The Codex home; default that of *account*, else `$CODEX_HOME` or `~/.codex`.
        codex_bin: The official client's program; default `codex` on the PATH.
        url: Base address for both; default the service's own.
        deadline: Seconds for each.

    Raises:
        ValueError: There is no such account, or it is no login of a Codex home.
        QuotaError: The direct request failed, or the client could not be started.

    >>> from quota_helpers.sources import demo
    >>> with demo() as source:
    ...     cross_check("ada", source=source).parts[0].verdict
    'equal'
    """
    if account is not None:
        of_kind(account, (str, Account), "account", "a login (source.accounts[0]) or its name")
    if source is not None and source.is_demo:
        return _recorded(source, account.name if isinstance(account, Account) else account)
    if isinstance(account, str) and source is not None:
        account = source.accounts.named(account)
    home = codex_home or _home_of(account)
    ways = [
        live(codex_home=home, url=url, deadline=deadline),
        live(codex_home=home, url=url, deadline=deadline, via="codex", codex_bin=codex_bin),
    ]
    with ways[0] as direct, ways[1] as client, ThreadPoolExecutor(2) as pool:
        name = client.accounts[0].name if len(client.accounts) == 1 else None
        both = [pool.submit(way.fetch, name) for way in (direct, client)]
        one = both[0].result()
        try:
            other: RawReply | FetchError = both[1].result()
        except FetchError as error:
            if error.reply is None:
                raise
            other = error
    return compare_ways(one, other)


def compare_ways(direct: RawReply, client: RawReply | QuotaError, *, recorded: bool = False) -> CrossCheck:
    """Compare two answers for one account: the usage body, and the official client's (or the error it ended in)."""
    why = client.message if isinstance(client, QuotaError) else ""
    here, there = _said(direct), {} if isinstance(client, QuotaError) else _said(client)
    nothing = UNDECODED if "cannot decode" in why else NO_ANSWER
    parts = []
    for part in here | there:
        (one, shown), (other, shown_there) = (side.get(part, (None, "")) for side in (here, there))
        parts.append(Compared(part, nothing if why else _verdict(part, one, other), shown, shown_there))
    return CrossCheck(account=mask_identity(direct.account or ""), parts=tuple(parts), why=why, recorded=recorded)


def _recorded(source: Source, name: str | None) -> CrossCheck:
    """A demo account at the demo's beginning, beside what the client made of that body when it was recorded."""
    from ..invented import recorded  # noqa: PLC0415 - a live check needs no demo

    known = recorded.names()
    wanted = choose(name, {one: (mask_identity(one),) for one in known})[0] if name else known[0]
    direct, client = recorded.both(wanted)
    key = source.accounts.named(wanted).key if wanted in source.accounts.names else None
    at_t0 = RawReply(status=200, payload=direct, fetched_at=recorded.T0, account=wanted, account_key=key)
    said = Said(client.get("result"), client.get("code"), client.get("message", ""))
    account = Account(name=wanted)
    answer = reply_of(said, account, replace(at_t0, payload=None))
    return compare_ways(at_t0, answer, recorded=True)


def _home_of(account: Account | str | None) -> Path | None:
    if account is None:
        return None
    path = account.paths[0] if isinstance(account, Account) and account.paths else Path()
    if path.name != "auth.json":
        name = account if isinstance(account, str) else account.name
        raise ValueError(
            f"{mask_identity(name)!r} is no login of a Codex home: give codex_home=, or source= for a name."
        )
    return path.parent


def _said(reply: RawReply) -> dict[str, tuple[Any, str]]:
    """Of everything that both ways can say: part -> what was read, and the raw value where its place is known."""
    said: dict[str, tuple[Any, str]] = {}
    for part, block, field in _parts(normalize_usage(reply)):
        value = getattr(block, field, None)
        if value is not None:
            path = block.paths.get(field, "")
            said[part] = value, f"{value_at(reply.payload, path)!r} @ {path}" if path else str(value)
    return said


def _parts(snapshot: UsageSnapshot) -> Iterator[tuple[str, Any, str]]:
    for window in snapshot.windows:
        for field in ("used_percent", "window_seconds", "reset_at"):
            yield f"{window.limit_id} {window.slot or window.name} {field}", window, field
    yield "plan", snapshot, "plan"
    yield "reached_type", snapshot, "reached_type"
    for field in ("has_credits", "unlimited", "balance"):
        yield f"credits {field}", snapshot.credits, field
    for cap in snapshot.spend_limits:
        for field in ("limit", "used", "reset_at"):
            yield f"{cap.limit_id} {field}", cap, field
    yield "earned resets", snapshot.reset_credits, "available_count"


def _verdict(part: str, one: Any, other: Any) -> str:
    if one is None or other is None:
        return ONLY_CLIENT if one is None else ONLY_DIRECT
    if one == other:
        return EQUAL
    if isinstance(one, datetime) and isinstance(other, datetime):
        return ROUNDED if abs(one - other) <= _APART else DIFFERS
    if isinstance(one, float | int) and isinstance(other, float | int):
        return ROUNDED if abs(one - other) < (_MINUTE if part.endswith("window_seconds") else 1.0) else DIFFERS
    return DIFFERS
