"""Run the notebooks on the demo in JupyterLab and save them with their answers: `python tests/save_notebooks.py`.

Usage: python tests/save_notebooks.py [NOTEBOOK ...]        (all of notebooks/ when none is named)

Needs chromium. JupyterLab gets an empty HOME and CODEX_HOME, the demo and no network, and works on a copy; the
notebooks are replaced at the end, when all of them ran without an error and hold nothing private. Running it twice
changes nothing: a picture is kept as long as its figure is the same (to draw it anew, clear the cell's output first).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "browser"))

import isolation
import nbformat
import saving
from chromium import HOW_TO_GET_IT, find_chromium, launch, open_page
from lab import NOTEBOOKS, Lab
from notebook_rules import live_outputs, private_texts
from playwright.sync_api import Browser, sync_playwright


def main(arguments: list[str] | None = None) -> int:
    """Save the named notebooks; 1 when one of them may not be committed, 2 without a browser."""
    parser = argparse.ArgumentParser(description="Run notebooks in JupyterLab on the demo and save their outputs.")
    parser.add_argument("notebook", nargs="*", type=Path, help="default: every notebook in notebooks/")
    paths = [path.resolve() for path in parser.parse_args(arguments).notebook] or sorted(NOTEBOOKS.glob("*.ipynb"))
    if missing := [str(path) for path in paths if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    if not (program := find_chromium()):
        sys.stderr.write(HOW_TO_GET_IT + "\n")
        return 2

    texts: dict[Path, str] = {}
    home = tempfile.TemporaryDirectory(prefix="quota-chromium-", ignore_cleanup_errors=True)
    with home, sync_playwright() as playwright:
        browser = launch(playwright, program, Path(home.name))
        for folder, group in groupby(sorted(paths), key=lambda path: path.parent):
            texts |= save_folder(browser, folder, [path.name for path in group])
        browser.close()

    found = [
        f"{path}: {text}"
        for path, written in texts.items()
        for rule in (private_texts, live_outputs)
        for text in rule(written)
    ]
    if found := found + isolation.network_attempts():
        sys.stderr.write(
            "nothing was saved, because this must not be in a committed notebook:\n" + "\n".join(found) + "\n"
        )
        return 1
    for path, text in texts.items():
        sys.stdout.write(f"{'saved' if saving.replace(path, text) else 'unchanged'} {path.name}\n")
    return 0


def save_folder(browser: Browser, folder: Path, names: list[str]) -> dict[Path, str]:
    """Run notebooks of one folder in a copy of it; path -> the text to be written there."""
    texts = {}
    with Lab(folder) as lab:
        page = open_page(browser, lab.base)
        for name in names:
            notebook = saving.clean(saving.run_and_save(page, lab, name))
            if kept := saving.keep_pictures(notebook, nbformat.read(folder / name, as_version=4)):
                sys.stdout.write(f"{name}: {kept} pictures drawn otherwise than before, figures the same: kept\n")
            texts[folder / name] = saving.as_text(notebook)
        page.context.close()
    return texts


if __name__ == "__main__":
    raise SystemExit(main())
