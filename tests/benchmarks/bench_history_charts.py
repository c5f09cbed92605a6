"""A history chart over a million readings: built in the kernel and drawn in chromium within 1 s.

Run with: pytest tests/benchmarks/bench_history_charts.py --benchmark-enable --benchmark-only -s
"""

import sys
import time

import numpy as np
import pandas as pd
import pytest
from plotly_page import draw_seconds, plotly_page

from quota_helpers.charts.history import plot_history
from quota_helpers.models import COLUMNS

READINGS = 1_000_000
ACCOUNTS = 5
WINDOWS = {"five_hour": 18_000, "weekly": 604_800}
END = np.datetime64("2026-11-16T09:00", "us")


def million(kind):
    """Five accounts, two windows each, a reading every 30 s: "whole" percents, or "noisy" ones that all differ."""
    count = READINGS // (ACCOUNTS * len(WINDOWS))
    chance = np.random.default_rng(1)
    parts = []
    for account in range(ACCOUNTS):
        for window, length in WINDOWS.items():
            when = END - (np.arange(count)[::-1] * 30).astype("timedelta64[s]")
            seconds = when.astype("datetime64[s]").astype(np.int64) + account * 3_333
            passed = seconds % length / length
            used = np.minimum(100, np.floor(passed * (78 + 13 * account)))
            if kind == "noisy":
                used = np.round(np.minimum(100, passed * 100 + chance.random(count)), 3)
            reset = (
                ((seconds // length + 1) * length - account * 3_333).astype("datetime64[s]").astype("datetime64[us]")
            )
            parts.append(
                pd.DataFrame(
                    {
                        "account": f"seat-{account}",
                        "account_key": f"key-{account}",
                        "plan": "plus",
                        "limit": "codex",
                        "window": window,
                        "slot": "primary",
                        "used_percent": used,
                        "reset_at": pd.DatetimeIndex(reset.astype("datetime64[us]"), tz="UTC"),
                        "window_seconds": float(length),
                        "origin": "usage",
                        "fetched_at": pd.DatetimeIndex(when, tz="UTC"),
                    }
                )
            )
    frame = pd.concat(parts, ignore_index=True).sort_values("fetched_at", kind="stable", ignore_index=True)
    return frame.reindex(columns=list(COLUMNS)).astype(COLUMNS)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with plotly_page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.mark.parametrize("kind", ["whole", "noisy"])
def test_a_million_readings_built_and_drawn(benchmark, page, kind):
    frame = million(kind)
    spent = []

    def build_and_draw():
        begun = time.perf_counter()
        text = plot_history(frame, most_accounts=ACCOUNTS, tz="UTC").to_json()
        built = time.perf_counter() - begun
        spent.append((built, draw_seconds(page, text), len(text) / 1e6))

    benchmark.pedantic(build_and_draw, rounds=5, warmup_rounds=1)
    built, drawn, size = np.median(spent, axis=0)
    sys.stdout.write(f"\n{kind}: built {built:.2f} s, drawn {drawn:.2f} s, {size:.1f} MB\n")
    if benchmark.enabled:
        assert built + drawn < 1.0
