"""Experiments: a cell that is measured, and two spans or sessions side by side."""

import re

import numpy as np
import pandas as pd
import pytest
from spent_support import spender

import quota_helpers as qh
from quota_helpers.outlook.spans import compare_spans, measure

TIMES = pd.date_range("2026-11-20T10:00Z", periods=7, freq="10min")
SENTINEL = "kim.secret@example.com"


def windows(*used, **more):
    return pd.DataFrame(
        {
            "account_key": "a1",
            "limit": "codex",
            "window": "weekly",
            "used_percent": np.array(used, float),
            "reset_at": pd.Timestamp("2026-11-24", tz="UTC"),
            "window_seconds": 604_800.0,
            "fetched_at": TIMES[: len(used)],
            **more,
        }
    )


def turns(*rows, **more):
    """Rows of (minutes after the first reading, tokens, session)."""
    return pd.DataFrame(
        {
            "time": [TIMES[0] + pd.Timedelta(minutes=minutes) for minutes, *_ in rows],
            "account_key": "a1",
            "model": "gpt-6-astra",
            "effort": "high",
            "total": [tokens for _, tokens, _ in rows],
            "cached_input": [tokens // 2 for _, tokens, _ in rows],
            "output": [tokens // 10 for _, tokens, _ in rows],
            "reasoning": [tokens // 20 for _, tokens, _ in rows],
            "session": [session for *_, session in rows],
            **more,
        }
    )


USED = windows(0, 1, 3, 3, 4, 8, 9)
TURNS = turns((5, 1_000_000, "one"), (15, 1_000_000, "one"), (35, 500_000, "two"), (45, 500_000, "two"))


def test_two_spans_stand_side_by_side():
    table = compare_spans((TIMES[0], TIMES[3]), (TIMES[3], TIMES[6]), USED, TURNS).table
    expected = {
        "duration": ["30 m", "30 m"],
        "turns": [2, 2],
        "tokens": [2_000_000, 1_000_000],
        "fresh input": [800_000, 400_000],
        "cached input": [1_000_000, 500_000],
        "visible output": [100_000, 50_000],
        "reasoning": [100_000, 50_000],
        "tokens, model gpt-6-astra": [2_000_000, 1_000_000],
        "tokens, effort high": [2_000_000, 1_000_000],
        "weekly, points": [3, 6],
        "weekly, points, range": ["2 to 4", "5 to 7"],
        "weekly, points per million tokens": [1.5, 6],
        "weekly, points per million tokens, range": ["1 to 2", "5 to 7"],
    }
    assert {name: table.loc[name].tolist() for name in expected} == expected


def test_numbers_are_shown_as_short_as_the_evidence_has_them():
    found = compare_spans((TIMES[0], TIMES[3]), (TIMES[3], TIMES[6]), USED, TURNS.assign(total=710_000))
    assert found.table.loc["weekly, points per million tokens"].round(6).tolist() == [2.112676, 4.225352]
    for text in (repr(found), found._repr_html_(), found.evidence()):
        assert re.search(r"per million tokens\W.*?2\.11\W.*?4\.23\W", text, re.DOTALL)
        assert "1,420,000" in text


def test_two_sessions_stand_side_by_side():
    found = compare_spans("one", "two", USED, TURNS)
    assert found.table.columns.tolist() == ["session (1)", "session (2)"]
    assert found.table.loc["weekly, points"].tolist() == [3, 6]
    both = compare_spans("one", "two", USED, pd.concat([TURNS, turns((12, 9, "other"))]))
    assert both.table.loc["turns of other sessions meanwhile"].tolist() == [1, 0]


def test_a_timedelta_counts_back_from_the_newest_reading():
    half = pd.Timedelta(minutes=30)
    found = compare_spans((2 * half, half), (half, pd.Timedelta(0)), USED, TURNS)
    assert found.table.loc["turns"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("three", "there is no session 'three'"),
        ((TIMES[0],), "a has 1 moments instead of"),
        ((TIMES[1], TIMES[0]), "a ends before it begins"),
        ((TIMES[0], "soon"), "until is no ISO 8601 time"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        compare_spans(wrong, "one", USED, TURNS)


def test_a_run_is_read_before_and_after(tmp_path):
    with qh.demo() as source:
        with measure("a walk", source=source, codex_home=tmp_path) as run:
            assert repr(run) == "Run('a walk', going on)"
            with pytest.raises(ValueError, match="nothing was measured yet"):
                run.evidence()
        with measure("another", source=source) as other:
            pass
    assert run.table.loc["duration"].tolist() == ["5 m"]
    points = [name for name in run.table.index if name.endswith(", points")]
    assert points
    assert (run.table.loc[points, "a walk"] >= 0).all()
    assert compare_spans(run, other).table.columns.tolist() == ["a walk", "another"]
    assert "<table" in run._repr_html_()


def test_a_run_can_be_named_before_its_block_and_measured_again():
    with qh.demo() as source:
        run = measure("a walk", source=source)
        assert (run.label, repr(run)) == ("a walk", "Run('a walk', going on)")
        for _ in range(2):
            with run as same:
                assert same is run
            assert run.table.loc["duration"].tolist() == ["5 m"]
            assert ", points |" in run.evidence()


def test_a_run_whose_block_fails_is_measured_and_fails():
    with qh.demo() as source:
        with pytest.raises(KeyError), measure(source=source) as run:
            raise KeyError
        assert run.table.loc["duration"].tolist() == ["5 m"]


def test_evidence_tells_nobody(tmp_path):
    """Names, paths, e-mails, sessions, projects, machines and models of one's own stay at home."""
    told = {name: f"/home/{SENTINEL}/{name}" for name in ("account", "project", "client", "machine", "plan")}
    frame = windows(0, 1, 3, 3, 4, 8, 9, account_key=SENTINEL, **told)
    tokens = turns(*((minutes, 10, SENTINEL) for minutes in (5, 15)), account_key=SENTINEL, **told)
    tokens = pd.concat([tokens, turns((25, 10, SENTINEL), account_key=SENTINEL, model=SENTINEL, effort=SENTINEL)])
    found = compare_spans(SENTINEL, (TIMES[0], TIMES[3]), frame, tokens)
    for text in (found.evidence(), measured(tmp_path)):
        assert ", points |" in text
        assert not re.search(r"secret|kim|@|/|home", text)
    assert "tokens, model another" in found.evidence()


def measured(tmp_path):
    with qh.demo() as source, measure(f"{SENTINEL} /home", source=source, codex_home=tmp_path) as run:
        pass
    return run.evidence()


def test_evidence_is_a_table_of_markdown():
    lines = compare_spans("one", "two", USED, TURNS).evidence().splitlines()
    assert lines[:2] == ["| what | first | second |", "| --- | ---: | ---: |"]
    assert {line.count("|") for line in lines[:-2]} == {4}
    assert "no price" in lines[-1]


@pytest.mark.usefixtures("no_logins_of_the_machine")
def test_your_own_history_is_read_where_no_frames_are_given():
    """Here that is the demo's month."""
    month = qh.open_history(qh.demo())
    first, second = month.tokens()["session"].value_counts().index[:2]
    assert compare_spans(first, second).table.loc["turns"].min() > 50


def test_a_window_of_an_account_with_turns_is_shown_before_others():
    user = spender(3, days=14)
    both = pd.concat([user.windows, user.windows.assign(account_key="other")])
    days = [pd.Timestamp("2026-06-03", tz="UTC") + pd.Timedelta(days=number) for number in range(3)]
    assert not any("account" in name for name in compare_spans(days[:2], days[1:], both, user.tokens).table.index)
