"""From the frame to the rows that are drawn: names, questions, filter, plain types, fewer values, fewer rows, sums."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd
from pandas.api import types

from ...errors import ChartError
from ..style import plain
from .columns import CALENDAR, JOINT, RATES, WEEKDAYS, index_names, literal, questions_of, text, time_of
from .recipe import Recipe
from .spec import ChartSpec

MISSING: Final = "(missing)"
OTHER: Final = "(other)"
MOST_COLORS: Final = 20  # more cannot be told apart, and every one is a trace of its own
MOST_FACETS: Final = 12
MOST_BOXES: Final = 40  # the browser works out every box, and every curve of a violin, by itself
MOST_CELLS: Final = 100  # along each side of a heatmap
FILTER_HINT: Final = "Write for example: number < 20 and name == 'text'; column names with blanks stand in `...`."
STEPS: Final = {"hour": '.dt.floor("h")', "day": '.dt.floor("D")', "week": '.dt.to_period("W").dt.start_time'}
LENGTHS: Final = {"hour": pd.Timedelta(hours=1), "day": pd.Timedelta(days=1), "week": pd.Timedelta(days=7)}
TIME_CLASSES: Final = ("1s", "10s", "1min", "5min", "15min", "1h", "3h", "6h", "12h", "1D", "7D", "28D")
PAUSE: Final = 10  # so many times the usual distance is a gap in a line
# Of values that are all unknown the sum is unknown as well, not 0.
CALLS: Final = {"sum": "sum(min_count=1)"}
NUMBERS_ONLY: Final = frozenset({"mean", "median", "sum"})


def choose_rows(recipe: Recipe, frame: pd.DataFrame, name: str, spec: ChartSpec) -> None:
    """The rows that pass the filters, with the columns that are drawn."""
    start = _prepared(recipe, frame, name, spec)
    if spec.filter.strip():
        _filter(recipe, start, spec.filter.strip())
        start = recipe.data
    if spec.only_column is not None and spec.only_values:
        recipe.run(f"{recipe.data} = {start}[{_is_one_of(start, spec.only_column, spec.only_values)}]")
        start = recipe.data
    weighed = ["points", "hours"] if spec.value in RATES and spec.summary == "mean" else []
    columns = [column for column in dict.fromkeys([*spec.columns, *weighed]) if not (weighed and column == spec.value)]
    recipe.run(f"{recipe.data} = {start}[[{', '.join(map(text, columns))}]]")
    if frame.shape[0] and not len(recipe.frame):
        raise ChartError("No row passes the filter.")


def _prepared(recipe: Recipe, frame: pd.DataFrame, name: str, spec: ChartSpec) -> str:
    """The name of the frame once its columns have names, and those that are asked for are there."""
    data, asked = recipe.data, questions_of(frame)
    wanted = {*spec.columns, spec.only_column} | {question for question in asked if question in spec.filter}
    time = time_of(frame) if wanted & set(CALENDAR) & set(asked) else None
    code = name
    if frame.columns.nlevels > 1:
        code += f'.set_axis(["{JOINT}".join(map(str, name)) for name in {name}.columns], axis=1)'
    elif not all(isinstance(column, str) for column in frame.columns):
        code += f".set_axis([str(name) for name in {name}.columns], axis=1)"
    if {*wanted, time} & set(index := index_names(frame)):
        code += f".reset_index(names=[{', '.join(map(text, index))}])"
    if wanted & set(RATES) & set(asked):
        code = f"with_burn({code})"
    if code != name:
        recipe.run(f"{data} = {code}")
        name = data
    for question in (question for question in CALENDAR if time is not None and question in wanted & set(asked)):
        recipe.run(f"{data} = {name}.assign({question}={name}[{text(str(time))}].{CALENDAR[question]})")
        zone = getattr(recipe.frame[time].dt, "tz", None)
        recipe.labels[question] = f"{question} ({zone})" if zone else question
        name = data
    recipe.orders |= {"weekday": list(WEEKDAYS)} if time is not None and "weekday" in wanted & set(asked) else {}
    recipe.labels |= {rate: f"{rate} (points)" for rate in RATES if rate in wanted & set(asked)}
    return name


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
    known = [literal(value) for value in values if not (types.is_scalar(value) and pd.isna(value))]
    tests = [f"{place}.isin([{', '.join(known)}])"] if known else []
    if len(known) < len(values):
        tests.append(f"{place}.isna()")
    return " | ".join(tests)


def plain_types(recipe: Recipe, spec: ChartSpec) -> None:
    """Types that plotly draws well: times without a zone, durations in hours, numbers as such, everything else text."""
    apart = {spec.facet, None if spec.kind in {"heatmap", "scatter", "bar"} else spec.color}
    for column in (column for column in spec.columns if column in recipe.frame):
        number = column == spec.value and spec.kind != "histogram"
        _change(recipe, column, _plain(recipe, column, recipe.frame[column], number=number))
        values = recipe.frame[column]
        if column in apart and not _is_text(values):
            # A trace or a chart for each number, unless there are too many or some are missing.
            most = MOST_FACETS if column == spec.facet else MOST_COLORS
            if types.is_datetime64_any_dtype(values.dtype) or values.hasnans or values.nunique() > most:
                _change(recipe, column, '.astype("str")')
        if _is_text(recipe.frame[column]):
            _change(recipe, column, f'.fillna("{MISSING}")' if recipe.frame[column].hasnans else "")
            # Plotly would read these as markup.
            markup = recipe.frame[column].str.contains("[<&]").any()
            _change(recipe, column, ".map(plain)" if markup else "")


def _plain(recipe: Recipe, column: str, values: pd.Series, *, number: bool) -> str:  # noqa: PLR0911, C901 - one per type
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        if number and types.is_numeric_dtype(dtype.categories.dtype):
            return '.astype("float64")'
        if dtype.ordered:
            recipe.orders[column] = [plain(str(value)) for value in dtype.categories]
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
    inferred = types.infer_dtype(values, skipna=True) if types.is_object_dtype(dtype) else ""
    if inferred in {"integer", "floating", "mixed-integer-float", "decimal"} or (number and inferred == "boolean"):
        return '.astype("float64")'
    if inferred in {"datetime64", "date"}:
        return '.astype("datetime64[us]")'
    return "" if _is_text(values) and dtype == "str" else '.astype("str")'


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


def few_places(recipe: Recipe, spec: ChartSpec) -> None:
    """At most so many colours, facets, boxes and cells as can be told apart.

    Numbers and times are rounded down to a round step, which the axis names; the rarest names are drawn together.
    """
    places: dict[str | None, int] = {spec.color: MOST_COLORS, spec.facet: MOST_FACETS}
    if spec.kind == "heatmap":
        places = {spec.x: MOST_CELLS, spec.y: MOST_CELLS}
    elif spec.kind in {"box", "violin"} and spec.x != spec.y:
        places[spec.x] = MOST_BOXES
    for column, most in places.items():
        if column is None or (count := recipe.frame[column].nunique()) <= most:
            continue
        place = f"{recipe.data}[{text(column)}]"
        if _is_text(recipe.frame[column]):
            recipe.note(f"{_shown(column)} has {count:,} values: the {most} most frequent, the others as {OTHER}")
            recipe.run(f"top = {place}.value_counts().index[:{most}]")
            recipe.run(f'{place} = {place}.where({place}.isin(top), "{OTHER}")')
        elif column in {spec.x, spec.y}:
            code, step = _classes(place, recipe.frame[column], most)
            recipe.run(f"{place} = {code}")
            recipe.labels[column] = f"{recipe.labels.get(column, column)}, in steps of {step}"


def _classes(place: str, values: pd.Series, most: int) -> tuple[str, str]:
    """Code that rounds down to steps of which there are at most *most*, and the step in words."""
    if types.is_datetime64_any_dtype(values.dtype):
        span = values.max() - values.min()
        days = math.ceil(span / pd.Timedelta(days=1) / (most - 1))
        step = next((step for step in TIME_CLASSES if span / pd.Timedelta(step) <= most - 1), f"{days}D")
        return f'{place}.dt.floor("{step}")', step.removeprefix("1")
    finite = values[values.abs() < math.inf]
    least = (float(finite.max()) - float(finite.min())) / (most - 1)
    power = 10.0 ** math.floor(math.log10(least))
    width = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    if width >= 1:
        return f"{place} // {width:.0f} * {width:.0f}", f"{width:.0f}"
    # 0.3 // 0.1 is 2: what is a step is rounded before it is rounded down
    digits = math.ceil(-math.log10(width))
    return f"(({place} / {width:g}).round(6) // 1 * {width:g}).round({digits})", f"{width:g}"


def few_rows(recipe: Recipe, spec: ChartSpec) -> None:
    """A sample of what would keep the browser busy for seconds."""
    count = len(recipe.frame)
    if count > spec.room:
        recipe.note(f"{spec.room:,} of {count:,} rows, drawn at random: shapes hold, single peaks may be missing")
        order = ".sort_index()" if spec.kind in {"bar", "line", "area"} else ""
        recipe.run(f"{recipe.data} = {recipe.data}.reset_index(drop=True).sample({spec.room}, random_state=0){order}")


def check_spec(spec: ChartSpec) -> None:
    """Raise a `ChartError` that says what is still to be chosen, or what cannot go together."""
    named = f"{'An' if spec.kind == 'area' else 'A'} {spec.kind}"
    named += "" if spec.kind in {"histogram", "heatmap"} else " chart"
    if spec.kind in {"histogram", "heatmap"} and spec.x is None:
        raise ChartError(f"{named} needs x.")
    if spec.kind == "heatmap" and (spec.y is None or spec.y == spec.x):
        raise ChartError(f"{named} needs y, another column than x.")
    if spec.summary == "none":
        if spec.kind != "histogram" and spec.y is None:
            count = "" if spec.kind in {"box", "violin"} else " To count rows choose count."
            raise ChartError(f"{named} needs y.{count}")
        return
    if not spec.keys:
        raise ChartError(f"{spec.summary} needs x, to know what to summarize by.")
    if spec.value is None and spec.summary != "count":
        raise ChartError(f"{spec.summary} needs y, the column to summarize.")
    if spec.value in spec.keys:
        raise ChartError(f"The {spec.summary} of {spec.value!r} by itself says nothing. Choose another y, or count.")


def summarize(recipe: Recipe, spec: ChartSpec) -> str:
    """Make one of the rows with the same x, colour and facet; the name of the column that then holds the values.

    A heatmap becomes `table`, with a row for each y and a column for each x.
    """
    if spec.summary == "none":
        return str(spec.y)
    # Rows without an x are not drawn anyway, but those without a colour are.
    loose = spec.kind != "heatmap" and any(recipe.frame[key].hasnans for key in spec.keys if key != spec.x)
    groups = f"{recipe.data}.groupby([{', '.join(map(text, spec.keys))}]{', dropna=False' if loose else ''})"
    groups += _call(recipe, spec)
    target = spec.value or "rows"
    while target in spec.keys:
        target += " "
    if spec.kind == "heatmap":
        recipe.run(f"table = {groups}.unstack()")
        for key, axis in ((spec.y, "index"), (spec.x, "columns")):
            if order := [
                name for name in recipe.orders.get(str(key), ()) if name in getattr(recipe.get("table"), axis)
            ]:
                rest = [name for name in getattr(recipe.get("table"), axis) if name not in order]
                recipe.run(f"table = table.reindex({axis}=[{', '.join(map(text, [*order, *rest]))}])")
        return target
    recipe.run(f"{recipe.data} = {groups}.reset_index(name={text(target)})")
    value = recipe.labels.get(spec.value, spec.value) if spec.value else ""
    recipe.labels[target] = f"{spec.summary} of {value}" if value else target
    return target


def _call(recipe: Recipe, spec: ChartSpec) -> str:
    if spec.value is None:
        return ".size()"
    if spec.value in RATES and spec.value not in recipe.frame:  # each reading weighs as much as its hours
        return f'[["points", "hours"]].sum().eval("{RATES[spec.value]}", engine="python")'
    values = recipe.frame[spec.value]
    if spec.summary in NUMBERS_ONLY and not types.is_numeric_dtype(values.dtype) and len(values):
        raise ChartError(
            f"{spec.summary} needs numbers, which {spec.value!r} does not hold. Choose count, or another column."
        )
    return f"[{text(spec.value)}].{CALLS.get(spec.summary, f'{spec.summary}()')}"


def in_order(recipe: Recipe, spec: ChartSpec) -> None:
    """A line runs from left to right."""
    if spec.kind in {"line", "area"} and spec.x is not None and not recipe.frame[spec.x].is_monotonic_increasing:
        _sort(recipe, spec.x)


def lift_at_gaps(recipe: Recipe, spec: ChartSpec, value: str) -> None:
    """A line over time stops where a step is missing, or where ten times the usual distance lies between two points."""
    data, x = recipe.frame, spec.x
    if spec.kind != "line" or x is None or value == x or not types.is_datetime64_any_dtype(data[x].dtype):
        return
    if not types.is_numeric_dtype(data[value].dtype):
        return
    groups = [column for column in spec.keys if column not in {x, value}]
    by = f".groupby([{', '.join(map(text, groups))}], dropna=False)" if groups else ""
    apart = recipe.value(f"{recipe.data}{by}[{text(x)}].diff()")
    usual: Any = apart[apart > pd.Timedelta(0)].median()
    pause = LENGTHS[spec.every] * 1.5 if spec.every != "none" else usual * PAUSE
    if not (apart > pause).any():
        return
    recipe.run(f'gap = {recipe.data}{by}[{text(x)}].diff() > pd.Timedelta("{pause.isoformat()}")')
    lifted = f'{recipe.data}[gap].assign(**{{{text(value)}: float("nan")}})'
    recipe.run(f'{recipe.data} = pd.concat([{lifted}, {recipe.data}]).sort_values({text(x)}, kind="stable")')


def _sort(recipe: Recipe, column: str) -> None:
    recipe.run(f'{recipe.data} = {recipe.data}.sort_values({text(column)}, kind="stable")')


def _change(recipe: Recipe, column: str, code: str) -> None:
    if code:
        place = f"{recipe.data}[{text(column)}]"
        recipe.run(f"{place} = {place}{code}")


def _is_text(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.StringDtype)


def _shown(column: str) -> str:
    # in a comment of the code a line break would end the comment
    return column if column.isprintable() else ascii(column)
