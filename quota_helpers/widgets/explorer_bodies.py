"""Which bodies an explorer offers: one entry for each, from whatever its user has at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ..models import RawReply
from ..outcomes import Collection, Failure
from ..raw import Body, bodies_of, catalogue, read_bodies
from ..raw.body import no_json
from ..sources import Source

GOOD: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One body to look at, or the word on why an account has none.

    Attributes:
        name: What it is called; unique within one explorer. Not masked.
        body: The body with its account and time; None where there was no reply at all.
        remark: What went wrong with this account, or "".
        identities: What is known to identify its person or account; such text is masked wherever it stands.
    """

    name: str
    body: Body | None = field(default=None, repr=False)
    remark: str = ""
    identities: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def account(self) -> str:
        """Whose it is; entries of one account are offered to each other first for comparison."""
        return (self.body.account or self.body.account_key or "") if self.body is not None else self.name

    @property
    def fetched_at(self) -> datetime | None:
        """When the server said so (aware, UTC), or None."""
        return None if self.body is None else self.body.fetched_at

    @property
    def note(self) -> str:
        """A word for the picker: what is unusual about the entry, or ""."""
        if self.body is None:
            return "no reply"
        status = self.body.status
        return f"HTTP {status}" if status is not None and status != GOOD else ""


def entries_of(source: Any) -> list[Entry]:
    """Entries for a collection, replies, stored bodies, plain payloads, a file, a folder or pasted text.

    A dict of which any key is the name of a usage field, or whose values are not all objects, arrays or replies, is
    one body; any other is a mapping of names to bodies.

    Raises:
        BodyError: It is no such thing, or the text is no JSON.
    """
    if isinstance(source, Collection):
        return _of_collection(source)
    if isinstance(source, str | bytes | Path):
        return _entries(read_bodies(source))
    if source is None or isinstance(source, RawReply | Body | bool | int | float):
        source = [source]
    if isinstance(source, Mapping):
        if _is_one_body(source):
            return _entries([Body(name="body", payload=dict(source))])
        return _entries(bodies_of({name: _readable(item) for name, item in source.items()}))
    if isinstance(source, Iterable):
        return _entries(bodies_of([_readable(item) for item in source]))
    return _entries(bodies_of([source] if hasattr(source, "payload") else source))


def with_identities(entries: Iterable[Entry], source: Source) -> list[Entry]:
    """The entries with what the login files say about their people and accounts."""
    known: dict[str, frozenset[str]] = {}
    for account in source.accounts:
        told = (account.email, account.user_id, account.account_id)
        known[account.name] = frozenset(text for text in told if text)
    return [replace(entry, identities=known.get(entry.account, frozenset())) for entry in entries]


def later_first(fresh: Sequence[Entry], earlier: Sequence[Entry]) -> list[Entry]:
    """A new run's entries before those of earlier runs, renamed so that each has a name of its own."""
    entries = [*fresh, *(entry for entry in earlier if entry.body is not None)]
    bodies = [replace(entry.body, name=entry.account) for entry in entries if entry.body is not None]
    names = iter(body.name for body in bodies_of(bodies))
    return [entry if entry.body is None else replace(entry, name=next(names)) for entry in entries]


def _of_collection(collection: Collection) -> list[Entry]:
    failures = {failure.account: failure for failure in collection.failures}
    bodies = {name: _readable(reply) for name, reply in collection.replies.items()}
    entries = [
        replace(entry, remark=_remark(failures.pop(entry.name, None)), body=replace(entry.body, account=entry.name))
        for entry in _entries(bodies_of(bodies))
        if entry.body is not None
    ]
    return entries + [Entry(name=name, remark=_remark(failure)) for name, failure in failures.items()]


def _entries(bodies: Iterable[Body]) -> list[Entry]:
    return [Entry(name=body.name, body=body) for body in bodies]


def _remark(failure: Failure | None) -> str:
    return "" if failure is None else f"{failure.kind}: {failure.message} {failure.hint}".strip()


def _readable(item: Any) -> Any:
    """A reply without JSON as a body of its text, so that an HTML page of the edge is shown, too."""
    if isinstance(item, RawReply) and no_json(item):
        return Body(
            name="",
            payload=item.text,
            account=item.account,
            account_key=item.account_key,
            fetched_at=item.fetched_at,
            status=item.status,
            headers=item.headers,
        )
    return item


def _is_one_body(source: Mapping[Any, Any]) -> bool:
    held = list(source.values())
    if not all(isinstance(item, dict | list | RawReply | Body) or hasattr(item, "payload") for item in held):
        return True
    root = catalogue().root
    return any(isinstance(key, str) and root.inside(key) is not None for key in source)
