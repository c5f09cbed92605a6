"""The panel's controls, all of kinds that keep their keys in JupyterLab (drop-downs lose theirs to command mode)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import ipywidgets
import traitlets

from ..outlook.bars import WINDOW_ORDER
from ..times import zone_names

AUTO_MINUTES: Final = (0, 1, 5, 15)


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


class Controls:
    """Everything else that can be pressed, and the row it stands in.

    Attributes:
        show: left or used.
        chart: Which chart.
        zone: Time zone by name; what is typed counts when Enter is pressed.
        auto: Minutes between two refreshes, 0 for off.
        keep: Whether readings are kept.
        refresh: The button.
        status: Progress, or what was just done.
        row: All of them but button and status.
    """

    def __init__(self, *, show: str, tz: str, can_keep: bool, keep: bool) -> None:
        self.show = ipywidgets.ToggleButtons(
            options=["left", "used"], value=show, description="Show", tooltips=["what is left", "what is used"]
        )
        self.chart = ipywidgets.ToggleButtons(
            options=["windows", "resets"],
            description="Chart",
            tooltips=["a bar for every window", "who gets what back, and when"],
        )
        self.auto = ipywidgets.ToggleButtons(
            options=[("off" if not minutes else f"{minutes} min", minutes) for minutes in AUTO_MINUTES],
            description="Auto refresh",
        )
        self.zone = ipywidgets.Combobox(
            value=tz, options=zone_names(), description="Time zone", continuous_update=False, placeholder="type to find"
        )
        self.zone.add_class("qp-zone")
        self.keep = ipywidgets.Checkbox(value=keep, description="keep history", indent=False)
        self.refresh = ipywidgets.Button(
            description="Refresh", icon="refresh", tooltip="ask the server again for every account"
        )
        self.status = ipywidgets.HTML()
        self.row = ipywidgets.HBox([self.show, self.chart, self.auto, self.zone, *([self.keep] if can_keep else [])])
        self.row.add_class("qp-row")


def window_order(names: set[str]) -> tuple[str, ...]:
    """Short windows first, unusual ones last."""
    known = [name for name in WINDOW_ORDER if name in names]
    return (*known, *sorted(names.difference(known)))


def known_only(chosen: tuple[str, ...], known: tuple[str, ...], what: str) -> tuple[str, ...]:
    """The chosen names in the order of the known ones.

    Raises:
        TraitError: One of them is not known.
    """
    if strange := [name for name in chosen if name not in known]:
        raise traitlets.TraitError(f"no {what} {strange[0]!r}; there are: {', '.join(known) or 'none'}")
    return tuple(name for name in known if name in chosen)
