"""The builder's controls, all of kinds that keep their keys in JupyterLab (drop-downs lose theirs to command mode)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import ipywidgets
import pandas as pd
import traitlets

from ..charts.builder import AGGREGATIONS, EVERY, KINDS, ChartSpec, columns_of, values_of
from ..errors import ChartError
from ..labels import numbered
from ..privacy import mask_identity, printable

ROLES: Final = {"x": "x", "y": "y", "color": "Colour", "facet": "Facet", "only_column": "Only"}
WORDS: Final = ("kind", "aggregation", "every", "filter")


class ValuePicker(ipywidgets.HBox):  # type: ignore[misc]  # ipywidgets has no types
    """A field that offers labels, and a button for each that was picked.

    `ipywidgets.TagsInput` would be the same in one piece, but leaves what was typed where Enter closes its list.

    Attributes:
        labels: What can be picked.
        picked: What is picked, in the order of picking.
    """

    labels = traitlets.Tuple()
    picked = traitlets.Tuple()

    def __init__(self) -> None:
        self._field = ipywidgets.Combobox(description="is", continuous_update=False)
        self._field.observe(self._add, "value")
        super().__init__([self._field])
        self._offer()
        self.add_class("qb-values")

    @traitlets.observe("labels")
    def _offer(self, _: object = None) -> None:
        self._field.options = list(self.labels)
        self._field.disabled = not self.labels
        self._field.placeholder = "any value" if self.labels else "first choose a column"

    @traitlets.observe("picked")
    def _show(self, _: object) -> None:
        self.children = (self._field, *map(self._chip, self.picked))

    def _chip(self, label: str) -> ipywidgets.Button:
        chip = ipywidgets.Button(description=f"{label} ✕", tooltip=f"do not pick {label}")
        chip.on_click(lambda _: self.set_trait("picked", tuple(other for other in self.picked if other != label)))
        return chip

    def _add(self, change: Any) -> None:
        label = change["new"] if change["new"] in self.labels else change["new"].strip()
        if label in self.labels:
            self._field.value = ""
            self.picked = (*self.picked, *({label} - set(self.picked)))


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
        self._names = dict(zip(labels, names, strict=True))
        self._labels = dict(zip(names, labels, strict=True))
        self._values: dict[str, Any] = {}
        # `ensure_option` would drop what is no column without a word.
        typed: dict[str, Any] = {"continuous_update": False, "placeholder": "none", "options": labels}
        self.columns = {role: ipywidgets.Combobox(description=words, **typed) for role, words in ROLES.items()}
        self.kind = ipywidgets.ToggleButtons(options=KINDS, description="Kind")
        self.aggregation = ipywidgets.ToggleButtons(options=AGGREGATIONS, description="Summary")
        self.every = ipywidgets.ToggleButtons(options=EVERY, description="Step")
        hint = 'a condition, such as: number < 20 and name == "text"'
        self.filter = ipywidgets.Text(description="Filter", continuous_update=False, placeholder=hint)
        self.only_values = ValuePicker()
        *columns, only = self.columns.values()
        for control in (*columns, self.kind, self.aggregation, self.every, self.filter):
            control.observe(self._tell, "value")
        self.only_values.observe(self._tell, "picked")
        only.observe(self._offer_values, "value")
        self.filter.add_class("qb-filter")
        picking = ipywidgets.HBox([only, self.only_values]).add_class("qb-only")
        parts = (columns, [self.kind], [self.aggregation, self.every], [self.filter, picking])
        self.rows = tuple(ipywidgets.HBox(part).add_class("qb-row") for part in parts)
        self.rows[0].add_class("qb-columns")

    def read(self) -> ChartSpec:
        """The choices as they stand, whether they make a chart or not."""
        chosen: dict[str, Any] = {role: self._chosen(control) for role, control in self.columns.items()}
        chosen |= {name: getattr(self, name).value for name in WORDS}
        return ChartSpec(**chosen, only_values=tuple(self._values[label] for label in self.only_values.picked))

    def show(self, spec: ChartSpec) -> None:
        """Move every control to where the choices are, without telling anybody."""
        with self._quietly():
            for role, control in self.columns.items():
                column = getattr(spec, role)
                if self._chosen(control) != column:
                    control.value = "" if column is None else self._labels.get(column, column)
            for name in WORDS:
                getattr(self, name).value = getattr(spec, name)
            self._load_values()
            called = {_identity(value): label for label, value in self._values.items()}
            for value in spec.only_values:
                if _identity(value) not in called:  # rare values are not offered, but can be set from Python
                    called[_identity(value)] = mask_identity(str(value))
                    self._values[called[_identity(value)]] = value
            self.only_values.labels = tuple(self._values)
            self.only_values.picked = tuple(called[_identity(value)] for value in spec.only_values)

    def _chosen(self, control: ipywidgets.Combobox) -> str | None:
        typed = control.value.strip()
        empty = None if typed.casefold() in {"", "none"} else typed
        return self._names.get(control.value, self._names.get(typed, empty))

    def _offer_values(self, _: object) -> None:
        if not self._quiet:
            with self._quietly():
                self.only_values.picked = ()
                self._load_values()
            self._changed()

    def _load_values(self) -> None:
        column = self._chosen(self.columns["only_column"])
        try:
            values = {} if column is None else values_of(self._frame, column)
        except ChartError:
            values = {}  # the name is not there; drawing says so
        self._values = dict(zip(numbered([mask_identity(name) for name in values]), values.values(), strict=True))
        self.only_values.labels = tuple(self._values)

    def _tell(self, _: object) -> None:
        if not self._quiet:
            self._changed()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False


def _identity(value: object) -> tuple[str, str]:
    # 1, 1.0 and True are equal, and a missing value does not equal itself
    missing = value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))
    return ("", "") if missing else (type(value).__name__, str(value))
