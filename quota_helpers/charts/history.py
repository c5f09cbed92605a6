"""Percent used over time: a sawtooth per window and account, with every reset marked for what it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..frames import is_demo
from ..labels import Names
from ..outlook.bars import Show, percent
from ..periods import Cycle
from ..times import Moment, bounds, from_micros, local_time, micros
from ..times import moment as times_moment
from .history_lines import EARLY, EARLY_KEPT, KINDS, MOVED, SCHEDULED, UNKNOWN, HistoryLine, history_lines
from .knots import Knots, grounded, thinned
from .overlay import plot_overlay
from .style import (
    ATTENTION,
    FURTHER,
    QUIET,
    TOP,
    axis_of,
    cut,
    demo_words,
    figure_of,
    note_figure,
    panels,
    percent_axis,
    plain,
    time_axis,
    titled,
    words_at,
    zone_for,
)
from .wall_time import wall_time

PANEL_HEIGHT: Final = 118  # pixels of one panel
PANEL_GAP: Final = 36  # pixels between two, for the lower one's title
BOTTOM: Final = 40
LEGEND_ROW: Final = 22
MOST_PANELS: Final = 8
UNUSED_UP_TO: Final = 1.0  # percent; an untouched window can read 1
MOST_POINTS: Final = 40_000
"""Of all lines together; beyond it a line is thinned to what a screen can show."""
MOST_BANDS: Final = 3  # the same for stretches of unconfirmed readings
SHADED_SHARE: Final = 0.02  # of the range; a shorter pause is a gap in the line and no more
PAUSED_SHARE: Final = 0.4  # of the range; with more pauses than this, none is shaded
WORD_SHARE: Final = 0.13  # of the range; a shorter pause is shaded without its word
SHADE: Final = "rgba(127,127,127,0.12)"

DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LINES: Final = (*(colour for colour in FURTHER if colour not in {ATTENTION, QUIET}), "#A8780B", "#8F7AC8")
"""Colours of accounts; what says "look here", and the grey of stale readings, are none of them. Five, as there are six
dashes: the sixth account has a colour again, and no account before the thirty-first has both of another one."""
FILLED: Final = 0.16  # opacity of the ground under an account that is alone

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


def plot_history(
    frame: pd.DataFrame,
    *,
    accounts: Names = None,
    windows: Names = None,
    limits: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    now: Moment | None = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
    overlay: bool = False,
    show: Show = "used",
    most_accounts: int = 4,
    template: Any = None,
    lines: list[HistoryLine] | None = None,
) -> go.Figure:
    """Percent used over time, one panel per window, one line per account.

    A scheduled reset is a small tick on the base line, an early refill a diamond (open when the
    announced reset stayed). Where the server took turns between two windows, the readings nobody confirmed are a
    dotted band of their own. No line crosses a pause of more than a fourteenth of the window's length (at least two
    hours, at most 36); a reading whose reset had passed is grey. Only points that change the line are drawn, so it
    equals the readings; a very long one is thinned without losing a peak: a shorter range shows it in full.

    Args:
        frame: With the columns of `COLUMNS`: `History.frame()`, `SessionLogs.windows`, or several of `to_frame`.
        accounts: Names or keys; None means those that are fullest, up to *most_accounts*.
        windows: Names of windows, such as "weekly"; None means all.
        limits: Ids of limits, or the server's names for them; "codex" is the account's own; None means all.
        since: From this moment on: an aware time, an ISO text, or a timedelta back from *now*.
        until: Before this moment.
        now: The present moment, for the titles too; None means the newest reading.
        tz: Time zone of the axis; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.
        overlay: Lay the cycles of each window on top of each other, by the share of the window that has passed.
        show: "used", or "left": the same lines, read from the other end.
        most_accounts: How many accounts are compared at most when *accounts* does not say.
        template: As in `plot_windows`.
        lines: What `history_lines` made of the frame and these choices, where it is known: that takes as long as
            drawing them.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> import quota_helpers as qh
    >>> from quota_helpers.invented.history import demo_snapshots
    >>> frame = qh.to_frame(demo_snapshots()[:2000])
    >>> plot_history(frame, accounts="ada", windows="weekly", since="2026-10-18").layout.title.text
    'Quota used over time, demo accounts: ada'
    """
    if lines is None:
        chosen: dict[str, Any] = {"accounts": accounts, "windows": windows, "limits": limits}
        lines = history_lines(frame, **chosen, since=since, until=until, now=now, reveal=reveal)
    demo = demo_words(invented=is_demo(frame))
    if not lines:
        note = "No readings to show: other accounts or a longer range?"
        return note_figure(f"Quota {show} over time{demo}", note, template)
    newest = max(int(line.followed.series.time[-1]) for line in lines)
    moment = newest if now is None else micros(times_moment(now, name="now"))
    names = list(dict.fromkeys(line.account for line in sorted(lines, key=lambda line: line.urgency(moment))))
    shown = names[:most_accounts] if accounts is None else names
    lines = [line for line in lines if line.account in shown]
    lines, unused = _without_unused(lines)
    panels = list(dict.fromkeys((line.limit, line.window) for line in lines))
    left_out = [f"{len(shown)} of {len(names)} accounts"] if len(shown) < len(names) else []
    left_out += [f"{MOST_PANELS} of {len(panels)} windows"] if len(panels) > MOST_PANELS else []
    left_out += [f"never used: {', '.join(unused)}"] if unused else []
    lines = [line for line in lines if (line.limit, line.window) in panels[:MOST_PANELS]]
    zone = zone_for(tz, invented=bool(demo))
    who = cut(lines[0].label, 34) if len(shown) == 1 else f"{len(shown)} accounts"
    if overlay:
        return plot_overlay(lines, f"Cycles on top of each other{demo}: {who}", left_out, zone, template)
    everyone = sorted(frame["account"].dropna().unique())  # each keeps its colour whoever is chosen beside it
    look = {account: number for number, account in enumerate(dict.fromkeys([*everyone, *shown]))}
    drawing = _Drawing(lines, bounds(since, until, now=now, newest=newest), zone, look, alone=len(shown) == 1)
    drawing.draw(moment, show)
    bottom = BOTTOM if len(shown) == 1 else BOTTOM + LEGEND_ROW * -(-len(shown) // 4)
    notes = [*drawing.legend(), *left_out] or [f"percent {show}"]
    return figure_of(
        drawing.traces,
        titled(f"Quota {show} over time{demo}: {who}", *notes),
        height=TOP + drawing.inner + bottom,
        left=44,
        bottom=bottom,
        template=template,
        showlegend=len(shown) > 1,
        annotations=drawing.annotations,
        shapes=drawing.shapes,
        hovermode="closest",
        legend={"itemclick": False, "itemdoubleclick": False},
        **drawing.axes,
    )


def _without_unused(lines: list[HistoryLine]) -> tuple[list[HistoryLine], list[str]]:
    """Leave out further limits of which nothing was ever used; also their titles."""
    used = {(line.limit, line.window) for line in lines if line.limit == "codex" or line.highest > UNUSED_UP_TO}
    if not used:
        return lines, []
    kept = [line for line in lines if (line.limit, line.window) in used]
    return kept, list(dict.fromkeys(line.title for line in lines if (line.limit, line.window) not in used))


class _Drawing:
    """The figure in the making.

    Args:
        lines: What is drawn.
        ends: Of the range, in microseconds; None is where the readings end.
        zone: The time zone of axis and texts.
        look: Account -> number of its colour and dash.
        alone: Whether there is one account only.
    """

    def __init__(
        self,
        lines: Sequence[HistoryLine],
        ends: tuple[int | None, int | None],
        zone: tzinfo,
        look: dict[str, int],
        *,
        alone: bool,
    ) -> None:
        self.lines, self.zone, self.look, self.alone = lines, zone, look, alone
        self.traces: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.shapes: list[dict[str, Any]] = []
        self.most = MOST_POINTS // len(lines)
        self.panels = list(dict.fromkeys((line.limit, line.window) for line in lines))
        self.inner, self.domains = panels(len(self.panels), PANEL_HEIGHT, PANEL_GAP)
        first = ends[0] if ends[0] is not None else min(int(line.followed.series.time[0]) for line in lines)
        last = ends[1] if ends[1] is not None else max(int(line.followed.series.time[-1]) for line in lines)
        room = (last - first) // 100 + 1_000_000  # the newest reading and its mark stand clear of the edge
        self.low, self.high = self._local([first - room, last + room]).tolist()
        across = time_axis(range=[self.low, self.high], anchor=axis_of(len(self.panels) - 1))
        self.axes: dict[str, Any] = {"xaxis": across}

    def draw(self, now: int, show: Show) -> None:
        """All panels, the shortest window on top; titles as of *now*, in microseconds."""
        self.left = show == "left"
        seen: set[str] = set()
        for number, panel in enumerate(self.panels):
            own = [line for line in self.lines if (line.limit, line.window) == panel]
            most = max(100.0, *(line.highest for line in own))
            down = percent_axis(domain=self.domains[number], range=[-4, most * 1.08])
            if self.left:
                down |= {"range": down["range"][::-1], "ticktext": down["ticktext"][::-1]}
            self.axes[axis_of(number, "yaxis")] = down
            words = f"  {plain(own[0].says(now, show))}" if self.alone else ""
            self.annotations.append(words_at(f"<b>{plain(own[0].title)}</b>{words}", axis_of(number)))
            for line in own:
                self._line(line, axis_of(number), show, legend=line.account not in seen)
                seen.add(line.account)

    def legend(self) -> list[str]:
        """What the signs mean, of those that are there."""
        kinds = {kind for line in self.lines for kind in line.kinds}
        found = [f"{SIGNS[kind]} {WORDS.get(kind, kind)}" for kind in SIGNS if kind in kinds]
        found += ["○ unconfirmed readings"] if any(len(line.other) for line in self.lines) else []
        found += ["thick grey: stale"] if any(len(line.stale) for line in self.lines) else []
        return found

    def _local(self, times: Any) -> Any:
        """Milliseconds as plotly's date axes take them, moved so that they read as the zone's time."""
        return wall_time(np.asarray(times, np.int64), self.zone) / 1000

    def _line(self, line: HistoryLine, axis: str, show: Show, *, legend: bool) -> None:
        at = self.look[line.account]
        colour = LINES[at % len(LINES)]
        if self.alone:
            self._pauses(line, axis)
            fill = {"line": {"width": 0}, "fill": "tozeroy", "fillcolor": _faint(colour), "hoverinfo": "skip"}
            if show == "used":
                self._add(thinned(grounded(line.line), self.most), axis, "lines", fill)
        drawn = {
            "line": {"color": colour, "width": 1.6, "dash": "solid" if self.alone else DASHES[at % len(DASHES)]},
            "name": plain(line.label),
            "legendgroup": str(at),
            "showlegend": legend and not self.alone,
            "hovertemplate": _hover(line, ""),
        }
        self._add(line.line, axis, "lines" if len(line.line) > 1 else "markers", drawn)  # one reading is no line yet
        ringed = ATTENTION if self.alone else colour
        dotted = {
            "line": {"color": ringed, "width": 1, "dash": "dot"},
            "marker": {"size": 6, "symbol": "circle-open", "color": ringed, "line": {"width": 1.5}},
            "hovertemplate": _hover(line, "<br>unconfirmed: another window, or an odd reading"),
        }
        self._add(line.other, axis, "lines+markers", dotted)
        grey = {
            "line": {"color": QUIET, "width": 3},
            "marker": {"size": 4, "color": QUIET},
            "hovertemplate": _hover(line, "<br>stale: its reset had passed"),
        }
        self._add(line.stale, axis, "lines+markers", grey)
        self._resets(line, axis, colour)
        self._bands(line, axis)
        self._plans(line, axis, worded=legend)

    def _add(self, knots: Knots, axis: str, mode: str, style: dict[str, Any]) -> None:
        if len(knots):
            few = thinned(knots, self.most)
            place = {"x": self._local(few.time), "y": few.used, "yaxis": axis}
            self.traces.append({"type": "scatter", "mode": mode, "showlegend": False, **place, **style})

    def _resets(self, line: HistoryLine, axis: str, colour: str) -> None:
        """One trace for each kind of reset."""
        for kind, symbol in SYMBOLS.items():
            marks = [cycle for cycle in line.marks if KINDS[cycle.end] == kind]
            if not marks:
                continue
            early = kind in {EARLY, EARLY_KEPT}
            # Where there are several, whose it is counts for more than what it is: the sign says that.
            whose = {} if self.alone else {"color": colour, "line": symbol.get("line", {}) | {"color": colour}}
            x, y = self._local([cycle.ended for cycle in marks]), [cycle.last if early else 0.0 for cycle in marks]
            # No words beside them, which would lie on the line: the title counts them, the signs are explained above.
            trace = {
                "type": "scatter",
                "mode": "markers",
                "x": x,
                "y": y,
                "yaxis": axis,
                "marker": symbol | whose,
                "showlegend": False,
                "customdata": [self._had(cycle) for cycle in marks],
                "hoverinfo": "text",
                "hovertemplate": f"<b>{plain(line.label)}</b> {plain(line.title)}<br>{WORDS.get(kind, kind)} "
                "%{x|%a %d %b %H:%M}<br>%{customdata[0]} had been used, "
                "announced for %{customdata[1]}<extra></extra>",
            }
            self.traces.append(trace)

    def _had(self, cycle: Cycle) -> list[str]:
        known = cycle.reset > 0
        announced = local_time(from_micros(cycle.reset), self.zone, named=False) if known else "an unknown time"
        return [percent(cycle.last), announced]

    def _words(self, x: Any, words: Sequence[str]) -> dict[str, Any]:
        """Words beside points, on the side that has more room."""
        middle = (self.low + self.high) / 2
        return {
            "text": [plain(f"\u00a0{text}\u00a0\u00a0") for text in words],
            "textposition": ["top left" if value > middle else "top right" for value in x],
            "textfont": {"size": 11},
            "cliponaxis": False,
        }

    def _bands(self, line: HistoryLine, axis: str) -> None:
        """The word for unconfirmed readings, at the first of each band: it begins the line or follows a lifted pen."""
        lifted = np.append(True, np.isnan(line.other.used[:-1])) & ~np.isnan(line.other.used)  # the first one begins
        first = np.flatnonzero(lifted)
        if self.alone and 0 < len(first) <= MOST_BANDS:
            x = self._local(line.other.time[first])
            words = self._words(x, ["unconfirmed"] * len(first)) | {"showlegend": False, "hoverinfo": "skip"}
            place = {"x": x, "y": line.other.used[first], "yaxis": axis}
            self.traces.append({"type": "scatter", "mode": "text", **place, **words})

    def _pauses(self, line: HistoryLine, axis: str) -> None:
        """Shaded ground where there are no readings for a while, and the word for it where it is wide enough.

        Where pauses are the rule, as between sittings in session logs, none is shown.
        """
        edges = [(pause, *self._local([pause.since, pause.until]).tolist()) for pause in line.pauses]
        wide = [(pause, x0, x1, (x1 - x0) / max(1.0, self.high - self.low)) for pause, x0, x1 in edges]
        if sum(share for *_, share in wide) > PAUSED_SHARE:
            return
        for pause, x0, x1, share in wide:
            if share >= SHADED_SHARE:
                place = {"x0": x0, "x1": x1, "y0": 0, "y1": 1, "yref": f"{axis} domain"}
                look = {"fillcolor": SHADE, "line": {"width": 0}, "layer": "below"}
                self.shapes.append({"type": "rect", **place, **look})
            if share >= WORD_SHARE:
                self._word("no such window" if pause.not_sent else "no readings", (x0 + x1) / 2, axis)

    def _plans(self, line: HistoryLine, axis: str, *, worded: bool) -> None:
        """A dashed line for each change of the plan, once with its words."""
        for when, before, after in line.plans:
            x = float(self._local([when])[0])
            dashed = {"color": QUIET, "width": 1, "dash": "dash"}
            across = {"x0": x, "x1": x, "y0": 0, "y1": 1, "yref": f"{axis} domain"}
            self.shapes.append({"type": "line", "line": dashed, **across})
            whose = "" if self.alone else f"{cut(line.label, 14)}: "
            anchor = "right" if x > (self.low + self.high) / 2 else "left"
            if worded:
                self._word(f"\u00a0{whose}plan {before} → {after}\u00a0", x, axis, anchor)

    def _word(self, text: str, x: float, axis: str, anchor: str = "center") -> None:
        """A quiet word at the end of the panel that is nearly used up, where few lines are."""
        end = {"y": 0.02, "yanchor": "bottom"} if self.left else {"y": 0.98, "yanchor": "top"}
        place = {"x": x, "xanchor": anchor, "yref": f"{axis} domain", **end}
        self.annotations.append({"text": plain(text), "showarrow": False, "font": {"size": 11}, **place})


def _faint(colour: str) -> str:
    """The colour, "#rrggbb", so thin that a grid shines through."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{FILLED})"


def _hover(line: HistoryLine, more: str) -> str:
    names = f"<b>{plain(line.label)}</b> {plain(line.title)}"
    return f"{names}<br>%{{x|%a %d %b %H:%M}}: %{{y:.4~g}} % used{more}<extra></extra>"
