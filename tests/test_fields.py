"""The table of spellings, the converters, and the reader that remembers paths."""

from __future__ import annotations

import copy
import pickle
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quota_helpers.fields.aliases import ALIASES, SLOTS, SPEND_KINDS, WINDOW_FIELDS, Aliases, fold
from quota_helpers.fields.reader import (
    Fields,
    Log,
    MismatchError,
    to_boolean,
    to_count,
    to_decimal,
    to_instant,
    to_instant_ms,
    to_minutes,
    to_number,
    to_pair,
    to_percent,
    to_remaining,
    to_seconds,
    to_text,
)
from quota_helpers.paths import child_path, item_path

MOMENT = datetime(2026, 11, 2, 12, tzinfo=UTC)
EPOCH = int(MOMENT.timestamp())
JUNK = [None, True, False, [], {}, [1], {"a": 1}, "x", "", "nan", "inf", "-Infinity", "1_000", "0x10", "١٢", "1e999"]
HUGE = [float("nan"), float("inf"), float("-inf"), 1e300, 10**40, "9" * 5000, 10**5000]

# --- the table ---


def test_every_canonical_name_is_known():
    """The names that the readers ask for are in the table, and none is without a spelling."""
    assert {*SLOTS, *SPEND_KINDS, *WINDOW_FIELDS} <= set(ALIASES)
    assert all(spellings for spellings in ALIASES.values())


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("used_percent", "used_percent"),
        ("usedPercent", "used_percent"),
        ("percent", "used_percent"),
        ("percent_left", "remaining_percent"),
        ("remainingPercent", "remaining_percent"),
        ("limit_window_seconds", "window_seconds"),
        ("window_minutes", "window_minutes"),
        ("windowMinutes", "window_minutes"),
        ("windowDurationMins", "window_minutes"),
        ("window-minutes", "window_minutes"),
        ("reset_at", "reset_at"),
        ("resetsAt", "reset_at"),
        ("reset_time_ms", "reset_at_ms"),
        ("reset_after_seconds", "reset_after_seconds"),
        ("resets_in_seconds", "reset_after_seconds"),
        ("five_hour_rate_limit", "five_hour"),
        ("seven_day", "weekly"),
        ("rate_limits", "rate_limit"),
        ("rateLimitsByLimitId", "rate_limits_by_limit_id"),
        ("metered_feature", "limit_id"),
    ],
)
def test_spellings_mean_their_canonical_name(key, name):
    """Exact or folded, every spelling that was met leads to its name."""
    hit = ALIASES.exact.get(key) or ALIASES.folded.get(fold(key))
    assert hit is not None
    assert hit[0] == name


def test_table_cannot_be_changed():
    """`extended` makes a new one."""
    with pytest.raises(TypeError):
        ALIASES["used_percent"] = ()


def test_extended_gives_a_new_table():
    """The built-in one stays; new spellings come last, or first when asked."""
    table = ALIASES.extended({"used_percent": ["pct", "share"], "plan": "tier"})
    assert table["used_percent"] == (*ALIASES["used_percent"], "pct", "share")
    assert table["plan"][-1] == "tier"
    assert "pct" not in ALIASES["used_percent"]
    assert ALIASES.extended({"plan": ["tier"]}, first=True)["plan"] == ("tier", *ALIASES["plan"])


def test_extended_names_the_known_fields():
    """A field that does not exist is refused with the list of those that do."""
    with pytest.raises(ValueError, match=r"unknown field 'used_pct'; the canonical names are: .*used_percent"):
        ALIASES.extended({"used_pct": ["x"]})


@pytest.mark.parametrize("spelling", ["", "_", 3, None])
def test_extended_wants_text(spelling):
    """A spelling is a key's text."""
    with pytest.raises(ValueError, match="a spelling of 'plan' must be"):
        ALIASES.extended({"plan": [spelling]})


def test_a_spelling_moves_to_its_new_name():
    """What somebody knows better moves: "percent" can mean what is left."""
    table = ALIASES.extended({"remaining_percent": ["percent"]})
    assert "percent" not in table["used_percent"]
    assert table["remaining_percent"][-1] == "percent"
    fields = Fields({"percent": 80}, "$", Log(table))
    assert (fields.read("used_percent", to_percent), fields.read("remaining_percent", to_percent)) == (None, 80)


def test_extending_twice_and_repeating_changes_nothing_else():
    """Known spellings are not doubled."""
    assert ALIASES.extended({"used_percent": ["percent"]})["used_percent"] == ALIASES["used_percent"]
    assert ALIASES.extended({"used_percent": ["used_percent"]})["used_percent"] == ALIASES["used_percent"]
    assert ALIASES.extended({}) == ALIASES


def test_a_spelling_moves_wherever_it_stood():
    """From names that sort before and after."""
    table = ALIASES.extended({"limit_id": ["balance", "source"]})
    assert (table["balance"], table["spend_source"]) == ((), ())
    assert table["limit_id"] == (*ALIASES["limit_id"], "balance", "source")


def test_one_spelling_has_one_meaning():
    """A table that says two things about one key is refused."""
    with pytest.raises(ValueError, match="stands under"):
        Aliases({"used_percent": ["share"], "remaining_percent": ["Share"]})


def test_table_survives_pickle_and_copy():
    """Worker processes get the user's table."""
    table = ALIASES.extended({"plan": ["tier"]})
    assert pickle.loads(pickle.dumps(table)) == table  # noqa: S301  # our own bytes
    assert copy.deepcopy(table) == table


# --- paths ---


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("plan_type", "$.plan_type"),
        ("a b", '$["a b"]'),
        ("x-codex-plan", '$["x-codex-plan"]'),
        ("", '$[""]'),
        ('"]', '$["\\"]"]'),
        ("7", '$["7"]'),
        ("é", '$["\\u00e9"]'),
        ("\x1b[31m", '$["\\u001b[31m"]'),
        ("\ud800", '$["\\ud800"]'),
    ],
)
def test_paths_are_printable(key, path):
    """Keys that are no identifiers are quoted and escaped."""
    assert child_path("$", key) == path


def test_paths_of_items():
    """List items by number."""
    assert item_path("$.additional_rate_limits", 2) == "$.additional_rate_limits[2]"


# --- converters ---


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3), (3.5, 3.5), ("3", 3), (" 3.50 ", 3.5), ("-1e2", -100), (".5", 0.5), ("5.", 5)]
)
def test_numbers(value, number):
    """From int, float and numeric text."""
    assert to_number(value) == number


@pytest.mark.parametrize("convert", [to_number, to_percent, to_count, to_seconds, to_minutes, to_decimal])
@pytest.mark.parametrize(
    "value",
    [*JUNK, *HUGE],
    ids=lambda value: (
        f"{type(value).__name__}-{str(value)[:12]}" if not isinstance(value, int) or value < 10**30 else "big"
    ),
)
def test_what_is_no_number(convert, value):
    """Booleans, containers, words, NaN, infinities and numbers beyond any quota are refused, by type, not by value."""
    with pytest.raises(MismatchError, match=r"^expected .+, found (null|[a-z]+)$"):
        convert(value)


def test_percent_and_remaining():
    """Used is 0 and up; what is left is 0 to 100."""
    assert (to_percent(130), to_percent("0"), to_remaining(100), to_remaining("12.5")) == (130, 0, 100, 12.5)
    for convert, value in ((to_percent, -0.1), (to_remaining, -1), (to_remaining, 100.1)):
        with pytest.raises(MismatchError, match="percentage"):
            convert(value)


def test_lengths():
    """Seconds and minutes to seconds; 0, negative and 1 second are no lengths."""
    assert (to_seconds(18000), to_seconds("60"), to_minutes(300), to_minutes("1")) == (18000, 60, 18000, 60)
    for convert, value in ((to_seconds, 0), (to_seconds, -5), (to_seconds, 1), (to_seconds, 1e12), (to_minutes, 0)):
        with pytest.raises(MismatchError, match="a length of a minute to ten years"):
            convert(value)


YEARS = 10 * 366 * 86_400


@pytest.mark.parametrize(
    ("convert", "inside", "outside"),
    [
        (to_number, 1e15, 1.0000000000000002e15),
        (to_number, -1e15, -1.0000000000000002e15),
        (to_number, 10**15, 2**63),
        (to_percent, 0, -1e-9),
        (to_remaining, 0, -1e-9),
        (to_remaining, 100, 100.0000001),
        (to_seconds, 60, 59.999),
        (to_seconds, YEARS, YEARS + 1),
        (to_minutes, 1, 0.999),
        (to_minutes, YEARS / 60, YEARS / 60 + 1),
        (to_count, 0, -1),
        (to_count, 1e15, 1e16),
        (to_count, 7.0, 7.0000001),
        (to_instant, 0.001, 0),
        (to_instant, 1e11, 1e15),
        (to_instant_ms, 1e11 + 1, 1e11),
        (to_decimal, "1" + "0" * 59, "1" + "0" * 60),
        (to_decimal, "1e60", "1e61"),
        (to_decimal, "1e-60", "1e-61"),
    ],
)
def test_each_boundary_has_two_sides(convert, inside, outside):
    convert(inside)
    with pytest.raises(MismatchError):
        convert(outside)


def test_where_milliseconds_begin():
    """An epoch of exactly 10**11 is seconds, the next one milliseconds."""
    assert (to_instant(1e11).year, to_instant(1e11 + 1).year) == (5138, 1973)
    assert to_instant_ms(1e11 + 1000).year == 1973


def test_a_percentage_of_the_used_kind_is_as_sent():
    assert (to_percent("12.5"), to_remaining(0.5), to_minutes("1.5"), to_seconds(90)) == (12.5, 0.5, 90, 90)


def test_counts_and_pairs():
    """Whole numbers; two numbers in a list."""
    assert (to_count(2), to_count("2"), to_count(2.0), to_pair([1, "2.5"])) == (2, 2, 2, (1, 2.5))
    for convert, value in ((to_count, 2.5), (to_count, -1), (to_pair, [1]), (to_pair, [1, 2, 3]), (to_pair, [1, None])):
        with pytest.raises(MismatchError):
            convert(value)


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), (False, False), ("True", True), ("false", False), (" TRUE ", True), ("1", True), (" 0 ", False)],
)
def test_truth_values(value, truth):
    """JSON's own and the words of headers."""
    assert to_boolean(value) is truth


@pytest.mark.parametrize("value", [0, 1, 1.0, "2", "01", "yes", "", None, [], {}])
def test_what_is_no_truth_value(value):
    """Numbers are no truth values."""
    with pytest.raises(MismatchError, match="expected true or false"):
        to_boolean(value)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("0", "0"),
        ("0E-10", "0"),
        ("1348.7450000000", "1348.7450000000"),
        (12.75, "12.75"),
        (100000, "100000"),
        (-3, "-3"),
    ],
)
def test_amounts(value, amount):
    """Exact decimals from text or number."""
    assert to_decimal(value) == Decimal(amount)
    assert str(to_decimal(value)) == amount


def test_amounts_of_absurd_size_are_refused():
    """A text of few characters can stand for a number of a billion digits."""
    for value in ("1e99999999", "1e-99999999", "1" * 100):
        with pytest.raises(MismatchError):
            to_decimal(value)


def test_texts():
    """Text as sent; a blank one is none."""
    assert (to_text("plus"), to_text(" "), to_text("")) == ("plus", None, None)
    with pytest.raises(MismatchError, match="expected a text, found int"):
        to_text(3)


@pytest.mark.parametrize(
    "value",
    [
        EPOCH,
        float(EPOCH),
        str(EPOCH),
        EPOCH * 1000,
        f"{EPOCH}000",
        "2026-11-02T12:00:00Z",
        "2026-11-02T12:00:00.000+00:00",
        "2026-11-02T14:00:00+02:00",
        "2026-11-02T12:00:00",
        " 2026-11-02 12:00 ",
    ],
)
def test_moments(value):
    """Seconds, milliseconds, numeric text, ISO 8601; without a zone it is UTC."""
    moment = to_instant(value)
    assert moment == MOMENT
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        "0",
        1e14 * 9,
        "soon",
        "2026-13-01",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00+12:00",
        *JUNK,
        *HUGE[:4],
    ],
)
def test_what_is_no_moment(value):
    """Zero stands for none; what no calendar holds is broken."""
    with pytest.raises(MismatchError):
        to_instant(value)


def test_moments_in_milliseconds():
    """A field that says milliseconds holds milliseconds."""
    assert (
        to_instant_ms(EPOCH * 1000) == to_instant_ms(f"{EPOCH}000") == to_instant_ms("2026-11-02T12:00:00Z") == MOMENT
    )
    with pytest.raises(MismatchError, match="epoch milliseconds"):
        to_instant_ms(EPOCH)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a running process cannot be changed here")
def test_moments_do_not_depend_on_the_machines_zone(monkeypatch):
    """A text without a zone is in UTC, wherever it is read."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert to_instant("2026-11-02T12:00:00") == MOMENT
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.integers(1, 10**11))
def test_every_moment_reads_the_same_in_seconds_and_milliseconds(seconds):
    """The unit is told by size, without a gap in our century."""
    if seconds * 1000 > 10**11:
        assert to_instant(seconds) == to_instant(seconds * 1000)


# --- the reader ---


def test_reader_remembers_the_path():
    """Each value that was read has its path; what is missing, null or broken has none."""
    log = Log()
    fields = Fields({"used_percent": 5, "reset_at": None, "window_minutes": "x"}, "$.w", log)
    assert fields.read("used_percent", to_percent) == 5
    assert fields.read("reset_at", to_instant) is None
    assert fields.read("window_minutes", to_minutes) is None
    assert fields.read("window_seconds", to_seconds) is None
    assert fields.paths == {"used_percent": "$.w.used_percent"}
    assert log.notes == ("expected a number, found str @ $.w.window_minutes",)
    assert fields.nulls == {"reset_at": "$.w.reset_at"}


def test_reader_prefers_the_exact_spelling():
    """Of two keys that fold to one spelling the exact one counts, in whatever order they stand."""
    for members in ({"usedPercent": 1, "used_percent": 2}, {"used_percent": 2, "usedPercent": 1}):
        assert Fields(members, "$", Log()).read("used_percent", to_percent) == 2


def test_reader_notes_that_spellings_disagree():
    """Agreement is silent, disagreement a note; both are remembered as ignored."""
    log = Log()
    fields = Fields({"reset_at": 5, "resets_at": 5, "percent": 1, "used_percent": 2}, "$", log)
    fields.read("reset_at", to_number)
    fields.read("used_percent", to_percent)
    assert log.notes == ("disagrees with the spelling used_percent, which counts @ $.percent",)
    assert [(issue.path, issue.status) for issue in log.issues] == [
        ("$.resets_at", "ignored"),
        ("$.percent", "ignored"),
    ]


def test_reader_skips_nulls_and_broken_spellings():
    """A null first spelling does not hide the second."""
    log = Log()
    assert Fields({"used_percent": None, "percent": 3}, "$", log).read("used_percent", to_percent) == 3
    assert log.notes == ()
    assert Fields({"used_percent": [], "percent": 3}, "$", log).read("used_percent", to_percent) == 3
    assert log.notes == ("expected a number, found list @ $.used_percent",)


def test_the_log_is_bounded():
    """Two hundred notes and a count of the rest; ten thousand issues."""
    log = Log()
    for number in range(10_001):
        log.broken(f"$[{number}]", "x", "odd")
        if number == 199:
            assert len(log.notes) == 200
        if number == 200:
            assert log.notes[-2:] == ("odd @ $[199]", "and 1 more oddities @ $")
    assert len(log.notes) == 201
    assert len(log.issues) == 10_000
    assert log.issues[-1].path == "$[9999]"


def test_reader_gives_every_object_of_a_name():
    """In the order that counts; another type is a note and an issue."""
    log = Log()
    fields = Fields({"rate_limits": {"b": 1}, "rate_limit": {"a": 1}, "rateLimit": 3}, "$", log)
    assert [found.path for found in fields.objects("rate_limit", "codex")] == ["$.rate_limit", "$.rate_limits"]
    assert [(issue.path, issue.read_as, issue.status) for issue in log.issues] == [("$.rateLimit", "codex", "broken")]
    assert fields.objects("credits") == []


def test_labels_tell_where_a_member_really_stood():
    """Flat forms: a key without a label has its own path."""
    fields = Fields({"used_percent": 1, "reset_at": 2}, "$.x", Log(), labels={"used_percent": "$.primary_used_percent"})
    assert (fields.at("used_percent"), fields.at("reset_at")) == ("$.primary_used_percent", "$.x.reset_at")


def test_reader_opens_objects():
    """An inner object, or a note on what stands there instead."""
    log = Log()
    fields = Fields({"credits": {"balance": "1"}, "spend_control": 3, "rate_limit": None}, "$", log)
    inner = fields.inner("credits")
    assert inner is not None
    assert inner.path == "$.credits"
    assert fields.inner("spend_control") is fields.inner("rate_limit") is fields.inner("error") is None
    assert log.notes == ("expected an object, found int @ $.spend_control",)


def test_issues_learn_what_their_object_turned_out_to_be():
    """A broken field is named in full once its window has a name."""
    log = Log()
    fields = Fields({"used_percent": "x"}, "$", log)
    fields.read("used_percent", to_percent)
    fields.owner = "codex.weekly"
    assert log.issues[0].read_as == "codex.weekly.used_percent"


def test_unknown_members_are_kept():
    """Keys that nobody knows are neither lost nor an oddity; keys that are no text are passed over."""
    log = Log()
    fields = Fields({"colour": "blue", 7: 1, "used_percent": 1}, "$", log)
    assert fields.unknown == {"colour": "blue"}
    assert log.notes == ()
