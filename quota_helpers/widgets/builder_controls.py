"""The builder's controls, all of kinds that keep their keys in JupyterLab (drop-downs lose theirs to command mode)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import ipywidgets
import pandas as pd

from ..charts.builder import AGGREGATIONS, EVERY, KINDS, ChartSpec, columns_of, values_of
from ..errors import ChartError
from ..labels import numbered
from ..privacy import mask_identity, printable
from .builder_values import ValuePicker

ROLES: Final = {"x": "x", "y": "y", "color": "Colour", "facet": "Facet"}


class BuilderControls:
    """A control for each choice; what is typed counts when Enter is pressed, or the field is left.

    Args:
        frame: The DataFrame to choose from.
        changed: Called when somebody changed something.
    """

    def __init__(self, frame: pd.DataFrame, changed: Callable[[], None]) -> None:
        self._frame = frame
        self._changed = changed
        self._quiet = False
        names = columns_of(frame)
        labels = numbered([printable(mask_identity(name) or "(no name)") for name in names])
        self._columns = dict(zip(labels, names, strict=True))
        self._labels = dict(zip(names, labels, strict=True))
        self._values: dict[str, Any] = {}
        self._most_rows: int | None = None
        self.columns = {role: self._column(words) for role, words in ROLES.items()}
        self.kind = ipywidgets.ToggleButtons(options=KINDS, description="Kind")
        self.aggregation = ipywidgets.ToggleButtons(options=AGGREGATIONS, description="Summary")
        self.every = ipywidgets.ToggleButtons(options=EVERY, description="Step")
        self.filter = ipywidgets.Text(
            description="Filter",
            continuous_update=False,
            placeholder='a condition, such as: number < 20 and name == "text"',
        )
        self.only_column = self._column("Only")
        self.only_values = ValuePicker()
        self.filter.add_class("qb-filter")
        for control in (*self.columns.values(), self.kind, self.aggregation, self.every, self.filter):
            control.observe(self._tell, "value")
        self.only_values.observe(self._tell, "picked")
        self.only_column.observe(self._offer_values, "value")
        only = ipywidgets.HBox([self.only_column, self.only_values])
        only.add_class("qb-only")
        rows = (
            ipywidgets.HBox(list(self.columns.values())),
            ipywidgets.HBox([self.kind]),
            ipywidgets.HBox([self.aggregation, self.every]),
            ipywidgets.HBox([self.filter, only]),
        )
        for row in rows:
            row.add_class("qb-row")
        rows[0].add_class("qb-columns")
        self.rows = rows

    def read(self) -> ChartSpec:
        """The choices as they stand, whether they make a chart or not."""
        return ChartSpec(
            **{role: self._chosen(control) for role, control in self.columns.items()},
            kind=self.kind.value,
            aggregation=self.aggregation.value,
            every=self.every.value,
            filter=self.filter.value,
            only_column=self._chosen(self.only_column),
            only_values=tuple(self._values[label] for label in self.only_values.picked),
            most_rows=self._most_rows,
        )

    def show(self, spec: ChartSpec) -> None:
        """Move every control to where the choices are, without telling anybody."""
        self._quiet = True
        try:
            for role, control in self.columns.items():
                self._put(control, getattr(spec, role))
            self.kind.value, self.aggregation.value, self.every.value = spec.kind, spec.aggregation, spec.every
            self.filter.value = spec.filter
            self._most_rows = spec.most_rows
            self._put(self.only_column, spec.only_column)
            self._load_values()
            called = {_identity(value): label for label, value in self._values.items()}
            for value in spec.only_values:
                if _identity(value) not in called:  # rare values are not offered, but can be set from Python
                    called[_identity(value)] = mask_identity(str(value))
                    self._values[called[_identity(value)]] = value
            self.only_values.labels = tuple(self._values)
            self.only_values.picked = tuple(called[_identity(value)] for value in spec.only_values)
        finally:
            self._quiet = False

    def _column(self, description: str) -> ipywidgets.Combobox:
        # `ensure_option` would drop what is no column without a word.
        return ipywidgets.Combobox(
            options=list(self._columns), description=description, continuous_update=False, placeholder="none"
        )

    def _chosen(self, control: ipywidgets.Combobox) -> str | None:
        typed = control.value.strip()
        empty = None if typed.casefold() in {"", "none"} else typed
        return self._columns.get(control.value, self._columns.get(typed, empty))

    def _put(self, control: ipywidgets.Combobox, column: str | None) -> None:
        label = "" if column is None else self._labels.get(column, column)
        if self._chosen(control) != column:
            control.value = label

    def _offer_values(self, _: object) -> None:
        if self._quiet:
            return
        self._quiet = True
        try:
            self.only_values.picked = ()
            self._load_values()
        finally:
            self._quiet = False
        self._changed()

    def _load_values(self) -> None:
        column = self._chosen(self.only_column)
        try:
            values = {} if column is None else values_of(self._frame, column)
        except ChartError:
            values = {}  # the name is not there; drawing says so
        self._values = dict(zip(numbered([mask_identity(name) for name in values]), values.values(), strict=True))
        self.only_values.labels = tuple(self._values)

    def _tell(self, _: object) -> None:
        if not self._quiet:
            self._changed()


def _identity(value: object) -> tuple[str, str]:
    # 1, 1.0 and True are equal, and a missing value does not equal itself
    missing = value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))
    return ("", "") if missing else (type(value).__name__, str(value))
