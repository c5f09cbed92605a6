"""The history panel in JupyterLab: a range is chosen by mouse and by keyboard and drawn anew, in both themes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from chromium import assert_nothing_left_loopback, traffic
from lab import THEMES, Lab
from notebook_page import NotebookPage, open_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

CELL = """\
from quota_helpers.history import open_history
from quota_helpers.widgets.timeline import HistoryPanel
panel = HistoryPanel(open_history())
panel.accounts = ("ada",)
panel"""

DAYS = """() => {
  const {range} = document.querySelector('.js-plotly-plot')._fullLayout.xaxis;
  const [low, high] = range.map(value => typeof value === 'number' ? value : Date.parse(value.replace(' ', 'T') + 'Z'));
  return (high - low) / 86400000;
}"""


@pytest.fixture
def notebook(page: Page, lab: Lab) -> NotebookPage:
    lab.write_notebook("history_panel.ipynb", [CELL, "panel.since, panel.until, panel.accounts"])
    notebook = open_notebook(page, lab, "history_panel.ipynb")
    notebook.run_all()
    notebook.wait_for_chart("Quota used over time")
    notebook.wait_until_drawn()
    return notebook


def wait_for_days(page: Page, days: float) -> None:
    page.wait_for_function(f"days => Math.abs(({DAYS})() - days) < 0.05 * days + 0.1", arg=days)


@pytest.mark.parametrize("theme", THEMES)
def test_a_preset_draws_the_range_anew(page: Page, notebook: NotebookPage) -> None:
    """The status beside the chart says so, too; nothing leaves the machine."""
    wait_for_days(page, 30)
    page.get_by_role("button", name="24 h").click()
    wait_for_days(page, 1)
    page.get_by_text("Sun 15 Nov").first.wait_for()
    page.get_by_role("button", name="all", exact=True).click()
    wait_for_days(page, 30)
    notebook.wait_until_drawn()
    assert_nothing_left_loopback(page)
    assert traffic(page).errors == []


def test_dates_are_typed(page: Page, notebook: NotebookPage) -> None:
    page.get_by_role("textbox", name="From").fill("2026-11-02")
    wait_for_days(page, 14)
    page.get_by_role("textbox", name="to", exact=True).fill("2026-11-03")
    wait_for_days(page, 2)
    notebook.run_cell(1)
    assert "datetime.datetime(2026, 11, 4, 0, 0" in notebook.text(1)


def test_dates_keep_their_keys(page: Page, notebook: NotebookPage) -> None:
    """Typed digit by digit; the notebook's own single-key commands stay out of it."""
    page.get_by_role("textbox", name="From").focus()
    cells = page.evaluate("() => quotaLab.cells().length")
    page.keyboard.type("11022026")
    wait_for_days(page, 14)
    page.keyboard.press("ArrowUp")  # one year on, of the part that was typed last: nothing to show, and said
    page.get_by_text("before it begins").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_text("before it begins").wait_for(state="detached")
    assert page.evaluate("() => quotaLab.cells().length") == cells
    assert notebook.chart_titles()


def test_another_account_is_found_by_typing(page: Page, notebook: NotebookPage) -> None:
    find = page.get_by_role("combobox", name="Find account")
    find.fill("wren")
    find.press("Shift+Enter")
    notebook.wait_for_chart("2 accounts")
    page.locator(".js-plotly-plot .annotation-text").filter(has_text="monthly").first.wait_for()
    notebook.run_cell(1)
    assert "'wren'" in notebook.text(1)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 800])
def test_text_is_readable_and_nothing_is_wider_than_the_page(page: Page, notebook: NotebookPage, theme: str) -> None:
    """Chart texts take the theme's colour."""
    colour = page.wait_for_function(
        # Found and asked at once: a chart that is drawn anew meanwhile has no colour.
        "() => { const title = document.querySelector('.js-plotly-plot .gtitle');"
        " return title && getComputedStyle(title).fill; }"
    ).json_value()
    channels = [int(float(part)) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    assert (sum(channels) > 3 * 128) == (theme == "dark")
    page.wait_for_function(  # the chart follows the page's width a moment later
        "() => ![...document.querySelectorAll('.quota-panel *')].some(node => node.checkVisibility()"
        " && node.getBoundingClientRect().right > window.innerWidth + 1)"
    )
    assert notebook.chart_titles()


def test_cycles_and_hours(page: Page, notebook: NotebookPage) -> None:
    page.get_by_role("button", name="Cycles").click()
    notebook.wait_for_chart("Cycles on top of each other")
    page.get_by_role("button", name="Hours").click()
    notebook.wait_for_chart("Five hour window")
    assert traffic(page).errors == []
