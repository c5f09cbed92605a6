"""ChartBuilder: choose columns, see the chart, take the code that makes it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from ..charts.builder import Chart, ChartError, ChartSpec, build_chart, check_columns, check_name, default_spec
from ..privacy import mask_identity, printable
from .alerts import Alerts, guarded
from .builder_controls import BuilderControls
from .builder_twin import about, static_html
from .code_block import CodeBlock
from .twin import StaticTwin

if TYPE_CHECKING:
    import pandas as pd

PLOTLY = "application/vnd.plotly.v1+json"


class ChartBuilder(StaticTwin, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A chart of any DataFrame by choice of columns, with the code that makes it beneath, ready for the next cell.

    The choices are `spec` (a `ChartSpec`), and each of them an attribute that can be set: `builder.x = "account"`.
    Setting moves the controls and draws again. Choices that make no chart are told on the page and in `problem`; the
    last chart stays, dimmed, until there is a new one.

    The filter is Python as `DataFrame.query` takes it, run in this kernel: it is for the person at the keyboard.
    Names are shown as they stand in the frame; nothing is masked.

    Args:
        frame: Any DataFrame; it is never changed.
        name: The variable that holds the frame, for the code.
        spec: The first choices; None means what suits the frame.

    Attributes:
        spec: The choices.
        problem: Why they make no chart, or "".

    Raises:
        ChartError: It is no DataFrame, two of its columns have the same name, or *name* is no variable's name. Also
            when a column is set that the frame does not have.
    """

    spec = traitlets.Instance(ChartSpec)
    problem = traitlets.Unicode(read_only=True)

    def __init__(self, frame: pd.DataFrame, *, name: str = "frame", spec: ChartSpec | None = None) -> None:
        first = default_spec(frame) if spec is None else spec
        _check(frame, first, name)
        self._frame = frame
        self._name = name
        self._chart: Chart | None = None
        self._typing = False
        self.alerts = Alerts()
        self._controls = BuilderControls(frame, self._take)
        self._about = ipywidgets.HTML()
        self._output = ipywidgets.Output()
        self._output.add_class("qb-chart")
        self._code = CodeBlock(caption=f"The code of this chart, for a cell below the one that makes {name}:")
        super().__init__([*self._controls.rows, self.alerts, self._about, self._output, self._code])
        self.add_class("quota-builder")
        self.spec = first

    @property
    def figure(self) -> Any:
        """The plotly figure as the code makes it; None before there was one."""
        return self._chart.figure if self._chart else None

    @property
    def code(self) -> str:
        """The code of that figure, complete with imports; "" before there was one."""
        return self._chart.code if self._chart else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the chart must know: what was left out, sampled or put together."""
        return self._chart.notes if self._chart else ()

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *_CHOICES]

    def __repr__(self) -> str:
        said = about(self._chart) if self._chart else self.problem
        return f"ChartBuilder of {self._name}: {mask_identity(said)}"

    def _static_html(self) -> str:
        return static_html(self._chart, self.problem)

    @guarded("Chart builder")
    def _take(self) -> None:
        """Draw what the controls say; a name that is no column is told, not raised."""
        self._typing = True
        try:
            self.spec = self._controls.read()
        finally:
            self._typing = False

    @traitlets.validate("spec")
    def _check_columns(self, proposal: Any) -> ChartSpec:
        spec: ChartSpec = proposal["value"]
        if not self._typing:
            _check(self._frame, spec, self._name)
        return spec

    @traitlets.observe("spec")
    def _draw(self, _: object) -> None:
        if not self._typing:
            self._controls.show(self.spec)
        try:
            chart = build_chart(self._frame, self.spec, name=self._name)
        except ChartError as error:
            self._tell(str(error))
            return
        self._chart = chart
        self._tell("")
        plain = json.loads(chart.figure.to_json())
        text = about(chart)
        self._about.value = f'<p class="qb-about qb-quiet" role="status">{escape(printable(text))}</p>'
        self._output.outputs = (
            {"output_type": "display_data", "data": {PLOTLY: plain, "text/plain": text}, "metadata": {}},
        )
        self._code.code = chart.code

    def _tell(self, problem: str) -> None:
        self.set_trait("problem", problem)
        old = (self._about, self._output, self._code)
        for widget in old:
            (widget.add_class if problem else widget.remove_class)("qb-old")
        if problem:
            kept = "\nThe chart below is the last one that could be drawn." if self._chart else ""
            self.alerts.show("chart", problem + kept)
        else:
            self.alerts.clear("chart")


def _choice(name: str) -> property:
    def read(self: ChartBuilder) -> Any:
        return getattr(self.spec, name)

    def write(self: ChartBuilder, value: Any) -> None:
        self.spec = replace(self.spec, **{name: value})

    return property(read, write, doc=f"`spec.{name}`; setting it draws again.")


def _check(frame: pd.DataFrame, spec: ChartSpec, name: str) -> None:
    roles = {"x": spec.x, "y": spec.y, "colour": spec.color, "facet": spec.facet, "only": spec.only_column}
    check_columns(frame, roles)
    check_name(name)


_CHOICES = tuple(field.name for field in fields(ChartSpec))
for _name in _CHOICES:
    setattr(ChartBuilder, _name, _choice(_name))
