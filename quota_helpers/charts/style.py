"""The look that all charts share: colours, words for durations, text that follows JupyterLab's theme.

Plotly draws text in a fixed colour, and no single grey is readable on white and on black. A `<span>` with a CSS
variable of JupyterLab is: the browser colours it anew when the theme changes. Outside JupyterLab the fallback is used.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

if TYPE_CHECKING:
    import pandas as pd

# Both hues have at least 3:1 contrast on white and on #111111, and differ for every kind of colour vision; where they
# meet in greyscale a hatch and a word carry the difference.
NORMAL: Final = "#0072B2"
ATTENTION: Final = "#D55E00"
FURTHER: Final = ("#0072B2", "#009E73", "#CC79A7", "#D55E00", "#7A7A7A")
QUIET: Final = "#7A7A7A"
TRACK: Final = "rgba(127,127,127,0.16)"
GRID: Final = "rgba(127,127,127,0.28)"
HATCH: Final = "rgba(255,255,255,0.75)"
CLEAR: Final = "rgba(0,0,0,0)"

ROW_HEIGHT: Final = 22  # pixels
LABEL_LENGTH: Final = 22  # characters of an account's name before it is cut
TITLE_LENGTH: Final = 25  # characters of a window's name before it is cut
CHARACTER_WIDTH: Final = 6.0  # pixels, of the 12 px font, on the wide side
LABEL_SPACE: Final = 250  # pixels, the most that labels may take from the chart
LABEL_SPACE_CHARACTERS: Final = 31  # the same in characters, without the sign between account and window

# Axes that show words where they are told to: plotly need not measure each label, which takes half of the drawing.
PLAIN_AXIS: Final[dict[str, Any]] = {
    "zeroline": False,
    "fixedrange": True,
    "tickangle": 0,
    "ticklabeloverflow": "allow",
}


def ink(text: str) -> str:
    """The text, escaped, in the theme's text colour."""
    return f'<span style="color:var(--jp-ui-font-color1, #7a7a7a)">{escape(text)}</span>'


def quiet(text: str) -> str:
    """The text, escaped, in the theme's secondary text colour."""
    return f'<span style="color:var(--jp-ui-font-color2, #7a7a7a)">{escape(text)}</span>'


def cut(label: str, length: int = LABEL_LENGTH) -> str:
    """A label of bearable length."""
    return label if len(label) <= length else f"{label[: length - 1]}…"


def cut_title(title: str) -> str:
    """A window's name of bearable length: the server may call a limit anything, and its end says which window."""
    half = TITLE_LENGTH // 2
    return title if len(title) <= TITLE_LENGTH else f"{title[:half]}…{title[-half:]}"


def window_label(label: str, title: str) -> str:
    """Account and window in the space there is; the account's name gives way first."""
    shown = cut_title(title)
    return f"{cut(label, max(8, LABEL_SPACE_CHARACTERS - len(shown)))} · {shown or 'no window sent'}"


def label_space(labels: list[str]) -> int:
    """Pixels that the longest of the labels needs at the left of a chart."""
    return min(LABEL_SPACE, 26 + int(CHARACTER_WIDTH * max(map(len, labels))))


def is_demo(frame: pd.DataFrame) -> bool:
    """Whether any of the rows comes from the demo's invented accounts."""
    return "origin" in frame and bool((frame["origin"] == "demo").any())


def layout_spec(title: str, subtitle: str, *, height: int, left: int, top: int = 84) -> dict[str, Any]:
    """Transparent ground, quiet lines, a title with a line of explanation under it."""
    return {
        "template": "none",
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": "system-ui, DejaVu Sans, sans-serif", "size": 12, "color": QUIET},
        "height": height,
        "margin": {"l": left, "r": 12, "t": top, "b": 28},
        "showlegend": False,
        "hoverlabel": {"align": "left"},
        "title": {
            "text": f"{ink(title)}<br><span style='font-size:11px'>{quiet(subtitle)}</span>",
            "x": 0,
            "xref": "container",
            "pad": {"l": 12, "t": 12},
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "automargin": False,
            "font": {"size": 15},
        },
    }


def layout(figure: go.Figure, title: str, subtitle: str, *, height: int, left: int, top: int = 84) -> go.Figure:
    """The same for a Figure."""
    return figure.update_layout(layout_spec(title, subtitle, height=height, left=left, top=top))


def note_spec(title: str, note: str) -> dict[str, Any]:
    """A chart that says why there is nothing to draw."""
    words = {"text": quiet(note), "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    axes = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    return {"data": [], "layout": layout_spec(title, "", height=180, left=12) | axes | {"annotations": [words]}}


def note_figure(title: str, note: str) -> go.Figure:
    """The same as a Figure."""
    return go.Figure(note_spec(title, note))


def figure_of(spec: dict[str, Any]) -> go.Figure:
    """The Figure of a plain specification: checked by plotly."""
    return go.Figure(spec)
