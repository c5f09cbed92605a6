"""Frames of every dtype and with every kind of name, and the check that a chart's code makes that chart."""

import datetime as dt
import decimal
import functools

import numpy as np
import pandas as pd

from quota_helpers.charts.builder import build_chart
from quota_helpers.models import COLUMNS

ODD = ["a blank", "it's", 'say "hi"', "back\\slash", "new\nline", "größe π", "{x}", "%{y}", "class", "", "# no comment"]


def quota_frame(readings=8):
    """Readings of three accounts, with every dtype of COLUMNS and something missing in each."""
    count = readings * 6
    at = pd.Timestamp("2026-03-01T10:00Z") + pd.to_timedelta(np.arange(count) * 37, unit="min")
    used = np.arange(count) * 7.0 % 101
    rows = {
        "account": ["ada", "grace", "linus"] * (count // 3),
        "account_key": [f"key-{number % 3}" for number in range(count)],
        "plan": ["plus", None] * (count // 2),
        "limit": "codex",
        "window": ["five_hour", "weekly", None] * (count // 3),
        "slot": "primary",
        "used_percent": [None if number % 11 == 3 else value for number, value in enumerate(used)],
        "remaining_percent": [None if number % 11 == 3 else 100 - value for number, value in enumerate(used)],
        "reset_at": [None if number % 5 == 2 else when + pd.Timedelta(hours=3) for number, when in enumerate(at)],
        "resets_in": [None if number % 5 == 2 else pd.Timedelta(hours=3) for number in range(count)],
        "window_seconds": 18_000,
        "state": "current",
        "allowed": [True, False, None] * (count // 3),
        "limit_reached": None,
        "name_inferred": False,
        "origin": "demo",
        "fetched_at": at,
    }
    frame = pd.DataFrame(rows)
    return pd.DataFrame({name: frame[name].astype(dtype) for name, dtype in COLUMNS.items() if name in frame})


def odd_frame():
    """Columns of every other type there is, and names that want care."""
    count = 24
    numbers = np.arange(count)
    days = pd.date_range("2026-10-24", periods=count, freq="3h")
    columns = {
        "category": pd.Categorical([None if n % 7 == 1 else "abc"[n % 3] for n in numbers], categories=list("cbad")),
        "ordered": pd.Categorical(["low", "mid", "high"] * 8, categories=["low", "mid", "high"], ordered=True),
        "numbers in classes": pd.Categorical(numbers % 4),
        "Int64": pd.array([None if n % 6 == 2 else int(n) for n in numbers], dtype="Int64"),
        "Float64": pd.array([None if n % 6 == 4 else n / 3 for n in numbers], dtype="Float64"),
        "bool": numbers % 2 == 0,
        "boolean": pd.array([True, None, False] * 8, dtype="boolean"),
        "berlin": days.tz_localize("Europe/Berlin", ambiguous="NaT"),
        "naive": days,
        "timedelta": pd.to_timedelta(numbers, unit="min").where(numbers % 9 != 1),
        "period": pd.period_range("2026-01", periods=count, freq="M"),
        "interval": pd.cut(numbers, 5),
        "complex": numbers * 1j,
        "infinite": np.where(numbers % 8 == 5, np.inf, numbers),
        "nothing": [None] * count,
        "all nan": np.full(count, np.nan),
        "lists": [[n] for n in numbers],
        "mixed": [None, 1, "x"] * 8,
        "decimal": [decimal.Decimal(int(n)) / 4 for n in numbers],
        "dates": [dt.date(2026, 1, int(n) + 1) for n in numbers],
        "bytes": [b"x", b"y"] * 12,
        "many": [f"value {n}" for n in numbers],
    }
    names = {name: [f"{name[:1]}{n % 3}" for n in numbers] for name in ODD}
    return pd.DataFrame(columns | names)


QUOTA, OTHERS = quota_frame(), odd_frame()


def run(code, frame, name="frame"):
    """What a cell with this code would answer."""
    names = {name: frame}
    before = frame.copy(deep=True)
    exec(code, names)  # noqa: S102 - what the user does with it
    pd.testing.assert_frame_equal(frame, before)
    return names["figure"]


def same(frame, spec, name="frame"):
    """The chart, having checked that its code makes it."""
    chart = build_chart(frame, spec, name=name)
    assert run(chart.code, frame, name).to_json() == chart.figure.to_json()
    assert chart.code.endswith("\nfigure")
    return chart


@functools.cache
def big_frame(count=1_000_000):
    """A million readings of forty accounts."""
    number = np.arange(count)
    return pd.DataFrame(
        {
            "account": pd.Series([f"a{n:02}" for n in range(40)])[number % 40].to_numpy(),
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(number * 5, unit="s"),
            "percent": number % 101.0,
        }
    )
