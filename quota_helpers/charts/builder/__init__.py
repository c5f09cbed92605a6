"""A chart of any DataFrame from a few choices, together with the code that makes it."""

from .build import BuiltChart, build_chart, chosen_spec
from .columns import check_columns, columns_of, values_of
from .defaults import default_spec, suited
from .recipe import check_name, name_of
from .spec import AGGREGATIONS, EVERY, KINDS, ChartSpec

__all__ = [
    "AGGREGATIONS",
    "EVERY",
    "KINDS",
    "BuiltChart",
    "ChartSpec",
    "build_chart",
    "check_columns",
    "check_name",
    "chosen_spec",
    "columns_of",
    "default_spec",
    "name_of",
    "suited",
    "values_of",
]
