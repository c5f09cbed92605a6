"""A short run loads what it needs and nothing else, and starts with the garbage collector out of the way."""

from __future__ import annotations

import json

from foundation_support import FAR, Desk, python

LOADED = "import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
LATER = {
    "html",  # what notebooks show
    "zoneinfo",  # --timezone
    "tomllib",  # a Codex home without a login file
    "encodings.utf_16_le",  # bodies that are no UTF-8
    "quota_helpers.invented",
    "quota_helpers.frames",
    "quota_helpers.bodies",
    "quota_helpers.outlook.answers",  # a run without a person before it
}


def test_a_plain_run_loads_only_what_it_needs(tmp_path):
    with Desk(tmp_path / "account") as desk:
        desk.login("ada", exp=FAR)
        code = f"from quota_helpers.cli import main\nassert main(['--chatgpt-url', {desk.base!r}]) == 0"
        names = set(json.loads(python(LOADED.format(code=code), cwd=tmp_path).splitlines()[-1]))
    assert "quota_helpers.normalize.usage" in names
    assert names & LATER == set()


def test_what_loads_later_is_found(tmp_path):
    """Each late import leads to a module that is there."""
    code = "import importlib\nfor name in {names!r}: importlib.import_module(name)"
    python(code.format(names=sorted(LATER)), cwd=tmp_path)


def test_the_collector_is_on_when_the_work_begins(tmp_path):
    """It is off only while the modules load, and those are left to themselves afterwards."""
    code = """
import gc, sys
from quota_helpers.__main__ import main
before = gc.get_freeze_count()
sys.argv = ["quota_helpers", "--help"]
try:
    main()
except SystemExit as done:
    assert done.code == 0
assert gc.isenabled() and before < 1_000 < gc.get_freeze_count(), (gc.isenabled(), before, gc.get_freeze_count())
"""
    assert "usage: python -m quota_helpers" in python(code, cwd=tmp_path)
