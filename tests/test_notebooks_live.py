"""Every notebook, whole and unedited but for the server's address, on real files and a real server."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from foundation_support import Desk, environment, says, usage
from nbclient import NotebookClient
from sessions_support import ONE, TWO, long_session, write

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
CONNECT = "qh.connect()"


def nothing(_: Desk) -> None:
    """A machine without any login: the demo, which says where logins were looked for."""


def one(desk: Desk) -> None:
    """A single login whose name is no demo account's."""
    desk.login("my own", usage(5, 10), account="acct-1")


def half_failing(desk: Desk) -> None:
    """Twelve logins of which six cannot be read, each for another reason."""
    for number in range(6):
        desk.login(f"seat-{number}", usage(7 * number, None if number == 1 else 10 * number, plan="team"))
    desk.login("expired", usage(5, 10), exp=1)
    desk.login("refused", says({"error": {"code": "token_invalidated"}}, 401))
    desk.login("down", says({}, 503))
    desk.login("odd", {"something": "else"})
    desk.write("broken", "{")
    desk.write("empty", "")


def unreadable_folder(desk: Desk) -> None:
    """The folder's name is taken by a file: nothing in it can be read, and that is no reason for the demo."""
    shutil.rmtree(desk.folder)
    desk.folder.write_text("not a folder", "utf-8")


def session_logs(desk: Desk) -> None:
    """One login, and Codex's own logs of two days."""
    desk.login("ü", usage(None, 60, plan="pro"), account="acct-1")
    for session, at in ((ONE, 0), (TWO, 86_400)):
        write(desk.folder.parent / "codex", *long_session(session, at=at), session=session, at=at)


SITUATIONS = (nothing, one, half_failing, unreadable_folder, session_logs)


def run(notebook: Path, desk: Desk, home: Path) -> str:
    """The notebook's text with all its outputs, after it ran in a home of its own, `account/` beside it."""
    read = nbformat.read(notebook, as_version=4)
    for cell in read.cells:
        # The tests' machine reaches nobody but itself.
        cell.source = cell.source.replace(CONNECT, f"qh.connect(url={desk.base!r})")
    folders = {"HOME": home, "USERPROFILE": home, "CODEX_HOME": home / "codex", "XDG_CONFIG_HOME": home / "config"}
    folders |= {"XDG_DATA_HOME": home / "data", "LOCALAPPDATA": home / "data", "XDG_CACHE_HOME": home / "cache"}
    env = environment(**{name: str(path) for name, path in folders.items()})
    client = NotebookClient(read, timeout=120, resources={"metadata": {"path": str(home)}})
    client.execute(env=env)
    return nbformat.writes(read)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda make: make.__name__)
def test_it_runs_whole(tmp_path, notebook, situation):
    """No cell ends in an error, whatever the accounts are called, and nothing but the home's own folders is written."""
    with Desk(tmp_path / "account") as desk:
        situation(desk)
        if situation is nothing:
            desk.folder.rmdir()
        told = run(notebook, desk, tmp_path)
        asked = len(desk.requests)
    if CONNECT in notebook.read_text("utf-8"):
        asks = situation not in {nothing, unreadable_folder} and notebook in NOTEBOOKS[:2]
        assert (asked > 0) == asks
    assert not list(tmp_path.rglob("*.sqlite3")), "nobody was asked, so nothing is kept"
    if situation is half_failing and notebook in NOTEBOOKS[:2]:
        assert "expired.auth.json" in told, "what failed stands beside what did not"


def test_the_commonest_first_morning(tmp_path):
    """The one login has expired: notebook 01 says so, and what to do."""
    with Desk(tmp_path / "account") as desk:
        desk.login("old", usage(5, 10), exp=1)
        told = run(NOTEBOOKS[0], desk, tmp_path)
        assert desk.requests == []
    assert "codex login" in told
