"""What stands on the lines of the history: resets, pauses, changes of the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

import numpy as np

from ..outlook.bars import percent
from ..times import from_micros, local_time
from .history_lines import EARLY, EARLY_KEPT, MOVED, SCHEDULED, UNKNOWN, HistoryLine, Mark, Pause
from .style import ATTENTION, QUIET, cut, plain

SHADE: Final = "rgba(127,127,127,0.12)"
SHADED_SHARE: Final = 0.02  # of the range; a shorter pause is a gap in the line and no more
PAUSED_SHARE: Final = 0.4  # of the range; with more pauses than this, none is shaded
WORD_SHARE: Final = 0.13  # of the range; a shorter pause is shaded without its word
MOST_WORDS: Final = 6  # early refills of a panel that get their word beside them; more would overlap
MOST_BANDS: Final = 3  # the same for stretches of unconfirmed readings

SYMBOLS: Final[dict[str, dict[str, Any]]] = {
    SCHEDULED: {"symbol": "line-ns", "size": 9, "line": {"width": 1.5, "color": QUIET}},
    EARLY: {"symbol": "diamond", "size": 10, "color": ATTENTION, "line": {"width": 0}},
    EARLY_KEPT: {"symbol": "diamond-open", "size": 10, "color": ATTENTION, "line": {"width": 2}},
    MOVED: {"symbol": "x-thin", "size": 8, "line": {"width": 2, "color": QUIET}},
    UNKNOWN: {"symbol": "square-open", "size": 8, "color": QUIET},
}
"""Kind of a reset -> its marker."""

SIGNS: Final = {SCHEDULED: "|", EARLY: "◆", EARLY_KEPT: "◇", MOVED: "✕", UNKNOWN: "□"}
WORDS: Final = {SCHEDULED: "scheduled reset"}


@dataclass(frozen=True, slots=True)
class PlotArea:
    """Where a line is drawn.

    Attributes:
        axis: Its y axis.
        local: Microseconds since 1970 -> what the x axis takes.
        range: The x axis' ends.
        zone: The time zone of the texts.
        alone: No other account is in the figure.
        colour: The line's.
    """

    axis: str
    local: Callable[[Any], Any]
    range: tuple[float, float]
    zone: tzinfo
    alone: bool
    colour: str

    def at(self, micros: int) -> float:
        """One moment on the x axis."""
        return float(self.local(np.array([micros]))[0])

    def share(self, pause: Pause) -> float:
        """How much of the range a pause takes."""
        return (self.at(pause.until) - self.at(pause.since)) / max(1.0, self.range[1] - self.range[0])

    def wide(self, line: HistoryLine) -> list[Pause]:
        """The pauses to show. Where pauses are the rule, as between sittings in session logs, none is."""
        if sum(map(self.share, line.pauses)) > PAUSED_SHARE:
            return []
        return [pause for pause in line.pauses if self.share(pause) >= SHADED_SHARE]

    def pause_words(self, line: HistoryLine) -> Iterator[tuple[float, str]]:
        """The words for pauses that are wide enough, each with its middle."""
        for pause in self.wide(line):
            if self.share(pause) >= WORD_SHARE:
                middle = (self.at(pause.since) + self.at(pause.until)) / 2
                yield middle, "no such window" if pause.not_sent else "no readings"


def mark_traces(line: HistoryLine, place: PlotArea) -> Iterator[dict[str, Any]]:
    """One trace for each kind of reset, and the word for unconfirmed readings."""
    for kind in SYMBOLS:
        if marks := [mark for mark in line.marks if mark.kind == kind]:
            yield _marks(line, place, kind, marks)
    if place.alone and len(line.other):
        # The first of each band: it begins the line or follows a lifted pen.
        lifted = np.append(True, np.isnan(line.other.used[:-1])) & ~np.isnan(line.other.used)  # the first one begins
        first = np.flatnonzero(lifted)
        if len(first) <= MOST_BANDS:
            x = place.local(line.other.time[first])
            yield _text(x, line.other.used[first], place, ["unconfirmed"] * len(first))


def _marks(line: HistoryLine, place: PlotArea, kind: str, marks: list[Mark]) -> dict[str, Any]:
    early = kind in {EARLY, EARLY_KEPT}
    x = place.local(np.array([mark.time for mark in marks]))
    y = [mark.used if early else 0.0 for mark in marks]
    symbol = SYMBOLS[kind]
    if not place.alone:  # whose it is counts for more than what it is: the sign says that
        symbol = symbol | {"color": place.colour, "line": symbol.get("line", {}) | {"color": place.colour}}
    worded = early and place.alone and len(marks) <= MOST_WORDS
    trace = _text(x, y, place, [kind] * len(marks)) if worded else {"mode": "markers", "x": x, "y": y}
    return trace | {
        "type": "scatter",
        "mode": "markers+text" if worded else "markers",
        "yaxis": place.axis,
        "marker": symbol,
        "showlegend": False,
        "customdata": [[percent(mark.used), _moment(mark.announced, place.zone)] for mark in marks],
        "hoverinfo": "text",
        "hovertemplate": f"<b>{plain(line.label)}</b> {plain(line.title)}<br>{WORDS.get(kind, kind)} "
        "%{x|%a %d %b %H:%M}<br>%{customdata[0]} had been used, announced for %{customdata[1]}<extra></extra>",
    }


def _text(x: Any, y: Any, place: PlotArea, words: list[str]) -> dict[str, Any]:
    """Words beside points, on the side that has more room."""
    middle = sum(place.range) / 2
    return {
        "type": "scatter",
        "mode": "text",
        "x": x,
        "y": y,
        "yaxis": place.axis,
        "text": [plain(f"\u00a0{text}\u00a0\u00a0") for text in words],
        "textposition": ["top left" if value > middle else "top right" for value in x],
        "textfont": {"size": 11},
        "cliponaxis": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _moment(micros: int, zone: tzinfo) -> str:
    if micros <= 0:
        return "an unknown time"
    return local_time(from_micros(micros), zone, named=False)


def pause_shapes(line: HistoryLine, place: PlotArea) -> Iterator[dict[str, Any]]:
    """Shaded ground where there are no readings for a while."""
    for pause in place.wide(line):
        yield {
            "type": "rect",
            "x0": place.at(pause.since),
            "x1": place.at(pause.until),
            "y0": 0,
            "y1": 1,
            "yref": f"{place.axis} domain",
            "fillcolor": SHADE,
            "line": {"width": 0},
            "layer": "below",
        }


def plan_changes(line: HistoryLine, place: PlotArea) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A dashed line and the words for each change of the plan: shapes, annotations."""
    shapes, texts = [], []
    for when, before, after in line.plans:
        x = place.at(when)
        dashed = {"color": QUIET, "width": 1, "dash": "dash"}
        across = {"y0": 0, "y1": 1, "yref": f"{place.axis} domain"}
        shapes.append({"type": "line", "x0": x, "x1": x, "line": dashed} | across)
        whose = "" if place.alone else f"{cut(line.label, 14)}: "
        late = x > sum(place.range) / 2
        texts.append(word(f"\u00a0{whose}plan {before} → {after}\u00a0", x, place, "right" if late else "left"))
    return shapes, texts


def word(text: str, x: float, place: PlotArea, anchor: str = "center") -> dict[str, Any]:
    """A quiet word at the top of the panel."""
    return {
        "text": plain(text),
        "x": x,
        "xanchor": anchor,
        "y": 0.98,
        "yref": f"{place.axis} domain",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 11},
    }
