"""Saving a notebook for the repository: run in JupyterLab, cleaned, the same each time."""

from __future__ import annotations

import copy
import json
import platform
from typing import TYPE_CHECKING

import nbformat
import pytest
import saving
from lab import NOTEBOOKS
from notebook_page import open_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from lab import Lab
    from playwright.sync_api import Page

# What a plotly figure displays, without importing plotly in two kernels.
FIGURE = f"display({{'{saving.PLOTLY}': {{'data': [{{'y': [1, 5, 2]}}], 'layout': {{}}}}}}, raw=True)"
TWIN = """
import ipywidgets as w
class Panel(w.VBox):
    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        return bundle | {'text/html': '<table><tr><td>static twin</td></tr></table>', 'text/plain': 'panel'}
Panel([w.Label('live')])
""".strip()


@pytest.mark.browser
def test_saved_twice_it_is_the_same_file(page: Page, lab: Lab) -> None:
    """The figure has its PNG, the panel its static twin and no dead view, and nothing tells of this machine."""
    path = lab.write_notebook("save.ipynb", [FIGURE, TWIN, "w.Label('bare')", "2 + 3"])
    first = saving.clean(saving.run_and_save(page, lab, "save.ipynb"))
    path.write_text(saving.as_text(first), "utf-8")
    second = saving.clean(saving.run_and_save(page, lab, "save.ipynb"))
    saving.keep_pictures(second, first)
    assert saving.as_text(second) == saving.as_text(first)

    figure, panel, bare, answer = (cell.outputs[0] for cell in first.cells)
    assert set(figure.data) == {saving.PLOTLY, saving.PNG}
    assert dict(panel.data) == {"text/html": "<table><tr><td>static twin</td></tr></table>", "text/plain": "panel"}
    assert dict(bare.data) == {"text/plain": "Label(value='bare')"}
    assert (answer.execution_count, answer.data["text/plain"]) == (4, "5")
    assert first.metadata.language_info.version == platform.python_version()


@pytest.mark.browser
@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_opened_and_saved_without_a_run_it_is_unchanged(page: Page, lab: Lab, name: str) -> None:
    """On the Python it was saved with: on another one JupyterLab notes that one's version, and nothing else."""
    path = lab.root / name
    before = path.read_text("utf-8")
    saved_with = json.loads(before)["metadata"]["language_info"]["version"]
    assert open_notebook(page, lab, name).save() == path
    assert path.read_text("utf-8").replace(platform.python_version(), saved_with) == before


def test_cleaning_removes_what_only_this_run_knew() -> None:
    """Widget state, times and trust go; tags and hidden sources stay; counts are in order, empty cells have none."""
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    kept = {"tags": ["selftest"], "jupyter": {"source_hidden": True}}
    notebook = nbformat.v4.new_notebook(
        metadata={"widgets": {"state": {}}, "language_info": {"name": "python", "version": "3.11.7"}},
        cells=[
            code("1", execution_count=7, metadata={"execution": {}, "trusted": True, **kept}),
            text("prose", metadata={"collapsed": True}),
            code("", execution_count=None),
            code("2", execution_count=9, outputs=[nbformat.v4.new_output("execute_result", execution_count=9)]),
        ],
    )
    cleaned = saving.clean(notebook)
    info = saving.LANGUAGE_INFO | {"version": "3.11.7"}
    assert cleaned.metadata == {"kernelspec": saving.KERNELSPEC, "language_info": info}
    assert [cell.metadata for cell in cleaned.cells] == [kept, {}, {}, {}]
    assert [cell.get("execution_count") for cell in cleaned.cells] == [1, None, None, 2]
    assert cleaned.cells[3].outputs[0].execution_count == 2


@pytest.mark.parametrize(("same_figure", "picture"), [(True, "old"), (False, "new")])
def test_a_picture_changes_only_with_its_figure(same_figure: bool, picture: str) -> None:
    """Another machine's fonts alone are no reason for a new PNG in the repository."""
    cell = nbformat.v4.new_code_cell(
        "figure", outputs=[nbformat.v4.new_output("display_data", {saving.PLOTLY: {"data": [1]}, saving.PNG: "old"})]
    )
    old = nbformat.v4.new_notebook(cells=[cell])
    new = copy.deepcopy(old)
    new.cells[0].outputs[0].data[saving.PNG] = "new"
    new.cells[0].outputs[0].data[saving.PLOTLY]["data"] = [1 if same_figure else 2]
    assert saving.keep_pictures(new, old) == int(same_figure)
    assert new.cells[0].outputs[0].data[saving.PNG] == picture


def test_replacing_writes_only_what_changed(tmp_path: Path) -> None:
    """The file is replaced in one step, keeps its rights, and nothing is left beside it."""
    path = tmp_path / "a.ipynb"
    text = saving.as_text(nbformat.v4.new_notebook())
    assert saving.replace(path, text)
    assert not saving.replace(path, text)
    assert saving.replace(path, json.dumps({}))
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]
