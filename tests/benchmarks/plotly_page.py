"""A bare page with plotly in chromium, and how long it takes to draw a figure there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import plotly.offline
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

DRAW = """async text => {
  const begun = performance.now(), {data, layout} = JSON.parse(text);
  await Plotly.newPlot('chart', data, layout);
  return performance.now() - begun;
}"""


@contextmanager
def plotly_page(home: Path) -> Iterator[Any]:
    """The page, 1280 x 1000 pixels; the test is skipped where there is no chromium."""
    from chromium import HOW_TO_GET_IT, find_chromium, launch
    from playwright.sync_api import sync_playwright

    if not (program := find_chromium()):
        pytest.skip(HOW_TO_GET_IT)
    with sync_playwright() as playwright:
        browser = launch(playwright, program, home)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_content("<div id=chart></div>")
        page.add_script_tag(content=plotly.offline.get_plotlyjs())
        yield page
        browser.close()


def draw_seconds(page: Any, text: str) -> float:
    """Seconds from a figure's JSON to the end of plotly's drawing, measured in the page itself."""
    return float(page.evaluate(DRAW, text)) / 1000
