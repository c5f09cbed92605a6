"""Notebook 01 as README's first command opens it: run and used like a person would, and read without running it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from chromium import assert_nothing_left_loopback, traffic
from lab import THEMES, Lab
from notebook_page import NotebookPage, open_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NAME = "01_quota_now.ipynb"

LETTERS = (
    (".quota-panel .qp-account", "color"),
    (".quota-panel .qp-number", "color"),
    (".quota-panel .gtitle tspan tspan", "fill"),
    (".quota-panel .ytick text tspan", "fill"),
)


class OpenedLab(Lab):
    """JupyterLab told on its command line which notebook to open, in its full interface."""

    def url(self, name: str) -> str:
        """The page that `jupyter lab <notebook>` opens in the browser."""
        return f"{self.base}/lab/tree/{name}?reset&token={self.token}"

    def _command(self) -> list[str]:
        return [*super()._command(), NAME]


@pytest.fixture(scope="module")
def lab(chromium: Browser) -> Iterator[Lab]:  # noqa: ARG001 - no server where there is no browser
    with OpenedLab() as server:
        yield server


@pytest.fixture(scope="module")
def pages(lab: Lab) -> Iterator[list[Page]]:  # noqa: ARG001 - its pages end before the server
    """Pages of this server; those of the other tests may not reach it."""
    kept: list[Page] = []
    yield kept
    for page in kept:
        page.context.close()


def rows(page: Page) -> list[str]:
    return page.locator(".quota-panel .qp-table .qp-account").all_inner_texts()


def wait_for_chart_rows(page: Page, accounts: list[str]) -> None:
    page.wait_for_function(
        """names => {
          const labels = [...document.querySelectorAll('.quota-panel .js-plotly-plot .ytick text')];
          return JSON.stringify([...new Set(labels.map(node => node.textContent))].sort()) === JSON.stringify(names);
        }""",
        arg=sorted(accounts),
    )


def test_it_is_read_without_running_it(page: Page, lab: Lab) -> None:
    """The saved file shows the table with its bars, what failed, and the figures."""
    notebook = open_notebook(page, lab, NAME)
    table = page.get_by_role("table", name="Quota left by account and window").locator("visible=true")
    table.wait_for()
    text = table.inner_text()
    assert "team-blue" in text
    assert "ki...@example.com" in text
    bars = table.locator("div[style*='background-color']").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().width)"
    )
    assert max(bars) == 90, "the sanitizer took the bars' widths away"
    page.get_by_text("Sign in again with: codex login").locator("visible=true").first.wait_for()
    notebook.page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-RenderedPlotly .plot-img')]
            .filter(node => node.naturalWidth > 300).length === 2"""
    )
    assert page.evaluate("() => quotaLab.unrun()") == []
    assert page.locator(".quota-panel").count() == 0
    assert traffic(page).errors == []
    assert_nothing_left_loopback(page)


def test_run_all_and_use_the_panel(page: Page, lab: Lab) -> None:
    """Run all, type, switch, refresh, look at what failed, change the theme: table and chart follow every time."""
    notebook = open_notebook(page, lab, NAME)
    notebook.run_all()
    page.locator(".quota-panel .qp-picker").wait_for()
    notebook.wait_for_chart("Quota left, demo accounts")
    notebook.wait_until_drawn()
    assert len(rows(page)) == 13
    _failures_have_hints(page)
    _another_account_by_typing(page)
    _left_and_used(notebook)
    _refresh(page)
    for theme in (*THEMES, "light"):
        notebook.set_theme(theme)
        for selector, name in LETTERS:
            notebook.wait_for_letters(selector, name, dark=theme == "light")
    notebook.wait_until_drawn()
    assert traffic(page).errors == []
    assert_nothing_left_loopback(page)


def _failures_have_hints(page: Page) -> None:
    failures = page.locator(".quota-panel .qp-failures tbody tr")
    assert failures.count() == 5
    assert "Sign in again with: codex login" in failures.filter(has_text="signed-out").inner_text()
    assert "kim@example.com" not in page.locator(".quota-panel").inner_text()


def _another_account_by_typing(page: Page) -> None:
    find = page.get_by_role("combobox", name="Find account")
    page.get_by_role("button", name="Select no account").press("Enter")
    page.get_by_text("No account is selected").wait_for()
    for typed, shown in (("patch", ["patchwork"]), ("comet", ["patchwork", "comet"])):
        find.press_sequentially(typed)
        find.press("Enter")
        find.press("Escape")
        page.wait_for_function(
            "count => document.querySelectorAll('.quota-panel .qp-table .qp-account').length === count", arg=len(shown)
        )
        assert rows(page) == shown
        wait_for_chart_rows(page, shown)


def _left_and_used(notebook: NotebookPage) -> None:
    page = notebook.page
    left = page.locator(".quota-panel .qp-number").first.inner_text()
    page.get_by_role("button", name="used", exact=True).press("Enter")
    notebook.wait_for_chart("Quota used, demo accounts")
    page.get_by_text("Quota used: what runs out first on top").wait_for()
    used = page.locator(".quota-panel .qp-number").first.inner_text()
    assert _number(left) + _number(used) == 100
    page.get_by_role("button", name="left", exact=True).press("Enter")
    notebook.wait_for_chart("Quota left, demo accounts")


def _number(text: str) -> float:
    return float(re.findall(r"[\d.]+", text)[0])


def _refresh(page: Page) -> None:
    """The demo's clock goes on by five minutes with every run: the countdowns do, too."""
    before = page.locator(".quota-panel .qp-table tbody").inner_text()
    assert "1 h 50 m" in before
    page.locator(".quota-panel button").filter(has_text="Refresh").press("Enter")
    page.get_by_text("last updated Mon 16 Nov 09:05 UTC").wait_for()
    after = page.locator(".quota-panel .qp-table tbody").inner_text()
    assert "1 h 45 m" in after
    page.wait_for_function(
        """() => [...document.querySelectorAll('.quota-panel .js-plotly-plot .textpoint text')]
            .some(node => node.textContent === '1 h 45 m')"""
    )
    page.wait_for_function("() => !document.querySelector('.quota-panel progress')")
