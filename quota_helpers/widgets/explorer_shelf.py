"""The bodies of one explorer: found by name or number, labelled for the browser, their rows kept while in view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..bodies import body_of, named, replies_of
from ..errors import BodyError, QuotaError
from ..fields import Aliases
from ..labels import numbered
from ..models import RawReply
from ..outcomes import Collection
from ..privacy import hide_tokens, mask_identity, printable
from ..sources import Source
from .explorer_rows import BodyView, view_of

MOST_BODIES: Final = 5_000
"""Bodies that are kept: those of earlier runs give way first."""
NONE: Final = -1
_GOOD: Final = 200


def bodies_shown(source: Any) -> tuple[RawReply, ...]:
    """Every body that was handed over, each with a name of its own; a reply that is no JSON is there as its text.

    Of a collection also the accounts without a reply; `notes` say what went wrong with one.

    Raises:
        BodyError: It is no such thing, or a text is no JSON.
    """
    if source is None or isinstance(source, bool | int | float):
        return named([replace(body_of(source), name="body")])
    if not isinstance(source, Collection):
        one = isinstance(source, Mapping)
        return named(replace(body, name=body.name or ("body" if one else "")) for body in replies_of(source))
    remarks = {
        failure.account: (f"{failure.kind}: {failure.message} {failure.hint}".strip(),) for failure in source.failures
    }
    found = [replace(body, notes=remarks.pop(body.name, ())) for body in replies_of(source)]
    return named([*found, *(RawReply(name=name, account=name, notes=notes) for name, notes in remarks.items())])


def later_first(fresh: Iterable[RawReply], earlier: Iterable[RawReply]) -> tuple[RawReply, ...]:
    """A new run's bodies before those of earlier runs, renamed so that each has a name of its own."""
    every = [*fresh, *(body for body in earlier if has_reply(body))]
    return named(replace(body, name=owner(body)) for body in every)


def owner(body: RawReply) -> str:
    """Whose it is; bodies of one account are offered to each other first for comparison."""
    return body.account or body.account_key or body.name


def has_reply(body: RawReply) -> bool:
    """Whether there is anything to show."""
    return body.is_json or bool(body.body) or body.status is not None


class Shelf:
    """Bodies in order, and the rows of what is in view.

    Attributes:
        bodies: The bodies there are.
        listed: For each of them what the browser may know: `label` (masked, unique), `note` (what is unusual), `remark`
            (what went wrong), `group` (equal for bodies of one account).
    """

    def __init__(
        self, bodies: Sequence[RawReply], *, aliases: Aliases, reveal: bool, source: Source | None = None
    ) -> None:
        self.bodies = tuple(bodies[:MOST_BODIES])
        self._aliases = aliases
        self._reveal = reveal
        self._identities = _identities(source) if source is not None else {}
        self._views: dict[tuple[int, int], BodyView] = {}
        groups: dict[str, int] = {}
        labels = numbered([self.masked(body.name) for body in self.bodies])
        self.listed: list[dict[str, Any]] = [
            {
                "label": label,
                "note": _note(body),
                "remark": self.masked(" ".join(body.notes)),
                "group": groups.setdefault(owner(body), len(groups)),
            }
            for body, label in zip(self.bodies, labels, strict=True)
        ]

    def at(self, number: int) -> RawReply | None:
        """The body of this number, or None."""
        return self.bodies[number] if 0 <= number < len(self.bodies) else None

    def label(self, number: int) -> str:
        """What the browser calls it, or ""."""
        return str(self.listed[number]["label"]) if 0 <= number < len(self.bodies) else ""

    def number(self, name: str | None) -> int:
        """The number of the body of this name, else of the newest body of the account of this name; -1 for none."""
        for match in ([body.name for body in self.bodies], list(map(owner, self.bodies))):
            if name in match:
                return match.index(name)
        return NONE

    def first(self) -> int:
        """The first body without anything unusual, else the first one; -1 where there is none."""
        return next((at for at, body in enumerate(self.bodies) if not _note(body)), 0 if self.bodies else NONE)

    def masked(self, text: str) -> str:
        """A text as it may be shown."""
        return printable(hide_tokens(text if self._reveal else mask_identity(text)))

    def view(self, at: int, other: int) -> BodyView:
        """The rows of a body, compared with another one where there is one; kept until others are asked for.

        Raises:
            BodyError: There is no body, or it cannot be shown; the message says why.
        """
        view = self._views.get((at, other))
        if view is None:
            self._views = {(at, other): (view := self._made(self.at(at), self.at(other)))}
        return view

    def view_or_trouble(self, at: int, other: int) -> tuple[BodyView | None, str]:
        """The same, or None and why."""
        try:
            return self.view(at, other), ""
        except QuotaError as error:
            return None, self.masked(str(error))

    def _made(self, body: RawReply | None, other: RawReply | None) -> BodyView:
        if body is None:
            raise BodyError("There is no body to show.", hint="Give a collection, a reply, a file or pasted JSON.")
        if not has_reply(body):
            raise BodyError("No reply.", hint=" ".join(body.notes))
        known = (self._identities.get(owner(one), frozenset()) for one in (body, other) if one is not None)
        return view_of(
            body,
            other if other is not None and has_reply(other) else None,
            aliases=self._aliases,
            reveal=self._reveal,
            identities=frozenset().union(*known),
        )


def _identities(source: Source) -> dict[str, frozenset[str]]:
    """What the login files say about the people and accounts, which is masked wherever it stands."""
    return {
        account.name: frozenset(text for text in (account.email, account.user_id, account.account_id) if text)
        for account in source.accounts
    }


def _note(body: RawReply) -> str:
    if not has_reply(body):
        return "no reply"
    return f"HTTP {body.status}" if body.status not in {None, _GOOD} else ""
