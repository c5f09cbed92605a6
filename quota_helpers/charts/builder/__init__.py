"""A chart of any DataFrame from a few choices, together with the code that makes it."""

from .build import PLOTLY, BuiltChart, build_chart, check_name, name_of
from .columns import check_columns, columns_of, default_spec, suited
from .rows import chart_rows, lifted
from .spec import AGGREGATIONS, EVERY, KINDS, ChartSpec

__all__ = [
    "AGGREGATIONS",
    "EVERY",
    "KINDS",
    "PLOTLY",
    "BuiltChart",
    "ChartSpec",
    "build_chart",
    "chart_rows",
    "check_columns",
    "check_name",
    "columns_of",
    "default_spec",
    "lifted",
    "name_of",
    "suited",
]
