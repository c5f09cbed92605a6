"""Imports flow one way, and each library stays behind its fence."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest
from foundation_support import PACKAGE
from layer_rules import RANKS, problems

SOURCES = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def test_the_package_keeps_its_rules():
    assert problems(SOURCES) == []


def test_the_package_was_really_read():
    nouns = {path.removesuffix(".py").partition("/")[0] for path in SOURCES}
    assert {"errors", "models", "auth", "client", "normalize", "frames", "sources", "charts", "cli"} <= nouns
    assert nouns <= set(RANKS)


def test_no_two_classes_have_one_name():
    """Whoever reads a name knows which is meant, whichever file it stands in."""
    homes = defaultdict(set)
    for path, text in SOURCES.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                homes[node.name].add(path)
    assert {name: sorted(paths) for name, paths in homes.items() if len(paths) > 1} == {}


GOOD = {"errors.py": "", "client/__init__.py": "from .body import read", "client/body.py": "from ..errors import E"}
BAD = {
    "upwards": ({"errors.py": "from .client import x"}, "imports client, which is not below it"),
    "upwards, late": ({"errors.py": "def f():\n    from .client.body import x"}, "imports client"),
    "upwards, whole module": ({"errors.py": "from . import client"}, "imports client"),
    "upwards, from a folder": ({"client/body.py": "from .. import sources"}, "imports"),
    "to the table of contents": ({"client/body.py": "from .. import anything"}, "imports __init__"),
    "sideways": ({"auth.py": "", "client/body.py": "from ..auth import x"}, "imports auth"),
    "unknown module": ({"stranger.py": ""}, "has no rank"),
    "a fence": ({"errors.py": "import requests"}, "imports requests"),
    "a fence, from": ({"charts.py": "from ipywidgets import Box"}, "imports ipywidgets"),
    "a fence, deep": ({"client/body.py": "import plotly.graph_objects as go"}, "imports plotly"),
    "a fence, late": ({"errors.py": "def f():\n    import urllib3.util"}, "imports urllib3"),
    "itself": ({"cli.py": "import quota_helpers"}, "imports quota_helpers itself"),
    "itself, from": ({"cli.py": "from quota_helpers.errors import E"}, "imports quota_helpers itself"),
    "printing": ({"errors.py": "def f():\n    print(1)"}, "prints"),
    "the clock": ({"frames.py": "from datetime import datetime\nx = datetime.now()"}, "reads the clock"),
    "the clock, long": ({"frames.py": "import datetime\nx = datetime.datetime.now(datetime.UTC)"}, "reads the clock"),
    "the clock, seconds": ({"frames.py": "import time\nx = time.time()"}, "reads the clock"),
    "the clock, pandas": ({"frames.py": "import pandas as pd\nx = pd.Timestamp.now()"}, "reads the clock"),
    "a circle of two": ({"client/body.py": "from .other import x", "client/other.py": "from .body import y"}, "itself"),
    "a circle for type checkers": (
        {"client/body.py": "from .other import x", "client/other.py": "if TYPE_CHECKING:\n    from .body import y"},
        "client.other: imports itself",
    ),
    "a late circle": (
        {"client/body.py": "from .other import x", "client/other.py": "def f():\n    from .body import y"},
        "client.other: imports itself",
    ),
    "upwards, for type checkers": (
        {"errors.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .client import x"},
        "imports client, which is not below it",
    ),
    "a circle with the folder": ({"client/body.py": "from . import x"}, "client: imports itself"),
}


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_a_broken_rule_is_noticed(change, words):
    assert problems(GOOD) == []
    assert any(words in sentence for sentence in problems(GOOD | change))


ALLOWED = {
    "a fence, for type checkers": {"errors.py": "if TYPE_CHECKING:\n    import plotly.graph_objects as go"},
    "downwards": {"client/body.py": "from ..errors import E\nfrom .. import errors"},
    "within the folder": {"client/other.py": "from .body import x"},
    "the fence's owner": {"client/body.py": "import requests, urllib3.util"},
    "the faces' clock": {"cli.py": "import time\nx = time.time()\nprint(x)"},
    "a method of that name": {"frames.py": "def f(clock):\n    return clock.now()"},
    "measuring": {"frames.py": "import time\nx = time.monotonic()"},
}


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed_is_no_problem(change):
    assert problems(GOOD | change) == []
