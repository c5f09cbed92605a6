"""A notebook run in JupyterLab and saved as it is to be committed: with its answers, without what only this run knew.

JupyterLab and not nbconvert, because the browser draws: a figure's output gets its PNG, which is all that a viewer
without plotly can show.
"""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from chromium import assert_nothing_left_loopback
from notebook_page import leave_notebooks, open_notebook

if TYPE_CHECKING:
    from lab import Lab
    from playwright.sync_api import Page

PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = "image/png"

# What a kernel of any Python 3 may say. The version that ran it stays: JupyterLab writes it whenever a notebook is
# saved, and whoever opens and saves one without running it shall change nothing.
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
# Cell metadata that tell of this run: times, trust, how far somebody had scrolled.
_RUN_METADATA = ("execution", "ExecuteTime", "trusted", "scrolled", "collapsed")

_PICTURES_MISSING = f"""() => quotaLab.cells().map((cell, index) => index).filter(index => quotaLab.outputs(index)
  .some(output => output.data && '{PLOTLY}' in output.data && !('{PNG}' in output.data)))"""


def run_and_save(page: Page, lab: Lab, name: str, timeout: float = 180) -> Any:
    """Run a notebook of the server's root from the top and return what JupyterLab saved, not yet cleaned.

    Args:
        page: A page of this server.
        lab: The server.
        name: The notebook's path below the root.
        timeout: Seconds for all cells.

    Raises:
        CellError: A cell ended in an error.
        AssertionError: A cell did not end in time, or the page asked for an address outside this machine.
        playwright.sync_api.TimeoutError: A figure got no picture, because it is hidden.
    """
    notebook = open_notebook(page, lab, name)
    notebook.run_all(timeout)
    notebook.wait_until_drawn()
    page.wait_for_function(f"() => ({_PICTURES_MISSING})().length === 0")
    assert_nothing_left_loopback(page)
    saved = nbformat.read(notebook.save(), as_version=4)
    leave_notebooks(page, lab)
    return saved


def clean(saved: Any) -> Any:
    """The same notebook without what would differ on another machine or in the next run; changes `saved`."""
    saved.metadata.pop("widgets", None)
    version = saved.metadata.get("language_info", {}).get("version", platform.python_version())
    saved.metadata.update(kernelspec=KERNELSPEC, language_info=LANGUAGE_INFO | {"version": version})
    count = 0
    for cell in saved.cells:
        for name in _RUN_METADATA:
            cell.metadata.pop(name, None)
        if cell.cell_type != "code":
            continue
        count += bool(cell.source.strip())
        cell.execution_count = count if cell.source.strip() else None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            # Without its kernel a view is "model not found", and its id is new in each run: what stands beside it (a
            # panel's static HTML, the text of a bare widget) is shown instead.
            if len(output.get("data", {})) > 1:
                output.data.pop(WIDGET, None)
    return saved


def keep_pictures(new: Any, old: Any) -> int:
    """Put the old PNG beside every figure of `new` that is the same as in `old`; returns how many differed.

    Two machines draw the same figure with other fonts; a picture is only worth a commit when its figure changed.
    """
    before = {cell.id: cell.get("outputs", []) for cell in old.cells if "id" in cell}
    kept = 0
    for cell in new.cells:
        for output, earlier in zip(cell.get("outputs", []), before.get(cell.get("id"), []), strict=False):
            data, data_before = output.get("data", {}), earlier.get("data", {})
            same = PLOTLY in data and data[PLOTLY] == data_before.get(PLOTLY)
            if same and PNG in data_before and data.get(PNG) != data_before[PNG]:
                data[PNG] = data_before[PNG]
                kept += 1
    return kept


def as_text(notebook: Any) -> str:
    """The notebook as its file holds it: checked, indented by one, with a newline at the end."""
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def replace(path: Path, text: str) -> bool:
    """Put `text` into the place of `path` in one step; False when it stood there already."""
    if path.exists() and path.read_bytes() == text.encode():
        return False
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
        if path.exists():
            Path(beside).chmod(path.stat().st_mode)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return True
