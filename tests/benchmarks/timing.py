"""Times of programs and calls, compared with each other: taken in turn, so that a busy machine hits all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def program(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Callable[[], object]:
    """A call that runs a program to its end; it must succeed, or its time would mean nothing."""

    def run() -> None:
        subprocess.run([*command], cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return run


def output(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> str:
    """What a program prints on its standard output."""
    return subprocess.run([*command], cwd=cwd, env=env, check=True, capture_output=True, encoding="utf-8").stdout


def as_a_person_has_it(**changes: str) -> dict[str, str]:
    """The environment without what the tests and a container add to Python's start: the guard, no bytecode caches."""
    added = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "QUOTA_HELPERS_DEMO"}
    return {name: value for name, value in os.environ.items() if name not in added} | changes


def in_turn(benchmark, calls: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of every call, a round each. pytest-benchmark shows whole rounds; `--benchmark-disable` makes one."""
    times: dict[str, list[float]] = {name: [] for name in calls}

    def one_round() -> None:
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - begun)

    benchmark.pedantic(one_round, rounds=rounds, warmup_rounds=1)
    if benchmark.enabled:
        for taken in times.values():
            del taken[0]  # the warm-up, which writes the bytecode caches
    return times


def show(benchmark, capsys, title: str, times: Mapping[str, Sequence[float]]) -> None:
    """Prints medians, the fastest, and the median of the rounds' ratios to the first; keeps them for the JSON file."""
    first = next(iter(times.values()))
    lines = [f"{title:<58} {'median':>12} {'fastest':>12} {'ratio':>8}"]
    for name, taken in times.items():
        # Within a round a busy machine is as busy for both.
        paired = len(taken) == len(first)
        ratio = statistics.median(
            [ours / theirs for ours, theirs in zip(taken, first, strict=True)]
            if paired
            else [statistics.median(taken) / statistics.median(first)]
        )
        lines.append(f"  {name:<56} {statistics.median(taken) * 1e3:9.2f} ms {min(taken) * 1e3:9.2f} ms {ratio:8.3f}")
        benchmark.extra_info[name] = {"median": statistics.median(taken), "fastest": min(taken), "ratio": ratio}
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
