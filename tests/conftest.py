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
