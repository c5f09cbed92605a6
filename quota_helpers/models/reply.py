"""A reply as it came from the wire, before anybody has read a meaning into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ..html import bullets, paragraph
from ..privacy import mask_identity
from ..times import local_time


class Headers(Mapping[str, str]):
    """Response headers: looked up without regard to case, shown as they came, in their order."""

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = items.items() if isinstance(items, Mapping) else items
        self._items = tuple((str(name), str(value)) for name, value in pairs)

    def __getitem__(self, name: str) -> str:
        values = [value for key, value in self._items if key.lower() == name.lower()]
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self._items))

    def __len__(self) -> int:
        return len({key for key, _ in self._items})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self._items)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every header line as (name, value), repeated names included."""
        return self._items

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"


LARGEST_BODY: Final = 5 * 2**20
"""Bytes of one body after decompression that are read, wherever it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """One body as it was sent, with what is known about where it came from: the wire, a file, the history, a paste.

    It holds no token and no cookie: `client` and `bodies` hide both on entry.

    Attributes:
        status: HTTP status code, or None where nobody noted it.
        headers: Response headers; the values of cookies are masked.
        body: The body's bytes after decompression.
        payload: The body as JSON, or None when it is no JSON (see `is_json`).
        fetched_at: When the reply was complete (aware, UTC), or None where nobody knows.
        elapsed: Seconds from the first request to the complete reply, retries and their waits included.
        account: Name of the account that asked.
        account_key: Its key.
        url: The address that was asked.
        notes: What was odd about the bytes, in words (for example "not UTF-8").
        name: What it is called beside others: unique in one table or comparison, "" for a reply alone.
    """

    status: int | None = None
    headers: Headers = field(default_factory=Headers, hash=False)
    body: bytes = field(default=b"", repr=False)
    payload: Any = field(default=None, repr=False, hash=False)
    fetched_at: datetime | None = None
    elapsed: float = 0.0
    account: str | None = None
    account_key: str | None = None
    url: str = ""
    notes: tuple[str, ...] = ()
    name: str = ""

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def content(self) -> Any:
        """What there is to look at: the payload, or the text of a body that is no JSON."""
        return self.payload if self.is_json or not self.body else self.text

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON: a payload of None is JSON's null only where the bytes say `null`."""
        return self.payload is not None or self.body.strip() == b"null"

    def _repr_html_(self) -> str:
        """What a notebook shows: what came and when, never the body, which names people."""
        what = "JSON" if self.is_json else "no JSON"
        size = f"{len(self.body):,} bytes of {what} in {self.elapsed:.2f} s"
        who = f"{mask_identity(self.account)}: " if self.account else ""
        said = "" if self.status is None else f"HTTP {self.status}, "
        when = "time unknown" if self.fetched_at is None else local_time(self.fetched_at, UTC)
        return paragraph(f"{who}{said}{size}, {when}") + bullets(self.notes)
