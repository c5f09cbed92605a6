"""The examples in docstrings are run: what they show is what comes."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import quota_helpers as qh

PACKAGE = Path(__file__).parents[1] / "quota_helpers"
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if re.search(r"^ *>>> (?!.*\+SKIP)", path.read_text(encoding="utf-8"), re.MULTILINE)
)


def test_every_public_callable_has_an_example():
    """That of a class shows its methods at work."""
    public = {name: getattr(qh, name) for name in qh.__all__ if callable(getattr(qh, name))}
    shown = re.compile(r"^>>> (?!.*\+SKIP)", re.MULTILINE)
    assert [name for name, value in public.items() if not shown.search(inspect.getdoc(value) or "")] == []


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may write a file
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert found.attempted
    assert not found.failed, "the difference is printed above"
