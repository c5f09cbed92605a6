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
from ..outlook.bars import Show
from ..times import Moment, bounds, micros
from ..times import moment as times_moment
from .history_lines import HistoryLine, history_lines
from .history_marks import SIGNS, WORDS, PlotArea, mark_traces, pause_shapes, plan_changes, word
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

DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LINES: Final = tuple(colour for colour in FURTHER if colour != ATTENTION)
"""Colours of accounts; the one that says "look here" is none of them."""
FILLED: Final = 0.16  # opacity of the ground under an account that is alone


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

    A scheduled reset is a small tick on the base line, an early refill a diamond with its word (open when the
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
    drawing = _Drawing(lines, shown, zone, moment, show, everyone)
    drawing.draw(*bounds(since, until, now=now, newest=newest))
    notes = [*drawing.legend(), *left_out] or [f"percent {show}"]
    return drawing.finish(titled(f"Quota {show} over time{demo}: {who}", *notes), template)


def _without_unused(lines: list[HistoryLine]) -> tuple[list[HistoryLine], list[str]]:
    """Leave out further limits of which nothing was ever used; also their titles."""
    used = {(line.limit, line.window) for line in lines if line.limit == "codex" or line.highest > UNUSED_UP_TO}
    if not used:
        return lines, []
    kept = [line for line in lines if (line.limit, line.window) in used]
    return kept, list(dict.fromkeys(line.title for line in lines if (line.limit, line.window) not in used))


class _Drawing:
    """The figure in the making."""

    def __init__(
        self,
        lines: Sequence[HistoryLine],
        accounts: Sequence[str],
        zone: tzinfo,
        now: int,
        show: Show,
        everyone: Sequence[str],
    ) -> None:
        self.lines, self.accounts, self.zone, self.now, self.show = lines, list(accounts), zone, now, show
        order = list(dict.fromkeys([*everyone, *self.accounts]))
        self.look = {account: order.index(account) for account in self.accounts}
        self.panels = list(dict.fromkeys((line.limit, line.window) for line in lines))
        self.traces: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.shapes: list[dict[str, Any]] = []
        self.axes: dict[str, Any] = {}
        self.alone = len(self.accounts) == 1
        self.inner, self.domains = panels(len(self.panels), PANEL_HEIGHT, PANEL_GAP)
        self.bottom = BOTTOM if self.alone else BOTTOM + LEGEND_ROW * -(-len(self.accounts) // 4)
        self.most = MOST_POINTS // len(lines)
        self.range = (0.0, 0.0)

    def local(self, micros: Any) -> Any:
        """Milliseconds as plotly's date axes take them, moved so that they read as the zone's time."""
        return wall_time(np.asarray(micros, np.int64), self.zone) / 1000

    def draw(self, since: int | None, until: int | None) -> None:
        """All panels, the shortest window on top."""
        first = since if since is not None else min(int(line.followed.series.time[0]) for line in self.lines)
        last = until if until is not None else max(int(line.followed.series.time[-1]) for line in self.lines)
        room = (last - first) // 100 + 1_000_000  # the newest reading and its mark stand clear of the edge
        low, high = self.local(np.array([first - room, last + room])).tolist()
        self.range = (low, high)
        seen: set[str] = set()
        for number, panel in enumerate(self.panels):
            own = [line for line in self.lines if (line.limit, line.window) == panel]
            self._panel(number, own)
            for line in own:
                self._line(line, axis_of(number), legend=line.account not in seen)
                seen.add(line.account)

    def _panel(self, number: int, lines: Sequence[HistoryLine]) -> None:
        most = max(100.0, *(line.highest for line in lines))
        axis = percent_axis(domain=self.domains[number], range=[-4, most * 1.08])
        if self.show == "left":
            axis |= {"range": axis["range"][::-1], "ticktext": axis["ticktext"][::-1]}
        self.axes[axis_of(number, "yaxis")] = axis
        words = f"  {plain(lines[0].says(self.now))}" if self.alone else ""
        self.annotations.append(words_at(f"<b>{plain(lines[0].title)}</b>{words}", axis_of(number)))

    def _line(self, line: HistoryLine, axis: str, *, legend: bool) -> None:
        at = self.look[line.account]
        colour = LINES[at % len(LINES)]
        place = PlotArea(axis, self.local, self.range, self.zone, alone=self.alone, colour=colour)
        if self.alone:
            self.shapes += pause_shapes(line, place)
            self.annotations += [word(text, at, place) for at, text in place.pause_words(line)]
            ground = thinned(grounded(line.line), self.most)
            fill = {"mode": "lines", "line": {"width": 0}, "fill": "tozeroy", "hoverinfo": "skip"}
            fill["fillcolor"] = _faint(colour)
            if self.show == "used":
                self._add(ground, axis, fill)
        drawn = {
            "mode": "lines",
            "line": {"color": colour, "width": 1.6, "dash": "solid" if self.alone else DASHES[at % len(DASHES)]},
            "name": plain(line.label),
            "legendgroup": str(at),
            "showlegend": legend and not self.alone,
            "hovertemplate": _hover(line, ""),
        }
        self._add(line.line, axis, drawn)
        ring = {
            "size": 6,
            "symbol": "circle-open",
            "color": ATTENTION if self.alone else colour,
            "line": {"width": 1.5},
        }
        dotted = {"mode": "lines+markers", "line": {"color": ring["color"], "width": 1, "dash": "dot"}, "marker": ring}
        odd = _hover(line, "<br>unconfirmed: another window, or an odd reading")
        self._add(line.other, axis, dotted | {"hovertemplate": odd})
        grey = {"mode": "lines+markers", "line": {"color": QUIET, "width": 3}, "marker": {"size": 4, "color": QUIET}}
        self._add(line.stale, axis, grey | {"hovertemplate": _hover(line, "<br>stale: its reset had passed")})
        self.traces += mark_traces(line, place)
        shapes, texts = plan_changes(line, place)
        self.shapes += shapes
        self.annotations += texts if legend else []

    def _add(self, knots: Knots, axis: str, style: dict[str, Any]) -> None:
        if len(knots):
            few = thinned(knots, self.most)
            common = {"type": "scatter", "x": self.local(few.time), "y": few.used, "yaxis": axis, "showlegend": False}
            self.traces.append(common | style)

    def legend(self) -> list[str]:
        """What the signs mean, of those that are there."""
        kinds = {mark.kind for line in self.lines for mark in line.marks}
        found = [f"{SIGNS[kind]} {WORDS.get(kind, kind)}" for kind in SIGNS if kind in kinds]
        found += ["○ unconfirmed readings"] if any(len(line.other) for line in self.lines) else []
        found += ["thick grey: stale"] if any(len(line.stale) for line in self.lines) else []
        return found

    def finish(self, title: dict[str, Any], template: Any) -> go.Figure:
        """The figure with its texts and axes."""
        return figure_of(
            self.traces,
            title,
            height=TOP + self.inner + self.bottom,
            left=44,
            bottom=self.bottom,
            template=template,
            showlegend=not self.alone,
            annotations=self.annotations,
            shapes=self.shapes,
            hovermode="closest",
            legend={"itemclick": False, "itemdoubleclick": False},
            xaxis=time_axis(range=list(self.range), anchor=axis_of(len(self.panels) - 1)),
            **self.axes,
        )


def _faint(colour: str) -> str:
    """The colour, "#rrggbb", so thin that a grid shines through."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{FILLED})"


def _hover(line: HistoryLine, more: str) -> str:
    names = f"<b>{plain(line.label)}</b> {plain(line.title)}"
    return f"{names}<br>%{{x|%a %d %b %H:%M}}: %{{y:.4~g}} % used{more}<extra></extra>"
