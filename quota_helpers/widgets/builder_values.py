"""Some of the values of a column: typed or chosen one after the other, each a button that takes it away again."""

from __future__ import annotations

from typing import Any

import ipywidgets
import traitlets


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
        chip.on_click(lambda _: self.take_away(label))
        return chip

    def take_away(self, label: str) -> None:
        """Pick this one no longer."""
        self.picked = tuple(other for other in self.picked if other != label)

    def _add(self, change: Any) -> None:
        label = change["new"] if change["new"] in self.labels else change["new"].strip()
        if label in self.labels:
            self._field.value = ""
            self.picked = (*self.picked, *({label} - set(self.picked)))
