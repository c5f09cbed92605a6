"""How quickly the panel repaints: from a change of the selection to what is painted, what 500 redraws cost, and how
long notebook 01 takes from a fresh kernel to its last chart.

Run it on demand: `python tests/benchmarks/bench_panel.py [accounts ...]` (default 50 300). It needs the system's
chromium for the browser's half; the kernel's half is measured without.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "browser")]

import isolation  # noqa: E402, F401 - an empty home, the demo, no network
from chromium import find_chromium, launch, open_page  # noqa: E402
from crowd_support import crowd  # noqa: E402  # noqa: E402
from lab import Lab  # noqa: E402
from notebook_page import open_notebook  # noqa: E402
from panel_support import source_of  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from quota_helpers.outlook.bars import window_bars  # noqa: E402
from quota_helpers.widgets import QuotaPanel  # noqa: E402

REDRAWS = 500
CHANGES = 60
RUNS = 8

# One change of the selection by a click on a tick: milliseconds until the view is new, to the second frame after it.
CHANGE = """
index => new Promise(done => {
  const panel = document.querySelector('.quota-panel');
  const rows = () => panel.querySelectorAll('.qp-account-row').length;
  const old = rows();
  const begun = performance.now();
  panel.querySelectorAll('.qp-list [role=option]')[index].querySelector('.qp-tick').click();
  const look = () => {
    if (rows() === old) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
  };
  requestAnimationFrame(look);
})
"""

# The same for the chart of the resets, by the account whose reset is the next.
REDRAW = """
account => new Promise(done => {
  const panel = document.querySelector('.quota-panel');
  const option = [...panel.querySelectorAll('.qp-list [role=option]')].find(node => node.title === account);
  const old = panel.querySelector('.js-plotly-plot');
  const begun = performance.now();
  option.querySelector('.qp-tick').click();
  const look = () => {
    const chart = panel.querySelector('.js-plotly-plot');
    const ready = chart && chart !== old && chart.querySelector('.main-svg .scatterlayer .point');
    if (!ready) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
  };
  requestAnimationFrame(look);
})
"""

# When the first answer is on the screen, in the clock that the kernel has, too.
SEEN = """
() => {
  window.seenAt = 0;
  const look = () => {
    if (!document.querySelector('.quota-panel .qp-answers li')) return requestAnimationFrame(look);
    requestAnimationFrame(() => { window.seenAt = Date.now(); });
  };
  requestAnimationFrame(look);
}
"""

LOADED = """
import sys, time
sys.path.append({tests!r})
from panel_support import crowd_source
from quota_helpers.widgets import QuotaPanel
source = crowd_source({count})
"""
REPLIED = """
run = source.collect(progress=False)
replied = time.time()
panel = QuotaPanel(source, collection=run)
panel
"""

CELLS = """
import sys
sys.path.append({tests!r})
from panel_support import crowd_source
from quota_helpers.widgets import QuotaPanel
panel = QuotaPanel(crowd_source({count}))
panel
"""


def told(name: str, milliseconds: list[float]) -> None:
    """One line: median and 95th percentile."""
    p95 = statistics.quantiles(milliseconds, n=20)[-1]
    sys.stdout.write(f"{name:<68} median {statistics.median(milliseconds):6.0f} ms   p95 {p95:6.0f} ms\n")


def memory() -> float:
    """Resident memory of this process in MB; 0 where the system does not tell this way."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def kernel_half(count: int) -> None:
    """Selection to message, without a browser."""
    with source_of(crowd(count)) as source:
        panel = QuotaPanel(source)
        names = panel.selected
        panel.selected = names[1:]
        before, times = memory(), []
        for number in range(REDRAWS):
            begun = time.perf_counter()
            panel.selected = names[number % 2 :]
            times.append((time.perf_counter() - begun) * 1000)
        told(f"{count} accounts, kernel only, {REDRAWS} redraws", times)
        sys.stdout.write(f"{'':<68} memory {before:.0f} MB -> {memory():.0f} MB\n")


def next_to_reset(count: int) -> str:
    """The account that the chart of the resets begins with."""
    with source_of(crowd(count)) as source:
        bars = window_bars(source.collect(progress=False))
    return min((bar for bar in bars if bar.reset_at and bar.used), key=lambda bar: bar.reset_at).label


def browser_half(count: int) -> None:
    """Click to painted table and chart, in JupyterLab."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        playwright = stack.enter_context(sync_playwright())
        program = find_chromium()
        if program is None:
            sys.stdout.write("no chromium: the browser's half is left out\n")
            return
        browser = launch(playwright, program, Path(home))
        lab = stack.enter_context(Lab())
        page = open_page(browser, lab.base)
        lab.write_notebook("bench.ipynb", [CELLS.format(tests=str(TESTS), count=count)])
        notebook = open_notebook(page, lab, "bench.ipynb")
        notebook.run_all()
        notebook.wait_until_drawn()
        find = page.get_by_role("combobox", name="Find account")
        find.press("ArrowDown")
        times = [page.evaluate(CHANGE, 5 + number // 2) for number in range(CHANGES)]
        told(f"{count} accounts, all or all but one selected, click to painted bars", times)
        find.press("Escape")
        page.get_by_role("button", name="Resets", exact=True).click()
        page.locator(".js-plotly-plot .main-svg .scatterlayer .point").first.wait_for()
        find.press("ArrowDown")
        times = [page.evaluate(REDRAW, next_to_reset(count)) for _ in range(CHANGES)]
        told(f"{count} accounts, all or all but one selected, click to painted resets", times)
        find.press("Escape")
        page.get_by_role("button", name="Windows", exact=True).click()
        find.press("ArrowDown")
        page.get_by_role("button", name="Select no account").click()
        page.get_by_text("No window to show").wait_for()
        page.locator(".qp-list [role=option] .qp-tick").nth(0).click()
        page.wait_for_function("() => document.querySelectorAll('.qp-account-row').length === 1")
        times = [page.evaluate(CHANGE, 5) for _ in range(CHANGES)]
        told(f"{count} accounts, 1 or 2 selected, click to painted bars", times)
        browser.close()


def first_answer(count: int) -> None:
    """From the last reply to the first answer on the screen, in JupyterLab, modules loaded as in a first cell."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        playwright = stack.enter_context(sync_playwright())
        program = find_chromium()
        if program is None:
            return
        browser = launch(playwright, program, Path(home))
        lab = stack.enter_context(Lab())
        page = open_page(browser, lab.base)
        lab.write_notebook("first.ipynb", [LOADED.format(tests=str(TESTS), count=count), REPLIED, "replied * 1000"])
        notebook = open_notebook(page, lab, "first.ipynb")
        times = []
        for _ in range(RUNS):
            notebook.restart_kernel()
            notebook.run_cell(0)
            page.evaluate("() => quotaLab.cells()[1].model.clearExecution()")  # the last run's answer is none
            page.evaluate(SEEN)
            notebook.run_cell(1)
            notebook.run_cell(2)
            times.append(page.evaluate("() => window.seenAt") - float(notebook.text(2)))
        told(f"{count} accounts, replies to the first answer, {RUNS} times", times)
        browser.close()


def notebook_01() -> None:
    """From a fresh kernel to the last chart of notebook 01, in JupyterLab."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        playwright = stack.enter_context(sync_playwright())
        program = find_chromium()
        if program is None:
            return
        browser = launch(playwright, program, Path(home))
        lab = stack.enter_context(Lab())
        notebook = open_notebook(open_page(browser, lab.base), lab, "01_quota_now.ipynb")
        times = []
        for _ in range(RUNS):
            notebook.restart_kernel()
            begun = time.perf_counter()
            notebook.run_all()
            notebook.wait_until_drawn()
            times.append((time.perf_counter() - begun) * 1000)
        told(f"notebook 01, fresh kernel, run all until drawn, {RUNS} times", times)
        browser.close()


if __name__ == "__main__":
    for size in [int(word) for word in sys.argv[1:]] or [50, 300]:
        kernel_half(size)
        browser_half(size)
        first_answer(size)
    notebook_01()
