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
    """Return when exactly these accounts are shown, from the top."""
    page.wait_for_function(
        """names => {
          const shown = [...document.querySelectorAll('.qp-place .qp-account')].map(node => node.textContent);
          return JSON.stringify(shown) === JSON.stringify(names);
        }""",
        arg=list(accounts),
    )


def find(page: Page):
    return page.get_by_role("combobox", name="Find account")


def more(page: Page) -> None:
    """Unfold, or fold, what is not always needed."""
    page.locator(".quota-panel button").filter(has_text="More").press("Enter")


def test_typing_a_name_and_enter_shows_that_one(page: Page, lab: Lab) -> None:
    """By keyboard alone; the whole name counts more than a part of another one, and no key reaches the notebook."""
    opened(page, lab, PANEL)
    cells = page.locator(".jp-Cell").count()
    find(page).press_sequentially("a")
    find(page).press("Escape")
    find(page).press_sequentially("team-b")
    find(page).press("Enter")
    wait_for_rows(page, ["team-blue"])
    page.get_by_text("1 of 18 shown").wait_for()
    assert find(page).input_value() == ""
    find(page).press_sequentially("Ada")
    page.get_by_role("option", name="ada").wait_for()
    find(page).press("Enter")
    wait_for_rows(page, ["ada"])
    find(page).press_sequentially("wren")
    find(page).press("Shift+Enter")
    wait_for_rows(page, ["wren", "ada"])
    find(page).press("Escape")
    page.get_by_role("button", name="Show all accounts").press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.qp-place .qp-account').length === 13")
    assert page.locator(".jp-Cell").count() == cells
    assert traffic(page).errors == []
    assert_nothing_left_loopback(page)


FOCUSED = """() => {
  const node = document.activeElement;
  const name = node.getAttribute('aria-label') || node.textContent.trim() || node.placeholder;
  return [name || node.type, getComputedStyle(node).outlineStyle];
}"""


def test_every_control_is_reached_by_tab_alone_and_shows_that_it_is(page: Page, lab: Lab) -> None:
    """In the order in which they stand, unfolded ones included; what failed stands before them."""
    opened(page, lab, PANEL)
    more(page)
    find(page).focus()
    page.keyboard.press("Shift+Tab")
    stops = []
    for _ in range(22):
        stops.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
    names = [name for name, _ in stops]
    assert names[0].startswith("5 of 18 logins could not be read.")
    assert names[1:6] == ["Find account", "left", "used", "Refresh", "More"]
    assert names[6:11] == ["checkbox"] * 5
    assert names[11:17] == ["type to find", "off", "1 min", "5 min", "15 min", "checkbox"]
    assert names[17:22] == ["Windows", "Resets", "Over time", "Table", "ki...@example.com"]
    assert [name for name, outline in stops if outline == "none"] == []


def test_several_are_ticked_and_only_what_was_found_is_shown(page: Page, lab: Lab) -> None:
    opened(page, lab, PANEL)
    find(page).click()
    page.get_by_role("button", name="Select no account").click()
    page.get_by_text("No window to show").wait_for()
    page.get_by_role("option", name="campus").locator(".qp-tick").click()
    page.get_by_role("option", name="night-owl").locator(".qp-tick").click()
    wait_for_rows(page, ["campus", "night-owl"])
    page.get_by_role("option", name="wren").click()
    wait_for_rows(page, ["wren"])
    find(page).fill("a")
    page.get_by_role("button", name="Show only the accounts found").click()
    page.get_by_text(re.compile(r"^\d+ of 18 shown$")).wait_for()
    find(page).fill("nobody is called that")
    page.get_by_text("no login is called that").wait_for()


def test_a_click_on_a_name_shows_only_it_and_again_all(page: Page, lab: Lab) -> None:
    """The focus stays on the name, so that Enter brings the others back."""
    opened(page, lab, PANEL)
    name = page.locator(".qp-place .qp-account").filter(has_text="patchwork")
    name.click()
    wait_for_rows(page, ["patchwork"])
    name.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.qp-place .qp-account').length === 13")


def test_left_used_windows_and_zone(page: Page, lab: Lab) -> None:
    """The other controls, each with what it changes."""
    opened(page, lab, PANEL)
    page.get_by_role("table", name="Quota left by account and window").wait_for()
    page.get_by_role("button", name="used", exact=True).press("Enter")
    page.get_by_role("table", name="Quota used by account and window").wait_for()
    assert not page.get_by_label("Time zone").is_visible()
    more(page)
    page.get_by_role("checkbox", name="five hour").press("Space")
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.qp-heads span')].some(node => node.textContent === 'five hour')"
    )
    zone = page.get_by_label("Time zone")
    zone.fill("Nowhere")
    zone.press("Enter")
    page.get_by_role("alert").filter(has_text="no time zone 'Nowhere'").wait_for()
    zone.fill("Asia/Tokyo")
    zone.press("Enter")
    page.get_by_text("updated Mon 16 Nov 18:00 JST").wait_for()
    page.get_by_role("alert").wait_for(state="detached")


def test_one_view_at_a_time(page: Page, lab: Lab) -> None:
    """Windows, resets, table: chosen right there, and what is not shown takes no room."""
    notebook = opened(page, lab, PANEL)
    page.get_by_role("button", name="Resets", exact=True).press("Enter")
    notebook.wait_for_chart("Next resets, demo accounts")
    assert not page.locator(".qp-board").is_visible()
    page.get_by_role("button", name="Table", exact=True).press("Enter")
    page.get_by_role("table", name="Quota left, every window").wait_for()
    assert page.evaluate("() => quotaLab.shown('.js-plotly-plot').length") == 0
    page.get_by_role("button", name="Windows", exact=True).press("Enter")
    page.get_by_role("table", name="Quota left by account and window").wait_for()


def column(page: Page, name: str) -> list[str]:
    """What a column of the table says, from the top, of the rows that are shown."""
    texts: list[str] = page.evaluate(
        """name => {
          const table = document.querySelector('.qp-sorted');
          const at = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent === name);
          return [...table.tBodies[0].rows].filter(row => !row.hidden).map(row => row.cells[at].textContent);
        }""",
        name,
    )
    return texts


def test_the_table_is_sorted_and_searched(page: Page, lab: Lab) -> None:
    """A click on a head sorts by it, numbers as numbers, a second one the other way; the unknown stays at the end."""
    opened(page, lab, PANEL)
    page.get_by_role("button", name="Table", exact=True).click()
    left = page.locator(".qp-sorted thead button").filter(has_text="left")
    for click, order in (("ascending", sorted), ("descending", lambda values: sorted(values, reverse=True))):
        left.click()
        page.locator(f".qp-sorted th[aria-sort={click}]").wait_for()
        texts = column(page, "left")
        known = [float(re.findall(r"[\d.]+", text)[0]) for text in texts if text != "unknown"]
        assert known == order(known)
        assert texts[len(known) :] == ["unknown"] * (len(texts) - len(known))
    search = page.get_by_role("searchbox", name="Search the table")
    search.press_sequentially("spark weekly")
    assert set(column(page, "window")) == {"GPT-5.3-Codex-Spark weekly"}
    page.get_by_role("button", name="used", exact=True).click()
    page.get_by_role("table", name="Quota used, every window").wait_for()
    assert set(column(page, "window")) == {"GPT-5.3-Codex-Spark weekly"}, "what was searched stays searched"
    search.press("Escape")
    assert len(column(page, "window")) == len(texts)


def test_what_is_known_of_a_window_shows_under_the_pointer(page: Page, lab: Lab) -> None:
    opened(page, lab, PANEL)
    page.locator(".qp-cell").first.hover()
    page.get_by_role("tooltip").filter(has_text="104 % used, 0 % left").wait_for()
    page.get_by_role("button", name="More").hover()
    page.locator(".qp-card").wait_for(state="hidden")


def test_attributes_move_the_controls(page: Page, lab: Lab) -> None:
    opened(page, lab, PANEL, "panel.selected = ('wren',); panel.show = 'used'")
    wait_for_rows(page, ["wren"])
    page.get_by_role("table", name="Quota used by account and window").wait_for()
    page.get_by_text("1 of 18 shown").wait_for()
    find(page).click()
    assert page.get_by_role("option", name="wren").get_attribute("aria-selected") == "true"


def test_running_the_cell_again_begins_with_what_was_chosen(page: Page, lab: Lab) -> None:
    notebook = opened(page, lab, PANEL)
    page.get_by_role("button", name="used", exact=True).click()
    more(page)
    page.get_by_role("table", name="Quota used by account and window").wait_for()
    notebook.run_cell(1)
    page.get_by_role("table", name="Quota used by account and window").wait_for()
    assert page.get_by_label("Time zone").is_visible()


def test_refresh_shows_its_progress_and_the_next_numbers(page: Page, lab: Lab) -> None:
    """The demo goes on by five minutes; the button is off while a run is under way."""
    slow = "from quota_helpers.sources import demo\nslow = demo(latency=0.3); panel = QuotaPanel(slow); panel"
    opened(page, lab, slow)
    page.get_by_text("updated Mon 16 Nov 09:00 UTC").wait_for()
    before = page.locator(".qp-place").inner_text()
    button = page.locator(".quota-panel button").filter(has_text="Refresh")
    button.press("Enter")
    page.get_by_text(re.compile(r"^\d+ of 18 read$")).wait_for()
    page.get_by_text("updated Mon 16 Nov 09:05 UTC").wait_for()
    page.wait_for_function("() => !document.querySelector('.quota-panel progress')")
    assert button.is_enabled()
    assert page.locator(".qp-place").inner_text() != before


AUTO = "QuotaPanel.minute_seconds = 0.5; QuotaPanel.answer_seconds = 2.0\n" + PANEL
TIMER_COUNT = "len([task for task in asyncio.all_tasks() if task.get_name() == 'quota panel timer'])"


def test_auto_refresh_has_one_timer_and_ends_with_its_view(page: Page, lab: Lab) -> None:
    """Three runs of the cell leave one timer at most; clearing the output leaves none, and says so."""
    notebook = opened(page, lab, AUTO, "panel.auto_minutes = 1", TIMER_COUNT)
    # Not one certain time: on a busy machine a page may see only every other run.
    page.wait_for_function("() => !document.querySelector('.qp-head').textContent.includes('Nov 09:00 UTC')")
    for _ in range(3):
        notebook.run_cell(1)
        notebook.run_cell(2)
    notebook.run_cell(3)
    assert notebook.text(3) == "1"
    page.evaluate("() => quotaLab.cells()[1].model.clearExecution()")
    page.locator(".qp-picker").wait_for(state="detached")
    _until(notebook, 3, "0")
    assert_nothing_left_loopback(page)


def test_auto_refresh_ends_with_the_page(page: Page, lab: Lab) -> None:
    """A closed page cannot say goodbye: the timer ends because nobody answers, whatever the count of views says."""
    opened(page, lab, AUTO, "panel.auto_minutes = 1", TIMER_COUNT)
    # Not saved: the page that comes back shows no panel, so nobody answers.
    page.goto("about:blank")
    back = open_notebook(page, lab, "panel.ipynb")
    _until(back, 3, "0")


def _until(notebook: NotebookPage, cell: int, text: str) -> None:
    """Run a cell again and again until it answers this: each run is a state of the kernel, not a time."""
    for _ in range(200):
        notebook.run_cell(cell)
        if notebook.text(cell) == text:
            return
    raise AssertionError(f"cell {cell} still answers {notebook.text(cell)!r}, not {text!r}")


def test_failures_open_up_with_their_hint(page: Page, lab: Lab) -> None:
    opened(page, lab, PANEL)
    row = page.locator(".qp-failures tr").filter(has_text="expired.auth.json")
    assert not row.is_visible()
    page.get_by_text("5 of 18 logins could not be read.").click()
    assert "Use Codex once with this login" in row.inner_text()
    assert page.get_by_text("kim@example.com").count() == 0


def test_an_exception_in_a_handler_is_on_the_page(page: Page, lab: Lab) -> None:
    notebook = opened(page, lab, PANEL, "panel._draw = lambda: 1 / 0")
    find(page).click()
    page.get_by_role("button", name="Select no account").click()
    page.get_by_role("alert").filter(has_text="Drawing: ZeroDivisionError: division by zero").wait_for()
    assert notebook.text(2) == ""


def test_three_hundred_accounts(page: Page, lab: Lab) -> None:
    """Typing finds one of them; all of them are in view and list."""
    opened(page, lab, "from panel_support import crowd_source\npanel = QuotaPanel(crowd_source(300)); panel")
    page.get_by_text("300 of 300 logins read").wait_for()
    assert page.locator(".qp-place .qp-account").count() == 300
    find(page).fill("seat-217")
    find(page).press("Enter")
    wait_for_rows(page, ["seat-217"])


def test_two_panels_on_one_source(page: Page, lab: Lab) -> None:
    opened(page, lab, "one = QuotaPanel(source); one", "two = QuotaPanel(source); two")
    find(page).first.fill("ada")
    find(page).first.press("Enter")
    page.get_by_text("1 of 18 shown").wait_for()
    assert page.locator(".qp-place .qp-account").count() == 1 + 13


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1600, 1280, 800, 360])
def test_it_fits_and_follows_the_theme(page: Page, lab: Lab, theme: Theme) -> None:
    """Nothing is wider than the page, no name is cut, and every letter contrasts with the ground."""
    notebook = opened(page, lab, PANEL)
    # JupyterLab may fit a chart to its place a moment after it is drawn: the state to wait for.
    page.wait_for_function(
        """() => [...document.querySelectorAll('.quota-panel, .quota-panel *')]
            .filter(node => node.scrollWidth > node.clientWidth + 1)
            .filter(node => /auto|scroll/.test(getComputedStyle(node).overflowX)).length === 0"""
    )
    cut = "nodes => nodes.filter(node => node.scrollHeight > node.clientHeight + 1).length"
    assert page.locator(".qp-place .qp-account").evaluate_all(cut) == 0
    for selector in (".qp-account", ".qp-words b", ".qp-answers b"):
        notebook.wait_for_letters(selector, "color", dark=theme == "light")


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
    table = page.locator(".jp-RenderedHTML table").locator("visible=true").first
    table.wait_for()
    assert "ki...@example.com" in table.inner_text()
    widths = table.locator("div[style*='background-color:#0072B2']").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().width)"
    )
    assert max(widths) == 90
