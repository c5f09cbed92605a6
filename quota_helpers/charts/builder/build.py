"""From a frame and the choices to the figure and its code."""

from __future__ import annotations

import inspect
import json
import math
import textwrap
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from pandas.api import types

from ...errors import ChartError
from ...privacy import hide_tokens, mask_apart, mask_identity
from ..style import FURTHER, plain
from .columns import check_columns, default_spec, text
from .recipe import Recipe, name_of
from .rows import (
    LENGTHS,
    choose_rows,
    few_places,
    few_rows,
    in_order,
    lift_at_gaps,
    plain_types,
    step_times,
    summarize,
)
from .spec import WHOLE, ChartSpec

PLOTLY: Final = "application/vnd.plotly.v1+json"
# After the five hues of all charts five more, each with at least 3:1 contrast on white and on #111111.
PALETTE: Final = (*FURTHER, "#8F7AC8", "#A8780B", "#1F93A8", "#B5475F", "#6B8E23")
FACETS_A_ROW: Final = 2  # so that each can be read in the narrowest notebook
HEIGHT: Final = 420  # pixels
FACET_HEIGHT: Final = 230
TITLE_LINE: Final = 44  # characters that fit into 370 pixels
FEW_ENOUGH_FOR_MARKERS: Final = 500
# A second carrier beside the colour: the dash of a line, the form of a mark, the hatch of a bar.
SECOND: Final = {"line": "line_dash", "scatter": "symbol", "bar": "pattern_shape", "histogram": "pattern_shape"}


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
    """Draw *frame* as *spec* says, with the code that does it.

    The code is executed line by line as it is written, so that it makes this figure and no other. The frame itself is
    never changed.

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
    here = inspect.currentframe()
    recipe = Recipe(frame, name_of(frame, here.f_back if here else None) if name is None else name)
    check_columns(frame, **spec.roles)
    spec.check()
    choose_rows(recipe, spec)
    if spec.summary == "none":
        few_rows(recipe, spec)  # first, so that nothing is worked out for rows that are not drawn
    plain_types(recipe, spec)
    step_times(recipe, spec)
    few_places(recipe, spec)
    _count_unplaced(recipe, spec)
    value = summarize(recipe, spec)
    if spec.kind == "heatmap":
        drawn = recipe.value("table")
        if drawn.empty:
            raise ChartError("There is no row to draw with both an x and a y.")
    else:
        few_rows(recipe, spec)
        in_order(recipe, spec)
        drawn = recipe.frame
        lift_at_gaps(recipe, spec, value)
        recipe.notes += ["there is no row to draw"] if drawn.empty else []
    _say_what_is_not_used(recipe, spec)
    _draw(recipe, spec, value)
    return BuiltChart(spec=spec, figure=recipe.value("figure"), code=recipe.code, data=drawn, notes=tuple(recipe.notes))


def _count_unplaced(recipe: Recipe, spec: ChartSpec) -> None:
    for column in dict.fromkeys((spec.x, spec.y if spec.summary == "none" or spec.kind == "heatmap" else None)):
        if column is not None and column in spec.columns and (count := int(recipe.frame[column].isna().sum())):
            rows = "1 row has" if count == 1 else f"{count:,} rows have"
            recipe.notes.append(f"{rows} no {column} and cannot be drawn")


def _say_what_is_not_used(recipe: Recipe, spec: ChartSpec) -> None:
    if spec.kind == "histogram" and spec.y is not None:
        recipe.notes.append("a histogram counts the values of x; it has no y")
    if spec.kind == "heatmap" and spec.facet is not None:
        recipe.notes.append("a heatmap has no facets")
    if spec.kind in WHOLE and spec.aggregation != "none":
        recipe.notes.append(f"a {spec.kind} shows all values, so that {spec.aggregation} does not apply")
    if spec.kind == "heatmap" and spec.aggregation != spec.summary:
        recipe.notes.append(f"a cell is the {spec.summary} of its rows")


def _draw(recipe: Recipe, spec: ChartSpec, value: str) -> None:
    """Add the call of plotly express that makes `figure`; the look is the template's."""
    heat = spec.kind == "heatmap"
    arguments = _heatmap(recipe, spec) if heat else _roles(recipe, spec, value) | _style(recipe, spec, value)
    if pio.templates.default in {None, "plotly", "quota"}:  # somebody who chose another template wants that
        arguments["template"] = '"quota"'
    lines = "".join(f"    {key}={code},\n" for key, code in arguments.items())
    call, rows = ("imshow", "table") if heat else (spec.kind, recipe.data)
    recipe.run(f"figure = px.{call}(\n    {rows},\n{lines})")
    if "pattern_shape" in arguments:
        recipe.run('figure.update_traces(marker_pattern_fillmode="overlay")')
    stepped = spec.every != "none" and _holds(recipe, spec.x, types.is_datetime64_any_dtype)
    if spec.kind in {"bar", "heatmap"} and stepped and not recipe.has("again"):
        step = int(LENGTHS[spec.every].total_seconds() * 1000)  # what is drawn covers its day, not noon to noon
        recipe.run(f'figure.update_traces(xperiod={step}, xperiod0="1970-01-05", xperiodalignment="middle")')
    if heat:  # the title says what the colours are
        recipe.run('figure.update_coloraxes(colorbar={"title": {"text": ""}, "thickness": 12})')
    # Side by side the names of the x axes would run into each other; the title has it.
    untitled = ', title_text=""' if not heat and spec.facet is not None else ""
    recipe.run('figure.update_layout(margin={"t": 70, "b": 80, "l": 12, "r": 12})')
    recipe.run(f"figure.update_xaxes(automargin=True{untitled})")
    recipe.run("figure.update_yaxes(automargin=True)")


def _roles(recipe: Recipe, spec: ChartSpec, value: str) -> dict[str, str]:
    y = None if spec.kind == "histogram" else value
    roles = {"x": spec.x, "y": y, "color": spec.color, "facet_col": spec.facet}
    arguments = {role: text(column) for role, column in roles.items() if column is not None}
    if spec.facet is not None:
        arguments["facet_col_wrap"] = str(FACETS_A_ROW)
    if spec.kind in SECOND and spec.color is not None and not _on_a_scale(recipe, spec):
        arguments[SECOND[spec.kind]] = text(spec.color)
    return arguments


def _style(recipe: Recipe, spec: ChartSpec, value: str) -> dict[str, str]:
    data = recipe.frame
    arguments: dict[str, str] = {}
    if spec.kind == "line":
        arguments["markers"] = str(len(data) <= FEW_ENOUGH_FOR_MARKERS)
    if spec.kind in {"line", "scatter"}:
        arguments["render_mode"] = '"svg"'
    if spec.kind == "bar" and spec.color is not None and spec.summary not in {"sum", "count"}:
        arguments |= {} if data.duplicated(list(spec.keys)).any() else {"barmode": '"group"'}
    if spec.kind == "histogram" and recipe.notes and len(data) == spec.room:
        arguments["histnorm"] = '"percent"'  # of a sample the shares hold, the counts do not
    if spec.color is not None and _on_a_scale(recipe, spec):
        arguments["color_continuous_scale"] = '"Cividis"'
    elif spec.color is not None and data[spec.color].nunique() > len(FURTHER):
        arguments["color_discrete_sequence"] = f"[{', '.join(map(text, PALETTE))}]"
    orders = {
        column: f"[{', '.join(map(text, order))}]" for column, order in recipe.orders.items() if column in spec.columns
    }
    labels = {column: text(plain(label)) for column, label in recipe.labels.items() if column in {*spec.columns, value}}
    arguments |= {"category_orders": _dict(orders)} if orders else {}
    arguments |= {"labels": _dict(labels)} if labels else {}
    shown, along = recipe.called(value).strip(), recipe.called(spec.x)
    title = f"{along}: how often" if spec.kind == "histogram" else shown if spec.x is None else f"{shown} by {along}"
    rows = math.ceil(data[spec.facet].nunique() / FACETS_A_ROW) if spec.facet is not None else 0
    return arguments | {"title": _title(title), "height": str(max(HEIGHT, 140 + FACET_HEIGHT * rows))}


def _heatmap(recipe: Recipe, spec: ChartSpec) -> dict[str, str]:
    value = "rows" if spec.value is None else f"{spec.summary} of {recipe.called(spec.value)}"
    x, y = recipe.called(spec.x), recipe.called(spec.y)
    upward = _holds(recipe, spec.y, types.is_numeric_dtype) or _holds(recipe, spec.y, types.is_datetime64_any_dtype)
    return {
        "labels": _dict(
            {role: text(plain(word)) for role, word in (("x", x), ("y", y), ("color", recipe.called(value)))}
        ),
        "title": _title(f"{value} by {x} and {y}"),
        "color_continuous_scale": '"Cividis"',
        "aspect": '"auto"',
        "origin": '"lower"' if upward else '"upper"',
        "height": str(max(HEIGHT, min(1600, 140 + 18 * len(recipe.value("table"))))),
    }


def _title(title: str) -> str:
    return text("<br>".join(map(plain, textwrap.wrap(title, TITLE_LINE))))


def _on_a_scale(recipe: Recipe, spec: ChartSpec) -> bool:
    """Whether a colour stands for a place on a scale, rather than for one value."""
    return spec.kind in {"scatter", "bar"} and _holds(recipe, spec.color, types.is_numeric_dtype)


def _holds(recipe: Recipe, column: str | None, kind: Any) -> bool:
    return column is not None and bool(kind(recipe.frame[column].dtype))


def _dict(pairs: dict[str, str]) -> str:
    return f"{{{', '.join(f'{text(key)}: {code}' for key, code in pairs.items())}}}"
