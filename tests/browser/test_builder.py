"""The ChartBuilder in JupyterLab: choose by keyboard, see chart and code change, take the code to another cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from chromium import assert_nothing_left_loopback, traffic
from lab import THEMES, Lab, Theme
from notebook_page import NotebookPage, open_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

MAKE = """
import quota_helpers as qh
from quota_helpers.widgets import ChartBuilder
frame = qh.to_frame(qh.demo().collect())
builder = ChartBuilder(frame)
builder
""".strip()
TWICE = "other = ChartBuilder(frame)\nother"


@pytest.fixture
def notebook(page: Page, lab: Lab) -> NotebookPage:
    """A builder on the demo's accounts, and an empty cell beneath."""
    lab.write_notebook("builder.ipynb", [MAKE, "2 + 2"])
    notebook = open_notebook(page, lab, "builder.ipynb")
    notebook.run_all()
    notebook.wait_for_chart("min of remaining_percent by account")
    return notebook


def choose(page: Page, label: str, value: str) -> None:
    """Type into a field as a person does: reach it, replace what is there, Enter."""
    field = page.get_by_label(label, exact=True).first
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(value)
    page.keyboard.press("Enter")


def code(page: Page) -> Locator:
    """The code beneath the chart."""
    return page.locator(".qb-code pre").first


def charts(page: Page) -> list[dict[str, Any]]:
    """Traces and titles of every chart on the page, as plotly has them."""
    found = page.evaluate(
        """() => quotaLab.shown('.js-plotly-plot').map(node => JSON.stringify(
             {data: node.data, title: node.layout.title.text, x: node.layout.xaxis.title?.text}))"""
    )
    return [json.loads(chart) for chart in found]


@pytest.mark.parametrize("theme", THEMES)
def test_choosing_by_keyboard_changes_chart_and_code(notebook: NotebookPage, theme: Theme) -> None:
    """Fields keep their keys (no cell is made or moved), chart and code follow; the text follows the theme."""
    page = notebook.page
    choose(page, "x", "plan")
    notebook.wait_for_chart("min of remaining_percent by plan")
    expect(code(page)).to_contain_text('x="plan"')
    choose(page, "Colour", "state")
    expect(code(page)).to_contain_text('color="state"')
    choose(page, "Filter", "used_percent > 20")
    expect(code(page)).to_contain_text('filter="used_percent > 20"')

    button = page.get_by_role("button", name="max", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    notebook.wait_for_chart("max of remaining_percent by plan")
    page.get_by_role("button", name="box", exact=True).click()
    page.wait_for_function("() => quotaLab.shown('.js-plotly-plot')[0].data[0].type === 'box'")
    assert page.evaluate("() => quotaLab.cells().length") == 2, "a key went to the notebook instead of the field"

    assert _dark_letters(notebook) == (theme == "light")
    notebook.set_theme("dark" if theme == "light" else "light")
    assert _dark_letters(notebook) == (theme == "dark"), "the chart's text must change with the theme"
    assert_nothing_left_loopback(page)
    assert traffic(page).errors == []


def _dark_letters(notebook: NotebookPage) -> bool:
    red, green, blue = (
        int(part) for part in notebook.css(".quota-builder .gtitle", "fill").strip("rgba()").split(",")[:3]
    )
    return red + green + blue < 3 * 128


def test_copied_code_makes_the_same_chart_in_another_cell(notebook: NotebookPage) -> None:
    """The button copies; what was copied runs as it is in the next cell and draws the same traces."""
    page = notebook.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=notebook.lab.base)
    choose(page, "Facet", "state")
    expect(code(page)).to_contain_text('facet_col="state"')
    page.get_by_role("button", name="Copy code").click()
    page.get_by_text("copied: paste it into a cell").wait_for()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == code(page).inner_text()
    page.evaluate("text => { quotaLab.cells()[1].model.sharedModel.setSource(text); }", copied)
    notebook.run_cell(1)
    page.wait_for_function("() => quotaLab.shown('.js-plotly-plot').length === 2")
    notebook.wait_until_drawn()
    first, second = charts(page)
    assert first == second
    assert_nothing_left_loopback(page)


def test_code_can_be_selected_and_not_written(notebook: NotebookPage) -> None:
    """The mouse selects it; there is no field to type into."""
    page = notebook.page
    chosen = code(page).evaluate(
        "node => { window.getSelection().selectAllChildren(node); return window.getSelection().toString(); }"
    )
    assert chosen.strip() == code(page).inner_text().strip()
    assert code(page).evaluate("node => getComputedStyle(node).userSelect") == "text"
    assert not code(page).evaluate("node => node.isContentEditable")


def test_what_cannot_be_drawn_is_told_and_corrected(notebook: NotebookPage) -> None:
    """A name that is no column and a broken filter: a message beside the last chart, gone with the correction."""
    page = notebook.page
    choose(page, "x", "acount")
    alert = page.locator(".quota-builder [role=alert]")
    expect(alert).to_contain_text("no column 'acount'. Did you mean account")
    assert notebook.chart_titles() == ["min of remaining_percent by account"]
    choose(page, "x", "plan")
    notebook.wait_for_chart("by plan")
    expect(alert).to_have_count(0)
    choose(page, "Filter", "used_percent <")
    expect(alert).to_contain_text("The filter cannot be used. SyntaxError")
    assert traffic(page).errors == []


def test_two_builders_and_settings_from_a_cell(page: Page, lab: Lab) -> None:
    """An attribute set in a cell moves the control and draws again; the other builder stays as it is."""
    lab.write_notebook("two.ipynb", [MAKE, TWICE, "builder.y = 'used_percent'", "builder.kind = 'line'"])
    notebook = open_notebook(page, lab, "two.ipynb")
    notebook.run_all()
    notebook.wait_for_chart("min of used_percent by account")
    notebook.wait_until_drawn()
    assert notebook.chart_titles() == ["min of used_percent by account", "min of remaining_percent by account"]
    expect(page.get_by_label("y", exact=True).first).to_have_value("used_percent")
    assert [chart["data"][0]["type"] for chart in charts(page)] == ["scatter", "bar"]


@pytest.mark.parametrize("width", [1280, 800])
def test_everything_fits(notebook: NotebookPage, width: int) -> None:
    """No control is wider than the page, at any width."""
    page = notebook.page
    page.wait_for_function(  # the chart follows the page's width a moment later
        """width => Math.max(
             ...[...document.querySelectorAll('.quota-builder :is(input, button, .js-plotly-plot, pre)')]
             .map(node => node.getBoundingClientRect().right)) <= width""",
        arg=width,
    )


def test_a_saved_builder_is_read_without_a_kernel(notebook: NotebookPage) -> None:
    """The file holds code and first rows as HTML, and no state of the widget."""
    saved = json.loads(notebook.save().read_text("utf-8"))
    html = "".join(saved["cells"][0]["outputs"][0]["data"]["text/html"])
    assert "px.bar(" in html
    assert "<table" in html
    assert "widgets" not in saved["metadata"]
