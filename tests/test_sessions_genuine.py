"""Logs that the official client wrote (0.150 to 0.171, shortened): every answer is one turn, and only one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from quota_helpers.sessions import read_sessions

FOLDER = Path(__file__).parent / "data" / "sessions"

SENT = {
    "plain": [[1050]],
    "resume_fork_buckets": [[1050, 1370, 2580, 2690], [2100], [2760, 2861]],
    "fork_at_once": [[1050], [1151, 1252, 1353], [3050]],
    "compaction_review": [[1050, 6052, 821, 822, 823], [824]],
    "other_login_resumes": [[1050, 1151], [1252], [1353], [1454]],
    "agents_at_once": [[1042, 1044, 1046, 1050, 1058, 1084], [1054, 1066, 1070, 1082], [1062, 1074, 1078]],
    "old_resumed_by_new": [[1050, 1151, 1252], [1353]],
    "compressed": [[1050], [1151], [1252, 1252], [1252, 1252], [1252, 1252]],
}
"""What the endpoint answered: total tokens of each answer, by session."""


def test_every_folder_is_told():
    assert set(SENT) == {path.name for path in FOLDER.iterdir()}


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", SENT)
def test_every_answer_once(tmp_path, name, workers):
    """Fresh, from the cache, and when half of the files came later; by one process and by several."""
    home = tmp_path / "codex"
    logs = sorted(path for path in (FOLDER / name).rglob("rollout-*"))
    for part in (logs[: len(logs) // 2], logs):
        for path in part:
            copy = home / path.relative_to(FOLDER / name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        found = read_sessions(home, cache=tmp_path / "cache", workers=workers)
    again = read_sessions(home, cache=tmp_path / "cache")
    fresh = read_sessions(home, cache=False, workers=workers)
    for logs in (found, again, fresh):
        assert logs.tokens.groupby("session")["total"].apply(list).tolist() == SENT[name]
        assert logs.skipped == logs.notes == ()
    assert again.windows.equals(fresh.windows)
    assert again.tokens.equals(fresh.tokens)


def test_what_the_columns_say():
    """Model, effort, project, client and provider of a sub-agent's turns."""
    found = read_sessions(FOLDER / "agents_at_once", cache=False).tokens
    row = found[found["session"].str.endswith("d271692b")].iloc[0]
    assert row[["provider", "model", "effort", "project", "client"]].tolist() == [
        "loop",
        "gpt-5.5",
        "medium",
        "proj",
        "codex_exec 0.171.0",
    ]


def test_tokens_written_to_the_cache():
    found = read_sessions(FOLDER / "resume_fork_buckets", cache=False).tokens
    assert found["cache_write"].tolist() == [0, 0, 0, 0, 33, 0, 0]


def test_limits_without_a_turn():
    """A refusal (429) is a reading and no turn; its limits stand at the moment of the line."""
    found = read_sessions(FOLDER / "fork_at_once", cache=False).windows
    assert found[found["window"] == "five_hour"]["used_percent"].tolist() == [10, 11, 12, 13, 100]


def test_time_of_a_reading_is_the_records():
    """The `token_count` came after the answer's tools had run; the record when the answer had ended."""
    found = read_sessions(FOLDER / "compressed", cache=False)
    second = found.tokens[found.tokens["session"].str.startswith("01a219d8-407e")].iloc[0]["time"]
    assert f"{second:%H:%M:%S.%f}" == "21:52:13.005000"
    assert second in set(found.windows["fetched_at"])
