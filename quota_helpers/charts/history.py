"""Percent used over time: a sawtooth per window and account, every reset marked for what it was; or cycle on cycle."""

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
from ..outlook.past import EARLY
from ..periods import Cycle
from ..periods.follow import CONFIRMED
from ..periods.readings import Floats
from ..times import MISSING, SECOND, Moment, bounds, duration, from_micros, local_time, micros
from ..times import moment as times_moment
from . import style
from .history_lines import ENDS, HistoryLine, Knots, grounded, history_lines, joined, thinned
from .style import ATTENTION, QUIET, axis_of, cut, plain
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
OVERLAY: Final = {"height": 190, "gap": 34, "panels": 6}  # pixels, and how many panels at most
MOST_CYCLES: Final = 60
"""Of one window, on top of each other; the newest ones. More lines show nothing."""

DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LINES: Final = (*(colour for colour in style.FURTHER if colour not in {ATTENTION, QUIET}), "#A8780B", "#8F7AC8")
"""Colours of accounts; what says "look here", and the grey of stale readings, are none of them. Five, as there are six
dashes: the sixth account has a colour again, and no account before the thirty-first has both of another one."""
FILLED: Final = 0.16  # opacity of the ground under an account that is alone

SIGNS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "scheduled": ("|", {"symbol": "line-ns", "size": 9, "line": {"width": 1.5, "color": QUIET}}),
    "early, clock restarted": ("◆", {"symbol": "diamond", "size": 10, "color": ATTENTION, "line": {"width": 0}}),
    "early, clock kept": ("◇", {"symbol": "diamond-open", "size": 10, "color": ATTENTION, "line": {"width": 2}}),
    "clock moved": ("✕", {"symbol": "x-thin", "size": 8, "line": {"width": 2, "color": QUIET}}),
    "unknown": ("□", {"symbol": "square-open", "size": 8, "color": QUIET}),
}
"""How a cycle ended -> its sign in words, and its marker."""


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
    demo = style.demo_words(invented=is_demo(frame))
    if not lines:
        note = "No readings to show: other accounts or a longer range?"
        return style.note_figure(f"Quota {show} over time{demo}", note, template)
    newest = max(int(line.followed.series.time[-1]) for line in lines)
    moment = newest if now is None else micros(times_moment(now, name="now"))
    names = list(dict.fromkeys(line.account for line in sorted(lines, key=lambda line: line.urgency(moment))))
    shown = names[:most_accounts] if accounts is None else names
    lines = [line for line in lines if line.account in shown]
    # Of further limits of which nothing was ever used only the titles are told.
    used = {line.panel for line in lines if line.limit == "codex" or line.highest > UNUSED_UP_TO}
    unused = dict.fromkeys(line.title for line in lines if used and line.panel not in used)
    panels = list(dict.fromkeys(line.panel for line in lines if line.panel in used or not used))
    left_out = [f"{len(shown)} of {len(names)} accounts"] if len(shown) < len(names) else []
    left_out += [f"{MOST_PANELS} of {len(panels)} windows"] if len(panels) > MOST_PANELS else []
    left_out += [f"never used: {', '.join(unused)}"] if unused else []
    lines = [line for line in lines if line.panel in panels[:MOST_PANELS]]
    zone = style.zone_for(tz, invented=bool(demo))
    who = cut(lines[0].label, 34) if len(shown) == 1 else f"{len(shown)} accounts"
    if overlay:
        return _overlay(lines, f"Cycles on top of each other{demo}: {who}", left_out, zone, template)
    named = frame["account" if "account" in frame else "account_key"].dropna()
    everyone = sorted(named.unique())  # each keeps its colour whoever is chosen beside it
    look = {account: number for number, account in enumerate(dict.fromkeys([*everyone, *shown]))}
    low, high = bounds(since, until, now=now, newest=newest)
    times = [line.followed.series.time for line in lines]
    first = min(int(time[0]) for time in times) if low is None else low
    last = max(int(time[-1]) for time in times) if high is None else high
    drawing = _Drawing(lines, (first, last), zone, look, show, alone=len(shown) == 1)
    drawing.draw(moment)
    bottom = BOTTOM if drawing.alone else BOTTOM + LEGEND_ROW * -(-len(shown) // 4)
    return style.figure_of(
        drawing.traces,
        style.titled(f"Quota {show} over time{demo}: {who}", *([*_signs(lines), *left_out] or [f"percent {show}"])),
        height=style.TOP + drawing.inner + bottom,
        left=44,
        bottom=bottom,
        template=template,
        showlegend=not drawing.alone,
        annotations=drawing.annotations,
        shapes=drawing.shapes,
        hovermode="closest",
        legend={"itemclick": False, "itemdoubleclick": False},
        **drawing.axes,
    )


def _signs(lines: Sequence[HistoryLine]) -> list[str]:
    """What the signs mean, of those that are there."""
    ends = {end for line in lines for end in line.ends}
    found = [f"{sign} {ENDS[end]}" for end, (sign, _) in SIGNS.items() if end in ends]
    found += ["○ unconfirmed readings"] if any(len(line.other) for line in lines) else []
    return found + (["thick grey: stale"] if any(len(line.stale) for line in lines) else [])


class _Drawing:
    """The figure in the making.

    *ends* are those of the range, in microseconds; *look* is account -> number of its colour and dash; *alone* says
    that there is one account only.
    """

    def __init__(
        self,
        lines: Sequence[HistoryLine],
        ends: tuple[int, int],
        zone: tzinfo,
        look: dict[str, int],
        show: Show,
        *,
        alone: bool,
    ) -> None:
        self.lines, self.zone, self.look, self.show, self.alone = lines, zone, look, show, alone
        self.traces: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.shapes: list[dict[str, Any]] = []
        self.most = MOST_POINTS // len(lines)
        self.panels = list(dict.fromkeys(line.panel for line in lines))
        self.inner, self.domains = style.panels(len(self.panels), PANEL_HEIGHT, PANEL_GAP)
        room = (ends[1] - ends[0]) // 100 + 1_000_000  # the newest reading and its mark stand clear of the edge
        self.low, self.high = self._local([ends[0] - room, ends[1] + room]).tolist()
        across = style.time_axis(range=[self.low, self.high], anchor=axis_of(len(self.panels) - 1))
        self.axes: dict[str, Any] = {"xaxis": across}

    def draw(self, now: int) -> None:
        """All panels, the shortest window on top; titles as of *now*, in microseconds."""
        seen: set[str] = set()
        for number, panel in enumerate(self.panels):
            own = [line for line in self.lines if line.panel == panel]
            most = max(100.0, *(line.highest for line in own))
            down = style.percent_axis(domain=self.domains[number], range=[-4, most * 1.08])
            if self.show == "left":
                down |= {"range": down["range"][::-1], "ticktext": down["ticktext"][::-1]}
            self.axes[axis_of(number, "yaxis")] = down
            words = f"  {plain(own[0].says(now, self.show))}" if self.alone else ""
            self.annotations.append(style.words_at(f"<b>{plain(own[0].title)}</b>{words}", axis_of(number)))
            for line in own:
                self._line(line, axis_of(number), first=line.account not in seen)
                seen.add(line.account)

    def _local(self, times: Any) -> Any:
        """Milliseconds as plotly's date axes take them, moved so that they read as the zone's time."""
        return wall_time(np.asarray(times, np.int64), self.zone) / 1000

    def _line(self, line: HistoryLine, axis: str, *, first: bool) -> None:
        at = self.look[line.account]
        colour = LINES[at % len(LINES)]
        if self.alone:
            self._pauses(line, axis)
            if self.show == "used":
                red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
                ground = {"fill": "tozeroy", "fillcolor": f"rgba({red},{green},{blue},{FILLED})"}
                self._add(grounded(line.line), axis, "lines", ground | {"line": {"width": 0}, "hoverinfo": "skip"})
        drawn = {
            "line": {"color": colour, "width": 1.6, "dash": "solid" if self.alone else DASHES[at % len(DASHES)]},
            "name": plain(line.label),
            "legendgroup": str(at),
            "showlegend": first and not self.alone,
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
        if self.alone:
            self._bands(line, axis)
        self._plans(line, axis, worded=first)

    def _add(self, knots: Knots, axis: str, mode: str, look: dict[str, Any]) -> None:
        if len(knots):
            few = thinned(knots, self.most)
            place = {"x": self._local(few.time), "y": few.used, "yaxis": axis}
            self.traces.append({"type": "scatter", "mode": mode, "showlegend": False, **place, **look})

    def _resets(self, line: HistoryLine, axis: str, colour: str) -> None:
        """One trace for each kind of reset."""
        for end, (_, symbol) in SIGNS.items():
            marks = [cycle for cycle in line.marks if cycle.end == end]
            # Where there are several, whose it is counts for more than what it is: the sign says that.
            whose = {} if self.alone else {"color": colour, "line": symbol.get("line", {}) | {"color": colour}}
            # No words beside them, which would lie on the line: the title counts them, the signs are explained above.
            told = (
                f"<b>{plain(line.label)}</b> {plain(line.title)}<br>{ENDS[end]} %{{x|%a %d %b %H:%M}}"
                "<br>%{customdata[0]} had been used, announced for %{customdata[1]}<extra></extra>"
            )
            trace = {
                "type": "scatter",
                "mode": "markers",
                "x": self._local([cycle.ended for cycle in marks]),
                "y": [cycle.last if end in EARLY else 0.0 for cycle in marks],
                "yaxis": axis,
                "marker": symbol | whose,
                "showlegend": False,
                "customdata": [[percent(cycle.last), self._announced(cycle)] for cycle in marks],
                "hoverinfo": "text",
                "hovertemplate": told,
            }
            self.traces += [trace] if marks else []

    def _announced(self, cycle: Cycle) -> str:
        return local_time(from_micros(cycle.reset), self.zone, named=False) if cycle.reset > 0 else "an unknown time"

    def _bands(self, line: HistoryLine, axis: str) -> None:
        """The word for unconfirmed readings, at the first of each band: it begins the line or follows a lifted pen."""
        lifted = np.append(True, np.isnan(line.other.used[:-1])) & ~np.isnan(line.other.used)  # the first one begins
        first = np.flatnonzero(lifted)
        if not 0 < len(first) <= MOST_BANDS:
            return
        x = self._local(line.other.time[first])
        words = {
            "text": ["\u00a0unconfirmed\u00a0\u00a0"] * len(first),
            # on the side that has more room
            "textposition": ["top left" if at > (self.low + self.high) / 2 else "top right" for at in x],
            "textfont": {"size": 11},
            "cliponaxis": False,
        }
        place = {"x": x, "y": line.other.used[first], "yaxis": axis, "showlegend": False, "hoverinfo": "skip"}
        self.traces.append({"type": "scatter", "mode": "text", **place, **words})

    def _pauses(self, line: HistoryLine, axis: str) -> None:
        """Shaded ground where there are no readings for a while, and the word for it where it is wide enough.

        Where pauses are the rule, as between sittings in session logs, none is shown.
        """
        whole = max(1.0, self.high - self.low)
        edges = [(*self._local([since, until]).tolist(), not_sent) for since, until, not_sent in line.pauses]
        if sum((x1 - x0) / whole for x0, x1, _ in edges) > PAUSED_SHARE:
            return
        for x0, x1, not_sent in edges:
            if (x1 - x0) / whole >= SHADED_SHARE:
                look = {"fillcolor": SHADE, "line": {"width": 0}, "layer": "below"}
                self._shape("rect", axis, x0, x1, look)
            if (x1 - x0) / whole >= WORD_SHARE:
                self._word("no such window" if not_sent else "no readings", (x0 + x1) / 2, axis)

    def _plans(self, line: HistoryLine, axis: str, *, worded: bool) -> None:
        """A dashed line for each change of the plan, once with its words."""
        for when, before, after in line.plans:
            x = float(self._local([when])[0])
            self._shape("line", axis, x, x, {"line": {"color": QUIET, "width": 1, "dash": "dash"}})
            whose = "" if self.alone else f"{cut(line.label, 14)}: "
            anchor = "right" if x > (self.low + self.high) / 2 else "left"
            if worded:
                self._word(f"\u00a0{whose}plan {before} → {after}\u00a0", x, axis, anchor)

    def _shape(self, kind: str, axis: str, x0: float, x1: float, look: dict[str, Any]) -> None:
        place = {"x0": x0, "x1": x1, "y0": 0, "y1": 1, "yref": f"{axis} domain"}
        self.shapes.append({"type": kind, **place, **look})

    def _word(self, text: str, x: float, axis: str, anchor: str = "center") -> None:
        """A quiet word at the end of the panel that is nearly used up, where few lines are."""
        end = {"y": 0.02, "yanchor": "bottom"} if self.show == "left" else {"y": 0.98, "yanchor": "top"}
        place = {"x": x, "xanchor": anchor, "yref": f"{axis} domain", **end}
        self.annotations.append({"text": plain(text), "showarrow": False, "font": {"size": 11}, **place})


def _hover(line: HistoryLine, more: str) -> str:
    names = f"<b>{plain(line.label)}</b> {plain(line.title)}"
    return f"{names}<br>%{{x|%a %d %b %H:%M}}: %{{y:.4~g}} % used{more}<extra></extra>"


def _overlay(lines: Sequence[HistoryLine], title: str, notes: Sequence[str], zone: tzinfo, template: Any) -> go.Figure:
    """One panel for each line; its cycles by the share of the window that has passed, the newest one in colour."""
    shown = [(line, found) for line in lines if (found := _curves(line))][: OVERLAY["panels"]]
    if not shown:
        return style.note_figure(title, "No cycle whose length and reset are known.", template)
    inner, domains = style.panels(len(shown), OVERLAY["height"], OVERLAY["gap"])
    traces: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    ticks = {"tickvals": [0, 25, 50, 75, 100], "ticktext": ["0", "25", "50", "75", "100 %"]}
    axes: dict[str, Any] = {"xaxis": {"range": [-1, 102], "anchor": axis_of(len(shown) - 1), **ticks}}
    several = len({line.account for line, _ in shown}) > 1
    for number, (line, found) in enumerate(shown):
        axes[axis_of(number, "yaxis")] = style.percent_axis(domain=domains[number], range=[-3, 108])
        for curve in found:
            traces += _curve(line, *curve, axis_of(number), zone, newest=curve is found[-1])
        whose = f"{cut(line.label)} · " if several else ""
        texts.append(style.words_at(f"<b>{plain(f'{whose}{line.title}')}</b> {len(found)} cycles", axis_of(number)))
    more = f"{len(shown)} of {len(lines)} windows" if len(shown) < len(lines) else ""
    return style.figure_of(
        traces,
        style.titled(title, "across: share of the window that has passed", "bold = the newest cycle", *notes, more),
        height=style.TOP + inner + 44,
        left=44,
        template=template,
        annotations=texts,
        hovermode="closest",
        **axes,
    )


def _curves(line: HistoryLine) -> list[tuple[Cycle, Floats, Floats]]:
    """For each cycle of the line: percent of the window that had passed, and percent used. Oldest first."""
    series, followed = line.followed.series, line.followed
    if np.isnan(series.length):
        return []
    low, high = (line.line.time[0], line.line.time[-1]) if len(line.line) else (0, 0)
    found = []
    for number, cycle in list(enumerate(followed.cycles))[-MOST_CYCLES:]:
        if cycle.reset == MISSING or cycle.seen < low or cycle.begun > high:
            continue
        rows = np.flatnonzero((followed.cycle == number) & (followed.reading == CONFIRMED))
        passed = np.round(100 - (cycle.reset - series.time[rows]) / (series.length * SECOND) * 100, 3)
        pauses = np.diff(series.time[rows]) > series.longest_pause
        found.append((cycle, *joined(passed, series.used[rows], pauses)))
    return found


def _curve(
    line: HistoryLine, cycle: Cycle, passed: Floats, used: Floats, axis: str, zone: tzinfo, *, newest: bool
) -> list[dict[str, Any]]:
    begun = local_time(from_micros(cycle.begun), zone, named=False)
    lasted = duration(pd.Timedelta(cycle.seen - cycle.begun, unit="us").to_pytimedelta())
    how = ENDS.get(cycle.end, "").removesuffix(" reset")
    hover = (
        f"<b>{plain(line.label)}</b> {plain(line.title)}<br>begun {begun}, seen for {lasted}, "
        f"{f'ended: {how}' if how else 'goes on'}<br>%{{x:.0f}} % passed, %{{y:.4~g}} % used<extra></extra>"
    )
    common = {"type": "scatter", "yaxis": axis, "showlegend": False, "hovertemplate": hover}
    look = {"color": style.NORMAL, "width": 3} if newest else {"color": QUIET, "width": 1.2}
    drawn = {"x": passed, "y": used, "mode": "lines", "opacity": 1.0 if newest else 0.55, "line": look}
    if cycle.end not in EARLY:
        return [common | drawn]
    sign = {
        "x": passed[-1:],
        "y": used[-1:],
        "mode": "markers+text",
        "marker": SIGNS[cycle.end][1],
        "text": [plain(f" {how} ")],
        "textposition": "middle right",
        "textfont": {"size": 11},
    }
    return [common | drawn, common | sign]
