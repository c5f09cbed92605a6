"""A forecast for 50 accounts with 90 days of readings every ten minutes within 3 s; of one long series within 100 ms.

Run with: pytest tests/benchmarks/bench_forecast.py --benchmark-enable --benchmark-only -s
"""

from __future__ import annotations

import pandas as pd
import pytest
from simulated_users import simulate

import quota_helpers as qh
from quota_helpers.models import COLUMNS

KINDS = 4


@pytest.fixture(scope="module")
def fifty():
    users = [simulate(seed, days=91, sampled=0.999, five_hours=False).frame for seed in range(KINDS)]
    frames = [users[number % KINDS].assign(account_key=f"k{number}", account=f"n{number}") for number in range(50)]
    return pd.concat(frames, ignore_index=True).astype(COLUMNS)


def test_fifty_accounts(benchmark, fifty):
    benchmark.pedantic(qh.forecast, args=(fifty,), rounds=3, warmup_rounds=1)
    if benchmark.enabled:
        assert benchmark.stats.stats.min < 3


def test_forty_thousand_readings_of_one_window(benchmark):
    frame = simulate(0, days=294, sampled=0.99, five_hours=False).frame
    benchmark.pedantic(qh.forecast, args=(frame,), rounds=5, warmup_rounds=1)
    assert len(frame) > 36_000
    if benchmark.enabled:
        assert benchmark.stats.stats.min < 0.1
