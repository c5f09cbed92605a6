"""Notebook 01 as README's first command opens it: run and used like a person would, and read without running it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from chromium import assert_nothing_left_loopback, traffic
from lab import THEMES, Lab
from notebook_page import open_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NAME = "01_quota_now.ipynb"

LETTERS = tuple((f".quota-panel {part}", "color") for part in (".qp-account", ".qp-words b", ".qp-answers b"))


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
    return page.locator(".quota-panel .qp-place .qp-account").all_inner_texts()


def test_it_is_read_without_running_it(page: Page, lab: Lab) -> None:
    """The saved file says that it is the demo's, answers first, and has the table with its bars and what failed."""
    open_notebook(page, lab, NAME)
    table = page.locator(".jp-RenderedHTML table").locator("visible=true").first
    table.wait_for()
    text = table.inner_text()
    assert "team-blue" in text
    assert "ki...@example.com" in text
    bars = table.locator("div[style*='background-color']").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().width)"
    )
    assert max(bars) == 90, "the sanitizer took the bars' widths away"
    page.get_by_text("Sign in again with: codex login").locator("visible=true").first.wait_for()
    order = page.locator(".jp-Notebook").first.inner_text()
    told = [order.index(part) for part in ("was run on the demo", "demo, invented accounts", "now:", "no such window")]
    assert told == sorted(told)
    assert page.evaluate("() => quotaLab.unrun()") == []
    assert page.locator(".quota-panel").count() == 0
    assert traffic(page).errors == []
    assert_nothing_left_loopback(page)


def test_run_all_and_use_the_panel(page: Page, lab: Lab) -> None:
    """Run all, type, switch, refresh, look at what failed, change the theme: the view follows every time."""
    notebook = open_notebook(page, lab, NAME)
    notebook.run_all()
    page.locator(".quota-panel .qp-picker").wait_for()
    notebook.wait_until_drawn()
    assert len(rows(page)) == 13
    _failures_have_hints(page)
    _another_account_by_typing(page)
    _left_and_used(page)
    _refresh(page)
    for theme in (*THEMES, "light"):
        notebook.set_theme(theme)
        for selector, name in LETTERS:
            notebook.wait_for_letters(selector, name, dark=theme == "light")
    notebook.wait_until_drawn()
    assert traffic(page).errors == []
    assert_nothing_left_loopback(page)


def _failures_have_hints(page: Page) -> None:
    page.get_by_text("5 of 18 logins could not be read.").click()
    failures = page.locator(".quota-panel .qp-failures tbody tr")
    assert failures.count() == 5
    assert "Sign in again with: codex login" in failures.filter(has_text="signed-out").inner_text()
    assert "kim@example.com" not in page.locator(".quota-panel").inner_text()


def _another_account_by_typing(page: Page) -> None:
    find = page.get_by_role("combobox", name="Find account")
    for typed, key, count in (("patch", "Enter", 1), ("comet", "Shift+Enter", 2)):
        find.press_sequentially(typed)
        find.press(key)
        find.press("Escape")
        page.wait_for_function(
            "count => document.querySelectorAll('.quota-panel .qp-place .qp-account').length === count", arg=count
        )
    assert set(rows(page)) == {"patchwork", "comet"}


def _left_and_used(page: Page) -> None:
    left = page.locator(".quota-panel .qp-words b").first.inner_text()
    page.get_by_role("button", name="used", exact=True).press("Enter")
    page.get_by_role("table", name="Quota used by account and window").wait_for()
    used = page.locator(".quota-panel .qp-words b").first.inner_text()
    assert _number(left) + _number(used) == 100
    page.get_by_role("button", name="left", exact=True).press("Enter")
    page.get_by_role("table", name="Quota left by account and window").wait_for()


def _number(text: str) -> float:
    return float(re.findall(r"[\d.]+", text)[0])


def _refresh(page: Page) -> None:
    """The demo's clock goes on by five minutes with every run: the countdowns do, too."""
    assert "1 h 50 m" in page.locator(".quota-panel .qp-place").inner_text()
    page.locator(".quota-panel button").filter(has_text="Refresh").press("Enter")
    page.get_by_text("updated Mon 16 Nov 09:05 UTC").wait_for()
    assert "1 h 45 m" in page.locator(".quota-panel .qp-place").inner_text()
    page.wait_for_function("() => !document.querySelector('.quota-panel progress')")
