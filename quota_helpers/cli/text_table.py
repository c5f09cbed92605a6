"""The table of the command line: what is left of every window and when it comes back, as wide as the terminal.

What does not fit beside the first columns goes to further lines of the same account.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import accumulate
from typing import Final
from unicodedata import combining, east_asian_width

from ..models import OWN, UsageSnapshot
from ..outcomes import Collection
from ..outlook.bars import WindowBar, blocked_why, window_bars
from ..privacy import printable
from ..times import local_time, wait

TIME_FORM: Final = "%Y-%m-%d %H:%M:%S"
NOT_SENT: Final = "-"  # the server sent no such window
NOT_READABLE: Final = "?"  # it sent one that could not be read
BLOCKED: Final = "!"  # the account is blocked, whatever is left
WIDTH: Final = 80
GAP: Final = "  "

Column = tuple[str, str]
"""A window's name and what is said of it: "%" (what is left) or "_reset"."""
FIRST: Final[tuple[Column, ...]] = (("five_hour", "%"), ("weekly", "%"), ("weekly", "_reset"))


@dataclass(frozen=True, slots=True)
class _Row:
    """One account: its windows by the name of their column, and what is said below them."""

    name: str
    bars: dict[str, WindowBar]
    blocked: bool
    people: list[str]  # what a person is told besides
    reasons: list[str]


def table(
    collection: Collection, zone: tzinfo | None = None, *, width: int = WIDTH, terminal: bool = False
) -> list[str]:
    """The lines of the table: remaining percentages and resets, the account with most left first.

    `account  five_hour%  weekly%  weekly_reset`, then whatever further windows some account has, as columns where there
    is room, else below. `-` means that the server sent no such window, `?` that it sent one which could not be read,
    `!` that the account is blocked, for the reason below.

    Args:
        collection: What one run brought home.
        zone: Time zone of the resets; None is this machine's.
        width: No line is longer.
        terminal: Whether a person looks: then plans, money with its unit, and how long it is until the resets, are
            shown as well.
    """
    rows = sorted(map(_row, collection.snapshots), key=_order)
    columns = [*FIRST, *_further(rows)]
    head = ["account", *map(_title, columns)]
    cells = [[row.name, *(_cell(row, column, zone, terminal=terminal) for column in columns)] for row in rows]
    widths = [max(map(_width, column)) for column in zip(head, *cells, strict=True)]
    # Long names give way to the first columns, further columns to the names.
    room = width - sum(len(GAP) + need for need in widths[1 : len(FIRST) + 1])
    widths[0] = max(len("account"), min(room, widths[0]))
    ends = accumulate(widths, lambda end, need: end + len(GAP) + need)
    fitting = max(1, sum(end <= width for end in ends))  # columns side by side
    lines = [_line(head[:fitting], widths)]
    for row, (name, *own) in zip(rows, cells, strict=True):
        above = packed(name.split(), width, gap=" ") if _width(name) > widths[0] else []
        lines += [*above, _line(["" if above else name, *own][:fitting], widths)]
        rest = dict(zip(columns[fitting - 1 :], own[fitting - 1 :], strict=True))
        lines += packed([*(row.people if terminal else []), *_below(row, rest)], width, indent=GAP)
        for reason in row.reasons:
            lines += packed(reason.split(), width, gap=" ", indent=GAP)
    return lines


def _below(row: _Row, rest: Mapping[Column, str]) -> Iterator[str]:
    """What has no column, each window once: "weekly% 40, reset 2026-11-20 14:00:00 UTC"."""
    for (name, what), cell in rest.items():
        if name in row.bars and what == "%":
            yield f"{_title((name, what))} {cell}, reset {rest[name, '_reset']}"
        elif name in row.bars and (name, "%") not in rest:
            yield f"{_title((name, what))} {cell}"


def stale_notes(collection: Collection, zone: tzinfo | None = None) -> list[str]:
    """A line for every reading whose reset had already passed when the server sent it: its percentage is history."""
    return [
        f"{row.name}: {name} is stale: its reset {_time(bar, zone)} has passed, so the percentage is old."
        for row in map(_row, collection.snapshots)
        for name, bar in row.bars.items()
        if bar.state == "stale" and not bar.limit.startswith("spend:")
    ]


def packed(words: Iterable[str], width: int, *, gap: str = GAP, indent: str = "") -> list[str]:
    """Words in lines that are no wider than *width* columns of a terminal; a word that is wider is cut in pieces."""
    lines: list[str] = []
    for word in words:
        if lines and _width(lines[-1] + gap + word) <= width:
            lines[-1] += gap + word
        else:
            lines += [indent + piece.rstrip() for piece in _pieces(word, max(2, width - len(indent)))]
    return lines


def _row(snapshot: UsageSnapshot) -> _Row:
    bars = window_bars(snapshot, now=snapshot.fetched_at, reveal=True)
    reasons = [
        f"{'' if bar.own else f'{bar.limit_name or bar.limit} '}blocked: {bar.blocked}" for bar in bars if bar.blocked
    ]
    plan = f"plan {printable(snapshot.plan)}" if snapshot.plan else ""
    return _Row(
        name=printable(snapshot.account or "?"),
        bars=dict(_named(bar for bar in bars if bar.window)),
        blocked=bool(blocked_why(bars)),
        people=[*filter(None, (plan, bars[0].credits)), *(f"{bar.limit} {bar.spent}" for bar in bars if bar.spent)],
        reasons=list(map(printable, dict.fromkeys(reasons))),
    )


def _named(bars: Iterable[WindowBar]) -> Iterator[tuple[str, WindowBar]]:
    """Windows by column: the account's own by their bare name, others with their limit in front."""
    taken: set[str] = set()
    limits: dict[str, str] = {}
    for bar in bars:
        label = bar.limit_name or bar.limit
        if limits.setdefault(label, bar.limit) != bar.limit:
            label = bar.limit  # another limit has that name already
        name = bar.window if bar.own else bar.limit if bar.limit.startswith("spend:") else f"{label}.{bar.window}"
        # Two windows of one length in one limit: the slot tells them apart.
        name = name if name not in taken else f"{name}:{bar.slot}"
        if name not in taken:
            taken.add(name)
            yield name, bar


def _further(rows: Sequence[_Row]) -> list[Column]:
    """The columns after the first: the accounts' own further windows, then the other limits', as they appear."""
    others = {name: bar.limit != OWN or ":" in name for row in rows for name, bar in row.bars.items()}
    first: list[Column] = [("five_hour", "_reset")] if "five_hour" in others else []
    names = [name for name in sorted(others, key=others.__getitem__) if name not in {"five_hour", "weekly"}]
    return [*first, *((name, what) for name in names for what in ("%", "_reset"))]


def _title(column: Column) -> str:
    return printable("".join(column))


def _cell(row: _Row, column: Column, zone: tzinfo | None, *, terminal: bool) -> str:
    name, what = column
    bar = row.bars.get(name)
    if what == "_reset":
        if bar is None:
            return NOT_SENT
        return _time(bar, zone) + (f" {wait(bar.resets_in)}" if terminal and bar.resets_in is not None else "")
    left = NOT_SENT if bar is None else NOT_READABLE if bar.left is None else f"{bar.left:g}"
    return left + BLOCKED * (row.blocked and (bar is None or bar.own))


def _time(bar: WindowBar, zone: tzinfo | None) -> str:
    return NOT_READABLE if bar.reset_at is None else local_time(bar.reset_at, zone, form=TIME_FORM)


def _order(row: _Row) -> tuple[float, float, float, str]:
    """Most left first and unknown last."""
    five, weekly = (row.bars.get(name) for name in ("five_hour", "weekly"))
    spent, later = (math.inf if bar is None or bar.left is None else -bar.left for bar in (five, weekly))
    reset = weekly.reset_at.timestamp() if weekly and weekly.reset_at else math.inf
    return spent, later, reset, row.name


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(cell + " " * (need - _width(cell)) for cell, need in zip(cells, widths, strict=False)).rstrip()


def _width(text: str) -> int:
    """Columns of a terminal: none for a combining mark (macOS splits `ü` in file names), two for a wide character."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _pieces(word: str, width: int) -> list[str]:
    """A word that is wider than a line, cut at its blanks where it has some."""
    if " " in word and _width(word) > width:
        return packed(word.split(), width, gap=" ")
    pieces = [""]
    for char in word:
        if _width(pieces[-1] + char) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces
