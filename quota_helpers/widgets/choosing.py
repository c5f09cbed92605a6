"""What both panels let a person choose: accounts, windows, left or used, the time zone; checked, and shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, ClassVar

import ipywidgets
import traitlets

from ..times import LOCAL
from .alerts import Alerts, guarded
from .controls import Head, WindowPicker, known_only, window_order
from .picker import AccountPicker
from .roster import Roster
from .twin import StaticTwin
from .zones import Zones


class Choosing(StaticTwin, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The attributes and controls that `QuotaPanel` and `HistoryPanel` share; each says what its own words mean.

    Args:
        invented: Whether what is shown is the demo's, which runs in UTC.
    """

    windows = traitlets.Tuple()
    show = traitlets.Enum(("left", "used"), default_value="left")
    more = traitlets.Bool(default_value=False)
    tz = traitlets.Unicode(LOCAL)

    accounts_trait: ClassVar[str]
    """Name of the attribute that holds the labels of the chosen accounts."""

    def __init__(self, *, invented: bool) -> None:
        super().__init__()
        self.add_class("quota-panel")
        self._zones = Zones("UTC" if invented else LOCAL)
        self._roster = Roster()
        self._keys: tuple[str, ...] = ()  # of the chosen accounts
        self._settled = False
        self.alerts = Alerts()
        self.picker = AccountPicker()
        self.window_picker = WindowPicker(lambda names: self.set_trait("windows", names))
        self.head = Head(show=self.show, tz=self.tz)

    @property
    def _zone(self) -> tzinfo:
        return self._zones[self.tz]

    def _wire_choices(self, pairs: Mapping[str, Any]) -> None:
        """Tie attributes to controls, these and the common ones."""
        for name, control in {"show": self.head.show, "more": self.head.more, **pairs}.items():
            traitlets.link((self, name), (control, "value"))
        self.picker.observe(self._on_chosen, "chosen")
        self.head.zone.observe(self._on_zone, "value")

    def _offer(self, roster: Roster, keys: Iterable[str], windows: set[str]) -> None:
        """Let the choice be among these from now on; whoever chose all windows has chosen what is new, too."""
        names = window_order(windows)
        chosen = names if self.windows == self.window_picker.names else self.windows
        self._settled = False
        try:
            self._roster = roster
            self.window_picker.offer(names, ())
            self.set_trait(self.accounts_trait, tuple(keys))
            self.windows = tuple(name for name in chosen if name in names)
        finally:
            self._settled = True

    def _move_choices(self, *, reveal: bool) -> None:
        """Let the controls say what is chosen."""
        labels = self._roster.labels(reveal=reveal)
        notes = [self._roster.notes.get(key, "") for key in labels]
        self.picker.offer(list(labels.values()), notes, [at for at, key in enumerate(labels) if key in self._keys])
        self.window_picker.offer(self.window_picker.names, self.windows)
        self.head.zone.value = self.tz

    def _check_accounts(self, proposal: Any) -> tuple[str, ...]:
        """Labels, full names or keys in; labels out, in the accounts' order."""
        try:
            self._keys = self._roster.chosen(proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error
        return self._roster.told(self._keys)

    @traitlets.validate("windows")
    def _check_windows(self, proposal: Any) -> tuple[str, ...]:
        return known_only(proposal["value"], self.window_picker.names, "window")

    @traitlets.validate("tz")
    def _check_zone(self, proposal: Any) -> str:
        try:
            return self._zones.name(proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error

    @guarded("Choosing accounts")
    def _on_chosen(self, change: Any) -> None:
        if self._settled:
            self.set_trait(self.accounts_trait, tuple(self._roster.keys[number] for number in change["new"]))

    @guarded("Time zone")
    def _on_zone(self, change: Any) -> None:
        try:
            self.tz = change["new"]
        except traitlets.TraitError as error:
            # A slip of the pen is no fault of the program: said, not raised.
            self.alerts.show("Zone", str(error))
        else:
            self.alerts.clear("Zone")
