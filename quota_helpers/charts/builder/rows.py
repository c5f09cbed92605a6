"""From the frame to the rows that are drawn: names, questions, filter, plain types, fewer values, fewer rows, sums."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd
from pandas.api import types

from ...errors import ChartError
from ..style import plain
from .columns import CALENDAR, JOINT, RATES, WEEKDAYS, flat, literal, questions_of, text, time_of
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


def choose_rows(recipe: Recipe, spec: ChartSpec) -> None:
    """The rows that pass the filters, with the columns that are drawn."""
    count = len(recipe.frame)
    _name_columns(recipe, spec)
    if condition := spec.filter.strip():
        _filter(recipe, condition)
    if spec.only_column is not None and spec.only_values:
        recipe.take(f"{recipe.rows}[{_is_one_of(recipe.rows, spec.only_column, spec.only_values)}]")
    weighed = spec.value in RATES and spec.summary == "mean" and {"points", "hours"} <= set(recipe.frame.columns)
    columns = [column for column in spec.columns if not (weighed and column == spec.value)]
    columns = [*dict.fromkeys([*columns, *(("points", "hours") if weighed else ())])]
    recipe.take(f"{recipe.rows}[[{', '.join(map(text, columns))}]]")
    if count and not len(recipe.frame):
        raise ChartError("No row passes the filter.")


def _name_columns(recipe: Recipe, spec: ChartSpec) -> None:
    """Names as text, index levels as columns, and the questions that are asked."""
    frame, code = recipe.frame, recipe.rows
    table = flat(frame)
    wanted = {*spec.columns, spec.only_column}
    asked = {question for question in questions_of(table) if question in wanted or question in spec.filter}
    time = time_of(table) if asked & set(CALENDAR) else None
    if frame.columns.nlevels > 1:
        code += f'.set_axis(["{JOINT}".join(map(str, name)) for name in {code}.columns], axis=1)'
    elif not all(isinstance(column, str) for column in frame.columns):
        code += f".set_axis([str(name) for name in {code}.columns], axis=1)"
    levels = list(table.columns[frame.shape[1] :])
    if {*wanted, time} & set(levels):
        code += f".reset_index(names=[{', '.join(map(text, levels))}])"
    if asked & set(RATES):
        code = f"with_burn({code})"
    if code != recipe.rows:
        recipe.take(code)
    for question in (question for question in CALENDAR if question in asked):
        recipe.take(f"{recipe.rows}.assign({question}={recipe.rows}[{text(str(time))}].{CALENDAR[question]})")
        zone = getattr(recipe.frame[time].dt, "tz", None)
        recipe.labels[question] = f"{question} ({zone})" if zone else question
    recipe.orders |= {"weekday": list(WEEKDAYS)} if "weekday" in asked else {}
    recipe.labels |= {rate: f"{rate} (points)" for rate in RATES if rate in asked}


def _filter(recipe: Recipe, condition: str) -> None:
    # `engine="python"`: the same on every machine, with numexpr and without.
    arguments = f'({text(condition)}, engine="python")'
    try:
        answer = recipe.value(f"{recipe.rows}.eval{arguments}")
    except ChartError as exc:
        hint = " Only the frame's columns are known here: write other values out." if "@" in condition else ""
        raise ChartError(f"The filter cannot be used. {exc}.{hint} {FILTER_HINT}") from exc
    if not (isinstance(answer, pd.Series) and types.is_bool_dtype(answer.dtype)):
        raise ChartError(f"The filter is not true or false for each row. {FILTER_HINT}")
    recipe.take(f"{recipe.rows}.query{arguments}")


def _is_one_of(start: str, column: str, values: tuple[object, ...]) -> str:
    place = f"{start}[{text(column)}]"
    known = [literal(value) for value in values if not (types.is_scalar(value) and pd.isna(value))]
    tests = [f"{place}.isin([{', '.join(known)}])"] if known else []
    return " | ".join(tests if len(known) == len(values) else [*tests, f"{place}.isna()"])


def plain_types(recipe: Recipe, spec: ChartSpec) -> None:
    """Types that plotly draws well: times without a zone, durations in hours, numbers as such, everything else text."""
    apart = {spec.facet: MOST_FACETS, None if spec.kind in {"heatmap", "scatter", "bar"} else spec.color: MOST_COLORS}
    for column in (column for column in spec.columns if column in recipe.frame):
        number = column == spec.value and spec.kind != "histogram"
        if column == spec.x and spec.every == "hour":
            _mark_repeated_hour(recipe, column)
        recipe.change(column, _plain(recipe, column, recipe.frame[column], number=number))
        values = recipe.frame[column]
        # A trace or a chart for each number, unless there are too many or some are missing.
        if column in apart and not _is_text(values):
            many = _is_time(values) or values.hasnans or values.nunique() > apart[column]
            recipe.change(column, '.astype("str")' if many else "")
        if _is_text(values := recipe.frame[column]):
            recipe.change(column, f'.fillna("{MISSING}")' if values.hasnans else "")
            # Plotly would read these as markup.
            recipe.change(column, ".map(plain)" if values.str.contains("[<&]").any() else "")


def _plain(recipe: Recipe, column: str, values: pd.Series, *, number: bool) -> str:  # noqa: PLR0911, C901 - one per type
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        if number and types.is_numeric_dtype(dtype.categories.dtype):
            return '.astype("float64")'
        if dtype.ordered:
            recipe.orders[column] = [plain(str(value)) for value in dtype.categories]
        return '.astype("str")'
    if _is_time(values):
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
    return "" if dtype == "str" else '.astype("str")'


def _mark_repeated_hour(recipe: Recipe, column: str) -> None:
    """Where the clock goes back an hour comes twice: without its zone the second would be one with the first."""
    place = f"{recipe.data}[{text(column)}]"
    twice = f"({place} - pd.Timedelta(hours=1)).dt.tz_localize(None) == {place}.dt.tz_localize(None)"
    if isinstance(recipe.frame[column].dtype, pd.DatetimeTZDtype) and recipe.value(twice).any():
        recipe.take(f"{recipe.data}.reset_index(drop=True)")
        recipe.note("an hour comes twice: it is drawn in two halves")
        recipe.run(f"again = {twice}")


def step_times(recipe: Recipe, spec: ChartSpec) -> None:
    """Round an x that is a time down to hours, days or weeks."""
    if spec.every == "none" or spec.x is None:
        return
    if not _is_time(recipe.frame[spec.x]):
        recipe.notes.append(f"{_shown(spec.x)} is no time, so that the step ({spec.every}) does not apply")
        return
    if spec.summary == "last":
        _sort(recipe, spec.x)
    recipe.change(spec.x, STEPS[spec.every])
    if recipe.has("again"):
        recipe.change(spec.x, ".mask(again, lambda hour: hour + pd.Timedelta(minutes=30))")
    recipe.labels[spec.x] = f"{recipe.called(spec.x)}, by {spec.every}"


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
            recipe.change(column, f'.where({place}.isin(top), "{OTHER}")')
        elif column in {spec.x, spec.y}:
            code, step = _classes(place, recipe.frame[column], most)
            recipe.run(f"{place} = {code}")
            recipe.labels[column] = f"{recipe.called(column)}, in steps of {step}"


def _classes(place: str, values: pd.Series, most: int) -> tuple[str, str]:
    """Code that rounds down to steps of which there are at most *most*, and the step in words."""
    if _is_time(values):
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
        recipe.take(f"{recipe.rows}.reset_index(drop=True).sample({spec.room}, random_state=0){order}")


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
            there = list(getattr(recipe.value("table"), axis))
            if order := [name for name in recipe.orders.get(str(key), ()) if name in there]:
                order += [name for name in there if name not in order]
                recipe.run(f"table = table.reindex({axis}=[{', '.join(map(text, order))}])")
    else:
        recipe.take(f"{groups}.reset_index(name={text(target)})")
        recipe.labels[target] = f"{spec.summary} of {recipe.called(spec.value)}" if spec.value else target
    return target


def _call(recipe: Recipe, spec: ChartSpec) -> str:
    if spec.value is None:
        return ".size()"
    if spec.value in RATES and spec.value not in recipe.frame:  # each reading weighs as much as its hours
        return f'[["points", "hours"]].sum().eval("{RATES[spec.value]}", engine="python")'
    values = recipe.frame[spec.value]
    if spec.summary in {"mean", "median", "sum"} and not types.is_numeric_dtype(values.dtype) and len(values):
        raise ChartError(
            f"{spec.summary} needs numbers, which {spec.value!r} does not hold. Choose count, or another column."
        )
    # Of values that are all unknown the sum is unknown as well, not 0.
    return f"[{text(spec.value)}].{spec.summary}({'min_count=1' if spec.summary == 'sum' else ''})"


def in_order(recipe: Recipe, spec: ChartSpec) -> None:
    """A line runs from left to right."""
    if spec.kind in {"line", "area"} and spec.x is not None and not recipe.frame[spec.x].is_monotonic_increasing:
        _sort(recipe, spec.x)


def lift_at_gaps(recipe: Recipe, spec: ChartSpec, value: str) -> None:
    """A line over time stops where a step is missing, or where ten times the usual distance lies between two points."""
    data, x = recipe.frame, spec.x
    if spec.kind != "line" or x is None or value == x or not _is_time(data[x]):
        return
    if not types.is_numeric_dtype(data[value].dtype):
        return
    groups = [column for column in spec.keys if column not in {x, value}]
    by = f".groupby([{', '.join(map(text, groups))}], dropna=False)" if groups else ""
    distance = f"{recipe.data}{by}[{text(x)}].diff()"
    apart = recipe.value(distance)
    usual: Any = apart[apart > pd.Timedelta(0)].median()
    pause = LENGTHS[spec.every] * 1.5 if spec.every != "none" else usual * PAUSE
    if (apart > pause).any():
        recipe.run(f'gap = {distance} > pd.Timedelta("{pause.isoformat()}")')
        lifted = f'{recipe.data}[gap].assign(**{{{text(value)}: float("nan")}})'
        recipe.take(f'pd.concat([{lifted}, {recipe.data}]).sort_values({text(x)}, kind="stable")')


def _sort(recipe: Recipe, column: str) -> None:
    recipe.take(f'{recipe.rows}.sort_values({text(column)}, kind="stable")')


def _is_text(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.StringDtype)


def _is_time(values: pd.Series) -> bool:
    return bool(types.is_datetime64_any_dtype(values.dtype))


def _shown(column: str) -> str:
    # in a comment of the code a line break would end the comment
    return column if column.isprintable() else ascii(column)
