"""100 accounts at 200 ms a reply: all at once, beside one after the other and beside the ideal.

Run with: pytest tests/benchmarks/bench_collect.py --benchmark-enable

The aims: at least 20 times faster than one after the other, and within 1.5 times ceil(accounts / workers) x latency.
Each account has an earned reset, which is listed beside its usage: 200 requests in all.
The server is a process of its own, so that it does not take turns with the client's threads. One after the other is
really run (some 20 s), not extrapolated. Nothing is asserted about times.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
from timing import in_turn, show

from quota_helpers import live
from quota_helpers.invented.meters import T0

ACCOUNTS = 100
LATENCY = 0.2
WORKERS = 32
ROUNDS = 5

SERVER = f"""
import sys
sys.path.append({str(Path(__file__).parents[1])!r})
from quota_helpers.invented import DemoServer
from crowd_support import crowd
with DemoServer(accounts=crowd({ACCOUNTS}, resets=True), latency={LATENCY}) as server:
    print(server.account_dir, server.url, sep="\\n", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def crowd():
    """(folder of the login files, base address) of a server that ends with the test."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        folder, url = (process.stdout.readline().rstrip("\n") for _ in range(2))
        yield Path(folder), url
        process.stdin.close()


def source(folder, url, workers):
    """The demo's logins are valid in the demo's time only."""
    return live(folder, url=url, clock=lambda: T0, max_workers=workers)


def test_collect_beside_one_after_the_other(benchmark, capsys, crowd):
    folder, url = crowd
    one_by_one = {}
    with source(folder, url, WORKERS) as at_once, source(folder, url, 1) as in_line:
        collections = []
        times = in_turn(benchmark, {"collect": lambda: collections.append(at_once.collect())}, rounds=ROUNDS)
        if benchmark.enabled:
            begun = time.perf_counter()
            collections.append(in_line.collect())
            one_by_one = {"one after the other": [time.perf_counter() - begun]}
    assert all(len(run.snapshots) == len(run.beside) == ACCOUNTS and not run.failures for run in collections)
    ideal = [math.ceil(ACCOUNTS / WORKERS) * LATENCY]
    show(
        benchmark,
        capsys,
        f"{ACCOUNTS} accounts at {LATENCY:g} s with {WORKERS} workers",
        {"ideal": ideal} | times | one_by_one,
    )
