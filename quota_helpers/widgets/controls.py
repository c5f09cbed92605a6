"""The panel's controls, all of kinds that keep their keys in JupyterLab (drop-downs lose theirs to command mode)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import ipywidgets

from ..times import zone_names

AUTO_MINUTES: Final = (0, 1, 5, 15)
STYLE: Final = Path(__file__).with_name("panel.css")


class WindowPicker(ipywidgets.HBox):  # type: ignore[misc]  # ipywidgets has no types
    """A box to tick for every window that exists.

    Args:
        changed: Called with the ticked names when somebody ticked or unticked one.
    """

    def __init__(self, changed: Callable[[tuple[str, ...]], None]) -> None:
        super().__init__()
        self.add_class("qp-row")
        self._changed = changed
        self._boxes: dict[str, ipywidgets.Checkbox] = {}
        self._setting = False
        self._legend = ipywidgets.HTML("Windows")
        self._legend.add_class("qp-legend")

    @property
    def names(self) -> tuple[str, ...]:
        """The windows that are offered."""
        return tuple(self._boxes)

    def offer(self, names: Sequence[str], chosen: Sequence[str]) -> None:
        """Offer these windows, with those ticked."""
        self._setting = True
        try:
            if tuple(names) != self.names:
                self._boxes = {name: self._box(name) for name in names}
                self.children = (self._legend, *self._boxes.values())
            for name, box in self._boxes.items():
                box.value = name in chosen
        finally:
            self._setting = False

    def _box(self, name: str) -> ipywidgets.Checkbox:
        box = ipywidgets.Checkbox(description=name.replace("_", " "), indent=False)
        box.observe(self._tell, "value")
        return box

    def _tell(self, _: object) -> None:
        if not self._setting:
            self._changed(tuple(name for name, box in self._boxes.items() if box.value))


class Head:
    """What both panels have: left or used, the time zone, and the rest, which folds away.

    Attributes:
        show: left or used.
        zone: Time zone by name; what is typed counts when Enter is pressed.
        more: Whether the rest is unfolded.
        folded: The rest; invisible unless `more` says so.
    """

    def __init__(self, *, show: str, tz: str) -> None:
        self.show = ipywidgets.ToggleButtons(
            options=["left", "used"], value=show, tooltips=["what is left", "what is used"]
        )
        self.zone = ipywidgets.Combobox(
            value=tz, options=zone_names(), description="Time zone", continuous_update=False, placeholder="type to find"
        )
        self.zone.add_class("qp-zone")
        self.more = ipywidgets.ToggleButton(
            description="More", icon="caret-down", tooltip="windows, time zone, history ..."
        )
        self.folded = ipywidgets.VBox()
        self.folded.add_class("qp-folded")
        self.more.observe(self._fold, "value")
        self._fold(None)

    def _fold(self, _: object) -> None:
        self.folded.layout.display = None if self.more.value else "none"
        self.more.icon = "caret-up" if self.more.value else "caret-down"


def row(*parts: Any, name: str = "qp-row") -> ipywidgets.HBox:
    """Parts side by side, as many as there is room for in a line."""
    box = ipywidgets.HBox(parts)
    box.add_class(name)
    return box


def titled(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Values as options of a control, each shown with a capital."""
    return tuple((f"{value[:1].upper()}{value[1:]}", value) for value in values)


def style() -> ipywidgets.HTML:
    """The panels' style sheet; it takes no room."""
    sheet = ipywidgets.HTML(f"<style>{STYLE.read_text('utf-8')}</style>")
    sheet.layout.display = "none"
    return sheet
