"""Every test runs on the demo, with an empty home, and cannot leave this machine."""

import isolation
import pytest
from hypothesis import HealthCheck, settings

# A busy machine may take its time for a single example.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


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


@pytest.fixture
def home(tmp_path):
    """A Codex home of the test's own, not there yet."""
    return tmp_path / "codex"


@pytest.fixture
def read(home, tmp_path):
    """Reads its logs, with a cache in the test's own folder."""
    from quota_helpers.sessions import read_sessions  # most tests read no logs

    def go(since=None, **options):
        return read_sessions(home, since, **{"cache": tmp_path / "cache", **options})

    return go
