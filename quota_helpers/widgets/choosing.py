"""What both panels let a person choose: accounts, windows, left or used, the time zone; checked, and shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any, ClassVar

import ipywidgets
import traitlets

from ..labels import account_labels, choose
from ..models import OWN
from ..outlook.bars import window_rank
from ..privacy import mask_identity, printable
from ..times import LOCAL, zone_name, zone_names, zone_of
from .alerts import Alerts, guarded
from .controls import WindowPicker
from .picker import AccountPicker
from .twin import StaticTwin


class Choosing(StaticTwin, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The attributes and controls that `QuotaPanel` and `HistoryPanel` share; each says what its own words mean.

    What selects and groups goes by the accounts' keys; a label is for the eye.

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
        self._usual_zone = "UTC" if invented else LOCAL
        self._own_zones: dict[str, tzinfo] = {}
        self._names: Mapping[str, str] = {}  # key -> the name that a login file or a reading gave
        self._notes: Mapping[str, str] = {}  # key -> a word beside the label
        self._keys: tuple[str, ...] = ()  # of the chosen accounts
        self._settled = False
        self.alerts = Alerts()
        self.picker = AccountPicker()
        self.window_picker = WindowPicker()
        self.left_used = ipywidgets.ToggleButtons(
            options=["left", "used"], value=self.show, tooltips=["what is left", "what is used"]
        )
        # What is typed counts when Enter is pressed.
        self.zone = ipywidgets.Combobox(
            value=self.tz,
            options=zone_names(),
            description="Time zone",
            continuous_update=False,
            placeholder="type to find",
        ).add_class("qp-zone")
        self.fold = ipywidgets.ToggleButton(description="More", tooltip="windows, time zone, history ...")
        self.folded = ipywidgets.VBox().add_class("qp-folded")

    @property
    def _zone(self) -> tzinfo:
        return self._own_zones.get(self.tz) or zone_of(self.tz)

    def _zone_name(self, tz: str | tzinfo | None) -> str:
        """The name under which a zone is known here; None means the usual one.

        Raises:
            ValueError: There is no zone of that name.
        """
        if isinstance(tz, tzinfo):
            name = str(getattr(tz, "key", None) or tz)
            self._own_zones[name] = tz
            return name
        return self._usual_zone if tz is None else tz if tz in self._own_zones else zone_name(tz)

    def _wire_choices(self, pairs: Mapping[str, Any]) -> None:
        """Tie attributes to controls, these and the common ones."""
        for name, control in {
            "show": self.left_used,
            "more": self.fold,
            "windows": self.window_picker,
            **pairs,
        }.items():
            traitlets.link((self, name), (control, "value"))
        traitlets.dlink((self, "more"), (self.folded.layout, "display"), lambda more: None if more else "none")
        traitlets.dlink((self, "more"), (self.fold, "icon"), lambda more: "caret-up" if more else "caret-down")
        self.picker.observe(self._on_chosen, "chosen")
        self.zone.observe(self._on_zone, "value")

    def _offer(
        self, names: Mapping[str, str], keys: Iterable[str], windows: Iterable[str], notes: Mapping[str, str]
    ) -> None:
        """Let the choice be among these from now on; whoever chose all windows has chosen what is new, too."""
        offered = tuple(sorted(windows, key=lambda name: window_rank(OWN, name)))
        chosen = offered if self.windows == self.window_picker.names else self.windows
        with self._unheard():
            self._names, self._notes = names, notes
            self.window_picker.names = offered
            self.set_trait(self.accounts_trait, tuple(keys))
            self.windows = tuple(name for name in chosen if name in offered)

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

    def _labels(self, *, reveal: bool = False) -> dict[str, str]:
        """Key -> label of all accounts: masked unless revealed, no two alike."""
        found = account_labels(self._names, None if reveal else mask_identity)
        return {key: printable(label) for key, label in found.items()}

    def _move_choices(self, *, reveal: bool) -> None:
        """Let the controls say what is chosen."""
        labels = self._labels(reveal=reveal)
        notes = [self._notes.get(key, "") for key in labels]
        self.picker.offer(list(labels.values()), notes, [at for at, key in enumerate(labels) if key in self._keys])
        self.zone.value = self.tz

    @traitlets.validate("selected", "accounts")
    def _check_accounts(self, proposal: Any) -> tuple[str, ...]:
        """Labels, full names or keys in; labels out, in the accounts' order."""
        labels = self._labels()
        with refused():
            meant = choose(proposal["value"], {key: (labels[key], name) for key, name in self._names.items()})
        self._keys = tuple(key for key in self._names if key in meant)
        return tuple(labels[key] for key in self._keys)

    @traitlets.validate("windows")
    def _check_windows(self, proposal: Any) -> tuple[str, ...]:
        names = self.window_picker.names
        with refused():
            chosen = choose(proposal["value"], dict.fromkeys(names, ()), "window")
        return tuple(name for name in names if name in chosen)

    @traitlets.validate("tz")
    def _check_zone(self, proposal: Any) -> str:
        with refused():
            return self._zone_name(proposal["value"])

    @guarded("Drawing")
    def _on_choice(self, _: object) -> None:
        if self._settled:
            self._repaint()

    @guarded("Choosing accounts")
    def _on_chosen(self, change: Any) -> None:
        if self._settled:
            keys = tuple(self._names)
            self.set_trait(self.accounts_trait, tuple(keys[number] for number in change["new"]))

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
