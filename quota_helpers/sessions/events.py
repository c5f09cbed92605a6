"""What the lines of one log tell: turns with their counts, readings of limits, and whose they are.

A `token_usage_record` and the `token_count` of the same answer are one turn, at the moment of the record.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable
from functools import lru_cache
from struct import Struct as Packer
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from .find import thread_of
from .lines import (
    COUNT_LINE,
    EARLIEST,
    LATEST,
    LIMITS,
    RECORD_LINE,
    TURN_LINE,
    UNUSUAL,
    Counts,
    Info,
    Limits,
    Line,
    Said,
    Turn,
    counts_of,
    microseconds,
    parse,
    text_of,
    turn_of,
)

MISSING: Final = -(1 << 63)  # what numpy shows as NaT

_FRONT: Final = Packer("<qIIBIIqqqqqqqq")
_WINDOWS: Final = Packer("<ddqddq")
ROW: Final = Packer(_FRONT.format + _WINDOWS.format[1:])
"""Time, file, seq, kind, context, limit, six counts, sum of the session, answer, two windows (used, minutes, reset)."""

KIND_AT: Final = 16  # where `kind` stands in a row

SPENT: Final = 1  # bits of `kind`: tokens were spent,
ODD: Final = 2  # the limits are for `normalize` to read,
COPY: Final = 4  # the log says itself that this is another session's,
RECORD: Final = 8  # the counts stand in a record, which names its session,
IMPORTED: Final = 16  # the turn was imported from another tool

Context = tuple[str | None, str | None, str | None, str | None]
"""Provider, model, effort, project of a turn."""

LimitName = tuple[str | None, str | None, str | None]
"""Id and name of a limit, and the plan."""

NO_CONTEXT: Final[Context] = (None, None, None, None)
NO_LIMIT: Final[LimitName] = (None, None, None)

Found = tuple[int, bytes]
"""What a line says of limits: the number of their name, and `_WINDOWS`."""

_NAN: Final = float("nan")
_NO_WINDOW: Final = (_NAN, _NAN, MISSING)
_NOTHING: Final[Found] = (0, _WINDOWS.pack(*_NO_WINDOW, *_NO_WINDOW))
_NO_INFO: Final = Info()
_NO_COUNTS: Final = (0, 0, 0, 0, 0, 0)
_REMEMBERED: Final = 4096  # readings whose text is known again; most lines repeat one
_WAITING: Final = 64  # records whose `token_count` has not come; after so many none will
_AT_ONCE: Final = 1_000_000  # microseconds between a `token_count` and a record of the same answer behind it

TURN_TYPES: Final = ("task_started", "turn_started", "thread_settings_applied")
_IMPORT: Final = "external-import-turn-"


class Pending(msgspec.Struct, array_like=True, gc=False):
    """A record that waits for the `token_count` of the same answer; `told`: it has a row of its own by now."""

    time: int
    kind: int
    context: Context
    counts: Counts
    answer: int
    told: bool = False


class State(msgspec.Struct, array_like=True):
    """Where reading one file stands, and what its beginning said.

    `sums` are the last cumulative counts, `high` the highest; `dip`: so many lines are below it. `head` and `tail` are
    length and checksum of the first bytes and of those just before `offset`.
    """

    thread: str
    offset: int = 0
    head: tuple[int, int] = (0, 0)
    tail: tuple[int, int] = (0, 0)
    skipping: bool = False
    seq: int = 0
    broken: int = 0
    named: bool = False
    copies: bool = False
    parent: str | None = None
    base: str | None = None
    own_from: int | None = None
    begun: int | None = None
    key: str | None = None
    client: str | None = None
    context: Context = NO_CONTEXT
    first_model: str | None = None
    imported: bool = False
    last_time: int | None = None
    sums: Counts | None = None
    high: Counts | None = None
    dip: int = 0
    waiting: list[Pending] = []
    alone: tuple[int, int, int] | None = None


class Batch:
    """Rows of several files, with what they point to by number (0 is none).

    Attributes:
        rows: `ROW` after `ROW`.
        contexts: What the numbers of contexts stand for.
        limits: What the numbers of limits stand for.
        odd: Lines that `normalize` must read: file, seq, microseconds, text.
    """

    def __init__(self) -> None:
        self.rows = bytearray()
        self.contexts: dict[Context, int] = {NO_CONTEXT: 0}
        self.limits: dict[LimitName, int] = {NO_LIMIT: 0}
        self.odd: list[tuple[int, int, int, str]] = []
        self.known: dict[bytes, Found] = {b"": _NOTHING, b"null": _NOTHING}


class Events:
    """Takes the lines of one log that matter, and makes rows of them.

    Args:
        number: The file's number, as it goes into the rows.
        state: Where reading stands.
        batch: Takes the rows.
        mtime: Microseconds since 1970, for a first line without a time.
    """

    def __init__(self, number: int, state: State, batch: Batch, mtime: int = 0) -> None:
        self.number, self.state, self.batch, self.mtime = number, state, batch, mtime

    def counted(self, text: memoryview) -> None:
        """A line with a `token_count`."""
        line, time = self._usual(COUNT_LINE, text)
        if line is None:
            return
        said = line.payload
        limits = bytes(said.rate_limits)
        found = self.batch.known.get(limits) or self._read(limits, time)
        if found is None:
            self.other(bytes(text))
            return
        info: Any = said.info or _NO_INFO
        sums, last = info.total_token_usage, info.last_token_usage
        kind = self._kind(line.ordinal, said.turn_id)
        self._counted(time, kind, sums and astuple(sums), last and astuple(last), found)

    def recorded(self, text: memoryview) -> None:
        """A line with a `token_usage_record`."""
        line, time = self._usual(RECORD_LINE, text)
        if line is not None:
            said = line.payload
            kind = self._kind(line.ordinal, said.turn_id)
            self._recorded(time, kind, astuple(said.usage), said.thread_id, said.turn_id, said.response_id)

    def begun(self, text: memoryview) -> None:
        """A line with a `turn_context`, or with an event of `TURN_TYPES`."""
        line, _ = self._usual(TURN_LINE, text)
        if line is not None:
            self._begun(line.payload)

    def _usual(self, decode: Callable[[memoryview], Line[Said]], text: memoryview) -> tuple[Line[Said] | None, int]:
        """The line and its time (microseconds); None when it is not as Codex writes it, and is taken care of."""
        try:
            line = decode(text)
            time = round(line.timestamp.timestamp() * 1e6)
        except UNUSUAL:
            time = 0
        if EARLIEST <= time < LATEST:
            self.state.last_time = time
            return line, time
        self.other(bytes(text))
        return None, 0

    def _begun(self, turn: Turn) -> None:
        """The turns from here on are of this model, in this folder, imported or not."""
        settings = turn.thread_settings
        if settings is not None:
            self._named(settings.model_provider_id, settings.model, settings.reasoning_effort, settings.cwd)
            return
        self.state.imported = (turn.turn_id or "").startswith(_IMPORT)
        if turn.type is None:
            self._named(None, turn.model, turn.effort, turn.cwd)

    def other(self, line: bytes) -> None:
        """A line that may matter, in whatever form it came."""
        state = self.state
        event = parse(line)
        if event is None:
            state.broken += 1
            return
        time = microseconds(event.get("timestamp"))
        when = time if time is not None else state.last_time or self.mtime
        payload = event.get("payload", event.get("msg"))  # "msg" until late 2025
        kind = event.get("type")
        inner: dict[str, Any] = payload if isinstance(payload, dict) else event
        ordinal = event.get("ordinal")
        marks = self._kind(ordinal if type(ordinal) is int else None, text_of(inner, "turn_id"))
        if kind == "session_meta":
            self._meta(inner, time, ordered=type(ordinal) is int)
        elif kind == "turn_context" or inner.get("type") in TURN_TYPES:
            self._begun(turn_of(inner))
        elif kind == "token_usage_record":
            if (taken := counts_of(inner.get("usage"))) is not None:
                names = (text_of(inner, name) for name in ("thread_id", "turn_id", "response_id"))
                self._recorded(when, marks, taken, *names)
        elif kind in ("event_msg", "token_count", None) and inner.get("type") in ("token_count", None):
            self._loose(when, marks, inner, line)
        if time is not None:
            state.last_time = time

    def _loose(self, time: int, kind: int, inner: dict[str, Any], line: bytes) -> None:
        """A `token_count` in another form than the usual one."""
        if "rate_limits" not in inner and "info" not in inner:
            return
        info, limits = inner.get("info"), inner.get("rate_limits")
        sums, last = (counts_of(info.get(name)) if isinstance(info, dict) else None for name in _SUMS)
        told = isinstance(limits, dict) and limits
        found = self._read(json.dumps(limits).encode(), time) if told else _NOTHING
        if found is None:
            text = line.decode("utf-8", "replace").replace("\0", "")
            self.batch.odd.append((self.number, self.state.seq, time, text))
            # The checksum makes copies of the line look alike.
            checksum = float(zlib.crc32(repr(limits).encode("utf-8", "replace")))
            found = (0, _WINDOWS.pack(_NAN, checksum, MISSING, *_NO_WINDOW))
            kind |= ODD
        self._counted(time, kind, sums, last, found)

    def _kind(self, ordinal: int | None, turn: str | None) -> int:
        """What the line's place and turn say: a copy of the parent's, imported from another tool."""
        own_from = self.state.own_from
        kind = COPY if own_from is not None and ordinal is not None and ordinal < own_from else 0
        imported = self.state.imported if turn is None else turn[: len(_IMPORT)] == _IMPORT
        return kind | IMPORTED if imported else kind

    def _read(self, said: bytes, time: int) -> Found | None:
        """The limits of a text, kept for the next line with the same, where they do not hang on the line's time."""
        try:
            limits, known = LIMITS(said), self.batch.known
            found = _NOTHING if limits is None else self._limits(limits, time)
        except UNUSUAL:
            return None
        if found is not None and b"resets_in_seconds" not in said and len(known) < _REMEMBERED:
            known[said] = found
        return found

    def _limits(self, limits: Limits, time: int) -> Found | None:
        """Limits as usual; None when `normalize` must read them."""
        name = (limits.limit_id, limits.limit_name, limits.plan_type)
        code = self.batch.limits.get(name)
        if code is None:
            if any(text is not None and (not text or text != text.strip()) for text in name):
                return None
            code = self.batch.limits[name] = len(self.batch.limits)
        windows: list[float] = []
        for window in (limits.primary, limits.secondary):
            if window is None:
                windows += _NO_WINDOW
                continue
            reset, wait = window.resets_at, window.resets_in_seconds
            if (reset is None) == (wait is None):
                return None
            moment = time + wait * 1_000_000 if wait is not None else reset * 1_000_000  # type: ignore[operator]  # one is
            windows += (window.used_percent, window.window_minutes, moment)
        return None if limits.spend_control_reached else (code, _WINDOWS.pack(*windows))

    def _counted(self, time: int, kind: int, sums: Counts | None, last: Counts | None, limits: Found) -> None:
        """A row for a `token_count`: with the turn that it counts, unless a record has told of that."""
        state = self.state
        spent, total = self._spent(sums, last), -1 if sums is None else sums[5]
        if spent is None:
            if limits is not _NOTHING:
                self._row(time, kind, state.context, _NO_COUNTS, total, 0, limits)
            return
        for at, record in enumerate(state.waiting):
            if (record.counts[0], record.counts[3]) == (spent[0], spent[3]):
                del state.waiting[at]
                if not record.told:
                    kind |= record.kind
                    self._row(record.time, kind, record.context, record.counts, total, record.answer, limits)
                elif limits is not _NOTHING:
                    self._row(record.time, kind | record.kind & COPY, record.context, _NO_COUNTS, -1, 0, limits)
                return
        state.alone = (time, spent[0], spent[3])
        self._row(time, kind | SPENT, state.context, spent, total, 0, limits)

    def _spent(self, sums: Counts | None, last: Counts | None) -> Counts | None:
        """What a turn took: its own counts, else what the sums grew by; None when it is no turn.

        Codex repeats a `token_count` with unchanged sums when only the limits changed. Sums that fall began anew, or
        are an old state for a line, after which they go on from the highest.
        """
        state = self.state
        before, high = state.sums, state.high
        if sums is not None:
            if sums == before:
                return None
            state.sums = sums
            if sums == high:
                state.dip = 0
                return None
            base = before
            if high is None or sums[5] >= high[5]:
                base = high if state.dip <= 1 else before
                state.high, state.dip = sums, 0
            else:
                base = before if state.dip and before is not None and sums[5] >= before[5] else None
                state.dip += 1
            if last is None:
                grown = zip(sums, base or _NO_COUNTS, strict=True)
                last = tuple(max(0, a - b) for a, b in grown)  # type: ignore[assignment]  # six of them
        return last if last is not None and any(last) else None

    def _recorded(
        self, time: int, kind: int, taken: Counts, thread: str | None, turn: str | None, answer: str | None
    ) -> None:
        """A record waits for its `token_count`; alone it is told at the end."""
        state = self.state
        if state.alone is not None:
            moment, *same = state.alone
            state.alone = None
            if same == [taken[0], taken[3]] and abs(time - moment) <= _AT_ONCE:
                return  # the `token_count` stood before it
        if thread is not None and thread != state.thread:
            kind |= COPY
        number = 0
        if answer is not None:  # with the total beside it, a checksum is enough to know it again
            text = f"{thread}\0{turn}\0{answer}".encode("utf-8", "replace")
            number = zlib.crc32(text) << 31 | taken[5] & 0x7FFF_FFFF
        if any(taken):
            state.waiting.append(Pending(time, kind | SPENT | RECORD, state.context, taken, number))
        if len(state.waiting) > _WAITING:
            self._tell(state.waiting.pop(0))

    def tell_waiting(self) -> None:
        """Rows for the records whose `token_count` has not come: it may, in a later read."""
        for record in self.state.waiting:
            self._tell(record)

    def _tell(self, record: Pending) -> None:
        if not record.told:
            self._row(record.time, record.kind, record.context, record.counts, -1, record.answer, _NOTHING)
            record.told = True

    def _row(
        self, time: int, kind: int, context: Context, spent: Counts, total: int, answer: int, limits: Found
    ) -> None:
        state, contexts = self.state, self.batch.contexts
        code, (limit, windows) = contexts.setdefault(context, len(contexts)), limits
        self.batch.rows += _FRONT.pack(time, self.number, state.seq, kind, code, limit, *spent, total, answer) + windows
        state.seq += 1

    def _named(self, provider: str | None, model: str | None, effort: str | None, folder: str | None) -> None:
        """The turns from here on are of these."""
        state = self.state
        before = state.context
        project = before[3] if folder is None else _last_part(folder)
        state.context = (provider or before[0], model or before[1], effort, project)
        state.first_model = state.first_model or model

    def _meta(self, meta: dict[str, Any], time: int | None, *, ordered: bool) -> None:
        """Whose session this is: the first such line says it; a copy of the parent's may follow it."""
        state = self.state
        thread = text_of(meta, "id") or text_of(meta, "session_id")
        if state.named:
            state.copies = state.copies or (thread is not None and thread != state.thread)
            return
        state.named, state.begun = True, time
        state.thread = thread or state.thread
        state.key = account_key(text_of(meta, "creator_user_id"), text_of(meta, "creator_account_id"))
        state.base = text_of(meta, "history_base", "thread_id")
        forked = text_of(meta, "forked_from_id")
        spawned = text_of(meta, "source", "subagent", "thread_spawn", "parent_thread_id")
        state.parent = forked or text_of(meta, "parent_thread_id") or spawned or state.base
        state.copies = forked is not None
        start = meta.get("subagent_history_start_ordinal")
        state.own_from = start if type(start) is int and ordered else None
        client = (text_of(meta, "originator"), text_of(meta, "cli_version"))
        state.client = " ".join(text for text in client if text) or None
        self._named(text_of(meta, "model_provider"), text_of(meta, "model"), None, text_of(meta, "cwd"))


_SUMS: Final = ("total_token_usage", "last_token_usage")


@lru_cache
def _last_part(folder: str) -> str | None:
    return re.split(r"[/\\]", folder.rstrip("/\\"))[-1] or None


def account_key(user: str | None, account: str | None) -> str | None:
    """The one-way hash of who began the session, as `models.Account.key` makes it; None when nothing says who."""
    if not (user or account):
        return None
    return hashlib.sha256(f"{user or ''}\0{account or ''}".encode("utf-8", "replace")).hexdigest()[:12]


def new_state(path: str) -> State:
    """The state of a file of which nothing has been read."""
    return State(thread_of(path))
