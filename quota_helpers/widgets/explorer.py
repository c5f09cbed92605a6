"""FieldExplorer: what the server really said, and which field gave which number."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import anywidget
import pandas as pd
import traitlets

from ..bodies import named, redact, replies_of
from ..errors import BodyError, QuotaError
from ..fields import ALIASES, Aliases
from ..labels import numbered
from ..models import RawReply, UsageSnapshot
from ..normalize import trace_body
from ..outcomes import Collection
from ..privacy import hide_tokens, mask_identity, printable
from ..raw import STATUSES
from ..raw.explain import table_of
from ..sources import Source
from ..workers import aside
from .alerts import Alerts, guarded
from .explorer_rows import BodyView, static_rows, view_of
from .twin import StaticTwin

MOST_BODIES: Final = 5_000
"""Bodies that are kept: those of earlier runs give way first."""
NONE: Final = -1
_GOOD: Final = 200
# Names and paths can hold identities: the browser knows bodies and fields by their numbers.
_BODY: Final[dict[str, Any]] = {
    "sync": True,
    "to_json": lambda name, self: self._number(name),
    "from_json": lambda number, self: self._name(number),
}
_FIELD: Final[dict[str, Any]] = {
    "sync": True,
    "to_json": lambda path, self: self._row(path),
    "from_json": lambda number, self: self._path(number),
}


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
    account = traitlets.Unicode(None, allow_none=True).tag(**_BODY)
    compare_to = traitlets.Unicode(None, allow_none=True).tag(**_BODY)
    selected_path = traitlets.Unicode("").tag(**_FIELD)

    # What else the browser knows; a body's number stays the same where another run changes the body.
    _sources = traitlets.List(traitlets.Dict()).tag(sync=True)
    _version = traitlets.Int(0).tag(sync=True)
    _title = traitlets.Unicode("").tag(sync=True)
    _refreshable = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003  # a trait's default
    _busy = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003 - traitlets' own way
    _alert = traitlets.Unicode("").tag(sync=True)

    def __init__(self, source: Any, *, reveal: bool = False, aliases: Aliases = ALIASES) -> None:
        self._bodies: tuple[RawReply, ...] = ()
        self._views: dict[tuple[str | None, str | None], BodyView] = {}  # the one in view
        super().__init__()
        self.reveal = reveal
        self._aliases = aliases
        self._source = source if isinstance(source, Source) else None
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
        return [body.name for body in self._bodies]

    @property
    def payload(self) -> Any:
        """The chosen body as it was sent; None where there is none."""
        body = self._body(self.account)
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
        body = self._chosen("body")
        trace = trace_body(body.content, fetched_at=body.fetched_at, aliases=self._aliases)
        return replace(trace.snapshot, fetched_at=trace.fetched_at or datetime.now(UTC))

    def refresh(self) -> None:
        """Ask the source once more; the bodies so far stay, to compare with.

        Raises:
            BodyError: The explorer was not made from a source.
        """
        if self._source is None:
            raise BodyError("This explorer has no source to ask.", hint="Make it from a source: FieldExplorer(source).")
        self._take_in(self._source.collect())

    def __repr__(self) -> str:
        shown = f", showing {self._label(self.account)}" if self.account is not None else ""
        return f"FieldExplorer({len(self._bodies)} {'body' if len(self._bodies) == 1 else 'bodies'}{shown})"

    def _static_html(self) -> str:
        return static_rows(self._label(self.account) or "No body", *self._view_or_trouble())

    # --- the bodies: by name here, by number in the browser ---

    def _offer(self, bodies: Iterable[RawReply], account: str | None = None) -> None:
        """Show other bodies; the account in view stays, if it can, else the first without anything unusual is shown."""
        self._bodies, self._views = tuple(bodies)[:MOST_BODIES], {}
        known = self._name(self._number(account))
        usual = next((body.name for body in self._bodies if not _note(body)), self._name(0))
        labels = numbered([self._masked(name) for name in self.names])
        groups: dict[str, int] = {}
        with self.hold_sync(), self.hold_trait_notifications():
            self._version += 1
            self._sources = [
                {
                    "label": label,
                    "note": _note(body),
                    "remark": self._masked(" ".join(body.notes)),
                    "group": groups.setdefault(_owner(body), len(groups)),
                }
                for body, label in zip(self._bodies, labels, strict=True)
            ]
            self.compare_to, self.account = None, usual if known is None else known
        self._turn(None)
        self.send_state("account")

    def _number(self, name: str | None) -> int:
        """The number of the body of this name, else of the newest body of the account of this name; -1 for none."""
        for known in (self.names, list(map(_owner, self._bodies))):
            if name in known:
                return known.index(name)
        return NONE

    def _name(self, number: int) -> str | None:
        """The name of the body of this number; None for none (a browser can be a moment behind)."""
        return self._bodies[number].name if 0 <= number < len(self._bodies) else None

    def _body(self, name: str | None) -> RawReply | None:
        return None if (number := self._number(name)) == NONE else self._bodies[number]

    def _label(self, name: str | None) -> str:
        return "" if (number := self._number(name)) == NONE else str(self._sources[number]["label"])

    def _row(self, path: str) -> int:
        view = self._view_or_trouble()[0] if path else None
        return NONE if view is None else view.index.get(path, NONE)

    def _path(self, number: int) -> str:
        view, _ = self._view_or_trouble()
        return view.paths[number] if view is not None and 0 <= number < len(view.paths) else ""

    def _masked(self, text: str) -> str:
        return printable(hide_tokens(text if self.reveal else mask_identity(text)))

    def _view(self) -> BodyView:
        """The rows of the chosen body, beside the other one's where there is one.

        Raises:
            BodyError: There is no body, or it cannot be shown; the message says why.
        """
        key = (self.account, self.compare_to)
        if key not in self._views:
            self._views = {key: self._made(self._body(self.account), self._body(self.compare_to))}
        return self._views[key]

    def _view_or_trouble(self) -> tuple[BodyView | None, str]:
        try:
            return self._view(), ""
        except QuotaError as error:
            return None, self._masked(str(error))

    def _made(self, body: RawReply | None, other: RawReply | None) -> BodyView:
        if body is None:
            raise BodyError("There is no body to show.", hint="Give a collection, a reply, a file or pasted JSON.")
        if not _has_reply(body):
            raise BodyError("No reply.", hint=" ".join(body.notes))
        # What the login files say of the people and accounts is masked wherever it stands.
        owners = {_owner(one) for one in (body, other) if one is not None}
        logins = [] if self._source is None else [one for one in self._source.accounts if one.name in owners]
        known = {text for login in logins for text in (login.email, login.user_id, login.account_id) if text}
        return view_of(
            body,
            other if other is not None and _has_reply(other) else None,
            aliases=self._aliases,
            reveal=self.reveal,
            identities=frozenset(known),
        )

    # --- state ---

    @traitlets.validate("account", "compare_to")
    def _check_name(self, proposal: Any) -> str | None:
        name: str | None = proposal["value"]
        if name is not None and self._number(name) == NONE:
            labels = ", ".join(source["label"] for source in self._sources[:20])
            raise traitlets.TraitError(f"no body {self._masked(name)!r}; there are: {labels}")
        return self._name(self._number(name))

    @traitlets.validate("selected_path")
    def _check_path(self, proposal: Any) -> str:
        path: str = proposal["value"]
        if path and path not in self._view().index:
            raise traitlets.TraitError(f"{self._label(self.account)} has no field {self._masked(path)!r}")
        return path

    @traitlets.observe("account", "compare_to")
    @guarded("Explorer")
    def _turn(self, _: object) -> None:
        """To another pair of bodies: the same path stays chosen where it is there."""
        if self.compare_to == self.account:
            self.compare_to = None
        if self._row(self.selected_path) == NONE:
            self.selected_path = ""
        self.send_state("selected_path")  # of which the number can be another one

    # --- messages of the page ---

    @guarded("Explorer")
    def _take(self, _: object, content: Any, __: object) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "body":
            view, trouble = self._view_or_trouble()
            message = {"kind": "body", "trouble": trouble} if view is None else view.message
            pair = [self._number(self.account), self._number(self.compare_to)]
            self.send({**message, "pair": pair, "version": self._version})
        elif kind == "redact":
            text = json.dumps(redact(self._chosen("body to copy")), indent=2)
            self.send({"kind": "redacted", "text": text})
        elif kind == "refresh" and self._source is not None and (self._task is None or self._task.done()):
            # Beside the kernel's loop, so that the page stays answered meanwhile.
            self._task = asyncio.get_running_loop().create_task(self._refreshed(self._source))

    def _chosen(self, wanted: str) -> RawReply:
        body = self._body(self.account)
        if body is None or not _has_reply(body):
            raise BodyError(f"There is no {wanted}.", hint="Pick an account that has a reply.")
        return body

    async def _refreshed(self, source: Source) -> None:
        self._busy = True
        try:
            self._take_in(await aside(lambda: source.collect(progress=False)))
            self.alerts.clear("Read again")
        except Exception as error:
            self.alerts.error("Read again", error)
            raise
        finally:
            self._busy = False

    def _take_in(self, collection: Collection) -> None:
        """A new run's bodies stand before those of earlier runs, which are renamed so that names stay their own."""
        body = self._body(self.account)
        every = [*bodies_shown(collection), *filter(_has_reply, self._bodies)]
        self._offer(named(replace(one, name=_owner(one)) for one in every), None if body is None else _owner(body))


def bodies_shown(source: Any) -> tuple[RawReply, ...]:
    """Every body that was handed over, each with a name of its own; a reply that is no JSON is there as its text.

    Of a collection also the accounts without a reply; `notes` say what went wrong with one.

    Raises:
        BodyError: It is no such thing, or a text is no JSON.
    """
    if not isinstance(source, Collection):
        one = "body" if source is None or isinstance(source, Mapping | bool | int | float) else ""
        return named(replace(body, name=body.name or one) for body in replies_of(source))
    remarks = {
        failure.account: (f"{failure.kind}: {failure.message} {failure.hint}".strip(),) for failure in source.failures
    }
    found = [replace(body, notes=remarks.pop(body.name, ())) for body in replies_of(source)]
    return named([*found, *(RawReply(name=name, account=name, notes=notes) for name, notes in remarks.items())])


def _owner(body: RawReply) -> str:
    """Whose it is; bodies of one account are offered to each other first for comparison."""
    return body.account or body.account_key or body.name


def _has_reply(body: RawReply) -> bool:
    return body.is_json or bool(body.body) or body.status is not None


def _note(body: RawReply) -> str:
    """What is unusual about it."""
    if not _has_reply(body):
        return "no reply"
    return f"HTTP {body.status}" if body.status not in {None, _GOOD} else ""
