"""How fast session logs are read: the first time, again, and beside ccusage on the same files in the same run.

    python tests/benchmarks/bench_sessions.py --ccusage node_modules/.bin/ccusage [--rounds 5] [--files 600]

Not part of the tests: it writes a corpus of about 1 GB to a temporary folder (removed at the end, unless `--corpus`
names one to keep) and reads it many times. `ccusage` (version 20) comes from npm: `npm install ccusage@20`.
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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from session_corpus import write_corpus

POLL_SECONDS = 0.005

OURS = """
import json, shutil, sys, time
import pandas
from quota_helpers.sessions import read_sessions
home, cache, first = sys.argv[1:]
if first == "first":
    shutil.rmtree(cache, ignore_errors=True)
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
    first, frames, again, again_frames, theirs, peaks = [], [], [], [], [], []
    for _ in range(options.rounds):
        if options.ccusage:
            theirs.append(timed(lambda: ccusage(options.ccusage, home, corpus.tokens)))
        for name, read, both in (("first", first, frames), ("again", again, again_frames)):
            text, peak = run([sys.executable, "-c", OURS, str(home), str(cache), name])
            seconds, with_frames, tokens, readings = json.loads(text)
            if (tokens, readings) != (corpus.tokens, corpus.readings):
                raise SystemExit(f"wrong: {tokens:,} tokens and {readings:,} readings")
            read.append(seconds)
            both.append(with_frames)
            peaks.append(peak)
    say(f"first read     {min(first):.3f} s, with both frames {min(frames):.3f} s")
    say(f"second read    {min(again):.4f} s = {min(again) / min(first):.1%} of the first")
    say(f"  with frames  {min(again_frames):.4f} s = {min(again_frames) / min(frames):.1%} of the first with frames")
    say(f"peak memory    {max(peaks) / 1e6:.0f} MB, this process and its helpers together")
    if theirs:
        say(f"ccusage        {min(theirs):.3f} s, the same total; ours takes {min(first) / min(theirs):.2f} of that")


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
