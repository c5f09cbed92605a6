"""The call of plotly express, with one look for all kinds."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd
from pandas.api import types

from ..style import CLEAR, FURTHER, GRID, QUIET
from .columns import text
from .recipe import Recipe
from .spec import ChartSpec

# After the five hues of all charts five more, each with at least 3:1 contrast on white and on #111111.
PALETTE: Final = (*FURTHER, "#8F7AC8", "#A8780B", "#1F93A8", "#B5475F", "#6B8E23")
FACETS_A_ROW: Final = 3
HEIGHT: Final = 420  # pixels
FACET_HEIGHT: Final = 230
FEW_ENOUGH_FOR_MARKERS: Final = 500
# A second carrier beside the colour: the dash of a line, the form of a mark, the hatch of a bar.
SECOND: Final = {"line": "line_dash", "scatter": "symbol", "bar": "pattern_shape", "histogram": "pattern_shape"}


def draw(recipe: Recipe, spec: ChartSpec, value: str) -> None:
    """Add the lines that make `figure`."""
    if spec.kind == "heatmap":
        _call(recipe, "imshow", "table", _heatmap(recipe, spec))
    else:
        _call(recipe, spec.kind, recipe.data, _roles(recipe, spec, value) | _style(recipe, spec, value))
    _look(recipe, spec)


def _look(recipe: Recipe, spec: ChartSpec) -> None:
    """Readable on JupyterLab's light and dark ground, without telling the same thing twice."""
    recipe.run(
        f'figure.update_layout(paper_bgcolor="{CLEAR}", plot_bgcolor="{CLEAR}", font_color="{QUIET}", margin_t=70)'
    )
    if SECOND.get(spec.kind) == "pattern_shape":
        recipe.run('figure.update_traces(marker_pattern_fillmode="overlay")')
    # Side by side the names of the x axes would run into each other; the title has it.
    untitled = ', title_text=""' if spec.kind != "heatmap" and spec.facet is not None else ""
    recipe.run(f'figure.update_xaxes(gridcolor="{GRID}", zeroline=False, automargin=True{untitled})')
    recipe.run(f'figure.update_yaxes(gridcolor="{GRID}", zerolinecolor="{GRID}", automargin=True, title_standoff=10)')


def _call(recipe: Recipe, function: str, data: str, arguments: dict[str, str]) -> None:
    lines = [f"    {key}={value},\n" for key, value in arguments.items()]
    recipe.run(f"figure = px.{function}(\n    {data},\n{''.join(lines)})")


def _roles(recipe: Recipe, spec: ChartSpec, value: str) -> dict[str, str]:
    y = None if spec.kind == "histogram" else value
    roles = {"x": spec.x, "y": y, "color": spec.color, "facet_col": spec.facet}
    arguments = {role: text(column) for role, column in roles.items() if column is not None}
    if spec.facet is not None:
        arguments["facet_col_wrap"] = str(FACETS_A_ROW)
    second = SECOND.get(spec.kind)
    if second and spec.color is not None and _is_told_apart(recipe, spec):
        arguments[second] = text(spec.color)
    return arguments


def _style(recipe: Recipe, spec: ChartSpec, value: str) -> dict[str, str]:
    data = recipe.frame
    arguments: dict[str, str] = {}
    if spec.kind == "line":
        arguments["markers"] = str(len(data) <= FEW_ENOUGH_FOR_MARKERS)
    if spec.kind in {"line", "scatter"}:
        arguments["render_mode"] = '"svg"'
    if spec.kind == "bar" and spec.color is not None and not data.duplicated(list(spec.keys)).any():
        arguments["barmode"] = '"group"'
    if spec.kind == "histogram" and recipe.notes and len(data) == spec.room:
        arguments["histnorm"] = '"percent"'  # of a sample the shares hold, the counts do not
    if spec.color is None or _is_told_apart(recipe, spec):
        count = 1 if spec.color is None else max(1, min(len(PALETTE), data[spec.color].nunique()))
        arguments["color_discrete_sequence"] = _list(PALETTE[:count])
    else:
        arguments["color_continuous_scale"] = '"Cividis"'
    orders = {column: order for column, order in recipe.orders.items() if column in spec.columns}
    if orders:
        arguments["category_orders"] = _dict({column: _list(order) for column, order in orders.items()})
    arguments |= _words(recipe, spec, value)
    rows = math.ceil(data[spec.facet].nunique() / FACETS_A_ROW) if spec.facet is not None else 0
    arguments["height"] = str(max(HEIGHT, 140 + FACET_HEIGHT * rows))
    arguments["template"] = '"none"'
    return arguments


def _words(recipe: Recipe, spec: ChartSpec, value: str) -> dict[str, str]:
    labels = {column: label for column, label in recipe.labels.items() if column in {*spec.columns, value}}
    words = {"labels": _dict({column: text(label) for column, label in labels.items()})} if labels else {}
    return words | {"title": text(_title(recipe, spec, value))}


def _title(recipe: Recipe, spec: ChartSpec, value: str) -> str:
    if spec.kind == "histogram":
        return f"{recipe.labels.get(str(spec.x), str(spec.x))}: how often"
    shown = recipe.labels.get(value, value).strip()
    return f"{shown} by {recipe.labels.get(spec.x, spec.x)}" if spec.x is not None else shown


def _heatmap(recipe: Recipe, spec: ChartSpec) -> dict[str, str]:
    name = recipe.labels.get(str(spec.value), str(spec.value))
    value = "rows" if spec.value is None else f"{spec.summary} of {name}"
    axes = {"x": str(spec.x), "y": str(spec.y), "color": value}
    words = {role: recipe.labels.get(column, column) for role, column in axes.items()}
    rows, _ = recipe.get("table").shape
    upward = not isinstance(recipe.frame[spec.y].dtype, pd.StringDtype)
    return {
        "labels": _dict({role: text(word) for role, word in words.items()}),
        "title": text(f"{value} by {words['x']} and {words['y']}"),
        "color_continuous_scale": '"Cividis"',
        "aspect": '"auto"',
        "origin": '"lower"' if upward else '"upper"',
        "height": str(max(HEIGHT, min(1600, 140 + 18 * rows))),
        "template": '"none"',
    }


def _is_told_apart(recipe: Recipe, spec: ChartSpec) -> bool:
    """Whether each colour stands for one value, rather than for a place on a scale."""
    dtype: Any = recipe.frame[spec.color].dtype
    return spec.kind not in {"scatter", "bar"} or not types.is_numeric_dtype(dtype)


def _list(values: Any) -> str:
    return f"[{', '.join(map(text, values))}]"


def _dict(pairs: dict[str, str]) -> str:
    return f"{{{', '.join(f'{text(key)}: {code}' for key, code in pairs.items())}}}"
