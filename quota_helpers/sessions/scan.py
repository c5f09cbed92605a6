"""The few lines of a session log that matter, found as bytes; only those become JSON.

A line that Codex writes begins `{"timestamp":"2026-11-22T11:39:44.123Z","type":"response_item",`: what stands at a
fixed distance from its start says what it is, so most of a log is hopped over from newline to newline. Lines of any
other form take a slower way that finds them by their words.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Callable
from struct import Struct
from typing import Any, BinaryIO, Final

from .events import (
    NAN,
    NO_WINDOW,
    State,
    account_key,
    dig,
    is_text,
    microseconds,
    parse,
    plain_limits,
    session_of,
    spent,
    turn,
)
from .usual import usual_line

BUFFER_BYTES: Final = 2 << 20
"""What one read takes in. A line longer than this is never one that matters; it is passed over without being kept."""

SEGMENT_BYTES: Final = 64 << 20
"""After so much of one file its rows are handed over: for progress, for interruption, for memory."""

ROW: Final = Struct("<qIIBIIIqqqqqqddqddq")
"""One `token_count` line: time, file, seq, kind, model, limit, plan, six counts, two windows (used, minutes, reset)."""

TURN, ODD = 1, 2  # bits of `kind`: tokens were spent; its limits are for `normalize` to read

_TYPE: Final = b'","type":"'
_RESPONSE: Final = b'","type":"response_item"'
_TOKENS: Final = b'","type":"event_msg","payload":{"type":"token_count"'
_EVENT: Final = b'","type":"event_msg","payload":{"type":"'
_CONTEXT: Final = b'","type":"turn_context"'
_WORDS: Final = (b"token_count", b"rate_limits", b"turn_context", b"session_meta")
_KNOWN: Final = (b"event_msg", b"session_meta", b"turn_context")


_DECODE: Final = json.JSONDecoder().raw_decode
_NOTHING: Final = (None, None, *NO_WINDOW, *NO_WINDOW)
_NO_TURN: Final = (0, 0, 0, 0, 0, -1)


class Batch:
    """Rows of several files, with the texts that they point to by number (0 is none).

    Attributes:
        rows: `ROW` after `ROW`.
        texts: The texts of models, limits and plans; the first is empty and stands for none.
        odd: Lines that `normalize` must read: [file, seq, microseconds, text].
    """

    def __init__(self) -> None:
        self.rows = bytearray()
        self.texts: list[str] = [""]
        self.odd: list[tuple[int, int, int, str]] = []
        self._codes: dict[str | None, int] = {None: 0}

    def code(self, text: str | None) -> int:
        """The number of *text*; 0 for None."""
        known = self._codes.get(text)
        if known is None:
            known = self._codes[text] = len(self.texts)
            self.texts.append(text or "")
        return known


class Scanner:
    """Reads one file from where its state stands.

    Args:
        number: The file's number, as it goes into the rows.
        path: The log.
        state: Where reading stands.
        batch: Takes the rows.
        buffer: `BUFFER_BYTES` to read into, shared by all files of a process.
    """

    def __init__(self, number: int, path: str, state: State, batch: Batch, buffer: bytearray) -> None:
        self.number, self.path, self.state, self.batch, self.buffer = number, path, state, batch, buffer
        self.distance = 38  # from the start of a line to the quote before its type; learned anew when it differs
        self.mtime = 0

    def read(self, file: BinaryIO, size: int, stop: Callable[[], bool] = lambda: False) -> bool:
        """Read on, up to *size* or for one segment. Returns whether the end was reached."""
        state, view = self.state, memoryview(self.buffer)
        self.mtime = os.fstat(file.fileno()).st_mtime_ns // 1000
        base = first = state["offset"]
        file.seek(base)
        filled = 0
        while True:
            wanted = min(len(view) - filled, size - base - filled)
            got = file.readinto(view[filled : filled + wanted]) if wanted > 0 else 0  # type: ignore[attr-defined]
            filled += got
            start = self._lines(filled)
            if start == 0 and filled == len(view):  # longer than the buffer: not one that matters
                state["skipping"] = True
                start = filled
            view[: filled - start] = bytes(view[start:filled])
            base, filled = base + start, filled - start
            if not got and filled and self._last_line(filled):
                base, filled = base + filled, 0
            state["offset"] = base
            if not got or base - first >= SEGMENT_BYTES or stop():
                return not got

    def _lines(self, filled: int) -> int:
        """Look at every complete line in the buffer; returns where the first incomplete one begins."""
        buffer, distance = self.buffer, self.distance
        find, starts, view = buffer.find, buffer.startswith, memoryview(buffer)
        start = self._after_skipped(filled)
        while True:
            end = find(b"\n", start, filled)
            if end < 0:
                break
            mark = start + distance
            if starts(_RESPONSE, mark):
                pass
            elif starts(_TOKENS, mark):
                self._token_count(bytes(view[start:end]))
            elif starts(_EVENT, mark):
                pass
            elif starts(_CONTEXT, mark):
                self._other(bytes(view[start:end]))
            else:
                kind = find(_TYPE, start, min(end, start + 100))
                if kind >= 0 and kind - start != distance:
                    distance = kind - start
                    continue  # the same line again, with the distance it has
                if kind < 0 or starts(_KNOWN, kind + len(_TYPE)):
                    self._search(start, end)
            start = end + 1
        self.distance = distance
        return start

    def _after_skipped(self, filled: int) -> int:
        """Where to begin: behind the rest of a line that is too long to matter, if we are in one."""
        if not self.state["skipping"]:
            return 0
        end = self.buffer.find(b"\n", 0, filled)
        self.state["skipping"] = end < 0
        return filled if end < 0 else end + 1

    def _search(self, start: int, end: int) -> None:
        """A line of another form: does it hold one of our words at all?"""
        if any(self.buffer.find(word, start, end) >= 0 for word in _WORDS):
            self._other(bytes(self.buffer[start:end]))

    def _last_line(self, filled: int) -> bool:
        """A last line without its newline is taken when it is whole (nothing but space can follow); else it waits."""
        line = bytes(self.buffer[:filled])
        if self.state["skipping"] or not any(word in line for word in _WORDS) or parse(line, whole=True) is None:
            return False
        self._other(line)
        return True

    def _token_count(self, line: bytes) -> None:
        """A `token_count` in the form that Codex writes; whatever is otherwise goes the slower way."""
        try:
            text = line.decode()
            usual = usual_line(text)
            if usual is not None and (time := microseconds(usual[0])) is not None:
                self.state["last_time"] = time
                self._row(time, spent(usual[1], usual[2], self.state), usual[3])
                return
            event, end = _DECODE(text)
            payload = event["payload"]
            time = microseconds(event["timestamp"])
            info, limits = payload.get("info"), payload.get("rate_limits")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._other(line)
            return
        if time is None or end != len(text) or not (limits is None or type(limits) is dict):
            self._other(line)
            return
        self.state["last_time"] = time
        self._add(time, info, limits, line)

    def _add(self, time: int, info: object, limits: dict[str, Any] | None, line: bytes) -> None:
        """A row for what JSON gave, when it says anything."""
        counts = turn(info, self.state)
        if not limits:
            if counts is not None:
                self._row(time, counts, _NOTHING)
            return
        plain = plain_limits(limits, time)
        if plain is not None:
            self._row(time, counts, plain)
            return
        text = line.decode("utf-8", "replace").replace("\0", "")
        self.batch.odd.append((self.number, self.state["seq"], time, text))
        # The checksum makes copies of the line look alike.
        self._row(time, counts, (None, None, NAN, float(zlib.crc32(line)), *_NOTHING[4:]), ODD)

    def _row(self, time: int, counts: tuple[int, ...] | None, limits: tuple[Any, ...], kind: int = 0) -> None:
        state, code = self.state, self.batch.code
        seq = state["seq"]
        state["seq"] = seq + 1
        self.batch.rows += ROW.pack(
            time,
            self.number,
            seq,
            kind if counts is None else kind | TURN,
            code(state["model"]),
            code(limits[0]),
            code(limits[1]),
            *(counts or _NO_TURN),
            *limits[2:],
        )

    def _other(self, line: bytes) -> None:
        """A line that may matter, in whatever form it came."""
        state = self.state
        event = parse(line)
        if event is None:
            state["broken"] += 1
            return
        time = microseconds(event.get("timestamp"))
        payload = event.get("payload", event.get("msg"))  # "msg" until late 2025
        kind = event.get("type")
        inner: dict[str, Any] = payload if isinstance(payload, dict) else event
        if kind == "session_meta":
            self._meta(inner, time)
        elif kind == "turn_context":
            if isinstance(inner.get("model"), str):
                state["model"] = inner["model"]
        elif kind in ("event_msg", "token_count", None) and inner.get("type") in ("token_count", None):
            limits = inner.get("rate_limits")
            when = time if time is not None else state["last_time"] or self.mtime
            if "rate_limits" in inner or "info" in inner:
                self._add(when, inner.get("info"), limits if isinstance(limits, dict) else None, line)
        if time is not None:
            state["last_time"] = time

    def _meta(self, meta: dict[str, Any], time: int | None) -> None:
        """Whose session this is: the first such line says it; a fork repeats its parent's after its own."""
        state = self.state
        if state["session"] is not None:
            return
        state["session"] = next(
            (meta[key] for key in ("id", "session_id") if is_text(meta.get(key))), session_of(self.path)
        )
        state["key"] = account_key(meta.get("creator_user_id"), meta.get("creator_account_id"))
        state["begun"] = time
        state["provider"], folder = (meta[key] if is_text(meta.get(key)) else None for key in ("model_provider", "cwd"))
        state["project"] = folder and re.split(r"[/\\]", folder.rstrip("/\\"))[-1]
        client = [str(meta[key]) for key in ("originator", "cli_version") if is_text(meta.get(key))]
        state["client"] = " ".join(client) or None
        parents = [meta.get("forked_from_id"), dig(meta, "source", "subagent", "thread_spawn", "parent_thread_id")]
        state["parent"] = next((parent for parent in parents if is_text(parent)), None)
