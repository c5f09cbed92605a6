"""After Run All, without scrolling: the answer and the first windows, in JupyterLab's full interface, side bar open."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from chromium import assert_nothing_left_loopback, open_page, traffic
from foundation_support import Desk, usage
from notebook_page import open_notebook
from test_notebook_01 import NAME, OpenedLab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CONNECT = "qh.connect()"
ON_SCREEN = """selector => {
  const node = document.querySelector(selector);
  const scroller = document.querySelector('.jp-WindowedPanel-outer');
  if (!node || !scroller) return false;
  const [box, seen] = [node.getBoundingClientRect(), scroller.getBoundingClientRect()];
  return box.height > 0 && box.top >= seen.top && box.bottom <= Math.min(seen.bottom, window.innerHeight);
}"""


@pytest.fixture(scope="module")
def live_lab(chromium: Browser) -> Iterator[OpenedLab]:  # noqa: ARG001 - no server where there is no browser
    """A server whose kernels look for real login files, beside the notebooks."""
    with OpenedLab(env={"QUOTA_HELPERS_DEMO": "0"}) as server:
        yield server


@pytest.fixture
def live_page(chromium: Browser, live_lab: OpenedLab) -> Iterator[Page]:
    page = open_page(chromium, live_lab.base)
    page.set_viewport_size({"width": 1280, "height": 1000})
    yield page
    page.context.close()
    live_lab.shut_down_kernels()


def logins(folder: Path, count: int) -> Desk:
    """So many logins on a real server; of twelve, six cannot be read."""
    shutil.rmtree(folder, ignore_errors=True)
    desk = Desk(folder)
    for number in range(count):
        failing = count == 12 and number % 2 == 1
        desk.login(f"seat-{number:03d}", usage(number % 90, 10 + number % 80), exp=1 if failing else 4_000_000_000)
    return desk


@pytest.mark.parametrize("count", [1, 12, 300])
def test_the_answer_is_on_the_first_screen(live_page: Page, live_lab: OpenedLab, count: int) -> None:
    """Side bar open, notebook 01 as it is but for the server's address, nothing scrolled."""
    page = live_page
    notebook_file = live_lab.root / NAME
    text = notebook_file.read_text("utf-8")
    with logins(live_lab.root / "account", count) as desk:
        assert text.count(CONNECT) > 0
        notebook_file.write_text(text.replace(CONNECT, f"qh.connect(url={desk.base!r})".replace('"', "'")), "utf-8")
        notebook = open_notebook(page, live_lab, NAME)
        page.locator(".jp-FileBrowser").wait_for()
        notebook.run_all()
        page.locator(".quota-panel .qp-account-row").first.wait_for()
        notebook.wait_until_drawn()
        for what in (".qp-answers li:first-child", ".quota-panel .qp-picker", ".qp-account-row .qp-words"):
            page.wait_for_function(ON_SCREEN, arg=what)
        read = 6 if count == 12 else count
        assert page.locator(".qp-place .qp-account").count() == read
        assert f"{read} of {count} logins read" in page.locator(".qp-head").inner_text() or count == 1
    notebook_file.write_text(text, "utf-8")
    assert traffic(page).errors == []
    assert_nothing_left_loopback(page)
