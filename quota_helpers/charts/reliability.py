"""Whether what was said came: of all moments at which the forecast said 30 %, how many ran out?"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from ..outlook.record import TrackRecord
from .style import NORMAL, QUIET, TOP, figure_of, note_figure, percent_axis, titled


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
    if not isinstance(record, TrackRecord):
        raise TypeError(
            f"record is {type(record).__name__} instead of what qh.backtest(...) or qh.track_record(...) returns"
        )
    title = "Was the forecast right?"
    if record.asked.empty:
        return note_figure(title, "No window has closed of which a forecast was asked.", template)
    table, score = record.reliability, record.scores.iloc[0]
    said, came = (100 * table["said"]).tolist(), (100 * table["came"]).tolist()
    counts = [f"{count}" for count in table["moments"]]
    better = "better" if score["skill_low"] > 0 else "not clearly better"
    words = [
        f"asked {score['moments']} times in {score['windows']} windows",
        f"{better} than always saying the base rate (skill {score['skill']:.2f})",
        f"{100 * score['cover']:.0f} % ended inside the 80 % band",
        "numbers = how often it was said",
    ]
    line = {"mode": "lines", "line": {"color": QUIET, "dash": "dot", "width": 1}, "hoverinfo": "skip"}
    dots = {
        "mode": "lines+markers+text",
        "text": counts,
        "textposition": "top center",
        "cliponaxis": False,
        "line": {"color": NORMAL, "width": 1},
        "marker": {"color": NORMAL, "size": 9},
        "hovertemplate": "said %{x:.0f} %, came %{y:.0f} %, %{text} times<extra></extra>",
    }
    traces = [
        {"type": "scatter", "name": "as often as said", "x": [0, 100], "y": [0, 100], **line},
        {"type": "scatter", "name": "forecast", "x": said, "y": came, **dots},
    ]
    axis = percent_axis(range=[-4, 108])
    return figure_of(
        traces,
        titled(title, *words),
        height=TOP + 290,
        left=52,
        bottom=48,
        template=template,
        xaxis=axis | {"title": {"text": "said: runs out", "font": {"size": 11}}},
        yaxis=axis | {"title": {"text": "came", "font": {"size": 11}}},
    )
