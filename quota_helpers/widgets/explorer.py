"""FieldExplorer: what the server really said, and which field gave which number."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..errors import BodyError, QuotaError
from ..fields import ALIASES, Aliases
from ..models import UsageSnapshot
from ..outcomes import Collection
from ..raw import STATUSES, Body, header_table, redact, table_of
from ..raw.reading import read_body
from ..sources import Source
from ..workers import aside
from .explorer_bodies import Entry, entries_of, later_first, with_identities
from .explorer_rows import View
from .explorer_say import shown
from .explorer_shelf import Shelf
from .explorer_twin import twin
from .twin import StaticTwin

if TYPE_CHECKING:
    import pandas as pd


class FieldExplorer(StaticTwin, anywidget.AnyWidget):
    """Raw bodies as collapsible JSON: what was read is marked, and each number leads to its field and back.

    The browser gets masked text only, unless `reveal`, and tokens never. `account`, `compare_to`, `selected_path`,
    `search` and `statuses` can be set and observed; the page follows, and the other way round.

    Args:
        source: A `Source` (which is asked once), a `Collection`, replies, stored bodies, payloads, a mapping of names
            to any of them, a file, a folder, or pasted text.
        reveal: Show e-mail addresses, and ids of people and accounts.
        aliases: The table of spellings to read with.

    Attributes:
        account: Name of the body that is shown; None where there is none at all.
        compare_to: Name of the body that it is compared with, or None.
        selected_path: JSON path of the chosen field, or "".
        search: What is searched for in paths and values, without regard to case.
        statuses: Only fields of these statuses are shown; empty means all. See `raw.STATUSES`.

    Raises:
        BodyError: *source* is no such thing, or its text is no JSON.
    """

    _esm = Path(__file__).with_name("explorer.js")
    _css = Path(__file__).with_name("explorer.css")

    search = traitlets.Unicode("").tag(sync=True)
    statuses = traitlets.List(traitlets.Enum(STATUSES)).tag(sync=True)
    account = traitlets.Unicode(None, allow_none=True)
    compare_to = traitlets.Unicode(None, allow_none=True)
    selected_path = traitlets.Unicode("")

    # What the browser knows of them: numbers and masked labels.
    _sources = traitlets.List(traitlets.Dict()).tag(sync=True)
    _account = traitlets.Int(-1).tag(sync=True)
    _compare = traitlets.Int(-1).tag(sync=True)
    _selected = traitlets.Int(-1).tag(sync=True)
    _version = traitlets.Int(0).tag(sync=True)
    _title = traitlets.Unicode("").tag(sync=True)
    _refreshable = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003  # a trait's default
    _busy = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003
    _alert = traitlets.Unicode("").tag(sync=True)

    def __init__(self, source: Any, *, reveal: bool = False, aliases: Aliases = ALIASES) -> None:
        super().__init__()
        self.reveal = reveal
        self._aliases = aliases
        self._source = source if isinstance(source, Source) else None
        self._shelf = Shelf((), aliases=aliases, reveal=reveal)
        self._task: asyncio.Task[None] | None = None
        self._refreshable = self._source is not None
        self._title = "Demo: invented accounts" if self._source is not None and self._source.is_demo else ""
        self.on_msg(self._take)
        if self._source is not None:
            self._offer(with_identities(entries_of(self._source.collect()), self._source))
        else:
            self._offer(entries_of(source))

    # --- what it shows, for Python ---

    @property
    def names(self) -> list[str]:
        """Names of the bodies there are, for `account` and `compare_to`."""
        return [entry.name for entry in self._shelf.entries]

    @property
    def payload(self) -> Any:
        """The chosen body as it was sent; None where there is none."""
        entry = self._shelf.at(self._account)
        return None if entry is None or entry.body is None else entry.body.payload

    @property
    def table(self) -> pd.DataFrame:
        """The chosen body's fields, as `field_table` has them, masked unless revealed.

        Raises:
            BodyError: There is no body, or it cannot be shown; the message says why.
        """
        view = self._view()
        return table_of(view.rows, view.clean)

    @property
    def snapshot(self) -> UsageSnapshot:
        """What is read from the chosen body.

        Raises:
            BodyError: There is no body, or it cannot be read; the message says why.
        """
        self._view()  # refuses what is nested too deeply before a reader recurses into it
        entry = self._shelf.entries[self._account]
        return read_body(self.payload, entry.fetched_at, self._aliases).trace.snapshot

    @property
    def headers(self) -> pd.DataFrame:
        """The chosen reply's response headers beside its body, redacted, as `header_table` has them.

        Raises:
            BodyError: There is no reply.
        """
        return header_table(self._chosen("reply"), aliases=self._aliases)

    def refresh(self) -> None:
        """Ask the source once more; the bodies so far stay, to compare with.

        Raises:
            BodyError: The explorer was not made from a source.
        """
        self._take_in(self._asked().collect())

    def _asked(self) -> Source:
        if self._source is None:
            raise BodyError("This explorer has no source to ask.", hint="Make it from a source: FieldExplorer(source).")
        return self._source

    def __repr__(self) -> str:
        shown = f", showing {self._shelf.label(self._account)}" if self._account >= 0 else ""
        count = len(self._shelf.entries)
        return f"FieldExplorer({count} {'body' if count == 1 else 'bodies'}{shown})"

    def _static_html(self) -> str:
        return twin(self._shelf.label(self._account) or "No body", *self._view_or_trouble())

    # --- state ---

    def _offer(self, entries: Sequence[Entry], account: str | None = None) -> None:
        """Show other bodies; the account in view stays, if it can."""
        self._shelf = Shelf(entries, aliases=self._aliases, reveal=self.reveal)
        at = self._shelf.number(account)
        if at < 0:
            at = self._shelf.first()
        entry = self._shelf.at(at)
        with self.hold_sync():
            # A number stays the same where its body has changed.
            self._version += 1
            self._sources = self._shelf.listed
            self._compare, self.compare_to = -1, None
            self._account = at
            self.account = None if entry is None else entry.name
            self._keep_selection()

    def _view(self) -> View:
        return self._shelf.view(self._account, self._compare)

    def _view_or_trouble(self) -> tuple[View | None, str]:
        return self._shelf.view_or_trouble(self._account, self._compare)

    @traitlets.validate("account", "compare_to")
    def _check_name(self, proposal: Any) -> str | None:
        name: str | None = proposal["value"]
        if name is None:
            return None
        number = self._shelf.number(name)
        if number < 0:
            labels = ", ".join(source["label"] for source in self._shelf.listed[:20])
            raise traitlets.TraitError(f"no body {self._shelf.masked(name)!r}; there are: {labels}")
        return self._shelf.entries[number].name

    @traitlets.validate("selected_path")
    def _check_path(self, proposal: Any) -> str:
        path: str = proposal["value"]
        if path and path not in self._view().index:
            raise traitlets.TraitError(f"{self._shelf.label(self._account)} has no field {self._shelf.masked(path)!r}")
        return path

    @traitlets.validate("_account", "_compare")
    def _check_number(self, proposal: Any) -> int:
        """A browser can be a moment behind: a number that stands for no body is none."""
        number: int = proposal["value"]
        return number if 0 <= number < len(self._shelf.entries) else -1

    @traitlets.observe("account", "compare_to")
    def _names_changed(self, change: Any) -> None:
        self.set_trait("_account" if change["name"] == "account" else "_compare", self._shelf.number(change["new"]))

    @traitlets.observe("selected_path")
    def _path_changed(self, change: Any) -> None:
        self._selected = self._view().index[change["new"]] if change["new"] else -1

    @traitlets.observe("_account", "_compare")
    @shown
    def _numbers_changed(self, change: Any) -> None:
        entry = self._shelf.at(change["new"])
        name = None if entry is None else entry.name
        if change["name"] == "_compare":
            self.compare_to = name
        else:
            self.account = name
        if self._compare == self._account:
            self._compare = -1
        self._keep_selection()

    @traitlets.observe("_selected")
    @shown
    def _row_changed(self, change: Any) -> None:
        view, _ = self._view_or_trouble()
        known = view is not None and 0 <= change["new"] < len(view.paths)
        self.selected_path = view.paths[change["new"]] if view is not None and known else ""

    def _keep_selection(self) -> None:
        """The same path in the body that is shown now, where it has one."""
        view, _ = self._view_or_trouble()
        number = view.index.get(self.selected_path, -1) if view is not None else -1
        if number < 0:
            self.selected_path = ""
        self._selected = number

    # --- messages of the page ---

    @shown
    def _take(self, _: object, content: Any, __: object) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "body":
            self._send_body()
        elif kind == "redact":
            text = json.dumps(redact(self._chosen("body to copy").payload), indent=2)
            self.send({"kind": "redacted", "ask": content.get("ask"), "text": text})
        elif kind == "refresh":
            self._refresh_beside()

    def _send_body(self) -> None:
        view, trouble = self._view_or_trouble()
        place = {"account": self._account, "compare": self._compare, "version": self._version}
        if view is None:
            self.send({"kind": "body", "trouble": trouble, **place})
        else:
            self.send({**view.message, **place}, buffers=view.buffers)

    def _chosen(self, wanted: str) -> Body:
        entry = self._shelf.at(self._account)
        if entry is None or entry.body is None:
            raise BodyError(f"There is no {wanted}.", hint="Pick an account that has a reply.")
        return entry.body

    def _refresh_beside(self) -> None:
        """Ask the source beside the kernel's loop, so that the page stays answered meanwhile."""
        source = self._asked()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.refresh()
            return
        if self._task is None or self._task.done():
            self._busy = True
            self._task = loop.create_task(self._refreshed(source))

    async def _refreshed(self, source: Source) -> None:
        try:
            self._take_in(await aside(lambda: source.collect(progress=False)))
            self.say(None)
        except Exception as error:
            self.say(error)
            raise
        finally:
            self._busy = False

    def _take_in(self, collection: Collection) -> None:
        entry = self._shelf.at(self._account)
        fresh = with_identities(entries_of(collection), self._asked())
        self._offer(later_first(fresh, self._shelf.entries), None if entry is None else entry.account)

    def say(self, error: BaseException | None) -> None:
        """Show what went wrong, masked; None takes the message away."""
        kind = "" if error is None or isinstance(error, QuotaError) else f"{type(error).__name__}: "
        self._alert = "" if error is None else self._shelf.masked(f"{kind}{error}")
