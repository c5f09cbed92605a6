"""A chart of any DataFrame from a few choices, together with the code that makes it."""

from .build import PLOTLY, BuiltChart, build_chart
from .columns import check_columns, columns_of, default_spec, suited, values_of
from .recipe import check_name, name_of
from .spec import AGGREGATIONS, EVERY, KINDS, ChartSpec

__all__ = [
    "AGGREGATIONS",
    "EVERY",
    "KINDS",
    "PLOTLY",
    "BuiltChart",
    "ChartSpec",
    "build_chart",
    "check_columns",
    "check_name",
    "columns_of",
    "default_spec",
    "name_of",
    "suited",
    "values_of",
]
