"""The official client itself writes the logs, against a loopback endpoint; what is read is what was sent."""

from __future__ import annotations

import os
import time

import pytest
from codex_support import codex_bin as codex_bin  # noqa: PLC0414 - a fixture
from codex_support import only_loopback as _only_loopback  # noqa: F401 - an autouse fixture
from responses_support import Codex, Responses, calls

from quota_helpers.sessions import read_sessions

WEEK_AGO = 9 * 86_400


@pytest.fixture
def world():
    with Responses() as responses:
        yield responses


@pytest.fixture
def codex(codex_bin, tmp_path, world):
    return Codex(codex_bin, tmp_path, world.url)


def check(codex, world, tmp_path):
    """Every answer is one turn with the counts that were sent, and one reading of each window, however it is read."""
    ways = (
        {"cache": False, "workers": 1},
        {"cache": tmp_path / "cache"},
        {"cache": tmp_path / "cache"},
        {"workers": 3},
    )
    for way in ways:
        found = read_sessions(codex.home, **{"cache": False, **way})
        turns = found.tokens[["input", "cached_input", "output", "reasoning"]].to_numpy().tolist()
        assert sorted(map(tuple, turns)) == sorted(world.sent)
        assert found.tokens["total"].sum() == world.total
        assert found.skipped == found.notes == ()
        seen = found.windows.groupby("window")["used_percent"].agg(set)
        assert seen["five_hour"] == {float(used) for used, _ in world.percents}
    return found


def test_plain_resume_and_fork(codex, world, tmp_path):
    """A tool in the middle of a turn, a resumed session, a fork that goes on at once, and the fork resumed."""
    world.plan = [calls("exec_command", cmd="echo hi")]
    first = codex.say("first")
    codex.say("resume", first, "more")
    world.plan = [calls("exec_command", cmd="echo one"), calls("exec_command", cmd="echo two")]
    fork = codex.say("fork", first, "otherwise")
    codex.say("resume", fork, "go on")
    found = check(codex, world, tmp_path)
    assert found.tokens.groupby("session").size().to_dict() == {first: 3, fork: 4}
    row = found.tokens.iloc[-1]
    assert (row["provider"], row["model"], row["project"]) == ("loop", "gpt-5.5", "proj")
    assert row["client"].startswith("codex_exec 0.")


def test_agents(codex, world, tmp_path):
    """Spawned agents, one with the whole history and one with none, that answer within the same second."""
    spawn = {"namespace": "collaboration", "message": "do it"}
    first = codex.say("--enable", "multi_agent_v2", "first")
    world.plan = [
        calls("spawn_agent", task_name="task1", fork_turns="all", **spawn),
        calls("spawn_agent", task_name="task2", fork_turns="none", **spawn),
        calls("wait_agent", namespace="collaboration", timeout_ms=10_000),
    ]
    codex.say("--enable", "multi_agent_v2", "resume", first, "share the work")
    found = check(codex, world, tmp_path)
    assert found.tokens["session"].nunique() > 1


def test_compaction(codex_bin, tmp_path, world):
    """The request that shortens a long history is a turn like any other."""
    codex = Codex(codex_bin, tmp_path, world.url, settings="model_auto_compact_token_limit = 5000")
    first = codex.say("first")
    world.size = 6_000
    world.plan = [calls("exec_command", cmd="echo hi")]
    codex.say("resume", first, "grow")
    world.size = 700
    codex.say("resume", first, "after it")
    assert any("compacted" in path.read_text() for path in codex.logs())
    assert len(world.sent) > 4
    check(codex, world, tmp_path)


def test_compressed(codex, world, tmp_path):
    """Logs that the client has compressed itself, in both folders."""
    first = codex.say("first")
    codex.say("second")
    codex.run("archive", first)
    old = time.time() - WEEK_AGO
    for path in codex.logs():
        os.utime(path, (old, old))
    world.plan = [calls("exec_command", cmd="sleep 2")]
    codex.say("--enable", "local_thread_store_compression", "third")
    assert [path.suffix for path in codex.logs()].count(".zst") == 2
    check(codex, world, tmp_path)
