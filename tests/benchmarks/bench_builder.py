"""The chart builder on a million rows: a chart of each kind, built in the kernel and drawn in chromium within 1 s.

Run with: pytest tests/benchmarks/bench_builder.py --benchmark-enable --benchmark-only -s
"""

import json
import sys
import time

import numpy as np
import pandas as pd
import pytest
from plotly_page import draw_seconds, plotly_page

from quota_helpers.charts.builder import KINDS, ChartSpec, build_chart

ROWS = 1_000_000
ACCOUNTS = 40


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with plotly_page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="module")
def frame():
    """Readings of forty accounts, one every five seconds."""
    number = np.arange(ROWS)
    return pd.DataFrame(
        {
            "account": pd.Series([f"a{n:02}" for n in range(ACCOUNTS)])[number % ACCOUNTS].to_numpy(),
            "at": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(number * 5, unit="s"),
            "percent": number % 101.0,
        }
    )


def spec_of(kind, aggregation):
    """Coloured by account: a trace for each of the most frequent twenty, and one for the others."""
    if kind == "heatmap":
        return ChartSpec(x="at", y="account", color="percent", kind=kind, aggregation=aggregation)
    x, y = ("percent", None) if kind == "histogram" else ("at", "percent")
    return ChartSpec(x=x, y=y, color="account", kind=kind, aggregation=aggregation, every="hour")


SPECS = [spec_of(kind, "none") for kind in KINDS] + [
    spec_of(kind, aggregation)
    for kind in ("line", "scatter", "bar", "area", "heatmap")
    for aggregation in ("mean", "last")
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{spec.aggregation}")
def test_a_million_rows_built_and_drawn(benchmark, page, frame, spec):
    spent = []

    def repaint():
        begun = time.perf_counter()
        text = build_chart(frame, spec).figure.to_json()
        json.loads(text)  # as the widget does, to hand the figure to its output
        built = time.perf_counter() - begun
        spent.append((built, draw_seconds(page, text), len(text) / 1e6))

    benchmark.pedantic(repaint, rounds=5, warmup_rounds=1)
    built, drawn, size = np.median(spent, axis=0)
    sys.stdout.write(f"\n{spec.kind}, {spec.aggregation}: built {built:.2f} s, drawn {drawn:.2f} s, {size:.1f} MB\n")
    if benchmark.enabled:
        assert built + drawn < 1.0
