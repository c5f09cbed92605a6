"""The call of plotly express; the look is the template's."""

from __future__ import annotations

import math
import textwrap
from typing import Any, Final

import plotly.io as pio
from pandas.api import types

from ..style import FURTHER, plain
from .columns import text
from .recipe import Recipe
from .rows import LENGTHS
from .spec import ChartSpec

# After the five hues of all charts five more, each with at least 3:1 contrast on white and on #111111.
PALETTE: Final = (*FURTHER, "#8F7AC8", "#A8780B", "#1F93A8", "#B5475F", "#6B8E23")
FACETS_A_ROW: Final = 2  # so that each can be read in the narrowest notebook
HEIGHT: Final = 420  # pixels
FACET_HEIGHT: Final = 230
TITLE_LINE: Final = 44  # characters that fit into 370 pixels
FEW_ENOUGH_FOR_MARKERS: Final = 500
# A second carrier beside the colour: the dash of a line, the form of a mark, the hatch of a bar.
SECOND: Final = {"line": "line_dash", "scatter": "symbol", "bar": "pattern_shape", "histogram": "pattern_shape"}


def draw(recipe: Recipe, spec: ChartSpec, value: str) -> None:
    """Add the lines that make `figure`."""
    heat = spec.kind == "heatmap"
    arguments = _heatmap(recipe, spec) if heat else _roles(recipe, spec, value) | _style(recipe, spec, value)
    if pio.templates.default in {None, "plotly", "quota"}:  # somebody who chose another template wants that
        arguments["template"] = '"quota"'
    lines = [f"    {key}={code},\n" for key, code in arguments.items()]
    recipe.run(
        f"figure = px.{'imshow' if heat else spec.kind}(\n    {'table' if heat else recipe.data},\n{''.join(lines)})"
    )
    if arguments.get("pattern_shape"):
        recipe.run('figure.update_traces(marker_pattern_fillmode="overlay")')
    if spec.kind in {"bar", "heatmap"} and spec.every != "none" and _is_time(recipe, spec.x):
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
    if spec.kind in SECOND and spec.color is not None and _is_told_apart(recipe, spec):
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
    if spec.color is not None and not _is_told_apart(recipe, spec):
        arguments["color_continuous_scale"] = '"Cividis"'
    elif spec.color is not None and data[spec.color].nunique() > len(FURTHER):
        arguments["color_discrete_sequence"] = f"[{', '.join(map(text, PALETTE))}]"
    orders = {
        column: f"[{', '.join(map(text, recipe.orders[column]))}]" for column in spec.columns if column in recipe.orders
    }
    arguments |= {"category_orders": _dict(orders)} if orders else {}
    labels = {column: label for column, label in recipe.labels.items() if column in {*spec.columns, value}}
    arguments |= {"labels": _dict({column: text(plain(label)) for column, label in labels.items()})} if labels else {}
    shown, along = recipe.labels.get(value, value).strip(), recipe.labels.get(str(spec.x), str(spec.x))
    title = (
        f"{along}: how often" if spec.kind == "histogram" else f"{shown} by {along}" if spec.x is not None else shown
    )
    rows = math.ceil(data[spec.facet].nunique() / FACETS_A_ROW) if spec.facet is not None else 0
    return arguments | {"title": _title(title), "height": str(max(HEIGHT, 140 + FACET_HEIGHT * rows))}


def _heatmap(recipe: Recipe, spec: ChartSpec) -> dict[str, str]:
    name = recipe.labels.get(str(spec.value), str(spec.value))
    value = "rows" if spec.value is None else f"{spec.summary} of {name}"
    axes = {"x": str(spec.x), "y": str(spec.y), "color": value}
    words = {role: plain(recipe.labels.get(column, column)) for role, column in axes.items()}
    rows, _ = recipe.get("table").shape
    upward = types.is_numeric_dtype(recipe.frame[spec.y].dtype) or _is_time(recipe, spec.y)
    return {
        "labels": _dict({role: text(word) for role, word in words.items()}),
        "title": _title(
            f"{value} by {recipe.labels.get(axes['x'], axes['x'])} and {recipe.labels.get(axes['y'], axes['y'])}"
        ),
        "color_continuous_scale": '"Cividis"',
        "aspect": '"auto"',
        "origin": '"lower"' if upward else '"upper"',
        "height": str(max(HEIGHT, min(1600, 140 + 18 * rows))),
    }


def _title(title: str) -> str:
    return text("<br>".join(map(plain, textwrap.wrap(title, TITLE_LINE))))


def _is_told_apart(recipe: Recipe, spec: ChartSpec) -> bool:
    """Whether each colour stands for one value, rather than for a place on a scale."""
    dtype: Any = recipe.frame[spec.color].dtype
    return spec.kind not in {"scatter", "bar"} or not types.is_numeric_dtype(dtype)


def _is_time(recipe: Recipe, column: str | None) -> bool:
    return column is not None and bool(types.is_datetime64_any_dtype(recipe.frame[column].dtype))


def _dict(pairs: dict[str, str]) -> str:
    return f"{{{', '.join(f'{text(key)}: {code}' for key, code in pairs.items())}}}"
