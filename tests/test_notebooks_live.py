"""The first notebook on a person's own logins: real files and a real server instead of the demo."""

from __future__ import annotations

from pathlib import Path

import nbformat
from foundation_support import Desk, usage
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "01_quota_now.ipynb"
CONNECT = "source = qh.connect()"


def run(desk: Desk, folder: Path) -> nbformat.NotebookNode:
    """The notebook after all its cells ran, on the desk's logins instead of the demo's."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    connecting = [cell for cell in notebook.cells if CONNECT in cell.source]
    assert len(connecting) == 1
    live = f"source = qh.live({str(desk.folder)!r}, url={desk.base!r})"
    connecting[0].source = connecting[0].source.replace(CONNECT, live)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def test_every_cell_runs_whatever_the_accounts_are_called(tmp_path):
    """None of them is called as an invented one, and one cannot be read."""
    with Desk(tmp_path / "account") as desk:
        desk.login("x y", usage(5, 10), account="acct-1")
        desk.login("ü", usage(None, 60, plan="pro"), account="acct-2")
        desk.write("broken", "{")
        notebook = run(desk, tmp_path)
        assert len(desk.requests) >= 2
    assert "x y" in str(notebook.cells)


def test_every_cell_runs_when_no_login_can_be_read(tmp_path):
    """The commonest first morning: the one login has expired. The notebook says so, and what to do."""
    with Desk(tmp_path / "account") as desk:
        desk.login("old", usage(5, 10), account="acct-1", exp=1)
        notebook = run(desk, tmp_path)
        assert desk.requests == []
    assert "TokenExpiredError" in str(notebook.cells)
    assert "codex login" in str(notebook.cells)
