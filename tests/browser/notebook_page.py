"""A notebook in JupyterLab, driven through the application object rather than through menus.

Everything here waits for a state of the page or the kernel; nothing waits for a time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lab import THEMES, Lab, Theme
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

_SECOND = 1000  # Playwright counts in milliseconds

# The page's half of this module, installed once per page as window.quotaLab.
_HELPERS = """
window.quotaLab = {
  tasks: {},
  panel: () => window.jupyterapp?.shell.currentWidget,
  kernel: () => quotaLab.panel()?.context?.sessionContext?.session?.kernel?.status,
  cells: () => quotaLab.panel().content.widgets,
  codeCells: () => quotaLab.cells().filter(cell => cell.model.type === 'code'),
  outputs: index => quotaLab.cells()[index].model.outputs?.toJSON() ?? [],
  unrun: () => quotaLab.cells().map((cell, index) => index).filter(index => {
    const {type, executionCount, sharedModel} = quotaLab.cells()[index].model;
    return type === 'code' && sharedModel.source.trim() && !executionCount;
  }),
  errors: () => quotaLab.cells().flatMap((cell, index) => quotaLab.outputs(index)
    .filter(output => output.output_type === 'error')
    .map(output => ({index, name: output.ename, value: output.evalue, traceback: output.traceback}))),
  begin: (name, work) => {
    const task = quotaLab.tasks[name] = {done: false, failure: null};
    work().then(() => { task.done = true; }, reason => { task.done = true; task.failure = String(reason); });
  },
  rested: name => {
    const {done, failure} = quotaLab.tasks[name];
    return failure || (done && quotaLab.kernel() === 'idle') ? {errors: [], failure} : null;
  },
  ran: name => {
    const errors = quotaLab.errors();
    return errors.length ? {errors, failure: null} : quotaLab.rested(name);
  },
  runAll: () => {
    quotaLab.codeCells().forEach(cell => cell.model.clearExecution());
    return window.jupyterapp.commands.execute('notebook:run-all-cells');
  },
  runCell: index => {
    const {content} = quotaLab.panel();
    content.activeCellIndex = index;
    content.deselectAll();
    content.widgets[index].model.clearExecution?.();
    return window.jupyterapp.commands.execute('notebook:run-cell');
  },
  open: async path => {
    const panel = await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await panel.context.ready;
    await panel.revealed;
  },
  leave: async () => {
    for (const widget of [...window.jupyterapp.shell.widgets('main')]) {
      await widget.context?.sessionContext?.shutdown();
      widget.dispose();
    }
  },
  frames: () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))),
  shown: selector => [...document.querySelectorAll(selector)].filter(node => node.checkVisibility()),
  undrawn: () => quotaLab.shown('.jp-RenderedPlotly').filter(node =>
    !node.querySelector('.main-svg') && !node.querySelector('.plot-img')?.getAttribute('src')).length,
  // JupyterLab tells a chart of its new width a little after the page has it.
  misfits: () => quotaLab.shown('.js-plotly-plot').filter(node => node.layout?.autosize && !node.layout.width
    && Math.abs(node._fullLayout.width - node.offsetWidth) > 1).length,
  titles: () => quotaLab.shown('.js-plotly-plot .gtitle').map(node => node.textContent),
  scroller: () => quotaLab.panel().content.node.querySelector('.jp-WindowedPanel-outer'),
};
"""


class CellError(AssertionError):
    """A cell of the notebook ended in an error output."""


class NotebookPage:
    """One notebook in one page; `page` stays open to Playwright's own locators.

    Cells are counted as in the file, prose cells included.
    """

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self.lab = lab
        self.name = name

    def run_all(self, timeout: float = 60) -> None:
        """Run every cell from the top; returns when all have run and the kernel is idle.

        Args:
            timeout: Seconds for the whole notebook.

        Raises:
            CellError: At once when a cell ended in an error output.
            AssertionError: The time was over; it names the cells that did not end.
        """
        self._run("run all cells", "quotaLab.runAll()", timeout)

    def run_cell(self, index: int, timeout: float = 60) -> None:
        """Run the cell at `index`; the rest as `run_all`."""
        self._run(f"run cell {index}", f"quotaLab.runCell({index})", timeout)

    def save(self) -> Path:
        """Save as Ctrl-S does and return the file."""
        self._finish("save", "quotaLab.panel().context.save()", 30)
        return self.lab.root / self.name

    def restart_kernel(self) -> None:
        """Restart the kernel without the question; widgets made before it are dead from here on."""
        self._finish("restart the kernel", "quotaLab.panel().context.sessionContext.session.kernel.restart()", 60)

    def set_theme(self, theme: Theme) -> None:
        """Switch the theme of the open page, as Settings > Theme does."""
        switch_theme(self.page, self.lab, theme)
        self.next_frames()

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of one cell as the notebook format has them."""
        found: list[dict[str, Any]] = self.page.evaluate("index => quotaLab.outputs(index)", index)
        return found

    def text(self, index: int) -> str:
        """What one cell answered in plain text, streams included."""
        parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in self.outputs(index)]
        return "".join("".join(part) for part in parts)

    def chart_titles(self) -> list[str]:
        """The titles of the charts that are drawn, from the top."""
        titles: list[str] = self.page.evaluate("() => quotaLab.titles()")
        return titles

    def wait_for_chart(self, title: str, timeout: float = 30) -> None:
        """Return when a chart is drawn whose title contains `title`; `timeout` in seconds."""
        self.page.wait_for_function(
            "title => quotaLab.titles().some(text => text.includes(title))", arg=title, timeout=timeout * _SECOND
        )

    def wait_until_drawn(self, timeout: float = 30) -> None:
        """Return when the kernel is idle and every visible chart is drawn and as wide as its place."""
        self.next_frames()
        self.page.wait_for_function(
            "() => quotaLab.kernel() === 'idle' && !quotaLab.undrawn() && !quotaLab.misfits()",
            timeout=timeout * _SECOND,
        )
        self.next_frames()

    def next_frames(self) -> None:
        """Return when the browser has painted what it knows now."""
        self.page.evaluate("() => quotaLab.frames()")

    def css(self, selector: str, name: str) -> str:
        """The computed value of a CSS property of the first element that matches, such as "fill"."""
        return str(self.page.locator(selector).first.evaluate("(node, name) => getComputedStyle(node)[name]", name))

    def wait_for_letters(self, selector: str, name: str, *, dark: bool) -> None:
        """Return when the colour (CSS property `name`) of the first element that matches is dark, or light.

        Read and judged in the page at one go: an element may be drawn anew between two looks.
        """
        self.page.wait_for_function(
            """([selector, name, dark]) => {
              const node = document.querySelector(selector);
              const channels = node && getComputedStyle(node)[name].match(/[\\d.]+/g);
              return channels && (channels.slice(0, 3).reduce((sum, part) => sum + Number(part), 0) < 3 * 128) === dark;
            }""",
            arg=[selector, name, dark],
        )

    def full_screenshot(self, path: Path) -> Path:
        """Picture of the whole notebook, not only of what fits on the screen; the width stays as it is."""
        self.wait_until_drawn()
        before = self.page.viewport_size
        assert before is not None, "full_screenshot needs a page with a viewport of its own"
        height = before["height"]
        for _ in range(10):  # charts and tables may grow with the room they get; this ends as soon as all is seen
            hidden = self.page.evaluate("() => quotaLab.scroller().scrollHeight - quotaLab.scroller().clientHeight")
            if hidden <= 0:
                break
            height += hidden
            self.page.set_viewport_size({"width": before["width"], "height": height})
            self.wait_until_drawn()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)
        self.page.set_viewport_size(before)
        self.wait_until_drawn()
        return path

    def _run(self, name: str, promise: str, timeout: float) -> None:
        for error in self._finish(name, promise, timeout, until="ran"):
            traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error["traceback"]))
            msg = f"{self.name}, cell {error['index']}: {error['name']}: {error['value']}\n{traceback}"
            raise CellError(msg)

    def _finish(self, name: str, promise: str, timeout: float, until: str = "rested") -> list[dict[str, Any]]:
        """Start a promise in the page, wait until it and the kernel have come to rest; the cells' errors."""
        self.page.evaluate(f"name => quotaLab.begin(name, async () => {promise})", name)
        try:
            handle = self.page.wait_for_function(f"name => quotaLab.{until}(name)", arg=name, timeout=timeout * _SECOND)
        except PlaywrightTimeoutError as exc:
            kernel, unrun = self.page.evaluate("() => [quotaLab.kernel(), quotaLab.unrun()]")
            msg = f"{self.name}: {name}: not done after {timeout:g} s; kernel {kernel}, cells that did not end: {unrun}"
            raise AssertionError(msg) from exc
        state = handle.json_value()
        if state["failure"]:
            msg = f"{self.name}: JupyterLab could not {name}: {state['failure']}"
            raise AssertionError(msg)
        errors: list[dict[str, Any]] = state["errors"]
        return errors


def open_notebook(page: Page, lab: Lab, name: str, timeout: float = 60) -> NotebookPage:
    """Open a notebook of the server's root; returns when its cells are there and its kernel is idle.

    A page that shows this JupyterLab already opens it there, as a click in the file browser does: that takes half a
    second, the whole application four.
    """
    if _is_loaded(page, lab):
        page.evaluate("name => quotaLab.open(name)", name)
    else:
        page.add_init_script(_HELPERS)
        page.goto(lab.url(name))
    page.wait_for_function(
        """name => window.quotaLab && quotaLab.panel()?.context?.path === name
                && quotaLab.kernel() === 'idle' && quotaLab.cells().length > 0""",
        arg=name,
        timeout=timeout * _SECOND,
    )
    return NotebookPage(page, lab, name)


def leave_notebooks(page: Page, lab: Lab) -> None:
    """Close what is open without saving and end its kernels; the application stays for the next notebook."""
    if _is_loaded(page, lab):
        page.evaluate("() => quotaLab.leave()")
    lab.shut_down_kernels()


def switch_theme(page: Page, lab: Lab, theme: Theme) -> None:
    """The theme of what is open, and of every page from now on."""
    lab.set_theme(theme)
    if _is_loaded(page, lab):
        name = THEMES[theme]
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
        page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)


def _is_loaded(page: Page, lab: Lab) -> bool:
    return page.url.startswith(f"{lab.base}/") and page.evaluate("() => Boolean(window.quotaLab && window.jupyterapp)")
