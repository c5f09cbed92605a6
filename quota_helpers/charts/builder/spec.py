"""What is to be drawn: the choices, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from ...errors import ChartError

Kind = Literal["line", "scatter", "bar", "area", "histogram", "box", "violin", "heatmap"]
Aggregation = Literal["none", "mean", "median", "min", "max", "sum", "count", "last"]
Every = Literal["none", "hour", "day", "week"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
AGGREGATIONS: Final[tuple[Aggregation, ...]] = get_args(Aggregation)
EVERY: Final[tuple[Every, ...]] = get_args(Every)

MOST_ROWS: Final = 20_000  # drawn as they are; beyond, the browser takes more than a second
MOST_MARKS: Final = 5_000  # the same where a row costs more: a mark of its own, or a place in every stacked area
WHOLE: Final = frozenset({"histogram", "box", "violin"})  # these show all values and take no aggregation


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSpec:
    """The choices that make a chart of a DataFrame.

    Columns are named as `columns_of` lists them: the frame's own names (as text), and its index levels.

    Attributes:
        x: Column along the chart.
        y: Column up the chart.
        color: Column that the colours tell apart; in a heatmap the value of each cell.
        facet: Column that gives each of its values a chart of its own.
        kind: One of `KINDS`.
        aggregation: How the rows with the same x, colour and facet become one; "none" draws every row. "last" is the
            last known value in the frame's order (in the order of x where x is stepped). A histogram, a box and a
            violin show all values and take no aggregation; a heatmap needs one and takes the mean for "none".
        every: Step to which an x that is a time is rounded down; weeks begin on Monday.
        filter: A condition as `DataFrame.query` takes it, such as `remaining_percent < 20`. It is code of the person
            who types it and runs with that person's rights: do not take it from anywhere else.

    >>> ChartSpec(x="account", y="used_percent", kind="bar").y
    'used_percent'
    >>> ChartSpec(kind="pie")
    Traceback (most recent call last):
    quota_helpers.errors.ChartError: ...
    """

    x: str | None = None
    y: str | None = None
    color: str | None = None
    facet: str | None = None
    kind: Kind = "line"
    aggregation: Aggregation = "none"
    every: Every = "none"
    filter: str = ""

    def __post_init__(self) -> None:
        for role, allowed in (("kind", KINDS), ("aggregation", AGGREGATIONS), ("every", EVERY)):
            if getattr(self, role) not in allowed:
                raise ChartError(f"{role} must be one of {', '.join(allowed)}, not {getattr(self, role)!r}.")
        for role in ("x", "y", "color", "facet"):
            column = getattr(self, role)
            if not (column is None or isinstance(column, str)):
                raise ChartError(f"{role} must be a column's name as text, or None, not {column!r}.")
        if not isinstance(self.filter, str):
            raise ChartError(f"filter must be text, not {type(self.filter).__name__}.")

    @property
    def summary(self) -> Aggregation:
        """The aggregation that takes place: the one chosen, unless the kind of chart decides."""
        if self.kind in WHOLE:
            return "none"
        if self.kind == "heatmap" and self.aggregation == "none":
            return "mean" if self.color else "count"
        return self.aggregation

    @property
    def value(self) -> str | None:
        """The column whose values are drawn or summarized; None where rows are counted."""
        column = self.color if self.kind == "heatmap" else self.y
        return None if self.summary == "count" and column in self.keys else column

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that the rows are grouped by, each once."""
        found = (self.y, self.x) if self.kind == "heatmap" else (self.x, self.color, self.facet)
        return tuple(dict.fromkeys(column for column in found if column is not None))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are drawn, each once; a histogram has no y, a heatmap no facets."""
        y = None if self.kind == "histogram" else self.y
        facet = None if self.kind == "heatmap" else self.facet
        found = (self.x, y, self.color, facet)
        return tuple(dict.fromkeys(column for column in found if column is not None))

    @property
    def room(self) -> int:
        """How many rows are drawn at most; a frame with more is sampled, and the code says so."""
        return MOST_MARKS if self.kind in {"scatter", "bar", "area"} else MOST_ROWS

    def check(self) -> None:
        """Raise a `ChartError` that says what is still to be chosen, or what cannot go together."""
        named = f"{'An' if self.kind == 'area' else 'A'} {self.kind}"
        named += "" if self.kind in {"histogram", "heatmap"} else " chart"
        if self.kind in {"histogram", "heatmap"} and self.x is None:
            raise ChartError(f"{named} needs x.")
        if self.kind == "heatmap" and (self.y is None or self.y == self.x):
            raise ChartError(f"{named} needs y, another column than x.")
        if self.summary == "none":
            if self.kind != "histogram" and self.y is None:
                count = "" if self.kind in WHOLE else " To count rows choose count."
                raise ChartError(f"{named} needs y.{count}")
        elif not self.keys:
            raise ChartError(f"{self.summary} needs x, to know what to summarize by.")
        elif self.value is None and self.summary != "count":
            raise ChartError(f"{self.summary} needs y, the column to summarize.")
        elif self.value in self.keys:
            raise ChartError(
                f"The {self.summary} of {self.value!r} by itself says nothing. Choose another y, or count."
            )
