"""Draw README's picture anew: the panel of notebook 01 on the demo, in JupyterLab: `python tests/save_picture.py`.

Needs chromium. JupyterLab gets an empty HOME and CODEX_HOME, the demo and no network.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "browser"))

from chromium import HOW_TO_GET_IT, find_chromium, launch, open_page
from lab import Lab
from notebook_page import open_notebook
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).resolve().parents[1] / ".github" / "panel.png"
MOST_PIXELS = 760  # of height: what a reader sees first
PAGE_HEIGHT = 2_400  # the whole panel stands on it without scrolling


def main() -> int:
    """Save the picture; 2 without a browser."""
    if not (program := find_chromium()):
        sys.stderr.write(HOW_TO_GET_IT + "\n")
        return 2
    home = tempfile.TemporaryDirectory(prefix="quota-chromium-", ignore_cleanup_errors=True)
    with home, sync_playwright() as playwright, Lab() as lab:
        page = open_page(launch(playwright, program, Path(home.name)), lab.base, height=PAGE_HEIGHT)
        notebook = open_notebook(page, lab, "01_quota_now.ipynb")
        notebook.run_all()
        panel = page.locator(".quota-panel").first
        panel.scroll_into_view_if_needed()
        notebook.wait_until_drawn()
        box = panel.bounding_box()
        if box is None:
            raise AssertionError("the panel is not on the page")
        page.screenshot(path=PICTURE, clip={**box, "height": min(box["height"], MOST_PIXELS)})
    sys.stdout.write(f"saved {PICTURE.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
