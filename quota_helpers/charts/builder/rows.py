"""From the frame to the rows that are drawn: names, filter, plain types, fewer values, fewer rows."""

from __future__ import annotations

from typing import Final

import pandas as pd
from pandas.api import types

from .columns import index_code, index_names, literal, naming_code, text
from .recipe import Recipe
from .spec import ChartError, ChartSpec

MISSING: Final = "(missing)"
OTHER: Final = "(other)"
MOST_COLORS: Final = 20  # more cannot be told apart, and every one is a trace of its own
MOST_FACETS: Final = 12
MOST_BOXES: Final = 40
MOST_CELLS: Final = 100  # along each side of a heatmap
FILTER_HINT: Final = "Write for example: number < 20 and name == 'text'; column names with blanks stand in `...`."
STEPS: Final = {"hour": '.dt.floor("h")', "day": '.dt.floor("D")', "week": '.dt.to_period("W").dt.start_time'}


def choose_rows(recipe: Recipe, frame: pd.DataFrame, spec: ChartSpec) -> None:
    """The rows that pass the filters, with the columns that are drawn."""
    data, start = recipe.data, recipe.name
    prepared = naming_code(frame).format(name=recipe.name)
    if {*spec.columns, spec.only_column} & set(index_names(frame)):
        prepared += index_code(frame)
    if prepared:
        recipe.run(f"{data} = {start}{prepared}")
        start = data
    if spec.filter.strip():
        _filter(recipe, start, spec.filter.strip())
        start = data
    if spec.only_column is not None and spec.only_values:
        recipe.run(f"{data} = {start}[{_is_one_of(start, spec.only_column, spec.only_values)}]")
        start = data
    recipe.run(f"{data} = {start}[{_listed(spec.columns)}]")
    if frame.shape[0] and not len(recipe.frame):
        raise ChartError("No row passes the filter.")


def _filter(recipe: Recipe, start: str, condition: str) -> None:
    # `engine="python"`: the same on every machine, with numexpr and without.
    arguments = f'({text(condition)}, engine="python")'
    try:
        answer = recipe.value(f"{start}.eval{arguments}")
    except ChartError as exc:
        hint = " Only the frame's columns are known here: write other values out." if "@" in condition else ""
        raise ChartError(f"The filter cannot be used. {exc}.{hint} {FILTER_HINT}") from exc
    if not (isinstance(answer, pd.Series) and types.is_bool_dtype(answer.dtype)):
        raise ChartError(f"The filter is not true or false for each row. {FILTER_HINT}")
    recipe.run(f"{recipe.data} = {start}.query{arguments}")


def _is_one_of(start: str, column: str, values: tuple[object, ...]) -> str:
    place = f"{start}[{text(column)}]"
    known = [literal(value) for value in values if not _absent(value)]
    tests = [f"{place}.isin([{', '.join(known)}])"] if known else []
    if len(known) < len(values):
        tests.append(f"{place}.isna()")
    return " | ".join(tests)


def _absent(value: object) -> bool:
    return bool(types.is_scalar(value) and pd.isna(value))


def plain_types(recipe: Recipe, spec: ChartSpec) -> None:
    """Types that plotly draws well: times without a zone, durations in hours, numbers as such, everything else text."""
    for column in spec.columns:
        values = recipe.frame[column]
        number = column == spec.value and spec.kind != "histogram"
        if code := _plain(recipe, column, values, number=number):
            _change(recipe, column, code)
        if column in _told_apart(spec) and not _is_text(recipe.frame[column].dtype) and _names(recipe, column, spec):
            _change(recipe, column, '.astype("str")')
        if _is_text(recipe.frame[column].dtype) and recipe.frame[column].hasnans:
            _change(recipe, column, f'.fillna("{MISSING}")')


def _plain(recipe: Recipe, column: str, values: pd.Series, *, number: bool) -> str:  # noqa: PLR0911 - one per type
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        if number and types.is_numeric_dtype(dtype.categories.dtype):
            return '.astype("float64")'
        if dtype.ordered:
            recipe.orders[column] = [str(value) for value in dtype.categories]
        return '.astype("str")'
    if types.is_datetime64_any_dtype(dtype):
        if getattr(values.dt, "tz", None) is None:
            return ""
        recipe.labels[column] = f"{column} ({values.dt.tz})"
        return ".dt.tz_localize(None)"  # plotly takes many times longer for times with a zone
    if types.is_timedelta64_dtype(dtype):
        recipe.labels[column] = f"{column} (hours)"
        return ".dt.total_seconds() / 3600"
    if types.is_bool_dtype(dtype):
        return '.astype("float64")' if number else '.astype("str")'
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return '.astype("float64")' if types.is_extension_array_dtype(dtype) else ""
    if types.is_object_dtype(dtype) and not values.dropna().empty:
        return _plain_objects(types.infer_dtype(values, skipna=True), number=number)
    return "" if _is_text(dtype) and dtype == "str" else '.astype("str")'


def _plain_objects(inferred: str, *, number: bool) -> str:
    if inferred in {"integer", "floating", "mixed-integer-float", "decimal"} or (number and inferred == "boolean"):
        return '.astype("float64")'
    return '.astype("datetime64[us]")' if inferred in {"datetime64", "date"} else '.astype("str")'


def _told_apart(spec: ChartSpec) -> set[str | None]:
    """The columns that give every value a trace or a chart of its own."""
    return {spec.facet, None if spec.kind in {"heatmap", "scatter", "bar"} else spec.color}


def _names(recipe: Recipe, column: str, spec: ChartSpec) -> bool:
    """Whether numbers or times have to be turned into names: where some are missing, or there are too many."""
    values = recipe.frame[column]
    most = MOST_FACETS if column == spec.facet else MOST_COLORS
    return bool(types.is_datetime64_any_dtype(values.dtype) or values.hasnans or values.nunique() > most)


def most_classes(spec: ChartSpec) -> dict[str, int]:
    """The columns along which every value takes a place of its own, and how many of them there is room for."""
    if spec.kind == "heatmap":
        return {column: MOST_CELLS for column in (spec.x, spec.y) if column is not None}
    # The browser works out every box, and every curve of a violin, by itself.
    boxes = spec.kind in {"box", "violin"} and spec.x is not None and spec.x != spec.y
    return {str(spec.x): MOST_BOXES} if boxes else {}


def few_values(recipe: Recipe, spec: ChartSpec) -> None:
    """At most so many colours, facets and cells as can be told apart; what is left over is drawn together."""
    most: dict[str | None, int] = {column: limit for column, limit in most_classes(spec).items()}  # noqa: C416 - wider keys
    if spec.kind != "heatmap":
        most |= {spec.color: MOST_COLORS, spec.facet: MOST_FACETS}
    for column, limit in most.items():
        if column is None or not _is_text(recipe.frame[column].dtype):
            continue
        count = recipe.frame[column].nunique()
        if count > limit:
            place = f"{recipe.data}[{text(column)}]"
            recipe.note(f"{_shown(column)} has {count:,} values: the {limit} most frequent, the others as {OTHER}")
            recipe.run(f"top = {place}.value_counts().index[:{limit}]")
            recipe.run(f'{place} = {place}.where({place}.isin(top), "{OTHER}")')


def step_times(recipe: Recipe, spec: ChartSpec) -> None:
    """Round an x that is a time down to hours, days or weeks."""
    if spec.every == "none" or spec.x is None:
        return
    if not types.is_datetime64_any_dtype(recipe.frame[spec.x].dtype):
        recipe.notes.append(f"{_shown(spec.x)} is no time, so that the step ({spec.every}) does not apply")
        return
    if spec.summary == "last":
        _sort(recipe, spec.x)
    _change(recipe, spec.x, STEPS[spec.every])
    recipe.labels[spec.x] = f"{recipe.labels.get(spec.x, spec.x)}, by {spec.every}"


def few_rows(recipe: Recipe, spec: ChartSpec) -> None:
    """A sample of what would keep the browser busy for seconds."""
    count = len(recipe.frame)
    if count > spec.room:
        recipe.note(f"{spec.room:,} of {count:,} rows, drawn at random: shapes hold, single peaks may be missing")
        order = ".sort_index()" if spec.kind in {"bar", "line", "area"} else ""
        recipe.run(f"{recipe.data} = {recipe.data}.reset_index(drop=True).sample({spec.room}, random_state=0){order}")


def in_order(recipe: Recipe, spec: ChartSpec) -> None:
    """A line runs from left to right."""
    if spec.kind in {"line", "area"} and spec.x is not None and not recipe.frame[spec.x].is_monotonic_increasing:
        _sort(recipe, spec.x)


def _sort(recipe: Recipe, column: str) -> None:
    recipe.run(f'{recipe.data} = {recipe.data}.sort_values({text(column)}, kind="stable")')


def _change(recipe: Recipe, column: str, code: str) -> None:
    place = f"{recipe.data}[{text(column)}]"
    recipe.run(f"{place} = {place}{code}")


def _is_text(dtype: object) -> bool:
    return isinstance(dtype, pd.StringDtype)


def _shown(column: str) -> str:
    # in a comment of the code a line break would end the comment
    return column if column.isprintable() else ascii(column)


def _listed(columns: tuple[str, ...]) -> str:
    return f"[{', '.join(map(text, columns))}]"
