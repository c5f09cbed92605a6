"""Every committed notebook: nothing private, nothing of one machine, every answer kept, code that reads like prose."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from notebook_rules import live_outputs, machine_metadata, missing_answers, not_an_article, private_texts

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SANITIZE = ROOT / "tests" / "sanitize.cfg"
RULES = [private_texts, live_outputs, machine_metadata, missing_answers, not_an_article]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def test_there_are_notebooks() -> None:
    """The other tests here would pass over an empty folder."""
    assert NOTEBOOKS, f"no notebook in {ROOT / 'notebooks'}"


@each_notebook
def test_it_is_a_valid_notebook(path: Path) -> None:
    """nbformat accepts it, and its cells have ids, so that saving it again changes no line."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)


@each_notebook
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_rules(path: Path, rule: Callable[[str], list[str]]) -> None:
    """Saved by `python tests/save_notebooks.py`, it keeps them by itself; the prose and code are the author's."""
    assert rule(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "outputs", "rule", "expected"),
    [
        ("'jo@example.com'", [], private_texts, None),
        ("'jo@company.example.net'", [], private_texts, "e-mail at $.cells[0].source"),
        ("1", [{"output_type": "stream", "name": "stdout", "text": ["jo@", "company.de"]}], private_texts, "e-mail"),
        ("'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln'", [], private_texts, "token"),
        ("'sess-0123456789abcdef'", [], private_texts, "token"),
        ("'task-0123456789abcdef'", [], private_texts, None),
        ("'class=\"at-a-glance-overview\"'", [], private_texts, None),
        ("open('/home/jo/x')", [], private_texts, "machine path"),
        (repr(str(ROOT / "README.md")), [], private_texts, "machine path"),
        (r"open('C:\\Users\\jo')", [], private_texts, "machine path"),
        ("'https://example.com/home/jo and ~/.codex/auth.json'", [], private_texts, None),
        ("1", [{"output_type": "display_data", "data": {"image/png": "a@b.de"}}], private_texts, None),
        ("frame", [], missing_answers, "cell 0: ends in an expression and has no output"),
        ("frame = 1", [], missing_answers, None),
        ("1 / 0", [{"output_type": "error", "ename": "ZeroDivisionError"}], missing_answers, "error ZeroDivisionError"),
        ("warn()", [{"output_type": "stream", "name": "stderr", "text": "W"}], missing_answers, "stderr"),
        (
            "s",
            [{"output_type": "execute_result", "data": {"text/plain": ["QuotaPanel(your ", "logins: 1 read)"]}}],
            live_outputs,
            "cell 0: made on live",
        ),
        (
            "s",
            [{"output_type": "execute_result", "data": {"text/plain": "Source(your logins: 1)"}}],
            live_outputs,
            "cell 0",
        ),
        ("qh.connect()", [{"output_type": "stream", "text": "x"}], live_outputs, "no output says"),
        (
            "qh.connect()",
            [{"output_type": "stream", "text": "QuotaPanel(DEMO, invented accounts: 1)"}],
            live_outputs,
            None,
        ),
        ("'your logins'", [{"output_type": "stream", "text": "these are your logins"}], live_outputs, None),
        (
            "qh.open_history()",
            [{"output_type": "stream", "text": "History(7 readings)"}],
            live_outputs,
            "cell 0: opens the reader's history",
        ),
        ("qh.read_sessions()", [], live_outputs, "cell 0: opens the reader's history"),
        (
            "qh.open_history()",
            [{"output_type": "stream", "text": "History(DEMO, invented accounts, 7 readings)"}],
            live_outputs,
            None,
        ),
        ("qh.open_history(qh.demo())", [{"output_type": "stream", "text": "History(7)"}], live_outputs, None),
        ("def f(): pass", [], not_an_article, "cell 0, line 1: def"),
        ("with x:\n    for y in z: pass", [], not_an_article, "cell 0, line 2: for"),
        ("try:\n    x\nexcept OSError:\n    y", [], not_an_article, "cell 0, line 1: try"),
        ("[y for y in z]\nawait panel.ready()\n%time x", [], not_an_article, None),
        ("a = 1\n" * 6, [], not_an_article, "half of the cells have more than 5 lines: median 6"),
    ],
)
def test_the_rules_see(source: str, outputs: list[Any], rule: Callable[[str], list[str]], expected: str | None) -> None:
    """A planted breach is found and named; what only looks like one is not."""
    found = rule(_notebook(source, outputs))
    assert expected in found[0] if expected else found == [], found


def test_the_rules_see_metadata_and_unrun_cells() -> None:
    """Widget state, this machine's Python, run times and a cell that was never run."""
    notebook = json.loads(_notebook("1", []))
    notebook["metadata"] = {"widgets": {}, "language_info": {"name": "python", "version": "3.11.7"}}
    notebook["cells"][0] |= {"execution_count": None, "metadata": {"execution": {}, "tags": ["selftest"]}}
    text = json.dumps(notebook)
    assert machine_metadata(text) == ["metadata.widgets", "cell 0: execution times"]
    assert missing_answers(text) == ["cell 0: execution_count is None, not 1"]


def test_every_sanitize_rule_has_a_reason_and_is_needed() -> None:
    """Each rule hides a difference from nbval: it says why, and some committed output matches it."""
    text = SANITIZE.read_text("utf-8")
    rules = configparser.ConfigParser(interpolation=None)
    rules.read_string(text)
    answers = "\n".join(path.read_text("utf-8") for path in NOTEBOOKS)
    for name in rules.sections():
        assert re.search(rf"^#.*\n\[{re.escape(name)}\]", text, re.MULTILINE), f"[{name}] has no comment above it"
        assert re.search(rules[name]["regex"], answers), f"[{name}] matches no committed output: remove the rule"


def _notebook(source: str, outputs: list[Any]) -> str:
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": outputs, "source": source}
    return json.dumps({"cells": [cell], "metadata": {}})
