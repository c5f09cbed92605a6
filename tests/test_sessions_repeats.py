"""Resumed and forked sessions repeat earlier lines: what happened once is counted once."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from sessions_support import NOW, ONE, THREE, TWO, append, context, limits, meta, tokens, window, words, write

from quota_helpers.sessions import read_sessions


@pytest.fixture
def home(tmp_path):
    return tmp_path / "codex"


@pytest.fixture
def read(home, tmp_path):
    def go(since=None, **options):
        return read_sessions(home, since, cache=tmp_path / "cache", **options)

    return go


def parent_lines() -> list[str]:
    return [
        meta(creator_user_id="user-1", creator_account_id="acct-1"),
        context("a"),
        tokens(10, total=1, last=1, rate=limits(window(10, at=10))),
        tokens(20, total=3, last=2, rate=limits(window(11, at=20))),
        tokens(30, total=6, last=3, rate=limits(window(12, at=30))),
    ]


def restamped(at: float) -> list[str]:
    """The parent's lines as a fork writes them: all at the moment of the fork."""
    return [
        meta(at=at),
        context("a", at),
        tokens(at + 0.01, total=1, last=1, rate=limits(window(10, at=10))),
        tokens(at + 0.02, total=3, last=2, rate=limits(window(11, at=20))),
        tokens(at + 0.03, total=6, last=3, rate=limits(window(12, at=30))),
    ]


def turns(found) -> list[tuple[str, int]]:
    return list(zip(found.tokens["session"], (found.tokens["total"] // 12).tolist(), strict=True))


OWN = [(ONE, 1), (ONE, 2), (ONE, 3)]


def test_copy_with_its_old_times(home, read):
    """A resumed session that copies its history as it was: the copies are the older session's."""
    write(home, *parent_lines())
    copy = [meta(TWO, 100), *parent_lines(), tokens(110, total=7, last=1, rate=limits(window(13)))]
    write(home, *copy, session=TWO, at=100)
    found = read()
    assert turns(found) == [*OWN, (TWO, 1)]
    assert found.windows["used_percent"].tolist() == [10, 11, 12, 13]


def test_one_line_twice_in_a_file(home, read):
    """The same line twice in one file is one reading."""
    once = tokens(10, last=1, rate=limits(window(10)))
    write(home, meta(), once, once)
    found = read()
    assert turns(found) == [(ONE, 1)]
    assert len(found.windows) == 1


def test_same_moment_other_content(home, read):
    """Two sessions that log at the same millisecond are two, when they say different things."""
    write(home, meta(), tokens(10, total=1, rate=limits(window(10))))
    write(home, meta(TWO), tokens(10, total=2, rate=limits(window(11))), session=TWO, at=1)
    found = read()
    assert len(found.tokens) == len(found.windows) == 2


@pytest.mark.parametrize(
    "named",
    [{"forked_from_id": ONE}, {"source": {"subagent": {"thread_spawn": {"parent_thread_id": ONE}}}}],
    ids=["fork", "agent"],
)
def test_copy_with_new_times(home, read, named):
    """A fork stamps its parent's history anew: recognized by its numbers; old readings do not come back as new ones."""
    write(home, *parent_lines())
    child = [
        meta(TWO, 100, **named),
        *restamped(100),
        context("b", 101),
        tokens(110, total=8, last=2, rate=limits(window(13))),
    ]
    write(home, *child, session=TWO, at=100)
    found = read()
    assert turns(found) == [*OWN, (TWO, 2)]
    assert found.windows["used_percent"].tolist() == [10, 11, 12, 13]
    assert found.tokens["model"].tolist() == ["a", "a", "a", "b"]


def test_the_first_line_says_whose_it_is(home, read):
    """The parent's own first line stands in the fork as well; it does not make the fork the parent's."""
    write(home, *parent_lines())
    child = [meta(TWO, 100, forked_from_id=ONE), *parent_lines()[:1], tokens(110, total=8, last=2)]
    write(home, *child, session=TWO, at=100)
    found = read().tokens
    assert found["session"].tolist()[-1] == TWO
    assert found["account_key"].tolist()[-1] == "unattributed"
    assert found["account_key"].tolist()[0] != "unattributed"


def test_parent_goes_on_after_the_fork(home, read):
    """Only what the parent did before the fork can be a copy."""
    lines = [*parent_lines(), tokens(200, total=8, last=2)]
    write(home, *lines)
    child = [meta(TWO, 100, forked_from_id=ONE), *restamped(100), tokens(110, total=8, last=2)]
    write(home, *child, session=TWO, at=100)
    assert sorted(turns(read())) == [*OWN[:2], (ONE, 2), OWN[2], (TWO, 2)] or sorted(turns(read())) == sorted(
        [*OWN, (ONE, 2), (TWO, 2)]
    )


def test_agent_without_a_copy(home, read):
    """A spawned agent that starts empty keeps every turn of its own."""
    write(home, *parent_lines())
    child = [
        meta(TWO, 100, forked_from_id=ONE),
        meta(at=100),
        tokens(105, total=4, last=4),
        tokens(120, total=5, last=1),
    ]
    write(home, *child, session=TWO, at=100)
    assert turns(read()) == [*OWN, (TWO, 4), (TWO, 1)]


def test_parent_is_gone(home, read):
    """Without the parent's log the copies are known by their pace: a history in a blink, then a pause."""
    child = [meta(TWO, 100, forked_from_id=ONE), *restamped(100), tokens(110, total=8, last=2)]
    write(home, *child, session=TWO, at=100)
    assert turns(read()) == [(TWO, 2)]


def test_siblings_and_grandchildren(home, read):
    """Two forks of one parent, one of them forked again."""
    write(home, *parent_lines())
    write(
        home,
        meta(TWO, 100, forked_from_id=ONE),
        *restamped(100),
        tokens(110, total=8, last=2),
        session=TWO,
        at=100,
    )
    write(
        home,
        meta(THREE, 200, forked_from_id=TWO),
        *restamped(200),
        tokens(200.04, total=8, last=2),
        tokens(210, total=12, last=4),
        session=THREE,
        at=200,
    )
    other = THREE.replace("c", "d")
    write(
        home,
        meta(other, 300, forked_from_id=ONE),
        *restamped(300),
        tokens(310, total=11, last=5),
        session=other,
        at=300,
    )
    assert turns(read()) == [*OWN, (TWO, 2), (THREE, 4), (other, 5)]


def test_parent_older_than_asked_for(home, read):
    """A parent that is too old to be of interest is read all the same: only so are the copies told."""
    path = write(home, *parent_lines(), at=-86_400 * 60)
    long_ago = int((NOW - timedelta(days=60)).timestamp())
    slow = [meta(TWO, 100, forked_from_id=ONE), *(line.replace("10:00:", "10:05:") for line in parent_lines()[1:])]
    write(home, *slow, tokens(400, total=8, last=2), session=TWO, at=100)
    os.utime(path, ns=(0, long_ago * 10**9))
    assert [turn for turn in turns(read(NOW - timedelta(days=3))) if turn[0] == TWO] == [(TWO, 2)]


def test_copies_come_to_light_later(home, read):
    """What is a copy is judged anew when a file is added, and when one is gone."""
    child = [meta(TWO, 100, forked_from_id=ONE), *(line.replace("10:00:", "10:05:") for line in parent_lines())]
    path = write(home, *child, session=TWO, at=100)
    assert turns(read()) == [(TWO, 1), (TWO, 2), (TWO, 3)]
    parent = write(home, *parent_lines())
    assert turns(read()) == OWN
    append(path, words(), tokens(400, total=7, last=1))
    assert turns(read()) == [*OWN, (TWO, 1)]
    parent.unlink()
    assert turns(read()) == [(TWO, 1), (TWO, 2), (TWO, 3), (TWO, 1)]
