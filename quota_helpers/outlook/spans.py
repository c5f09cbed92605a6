"""Experiments: what a stretch of time cost, measured by a cell, or two of them side by side."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any, Final, Self

import numpy as np
import pandas as pd

from ..frames import Integers, counts, micros, present_of, readings, to_frame
from ..history import open_history
from ..labels import of_kind
from ..models import OWN
from ..periods import follow_all
from ..periods.readings import Floats
from ..sessions import read_sessions
from ..sources import Source, connect
from ..times import Moment, duration, from_micros, moment
from ..times import micros as micros_of
from .blocks import LONGEST_LAG, rises_of
from .own_turns import Turns, turns_by_account

Column = tuple[str, dict[str, Any]]

KIND_WORDS: Final = ("fresh input", "cached input", "visible output", "reasoning")

_PUBLIC: Final = re.compile(r"(?:gpt|codex|o\d)[\w.\-]{0,40}", re.ASCII)
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_NOTE: Final = (
    "Points are percent of a window as the service shows them, in whole numbers; tokens are those of one machine's "
    "logs. An estimate: the service publishes no price."
)
_NO_TURNS: Final = pd.DataFrame(
    {"time": pd.DatetimeIndex([], tz="UTC").as_unit("us"), "session": "", "account_key": "", "model": "", "total": 0},
    index=range(0),
)


class Comparison:
    """What was spent in stretches of time, side by side; or in one alone."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns  # of each stretch: what its owner calls it, and what is known of it

    def ended(self) -> tuple[Column, ...]:
        """Its columns; a ValueError says of a run that it has not ended."""
        if not self.columns:
            raise ValueError("nothing was measured yet: what a run cost is known when its `with` block has ended")
        return self.columns

    @property
    def table(self) -> pd.DataFrame:
        """One row for each thing that is known, a column for each stretch; raises as `ended`."""
        names, columns = zip(*self.ended(), strict=True)
        if len(set(names)) < len(names):
            names = tuple(f"{name} ({number})" for number, name in enumerate(names, 1))
        rows = list(dict.fromkeys(row for column in columns for row in column))
        values = {name: [column.get(row) for row in rows] for name, column in zip(names, columns, strict=True)}
        return pd.DataFrame(values, index=pd.Index(rows, name="what"), dtype=object)

    def evidence(self) -> str:
        """The table as Markdown that tells nobody's name, path, e-mail, session or project; raises as `table`."""
        table = self.table.map(_short)
        names = ("first", "second") if len(self.columns) > 1 else ("this run",)
        lines = [f"| what | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
        lines += [f"| {what} | {' | '.join(values)} |" for what, *values in table.itertuples()]
        return "\n".join([*lines, "", _NOTE])

    def __repr__(self) -> str:
        text: str = self.table.map(_short).to_string()
        return text

    def _repr_html_(self) -> str | None:
        html: str = self.table.map(_short).to_html(border=0)
        return html


class Run(Comparison):
    """What `measure` measures; `table` and `evidence()` are there when the block has ended.

    Attributes:
        label: What its owner calls it.
    """

    def __init__(self, label: str, source: Source | None, codex_home: str | os.PathLike[str] | None) -> None:
        super().__init__()
        self.label = label
        self._asked = source, codex_home

    def __enter__(self) -> Self:
        self._block: Any = _measured(self, *self._asked)
        self._block.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._block.__exit__(*error)

    def __repr__(self) -> str:
        return super().__repr__() if self.columns else f"Run({self.label!r}, going on)"

    def _repr_html_(self) -> str | None:
        return super()._repr_html_() if self.columns else None


def measure(
    label: str = "this run", *, source: Source | None = None, codex_home: str | os.PathLike[str] | None = None
) -> Run:
    """What the work inside a `with` block costs: readings are taken before and after it, its turns come from the logs.

    Args:
        label: What to call it.
        source: Where readings come from; None: `connect()`.
        codex_home: Codex's own folder; None: `$CODEX_HOME`, else `~/.codex`.

    Raises:
        TypeError: *label* is no text, or *source* no source.

    >>> from quota_helpers.sources import demo
    >>> with demo() as source:
    ...     with measure("a coffee break", source=source) as run:
    ...         pass
    >>> run.table.loc[["duration", "turns"], "a coffee break"].tolist()
    ['5 m', 0]
    """
    of_kind(label, str, "label", "a text")
    if source is not None:
        of_kind(source, Source, "source", "a source: qh.connect(), qh.demo() or qh.live(...) gives one")
    return Run(label, source, codex_home)


@contextmanager
def _measured(run: Run, given: Source | None, codex_home: str | os.PathLike[str] | None) -> Iterator[Run]:
    with connect() if given is None else nullcontext(given) as source:
        begun = source.collect()
        try:
            yield run
        finally:
            ended = source.collect()
            windows, tokens = to_frame([begun, ended]), _NO_TURNS
            if not source.is_demo:
                logs = read_sessions(codex_home, begun.fetched_at, cache=False)
                told = [part for part in (windows, logs.windows) if len(part)]
                windows, tokens = pd.concat(told, ignore_index=True) if told else windows, logs.tokens
            run.columns = ((run.label, _spent(begun.fetched_at, ended.fetched_at, windows, tokens)),)


def compare_spans(
    a: Run | str | tuple[Moment, Moment],
    b: Run | str | tuple[Moment, Moment],
    windows: pd.DataFrame | None = None,
    tokens: pd.DataFrame | None = None,
) -> Comparison:
    """Two spans of time or two sessions: points per window, tokens by kind, model and effort, points a million tokens.

    The rows "at least" and "at most" say what whole percents leave open; other sessions' turns in the same time are
    counted, for their points cannot be told apart.

    Args:
        a: A run of `measure`, (since, until), or the id of a session.
        b: The same.
        windows: Readings over time; None: those of your own history. Not needed for runs.
        tokens: Turns; the same.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> times = pd.date_range("2026-11-20T10:00Z", periods=5, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 500_000})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "fetched_at": times,
    ...                         "used_percent": [0, 1, 2, 5, 8], "window_seconds": 604800, "reset_at": times[4]})
    >>> halves = compare_spans((times[0], times[2]), (times[2], times[4]), windows, turns)
    >>> halves.table.loc[["turns", "weekly, points", "weekly, points per million tokens"]].to_numpy().tolist()
    [[2, 2], [2.0, 6.0], [2.0, 6.0]]
    """
    wanted = "a run of qh.measure, a pair of moments, or the id of a session"
    for one, name in ((a, "a"), (b, "b")):
        of_kind(one, (Run, str, tuple, list), name, wanted)
    if not (isinstance(a, Run) and isinstance(b, Run)) and (windows is None or tokens is None):
        with open_history() as history:
            windows = history.frame() if windows is None else windows
            tokens = history.tokens() if tokens is None else tokens
    columns: list[Column] = []
    for one, name in ((a, "a"), (b, "b")):
        if isinstance(one, Run):
            columns += one.ended()
        elif windows is not None and tokens is not None:
            session = one if isinstance(one, str) else None
            since, until = _ends(one, windows, tokens) if isinstance(one, str) else _moments(one, name, windows)
            label = f"{since:%d %b %H:%M}" if session is None else "session"
            columns.append((label, _spent(since, until, windows, tokens, session)))
    return Comparison(*columns)


def _moments(pair: Sequence[Moment], name: str, windows: pd.DataFrame) -> tuple[datetime, datetime]:
    """The two moments; a timedelta counts back from the newest reading."""
    if len(pair) != 2:  # noqa: PLR2004 - a beginning and an end
        raise ValueError(f"{name} has {len(pair)} moments instead of (since, until)")
    now = present_of(readings(windows, "windows"), None)
    since, until = (moment(one, now=now, name=word) for one, word in zip(pair, ("since", "until"), strict=True))
    if until <= since:
        raise ValueError(f"{name} ends before it begins: give (since, until)")
    return since, until


def _ends(session: str, windows: pd.DataFrame, tokens: pd.DataFrame) -> tuple[datetime, datetime]:
    """From a session's first turn's beginning to the reading after its last."""
    tokens = counts(tokens)
    mine = (tokens["session"] == session).to_numpy() if "session" in tokens else np.zeros(len(tokens), np.bool_)
    if not mine.any():
        raise ValueError(f"there is no session {session!r} in these tokens: their column `session` holds the ids")
    time, seen = micros(tokens["time"]), np.sort(micros(readings(windows, "windows")["fetched_at"]))
    first, last = int(time[mine].min()), int(time[mine].max())
    # Servers count late: what shows before anybody's next turn ends is still this session's.
    limit = time[time > last].min(initial=last + LONGEST_LAG + 1)
    begin = max(seen[seen < first].max(initial=0), first - LONGEST_LAG)
    end = seen[(seen >= last) & (seen < limit)].max(initial=last)
    return from_micros(min(int(begin), first - 1)), from_micros(int(end))


def _spent(
    since: datetime, until: datetime, windows: pd.DataFrame, tokens: pd.DataFrame, session: str | None = None
) -> dict[str, Any]:
    """What was spent meanwhile, by name; only the turns of the session count, where there is one.

    Names of accounts are left out: they are numbered where there are several.
    """
    low, high = micros_of(since), micros_of(until)
    tokens = counts(tokens)
    time = micros(tokens["time"])
    inside = (time > low) & (time <= high)
    mine = inside if session is None else inside & (tokens["session"] == session).to_numpy()
    turns = turns_by_account(tokens[mine])
    found: dict[str, Any] = {"duration": duration(until - since), "turns": int(mine.sum())}
    found["turns of other sessions meanwhile"] = int(inside.sum() - mine.sum())
    found |= _tokens(tokens[mine], list(turns.values()))
    told = []
    for one in follow_all(readings(windows, "windows"), limits=OWN):
        _, ends, points, _, cycle = rises_of(one)
        meanwhile = (ends > low) & (ends <= high)
        told.append((one.series, points[meanwhile], cycle[meanwhile], turns.get(one.series.account_key or "")))
    told = [each for each in told if each[3]] or [each for each in told if each[1].sum() > 0]
    keys = list(dict.fromkeys(series.whose for series, *_ in told))
    for series, points, cycle, own in told:
        account = f"account {keys.index(series.whose) + 1}, " if len(keys) > 1 else ""
        found |= {f"{account}{series.window}, {name}": value for name, value in _points(points, cycle, own)}
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


def _points(points: Floats, cycle: Integers, turns: Turns | None) -> Iterator[tuple[str, Any]]:
    """Points and points for a million tokens, each with the range that whole percents leave open."""
    if not len(points):
        yield from (("points", np.nan), ("points, range", None))
        return
    # Each cycle is seen from one whole percent to another: less than a point may be missing, or too much.
    risen, cycles = float(points.sum()), len(np.unique(cycle))
    least, most = max(0.0, risen - cycles), risen + cycles
    yield "points", risen
    yield "points, range", f"{least:.0f} to {most:.0f}"
    if turns and (spent := float(turns.amounts.sum()) / 1e6):
        yield "points per million tokens", risen / spent
        yield "points per million tokens, range", f"{least / spent:.3g} to {most / spent:.3g}"


def _short(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
