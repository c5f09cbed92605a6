"""How fast session logs are read: the first time, again, and beside ccusage on the same files in the same run.

    python tests/benchmarks/bench_sessions.py --ccusage PATH [--rounds 5] [--files 600]

Not part of the tests: it writes a corpus of about 1 GB to a temporary folder (removed at the end, unless `--corpus`
names one to keep) and reads it many times. ccusage comes from npm, and is measured without its wrapper:
`npm install ccusage@20.0.24 @ccusage/ccusage-linux-x64@20.0.24`; PATH is the binary in the second.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from session_corpus import write_corpus

POLL_SECONDS = 0.005

CALL = """
import pandas  # the call alone: what it needs is loaded
from quota_helpers.sessions import frames
"""
OURS = """
import json, sys, time
from quota_helpers.sessions import read_sessions
home, cache = sys.argv[1:]
begun = time.perf_counter()
logs = read_sessions(home, cache=cache)
read = time.perf_counter()
logs.windows, logs.tokens
done = time.perf_counter()
print(json.dumps([read - begun, done - begun, int(logs.tokens["total"].sum()), len(logs.windows)]))
"""


def main() -> None:
    """Write or take a corpus, read it, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ccusage", help="the ccusage program; without it only our own times are printed")
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--corpus", type=Path, help="a folder for the corpus that is kept")
    options = parser.parse_args()
    place = options.corpus or Path(tempfile.mkdtemp(prefix="session-corpus-"))
    try:
        compare(place, options)
    finally:
        if options.corpus is None:
            shutil.rmtree(place, ignore_errors=True)


def compare(place: Path, options: argparse.Namespace) -> None:
    """Take turns, so that both meet the same machine; the best of each counts."""
    home, cache = place / "home", place / "cache"
    shutil.rmtree(home, ignore_errors=True)
    corpus = write_corpus(home, files=options.files)
    say(f"{corpus.files} files, {corpus.size / 1e9:.2f} GB, {corpus.readings:,} readings, {corpus.tokens:,} tokens")
    for path in home.rglob("*.jsonl"):
        path.read_bytes()  # both find the files in memory
    times: dict[str, list[float]] = defaultdict(list)
    peak = 0
    for _ in range(options.rounds):
        if options.ccusage:
            times["ccusage"].append(timed(lambda: ccusage(options.ccusage, home, corpus.tokens)))
        for name, code in (("call", CALL + OURS), ("process", OURS), ("again", OURS), ("again call", CALL + OURS)):
            if not name.startswith("again"):
                shutil.rmtree(cache, ignore_errors=True)
            begun = time.perf_counter()
            text, memory = run([sys.executable, "-c", code, str(home), str(cache)])
            times[f"{name}: whole"].append(time.perf_counter() - begun)
            seconds, with_frames, tokens, readings = json.loads(text)
            if (tokens, readings) != (corpus.tokens, corpus.readings):
                raise SystemExit(f"wrong: {tokens:,} tokens and {readings:,} readings")
            times[name].append(seconds)
            times[f"{name}: frames"].append(with_frames)
            peak = max(peak, memory)
    best = {name: min(values) for name, values in times.items()}
    first, again = best["call: frames"], best["again call: frames"]
    say(f"the call            {best['call']:.3f} s, with both frames {first:.3f} s")
    say(f"the whole process   {best['process: whole']:.3f} s")
    say(f"again, with frames  {again:.3f} s = {again / first:.1%} of the first; whole {best['again: whole']:.3f} s")
    say(f"peak memory         {peak / 1e6:.0f} MB, this process and its helpers together")
    if options.ccusage:
        whole = best["ccusage"]
        say(f"ccusage, whole      {whole:.3f} s, the same total")
        say(f"ratios              call {best['call'] / whole:.2f}, whole process {best['process: whole'] / whole:.2f}")


def ccusage(program: str, home: Path, expected: int) -> None:
    """One run of ccusage; its total must be ours."""
    environment = os.environ | {"CODEX_HOME": str(home)}
    command = [program, "codex", "daily", "--offline", "--json"]
    answer = subprocess.run(command, env=environment, capture_output=True, check=True)
    total = json.loads(answer.stdout)["totals"]["totalTokens"]
    if total != expected:
        raise SystemExit(f"ccusage finds {total:,} tokens, the corpus has {expected:,}")


def timed(action: Callable[[], object]) -> float:
    """Seconds that it took."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def run(command: list[str]) -> tuple[str, int]:
    """The output of a process, and the most memory that it and its children held at one moment (0: not known here)."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(POLL_SECONDS):
            peak = max(peak, resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output = process.communicate()[0]
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{command[:2]} ended with {process.returncode}")
    return output, peak


def resident(pid: int) -> int:
    """Bytes in memory of a process and its children, from /proc; 0 where there is none."""
    total = 0
    with suppress(OSError, ValueError):
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            total += sum(resident(int(child)) for child in children.read_text().split())
    return total


def say(text: str) -> None:
    """One line of the answer."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
