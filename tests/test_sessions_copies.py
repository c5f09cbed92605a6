"""Copies of a parent's turns: by what the log says first, else by comparing with all that the parent had done."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from sessions_support import (
    NOW,
    ONE,
    THREE,
    TWO,
    append,
    context,
    limits,
    line,
    log_path,
    meta,
    numbered,
    pack,
    record,
    tokens,
    turns,
    window,
    write,
)

from quota_helpers.periods import cycles

LATER = 3_600.0


def counted(found):
    """Session -> units of its turns."""
    return {session: (part // 12).tolist() for session, part in found.tokens.groupby("session", sort=False)["total"]}


def fork(*lines, session=TWO, at=LATER, of=ONE, **more):
    """A fork's lines: its own first line, then the parent's, then the rest."""
    return [meta(session, at, forked_from_id=of, **more), meta(of, at), context("a", at), *lines]


def test_copies_with_their_old_times(home, read):
    """A resumed session that repeats its history as it was: the turns are the older session's."""
    lines = [meta(creator_user_id="user-1"), context("a"), *turns(1, 3)]
    write(home, *lines)
    write(home, meta(TWO, LATER), *lines, *turns(4, 4, LATER + 9), session=TWO, at=LATER)
    found = read()
    assert counted(found) == {ONE: [1, 2, 3], TWO: [4]}
    assert found.windows["used_percent"].tolist() == [1, 2, 3, 4]
    # The parent's own first line stands in the copy as well, and does not make it the parent's.
    assert [key == "unattributed" for key in found.tokens["account_key"]] == [False, False, False, True]


def test_one_line_twice_in_a_file(home, read):
    """The same line twice in one file is one reading."""
    once = tokens(10, last=1, rate=limits(window(10)))
    write(home, meta(), once, once)
    found = read()
    assert len(found.tokens) == len(found.windows) == 1


def test_one_moment_with_other_content(home, read):
    """Two sessions that log at the same millisecond are two, when they say different things."""
    write(home, meta(), tokens(10, total=1, rate=limits(window(10))))
    write(home, meta(TWO), tokens(10, total=2, rate=limits(window(11))), session=TWO)
    found = read()
    assert len(found.tokens) == len(found.windows) == 2


def test_an_agent_named_by_where_it_comes_from(home, read):
    """Older logs name the parent in `source`; the copied turns keep the parent's model."""
    write(home, meta(), context("a"), *turns(1, 3))
    spawned = {"subagent": {"thread_spawn": {"parent_thread_id": ONE}}}
    copy = [meta(at=LATER), context("a", LATER), *turns(1, 3, LATER, 0.01)]
    child = [meta(TWO, LATER, source=spawned), *copy, context("b", LATER + 1), *turns(9, 9, LATER + 9)]
    write(home, *child, session=TWO, at=LATER)
    found = read()
    assert counted(found) == {ONE: [1, 2, 3], TWO: [9]}
    assert found.tokens["model"].tolist() == ["a", "a", "a", "b"]


def test_a_fork_that_starts_empty(home, read):
    """A session that names a parent and repeats none of its turns keeps every turn of its own."""
    write(home, meta(), *turns(1, 3))
    write(home, *fork(*turns(4, 5, LATER + 5, 15)), session=TWO, at=LATER)
    assert counted(read()) == {ONE: [1, 2, 3], TWO: [4, 5]}


def test_history_base_copies_nothing(home, read):
    """Three answers within a second are the fork's own when its log only refers to the history."""
    write(home, meta(), *turns(1, 3))
    base = {"thread_id": ONE, "end_ordinal_exclusive": 4}
    write(home, *fork(*turns(1, 3, LATER, 0.1), history_base=base), session=TWO, at=LATER)
    assert counted(read()) == {ONE: [1, 2, 3], TWO: [1, 2, 3]}


@pytest.mark.parametrize("named", [{"forked_from_id": ONE}, {"parent_thread_id": ONE}, {}], ids=["fork", "parent", "-"])
def test_ordinals_say_where_an_agents_own_lines_begin(home, read, named):
    """What stands before `subagent_history_start_ordinal` is the parent's, limits included; the line at it is not."""
    write(home, meta(), *turns(1, 5))
    child = numbered(
        meta(TWO, LATER, subagent_history_start_ordinal=3, **named),
        *turns(4, 5, LATER, 2.5),
        *turns(9, 9, LATER + 20),
    )
    write(home, *child, session=TWO, at=LATER)
    found = read()
    assert counted(found) == {ONE: [1, 2, 3, 4, 5], TWO: [9]}
    assert found.windows["used_percent"].tolist() == [1, 2, 3, 4, 5, 9]


def test_ordinals_alone_need_no_parent(home, read):
    """The parent's log is gone: what the log says holds all the same, and the gap is told."""
    child = numbered(meta(TWO, subagent_history_start_ordinal=2, parent_thread_id=ONE), *turns(5, 6))
    write(home, *child, session=TWO)
    found = read()
    assert counted(found) == {TWO: [6]}
    assert len(found.notes) == 1
    assert ONE in found.notes[0]


def test_a_record_names_its_session(home, read):
    """A copied record keeps the parent's name: it and its `token_count` are no turn of the fork."""
    write(home, meta(), record(1, 3, "r1"), tokens(1.1, total=3, last=3, rate=limits(window(3))))
    child = fork(
        record(LATER, 3, "r1"),
        tokens(LATER, total=3, last=3, rate=limits(window(3))),
        record(LATER + 0.1, 4, "r2", thread=TWO),
        tokens(LATER + 0.2, total=7, last=4, rate=limits(window(7, at=LATER))),
    )
    write(home, *child, session=TWO, at=LATER)
    found = read()
    assert counted(found) == {ONE: [3], TWO: [4]}
    assert found.windows["used_percent"].tolist() == [3, 7]


def test_records_of_its_own_are_never_taken_for_copies(home, read):
    """An agent whose numbers happen to be the parent's keeps its turns where records name it."""
    write(home, meta(), *turns(1, 3))
    own = [
        text
        for number in (1, 2)
        for text in (
            record(LATER + number, number, f"r{number}", thread=TWO),
            *turns(number, number, LATER + number + 0.5),
        )
    ]
    write(home, meta(TWO, LATER, parent_thread_id=ONE), *own, session=TWO, at=LATER)
    assert counted(read()) == {ONE: [1, 2, 3], TWO: [1, 2]}


@pytest.mark.parametrize(("first", "last"), [(1, 60), (26, 60), (60, 60), (20, 40)])
def test_any_stretch_with_any_pause(home, read, first, last):
    """A migrated fork says nothing: the copy may begin in the middle, be one turn only, and take its time."""
    write(home, meta(), *turns(1, 60))
    middle = (first + last) // 2
    copy = [*turns(first, middle, LATER, 0.05), *turns(middle + 1, last, LATER + 3.5, 0.05)]
    own = turns(99, 99, LATER + 30)
    write(home, *fork(*copy, *own, history_mode="paginated"), session=TWO, at=LATER)
    found = read()
    assert counted(found) == {ONE: list(range(1, 61)), TWO: [99]}
    assert len(found.windows) == 61


def test_one_turn_that_is_alike_by_chance(home, read):
    """A turn like one of the parent's behind turns that are not is the session's own; two in a row are a copy."""
    write(home, meta(), *turns(1, 5))
    write(home, *fork(*turns(50, 50, LATER), *turns(3, 3, LATER + 30)), session=TWO, at=LATER)
    write(home, *fork(*turns(50, 50, LATER), *turns(3, 4, LATER + 30), session=THREE), session=THREE, at=LATER + 1)
    assert counted(read()) == {ONE: [1, 2, 3, 4, 5], TWO: [50, 3]}


def test_over_the_pages_of_the_parent(home, read):
    """A thread's pages are one log, and so is what its first page goes on from; the copy goes over their ends."""
    write(home, meta(), *turns(1, 20))
    page = log_path(home, f"{ONE}_2", 1200)
    page.write_text("".join([meta(ONE, 1200, history_base={"thread_id": ONE}), *turns(21, 38, 1200)]))
    reverted = log_path(home, f"{ONE}_{THREE}", 2400)
    reverted.write_text("".join([meta(ONE, 2400, history_base={"thread_id": ONE}), *turns(30, 31, 2400)]))
    write(home, *fork(*turns(1, 38, LATER, 0.02), *turns(50, 50, LATER + 10)), session=TWO, at=LATER)
    found = read()
    assert counted(found) == {ONE: [*range(1, 39), 30, 31], TWO: [50]}


@pytest.mark.parametrize("place", ["archived", "packed", "both"])
def test_parent_wherever_it_is(home, read, place):
    """In the archive, compressed, or both: the parent is found; and so when only newer turns are asked for."""
    folder = "sessions" if place == "packed" else "archived_sessions"
    parent = write(home, meta(), *turns(1, 9), folder=folder)
    parent = parent if place == "archived" else pack(parent)
    long_ago = (NOW - timedelta(days=60)).timestamp()
    os.utime(parent, (long_ago, long_ago))
    write(home, *fork(*turns(1, 9, LATER, 2.0), *turns(50, 50, LATER + 60)), session=TWO, at=LATER)
    assert counted(read()) == {ONE: list(range(1, 10)), TWO: [50]}
    assert counted(read(NOW + timedelta(seconds=LATER), cache=False)) == {TWO: [50]}


def test_forks_of_forks(home, read):
    """A fork copies what its parent had copied; a fork of a log that only refers copies that log's whole past."""
    write(home, meta(), *turns(1, 3))
    write(home, *fork(*turns(1, 3, LATER, 2.0), *turns(4, 5, LATER + 60)), session=TWO, at=LATER)
    third = fork(*turns(1, 5, 2 * LATER, 2.0), *turns(50, 50, 2 * LATER + 60), session=THREE, of=TWO, at=2 * LATER)
    write(home, *third, session=THREE, at=2 * LATER)
    four, five = (ONE[:-1] + letter for letter in "de")
    refers = [meta(four, LATER, forked_from_id=ONE, history_base={"thread_id": ONE}), *turns(4, 4, LATER)]
    write(home, *refers, session=four, at=LATER)
    copies = fork(*turns(1, 4, 2 * LATER, 2.0), *turns(60, 60, 2 * LATER + 60), session=five, of=four, at=2 * LATER)
    write(home, *copies, session=five, at=2 * LATER)
    assert counted(read()) == {ONE: [1, 2, 3], TWO: [4, 5], four: [4], THREE: [50], five: [60]}


def test_agents_of_agents(home, read):
    """Each agent's log says where its own lines begin."""
    write(home, meta(), *turns(1, 2))
    for session, parent, at, own in ((TWO, ONE, LATER, 7), (THREE, TWO, 2 * LATER, 8)):
        spawn = {"subagent": {"thread_spawn": {"parent_thread_id": parent, "depth": 1}}}
        first = meta(session, at, source=spawn, parent_thread_id=parent, subagent_history_start_ordinal=3)
        write(home, *numbered(first, *turns(1, 2, at, 0.1), *turns(own, own, at + 9)), session=session, at=at)
    assert counted(read()) == {ONE: [1, 2], TWO: [7], THREE: [8]}


def test_copied_limits_are_no_refill(home, read):
    """Old percentages under new times would look like a fall and a second filling."""
    write(home, meta(), *turns(10, 39))
    write(home, *fork(*turns(10, 39, LATER, 0.1), *turns(40, 40, LATER + 60)), session=TWO, at=LATER)
    found = read().windows
    assert len(found) == 31
    assert len(cycles(found)) == 1


def test_limits_repeated_behind_the_copy(home, read):
    """Limits that the copy repeats without a turn go with it; other ones are the fork's own, however soon."""
    repeated = limits(window(4.0, 10_080, 500_000))
    write(home, meta(), *turns(1, 3), tokens(90, total=6, last=3, rate=repeated))
    refused = limits(window(100.0, 10_080, 500_000 - LATER, at=LATER))
    copy = [*turns(1, 3, LATER, 0.1), tokens(LATER + 0.4, total=6, last=3, rate=repeated)]
    write(home, *fork(*copy, tokens(LATER + 0.5, rate=refused)), session=TWO, at=LATER)
    assert read().windows["used_percent"].tolist() == [1, 2, 3, 4, 100]


def test_what_the_parent_did_afterwards_is_no_copy(home, read):
    """A turn of the parent at the moment of the fork can be copied; one a millisecond later cannot."""
    for delay, expected in ((0.0, []), (0.001, [2])):
        write(home, meta(), *turns(1, 1), *turns(2, 2, LATER + delay))
        write(home, *fork(*turns(1, 1, LATER), *turns(2, 2, LATER + 0.1)), session=TWO, at=LATER)
        assert counted(read(cache=False)).get(TWO, []) == expected


def test_pace_where_the_parent_is_gone(home, read):
    """Exactly a second between turns is still a copy's pace, more is not; a single turn says nothing."""
    write(home, *fork(*turns(1, 3, LATER, 1.0), *turns(50, 50, LATER + 30)), session=TWO, at=LATER)
    write(home, *fork(*turns(1, 2, LATER, 1.001), session=THREE), session=THREE, at=LATER + 1)
    found = read()
    assert counted(found) == {TWO: [50], THREE: [1, 2]}
    assert "missing" in found.notes[0]


def test_an_agent_that_copied_nothing(home, read):
    """Its parent is gone and nothing says that anything was copied: fast turns are its own."""
    write(home, meta(TWO, parent_thread_id=ONE), *turns(1, 3, 0, 0.1), session=TWO)
    assert counted(read()) == {TWO: [1, 2, 3]}


def test_judged_anew_when_the_parent_comes(home, read):
    """A parent that appears, its turns that are appended, and that it is gone: each tells at the next read."""
    write(home, *fork(*turns(1, 4, LATER, 2.0)), session=TWO, at=LATER)
    assert counted(read()) == {TWO: [1, 2, 3, 4]}
    parent = write(home, meta(), *turns(1, 2))
    assert counted(read()) == {ONE: [1, 2], TWO: [3, 4]}
    append(parent, *turns(3, 4, 90))
    assert counted(read()) == {ONE: [1, 2, 3, 4]}
    parent.unlink()
    assert counted(read()) == {TWO: [1, 2, 3, 4]}


def test_parents_in_a_circle(home, read):
    """Logs that name each other as their parent, or themselves, come to an end."""
    write(home, meta(ONE, forked_from_id=TWO), *turns(1, 2))
    write(home, meta(TWO, LATER, forked_from_id=ONE, history_base={"thread_id": THREE}), session=TWO, at=LATER)
    write(home, meta(THREE, LATER, history_base={"thread_id": TWO}), line("compacted", {}), session=THREE, at=LATER)
    assert counted(read()) == {ONE: [1, 2]}
