"""Every test runs on the demo, with an empty home, and cannot leave this machine."""

import isolation
import pytest


@pytest.fixture(scope="session", autouse=True)
def _nothing_leaves_this_machine():
    """Fails the run's last test when anything, in any process, tried to reach another machine."""
    before = len(isolation.network_attempts())
    yield
    attempts = isolation.network_attempts()[before:]
    assert not attempts, attempts


@pytest.fixture
def no_logins_of_the_machine(tmp_path, monkeypatch):
    """An empty home, and an empty working folder in a project, of the test's own."""
    home, work = tmp_path / "home", tmp_path / "project" / "notebooks"
    home.mkdir()
    work.mkdir(parents=True)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    monkeypatch.chdir(work)
