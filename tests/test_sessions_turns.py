"""What is a turn: records and counts of one answer, sums that step back, models named late, imported turns."""

from __future__ import annotations

import pytest
from sessions_support import (
    NOW,
    ONE,
    TWO,
    append,
    context,
    limits,
    line,
    meta,
    record,
    stamp,
    tokens,
    usage,
    window,
    write,
)


def units(found):
    return (found.tokens["total"] // 12).tolist()


def moments(frame, column):
    return [(time - NOW).total_seconds() for time in frame[column]]


def count(at, total, last, used=None, **more):
    return tokens(at, total=total, last=last, rate=used and limits(window(used, at=at)), **more)


# --- records ---


def test_a_record_and_its_count_are_one_turn(home, read):
    """Counted once, at the moment of the record: the count comes only after the answer's tools have run."""
    write(home, meta(), record(10, 3, "r1"), count(18, 3, 3, used=5))
    found = read()
    assert units(found) == [3]
    assert found.tokens["cache_write"].tolist() == [3]
    assert moments(found.tokens, "time") == moments(found.windows, "fetched_at") == [10]


def test_compaction_stands_in_a_record_only(home, read):
    """Its sums are not in the next count, which repeats the old ones with new limits."""
    write(
        home,
        meta(),
        record(10, 3, "r1"),
        count(11, 3, 3, used=5),
        record(20, 40, "rc"),
        line("compacted", {"compaction_response_id": "rc"}, 20),
        count(21, 3, 3, used=9),
        record(30, 2, "r2"),
        count(31, 5, 2, used=10),
    )
    found = read()
    assert units(found) == [3, 40, 2]
    assert list(zip(moments(found.windows, "fetched_at"), found.windows["used_percent"], strict=True)) == [
        (10, 5),
        (21, 9),
        (30, 10),
    ]


def test_only_records(home, read):
    write(home, meta(), context("a"), record(10, 3, "r1"), record(20, 4, "r2"))
    found = read()
    assert units(found) == [3, 4]
    assert found.tokens["model"].tolist() == ["a", "a"]
    assert found.windows.empty


@pytest.mark.parametrize("order", ["r1 r2 c1 c2", "r1 c1 r2 c2", "r1 r2 c2 c1", "c1 r1 c2 r2", "r2 r1 c1 c2"])
def test_in_whatever_order(home, read, order):
    """Two answers at once, counts before their records: each answer is one turn."""
    lines = {
        "r1": record(10, 3, "r1"),
        "r2": record(10.2, 4, "r2"),
        "c1": count(10.4, 3, 3, used=5),
        "c2": count(10.6, 7, 4, used=6),
    }
    write(home, meta(), *(lines[name] for name in order.split()))
    found = read()
    assert sorted(units(found)) == [3, 4]
    assert sorted(found.windows["used_percent"]) == [5, 6]


def test_a_record_long_after_a_count_is_another_answer(home, read):
    """An older program counts without a record; a second later a new one may take exactly as much."""
    write(home, meta(), count(10, 3, 3), record(11, 3, "r1"), count(30, 6, 3), record(31.001, 3, "r2"))
    assert units(read()) == [3, 3, 3]


def test_old_and_new_programs_take_turns(home, read):
    """Turns without a record count beside those with one."""
    write(home, meta(), count(1, 3, 3), record(10, 4, "r1"), count(10.1, 7, 4), count(20, 12, 5))
    assert units(read()) == [3, 4, 5]


def test_an_answer_is_told_once(home, read):
    """The same answer in a second record is none; the same name in another turn or session is."""
    again = [record(20, 3, "r1"), record(25, 3, "r1", turn="other")]
    write(home, meta(), record(10, 3, "r1"), *again)
    write(home, meta(TWO), record(10, 3, "r1", thread=TWO), session=TWO, at=1)
    assert sorted(read().tokens["session"]) == [ONE, ONE, TWO]


def test_the_count_comes_after_the_first_read(home, read):
    """A record that was read alone is not counted again when its count is appended; its limits join it."""
    path = write(home, meta(), record(10, 3, "r1"))
    assert units(read()) == [3]
    append(path, count(18, 3, 3, used=5), record(20, 2, "r2"))
    assert units(read()) == [3, 2]
    append(path, count(21, 5, 2, used=6))
    found = read()
    fresh = read(cache=False)
    assert units(found) == units(fresh) == [3, 2]
    assert found.windows.equals(fresh.windows)
    assert moments(found.windows, "fetched_at") == [10, 20]


@pytest.mark.parametrize("read_between", [False, True])
def test_a_count_once_more(home, read, read_between):
    """Its sums and limits are those of the line before: nobody was asked, so it is neither turn nor reading."""
    five, six = limits(window(5)), limits(window(6))
    path = write(home, meta(), record(10, 3, "r1"))
    if read_between:
        assert units(read()) == [3]
    append(path, *(tokens(11 + at, total=3, last=3, rate=rate) for at, rate in enumerate([five, five, six, five])))
    append(path, tokens(15, total=4, last=1, rate=five))
    found = read()
    assert units(found) == [3, 1]
    assert list(zip(moments(found.windows, "fetched_at"), found.windows["used_percent"], strict=True)) == [
        (10, 5),
        (13, 6),  # the limits are other ones
        (14, 5),
        (15, 5),  # an answer came, and said the same
    ]
    assert found.windows.equals(read(cache=False).windows)


def test_limits_once_more_without_sums(home, read):
    """A line that tells nothing but limits was asked for: it is a reading, whatever it says."""
    write(home, meta(), *(tokens(at, rate=limits(window(5))) for at in (1, 2)))
    assert len(read().windows) == 2


@pytest.mark.parametrize("odd", [{"usage": None}, {"usage": {}}, {"usage": []}, {"thread_id": 7, "usage": usage(2)}])
def test_odd_records(home, read, odd):
    """What is no record is none; one with an odd name is the session's own."""
    write(home, meta(), line("token_usage_record", {"response_id": "r"} | odd, 1), count(2, 2, 2))
    assert units(read()) == [2]


# --- sums ---


def test_a_step_back_for_a_line_is_no_turn(home, read):
    """An older state once more; the sums go on from the highest."""
    write(home, meta(), count(1, 3, 3), count(2, 7, 4), count(3, 3, 3, used=9), count(4, 12, 5))
    found = read()
    assert units(found) == [3, 4, 5]
    assert found.windows["used_percent"].tolist() == [9]


def test_sums_that_begin_anew(home, read):
    """They go on from low: every turn is real, also the first, and also where it is like an earlier one."""
    write(home, meta(), count(1, 3, 3), count(2, 7, 4), count(3, 3, 3), count(4, 8, 5), count(5, 20, 12))
    assert units(read()) == [3, 4, 3, 5, 12]


def test_a_step_back_to_what_never_was(home, read):
    """A lower sum that nobody has seen, and then on from the highest."""
    write(home, meta(), count(1, 3, 3), count(2, 7, 4), count(3, 5, 2), count(4, 12, 5))
    assert units(read()) == [3, 4, 5]


@pytest.mark.parametrize(("last", "expected"), [(3, [3, 4]), (2, [3, 4, 2])])
def test_a_step_back_at_the_end(home, read, last, expected):
    """Nothing follows: what stood there before in every number is a repeat, anything else is a turn."""
    write(home, meta(), count(1, 3, 3), count(2, 7, 4), count(3, 3, last))
    assert units(read()) == expected


def test_judged_anew_when_more_comes(home, read):
    """The line at the end was held for a repeat; what is appended shows that the sums began anew."""
    path = write(home, meta(), count(1, 3, 3), count(2, 7, 4), count(3, 3, 3))
    assert units(read()) == [3, 4]
    append(path, count(4, 8, 5))
    assert units(read()) == units(read(cache=False)) == [3, 4, 3, 5]


def test_two_lines_back(home, read):
    """Two old states in a row; then the turn that goes on from the highest sum."""
    write(
        home, meta(), count(1, 3, 3), count(2, 7, 4), count(3, 12, 5), count(4, 3, 3), count(5, 7, 4), count(6, 18, 6)
    )
    assert units(read()) == [3, 4, 5, 6]


def test_sums_alone(home, read):
    """Without last counts the difference to the highest sum counts after a step back, to the last one otherwise."""
    write(home, meta(), tokens(1, total=3), tokens(2, total=7), tokens(3, total=3), tokens(4, total=12))
    assert units(read()) == [3, 4, 5]


def test_back_at_the_highest_is_no_turn(home, read):
    """A repeat of the old state and a repeat of the new one: neither is a turn."""
    write(home, meta(), count(1, 3, 3), count(2, 7, 4), count(3, 3, 3), count(4, 7, 4), count(5, 12, 5))
    assert units(read()) == [3, 4, 5]


def test_what_a_record_tells_is_real_whatever_the_sums_say(home, read):
    write(home, meta(), count(1, 3, 3), count(2, 7, 4), record(3, 3, "r"), count(3.1, 3, 3), count(4, 12, 5))
    assert units(read()) == [3, 4, 3, 5]


# --- models, efforts, projects ---


def test_model_in_the_first_line_only(home, read):
    write(home, meta(model="gpt-5.5"), count(1, 3, 3))
    assert read().tokens["model"].tolist() == ["gpt-5.5"]


def test_model_of_another_page(home, read):
    """A page that names no model is of its session's model."""
    write(home, meta(), context("a"), count(1, 3, 3))
    write(home, meta(at=60, history_base={"thread_id": ONE}), count(61, 7, 4), session=f"{ONE}_2", at=60)
    assert read().tokens["model"].tolist() == ["a", "a"]


def test_no_model_at_all(home, read):
    write(home, meta(), count(1, 3, 3))
    assert read().tokens["model"].isna().tolist() == [True]


def test_what_a_turn_runs_with(home, read):
    """Each turn has the effort and the folder of its own context; settings change them, and the provider, as well."""
    settings = {"model": "b", "model_provider_id": "else", "reasoning_effort": "low", "cwd": "C:\\work\\other\\"}
    write(
        home,
        meta(model_provider="openai"),
        context("a"),
        count(1, 3, 3),
        line("turn_context", {"model": "a", "cwd": "/"}, 2),
        count(3, 7, 4),
        line("event_msg", {"type": "thread_settings_applied", "thread_settings": settings}, 4),
        count(5, 12, 5),
    )
    found = read().tokens
    texts = found[["provider", "model", "effort", "project"]]
    assert texts.astype(object).where(texts.notna(), None).to_numpy().tolist() == [
        ["openai", "a", "high", "project"],
        ["openai", "a", None, None],
        ["else", "b", "low", "other"],
    ]


# --- imported turns ---


def test_imported_turns_are_counted_in_a_note(home, read):
    """Until another turn begins; what their record says counts as little."""
    imported = "external-import-turn-1"
    write(
        home,
        meta(),
        line("event_msg", {"type": "task_started", "turn_id": imported}, 0),
        count(1, 3, 3),
        record(2, 9, "r1", turn=imported),
        line("event_msg", {"type": "task_started", "turn_id": "turn-2"}, 3),
        count(4, 7, 4),
    )
    found = read()
    assert units(found) == [4]
    assert found.notes == ("turns that were imported from other tools, and are left out of tokens: 2",)


# --- times ---


@pytest.mark.parametrize("year", ["0001", "2009", "2100", "9999"])
def test_a_line_from_outside_has_no_time(home, read, year):
    """It is as old as the line before it; displays and charts go on."""
    odd = count(5, 3, 3, used=5).replace(stamp(NOW)[:4], year, 1)
    write(home, meta(at=2), odd)
    found = read()
    assert moments(found.tokens, "time") == moments(found.windows, "fetched_at") == [2]
    assert "2026-11-20" in found._repr_html_()


@pytest.mark.parametrize("year", ["2010", "2099"])
def test_the_first_and_the_last_year(home, read, year):
    write(home, meta(at=2), count(5, 3, 3, used=5).replace(stamp(NOW)[:4], year, 1))
    assert read().tokens["time"].dt.year.tolist() == [int(year)]
