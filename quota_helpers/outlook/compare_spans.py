"""Two spans side by side: did the other effort, model or way of working cost less?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..history import open_history
from ..labels import of_kind
from ..times import Moment, moment
from .ledger import newest_of
from .measure import Run
from .spans import Span, markdown, shown, table_of, whole_span

_WANTED = "a run of qh.measure, a pair of moments, or the id of a session"


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two spans side by side.

    Attributes:
        table: One row for each thing that is known, a column for each span.
    """

    table: pd.DataFrame

    def evidence(self) -> str:
        """The table as Markdown that tells nobody's name, path, e-mail, session or project."""
        return markdown(self.table.set_axis(["first", "second"], axis="columns"))

    def __repr__(self) -> str:
        text: str = shown(self.table).to_string()
        return text

    def _repr_html_(self) -> str:
        html: str = shown(self.table).to_html(border=0)
        return html


def compare_spans(
    a: Run | Span | str | tuple[Moment, Moment],
    b: Run | Span | str | tuple[Moment, Moment],
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
    if not all(isinstance(one, Run | Span) for one in (a, b)) and (windows is None or tokens is None):
        with open_history() as history:
            windows = history.frame() if windows is None else windows
            tokens = history.tokens() if tokens is None else tokens
    found = [_span(one, name, windows, tokens) for one, name in ((a, "a"), (b, "b"))]
    names = [span.label for span in found]
    if len(set(names)) < len(names):
        names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    return Comparison(table_of(dict(zip(names, found, strict=True))))


def _span(given: object, name: str, windows: pd.DataFrame | None, tokens: pd.DataFrame | None) -> Span:
    if isinstance(given, Run):
        return given.span
    if isinstance(given, Span):
        return given
    of_kind(given, (str, tuple, list), name, _WANTED)
    if windows is None or tokens is None:
        raise TypeError("windows and tokens are needed unless both are runs of qh.measure")
    if isinstance(given, str):
        return whole_span(given, windows, tokens)
    newest = newest_of(windows)
    now = None if newest is None else pd.Timestamp(newest, unit="us", tz="UTC").to_pydatetime()
    pair = tuple(given) if isinstance(given, tuple | list) else ()
    if len(pair) != 2:  # noqa: PLR2004 - a beginning and an end
        raise ValueError(f"{name} has {len(pair)} moments instead of (since, until)")
    since, until = (moment(one, now=now, name=word) for one, word in zip(pair, ("since", "until"), strict=True))
    if until <= since:
        raise ValueError(f"{name} ends before it begins: give (since, until)")
    return Span(f"{since:%d %b %H:%M}", since, until, windows, tokens)
