"""From a frame and the choices to the figure and its code."""

from __future__ import annotations

import inspect
import json
import keyword
import math
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import unescape
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import plotly.io as pio

from ...errors import ChartError
from ...privacy import hide_tokens, mask_apart, mask_identity
from ..style import FURTHER, plain
from .columns import check_columns, default_spec
from .rows import LENGTHS, chart_rows, holds_numbers, is_time, lifted
from .spec import WHOLE, ChartSpec

if TYPE_CHECKING:
    from types import FrameType

PLOTLY: Final = "application/vnd.plotly.v1+json"
# After the five hues of all charts five more, each with at least 3:1 contrast on white and on #111111.
PALETTE: Final = (*FURTHER, "#8F7AC8", "#A8780B", "#1F93A8", "#B5475F", "#6B8E23")
FACETS_A_ROW: Final = 2  # so that each can be read in the narrowest notebook
HEIGHT: Final = 420  # pixels
FACET_HEIGHT: Final = 230
LINE: Final = 110  # characters of the code
TITLE_LINE: Final = 44  # characters that fit into 370 pixels
FEW_ENOUGH_FOR_MARKERS: Final = 500
# A second carrier beside the colour: the dash of a line, the form of a mark, the hatch of a bar.
SECOND: Final = {"line": "line_dash", "scatter": "symbol", "bar": "pattern_shape", "histogram": "pattern_shape"}
TAKEN: Final = frozenset({"px", "figure", "chart_rows", "lifted"})  # the code's own names


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltChart:
    """A chart and how it was made; a notebook shows the chart, e-mail addresses masked.

    Attributes:
        spec: What was asked for.
        figure: What came of it: names and values as they are in the frame.
        code: Python that makes the same figure in a cell of its own, where the frame stands under its name.
        data: The rows (of a heatmap the table) that were drawn.
        notes: What its reader must know: what was left out, sampled, put together.
    """

    spec: ChartSpec
    figure: go.Figure
    code: str
    data: pd.DataFrame
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """One sentence that says what is drawn, for those who do not see it."""
        high, wide = self.data.shape
        drawn = f"{high:,} by {wide:,} cells" if self.spec.kind == "heatmap" else f"{high:,} row{'s'[: high != 1]}"
        title = unescape((self.figure.layout.title.text or "").replace("<br>", " "))
        return "; ".join((f"{self.spec.kind}: {title}, {drawn} drawn", *self.notes)) + "."

    def __repr__(self) -> str:
        return f"<BuiltChart {hide_tokens(mask_identity(str(self)))}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {PLOTLY: mask_apart(json.loads(self.figure.to_json())), "text/plain": repr(self)}


def build_chart(
    frame: pd.DataFrame, spec: ChartSpec | None = None, *, name: str | None = None, **choices: Any
) -> BuiltChart:
    """Draw *frame* as *spec* says, with the code that does it; the frame is never changed.

    Args:
        frame: Any DataFrame.
        spec: The choices; its columns as `columns_of` names them. None: what suits the frame and *choices*.
        name: The variable that holds the frame where the code will be run; None: where it stands when this is called,
            else "frame".
        choices: Fields of `ChartSpec`, in place of those of *spec*.

    Raises:
        ChartError: The choices make no chart of this frame; the message says what to choose instead.

    >>> import pandas as pd
    >>> chart = build_chart(pd.DataFrame({"who": ["ada", "kim"], "used": [1.0, 5.0]}), x="who", y="used")
    >>> chart
    <BuiltChart bar: mean of used by who, 2 rows drawn.>
    """
    spec = default_spec(frame, spec, **choices)
    if name is None:
        here = inspect.currentframe()
        name = name_of(frame, here.f_back if here else None)
    check_name(name)
    check_columns(frame, spec)
    spec.check()
    defaults = asdict(ChartSpec())
    chosen = {choice: value for choice, value in asdict(spec).items() if value != defaults[choice]}
    data = "rows" if name == "data" else "data"
    drawn = chart_rows(frame, **chosen)
    lines = [f"{data} = {_call('chart_rows', name, chosen)}"]
    notes = [*drawn.attrs["notes"], *([] if len(drawn) else ["there is no row to draw"]), *_unused(spec)]
    rows = drawn
    if (pen := _pen(spec, drawn)) and len(rows := lifted(drawn, **pen)) > len(drawn):
        lines.append(f"{data} = {_call('lifted', data, pen)}")
    method, arguments, updates = _drawing(spec, drawn)
    try:
        figure = getattr(px, method)(rows, **arguments)
    except Exception as exc:
        raise ChartError(f"{type(exc).__name__}: {str(exc).splitlines()[0][:300]}") from exc
    lines.append(f"figure = {_call(f'px.{method}', data, arguments)}")
    for update, more in updates.items():
        getattr(figure, update)(**more)
        lines.append(_call(f"figure.{update}", "", more))
    used = "chart_rows, lifted" if len(rows) > len(drawn) else "chart_rows"
    imports = ("import plotly.express as px", f"from {__package__} import {used}", "")
    comments = [f"# {note if note.isprintable() else ascii(note)}" for note in drawn.attrs["notes"]]
    code = "\n".join([*imports, *comments, *lines, "figure"])
    return BuiltChart(spec=spec, figure=figure, code=code, data=drawn, notes=tuple(notes))


def check_name(name: str) -> None:
    """Raise a `ChartError` unless the frame can be called that in the code."""
    if not (isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)) or name in TAKEN:
        raise ChartError(
            f"name must be the variable that holds the frame, such as 'frame', not {name!r} "
            f"({', '.join(sorted(TAKEN))} are used by the code)."
        )


def name_of(frame: pd.DataFrame, caller: FrameType | None) -> str:
    """The variable that holds the frame where the call stands; "frame" where there is none."""
    places = [caller.f_locals, caller.f_globals] if caller is not None else []
    for name, value in (pair for place in places for pair in list(place.items())):
        if value is frame and name.isidentifier() and not name.startswith("_") and name not in TAKEN:
            return name
    return "frame"


def _unused(spec: ChartSpec) -> list[str]:
    """Choices that the kind of chart has no use for."""
    found = []
    if spec.kind == "histogram" and spec.y is not None:
        found.append("a histogram counts the values of x; it has no y")
    if spec.kind == "heatmap" and spec.facet is not None:
        found.append("a heatmap has no facets")
    if spec.kind in WHOLE and spec.aggregation != "none":
        found.append(f"a {spec.kind} shows all values, so that {spec.aggregation} does not apply")
    if spec.kind == "heatmap" and spec.aggregation != spec.summary:
        found.append(f"a cell is the {spec.summary} of its rows")
    return found


def _pen(spec: ChartSpec, rows: pd.DataFrame) -> dict[str, Any]:
    """What `lifted` is to be told of a line over time; nothing of any other chart."""
    x, y = spec.x, rows.attrs["value"]
    if spec.kind != "line" or x in {None, y} or not (is_time(rows[x]) and holds_numbers(rows[y])):
        return {}
    by = [column for column in spec.keys if column not in {x, y}]
    return {"x": x, "y": y, "by": by} | ({} if spec.every == "none" else {"every": spec.every})


def _drawing(spec: ChartSpec, rows: pd.DataFrame) -> tuple[str, dict[str, Any], dict[str, dict[str, Any]]]:
    """The call of plotly express and its arguments, and what is updated after it; the look is the template's."""
    heat = spec.kind == "heatmap"
    arguments = _heatmap(spec, rows) if heat else _roles(spec, rows) | _style(spec, rows)
    if pio.templates.default in {None, "plotly", "quota"}:  # somebody who chose another template wants that
        arguments["template"] = "quota"
    traces: dict[str, Any] = {"marker_pattern_fillmode": "overlay"} if "pattern_shape" in arguments else {}
    x = rows.columns.to_series() if heat else rows[spec.x] if spec.x is not None else None
    if (
        spec.kind in {"bar", "heatmap"}
        and spec.every != "none"
        and x is not None
        and is_time(x)
        and not (x.dt.minute > 0).any()
    ):
        step = int(LENGTHS[spec.every].total_seconds() * 1000)  # what is drawn covers its day, not noon to noon
        traces |= {"xperiod": step, "xperiod0": "1970-01-05", "xperiodalignment": "middle"}
    updates = {"update_traces": traces} if traces else {}
    if heat:  # the title says what the colours are
        updates["update_coloraxes"] = {"colorbar": {"title": {"text": ""}, "thickness": 12}}
    # Side by side the names of the x axes would run into each other; the title has it.
    untitled = {"title_text": ""} if not heat and spec.facet is not None else {}
    updates["update_layout"] = {"margin": {"t": 70, "b": 80, "l": 12, "r": 12}}
    updates["update_xaxes"] = {"automargin": True} | untitled
    updates["update_yaxes"] = {"automargin": True}
    return "imshow" if heat else spec.kind, arguments, updates


def _roles(spec: ChartSpec, rows: pd.DataFrame) -> dict[str, Any]:
    y = None if spec.kind == "histogram" else rows.attrs["value"]
    roles = {"x": spec.x, "y": y, "color": spec.color, "facet_col": spec.facet}
    arguments: dict[str, Any] = {role: column for role, column in roles.items() if column is not None}
    if spec.facet is not None:
        arguments["facet_col_wrap"] = FACETS_A_ROW
    if spec.kind in SECOND and spec.color is not None and not _on_a_scale(spec, rows):
        arguments[SECOND[spec.kind]] = spec.color
    return arguments


def _style(spec: ChartSpec, rows: pd.DataFrame) -> dict[str, Any]:
    labels, value = rows.attrs["labels"], rows.attrs["value"]
    arguments: dict[str, Any] = {"markers": len(rows) <= FEW_ENOUGH_FOR_MARKERS} if spec.kind == "line" else {}
    if spec.kind in {"line", "scatter"}:
        arguments["render_mode"] = "svg"
    if spec.kind == "bar" and spec.color is not None and spec.summary not in {"sum", "count"}:
        arguments |= {} if rows.duplicated(list(spec.keys)).any() else {"barmode": "group"}
    if spec.kind == "histogram" and len(rows) == spec.room and rows.attrs["notes"]:
        arguments["histnorm"] = "percent"  # of a sample the shares hold, the counts do not
    if _on_a_scale(spec, rows):
        arguments["color_continuous_scale"] = "Cividis"
    elif spec.color is not None and rows[spec.color].nunique() > len(FURTHER):
        arguments["color_discrete_sequence"] = list(PALETTE)
    orders = {column: order for column, order in rows.attrs["orders"].items() if column in spec.columns}
    names = {column: plain(label) for column, label in labels.items() if column in {*spec.columns, value}}
    arguments |= {"category_orders": orders} if orders else {}
    arguments |= {"labels": names} if names else {}
    what, along = labels.get(value, value).strip(), labels.get(spec.x, spec.x)
    title = f"{along}: how often" if spec.kind == "histogram" else what if spec.x is None else f"{what} by {along}"
    high = math.ceil(rows[spec.facet].nunique() / FACETS_A_ROW) if spec.facet is not None else 0
    return arguments | {"title": _title(title), "height": max(HEIGHT, 140 + FACET_HEIGHT * high)}


def _on_a_scale(spec: ChartSpec, rows: pd.DataFrame) -> bool:
    """Whether a colour stands for a place on a scale, rather than for one value."""
    return spec.kind in {"scatter", "bar"} and spec.color is not None and holds_numbers(rows[spec.color])


def _heatmap(spec: ChartSpec, table: pd.DataFrame) -> dict[str, Any]:
    labels, value = table.attrs["labels"], table.attrs["value"]
    words = {"x": labels.get(spec.x, spec.x), "y": labels.get(spec.y, spec.y), "color": labels[value]}
    along = table.index.to_series()
    return {
        "labels": {role: plain(word) for role, word in words.items()},
        "title": _title(f"{words['color']} by {words['x']} and {words['y']}"),
        "color_continuous_scale": "Cividis",
        "aspect": "auto",
        "origin": "lower" if holds_numbers(along) or is_time(along) else "upper",
        "height": max(HEIGHT, min(1600, 140 + 18 * len(table))),
    }


def _title(title: str) -> str:
    return "<br>".join(map(plain, textwrap.wrap(title, TITLE_LINE)))


def _call(name: str, first: str, arguments: Mapping[str, Any]) -> str:
    """Python code of a call, on one line where that is short."""
    parts = [*filter(None, [first]), *(f"{key}={_literal(value)}" for key, value in arguments.items())]
    line = f"{name}({', '.join(parts)})"
    return line if len(line) < LINE else ",\n    ".join([f"{name}(\n    {parts[0]}", *parts[1:]]) + ",\n)"


def _literal(value: Any) -> str:
    """Python code for a value; a text in double quotes where that needs no escapes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    simple = isinstance(value, str) and value.isprintable() and not set(value) & set('"\\')
    return f'"{value}"' if simple else repr(value)
