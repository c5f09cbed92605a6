"""The builder without a kernel: its code and the first rows as static HTML, for saved notebooks.

JupyterLab's sanitizer keeps tables and simple inline styles and drops the rest, so there is nothing else.
"""

from __future__ import annotations

from html import escape
from typing import Final

from ..charts.builder import Chart
from ..privacy import hide_tokens, mask_identity, printable

MOST_ROWS: Final = 6
MOST_COLUMNS: Final = 8


def about(chart: Chart) -> str:
    """One sentence that says what is drawn, for those who do not see it; as plain text."""
    title = chart.figure.layout.title.text or ""
    high, wide = chart.data.shape
    rows = "1 row" if high == 1 else f"{high:,} rows"
    cells = f"{high:,} by {wide:,} cells"
    return (
        "; ".join(
            (f"{chart.spec.kind}: {title}, {cells if chart.spec.kind == 'heatmap' else rows} drawn", *chart.notes)
        )
        + "."
    )


def twin_html(chart: Chart | None, problem: str) -> str:
    """What is chosen and how it is drawn, as it stands now; e-mail addresses masked, for it goes into a file."""
    return hide_tokens(mask_identity(_twin_html(chart, problem)))


def _twin_html(chart: Chart | None, problem: str) -> str:
    told = f"<p>{escape(problem)}</p>" if problem else ""
    if chart is None:
        return f"<div><p><b>Chart builder</b></p>{told}</div>"
    table = chart.data.iloc[:MOST_ROWS, :MOST_COLUMNS]
    rows = table.to_html(index=chart.spec.kind == "heatmap", border=0, na_rep="")
    left = len(chart.data) - len(table)
    more = f"<p>… and {left:,} more rows.</p>" if left > 0 else ""
    return (
        f"<div><p><b>Chart builder</b>: {escape(printable(about(chart)))} Run the cell for the live builder.</p>{told}"
        f"<pre>{escape(chart.code)}</pre>{rows}{more}</div>"
    )
