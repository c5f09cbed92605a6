"""One check of a frame of readings, for every function that takes one."""

import io
import time

import numpy as np
import pandas as pd
import pytest

from quota_helpers.frames import NEEDED, chosen, counts, frame_at, keys_of, readings, to_frame
from quota_helpers.invented.history import demo_snapshots
from quota_helpers.models import COLUMNS
from quota_helpers.periods import daily_tokens


@pytest.fixture(scope="module")
def frame():
    snapshots = demo_snapshots()
    return to_frame([*snapshots[:30], *snapshots[-30:]])


def test_a_frame_as_it_should_be_is_not_copied(frame):
    assert readings(frame) is frame


@pytest.mark.parametrize(
    "twin",
    [
        lambda frame: pd.read_csv(io.StringIO(frame.to_csv(index=False))),
        lambda frame: frame.convert_dtypes(),
        lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
        lambda frame: pd.read_csv(io.StringIO(frame.to_csv(index=False)), dtype_backend="pyarrow"),
        lambda frame: pd.read_parquet(io.BytesIO(frame.to_parquet())),
        lambda frame: pd.read_parquet(io.BytesIO(frame.to_parquet()), dtype_backend="pyarrow"),
        lambda frame: frame.astype(object),
        lambda frame: frame.astype({"limit": "category", "window": "category", "fetched_at": "datetime64[ns, UTC]"}),
        lambda frame: frame.assign(reset_at=frame["reset_at"].dt.tz_convert("Asia/Tokyo")),
        lambda frame: frame.assign(fetched_at=frame["fetched_at"].map(lambda when: when.isoformat())),
        lambda frame: frame.assign(resets_in=frame["resets_in"].dt.total_seconds()),
        lambda frame: frame.assign(used_percent=frame["used_percent"].astype(str)),
        lambda frame: frame.drop(columns=["state", "resets_in", "remaining_percent"]),
    ],
    ids=[
        "csv",
        "nullable",
        "arrow",
        "arrow csv",
        "parquet",
        "arrow parquet",
        "object",
        "category",
        "zone",
        "iso",
        "seconds",
        "digits",
        "derived",
    ],
)
def test_a_twin_is_the_original_again(frame, twin):
    pd.testing.assert_frame_equal(readings(twin(frame)), frame)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_an_empty_twin_is_empty(frame, backend):
    none = frame.iloc[:0]
    pd.testing.assert_frame_equal(readings(none.convert_dtypes(dtype_backend=backend)), none)


def test_resets_that_are_all_missing_need_no_time_zone(frame):
    """Nothing is there that could be in the wrong one."""
    unknown = readings(frame.assign(reset_at=pd.NaT))["reset_at"]
    assert unknown.isna().all()
    assert str(unknown.dtype) == COLUMNS["reset_at"]


def test_a_key_of_digits_stays_text(frame):
    """CSV reads it as a number."""
    keys = readings(frame.assign(account_key=np.arange(len(frame))))["account_key"]
    assert keys.tolist() == [str(number) for number in range(len(frame))]


def test_what_is_absent_is_filled(frame):
    few = readings(frame[list(NEEDED)])
    assert {name: str(dtype) for name, dtype in few.dtypes.items()} == COLUMNS
    assert few["account"].equals(frame["account_key"].rename("account"))
    pd.testing.assert_series_equal(few["state"], frame["state"])
    assert few["plan"].isna().all()


def test_an_infinite_percentage_is_unknown(frame):
    few = readings(frame[list(NEEDED)].assign(used_percent=[np.inf, -np.inf, *[5.0] * (len(frame) - 2)]))
    assert few["used_percent"].isna().tolist() == [True, True, *[False] * (len(frame) - 2)]
    assert few["state"].tolist()[:2] == ["unknown"] * 2


def test_an_account_that_is_not_there_gets_the_names_that_are(frame):
    """By their labels, as people know them; a frame without labels has only keys."""
    labels = sorted(frame["account"].unique())
    with pytest.raises(ValueError, match=f"Did you mean {labels[0]}"):
        keys_of(frame, labels[0][:-1])
    with pytest.raises(ValueError, match=frame["account_key"].iloc[0]):
        keys_of(frame[list(NEEDED)], "nobody at all")


def test_columns_of_ones_own_stay_behind_ours(frame):
    assert list(readings(frame.drop(columns="plan").assign(note="x")))[-1] == "note"


@pytest.mark.parametrize("missing", NEEDED)
def test_a_needed_column_is_named(frame, missing):
    with pytest.raises(ValueError, match=f"windows has no column {missing}: readings come from to_frame"):
        readings(frame.drop(columns=missing), "windows")


@pytest.mark.parametrize("given", [None, {}, [1], "text", 3])
def test_what_is_no_frame_is_told_what_makes_one(given):
    with pytest.raises(TypeError, match=r"frame is \w+ instead of a DataFrame: readings come from to_frame"):
        readings(given)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("used_percent", "a lot"),
        ("fetched_at", pd.Timestamp("2026-11-22")),
        ("reset_at", 1_795_000_000),
        ("reset_at", "soon"),
        ("allowed", "perhaps"),
        ("resets_in", "long"),
    ],
)
def test_a_column_of_something_else_is_named(frame, column, values):
    with pytest.raises(ValueError, match=f"frame: the column {column} holds"):
        readings(frame.assign(**{column: values}))


def test_an_address_in_the_wrong_column_is_not_repeated(frame):
    with pytest.raises(ValueError, match="used_percent") as caught:
        readings(frame.assign(used_percent="kim.doe@example.com"))
    assert "kim.doe" not in str(caught.value)


def test_a_million_rows_cost_nothing_when_they_are_clean(frame):
    many = pd.concat([frame] * (1_000_000 // len(frame)), ignore_index=True)
    begun = time.perf_counter()
    readings(many)
    assert time.perf_counter() - begun < 0.1


def test_frame_at_takes_any_moment(frame):
    later = frame["fetched_at"].max() + pd.Timedelta(hours=1)
    pd.testing.assert_frame_equal(frame_at(frame, later.isoformat()), frame_at(frame, later))
    pd.testing.assert_frame_equal(frame_at(frame, -pd.Timedelta(hours=1)), frame_at(frame, later))


def test_accounts_are_chosen_by_key():
    frame = pd.DataFrame(
        {"account_key": ["a", "b", None], "account": ["ki...@example.com (1)", "ki...@example.com (2)", "ada"]}
    )
    assert keys_of(frame, None) is None
    assert keys_of(frame, ["b", "ada"]) == ["b", "ada"]
    with pytest.raises(ValueError, match="is 2 accounts: choose by key, one of a, b"):
        keys_of(frame, "kim@example.com")
    assert keys_of(frame.iloc[:0], "nobody") is None, "where there is nobody, there is nothing to choose"


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({}, [0, 1, 2]),
        ({"accounts": "ada"}, [2]),
        ({"accounts": ["b", "a"]}, [0, 1]),
        ({"windows": "five hour"}, [0]),
        ({"windows": ["monthly"]}, []),  # known by its length
        ({"limits": "codex"}, [0, 2]),
        ({"limits": "Spark"}, [1]),
        ({"accounts": "a", "limits": "codex", "windows": "weekly"}, []),
    ],
)
def test_rows_are_chosen_by_name_label_or_key(asked, rows):
    frame = pd.DataFrame(
        {
            "account_key": ["a", "b", None],
            "account": ["kim (1)", "kim (2)", "ada"],
            "limit": ["codex", "codex_spark", "codex"],
            "limit_name": [None, "Spark", None],
            "window": ["five_hour", "weekly", "weekly"],
        }
    )
    assert chosen(frame, **asked).index.tolist() == rows


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"accounts": "nobody"}, "There is no account 'nobody'"),
        ({"windows": "weekli"}, "Did you mean weekly"),
        ({"limits": "codx"}, "There is no limit 'codx'. Did you mean codex"),
        ({"limits": 7}, "limits holds int"),
    ],
)
def test_what_is_unknown_is_said(frame, asked, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        chosen(frame, **asked)
    assert words in str(caught.value)


def test_tokens_are_asked_for_by_their_own_name():
    with pytest.raises(TypeError, match=r"tokens is NoneType .* the \.tokens of session logs"):
        counts(None)
    with pytest.raises(ValueError, match="tokens has no column time, account_key, model, total"):
        counts(pd.DataFrame())


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_tokens_that_went_through_another_backend_add_up_alike(backend):
    turns = pd.DataFrame(
        {
            "time": pd.to_datetime(["2026-11-20T10:00Z", "2026-11-21T10:00Z"]).as_unit("us"),
            "account_key": "a",
            "model": "gpt-5.6",
            "total": [1200, 300],
            "cached_input": [800, 0],
            "output": [100, 20],
        }
    )
    twin = turns.convert_dtypes(dtype_backend=backend)
    for count in ("total", "uncached", "output"):
        pd.testing.assert_frame_equal(daily_tokens(twin, count=count), daily_tokens(turns, count=count))
