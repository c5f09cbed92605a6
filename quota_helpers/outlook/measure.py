"""An experiment in a cell: what the work inside a `with` block cost."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

import pandas as pd

from ..frames import to_frame
from ..labels import of_kind
from ..outcomes import Collection
from ..sessions import read_sessions
from ..sources import Source, connect
from .spans import Span, markdown, shown, table_of


class Run:
    """What `measure` measures; `table` and `evidence()` are there when the block has ended.

    Attributes:
        label: What its owner calls it.
    """

    def __init__(self, label: str, source: Source | None, codex_home: str | os.PathLike[str] | None) -> None:
        self.label = label
        self._source, self._codex_home = source, codex_home
        self._own: Source | None = None
        self._begun: Collection | None = None
        self._span: Span | None = None

    @property
    def span(self) -> Span:
        """The span that was measured.

        Raises:
            ValueError: It has not ended.
        """
        if self._span is None:
            raise ValueError("nothing was measured yet: what a run cost is known when its `with` block has ended")
        return self._span

    @property
    def table(self) -> pd.DataFrame:
        """One row for each thing that is known; raises as `span`."""
        return table_of({self.label: self.span})

    def evidence(self) -> str:
        """The table as Markdown that tells nobody's name, path, e-mail, session or project; raises as `span`."""
        return markdown(self.table.set_axis(["this run"], axis="columns"))

    def __enter__(self) -> Self:
        self._own = connect() if self._source is None else None
        self._begun = self._asked().collect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        source, begun = self._asked(), self._begun
        try:
            if begun is not None:
                ended = source.collect()
                since, until = begun.fetched_at, ended.fetched_at
                logs = read_sessions(self._codex_home, since, cache=False) if not source.is_demo else None
                told = [to_frame([begun, ended]), *([] if logs is None else [logs.windows])]
                windows = pd.concat([part for part in told if len(part)] or told[:1], ignore_index=True)
                tokens = _no_turns() if logs is None else logs.tokens
                self._span = Span(self.label, since, until, windows, tokens)
        finally:
            if self._own is not None:
                self._own.close()

    def _asked(self) -> Source:
        source = self._own or self._source
        return of_kind(source, Source, "source", "a source: qh.connect(), qh.demo() or qh.live(...) gives one")

    def __repr__(self) -> str:
        return f"Run({self.label!r}, going on)" if self._span is None else shown(self.table).to_string()

    def _repr_html_(self) -> str | None:
        html: str | None = None if self._span is None else shown(self.table).to_html(border=0)
        return html


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


def _no_turns() -> pd.DataFrame:
    times = pd.DatetimeIndex([], tz="UTC").as_unit("us")
    empty = {"time": times, "session": "", "account_key": "", "model": "", "effort": "", "total": 0}
    return pd.DataFrame(empty, index=range(0))
