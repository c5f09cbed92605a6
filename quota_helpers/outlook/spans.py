"""A stretch of time, and what was spent in it: points of each window, tokens by kind and model, points a million."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import counts, micros, readings
from ..periods import Followed, follow_all
from ..times import duration, from_micros
from ..times import micros as micros_of
from .blocks import LONGEST_LAG, rises_of
from .ledger import OWN_LIMIT
from .own_turns import Turns, turns_by_account

KIND_WORDS: Final = ("fresh input", "cached input", "visible output", "reasoning")

_PUBLIC: Final = re.compile(r"(?:gpt|codex|o\d)[\w.\-]{0,40}", re.ASCII)
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A stretch of time of one's own work.

    Attributes:
        label: What its owner calls it.
        since: Its beginning (aware, UTC).
        until: Its end.
        windows: Readings; those from before and after it may be among them.
        tokens: Turns; the same.
        session: Only the turns of this session count; None: all.
    """

    label: str
    since: datetime
    until: datetime
    windows: pd.DataFrame
    tokens: pd.DataFrame
    session: str | None = None

    def rows(self) -> dict[str, Any]:
        """What was spent, by name; names of accounts are left out, they are numbered where there are several."""
        low, high = micros_of(self.since), micros_of(self.until)
        tokens = counts(self.tokens)
        time = micros(tokens["time"])
        inside = (time > low) & (time <= high)
        mine = inside if self.session is None else inside & (tokens["session"] == self.session).to_numpy()
        turns = turns_by_account(tokens[mine])
        found: dict[str, Any] = {"duration": duration(self.until - self.since), "turns": int(mine.sum())}
        found["turns of other sessions meanwhile"] = int(inside.sum() - mine.sum())
        found |= _tokens(tokens[mine], list(turns.values()))
        series = follow_all(readings(self.windows, "windows"), limits=OWN_LIMIT)
        risen = [(one, _risen(one, low, high), turns.get(one.series.account_key or "")) for one in series]
        shown = [each for each in risen if each[2]] or [each for each in risen if each[1] and each[1][0]]
        keys = list(dict.fromkeys(one.series.whose for one, *_ in shown))
        for one, points, spent in shown:
            account = f"account {keys.index(one.series.whose) + 1}, " if len(keys) > 1 else ""
            found |= {f"{account}{one.series.window}, {name}": value for name, value in _points(points, spent)}
        return found


def _tokens(tokens: pd.DataFrame, turns: Sequence[Turns]) -> dict[str, Any]:
    kinds = sum((one.amounts.sum(axis=0) for one in turns), np.zeros(len(KIND_WORDS)))
    found: dict[str, Any] = {"tokens": int(tokens["total"].sum())}
    found |= {word: int(amount) for word, amount in zip(KIND_WORDS, kinds.tolist(), strict=True)}
    for column, known in (("model", _PUBLIC.fullmatch), ("effort", _EFFORTS.__contains__)):
        if column in tokens:
            # A name that somebody gave a model of their own is nobody's business.
            names = tokens[column].map(lambda name, known=known: name if known(str(name)) else "another")
            named = tokens["total"].groupby(names.where(tokens[column].notna(), "not named")).sum()
            found |= {f"tokens, {column} {name}": int(amount) for name, amount in named.items()}
    return found


def _risen(followed: Followed, low: int, high: int) -> tuple[float, int] | None:
    """Points that the readings of a span show, and how many cycles they are of; None without a reading in it."""
    _, until, points, _, cycle = rises_of(followed)
    inside = (until > low) & (until <= high)
    return (float(points[inside].sum()), len(set(cycle[inside].tolist()))) if inside.any() else None


def _points(risen: tuple[float, int] | None, turns: Turns | None) -> Iterator[tuple[str, Any]]:
    """Points and points for a million tokens, each with the range that whole percents leave open."""
    points, cycles = risen or (np.nan, 0)
    # Each cycle is seen from one whole percent to another: less than a point may be missing, or too much.
    most = (max(0.0, points - cycles), points + cycles)
    yield "points", points
    yield "points, range", f"{most[0]:.0f} to {most[1]:.0f}" if risen else None
    spent = 0.0 if turns is None else float(turns.amounts.sum()) / 1e6
    if spent and risen:
        yield "points per million tokens", points / spent
        yield "points per million tokens, range", f"{most[0] / spent:.3g} to {most[1] / spent:.3g}"


def whole_span(session: str, windows: pd.DataFrame, tokens: pd.DataFrame) -> Span:
    """The span of a session: from its first turn's beginning to the reading after its last.

    Raises:
        ValueError: There is no such session.
    """
    checked = counts(tokens)
    told = checked["session"] if "session" in checked else pd.Series(dtype=object)
    time = np.sort(micros(checked["time"])[(told == session).to_numpy()])
    if not len(time):
        raise ValueError(f"there is no session {session!r} in these tokens: their column `session` holds the ids")
    seen = np.sort(micros(readings(windows, "windows")["fetched_at"]))
    before = seen[seen < time[0]]
    # Servers count late: what shows before anybody's next turn ends is still this session's.
    later = micros(checked["time"])
    limit = later[later > time[-1]].min(initial=time[-1] + LONGEST_LAG + 1)
    after = seen[(seen >= time[-1]) & (seen < limit)]
    begin = max(int(before[-1]) if len(before) else 0, int(time[0]) - LONGEST_LAG)
    end = int(after[-1]) if len(after) else int(time[-1])
    return Span("session", from_micros(min(begin, int(time[0]) - 1)), from_micros(end), windows, tokens, session)


def table_of(spans: Mapping[str, Span]) -> pd.DataFrame:
    """One column for each span, one row for each thing that is known of any of them."""
    columns = {name: span.rows() for name, span in spans.items()}
    rows = sorted({row for column in columns.values() for row in column}, key=lambda row: _place(row, columns))
    values = {name: [column.get(row) for row in rows] for name, column in columns.items()}
    return pd.DataFrame(values, index=pd.Index(rows, name="what"), dtype=object)


def _place(row: str, columns: Mapping[str, Mapping[str, Any]]) -> int:
    return next(
        list(column).index(row) + 100 * number for number, column in enumerate(columns.values()) if row in column
    )


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The table as texts, numbers short."""
    return table.map(_short)


def markdown(table: pd.DataFrame) -> str:
    """The table as Markdown, numbers short."""
    lines = [f"| what | {' | '.join(map(str, table.columns))} |", f"| --- |{' ---: |' * len(table.columns)}"]
    lines += [
        f"| {row} | {' | '.join(map(_short, values))} |"
        for row, values in zip(table.index, table.to_numpy(), strict=True)
    ]
    note = (
        "Points are percent of a window as the service shows them, in whole numbers; tokens are those of one machine's "
        "logs. An estimate: the service publishes no price."
    )
    return "\n".join([*lines, "", note])


def _short(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
