"""The builder without a kernel: its code and the first rows as static HTML, for saved notebooks."""

from __future__ import annotations

from html import escape
from typing import Final

from ..charts.builder import Chart
from ..privacy import mask_identity
from .twin import twin_html

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


def static_html(chart: Chart | None, problem: str) -> str:
    """What is chosen and how it is drawn, as it stands now; e-mail addresses masked, for it goes into a file."""
    if chart is None:
        return mask_identity(twin_html("Chart builder", problem))
    first = chart.data.iloc[:MOST_ROWS, :MOST_COLUMNS]
    table = first.astype(object).where(first.notna(), "")
    heads = [str(name) for name in table.columns]
    named = chart.spec.kind == "heatmap"  # its rows have a name, those of others a number
    cells = ([*([index] if named else []), *row] for index, *row in table.itertuples())
    code = f"<pre>{escape(chart.code)}</pre>"
    said = f"{about(chart)} {problem}".rstrip()
    heads = [str(table.index.name or ""), *heads] if named else heads
    kept = twin_html("Chart builder", said, heads=heads, rows=cells, count=len(chart.data), most=MOST_ROWS, behind=code)
    return mask_identity(kept)
