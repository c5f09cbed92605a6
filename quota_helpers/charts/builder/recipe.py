"""Code that is run as it is written down, so that what is shown is what was done."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from ...errors import ChartError
from .columns import text

if TYPE_CHECKING:
    from types import FrameType

TAKEN: Final = frozenset({"px", "pd", "figure", "table", "top", "gap", "again", "plain", "with_burn"})  # the code's own
# Imports that the code has where a line uses them.
IMPORTS: Final = {
    "pd.": "import pandas as pd",
    "px.": "import plotly.express as px",
    '"quota"': 'import quota_helpers.charts  # the template "quota"',
    "(plain)": "from quota_helpers.charts.style import plain",
    "with_burn(": "from quota_helpers.periods import with_burn",
}


class Recipe:
    """Lines of Python, each executed when it is added, in a namespace that holds the frame and nothing of ours.

    Column names and values come into a line through `repr` alone; the filter is the one text that is code already.

    Attributes:
        data: The name of the working copy in the code.
        rows: The name of the rows as they stand: the frame's until something was done with them.
        notes: What a reader of the chart must know, in words.
        labels: Column -> what the axes call it.
        orders: Column -> its values in the order in which they are drawn.
    """

    def __init__(self, frame: pd.DataFrame, name: str) -> None:
        check_name(name)
        self.rows, self.data = name, "rows" if name == "data" else "data"
        self.notes: list[str] = []
        self.labels: dict[str, str] = {}
        self.orders: dict[str, list[str]] = {}
        self._lines: list[str] = []
        self._names: dict[str, Any] = {name: frame}
        exec("\n".join(IMPORTS.values()), self._names)  # noqa: S102 - these constants

    def run(self, line: str) -> None:
        """Execute a statement and keep it.

        Raises:
            ChartError: pandas or plotly refused; in their words.
        """
        self.value(line, "exec")
        self._lines.append(line)

    def take(self, code: str) -> None:
        """Go on with these rows; raises as `run` does."""
        self.run(f"{self.data} = {code}")
        self.rows = self.data

    def change(self, column: str, code: str) -> None:
        """Do this with the values of a column; nothing where there is nothing to do."""
        if code:
            place = f"{self.data}[{text(column)}]"
            self.run(f"{place} = {place}{code}")

    def value(self, line: str, mode: str = "eval") -> Any:
        """What an expression is worth, without keeping it; raises as `run` does."""
        try:
            # Executing the text that is shown is the point: chart and code cannot differ. It holds no foreign text
            # but the filter, which the person at the keyboard wrote to be run.
            return eval(compile(line, "<the chart's code>", mode), self._names)  # noqa: S307
        except Exception as exc:
            said = (str(exc).strip() or "no reason was given").splitlines()[0][:300]
            raise ChartError(f"{type(exc).__name__}: {said}") from exc

    def note(self, comment: str) -> None:
        """Tell the reader something: as a comment in the code and beside the chart."""
        self.notes.append(comment)
        self._lines.append(f"# {comment}")

    def has(self, name: str) -> bool:
        """Whether the code has made such a variable."""
        return name in self._names

    def called(self, column: str | None) -> str:
        """What the axes call a column."""
        return self.labels.get(str(column), str(column))

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as they stand."""
        return self._names[self.rows]

    @property
    def code(self) -> str:
        """Everything, with imports, ending in the figure: one cell of a notebook."""
        lines = "\n".join(self._lines)
        return "\n".join([*(line for used, line in IMPORTS.items() if used in lines), "", lines, "figure"])


def check_name(name: str) -> None:
    """Raise a `ChartError` unless the frame can be called that in the code."""
    if not (isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)) or name in TAKEN:
        raise ChartError(
            f"name must be the variable that holds the frame, such as 'frame', not {name!r} "
            f"({', '.join(sorted(TAKEN))} are used by the code)."
        )


def name_of(frame: pd.DataFrame, caller: FrameType | None) -> str:
    """The variable that holds the frame where the call stands; "frame" where there is none."""
    places = [caller.f_locals, caller.f_globals] if caller is not None else []
    for name, value in (pair for place in places for pair in list(place.items())):
        if value is frame and name.isidentifier() and not name.startswith("_") and name not in TAKEN:
            return name
    return "frame"
