"""The bodies of one explorer: found by name or number, labelled for the browser, their rows kept while in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..errors import BodyError, QuotaError
from ..fields import Aliases
from ..privacy import hide_tokens, mask_identity, printable
from .explorer_bodies import Entry
from .explorer_rows import View, view_of
from .picker import account_labels

MOST_BODIES: Final = 5_000
"""Bodies that are kept: those of earlier runs give way first."""
NONE: Final = -1


class Shelf:
    """Entries in order, and the rows of what is in view.

    Attributes:
        entries: The bodies there are.
        listed: For each of them what the browser may know: `label` (masked, unique), `note`, `remark`, `group` (equal
            for bodies of one account).
    """

    def __init__(self, entries: Sequence[Entry], *, aliases: Aliases, reveal: bool) -> None:
        self.entries = tuple(entries[:MOST_BODIES])
        self._aliases = aliases
        self._reveal = reveal
        self._views: dict[tuple[int, int], View] = {}
        labels = account_labels([entry.name for entry in self.entries], reveal=reveal)
        groups: dict[str, int] = {}
        self.listed: list[dict[str, Any]] = [
            {
                "label": hide_tokens(label),
                "note": entry.note,
                "remark": self.masked(entry.remark),
                "group": groups.setdefault(entry.account, len(groups)),
            }
            for entry, label in zip(self.entries, labels, strict=True)
        ]

    def at(self, number: int) -> Entry | None:
        """The entry of this number, or None."""
        return self.entries[number] if 0 <= number < len(self.entries) else None

    def label(self, number: int) -> str:
        """What the browser calls it, or ""."""
        return str(self.listed[number]["label"]) if 0 <= number < len(self.entries) else ""

    def number(self, name: str | None) -> int:
        """The number of the body of this name, else of the newest body of the account of this name; -1 for none."""
        for match in ([entry.name for entry in self.entries], [entry.account for entry in self.entries]):
            if name in match:
                return match.index(name)
        return NONE

    def first(self) -> int:
        """The first body without anything unusual, else the first entry; -1 where there is none."""
        good = (number for number, entry in enumerate(self.entries) if entry.body is not None and not entry.note)
        return next(good, 0 if self.entries else NONE)

    def masked(self, text: str) -> str:
        """A text as it may be shown."""
        return printable(hide_tokens(text if self._reveal else mask_identity(text)))

    def view(self, at: int, other: int) -> View:
        """The rows of a body, compared with another one where there is one; kept until others are asked for.

        Raises:
            BodyError: There is no body, or it cannot be shown; the message says why.
        """
        view = self._views.get((at, other))
        if view is None:
            self._views = {(at, other): (view := self._made(self.at(at), self.at(other)))}
        return view

    def view_or_trouble(self, at: int, other: int) -> tuple[View | None, str]:
        """The same, or None and why."""
        try:
            return self.view(at, other), ""
        except QuotaError as error:
            return None, self.masked(str(error))

    def _made(self, entry: Entry | None, other: Entry | None) -> View:
        if entry is None:
            raise BodyError("There is no body to show.", hint="Give a collection, a reply, a file or pasted JSON.")
        if entry.body is None:
            raise BodyError("No reply.", hint=entry.remark)
        return view_of(
            entry.body,
            None if other is None else other.body,
            aliases=self._aliases,
            reveal=self._reveal,
            identities=entry.identities | (other.identities if other is not None else frozenset()),
        )
