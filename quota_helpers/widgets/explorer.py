"""FieldExplorer: what the server really said, and which field gave which number."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from ..bodies import redact
from ..errors import BodyError
from ..fields import ALIASES, Aliases
from ..models import RawReply, UsageSnapshot
from ..normalize import trace_body
from ..outcomes import Collection
from ..raw import STATUSES, header_table
from ..raw.explain import table_of
from ..sources import Source
from ..workers import aside
from .alerts import Alerts, guarded
from .explorer_rows import BodyView, static_rows
from .explorer_shelf import Shelf, bodies_shown, has_reply, later_first, owner
from .twin import StaticTwin


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

    >>> explorer = FieldExplorer('{"rate_limit": {"primary_window": {"used_percent": 31}}}')
    >>> explorer.snapshot.windows[0].used_percent
    31.0
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
    _beside = traitlets.Int(-1).tag(sync=True)
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
        self.alerts = Alerts()
        self.alerts.observe(lambda _: self.set_trait("_alert", "\n".join(self.alerts.texts)), "value")
        self._refreshable = self._source is not None
        self._title = "Demo: invented accounts" if self._source is not None and self._source.is_demo else ""
        self.on_msg(self._take)
        self._offer(bodies_shown(source if self._source is None else self._source.collect()))

    # --- what it shows, for Python ---

    @property
    def names(self) -> list[str]:
        """Names of the bodies there are, for `account` and `compare_to`."""
        return [body.name for body in self._shelf.bodies]

    @property
    def payload(self) -> Any:
        """The chosen body as it was sent; None where there is none."""
        body = self._shelf.at(self._account)
        return None if body is None else body.content

    @property
    def table(self) -> pd.DataFrame:
        """The chosen body's fields, as `field_table` has them, masked unless revealed.

        Raises:
            BodyError: There is no body, or it cannot be shown; the message says why.
        """
        view = self._view()
        return table_of(view.rows, view.mask)

    @property
    def snapshot(self) -> UsageSnapshot:
        """What is read from the chosen body. Where nothing says when it was sent, `fetched_at` is now.

        A reset that counts from the time of reading is None then.

        Raises:
            BodyError: There is no body, or it cannot be read; the message says why.
        """
        self._view()  # refuses what is nested too deeply before a reader recurses into it
        body = self._shelf.bodies[self._account]
        trace = trace_body(self.payload, fetched_at=body.fetched_at, aliases=self._aliases)
        return dataclasses.replace(trace.snapshot, fetched_at=trace.fetched_at or datetime.now(UTC))

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
        count = len(self._shelf.bodies)
        return f"FieldExplorer({count} {'body' if count == 1 else 'bodies'}{shown})"

    def _static_html(self) -> str:
        return static_rows(self._shelf.label(self._account) or "No body", *self._view_or_trouble())

    # --- state ---

    def _offer(self, bodies: Sequence[RawReply], account: str | None = None) -> None:
        """Show other bodies; the account in view stays, if it can."""
        self._shelf = Shelf(bodies, aliases=self._aliases, reveal=self.reveal, source=self._source)
        at = self._shelf.number(account)
        if at < 0:
            at = self._shelf.first()
        body = self._shelf.at(at)
        with self.hold_sync():
            # A number stays the same where its body has changed.
            self._version += 1
            self._sources = self._shelf.listed
            self._beside, self.compare_to = -1, None
            self._account = at
            self.account = None if body is None else body.name
            self._keep_selection()

    def _view(self) -> BodyView:
        return self._shelf.view(self._account, self._beside)

    def _view_or_trouble(self) -> tuple[BodyView | None, str]:
        return self._shelf.view_or_trouble(self._account, self._beside)

    @traitlets.validate("account", "compare_to")
    def _check_name(self, proposal: Any) -> str | None:
        name: str | None = proposal["value"]
        if name is None:
            return None
        number = self._shelf.number(name)
        if number < 0:
            labels = ", ".join(source["label"] for source in self._shelf.listed[:20])
            raise traitlets.TraitError(f"no body {self._shelf.masked(name)!r}; there are: {labels}")
        return self._shelf.bodies[number].name

    @traitlets.validate("selected_path")
    def _check_path(self, proposal: Any) -> str:
        path: str = proposal["value"]
        if path and path not in self._view().index:
            raise traitlets.TraitError(f"{self._shelf.label(self._account)} has no field {self._shelf.masked(path)!r}")
        return path

    @traitlets.validate("_account", "_beside")
    def _check_number(self, proposal: Any) -> int:
        """A browser can be a moment behind: a number that stands for no body is none."""
        number: int = proposal["value"]
        return number if 0 <= number < len(self._shelf.bodies) else -1

    @traitlets.observe("account", "compare_to")
    def _names_changed(self, change: Any) -> None:
        self.set_trait("_account" if change["name"] == "account" else "_beside", self._shelf.number(change["new"]))

    @traitlets.observe("selected_path")
    def _path_changed(self, change: Any) -> None:
        self._selected = self._view().index[change["new"]] if change["new"] else -1

    @traitlets.observe("_account", "_beside")
    @guarded("Explorer")
    def _numbers_changed(self, change: Any) -> None:
        body = self._shelf.at(change["new"])
        name = None if body is None else body.name
        if change["name"] == "_beside":
            self.compare_to = name
        else:
            self.account = name
        if self._beside == self._account:
            self._beside = -1
        self._keep_selection()

    @traitlets.observe("_selected")
    @guarded("Explorer")
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

    @guarded("Explorer")
    def _take(self, _: object, content: Any, __: object) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "body":
            self._send_body()
        elif kind == "redact":
            text = json.dumps(redact(self._chosen("body to copy")), indent=2)
            self.send({"kind": "redacted", "text": text})
        elif kind == "refresh":
            self._refresh_beside()

    def _send_body(self) -> None:
        view, trouble = self._view_or_trouble()
        place = {"account": self._account, "beside": self._beside, "version": self._version}
        if view is None:
            self.send({"kind": "body", "trouble": trouble, **place})
        else:
            self.send({**view.message, **place})

    def _chosen(self, wanted: str) -> RawReply:
        body = self._shelf.at(self._account)
        if body is None or not has_reply(body):
            raise BodyError(f"There is no {wanted}.", hint="Pick an account that has a reply.")
        return body

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
            self.alerts.clear("Read again")
        except Exception as error:
            self.alerts.error("Read again", error)
            raise
        finally:
            self._busy = False

    def _take_in(self, collection: Collection) -> None:
        body = self._shelf.at(self._account)
        every = later_first(bodies_shown(collection), self._shelf.bodies)
        self._offer(every, None if body is None else owner(body))
