"""A chart of any DataFrame from a few choices, together with the code that makes it."""

from .build import Chart, build_chart
from .columns import check_columns, columns_of, values_of
from .defaults import default_spec
from .recipe import check_name
from .spec import AGGREGATIONS, EVERY, KINDS, ChartError, ChartSpec

__all__ = [
    "AGGREGATIONS",
    "EVERY",
    "KINDS",
    "Chart",
    "ChartError",
    "ChartSpec",
    "build_chart",
    "check_columns",
    "check_name",
    "columns_of",
    "default_spec",
    "values_of",
]
