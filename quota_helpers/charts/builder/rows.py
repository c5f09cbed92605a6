"""From a frame to the rows that are drawn: questions, filter, plain types, values that can be told apart, sums."""

from __future__ import annotations

import math
from datetime import UTC
from typing import Any, Final

import pandas as pd
from pandas.api import types

from ...errors import ChartError
from ...frames import micros
from ...periods import with_burn
from ...times import MISSING as NEVER
from ..style import plain
from ..wall_time import wall_time
from .columns import CALENDAR, RATES, WEEKDAYS, flat, questions_of, time_of
from .spec import ChartSpec

MISSING: Final = "(missing)"
OTHER: Final = "(other)"
MOST_COLORS: Final = 20  # more cannot be told apart, and every one is a trace of its own
MOST_FACETS: Final = 12
MOST_BOXES: Final = 40  # the browser works out every box, and every curve of a violin, by itself
MOST_CELLS: Final = 100  # along each side of a heatmap
FILTER_HINT: Final = "Write for example: number < 20 and name == 'text'; column names with blanks stand in `...`."
LENGTHS: Final = {"hour": pd.Timedelta(hours=1), "day": pd.Timedelta(days=1), "week": pd.Timedelta(days=7)}
TIME_CLASSES: Final = ("1s", "10s", "1min", "5min", "15min", "1h", "3h", "6h", "12h", "1D", "7D", "28D")
PAUSE: Final = 10  # so many times the usual distance is a gap in a line


def chart_rows(frame: pd.DataFrame, **choices: Any) -> pd.DataFrame:
    """The rows of a chart as plotly draws them well, by the choices of `ChartSpec`.

    Those that pass the filter; times without their zone, durations in hours, what is neither time nor number as text.
    An x that is a time is rounded down to its step. Where there are more colours, facets, boxes or cells than can be
    told apart, the rarest names become one, and numbers and times are rounded down to a round step. Then the rows with
    the same x, colour and facet are one, as the aggregation says; what is still too many for a browser is sampled.

    Returns:
        A row for each mark; of a heatmap a row for each y and a column for each x. Its `attrs` say what was done:
        "value" (the column that is drawn), "labels" (column -> what the axes call it), "orders" (column -> its values
        as they are drawn) and "notes".

    Raises:
        ChartError: The filter cannot be used or passes nothing, or there is nothing to sum up.

    >>> rows = chart_rows(pd.DataFrame({"k": ["a", "a", None], "v": [1, 5, 2]}), x="k", y="v", aggregation="max")
    >>> rows.to_numpy().tolist(), rows.attrs["labels"]
    ([['(missing)', 2], ['a', 5]], {'v': 'max of v'})
    """
    spec = ChartSpec(**choices)
    rows = _Rows(frame, spec)
    rows.ask()
    rows.filter()
    if spec.summary == "none":
        rows.sample()  # first, so that nothing is worked out for rows that are not drawn
    rows.make_plain()
    rows.keep_few()
    rows.count_unplaced()
    value = rows.summarize()
    if spec.kind != "heatmap":
        rows.sample()
    if spec.kind in {"line", "area"} and spec.x is not None:  # a line runs from left to right
        rows.sort(spec.x)
    rows.data.attrs = {"value": value, "labels": rows.labels, "orders": rows.orders, "notes": rows.notes}
    return rows.data


def lifted(data: pd.DataFrame, x: str, y: str, *, by: list[str], every: str = "none") -> pd.DataFrame:
    """The rows of lines over time with an unknown value wherever the pen is lifted.

    That is where a step is missing, or where ten times the usual distance lies between two points.

    Args:
        data: Rows in the order of *x*.
        x: Column of times.
        y: Column of numbers.
        by: Columns that tell the lines apart.
        every: The step of the times.
    """
    apart = data.groupby(by, dropna=False)[x].diff() if by else data[x].diff()
    usual: Any = apart[apart > pd.Timedelta(0)].median()
    gaps = data[apart > (LENGTHS[every] * 1.5 if every in LENGTHS else usual * PAUSE)]
    if gaps.empty:
        return data
    return pd.concat([gaps.assign(**{y: math.nan}), data]).sort_values(x, kind="stable")


def is_time(values: pd.Series) -> bool:
    """Whether a column holds times."""
    return bool(types.is_datetime64_any_dtype(values.dtype))


class _Rows:
    """The rows on their way."""

    def __init__(self, frame: pd.DataFrame, spec: ChartSpec) -> None:
        self.data, self.spec = flat(frame), spec
        self.labels: dict[str, str] = {}
        self.orders: dict[str, list[str]] = {}
        self.notes: list[str] = []
        self.weighed = False

    def called(self, column: str | None) -> str:
        return self.labels.get(str(column), str(column))

    def change(self, column: str, values: pd.Series) -> None:
        self.data = self.data.assign(**{column: values})

    def sort(self, column: str) -> None:
        if not self.data[column].is_monotonic_increasing:
            self.data = self.data.sort_values(column, kind="stable")

    def ask(self) -> None:
        """Add the questions that are asked as columns."""
        table, columns = self.data, (*self.spec.columns, self.spec.filter)
        asked = [name for name in questions_of(table) if any(name in column for column in columns)]
        if set(asked) & set(RATES):
            self.data = with_burn(table)
            self.labels |= {name: f"{name} (points)" for name in RATES}
        for name in CALENDAR:
            if name in asked:
                times = table[time_of(table)].dt
                self.change(name, times.day_name() if name == "weekday" else times.hour)
                self.labels |= {name: f"{name} ({times.tz})"} if times.tz else {}
        self.orders |= {"weekday": list(WEEKDAYS)} if "weekday" in asked else {}

    def filter(self) -> None:
        condition = self.spec.filter.strip()
        if not condition:
            return
        try:
            # The same on every machine, with numexpr and without; nothing but the frame's columns is known to it.
            passes = self.data.eval(condition, engine="python", local_dict={}, global_dict={})
        except Exception as exc:
            said = (str(exc).strip() or "no reason was given").splitlines()[0][:300]
            hint = " Only the frame's columns are known here: write other values out." if "@" in condition else ""
            problem = f"The filter cannot be used. {type(exc).__name__}: {said}.{hint} {FILTER_HINT}"
            raise ChartError(problem) from exc
        if not (isinstance(passes, pd.Series) and types.is_bool_dtype(passes.dtype)):
            raise ChartError(f"The filter is not true or false for each row. {FILTER_HINT}")
        count, self.data = len(self.data), self.data.loc[passes]
        if count and self.data.empty:
            raise ChartError("No row passes the filter.")

    def sample(self) -> None:
        room, count = self.spec.room, len(self.data)
        if count > room:
            self.notes.append(f"{room:,} of {count:,} rows, drawn at random: shapes hold, single peaks may be missing")
            few = self.data.reset_index(drop=True).sample(room, random_state=0)
            self.data = few.sort_index() if self.spec.kind in {"bar", "line", "area"} else few

    def make_plain(self) -> None:
        """Only the columns that are drawn, each in a type that plotly draws well; an x that is a time by its step."""
        spec, every = self.spec, self.spec.every
        known = {"points", "hours"} <= set(self.data.columns)
        self.weighed = known and spec.value in RATES and spec.summary == "mean"
        names = [*spec.columns, *(("points", "hours") if self.weighed else ())]
        self.data = self.data[list(dict.fromkeys(names))]
        many = {
            spec.facet: MOST_FACETS,
            None if spec.kind in {"heatmap", "scatter", "bar"} else spec.color: MOST_COLORS,
        }
        for column in spec.columns:
            stepped = column == spec.x and every != "none"
            if stepped and is_time(self.data[column]):
                self.sort(column)  # what was last in a step is what was last in time
            values, dtype = self.data[column], self.data[column].dtype
            if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
                self.orders[column] = [plain(str(value)) for value in dtype.categories]
            if types.is_timedelta64_dtype(dtype):
                self.labels[column] = f"{column} (hours)"
            values = _plain(values, number=column == spec.value and spec.kind != "histogram")
            if is_time(values):
                self.labels |= {column: f"{column} ({values.dt.tz})"} if values.dt.tz else {}
                values = _stepped(values, every if stepped else "none")
            if stepped and is_time(values):
                self.labels[column] = f"{self.called(column)}, by {every}"
            elif stepped:
                self.notes.append(f"{column} is no time, so that the step ({every}) does not apply")
            # A trace or a chart for each number, unless there are too many or some are missing.
            if column in many and (is_time(values) or values.hasnans or values.nunique() > many[column]):
                values = values.astype("str")
            self.change(column, _written(values) if _is_text(values) else values)

    def keep_few(self) -> None:
        """At most so many colours, facets, boxes and cells as can be told apart."""
        spec = self.spec
        places: dict[str | None, int] = {spec.color: MOST_COLORS, spec.facet: MOST_FACETS}
        if spec.kind == "heatmap":
            places = {spec.x: MOST_CELLS, spec.y: MOST_CELLS}
        elif spec.kind in {"box", "violin"} and spec.x != spec.y:
            places[spec.x] = MOST_BOXES
        for column, most in places.items():
            if column is None or (count := self.data[column].nunique()) <= most:
                continue
            values = self.data[column]
            if _is_text(values):
                self.notes.append(f"{column} has {count:,} values: the {most} most frequent, the others as {OTHER}")
                self.change(column, values.where(values.isin(values.value_counts().index[:most]), OTHER))
            elif column in {spec.x, spec.y}:
                classes, step = _classes(values, most)
                self.change(column, classes)
                self.labels[column] = f"{self.called(column)}, in steps of {step}"

    def count_unplaced(self) -> None:
        spec = self.spec
        for column in dict.fromkeys((spec.x, spec.y if spec.summary == "none" or spec.kind == "heatmap" else None)):
            if column in spec.columns and (count := int(self.data[column].isna().sum())):
                rows = "1 row has" if count == 1 else f"{count:,} rows have"
                self.notes.append(f"{rows} no {column} and cannot be drawn")

    def summarize(self) -> str:
        """Make one of the rows with the same keys; the name of the column that then holds the values."""
        spec = self.spec
        if spec.summary == "none":
            return str(spec.y)
        # Rows without an x are not drawn anyway, but those without a colour are.
        loose = spec.kind != "heatmap" and any(self.data[key].hasnans for key in spec.keys if key != spec.x)
        values = self._sums(self.data.groupby(list(spec.keys), dropna=not loose))
        target = spec.value or "rows"
        while target in spec.keys:
            target += " "
        if spec.kind == "heatmap":
            self.data = values.unstack()  # noqa: PD010 - a series has no pivot_table
            if self.data.empty:
                raise ChartError("There is no row to draw with both an x and a y.")
            for axis, key in enumerate(spec.keys):
                if order := self.orders.get(key):
                    there = list(self.data.axes[axis])
                    others = [name for name in there if name not in order]
                    self.data = self.data.reindex([name for name in order if name in there] + others, axis=axis)
        else:
            self.data = values.reset_index(name=target)
        self.labels[target] = f"{spec.summary} of {self.called(spec.value)}" if spec.value else target
        return target

    def _sums(self, groups: Any) -> pd.Series:
        spec = self.spec
        if spec.value is None:
            return groups.size()
        if self.weighed:  # each reading weighs as much as its hours
            sums = groups[["points", "hours"]].sum()
            return sums["points"] / sums["hours"] * RATES[spec.value]
        if spec.summary in {"mean", "median", "sum"} and len(self.data) and not holds_numbers(self.data[spec.value]):
            raise ChartError(
                f"{spec.summary} needs numbers, which {spec.value!r} does not hold. Choose count, or another column."
            )
        # Of values that are all unknown the sum is unknown as well, not 0.
        return groups[spec.value].agg(spec.summary, **{"min_count": 1} if spec.summary == "sum" else {})


def holds_numbers(values: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return bool(types.is_numeric_dtype(values.dtype))


def _is_text(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.StringDtype)


def _plain(values: pd.Series, *, number: bool) -> pd.Series:
    """Times and numbers as they are, durations in hours, all else as text unless it is a *number* to be drawn."""
    dtype: Any = values.dtype
    if is_time(values):
        return values
    if types.is_timedelta64_dtype(dtype):
        return values.dt.total_seconds() / 3600
    counts = dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype
    named = counts is not dtype or types.is_bool_dtype(dtype)
    if types.is_numeric_dtype(counts) and not types.is_complex_dtype(dtype) and (number or not named):
        return values.astype("float64") if named or types.is_extension_array_dtype(dtype) else values
    inferred = types.infer_dtype(values, skipna=True) if types.is_object_dtype(dtype) else ""
    if inferred in {"integer", "floating", "mixed-integer-float", "decimal"} or (number and inferred == "boolean"):
        return values.astype("float64")
    return values.astype("datetime64[us]" if inferred in {"datetime64", "date"} else "str")


def _written(values: pd.Series) -> pd.Series:
    """Texts without gaps, and without what plotly would read as markup."""
    values = values.fillna(MISSING)
    return values.map(plain) if values.str.contains("[<&]").any() else values


def _stepped(values: pd.Series, every: str) -> pd.Series:
    """Times as they read in their zone (plotly takes many times longer for those with one), rounded down."""
    local = values.dt.tz_localize(None)
    if every == "week":
        return local.dt.to_period("W").dt.start_time
    stepped = local if every == "none" else local.dt.floor("D" if every == "day" else "h")
    if every == "day" or values.dt.tz in {None, UTC}:
        return stepped
    # An hour that comes twice when the clock goes back is two.
    numbers = micros(values - (local - stepped))
    known = numbers != NEVER
    numbers[known] = wall_time(numbers[known], values.dt.tz)
    return pd.Series(numbers.view("M8[us]"), values.index)


def _classes(values: pd.Series, most: int) -> tuple[pd.Series, str]:
    """The values rounded down to round steps, of which there are at most *most*, and the step in words."""
    if is_time(values):
        span = values.max() - values.min()
        days = math.ceil(span / pd.Timedelta(days=1) / (most - 1))
        step = next((step for step in TIME_CLASSES if span / pd.Timedelta(step) <= most - 1), f"{days}D")
        return values.dt.floor(step), step.removeprefix("1")
    finite = values[values.abs() < math.inf]
    least = (float(finite.max()) - float(finite.min())) / (most - 1)
    power = 10.0 ** math.floor(math.log10(least))
    width = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    if width >= 1:
        return values // width * width, f"{width:.0f}"
    # 0.3 // 0.1 is 2: what is a step is rounded before it is rounded down
    return ((values / width).round(6) // 1 * width).round(math.ceil(-math.log10(width))), f"{width:g}"
