"""The panel in JupyterLab: what a person types and clicks, and what then stands on the page."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from chromium import assert_nothing_left_loopback, traffic
from lab import REPOSITORY, THEMES, Lab, Theme
from notebook_page import NotebookPage, open_notebook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

IMPORTS = f"""
import asyncio, sys
sys.path.append({str(REPOSITORY / "tests")!r})
import quota_helpers as qh
from quota_helpers.widgets import QuotaPanel
from quota_helpers.widgets.tasks import TIMERS
source = qh.demo()
""".strip()
PANEL = "panel = QuotaPanel(source); panel"


def opened(page: Page, lab: Lab, *cells: str, name: str = "panel.ipynb") -> NotebookPage:
    """A notebook with the imports and these cells, run; its panel is drawn."""
    lab.write_notebook(name, [IMPORTS, *cells])
    notebook = open_notebook(page, lab, name)
    notebook.run_all()
    page.locator(".qp-picker").first.wait_for()
    notebook.wait_until_drawn()
    return notebook


def wait_for_rows(page: Page, accounts: Sequence[str]) -> None:
    """Return when the table shows exactly these accounts, from the top."""
    page.wait_for_function(
        """names => {
          const shown = [...document.querySelectorAll('.qp-table .qp-account')].map(node => node.textContent);
          return JSON.stringify(shown) === JSON.stringify(names);
        }""",
        arg=list(accounts),
    )


def wait_for_labels(page: Page, accounts: Sequence[str]) -> None:
    """Return when the chart's rows belong to exactly these accounts."""
    page.wait_for_function(
        """names => {
          const labels = [...document.querySelectorAll('.js-plotly-plot .ytick text')].map(node => node.textContent);
          const accounts = new Set(labels.map(label => label.split(' · ')[0]));
          return JSON.stringify([...accounts].sort()) === JSON.stringify(names);
        }""",
        arg=sorted(accounts),
    )


def find(page: Page):
    return page.get_by_role("combobox", name="Find account")


def test_another_account_is_picked_by_typing(page: Page, lab: Lab) -> None:
    """None, type, arrow, Enter: chart and table follow, and no key reaches the notebook."""
    notebook = opened(page, lab, PANEL)
    cells = page.locator(".jp-Cell").count()
    page.get_by_role("button", name="Select no account").press("Enter")
    page.get_by_text("No account is selected").wait_for()
    find(page).press_sequentially("a")
    find(page).press("Escape")
    find(page).press_sequentially("team-b")
    find(page).press("Enter")
    wait_for_rows(page, ["team-blue"])
    wait_for_labels(page, ["team-blue"])
    find(page).press("Escape")
    find(page).press_sequentially("ad")
    page.get_by_role("option", name="ada").wait_for()
    find(page).press("Enter")  # the first that matches: ada
    wait_for_rows(page, ["team-blue", "ada"])
    page.get_by_role("button", name="Select all accounts").press("Enter")
    page.get_by_text("18 of 18 selected").wait_for()
    assert page.locator(".jp-Cell").count() == cells
    notebook.wait_until_drawn()
    assert traffic(page).errors == []
    assert_nothing_left_loopback(page)


def test_only_what_was_found_and_back_by_chips(page: Page, lab: Lab) -> None:
    opened(page, lab, PANEL)
    find(page).fill("owl")
    page.get_by_role("button", name="Select only the accounts found").press("Enter")
    wait_for_rows(page, ["night-owl"])
    find(page).fill("")
    page.get_by_role("option", name="campus").click()
    wait_for_rows(page, ["night-owl", "campus"])
    page.get_by_role("button", name="Remove night-owl").click()
    wait_for_rows(page, ["campus"])
    find(page).fill("nobody is called that")
    page.get_by_text("no account is called that").wait_for()


def test_left_used_windows_chart_and_zone(page: Page, lab: Lab) -> None:
    """The other controls, each with what it changes."""
    notebook = opened(page, lab, PANEL)
    notebook.wait_for_chart("Quota left, demo accounts")
    page.get_by_role("button", name="used", exact=True).press("Enter")
    notebook.wait_for_chart("Quota used, demo accounts")
    page.get_by_text("Quota used: what runs out first on top").wait_for()
    page.get_by_role("checkbox", name="five hour").press("Space")
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.qp-table thead th')].some(node => node.textContent === 'five hour')"
    )
    page.get_by_role("button", name="resets", exact=True).press("Enter")
    notebook.wait_for_chart("Next resets, demo accounts")
    zone = page.get_by_label("Time zone")
    zone.fill("Nowhere")
    zone.press("Enter")
    page.get_by_role("alert").filter(has_text="no time zone 'Nowhere'").wait_for()
    zone.fill("Asia/Tokyo")
    zone.press("Enter")
    page.get_by_text("last updated Mon 16 Nov 18:00 JST").wait_for()
    page.get_by_role("alert").wait_for(state="detached")


def test_attributes_move_the_controls(page: Page, lab: Lab) -> None:
    notebook = opened(page, lab, PANEL, "panel.selected = ('wren',); panel.show = 'used'")
    wait_for_rows(page, ["wren"])
    notebook.wait_for_chart("Quota used")
    page.get_by_text("1 of 18 selected").wait_for()
    assert page.get_by_role("option", name="wren").get_attribute("aria-selected") == "true"


def test_refresh_shows_its_progress_and_the_next_numbers(page: Page, lab: Lab) -> None:
    """The demo goes on by five minutes; the button is off while a run is under way."""
    slow = "from quota_helpers.sources import demo\nslow = demo(latency=0.3); panel = QuotaPanel(slow); panel"
    opened(page, lab, slow)
    page.get_by_text("last updated Mon 16 Nov 09:00 UTC").wait_for()
    before = page.locator(".qp-table tbody").inner_text()
    button = page.locator(".quota-panel button").filter(has_text="Refresh")
    button.press("Enter")
    page.get_by_text(re.compile(r"^\d+ of 18 read$")).wait_for()
    page.get_by_text("last updated Mon 16 Nov 09:05 UTC").wait_for()
    page.wait_for_function("() => !document.querySelector('.quota-panel progress')")
    assert button.is_enabled()
    assert page.locator(".qp-table tbody").inner_text() != before


AUTO = "QuotaPanel.minute_seconds = 0.5; QuotaPanel.answer_seconds = 2.0\n" + PANEL
TIMER_COUNT = (
    "len([task for task in asyncio.all_tasks() if task.get_name().startswith('quota timer')]), len(TIMERS.running)"
)


def test_auto_refresh_has_one_timer_and_ends_with_its_view(page: Page, lab: Lab) -> None:
    """Three runs of the cell leave one timer at most; clearing the output leaves none, and says so."""
    notebook = opened(page, lab, AUTO, "panel.auto_minutes = 1", TIMER_COUNT)
    # Not one certain time: on a busy machine a page may see only every other run.
    page.wait_for_function("() => !document.querySelector('.qp-head').textContent.includes('Nov 09:00 UTC')")
    for _ in range(3):
        notebook.run_cell(1)
        notebook.run_cell(2)
    notebook.run_cell(3)
    assert notebook.text(3) == "(1, 1)"
    page.evaluate("() => quotaLab.cells()[1].model.clearExecution()")
    page.locator(".qp-picker").wait_for(state="detached")
    _until(notebook, 3, "(0, 0)")
    assert_nothing_left_loopback(page)


def test_auto_refresh_ends_with_the_page(page: Page, lab: Lab) -> None:
    """A closed page cannot say goodbye: the timer ends because nobody answers, whatever the count of views says."""
    opened(page, lab, AUTO, "panel.auto_minutes = 1", TIMER_COUNT)
    # Not saved: the page that comes back shows no panel, so nobody answers.
    page.goto("about:blank")
    back = open_notebook(page, lab, "panel.ipynb")
    _until(back, 3, "(0, 0)")


def _until(notebook: NotebookPage, cell: int, text: str) -> None:
    """Run a cell again and again until it answers this: each run is a state of the kernel, not a time."""
    for _ in range(200):
        notebook.run_cell(cell)
        if notebook.text(cell) == text:
            return
    raise AssertionError(f"cell {cell} still answers {notebook.text(cell)!r}, not {text!r}")


def test_failures_stand_there_with_their_hint(page: Page, lab: Lab) -> None:
    opened(page, lab, PANEL)
    row = page.locator(".qp-failures tr").filter(has_text="expired.auth.json")
    assert "Use Codex once with this login" in row.inner_text()
    assert "✕ expired" in row.inner_text()
    assert page.get_by_text("kim@example.com").count() == 0


def test_an_exception_in_a_handler_is_on_the_page(page: Page, lab: Lab) -> None:
    notebook = opened(page, lab, PANEL, "panel._view.draw = lambda *_: 1 / 0")
    page.get_by_role("button", name="Select no account").click()
    page.get_by_role("alert").filter(has_text="Drawing: ZeroDivisionError: division by zero").wait_for()
    assert notebook.text(2) == ""


def test_three_hundred_accounts(page: Page, lab: Lab) -> None:
    """Typing finds one of them; all of them are in table and list."""
    opened(page, lab, "from panel_support import crowd_source\npanel = QuotaPanel(crowd_source(300)); panel")
    page.get_by_text("300 of 300 selected").wait_for()
    assert page.locator(".qp-table tbody tr").count() == 300
    find(page).fill("seat-217")
    page.get_by_role("button", name="Select only the accounts found").click()
    wait_for_rows(page, ["seat-217"])
    wait_for_labels(page, ["seat-217"])


def test_two_panels_on_one_source(page: Page, lab: Lab) -> None:
    opened(page, lab, "one = QuotaPanel(source); one", "two = QuotaPanel(source); two")
    page.get_by_role("button", name="Select no account").first.click()
    page.get_by_text("0 of 18 selected").wait_for()
    assert page.get_by_text("18 of 18 selected").count() == 1


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 800])
def test_it_fits_and_follows_the_theme(page: Page, lab: Lab, theme: Theme) -> None:
    """Nothing is wider than the page, and every letter contrasts with the ground, in table and chart."""
    notebook = opened(page, lab, PANEL)
    # JupyterLab may fit a chart to its place a moment after it is drawn: the state to wait for.
    page.wait_for_function(
        """() => [...document.querySelectorAll('.quota-panel, .quota-panel *')]
            .filter(node => node.scrollWidth > node.clientWidth + 1)
            .filter(node => /auto|scroll/.test(getComputedStyle(node).overflowX)).length === 0"""
    )
    for selector, name in ((".qp-account", "color"), (".quota-panel .gtitle tspan tspan", "fill")):
        notebook.wait_for_letters(selector, name, dark=theme == "light")


def test_a_saved_notebook_shows_the_twin_without_a_kernel(page: Page, lab: Lab) -> None:
    """Reopened without its widget view, JupyterLab shows the table; its sanitizer leaves bars and texts."""
    notebook = opened(page, lab, PANEL)
    path = notebook.save()
    saved = json.loads(path.read_text("utf-8"))
    [output] = saved["cells"][1]["outputs"]
    assert "widgets" not in saved["metadata"]
    del output["data"]["application/vnd.jupyter.widget-view+json"]
    (path.parent / "twin.ipynb").write_text(json.dumps(saved), "utf-8")
    open_notebook(page, lab, "twin.ipynb")
    table = page.get_by_role("table", name="Quota left by account and window").locator("visible=true")
    table.wait_for()
    assert "ki...@example.com" in table.inner_text()
    widths = table.locator("div[style*='background-color:#0072B2']").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().width)"
    )
    assert max(widths) == 90
