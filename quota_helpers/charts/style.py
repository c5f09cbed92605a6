"""The look that all charts share, as a plotly template of its own; titles, axes and legends; labels of bearable length.

A figure carries its look in `layout.template` and nowhere else, so that `update_layout(template="plotly_dark")` and
every other call of plotly's works on it as on any figure. Bare, it is legible on white and on black: transparent
ground, mid-grey ink. Inside our widgets a style sheet colours the text after JupyterLab's theme.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from html import escape
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from ..times import zone_of

# Both hues have at least 3:1 contrast on white and on #111111, and differ for every kind of colour vision; where they
# meet in greyscale a hatch and a word carry the difference.
NORMAL: Final = "#0072B2"
ATTENTION: Final = "#D55E00"
FURTHER: Final = ("#0072B2", "#009E73", "#CC79A7", "#D55E00", "#7A7A7A")
QUIET: Final = "#7A7A7A"
TRACK: Final = "rgba(127,127,127,0.16)"
GRID: Final = "rgba(127,127,127,0.28)"
HATCH: Final = "rgba(255,255,255,0.75)"
SHAPES: Final = ("", "/", "x", ".", "-")  # of hatches, as many as there are hues
CLEAR: Final = "rgba(0,0,0,0)"

TOP: Final = 84  # pixels, for the title and two lines under it
LABEL_LENGTH: Final = 22  # characters of an account's name before it is cut
TITLE_LENGTH: Final = 25  # characters of a window's name before it is cut
CHARACTER_WIDTH: Final = 6.0  # pixels, of the 12 px font, on the wide side
LABEL_SPACE: Final = 150  # pixels, the most that labels may take from a chart of 360
NAMED_ROW: Final = 24  # pixels of a bar that has its name beside it
LINE_LENGTH: Final = 62  # characters of an 11 px line that fit into 360 pixels

_AXIS: Final[dict[str, Any]] = {
    "gridcolor": GRID,
    "linecolor": GRID,
    "zeroline": False,
    "tickfont": {"size": 10},
    "automargin": False,
}
TEMPLATE: Final[dict[str, Any]] = {
    "layout": {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "colorway": list(FURTHER),
        "font": {"family": "system-ui, DejaVu Sans, sans-serif", "size": 12, "color": QUIET},
        "hoverlabel": {"align": "left"},
        "title": {
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 12, "t": 12},
            "automargin": False,
            "font": {"size": 15},
            "subtitle": {"font": {"size": 11}},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "font": {"size": 11},
            "bgcolor": CLEAR,
        },
        # The bar would lie over the title: what zooms is of no use on axes that show everything.
        "modebar": {"bgcolor": CLEAR, "color": QUIET, "orientation": "v"},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
}
"""The look, as `plotly.io.templates["quota"]` has it too."""

pio.templates["quota"] = go.layout.Template(TEMPLATE)

# Axes that show words where they are told to: plotly need not measure each label, which takes half of the drawing.
PLAIN_AXIS: Final[dict[str, Any]] = {
    "zeroline": False,
    "fixedrange": True,
    "tickangle": 0,
    "ticklabeloverflow": "allow",
}
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
TIME_TICKS: Final = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S<br>%d %b"},
    {"dtickrange": [60_000, DAY_MS], "value": "%H:%M<br>%d %b"},
    {"dtickrange": [DAY_MS, None], "value": "%a<br>%d %b"},
]
"""Ticks of a time axis: however short the stretch, they name its date."""


def plain(text: str) -> str:
    """The text for plotly, which takes some of HTML for markup: a name stays a name. Most texts come back as they are.

    >>> plain("ada"), plain("<b>ada</b>")
    ('ada', '&lt;b&gt;ada&lt;/b&gt;')
    """
    return escape(text, quote=False)


def cut(label: str, length: int = LABEL_LENGTH) -> str:
    """A label of bearable length."""
    return label if len(label) <= length else f"{label[: length - 1]}…"


def cut_title(title: str, length: int = TITLE_LENGTH) -> str:
    """A window's name of bearable length: the server may call a limit anything, and its end says which window."""
    half = (length - 1) // 2
    return title if len(title) <= length else f"{title[:half]}…{title[-half:]}"


def window_label(label: str, title: str, length: int) -> str:
    """Account and window on one line of at most *length* characters; the account's name gives way first."""
    shown = cut_title(title, max(8, length - 11)) or "no window sent"
    return f"{cut(label, max(8, length - len(shown) - 3))} · {shown}"


def label_space(labels: Iterable[str]) -> int:
    """Pixels that the longest of the labels needs at the left of a chart."""
    return min(LABEL_SPACE, 20 + int(CHARACTER_WIDTH * max(map(len, labels), default=0)))


def demo_words(*, invented: bool) -> str:
    """What a title adds where anything in the chart is invented."""
    return ", demo accounts" if invented else ""


def zone_for(tz: str | tzinfo | None, *, invented: bool) -> tzinfo:
    """The time zone to show: the one asked for, else UTC for invented things and this machine's for real ones."""
    return UTC if tz is None and invented else zone_of(tz)


def titled(title: str, *notes: str) -> dict[str, Any]:
    """A title with lines of explanation under it, broken so that they fit into the narrowest notebook."""
    lines = textwrap.wrap(" · ".join(filter(None, notes)), LINE_LENGTH, break_long_words=False)
    return {"text": plain(title), "subtitle": {"text": "<br>".join(map(plain, lines))}}


def percent_axis(**more: Any) -> dict[str, Any]:
    """An axis of percentages: 0, 50 and 100."""
    return {"tickvals": [0, 50, 100], "ticktext": ["0", "50", "100 %"], "zeroline": False, "fixedrange": True} | more


def time_axis(**more: Any) -> dict[str, Any]:
    """An axis of wall times, in milliseconds; its ticks name the date even of a stretch of minutes."""
    return {"type": "date", "nticks": 7, "tickformatstops": TIME_TICKS, "zeroline": False} | more


def words_at(text: str, axis: str, *, x: float = 0, **more: Any) -> dict[str, Any]:
    """Words on the upper edge of a panel, whose y axis is *axis*; *text* as plotly takes it."""
    place = {"x": x, "xref": "paper", "xanchor": "left", "y": 1, "yref": f"{axis} domain", "yanchor": "bottom"}
    return {"text": text, "showarrow": False, "font": {"size": 12}} | place | more


def figure_of(
    traces: list[dict[str, Any]],
    title: dict[str, Any],
    *,
    height: int,
    left: int = 12,
    top: int = TOP,
    bottom: int = 28,
    template: Any = None,
    **more: Any,
) -> go.Figure:
    """The chart: its look is the template's, so that another template changes all of it.

    The traces are plain dicts, all at once: one by one, plotly validates the whole figure each time. Height and margins
    are pixels; from the third line of the title on the chart grows with it. *more* is what else the layout has.
    """
    further = 14 * max(0, str(title["subtitle"]["text"]).count("<br>") - 1)
    margin = {"l": left, "r": 12, "t": top + further, "b": bottom}
    look = {"template": _template(), "height": height + further, "margin": margin, "showlegend": False, "title": title}
    figure = go.Figure({"data": traces, "layout": look | more})
    return figure if template is None else figure.update_layout(template=template)


def note_figure(title: str, note: str, template: Any = None) -> go.Figure:
    """A chart that says why there is nothing to draw."""
    text = "<br>".join(map(plain, textwrap.wrap(note, LINE_LENGTH)))
    words = {"text": text, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    hidden = {"visible": False}
    return figure_of([], titled(title), height=180, template=template, xaxis=hidden, yaxis=hidden, annotations=[words])


def panels(count: int, height: int, gap: int) -> tuple[int, list[list[float]]]:
    """Panels one under the other: their pixels together, and what share of them each takes, the first on top."""
    inner = height * count + gap * (count - 1)
    tops = [1 - number * (height + gap) / inner for number in range(count)]
    return inner, [[max(0.0, top - height / inner), top] for top in tops]


def axis_of(number: int, letter: str = "y") -> str:
    """What plotly calls an axis of a panel, the first one being 0: "y", "y2"."""
    return f"{letter}{number + 1 if number else ''}"


def word_trace(words: Sequence[tuple[float, float, str, bool]], **more: Any) -> dict[str, Any]:
    """Words as one trace (annotations are many times slower): x, y, text, and whether it ends at x."""
    return {
        "type": "scatter",
        "name": "words",
        "mode": "text",
        "x": [x for x, _, _, _ in words],
        "y": [row for _, row, _, _ in words],
        "text": [text for _, _, text, _ in words],
        "textposition": ["middle left" if ends else "middle right" for _, _, _, ends in words],
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "cliponaxis": False,
    } | more


def worded_rows(rows: int) -> dict[str, Any]:
    """The axes of rows that have their words above them, from edge to edge, on the second x axis.

    A margin for the names would leave the rows no room at 360 pixels.
    """
    return {
        "yaxis": {"range": [rows - 0.6, -0.6], "showgrid": False, "showticklabels": False, **PLAIN_AXIS},
        "xaxis2": {"overlaying": "x", "range": [0, 1], "visible": False, "fixedrange": True},
    }


def hatched(colour: str, shape: str) -> dict[str, Any]:
    """A bar's marker: its colour, and a hatch that tells it from others in greyscale."""
    # "replace" would make the bar itself transparent
    pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": HATCH, "size": 6, "solidity": 0.25}
    return {"color": colour, "pattern": pattern}


def stacked(table: pd.DataFrame, hover: str, colours: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """A bar trace for each column, the first without a hatch; in *hover* "{name}" is the column's.

    Columns of *colours* have those, whatever their place.
    """
    fixed = colours or {}
    return [
        {
            "type": "bar",
            "name": plain(cut(str(name), 30)),
            "marker": hatched(
                fixed.get(name, FURTHER[number % len(FURTHER)]), "-" if name in fixed else SHAPES[number % len(SHAPES)]
            ),
            "hovertemplate": f"{hover.replace('{name}', plain(str(name)))}<extra></extra>",
            "y": table[name].to_numpy(),
        }
        for number, name in enumerate(table.columns)
    ]


def largest(table: pd.DataFrame, kept: int, rest: str) -> pd.DataFrame:
    """So many columns, those with the largest sums first; the others as one."""
    order = list(table.sum().sort_values(ascending=False, kind="stable").index)
    few = table[order[:kept]]
    return few.assign(**{rest: table[order[kept:]].sum(axis=1)}) if order[kept:] else few


def named_bars(traces: list[dict[str, Any]], names: Sequence[str], **more: Any) -> go.Figure:
    """Stacked bars that lie, the first on top, each with its name beside it; *more* as in `figure_of`."""
    ticks = {"tickvals": list(range(len(names))), "ticktext": list(map(plain, names))}
    return figure_of(
        traces,
        height=150 + NAMED_ROW * len(names),
        left=label_space(names),
        barmode="stack",
        showlegend=True,
        legend={"traceorder": "normal"},
        yaxis={**ticks, "autorange": "reversed", **PLAIN_AXIS},
        **more,
    )


def daily_bars(traces: list[dict[str, Any]], days: pd.Index, *, dtick: int | None = None, **more: Any) -> go.Figure:
    """Stacked bars, one for each day, with a tick every *dtick* milliseconds; *more* as in `figure_of`."""
    return figure_of(
        [trace | {"x": days.to_numpy()} for trace in traces],
        height=340,
        left=52,
        bottom=66,
        showlegend=True,
        barmode="stack",
        bargap=0.25,
        legend={"traceorder": "normal"},
        xaxis=time_axis(showgrid=False, dtick=dtick),
        **more,
    )


def _template() -> Any:
    """Ours, unless somebody chose another for all of plotly's charts: `plotly.io.templates.default`."""
    chosen = pio.templates.default
    return TEMPLATE if chosen in {None, "plotly", "quota"} else pio.templates[chosen].to_plotly_json()
