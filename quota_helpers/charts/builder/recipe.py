"""Code that is run as it is written down, so that what is shown is what was done."""

from __future__ import annotations

import keyword
from typing import Any, Final

import pandas as pd
import plotly.express as px

from .spec import ChartError

TAKEN: Final = frozenset({"px", "pd", "figure", "table", "top"})  # names that the code uses itself


class Recipe:
    """Lines of Python, each executed when it is added, in a namespace that holds the frame and nothing of ours.

    Column names and values come into a line through `repr` alone; the filter is the one text that is code already.

    Attributes:
        data: The name of the working copy in the code.
        notes: What a reader of the chart must know, in words.
        labels: Column -> what the axes call it.
    """

    def __init__(self, frame: pd.DataFrame, name: str) -> None:
        check_name(name)
        self.name = name
        self.data = "rows" if name == "data" else "data"
        self.notes: list[str] = []
        self.labels: dict[str, str] = {}
        self.orders: dict[str, list[str]] = {}
        self._lines: list[str] = []
        self._names: dict[str, Any] = {name: frame, "px": px, "pd": pd}

    def run(self, line: str) -> None:
        """Execute a statement and keep it.

        Raises:
            ChartError: pandas or plotly refused; in their words.
        """
        self._evaluate(line, "exec")
        self._lines.append(line)

    def value(self, expression: str) -> Any:
        """What an expression is worth, without keeping it; raises as `run` does."""
        return self._evaluate(expression, "eval")

    def _evaluate(self, line: str, mode: str) -> Any:
        try:
            # Executing the text that is shown is the point: chart and code cannot differ. It holds no foreign text
            # but the filter, which the person at the keyboard wrote to be run.
            return eval(compile(line, "<the chart's code>", mode), self._names)  # noqa: S307
        except Exception as exc:
            raise ChartError(f"{type(exc).__name__}: {_first_line(exc)}") from exc

    def note(self, comment: str) -> None:
        """Tell the reader something: as a comment in the code and beside the chart."""
        self.notes.append(comment)
        self._lines.append(f"# {comment}")

    def get(self, name: str) -> Any:
        """A variable of the code."""
        return self._names[name]

    @property
    def frame(self) -> pd.DataFrame:
        """The working copy as it stands."""
        return self._names[self.data]

    @property
    def code(self) -> str:
        """Everything, with imports, ending in the figure: one cell of a notebook."""
        imports = ["import plotly.express as px", ""]
        if any("pd." in line for line in self._lines):
            imports.insert(0, "import pandas as pd")
        return "\n".join([*imports, *self._lines, "figure"])


def check_name(name: str) -> None:
    """Raise a `ChartError` unless the frame can be called that in the code."""
    if not (isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)) or name in TAKEN:
        raise ChartError(
            f"name must be the variable that holds the frame, such as 'frame', not {name!r} "
            f"({', '.join(sorted(TAKEN))} are used by the code)."
        )


def _first_line(exc: Exception) -> str:
    lines = str(exc).strip().splitlines()
    return (lines[0] if lines else "no reason was given")[:300]
