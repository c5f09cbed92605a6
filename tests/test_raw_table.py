"""The raw fields of one body: every value of the reading is found in it, and the other way round."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from normalize_support import read as read_case
from raw_support import EPOCH_NOW, HEADERS, MODERN, NOW, SPEND_ONLY, body_called, changed, reply

from quota_helpers.fields import ALIASES
from quota_helpers.models import Headers
from quota_helpers.paths import value_at
from quota_helpers.raw import STATUSES, field_rows, field_table
from quota_helpers.raw.explain import TABLE_COLUMNS

DATA = Path(__file__).parent / "data"
CASES = sorted(path for path in DATA.glob("*.json") if not path.name.endswith(".expected.json"))


def values_of(snapshot):
    """(name, path) -> value, straight from the snapshot's own attributes and paths."""
    blocks = [("", snapshot)]
    blocks += [(limit.limit_id, limit) for limit in snapshot.limits]
    blocks += [(f"{window.limit_id}.{window.name}", window) for window in snapshot.windows]
    blocks += [(spend.limit_id, spend) for spend in snapshot.spend_limits]
    blocks += [(name, getattr(snapshot, name)) for name in ("credits", "reset_credits") if getattr(snapshot, name)]
    found = {}
    for prefix, block in blocks:
        for field, path in block.paths.items():
            # The snapshot repeats these two of its own limit; the others say how a value was worked out.
            if (block is snapshot and field in {"allowed", "limit_reached"}) or field in {
                "remaining_percent", "window_minutes", "reset_at_ms", "reset_after_seconds"}:  # fmt: skip
                continue
            whole = field == "name" or (field == "limit_id" and prefix.startswith("spend:"))
            name = prefix if whole else f"{prefix}.{field}" if prefix else field
            found[name, path] = getattr(block, field)
    return found


def test_there_are_cases():
    """The two tests below run over every case file."""
    assert len(CASES) > 50


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_value_of_the_reading_is_a_row_and_every_read_row_is_a_value(path):
    """Both directions: no number without its field, no field said to be read without its number."""
    case = json.loads(path.read_text("utf-8"))
    values = values_of(read_case(case))
    table = field_table(case["payload"], fetched_at=datetime.fromisoformat(case["fetched_at"]))
    read = table[(table["status"] == "read") & (table["read_as"] != "")]
    rows = {(name, row.path) for row in read.itertuples() for name in row.read_as.split(", ")}
    assert rows == set(values)
    rules = {(name, row.path): row.rule for row in read.itertuples() for name in row.read_as.split(", ")}
    for (name, at), value in values.items():
        assert value is not None, name
        sent = value_at(case["payload"], at)
        if type(sent) is bool:
            assert value is sent
        elif type(sent) in {int, float} and not isinstance(value, datetime) and not rules[name, at]:
            assert float(value) == sent


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_table_has_every_place_once_and_the_mapping_goes_both_ways(path):
    """One row a place, values as sent, and name to path and back agree with the reading."""
    case = json.loads(path.read_text("utf-8"))
    rows = field_rows(case["payload"], fetched_at=datetime.fromisoformat(case["fetched_at"]))
    paths = [row.path for row in rows]
    assert len(set(paths)) == len(paths)
    for row in rows:
        sent = value_at(case["payload"], row.path)
        if row.type not in {"object", "array"}:
            assert row.value == sent or isinstance(sent, str)
        assert row.status in STATUSES
        assert row.parent == "" or row.parent in paths
    assert {(name, at) for name, places in rows.read_from.items() for at in places} == {
        (name, row.path) for row in rows if row.status == "read" for name in row.read_as.split(", ") if name
    }
    snapshot = read_case(case)
    expected = values_of(snapshot)
    for name, value in rows.readings.items():
        assert value in [v for (n, _), v in expected.items() if n == name] or isinstance(value, list)
    json.dumps([list(row) for row in rows], allow_nan=False)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_broken_and_ignored_values_say_why(path):
    """A value that was recognized but not taken has a reason."""
    case = json.loads(path.read_text("utf-8"))
    table = field_table(case["payload"], fetched_at=datetime.fromisoformat(case["fetched_at"]))
    lost = table[table["status"].isin(["broken", "ignored"])]
    assert (lost["why"] != "").all()
    assert (lost["read_as"] != "").all()


def rows_by_path(payload, **options):
    return {row.path: row for row in field_rows(payload, fetched_at=NOW, **options)}


def test_a_window_says_by_which_rule_it_got_its_name():
    """The length decides, and the rule says so in words."""
    rows = rows_by_path(MODERN)
    length = rows["$.rate_limit.secondary_window.limit_window_seconds"]
    assert length.read_as == "codex.weekly.window_seconds"
    assert "604800 s says weekly" in length.rule
    percent = rows["$.rate_limit.secondary_window.used_percent"]
    assert percent.read_as == "codex.weekly.used_percent"
    assert percent.rule == "length 604800 s says weekly; slot secondary ignored"
    left = rows_by_path({"weekly_limit": {"percent_left": 30}})["$.weekly_limit.percent_left"]
    assert left.rule == "100 minus what is left; no length: slot weekly_limit says weekly (inferred)"
    assert "percent" in rows["$.rate_limit.secondary_window.used_percent"].meaning


def test_the_five_statuses():
    """Read, known but unused, unknown, ignored and broken, each where it belongs."""
    body = changed(MODERN, brand_new={"x": 1})
    body["rate_limit"]["primary_window"]["used_percent"] = "bad"
    rows = rows_by_path(body)
    assert rows["$.plan_type"].status == "read"
    assert rows["$.email"].status == "known but unused"
    assert rows["$.brand_new.x"].status == "unknown"
    assert rows["$.rate_limit.primary_window.reset_after_seconds"].status == "ignored"
    broken = rows["$.rate_limit.primary_window.used_percent"]
    assert broken.status == "broken"
    assert "expected a number" in broken.why
    assert "bad" not in broken.why


def test_what_holds_read_values_is_read_and_so_are_the_parts_of_one_value():
    """Objects on the way to a value are not unused, and neither are the two ends of a range."""
    rows = rows_by_path(MODERN)
    assert rows["$.rate_limit"].status == rows["$.additional_rate_limits[0]"].status == "read"
    assert rows["$.credits.approx_local_messages"].read_as == "credits.approx_local_messages"
    assert rows["$.credits.approx_local_messages[1]"].status == "read"
    assert rows["$.credits.approx_local_messages[1]"].rule == "part of credits.approx_local_messages"
    assert rows["$.model_usage"].status == "known but unused"


def test_a_spelling_of_ones_own_is_read():
    """The table of spellings is an argument."""
    body = {"rate_limit": {"primary_window": {"pct": 7, "limit_window_seconds": 18_000}}}
    path = "$.rate_limit.primary_window.pct"
    assert rows_by_path(body)[path].status == "unknown"
    row = rows_by_path(body, aliases=ALIASES.extended({"used_percent": ["pct"]}))[path]
    assert (row.status, row.read_as) == ("read", "codex.five_hour.used_percent")
    assert "percent" in row.meaning


def test_values_are_kept_by_name():
    """A click on a number finds its field, and the number itself."""
    rows = field_rows(reply(MODERN))
    assert rows.readings["codex.weekly.used_percent"] == 40
    assert rows.readings["credits.balance"] == Decimal("1348.745")
    assert rows.read_from["codex.weekly.used_percent"] == ["$.rate_limit.secondary_window.used_percent"]
    assert rows.fetched_at == NOW


def test_the_time_of_a_bare_body_is_its_own_word_else_unknown():
    """A window's reset minus the seconds to it is when the server spoke; without both nobody knows."""
    assert field_rows(MODERN).fetched_at == NOW
    alone = {"rate_limit": {"primary_window": {"used_percent": 5, "reset_after_seconds": 60}}}
    rows = field_rows(alone)
    assert rows.fetched_at is None
    assert rows.readings["codex.five_hour.reset_at"] is None
    row = next(row for row in rows if row.path.endswith("reset_after_seconds"))
    assert row.status == "read"
    assert "give fetched_at=" in row.why
    known = field_rows(alone, fetched_at=NOW)
    assert known.readings["codex.five_hour.reset_at"] == NOW + timedelta(seconds=60)
    assert not any("fetched_at" in row.why for row in known)


def test_a_time_without_a_zone_is_refused():
    """A time that could mean anything is an error."""
    with pytest.raises(ValueError, match="time zone"):
        field_table(MODERN, fetched_at=datetime(2026, 11, 22))  # noqa: DTZ001  # that is the point


def test_columns_stay_for_every_body():
    """Empty or odd, the table has its columns."""
    for payload in ({}, [], None, body_called("x", "text"), 3, [1, [2]], {"": {"<b>": "\x00"}}):
        table = field_table(payload, fetched_at=NOW)
        assert tuple(table.columns) == TABLE_COLUMNS
        assert table["path"].iloc[0] == "$"


def test_values_stay_as_they_were_sent():
    """No number becomes another type because of its neighbours."""
    table = field_table({"a": 1, "b": 1.0, "c": "1", "d": True, "e": None, "f": 2**70}, fetched_at=NOW)
    assert [type(value) for value in table["value"][1:]] == [int, float, str, bool, type(None), int]


def test_numbers_that_json_cannot_write_have_names():
    """What a browser cannot be sent is shown by its name."""
    body = {"a": float("nan"), "b": float("inf"), "c": -float("inf"), "d": 10**5000, "e": "half \ud83d"}
    values = [row.value for row in field_rows(body, fetched_at=NOW)][1:]
    assert values[:3] == ["NaN", "Infinity", "-Infinity"]
    assert "bits" in values[3]
    json.dumps(list(field_rows(body, fetched_at=NOW)), allow_nan=False, ensure_ascii=False).encode("utf-8")


def test_headers_and_text_are_shown_too():
    """A dict of headers is read as headers; an error page is shown as the text it is."""
    rows = field_rows(Headers(HEADERS), fetched_at=NOW)
    assert rows.readings["codex.weekly.used_percent"] == 77
    page = reply(None, status=403, body=b"<html>Just a moment</html>")
    assert field_table(page)["value"].iloc[0] == "<html>Just a moment</html>"


def test_spend_control_is_read():
    """A seat without windows has its cap in the table."""
    rows = rows_by_path(SPEND_ONLY)
    assert rows["$.spend_control.individual_limit.used"].read_as == "spend:individual.used"
    assert "null" in rows["$.rate_limit"].why


def test_an_instant_read_from_a_field_is_that_field():
    """The reset in the table is the one in the body."""
    rows = field_rows(MODERN, fetched_at=NOW)
    assert rows.readings["codex.five_hour.reset_at"] == datetime.fromtimestamp(EPOCH_NOW + 3_600, tz=UTC)
