"""From a frame and the choices to the figure and its code."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, replace
from html import unescape
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from ...errors import ChartError
from ...privacy import hide_tokens, mask_apart, mask_identity
from .columns import check_columns
from .defaults import default_spec
from .draw import draw
from .recipe import Recipe, name_of
from .rows import (
    check_spec,
    choose_rows,
    few_places,
    few_rows,
    in_order,
    lift_at_gaps,
    plain_types,
    step_times,
    summarize,
)
from .spec import ChartSpec

PLOTLY: Final = "application/vnd.plotly.v1+json"


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
    spec = chosen_spec(frame, spec, choices)
    name = name_of(frame, _caller()) if name is None else name
    check_columns(
        frame, {"x": spec.x, "y": spec.y, "colour": spec.color, "facet": spec.facet, "only": spec.only_column}
    )
    check_spec(spec)
    recipe = Recipe(frame, name)
    choose_rows(recipe, frame, name, spec)
    if spec.summary == "none":
        few_rows(recipe, spec)  # first, so that nothing is worked out for rows that are not drawn
    plain_types(recipe, spec)
    step_times(recipe, spec)
    few_places(recipe, spec)
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
        lift_at_gaps(recipe, spec, value)
        recipe.notes += ["there is no row to draw"] if drawn.empty else []
    _say_what_is_not_used(recipe, spec)
    draw(recipe, spec, value)
    return BuiltChart(spec=spec, figure=recipe.get("figure"), code=recipe.code, data=drawn, notes=tuple(recipe.notes))


def chosen_spec(frame: pd.DataFrame, spec: ChartSpec | None, choices: dict[str, Any]) -> ChartSpec:
    """The spec with the choices; without one, what suits the frame and the choices.

    Raises:
        ChartError: A choice is none of `ChartSpec`.
    """
    if unknown := sorted(set(choices) - set(ChartSpec.__dataclass_fields__)):
        raise ChartError(f"There is no choice {unknown[0]!r}. There are: {', '.join(ChartSpec.__dataclass_fields__)}.")
    return default_spec(frame, **choices) if spec is None else replace(spec, **choices)


def _caller() -> Any:
    here = inspect.currentframe()
    return here.f_back.f_back if here is not None and here.f_back is not None else None


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
    if spec.kind in {"histogram", "box", "violin"} and spec.aggregation != "none":
        recipe.notes.append(f"a {spec.kind} shows all values, so that {spec.aggregation} does not apply")
    if spec.kind == "heatmap" and spec.aggregation != spec.summary:
        recipe.notes.append(f"a cell is the {spec.summary} of its rows")
