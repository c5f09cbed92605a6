"""ChartBuilder: choose columns, see the chart, take the code that makes it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from html import escape
from pathlib import Path
from typing import Any, Final

import anywidget
import ipywidgets
import pandas as pd
import traitlets

from ..charts.builder import (
    AGGREGATIONS,
    EVERY,
    KINDS,
    BuiltChart,
    ChartSpec,
    build_chart,
    check_columns,
    check_name,
    columns_of,
    default_spec,
    name_of,
    suited,
)
from ..errors import ChartError
from ..labels import numbered
from ..privacy import mask_identity, printable
from .alerts import Alerts, guarded
from .twin import StaticTwin, twin_html

KEPT_ROWS: Final = 6
KEPT_COLUMNS: Final = 8
ROLES: Final = {"x": "x", "y": "y", "color": "Colour", "facet": "Facet"}
WORDS: Final = {"kind": ("Kind", KINDS), "aggregation": ("Summary", AGGREGATIONS), "every": ("Step", EVERY)}


class CodeBlock(anywidget.AnyWidget):
    """Python to read, to select and to copy: `code` under a `caption`, with a button; nobody can write into it."""

    _esm = Path(__file__).with_name("code_block.js")
    _css = Path(__file__).with_name("builder.css")

    code = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode("Code").tag(sync=True)


class ChartBuilder(StaticTwin, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A chart of any DataFrame by choice of columns, with the code that makes it beneath, ready for the next cell.

    The choices are `spec` (a `ChartSpec`), and each of them an attribute that can be set: `builder.x = "account"`.
    Setting moves the controls and draws again. Choices that make no chart are told on the page and in `problem`; the
    last chart stays, dimmed, until there is a new one. Where x or y is chosen on the page, kind, summary and step
    follow as long as nobody chose another than what suits.

    The filter is Python as `DataFrame.query` takes it, run in this kernel: it is for the person at the keyboard.
    E-mail addresses are masked in what is shown and saved; the code says what was picked and typed as it is.

    Args:
        frame: Any DataFrame; it is never changed.
        name: The variable that holds the frame, for the code; None: where it stands when this is called, else "frame".
        spec: The first choices; None means what suits the frame.
        choices: Fields of `ChartSpec`, in place of those of *spec*: `ChartBuilder(frame, x="weekday")`.

    Attributes:
        spec: The choices.
        problem: Why they make no chart, or "".

    Raises:
        ChartError: It is no DataFrame, two of its columns have the same name, *name* is no variable's name, or a
            choice is none. Also when a column is set that the frame does not have.

    >>> import quota_helpers as qh
    >>> with qh.demo() as source:
    ...     builder = ChartBuilder(qh.to_frame(source.collect()))
    >>> builder.y = "used_percent"
    >>> builder.spec.y
    'used_percent'
    """

    spec = traitlets.Instance(ChartSpec)
    problem = traitlets.Unicode(read_only=True)

    def __init__(
        self, frame: pd.DataFrame, *, name: str | None = None, spec: ChartSpec | None = None, **choices: Any
    ) -> None:
        here = inspect.currentframe()
        self._name = name_of(frame, here.f_back if here else None) if name is None else name
        check_name(self._name)
        self._frame = frame
        first = default_spec(frame, spec, **choices)
        check_columns(frame, first)
        self._chart: BuiltChart | None = None
        self._typing = self._quiet = False
        self.alerts = Alerts()
        self._about = ipywidgets.HTML()
        self._output = ipywidgets.Output().add_class("qb-chart")
        self._code = CodeBlock(caption=f"The code of this chart, for a cell below the one that makes {self._name}:")
        super().__init__([*self._make_controls(), self.alerts, self._about, self._output, self._code])
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
        return f"ChartBuilder of {self._name}: {mask_identity(str(self._chart or self.problem))}"

    def _static_html(self) -> str:
        """What is chosen and how it is drawn, as it stands now; e-mail addresses masked, for it goes into a file."""
        if self._chart is None:
            return mask_identity(twin_html("Chart builder", self.problem))
        data = self._chart.data
        first = data.iloc[:KEPT_ROWS, :KEPT_COLUMNS]
        table = first.astype(object).where(first.notna(), "")
        if self.spec.kind == "heatmap":  # its rows have a name, those of others a number
            table = table.reset_index()
        shown = twin_html(
            "Chart builder",
            f"{self._chart} {self.problem}".rstrip(),
            heads=[str(name) for name in table.columns],
            rows=table.itertuples(index=False),
            count=len(data),
            most=KEPT_ROWS,
            behind=f"<pre>{escape(self.code)}</pre>",
        )
        return mask_identity(shown)

    def _make_controls(self) -> list[ipywidgets.HBox]:
        """A control for each choice, of kinds that keep their keys in JupyterLab (drop-downs lose theirs).

        What is typed counts when Enter is pressed, or the field is left.
        """
        names = columns_of(self._frame)
        labels = numbered([printable(mask_identity(name) or "(no name)") for name in names])
        self._names = dict(zip(labels, names, strict=True))
        self._labels = dict(zip(names, labels, strict=True))
        # `ensure_option` would drop what is no column without a word.
        typed: dict[str, Any] = {"continuous_update": False, "placeholder": "none", "options": labels}
        hint = 'a condition, such as: number < 20 and name == "text"'
        self._columns = {role: ipywidgets.Combobox(description=words, **typed) for role, words in ROLES.items()}
        self._words: dict[str, Any] = {
            name: ipywidgets.ToggleButtons(options=options, description=words)
            for name, (words, options) in WORDS.items()
        }
        self._words["filter"] = ipywidgets.Text(description="Filter", continuous_update=False, placeholder=hint)
        self._words["filter"].add_class("qb-filter")
        for control in (*self._columns.values(), *self._words.values()):
            control.observe(self._take, "value")
        kind, aggregation, every, condition = self._words.values()
        rows = (list(self._columns.values()), [kind], [aggregation, every], [condition])
        boxes = [ipywidgets.HBox(controls).add_class("qb-row") for controls in rows]
        boxes[0].add_class("qb-columns")
        return boxes

    def _read(self) -> ChartSpec:
        """The choices as the controls have them, whether they make a chart or not."""
        columns: dict[str, Any] = {role: self._chosen(control) for role, control in self._columns.items()}
        return ChartSpec(**columns, **{name: control.value for name, control in self._words.items()})

    def _chosen(self, control: ipywidgets.Combobox) -> str | None:
        typed = control.value.strip()
        empty = None if typed.casefold() in {"", "none"} else typed
        return self._names.get(control.value, self._names.get(typed, empty))

    def _show(self, spec: ChartSpec) -> None:
        """Move every control to where the choices are, without hearing of it."""
        with self._while("_quiet"):
            for role, control in self._columns.items():
                column = getattr(spec, role)
                if self._chosen(control) != column:
                    control.value = "" if column is None else self._labels.get(column, column)
            for name, control in self._words.items():
                control.value = getattr(spec, name)

    @contextmanager
    def _while(self, flag: str) -> Iterator[None]:
        setattr(self, flag, True)
        try:
            yield
        finally:
            setattr(self, flag, False)

    @guarded("Chart builder")
    def _take(self, _: object) -> None:
        """Draw what the controls say; a name that is no column is told, not raised."""
        if self._quiet:
            return
        typed = self._read()
        followed = self._following(typed)
        with self._while("_typing"):
            self.spec = followed
        if followed != typed:
            self._show(followed)

    def _following(self, spec: ChartSpec) -> ChartSpec:
        """The choices with the kind, summary and step that suit a new x or y, unless somebody chose others before."""
        if (spec.x, spec.y) == (self.spec.x, self.spec.y) or None in {spec.x, spec.y}:
            return spec
        try:
            before, after = suited(self._frame, self.spec), suited(self._frame, spec)
        except ChartError:
            return spec  # the name is not there; drawing says so
        return replace(spec, **after) if all(getattr(spec, name) == value for name, value in before.items()) else spec

    @traitlets.validate("spec")
    def _check_columns(self, proposal: Any) -> ChartSpec:
        spec: ChartSpec = proposal["value"]
        if not self._typing:
            check_columns(self._frame, spec)
        return spec

    @traitlets.observe("spec")
    def _draw(self, _: object) -> None:
        if not self._typing:
            self._show(self.spec)
        try:
            chart = build_chart(self._frame, self.spec, name=self._name)
        except ChartError as error:
            self._tell(str(error))
            return
        self._chart = chart
        self._tell("")
        said = escape(printable(mask_identity(str(chart))))
        self._about.value = f'<p class="qb-about qb-quiet" role="status">{said}</p>'
        self._output.outputs = ({"output_type": "display_data", "data": chart._repr_mimebundle_(), "metadata": {}},)
        self._code.code = chart.code

    def _tell(self, problem: str) -> None:
        self.set_trait("problem", problem)
        for widget in (self._about, self._output, self._code):
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


_CHOICES = tuple(field.name for field in fields(ChartSpec))
for _name in _CHOICES:
    setattr(ChartBuilder, _name, _choice(_name))
