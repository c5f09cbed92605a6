"""Login files change while a notebook is open: every run reads them again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from foundation_support import NOW, Desk, epoch, says, usage

import quota_helpers as qh

PAST, FUTURE = epoch(NOW - timedelta(hours=1)), epoch(NOW + timedelta(days=30))
REJECTED = says({"error": {"code": "token_expired"}}, 401)


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "account") as desk:
        yield desk


def live(desk, **options):
    return qh.live(desk.folder, url=desk.base, **{"deadline": 10, "clock": lambda: NOW} | options)


def outcome(collection):
    return [taken.account for taken in collection.snapshots], [
        (failure.account, failure.kind) for failure in collection.failures
    ]


def test_a_token_that_was_renewed_between_two_runs_is_used(desk):
    old = desk.login("ada", usage(10), mark="old")
    with live(desk) as source:
        assert source.collect().snapshots[0].five_hour.used_percent == 10
        new = desk.login("ada", usage(20), mark="new")
        assert old != new
        assert source.collect().snapshots[0].five_hour.used_percent == 20
        assert source.fetch("ada").payload["rate_limit"]["primary_window"]["used_percent"] == 20
    assert (desk.asked_by(old), desk.asked_by(new)) == (1, 2)


def test_an_expired_token_is_never_sent(desk):
    token = desk.login("ada", exp=PAST)
    desk.login("bob", exp=FUTURE)
    with live(desk) as source:
        assert outcome(source.collect()) == (["bob"], [("ada", "TokenExpiredError")])
        failure = source.collect().failures[0]
    assert desk.asked_by(token) == 0
    assert "2026-11-20 11:00:00 UTC" in failure.message
    assert failure.exit_code == 1
    assert failure.account_key == source.accounts.named("ada").key


def test_expiry_is_judged_by_the_sources_clock(desk):
    desk.login("ada", exp=FUTURE)
    with live(desk, clock=lambda: NOW + timedelta(days=31)) as source:
        assert outcome(source.collect()) == ([], [("ada", "TokenExpiredError")])


def test_an_expired_login_is_read_once_more_before_it_is_given_up(desk):
    """Codex renews the login after the run has read it, and before the run asks."""
    old = desk.login("ada", exp=PAST)
    looks = []

    def clock():
        looks.append(1)
        if len(looks) == 2:  # the first look dates the run, the second one judges the login
            desk.login("ada", usage(20), exp=FUTURE)
        return NOW

    with live(desk, clock=clock) as source:
        assert outcome(source.collect()) == (["ada"], [])
    assert desk.asked_by(old) == 0


def test_a_rejected_login_is_read_once_more_and_asked_again(desk):
    """Codex renews the login while the old token is on its way."""

    def renew(exchange):
        desk.login("ada", usage(20), mark="new")
        REJECTED(exchange)

    old = desk.login("ada", renew, mark="old")
    with live(desk) as source:
        collection = source.collect()
    assert outcome(collection) == (["ada"], [])
    assert collection.snapshots[0].five_hour.used_percent == 20
    assert collection.replies["ada"].status == 200
    assert desk.asked_by(old) == 1
    assert len(desk.requests) == 2


def test_a_rejected_login_that_nobody_renewed_is_asked_once(desk):
    token = desk.login("ada", REJECTED)
    with live(desk) as source:
        assert outcome(source.collect()) == ([], [("ada", "TokenRejectedError")])
    assert desk.asked_by(token) == 1


def test_a_renewed_token_that_is_rejected_too_is_not_asked_for_ever(desk):
    def renew(exchange):
        desk.login("ada", renew, mark=f"n{len(desk.requests)}")
        REJECTED(exchange)

    desk.login("ada", renew, mark="old")
    with live(desk) as source:
        collection = source.collect()
    assert outcome(collection) == ([], [("ada", "TokenRejectedError")])
    assert len(desk.requests) == 2


@pytest.mark.parametrize("content", ["{", "", '{"tokens": {}}'])
def test_a_file_that_breaks_while_the_token_is_on_its_way_leaves_the_servers_word(desk, content):
    def tear(exchange):
        desk.write("ada", content)
        REJECTED(exchange)

    desk.login("ada", tear)
    with live(desk) as source:
        assert outcome(source.collect()) == ([], [("ada", "TokenRejectedError")])


def test_another_persons_login_is_never_used_for_the_first_ones_question(desk):
    """The file is replaced by somebody else's login while the first token is rejected."""
    strangers = []

    def replace(exchange):
        strangers.append(desk.login("eve", usage(90)))
        desk.write("ada", (desk.folder / "eve.auth.json").read_text("utf-8"))
        (desk.folder / "eve.auth.json").unlink()
        REJECTED(exchange)

    desk.login("ada", replace)
    with live(desk) as source:
        assert outcome(source.collect()) == ([], [("ada", "TokenRejectedError")])
        assert desk.asked_by(strangers[0]) == 0
        key = source.accounts[0].key
        assert outcome(source.collect()) == (["ada"], [])
        assert source.accounts[0].key != key
    assert desk.asked_by(strangers[0]) == 1


def test_a_deleted_file_is_a_failure_with_its_name(desk):
    desk.login("ada")
    desk.login("bob")
    with live(desk) as source:
        source.collect()
        (desk.folder / "bob.auth.json").unlink()
        collection = source.collect()
        assert outcome(collection) == (["ada"], [("bob", "AuthFileNotFoundError")])
        assert "bob.auth.json" in collection.failures[0].message
        desk.login("bob")
        assert outcome(source.collect()) == (["ada", "bob"], [])
        (desk.folder / "bob.auth.json").unlink()
        with pytest.raises(qh.errors.AuthFileNotFoundError, match="bob"):
            source.fetch("bob")


def test_a_deleted_file_that_was_asked_for_by_name_stays_a_failure(desk):
    desk.login("ada")
    with live(desk, names=["ada"]) as source:
        (desk.folder / "ada.auth.json").unlink()
        for _ in range(2):
            assert outcome(source.collect()) == ([], [("ada", "AuthFileNotFoundError")])


def test_the_whole_folder_can_go_and_come_back(desk):
    desk.login("ada")
    with live(desk) as source:
        (desk.folder / "ada.auth.json").unlink()
        kinds = [failure.kind for failure in source.collect().failures]
        assert set(kinds) == {"AuthFileNotFoundError"}
        desk.login("ada")
        assert outcome(source.collect()) == (["ada"], [])


def test_a_file_that_is_repaired_appears(desk):
    desk.login("ada")
    desk.write("bob", "{")
    with live(desk) as source:
        assert outcome(source.collect()) == (["ada"], [("bob", "AuthFileInvalidError")])
        desk.login("bob")
        assert outcome(source.collect()) == (["ada", "bob"], [])
        assert source.accounts.failures == ()


def test_a_new_file_appears_in_its_place(desk):
    desk.login("bob")
    with live(desk) as source:
        assert outcome(source.collect()) == (["bob"], [])
        desk.login("ada")
        assert outcome(source.collect()) == (["ada", "bob"], [])


def test_nothing_is_ever_written(desk):
    desk.login("ada", REJECTED)
    desk.login("bob", exp=PAST)
    desk.login("cleo")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in desk.folder.iterdir()}
    with live(desk) as source:
        source.collect()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in desk.folder.iterdir()} == before


def test_two_files_of_one_login_are_asked_once_and_two_members_of_a_team_twice(desk):
    token = desk.login("ada")
    desk.write("copy", (desk.folder / "ada.auth.json").read_text("utf-8"))
    desk.login("mia", account="acct-team")
    desk.login("noa", account="acct-team")
    with live(desk) as source:
        assert outcome(source.collect()) == (["ada", "mia", "noa"], [])
        assert source.accounts.skipped[0].path.name == "copy.auth.json"
        (desk.folder / "ada.auth.json").unlink()
        assert outcome(source.collect()) == (["copy", "mia", "noa"], [])
    assert desk.asked_by(token) == 2
