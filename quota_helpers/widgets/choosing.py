"""What both panels let a person choose: accounts, windows, left or used, the time zone; checked, and shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any, ClassVar

import ipywidgets
import traitlets

from ..labels import choose
from ..outlook.bars import OWN, window_rank
from ..times import LOCAL
from .alerts import Alerts, guarded
from .controls import Head, WindowPicker
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
        names = tuple(sorted(windows, key=lambda name: window_rank(OWN, name)))
        chosen = names if self.windows == self.window_picker.names else self.windows
        with self._unheard():
            self._roster = roster
            self.window_picker.offer(names, ())
            self.set_trait(self.accounts_trait, tuple(keys))
            self.windows = tuple(name for name in chosen if name in names)

    @contextmanager
    def _unheard(self) -> Iterator[None]:
        """What is set in here was set by the panel, and by nobody who chose."""
        self._settled = False
        try:
            yield
        finally:
            self._settled = True

    def _repaint(self) -> None:
        """Draw what is chosen; each panel has its own picture."""
        raise NotImplementedError

    def _move_choices(self, *, reveal: bool) -> None:
        """Let the controls say what is chosen."""
        labels = self._roster.labels(reveal=reveal)
        notes = [self._roster.notes.get(key, "") for key in labels]
        self.picker.offer(list(labels.values()), notes, [at for at, key in enumerate(labels) if key in self._keys])
        self.window_picker.offer(self.window_picker.names, self.windows)
        self.head.zone.value = self.tz

    @traitlets.validate("selected", "accounts")
    def _check_accounts(self, proposal: Any) -> tuple[str, ...]:
        """Labels, full names or keys in; labels out, in the accounts' order."""
        with refused():
            self._keys = self._roster.chosen(proposal["value"])
        return self._roster.told(self._keys)

    @traitlets.validate("windows")
    def _check_windows(self, proposal: Any) -> tuple[str, ...]:
        names = self.window_picker.names
        with refused():
            chosen = choose(proposal["value"], dict.fromkeys(names, ()), "window")
        return tuple(name for name in names if name in chosen)

    @traitlets.validate("tz")
    def _check_zone(self, proposal: Any) -> str:
        with refused():
            return self._zones.name(proposal["value"])

    @guarded("Drawing")
    def _on_choice(self, _: object) -> None:
        if self._settled:
            self._repaint()

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


@contextmanager
def refused() -> Iterator[None]:
    """A value that is none of those there are is refused as traitlets does it."""
    try:
        yield
    except ValueError as error:
        raise traitlets.TraitError(str(error)) from error
