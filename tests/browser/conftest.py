"""One JupyterLab and one chromium for all browser tests; a page, a theme and a width for each.

The browser tests run last: they are the slowest, and Playwright keeps an event loop running in the main thread as long
as it is open, so that tests behind them could not start one of their own.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chromium import HOW_TO_GET_IT, find_chromium, launch, open_page, traffic
from lab import Lab, Theme
from notebook_page import leave_notebooks, switch_theme
from playwright.sync_api import Error, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser, Page

HERE = Path(__file__).resolve().parent
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, or a skip that says how to get one (a failure where QUOTA_REQUIRE_BROWSER=1 asks for it)."""
    if not (program := find_chromium()):
        if os.environ.get("QUOTA_REQUIRE_BROWSER") == "1":
            pytest.fail(HOW_TO_GET_IT, pytrace=False)
        pytest.skip(HOW_TO_GET_IT)
    home = tempfile.TemporaryDirectory(prefix="quota-chromium-", ignore_cleanup_errors=True)
    with home, sync_playwright() as playwright:
        browser = launch(playwright, program, Path(home.name))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(chromium: Browser) -> Iterator[Lab]:  # noqa: ARG001 - no server where there is no browser
    """The server, on a copy of `notebooks/`."""
    with Lab() as server:
        yield server


@pytest.fixture
def theme() -> Theme:
    """JupyterLab's theme when the page opens; parametrize it with `lab.THEMES` to get both."""
    return "light"


@pytest.fixture
def width() -> int:
    """Width of the page in pixels; parametrize it with `[1280, 800]` to get both."""
    return 1280


@pytest.fixture(scope="session")
def pages() -> Iterator[list[Page]]:
    """The page that the last test left in good order, if any: loading JupyterLab anew costs four seconds a test."""
    kept: list[Page] = []
    yield kept
    for page in kept:
        page.context.close()


@pytest.fixture
def page(
    request: pytest.FixtureRequest, chromium: Browser, lab: Lab, pages: list[Page], theme: Theme, width: int
) -> Iterator[Page]:
    """A page of 1000 pixels height with no notebook open; a failed test's page is thrown away."""
    page = pages.pop() if pages else open_page(chromium, lab.base)
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(color_scheme=theme)
    switch_theme(page, lab, theme)
    traffic(page).clear()
    yield page
    if request.node.stash.get(FAILED, False) or page.is_closed():
        page.context.close()
        lab.shut_down_kernels()
    else:
        leave_notebooks(page, lab)
        pages.append(page)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where failures leave their screenshots: QUOTA_SCREENSHOTS, else a temp folder that stays."""
    if named := os.environ.get("QUOTA_SCREENSHOTS"):
        Path(named).mkdir(parents=True, exist_ok=True)
        return Path(named)
    return Path(tempfile.mkdtemp(prefix="quota-screenshots-"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of this folder behind all others, whatever was named on the command line."""
    items.sort(key=lambda item: HERE in item.path.parents)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failed test what its page looked like and complained about."""
    report = yield
    page: Any = getattr(item, "funcargs", {}).get("page")
    if report.failed and page is not None and not page.is_closed():
        item.stash[FAILED] = True
        report.sections.append(("page", "\n".join(_describe(item, page))))
    return report


def _describe(item: pytest.Item, page: Page) -> list[str]:
    folder = item._request.getfixturevalue("pictures")  # type: ignore[attr-defined]
    picture = folder / (re.sub(r"\W+", "-", item.name).strip("-") + ".png")
    try:
        page.screenshot(path=picture)
    except Error as exc:  # the page may be what failed; the test's own failure must still be told
        picture = f"none, {exc.message}"
    record = traffic(page)
    return [f"screenshot: {picture}", f"console errors: {record.errors}", f"blocked requests: {record.blocked}"]
