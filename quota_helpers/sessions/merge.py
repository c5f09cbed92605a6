"""What was known of the logs and what was read just now, made into one table."""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from .events import session_of
from .find import LogFile
from .odd import odd_windows
from .pool import Answer
from .table import FILES, ROWS, Array, Table, Texts
from .worker import Job, Report

_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode


class Merge:
    """What was known of the files that are there, and what comes in."""

    def __init__(self, found: list[LogFile], old: Table) -> None:
        self.found, self.old = found, old
        known = {name: number for number, name in enumerate(old.names)}
        self.before = [known.get(log.name, -1) for log in found]
        self.gone = sum(before >= 0 for before in self.before) < len(known)
        self.texts = Texts(list(old.texts.texts))
        self.reports: dict[int, Report] = {}
        self.errors: dict[int, str] = {}
        self.void: set[int] = set()
        self.rows: list[Array] = []
        self.odd: list[Array] = []

    @property
    def unread(self) -> list[int]:
        """Files that are new or have changed, and were not read by this call."""
        files = self.old.files
        return [
            number
            for number, (log, before) in enumerate(zip(self.found, self.before, strict=True))
            if number not in self.reports
            and number not in self.errors
            and not (before >= 0 and files["size"][before] == log.size and files["mtime_ns"][before] == log.mtime_ns)
        ]

    def job(self, number: int) -> Job:
        """What is to be read of a file, from where the last read ended."""
        log, before = self.found[number], self.before[number]
        state = self.old.state(before) if before >= 0 else None
        if state is not None and log.size < state["offset"]:
            state = None  # it shrank: another file by the same name
            self.void.add(number)
        return {"number": number, "path": log.path, "size": log.size, "state": state}

    def parents(self) -> set[str]:
        """The sessions from which those read now were forked."""
        states = [report["state"] for report in self.reports.values()]
        return {state["parent"] for state in states if state and state["parent"]}

    def add(self, answer: Answer) -> None:
        """Take an answer in: its texts get our numbers."""
        codes = self.texts.codes(answer.texts)
        rows = np.frombuffer(bytearray(answer.rows), ROWS)
        for name in ("model", "limit", "plan"):
            rows[name] = codes[rows[name]]
        self.rows.append(rows)
        self.odd.append(odd_windows(answer.odd, self.texts))
        for report in answer.reports:
            if report["error"] is not None or report["state"] is None:
                self.errors[report["number"]] = f"this log cannot be read ({report['error']})"
                continue
            if report["again"]:
                self.void.add(report["number"])
            self.reports[report["number"]] = report

    @property
    def changed(self) -> bool:
        """Whether anything was read, or a file of before is gone."""
        return bool(self.reports or self.void) or self.old.dropped is None or self.gone

    def table(self) -> Table:
        """All rows together: those of before, where they still hold, and the new ones."""
        held = [
            number
            for number, before in enumerate(self.before)
            if number in self.reports or (before >= 0 and number not in self.void)
        ]
        place = np.full(len(self.found) + 1, -1)
        place[held] = np.arange(len(held))
        old_place = np.full(len(self.old.names) + 1, -1)
        for number in held:
            if number not in self.void and self.before[number] >= 0:
                old_place[self.before[number]] = place[number]
        table = Table(names=[self.found[number].name for number in held], texts=self.texts)
        table.rows = self._joined(self.old.parts(self.old.rows, old_place), self.rows, place)
        table.odd = self._joined(self.old.parts(self.old.odd, old_place), self.odd, place)
        table.files = np.zeros(len(held), FILES)
        for index, number in enumerate(held):
            self._file(table, index, number)
        return table

    def _joined(self, old: Array, new: list[Array], place: Array) -> Array:
        """Old and new rows by file and seq."""
        for part in new:
            part["file"] = place[part["file"]]
        # As bytes: numpy would compare the names of all fields for each of hundreds of parts.
        rows = np.frombuffer(bytearray().join([part.data for part in (old, *new)]), old.dtype)
        return rows.take(np.argsort((rows["file"].astype("i8") << 32) | rows["seq"], kind="stable"))

    def _file(self, table: Table, index: int, number: int) -> None:
        report, before = self.reports.get(number), self.before[number]
        if report is None or report["state"] is None:
            table.files[index] = self.old.files[before]
            table.states.append(self.old.states[before])
            return
        state, log = report["state"], self.found[number]
        # A file that was not read to its end is looked at again, whatever its size and time.
        size = log.size if report["done"] else -1
        texts = (
            state["session"] or session_of(log.name),
            *(state[name] for name in ("key", "provider", "project", "client")),
        )
        codes = [self.texts.code(text) for text in texts]
        table.files[index] = (size, log.mtime_ns, *codes, state["broken"])
        table.states.append(_ENCODE(state))
