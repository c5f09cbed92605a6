"""From a frame and the choices to the figure and its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from pandas.api import types

from .columns import check_columns, text
from .draw import draw
from .recipe import Recipe
from .rows import choose_rows, few_rows, few_values, in_order, most_classes, plain_types, step_times
from .spec import ChartError, ChartSpec
from .summary import check_spec, summarize

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart and how it was made.

    Attributes:
        spec: What was asked for.
        figure: What came of it.
        code: Python that makes the same figure in a cell of its own, where the frame stands under its name.
        data: The rows (of a heatmap the table) that were drawn.
        notes: What its reader must know: what was left out, sampled, put together.
    """

    spec: ChartSpec
    figure: go.Figure
    code: str
    data: pd.DataFrame
    notes: tuple[str, ...]


def build_chart(frame: pd.DataFrame, spec: ChartSpec, *, name: str = "frame") -> Chart:
    """Draw *frame* as *spec* says, with the code that does it.

    The code is executed line by line as it is written, so that it makes this figure and no other. The frame itself is
    never changed. Names and values are drawn as they are: nothing is masked here.

    Args:
        frame: Any DataFrame.
        spec: The choices; its columns as `columns_of` names them.
        name: The variable that holds the frame where the code will be run.

    Raises:
        ChartError: The choices make no chart of this frame; the message says what to choose instead.
    """
    check_columns(
        frame, {"x": spec.x, "y": spec.y, "colour": spec.color, "facet": spec.facet, "only": spec.only_column}
    )
    check_spec(spec)
    recipe = Recipe(frame, name)
    choose_rows(recipe, frame, spec)
    if spec.summary == "none":
        few_rows(recipe, spec)  # first, so that nothing is worked out for rows that are not drawn
    plain_types(recipe, spec)
    step_times(recipe, spec)
    _coarse(recipe, spec)
    few_values(recipe, spec)
    _count_unplaced(recipe, spec)
    value = summarize(recipe, spec)
    if spec.kind == "heatmap":
        drawn = recipe.get("table")
        if drawn.empty:
            raise ChartError("There is no row to draw with both an x and a y.")
    else:
        few_rows(recipe, spec)
        in_order(recipe, spec)
        drawn = recipe.frame
        if drawn.empty:
            recipe.notes.append("there is no row to draw")
    _say_what_is_not_used(recipe, spec)
    draw(recipe, spec, value)
    return Chart(spec=spec, figure=recipe.get("figure"), code=recipe.code, data=drawn, notes=tuple(recipe.notes))


def _coarse(recipe: Recipe, spec: ChartSpec) -> None:
    """Numbers or times along a heatmap or a row of boxes: as they are when few, else classes of equal width."""
    for column, most in most_classes(spec).items():
        values = recipe.frame[column]
        if isinstance(values.dtype, pd.StringDtype) or values.nunique() <= most:
            continue
        place = f"{recipe.data}[{text(column)}]"
        dtype = "datetime64[us]" if types.is_datetime64_any_dtype(values.dtype) else "float64"
        recipe.run(f'{place} = pd.cut({place}, {most}).map(lambda part: part.mid).astype("{dtype}")')


def _count_unplaced(recipe: Recipe, spec: ChartSpec) -> None:
    for column in {spec.x: None, spec.y if spec.summary == "none" or spec.kind == "heatmap" else None: None}:
        if column is not None and column in spec.columns and (count := int(recipe.frame[column].isna().sum())):
            rows = "1 row has" if count == 1 else f"{count:,} rows have"
            recipe.notes.append(f"{rows} no {column} and cannot be drawn")


def _say_what_is_not_used(recipe: Recipe, spec: ChartSpec) -> None:
    if spec.kind == "histogram" and spec.y is not None:
        recipe.notes.append("a histogram counts the values of x; it has no y")
    if spec.kind == "heatmap" and spec.facet is not None:
        recipe.notes.append("a heatmap has no facets")
    if spec.kind in {"histogram", "box", "violin"} and spec.aggregation != "none":
        recipe.notes.append(f"a {spec.kind} shows all values, so that {spec.aggregation} does not apply")
    if spec.kind == "heatmap" and spec.aggregation != spec.summary:
        recipe.notes.append(f"a cell is the {spec.summary} of its rows")
