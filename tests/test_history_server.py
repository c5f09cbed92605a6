"""The history on a server: what its suite says of a file holds here too, many write at once, no password is shown."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
import test_history
import test_history_exchange
import test_history_forecasts
from history_support import T0, collection, logs
from postgres_support import HOW_TO_GET_IT, programs, running, writer
from test_history_shared import SENTINELS, everything

from quota_helpers.errors import HistoryError
from quota_helpers.history import SCHEMA_VERSION, History
from quota_helpers.history.schema import METADATA, about, hidden

TESTS = Path(__file__).parent
NOW = T0 + timedelta(days=1)

pytestmark = pytest.mark.skipif(programs() is None and "QUOTA_REQUIRE_POSTGRES" not in os.environ, reason=HOW_TO_GET_IT)


@pytest.fixture(scope="module")
def server():
    with running() as started:
        yield started


@pytest.fixture
def address(server):
    return server.database()


@pytest.fixture
def history(address):
    with History(address, clock=lambda: NOW, keep_bodies_days=None, projects=True) as opened:
        yield opened


# What the suite of a file says that is not about files: the same functions, with this module's `history`.
_OF_FILES = {
    "test_equal_bodies_are_stored_once",
    "test_nothing_that_identifies_reaches_the_file",
    "test_a_forgotten_account_is_gone_from_the_file",
    "test_what_a_history_says_of_itself",
    "test_session_logs_come_back_as_they_were",  # here they say which machine it was
    "test_the_frame_is_the_tidy_frame_and_the_session",
}
for _module in (test_history, test_history_exchange, test_history_forecasts):
    for _name, _test in vars(_module).items():
        if _name.startswith("test_") and _name not in _OF_FILES and "history" in _test.__code__.co_varnames[:1]:
            globals()[_name] = _test


def test_many_write_at_once_and_one_is_killed(address):
    """All make the tables at the same moment; what was said to be written is there, once, and no half of anything."""
    three = [writer(address, name, 5) for name in ("one", "two", "three")]
    killed = writer(address, "killed")
    numbers = [int(killed.stdout.readline()) for _ in range(3)]
    killed.kill()
    numbers += [int(line) for line in killed.communicate()[0].split()]
    for process in three:
        assert process.communicate(timeout=300)[1] == ""
        assert process.returncode == 0
    with History(address) as history:
        for name in ("one", "two", "three"):
            assert len(history.frame(accounts=name, origin="usage")) == 10
        times = history.frame(accounts="shared")["fetched_at"].value_counts()
        assert set(times) == {2}
        sessions = history.tokens()["session"].value_counts()
        assert set(sessions) == {50}
        assert {hidden(f"killed-{number}") for number in numbers} <= set(sessions.index)


def test_it_goes_on_after_the_server_was_started_anew():
    with running() as own, History(own.database()) as history:
        history.add(collection())
        own.stop()
        with pytest.raises(HistoryError, match=r"cannot be used: .*Check that the server runs"):
            history.frame()
        assert "cannot be used" in repr(history)
        own.start()
        assert len(history.frame()) == 2
        assert history.add(collection(T0 + timedelta(hours=1))).new_rows == 2


def test_a_password_is_never_shown(address):
    secret = address.replace("postgres@", "postgres:sentinel@")
    with History(secret) as history:
        history.add(collection())
        assert history.path is None
        assert "sentinel" not in repr(history) + history._repr_html_() + history.shown
        assert "postgres:***@" in repr(history)
    wrong = secret.replace("host=", "host=/nowhere")
    with pytest.raises(HistoryError) as caught:
        History(wrong)
    assert "sentinel" not in f"{caught.value!r}{caught.value}{caught.value.__cause__!r}"
    with pytest.raises(HistoryError, match="address like postgresql") as caught:
        History("mysql://me:sentinel@host/x")
    assert "sentinel" not in str(caught.value)


@pytest.mark.parametrize("projects", [False, True])
def test_nothing_reaches_the_server_that_was_not_asked_for(address, projects):
    """No token, address, session id or project in any row of any table; which machine it was is said."""
    with History(address, projects=projects) as history:
        everything(history)
        history.import_file(exported(history))
        assert history.frame()["machine"].notna().all()
        assert len(history.tokens()) == 3
        with history._database.reading() as connection:
            rows = [tuple(row) for table in METADATA.sorted_tables for row in connection.execute(table.select())]
    kept = {name for name, value in SENTINELS.items() if value in str(rows)}
    assert kept == ({"session", "project"} if projects else set())


def exported(history):
    """The history as a file that says all, as a member may have it who asked for it."""
    path = Path(tempfile.mkdtemp()) / "kept.jsonl"
    history.export(path, projects=True)
    return path


def test_a_newer_version_is_refused(address):
    with History(address) as history, history._database.writing() as connection:
        connection.execute(about.insert(), {"version": SCHEMA_VERSION + 1})
    with pytest.raises(HistoryError, match=f"has version {SCHEMA_VERSION + 1}; this program knows"):
        History(address)


def test_a_reader_without_rights_reads(address):
    """Whoever may only select sees all, and is told when it writes."""
    with History(address) as history:
        history.add(collection())
        with history._database.writing(alone=True) as connection:
            for statement in (
                "CREATE ROLE guest_{0} LOGIN",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest_{0}",
            ):
                connection.exec_driver_sql(statement.format(os.getpid()))
    with History(address.replace("postgres@", f"guest_{os.getpid()}@")) as guest:
        assert len(guest.frame()) == 2
        with pytest.raises(HistoryError, match="permission denied"):
            guest.add(collection(T0 + timedelta(hours=1)))
    with History(address) as history:
        assert history.add_sessions(logs(3)).new_turns == 3
