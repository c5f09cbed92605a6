"""The driver itself, on a small notebook with everything the real ones have: a chart in a widget and a picker."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest
from chromium import assert_nothing_left_loopback, traffic
from lab import NOTEBOOKS, THEMES, Lab, Theme
from notebook_page import CellError, NotebookPage, open_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

STYLE = "<style>.quota .js-plotly-plot svg text { fill: var(--jp-ui-font-color1, #424242) !important; }</style>"
PANEL = f"""
import ipywidgets as w
chart = w.Output()
pick = w.Combobox(options=['alpha', 'beta'], value='alpha', description='Account')
def draw(_=None):
    spec = {{'data': [{{'type': 'bar', 'x': [30, 70], 'y': ['five_hour', 'weekly'], 'orientation': 'h'}}],
            'layout': {{'title': {{'text': pick.value + ' left'}}, 'height': 900, 'paper_bgcolor': 'rgba(0,0,0,0)'}}}}
    data = {{'application/vnd.plotly.v1+json': spec, 'text/plain': 'chart'}}
    chart.outputs = ({{'output_type': 'display_data', 'data': data, 'metadata': {{}}}},)
pick.observe(draw, 'value')
draw()
panel = w.VBox([w.HTML({STYLE!r}), pick, chart])
panel.add_class('quota')
panel
""".strip()


@pytest.fixture
def smoke(page: Page, lab: Lab) -> NotebookPage:
    """The small notebook, open and not yet run."""
    lab.write_notebook("smoke.ipynb", ["2 + 3", PANEL, "pick.value"])
    return open_notebook(page, lab, "smoke.ipynb")


@pytest.mark.parametrize("theme", THEMES)
def test_choosing_redraws_the_chart_in_the_page_s_theme(smoke: NotebookPage, theme: Theme) -> None:
    """Open, run, choose another account; the title changes, the text follows the theme when it is switched live."""
    smoke.run_all()
    smoke.wait_for_chart("alpha left")
    assert smoke.text(0) == "5"

    smoke.page.get_by_label("Account").fill("beta")
    smoke.wait_for_chart("beta left")
    assert smoke.chart_titles() == ["beta left"]

    assert _has_dark_letters(smoke) == (theme == "light")
    smoke.set_theme("dark" if theme == "light" else "light")
    assert _has_dark_letters(smoke) == (theme == "dark"), "the chart's text must change with the theme"

    assert_nothing_left_loopback(smoke.page)
    assert traffic(smoke.page).errors == []


def _has_dark_letters(smoke: NotebookPage) -> bool:
    """Whether the chart's title is written in dark letters."""
    red, green, blue = (int(part) for part in smoke.css(".quota .gtitle", "fill").strip("rgba()").split(",")[:3])
    return red + green + blue < 3 * 128


@pytest.mark.parametrize("width", [1280, 800])
def test_a_full_screenshot_shows_the_whole_notebook(smoke: NotebookPage, width: int, tmp_path: Path) -> None:
    """The picture has the width asked for and is higher than the screen; a change of the width is waited for."""
    smoke.run_all()
    smoke.wait_for_chart("alpha left")
    header = smoke.full_screenshot(tmp_path / "all.png").read_bytes()[16:24]
    seen_width, seen_height = struct.unpack(">II", header)
    assert seen_width == width
    assert seen_height > 1000
    assert smoke.page.viewport_size == {"width": width, "height": 1000}

    other = {1280: 800, 800: 1280}[width]
    smoke.page.set_viewport_size({"width": other, "height": 1000})
    smoke.wait_until_drawn()
    chart = smoke.page.locator(".js-plotly-plot .main-svg").first.bounding_box()
    assert chart is not None
    assert 0.7 * other < chart["x"] + chart["width"] <= other, "a chart is drawn when it fits its new place"


def test_save_rerun_and_restart(smoke: NotebookPage) -> None:
    """Saving writes the outputs to the copy, one cell runs alone, and a restarted kernel has forgotten its names."""
    smoke.run_all()
    saved = json.loads(smoke.save().read_text("utf-8"))
    assert saved["cells"][0]["outputs"][0]["data"]["text/plain"] in ("5", ["5"])
    assert not (NOTEBOOKS / "smoke.ipynb").exists(), "the working tree must not be written to"

    smoke.page.get_by_label("Account").fill("beta")
    smoke.wait_for_chart("beta left")
    smoke.run_cell(2)
    assert smoke.text(2) == "'beta'"

    smoke.restart_kernel()
    with pytest.raises(CellError, match=r"smoke\.ipynb, cell 2: NameError: name 'pick' is not defined"):
        smoke.run_cell(2)


def test_an_error_ends_the_run_at_once(page: Page, lab: Lab) -> None:
    """The first error is raised with its cell, and the cells behind it have not run."""
    lab.write_notebook("bad.ipynb", ["1", "1 / 0", "3"])
    bad = open_notebook(page, lab, "bad.ipynb")
    with pytest.raises(CellError, match=r"bad\.ipynb, cell 1: ZeroDivisionError: division by zero"):
        bad.run_all()
    assert bad.text(2) == ""


def test_a_run_that_takes_too_long_says_where(page: Page, lab: Lab) -> None:
    """The cell that did not end is named."""
    lab.write_notebook("slow.ipynb", ["1", "import threading; threading.Event().wait()"])
    slow = open_notebook(page, lab, "slow.ipynb")
    slow.run_cell(0)
    with pytest.raises(AssertionError, match=r"run cell 1: not done after 1 s; .*cells that did not end: \[1\]"):
        slow.run_cell(1, timeout=1)


def test_requests_to_elsewhere_are_blocked_and_named(smoke: NotebookPage) -> None:
    """A request, a picture and a web socket to another host fail, and each is in the record."""
    outcome = smoke.page.evaluate(
        """async () => {
          const asked = await fetch('https://example.com/asked').catch(() => 'refused');
          await new Promise(done => {
            const picture = new Image();
            picture.onload = picture.onerror = done;
            picture.src = 'http://127.0.0.1:9/picture.png';
          });
          await new Promise(done => { new WebSocket('wss://example.com/socket').onclose = done; });
          return asked;
        }"""
    )
    assert outcome == "refused"
    assert set(traffic(smoke.page).blocked) == {
        "https://example.com/asked",
        "http://127.0.0.1:9/picture.png",
        "wss://example.com/socket",
    }
    with pytest.raises(AssertionError, match="3 addresses outside"):
        assert_nothing_left_loopback(smoke.page)


def test_the_kernel_sees_the_demo_and_an_empty_home(page: Page, lab: Lab) -> None:
    """A notebook finds no login of this machine and none of its folders."""
    code = "import os, pathlib\n[os.environ['QUOTA_HELPERS_DEMO'], sorted(os.listdir(os.environ['CODEX_HOME']))]"
    lab.write_notebook("home.ipynb", [code, "str(pathlib.Path.home()) == os.environ['HOME']", "os.environ['HOME']"])
    notebook = open_notebook(page, lab, "home.ipynb")
    notebook.run_all()
    assert notebook.text(0) == "['1', []]"
    assert notebook.text(1) == "True"
    assert str(lab.home) in notebook.text(2)
