"""All that was read, as columns: the files, their rows, and the windows that `normalize` read from odd lines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .events import State
from .find import LogFile

Array = npt.NDArray[Any]

ROWS: Final = np.dtype(
    [
        ("time", "<i8"),  # microseconds since 1970
        ("file", "<u4"),
        ("seq", "<u4"),  # which event of its file
        ("kind", "u1"),
        ("model", "<u4"),  # this and the next two: number of a text
        ("limit", "<u4"),
        ("plan", "<u4"),
        ("input", "<i8"),
        ("cached", "<i8"),
        ("output", "<i8"),
        ("reasoning", "<i8"),
        ("total", "<i8"),
        ("cumulative", "<i8"),
        ("used_1", "<f8"),  # primary: percent, minutes, microseconds since 1970
        ("minutes_1", "<f8"),
        ("reset_1", "<i8"),
        ("used_2", "<f8"),  # secondary
        ("minutes_2", "<f8"),
        ("reset_2", "<i8"),
    ]
)
"""The same bytes as `scan.ROW`."""

WINDOWS: Final = np.dtype(
    [
        ("time", "<i8"),
        ("file", "<u4"),
        ("seq", "<u4"),
        ("limit", "<u4"),  # this and the next three: number of a text
        ("plan", "<u4"),
        ("slot", "<u4"),
        ("window", "<u4"),
        ("inferred", "i1"),
        ("allowed", "i1"),  # -1: not said
        ("reached", "i1"),
        ("used", "<f8"),
        ("seconds", "<f8"),
        ("reset", "<i8"),
    ]
)
"""One window of one line."""

FILES: Final = np.dtype(
    [
        ("size", "<i8"),
        ("mtime_ns", "<i8"),
        ("session", "<u4"),  # this and the next four: number of a text
        ("key", "<u4"),
        ("provider", "<u4"),
        ("project", "<u4"),
        ("client", "<u4"),
        ("broken", "<u4"),
    ]
)


class Texts:
    """Texts by number; 0 is none."""

    def __init__(self, texts: list[str] | None = None) -> None:
        self.texts = [""] if texts is None else texts
        self._codes = {text: number for number, text in enumerate(self.texts) if number}

    def code(self, text: str | None) -> int:
        """The number of *text*; 0 for None and the empty text."""
        if not text:
            return 0
        known = self._codes.get(text)
        if known is None:
            known = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return known

    def codes(self, texts: list[str]) -> npt.NDArray[np.uint32]:
        """The numbers of many texts."""
        return np.array([self.code(text) for text in texts], dtype="<u4")


@dataclass
class Table:
    """Everything known of the logs of one Codex home.

    Attributes:
        names: The files' names, in the order of their numbers.
        files: `FILES`, one for each name.
        states: Where reading each file stands, as JSON texts: most are never looked at again.
        texts: What the numbers in the columns stand for.
        rows: `ROWS`, by file and seq.
        odd: `WINDOWS` of the lines that `normalize` read.
        dropped: For each row, whether it repeats another; None while nobody has looked.
    """

    names: list[str] = field(default_factory=list)
    files: Array = field(default_factory=lambda: np.zeros(0, FILES))
    states: list[str] = field(default_factory=list)
    texts: Texts = field(default_factory=Texts)
    rows: Array = field(default_factory=lambda: np.zeros(0, ROWS))
    odd: Array = field(default_factory=lambda: np.zeros(0, WINDOWS))
    dropped: npt.NDArray[np.bool_] | None = None

    def state(self, number: int) -> State:
        """Where reading a file stands."""
        state: State = json.loads(self.states[number])
        return state

    def unchanged(self, logs: list[LogFile]) -> bool:
        """Whether these very files were read already, to the size and time they have now."""
        return (
            len(logs) == len(self.names)
            and [log.name for log in logs] == self.names
            and np.array_equal(self.files["size"], np.fromiter((log.size for log in logs), "<i8", len(logs)))
            and np.array_equal(self.files["mtime_ns"], np.fromiter((log.mtime_ns for log in logs), "<i8", len(logs)))
        )

    def parts(self, column: Array, numbers: Array) -> Array:
        """Rows of *column* (`rows` or `odd`) with each file's number replaced; those that map to -1 left out."""
        new = numbers[column["file"]] if len(column) else np.zeros(0, "i8")
        kept = column[new >= 0]
        kept["file"] = new[new >= 0]
        return kept
