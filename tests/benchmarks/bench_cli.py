"""One account by command line beside a plain `requests` script, and what the imports cost.

Run with: pytest tests/benchmarks/bench_cli.py --benchmark-enable

The aim: at most 25 % slower than the script. All programs ask the same server on this machine, one after the other in
turn. Nothing is asserted about times: a busy machine must not fail anything.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from crowd_support import crowd
from timing import as_a_person_has_it, in_turn, output, program, show

import quota_helpers
from quota_helpers.invented import DemoServer

HERE = Path(__file__).parent
ROUNDS = 20
# The command line judges expiry by this machine's clock, and the demo's logins are valid for days only.
ACCOUNT = replace(crowd(1)[0], valid_for=timedelta(days=36_500))


@pytest.fixture
def place(tmp_path):
    """A folder with the package in it, and no bytecode cache of it yet: `python -m` and `-c` look there first."""
    package = Path(quota_helpers.__file__).parent
    shutil.copytree(package, tmp_path / "quota_helpers", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def environment(caches):
    return as_a_person_has_it() if caches else as_a_person_has_it(PYTHONDONTWRITEBYTECODE="1")


@pytest.mark.parametrize("caches", [True, False], ids=["bytecode cached", "our sources compiled at every start"])
def test_one_account_beside_a_plain_script(benchmark, capsys, place, caches):
    env = environment(caches)
    with DemoServer(accounts=[ACCOUNT]) as server:
        login = server.account_dir / f"{ACCOUNT.name}.auth.json"
        script = [sys.executable, str(HERE / "plain_script.py"), str(login), server.url]
        ours = [
            sys.executable,
            "-m",
            "quota_helpers",
            "--account-dir",
            str(server.account_dir),
            "--chatgpt-url",
            server.url,
        ]
        said = [output(one, cwd=place, env=env).split() for one in (script, ours)]
        calls = {
            "plain requests script": program(script, cwd=place, env=env),
            "python -m quota_helpers": program(ours, cwd=place, env=env),
        }
        times = in_turn(benchmark, calls, rounds=ROUNDS)
    # Both really read the account, and print the same numbers in the same order: five hours, week, the week's reset.
    # Ours has one column more in its header, five_hour_reset, where 80 columns hold it.
    ours_begins = said[1].index(ACCOUNT.name) + 1
    assert said[0][5:10] == said[1][ours_begins : ours_begins + 5], said
    assert bool(list(place.rglob("quota_helpers/**/*.pyc"))) == caches
    show(benchmark, capsys, f"one account, {'with' if caches else 'without'} bytecode caches of our sources", times)


@pytest.mark.parametrize("caches", [True, False], ids=["bytecode cached", "our sources compiled at every start"])
def test_imports(benchmark, capsys, place, caches):
    env = environment(caches)
    code = {
        "nothing": "pass",
        "import requests, json": "import requests, json",
        "import quota_helpers": "import quota_helpers",
        "import quota_helpers.cli": "import quota_helpers.cli",
    }
    calls = {name: program([sys.executable, "-c", line], cwd=place, env=env) for name, line in code.items()}
    times = in_turn(benchmark, calls, rounds=ROUNDS)
    show(benchmark, capsys, f"imports, {'with' if caches else 'without'} bytecode caches of our sources", times)
