"""One body with what is known about where it came from, and the many ways in which people hand bodies over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from ..errors import BodyError
from ..models import Headers, RawReply
from ..outcomes import Collection
from .show import tokenless

BodySource = Collection | Mapping[str, Any] | Iterable[Any]
"""Many bodies: a collection; name -> payload or reply; or an iterable of replies, stored bodies or plain payloads."""

_TELLTALE: Final = frozenset({"plan_type", "rate_limit", "rateLimits", "rateLimitsByLimitId"})
"""Keys of a body that are no account's name."""
NULL: Final = b"null"
"""The bytes of a body that is JSON's null: its payload is None, as that of a body that is no JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One body as it was sent.

    Attributes:
        name: What it is called beside others; unique within one comparison.
        payload: The JSON value.
        account: Whose it is, or None.
        account_key: The login's key, or None.
        fetched_at: When the server said so (aware, UTC), or None.
        status: HTTP status, or None.
        headers: Response headers.
    """

    name: str
    payload: Any = field(repr=False, hash=False)
    account: str | None = None
    account_key: str | None = None
    fetched_at: datetime | None = None
    status: int | None = None
    headers: Headers = field(default_factory=Headers, repr=False, hash=False)


def body_of(source: Any, name: str = "") -> Body:
    """One body from a reply, a stored body, a `Body`, or a plain payload; tokens in it are hidden here once for all."""
    if isinstance(source, Body):
        return replace(source, name=name) if name else source
    if isinstance(source, dict | list) or not hasattr(source, "payload"):
        return Body(name=name, payload=tokenless(source))
    account = getattr(source, "account", None)
    key = getattr(source, "account_key", None)
    return Body(
        name=name or account or key or "",
        payload=tokenless(source.payload),
        account=account,
        account_key=key,
        fetched_at=getattr(source, "fetched_at", None),
        status=getattr(source, "status", None),
        headers=getattr(source, "headers", None) or Headers(),
    )


def bodies_of(source: BodySource) -> tuple[Body, ...]:
    """Many bodies, each with a name of its own: the account, with its time where an account comes more than once.

    Replies without a JSON body (see `no_json`) are left out; a body that is the JSON value null is not.

    Raises:
        BodyError: It is no collection, mapping or iterable of bodies.
    """
    if isinstance(source, Collection):
        source = source.replies
    if isinstance(source, RawReply | Body):
        source = [source]
    if isinstance(source, str | bytes) or not isinstance(source, Iterable):
        raise BodyError(
            f"expected several bodies, found {type(source).__name__}.",
            hint="Give a collection, a mapping of names to bodies, or a list; read_bodies() reads text and files.",
        )
    if isinstance(source, Mapping) and not _TELLTALE.isdisjoint(source):
        raise BodyError("this is one body, not several.", hint="Put it into a list, or give it a name: {'work': body}.")
    if isinstance(source, Mapping):
        found = [body_of(item, str(name)) for name, item in source.items() if not no_json(item)]
    else:
        found = [body_of(item) for item in source if not no_json(item)]
    return _named(found)


def no_json(source: Any) -> bool:
    """Whether it is a reply whose body is no JSON, such as an HTML page; `payload` is None for these, and for null."""
    if isinstance(source, Body | dict | list) or getattr(source, "payload", source) is not None or source is None:
        return False
    body = getattr(source, "body", b"")
    return not isinstance(body, bytes) or body.strip() != NULL


def _named(bodies: list[Body]) -> tuple[Body, ...]:
    wanted = [body.name or f"body {number}" for number, body in enumerate(bodies, 1)]
    often = Counter(wanted)
    for index, body in enumerate(bodies):
        if often[wanted[index]] > 1 and body.fetched_at is not None:
            wanted[index] += f" {body.fetched_at:%Y-%m-%d %H:%M:%S}"
    names = told_apart(wanted)
    return tuple(
        body if body.name == name else replace(body, name=name) for body, name in zip(bodies, names, strict=True)
    )


def told_apart(names: Iterable[str]) -> list[str]:
    """The names, with a number behind those that were there before: "work", "work (2)"."""
    taken: dict[str, int] = {}  # name -> the last number given to it
    for name in names:
        number, fresh = taken.get(name, 0), name
        while fresh in taken:
            number += 1
            fresh = f"{name} ({number})"
        if fresh != name:
            taken[name] = number
        taken[fresh] = 1
    return list(taken)
