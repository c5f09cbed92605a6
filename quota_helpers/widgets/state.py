"""The panel's state: what can be set and read, checked, with the words for a saved notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets
import traitlets

from ..frames import to_frame
from ..outcomes import Collection
from ..sources import Source
from ..times import LOCAL
from .controls import AUTO_MINUTES, WindowPicker, known_only
from .messages import describe
from .twin import StaticTwin
from .view import Choice, View
from .zones import Zones

if TYPE_CHECKING:
    import pandas as pd


class PanelState(StaticTwin, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The attributes of a `QuotaPanel`, which describes them.

    Args:
        source: Whom to ask.
    """

    selected = traitlets.Tuple()
    windows = traitlets.Tuple()
    show = traitlets.Enum(("left", "used"), default_value="left")
    chart = traitlets.Enum(("windows", "resets"), default_value="windows")
    tz = traitlets.Unicode(LOCAL)
    reveal = traitlets.Bool(default_value=False)
    auto_minutes = traitlets.Enum(AUTO_MINUTES, default_value=0)
    keep_history = traitlets.Bool(default_value=False)

    minute_seconds: ClassVar[float] = 60.0
    """Length of an auto-refresh minute; a test has no time for real ones."""
    answer_seconds: ClassVar[float] = 5.0
    """How long an open page may take to say that it is there; it is asked three times."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._zones = Zones("UTC" if source.is_demo else LOCAL)
        self._names: tuple[str, ...] = ()
        self._collection: Collection | None = None
        self._frame: pd.DataFrame = to_frame(())
        self._view = View()
        self.window_picker = WindowPicker(lambda names: self.set_trait("windows", names))

    @property
    def collection(self) -> Collection | None:
        """The last run."""
        return self._collection

    @property
    def frame(self) -> pd.DataFrame:
        """The last run as a tidy frame: all accounts, whatever is selected."""
        return to_frame(self._collection or ())

    @property
    def figure(self) -> Any:
        """The chart that is shown: a plotly Figure."""
        return self._view.figure

    def _choice(self) -> Choice:
        return Choice(
            accounts=self.selected,
            known=self._names,
            windows=None if self.windows == self.window_picker.names else self.windows,
            show="left" if self.show == "left" else "used",
            chart=self.chart,
            zone=self._zones[self.tz],
            reveal=self.reveal,
            is_demo=self._source.is_demo,
        )

    @traitlets.validate("selected")
    def _check_selected(self, proposal: Any) -> tuple[str, ...]:
        return known_only(proposal["value"], self._names, "account")

    @traitlets.validate("windows")
    def _check_windows(self, proposal: Any) -> tuple[str, ...]:
        return known_only(proposal["value"], self.window_picker.names, "window")

    @traitlets.validate("tz")
    def _check_zone(self, proposal: Any) -> str:
        try:
            return self._zones.name(proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error

    def _static_html(self) -> str:
        return self._view.static_html()

    def __repr__(self) -> str:
        return describe(self._collection, is_demo=self._source.is_demo)
