"""What adding and importing say back."""

from __future__ import annotations

from dataclasses import dataclass

from .exchange import BadLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an `add` has written; when you hold it, it is on the disk.

    Attributes:
        new_rows: Readings that were not known before.
        known_rows: Readings that were, and stand there once.
        bodies: Raw bodies that were kept.
        new_turns: Turns of sessions (token counts) that were not known before.
        known_turns: Turns that were.
    """

    new_rows: int = 0
    known_rows: int = 0
    bodies: int = 0
    new_turns: int = 0
    known_turns: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(
            new_rows=self.new_rows + other.new_rows,
            known_rows=self.known_rows + other.known_rows,
            bodies=self.bodies + other.bodies,
            new_turns=self.new_turns + other.new_turns,
            known_turns=self.known_turns + other.known_turns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came out of a file.

    Attributes:
        added: What was written.
        bad_lines: Lines that were left out, each with its number and the reason.
    """

    added: Added
    bad_lines: tuple[BadLine, ...] = ()
