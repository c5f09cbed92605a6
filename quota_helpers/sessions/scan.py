"""The few lines of a session log that matter, found as bytes; only those become values.

A line that Codex writes begins `{"timestamp":"2026-11-22T11:39:44.123Z","ordinal":7,"type":"response_item",`: what
stands at a fixed distance from its start says what it is, so most of a log is hopped over from newline to newline.
Lines of any other form take a slower way that finds them by their words.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from .events import TURN_TYPES, Events
from .lines import parse

BUFFER_BYTES: Final = 2 << 20
"""A line longer than this is never one that matters; it is passed over without being kept."""

READ_BYTES: Final = 256 << 10  # what one read takes in: it stays in the processor's own memory while it is looked at

_TYPE: Final = b',"type":"'
_RESPONSE: Final = b',"type":"response_item"'
_EVENT: Final = b',"type":"event_msg","payload":{"type":"'
_T: Final = ord("t")  # what all events that matter begin with
_COUNT: Final = b'token_count"'
_EVENTS: Final = (_COUNT, *(f'{name}"'.encode() for name in TURN_TYPES))
_RECORD: Final = b',"type":"token_usage_record"'
_CONTEXT: Final = b',"type":"turn_context"'
_KNOWN: Final = tuple(b',"type":"' + name for name in (b"event_msg", b"session_meta", b"turn_context", b"token_usage"))
_WORDS: Final = ("token_count", "rate_limits", "turn_context", "session_meta", "token_usage_record", *TURN_TYPES)
_WORD: Final = re.compile("|".join(_WORDS).encode()).search
"""A line without any of these is never one that matters."""


class Readable(Protocol):
    """What is read: a file, or one being decompressed."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer as far as possible; 0 at the end."""


class Scanner:
    """Finds the lines of one log from where its state stands.

    Args:
        events: Takes the lines, and holds the state.
        buffer: `BUFFER_BYTES` to read into, shared by all files of a process.
    """

    def __init__(self, events: Events, buffer: bytearray) -> None:
        self.events, self.state, self.buffer = events, events.state, buffer
        self.distance = 51  # from the start of a line to its type; learned anew when it differs

    def read(self, source: Readable, size: int | None = None) -> None:
        """Read on from `offset`, up to *size* or to the end."""
        state, view = self.state, memoryview(self.buffer)
        base, filled = state.offset, 0
        while True:
            room = min(READ_BYTES, len(view) - filled)
            room = room if size is None else min(room, size - base - filled)
            got = source.readinto(view[filled : filled + room]) if room > 0 else 0
            filled += got
            start = self._lines(filled)
            if start == 0 and filled == len(view):  # longer than the buffer: not one that matters
                state.skipping = True
                start = filled
            view[: filled - start] = bytes(view[start:filled])
            base, filled = base + start, filled - start
            if not got and filled and self._last_line(filled):
                base, filled = base + filled, 0
            state.offset = base
            if not got:
                break
        self.events.tell_waiting()

    def _lines(self, filled: int) -> int:
        """Look at every complete line in the buffer; returns where the first incomplete one begins."""
        buffer, distance, event = self.buffer, self.distance, len(_EVENT)
        find, starts, view = buffer.find, buffer.startswith, memoryview(buffer)
        counted, recorded, begun = self.events.counted, self.events.recorded, self.events.begun
        start = self._after_skipped(filled)
        while (end := find(b"\n", start, filled)) >= 0:
            mark = start + distance
            if starts(_RESPONSE, mark):
                pass
            elif starts(_EVENT, mark):
                if buffer[mark + event] == _T and starts(_EVENTS, mark + event):  # most events are others
                    (counted if starts(_COUNT, mark + event) else begun)(view[start:end])
            elif starts(_RECORD, mark):
                recorded(view[start:end])
            elif starts(_CONTEXT, mark):
                begun(view[start:end])
            else:
                kind = find(_TYPE, start, min(end, start + 100))
                if kind >= 0 and kind - start != distance:
                    distance = kind - start
                    continue  # the same line again, with the distance it has
                if kind < 0 or starts(_KNOWN, kind):
                    start = self._other(start, end, filled)
                    continue
            start = end + 1
        self.distance = distance
        return start

    def _after_skipped(self, filled: int) -> int:
        """Where to begin: behind the rest of a line that is too long to matter, if we are in one."""
        if not self.state.skipping:
            return 0
        end = self.buffer.find(b"\n", 0, filled)
        self.state.skipping = end < 0
        return filled if end < 0 else end + 1

    def _other(self, start: int, end: int, filled: int) -> int:
        """Take a line of another form if it holds one of our words; returns where the next that may matter begins."""
        found = _WORD(self.buffer, start, filled)
        word = found.start() if found else filled
        if word > end:  # nor do the lines hold any, up to where it stands
            return self.buffer.rfind(b"\n", start, word) + 1
        self.events.other(bytes(self.buffer[start:end]))
        return end + 1

    def _last_line(self, filled: int) -> bool:
        """A last line without its newline is taken when it is whole (nothing but space can follow); else it waits."""
        line = bytes(self.buffer[:filled])
        if self.state.skipping or not _WORD(line) or parse(line, whole=True) is None:
            return False
        self.events.other(line)
        return True
