"""Rows with the same x, colour and facet become one."""

from __future__ import annotations

from typing import Final

from pandas.api import types

from .columns import text
from .recipe import Recipe
from .spec import ChartError, ChartSpec

# Of values that are all unknown the sum is unknown as well, not 0.
CALLS: Final = {"sum": "sum(min_count=1)"}
NUMBERS_ONLY: Final = frozenset({"mean", "median", "sum"})


def check_spec(spec: ChartSpec) -> None:
    """Raise a `ChartError` that says what is still to be chosen, or what cannot go together."""
    if spec.kind in {"histogram", "heatmap"} and spec.x is None:
        raise ChartError(f"{_named(spec.kind)} needs x.")
    if spec.kind == "heatmap" and (spec.y is None or spec.y == spec.x):
        raise ChartError(f"{_named(spec.kind)} needs y, another column than x.")
    if spec.summary == "none":
        if spec.kind != "histogram" and spec.y is None:
            count = "" if spec.kind in {"box", "violin"} else " To count rows choose count."
            raise ChartError(f"{_named(spec.kind)} needs y.{count}")
        return
    if not spec.keys:
        raise ChartError(f"{spec.summary} needs x, to know what to summarize by.")
    if spec.value is None and spec.summary != "count":
        raise ChartError(f"{spec.summary} needs y, the column to summarize.")
    if spec.value in spec.keys:
        raise ChartError(f"The {spec.summary} of {spec.value!r} by itself says nothing. Choose another y, or count.")


def summarize(recipe: Recipe, spec: ChartSpec) -> str:
    """Apply the aggregation; the name of the column that then holds the values.

    A heatmap becomes `table`, with a row for each y and a column for each x.
    """
    if spec.summary == "none":
        return str(spec.y)
    if spec.value is not None:
        _check_values(recipe, spec)
    groups = f"{recipe.data}.groupby([{', '.join(map(text, spec.keys))}]{_options(recipe, spec)})"
    call = CALLS.get(spec.summary, f"{spec.summary}()")
    if spec.kind == "heatmap":
        counted = "size()" if spec.value is None else f"[{text(spec.value)}].{call}"
        recipe.run(f"table = {groups}{'.' if spec.value is None else ''}{counted}.unstack()")
        return spec.value or "rows"
    target = _free(spec.value or "rows", spec)
    if spec.value is None:
        recipe.run(f"{recipe.data} = {groups}.size().reset_index(name={text(target)})")
    elif target == spec.value:
        recipe.run(f"{recipe.data} = {groups}[{text(target)}].{call}.reset_index()")
    else:
        recipe.run(f"{recipe.data} = {groups}[{text(spec.value)}].{call}.reset_index(name={text(target)})")
    value = recipe.labels.get(spec.value, spec.value) if spec.value else ""
    recipe.labels[target] = f"{spec.summary} of {value}" if value else target
    return target


def _check_values(recipe: Recipe, spec: ChartSpec) -> None:
    values = recipe.frame[spec.value]
    if spec.summary in NUMBERS_ONLY and not types.is_numeric_dtype(values.dtype) and len(values):
        raise ChartError(
            f"{spec.summary} needs numbers, which {spec.value!r} does not hold. Choose count, or another column."
        )


def _options(recipe: Recipe, spec: ChartSpec) -> str:
    # Rows without an x are not drawn anyway, but those without a colour are.
    others = [column for column in spec.keys if column != spec.x]
    if spec.kind != "heatmap" and any(recipe.frame[column].hasnans for column in others):
        return ", dropna=False"
    return ""


def _named(kind: str) -> str:
    return f"{'An' if kind == 'area' else 'A'} {kind}{'' if kind in {'histogram', 'heatmap'} else ' chart'}"


def _free(name: str, spec: ChartSpec) -> str:
    while name in spec.keys:
        name += " "
    return name
