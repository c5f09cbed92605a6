"""One window's past and what may become of it; and whether what was said came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from ..frames import Integers, is_demo, present_of, readings
from ..labels import of_kind
from ..outlook.bars import FULL, window_title
from ..outlook.forecast import forecast_paths, forecast_row
from ..outlook.past import HOUR_US, begun_at, past_of
from ..outlook.record import TrackRecord
from ..outlook.usage_paths import Paths
from ..periods import Followed, follow_all
from ..times import Moment, from_micros, local_time, micros
from . import style
from .style import ATTENTION, NORMAL, QUIET, TOP, percent_axis, titled
from .wall_time import wall_time

FAN: Final = "rgba(0,114,178,0.22)"
HEIGHT: Final = 260  # pixels
MOST_POINTS: Final = 1000  # about, of the past


def plot_forecast(
    frame: Any,
    account: str | None = None,
    window: str = "weekly",
    *,
    limit: str = "codex",
    now: Moment | None = None,
    seed: int = 0,
    paths: int = 400,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
    template: Any = None,
) -> go.Figure:
    """One window from its beginning to its reset: what was used, the fan of what may come, and what would just last.

    Where the frame goes on after *now*, what came is drawn over it.

    Args:
        frame: Many readings over time.
        account: Name or key; None means the only one, else the one that uses most.
        window: Name of the window.
        limit: Limit id.
        now: The present moment; None means the newest reading.
        seed: As in `forecast`.
        paths: As in `forecast`.
        tz: Time zone; None means UTC for the demo, else this machine's.
        reveal: Whether an e-mail address is shown in full.
        template: As in `plot_windows`.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> from quota_helpers.frames import to_frame
    >>> plot_forecast(to_frame(demo_snapshots()), "ada").layout.title.text
    'ada · weekly, demo accounts'
    """
    frame = readings(frame)
    present = present_of(frame, now)
    known = frame if present is None else frame[frame["fetched_at"] <= present]
    found = follow_all(known, account, window, limit)
    zone, words = style.zone_for(tz, invented=is_demo(frame)), style.demo_words(invented=is_demo(frame))
    if present is None or not found:
        return style.note_figure(f"Forecast{words}", "No readings of this window.", template)
    one = max(found, key=lambda followed: float(np.nan_to_num(followed.series.used[-1], nan=-1.0)))
    row = forecast_row(one, micros(present), seed, paths)
    title = f"{style.cut(one.series.account if reveal else one.series.label)} · {window_title(limit, window)}{words}"
    drawn = None if np.isnan(row["used_p50"]) else forecast_paths(one, seed, paths)[0]
    if drawn is None or not one.cycles:
        return style.note_figure(title, f"{row['verdict']}.", template)
    past, begun, reset = past_of(one), begun_at(one, len(one.cycles) - 1), one.cycles[-1].reset
    start = int(past.time[-1])
    inside = np.flatnonzero(past.time >= begun)
    few = np.unique(np.append(inside[:: max(1, len(inside) // MOST_POINTS)], inside[-1]))
    traces = [*_fan(row, drawn, start, zone), _line("used", past.time[few], past.used[few], zone)]
    notes = [row["verdict"]]
    if row["budget_per_day"] > 0:
        # No break before the sign.
        surprise = f"{100 * np.mean(drawn.refill < drawn.edges[-1]):.0f}\u00a0% chance of a surprise reset before"
        marks = _refills(drawn, start, zone)
        notes += [surprise + (" (10\u00a0% at each ◇)" if marks["x"] else ""), "shade = 80\u00a0% of what may come"]
        notes += ["dashes = likely, dots = safe budget", "" if row["calibrated"] else "not yet proven on own past"]
        traces.append(marks)
    if len(known) < len(frame) and (came := _came(follow_all(frame, None, window, limit), one, zone)):
        traces.append(came[0])
        notes.append(f"long dashes = what came ({came[1]})")
    edges = (wall_time(np.array([begun, reset]), zone) / 1000).tolist()
    mark = {"type": "line", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1}
    words = f"announced reset {local_time(from_micros(reset), zone)}"
    return style.figure_of(
        traces,
        titled(title, *notes),
        height=TOP + HEIGHT,
        left=44,
        top=TOP + 14,  # for the words above the reset
        bottom=44,
        template=template,
        xaxis=style.time_axis(nticks=5, range=[edges[0], edges[1] + 0.01 * (edges[1] - edges[0])]),
        yaxis=percent_axis(range=[-3, 108]),
        shapes=[mark | {"x0": edges[1], "x1": edges[1], "line": {"color": ATTENTION, "width": 2}}],
        annotations=[style.words_at(words, "y", x=1, xanchor="right", font={"size": 11})],
    )


def _came(whole: Sequence[Followed], one: Followed, zone: tzinfo) -> tuple[dict[str, Any], str] | None:
    """What later readings say of the filling that *one* ends in: until it closed, and how it went; None without any."""
    same = next(followed for followed in whole if followed.series.whose == one.series.whose)
    start, past = one.cycles[-1].seen, past_of(same)
    cycle = next((cycle for cycle in same.cycles if cycle.begun <= start <= cycle.seen), None)
    if cycle is None or cycle.seen == start:
        return None
    inside = (past.time >= start) & (past.time <= cycle.seen)
    how = {"open": "still open", "scheduled": ""}.get(cycle.end, "reset early")
    words = "it ran out" if cycle.peak >= FULL else f"{cycle.peak:.0f}\u00a0% used"
    line = _line("what came", past.time[inside], past.used[inside], zone, color=QUIET, dash="longdash")
    return line, ", ".join(filter(None, [words, how]))


def _fan(row: dict[str, Any], drawn: Paths, start: int, zone: tzinfo) -> list[dict[str, Any]]:
    """The band of 80 %, what is likely, and what would just last."""
    ahead = (start + drawn.edges * HOUR_US).astype(np.int64)
    low, middle, high = np.quantile(np.clip(drawn.level, drawn.shown, FULL), (0.1, 0.5, 0.9), axis=0)
    budget = np.minimum(FULL, drawn.shown + row["budget_per_day"] * drawn.edges / 24)
    edge: dict[str, Any] = {"line": {"color": style.CLEAR, "dash": "solid", "width": 0}, "hoverinfo": "skip"}
    upper, lower = (_line("80 % of what may come", ahead, level, zone) | edge for level in (high, low))
    for trace in (upper, lower):
        del trace["hovertemplate"]
    return [
        upper,
        lower | {"fill": "tonexty", "fillcolor": FAN},
        _line("likely", ahead, middle, zone, dash="dash"),
        _line("safe budget", ahead, budget, zone, color=QUIET, dash="dot"),
    ]


def _refills(drawn: Paths, start: int, zone: tzinfo) -> dict[str, Any]:
    """The refill clock: by each mark a surprise reset has come in 10 of 100 cases more."""
    hours = np.quantile(drawn.refill, np.arange(1, 10) / 10)
    hours = hours[hours < drawn.edges[-1]]
    marks = _line("surprise reset", (start + hours * HOUR_US).astype(np.int64), np.zeros(len(hours)), zone, color=QUIET)
    told = "in %{text} of 100 cases a surprise reset came by<br>%{x|%a %d %b %H:%M}<extra></extra>"
    return marks | {
        "mode": "markers",
        "marker": {"symbol": "diamond-open", "color": QUIET, "size": 8},
        "text": [str(10 * (number + 1)) for number in range(len(hours))],
        "hovertemplate": told,
    }


def _line(
    name: str, time: Integers, level: Any, zone: tzinfo, *, color: str = NORMAL, dash: str = "solid"
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "mode": "lines",
        "x": (wall_time(time, zone) / 1000).tolist(),
        "y": np.round(level, 2).tolist(),
        "line": {"color": color, "dash": dash, "width": 2},
        "hovertemplate": f"{name}: %{{y:.0f}} %<br>%{{x|%a %d %b %H:%M}}<extra></extra>",
    }


def plot_reliability(record: TrackRecord, *, template: Any = None) -> go.Figure:
    """What the forecast said (across) against how often it came (up); on the line it was right, each dot has its count.

    Args:
        record: What `qh.backtest` or `qh.track_record` returns.
        template: As in `plot_windows`.

    Raises:
        TypeError: *record* is something else.

    >>> from quota_helpers.invented.history import demo_snapshots
    >>> from quota_helpers.frames import to_frame
    >>> from quota_helpers.outlook.record import backtest
    >>> plot_reliability(backtest(to_frame(demo_snapshots()))).layout.title.text
    'Was the forecast right?'
    """
    of_kind(record, TrackRecord, "record", "what qh.backtest(...) or qh.track_record(...) returns")
    title = "Was the forecast right?"
    if record.asked.empty:
        return style.note_figure(title, "No window has closed of which a forecast was asked.", template)
    table, score = record.reliability, record.scores.iloc[0]
    better = "better" if score["skill_low"] > 0 else "not clearly better"
    words = [
        f"asked {score['moments']} times in {score['windows']} windows",
        f"{better} than always saying the base rate (skill {score['skill']:.2f})",
        f"{100 * score['cover']:.0f} % ended inside the 80 % band",
        "numbers = how often it was said",
    ]
    line = {"mode": "lines", "line": {"color": QUIET, "dash": "dot", "width": 1}, "hoverinfo": "skip"}
    dots = {
        "x": (100 * table["said"]).tolist(),
        "y": (100 * table["came"]).tolist(),
        "mode": "lines+markers+text",
        "text": [f"{count}" for count in table["moments"]],
        "textposition": "top center",
        "cliponaxis": False,
        "line": {"color": NORMAL, "width": 1},
        "marker": {"color": NORMAL, "size": 9},
        "hovertemplate": "said %{x:.0f} %, came %{y:.0f} %, %{text} times<extra></extra>",
    }
    axis = percent_axis(range=[-4, 108])
    return style.figure_of(
        [
            {"type": "scatter", "name": "as often as said", "x": [0, 100], "y": [0, 100], **line},
            {"type": "scatter", "name": "forecast", **dots},
        ],
        titled(title, *words),
        height=TOP + 290,
        left=52,
        bottom=48,
        template=template,
        xaxis=axis | {"title": {"text": "said: runs out", "font": {"size": 11}}},
        yaxis=axis | {"title": {"text": "came", "font": {"size": 11}}},
    )
