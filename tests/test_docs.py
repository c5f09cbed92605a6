"""What README says is what the code does."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import quota_helpers as qh
from quota_helpers import errors
from quota_helpers.cli.options import make_parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)


def first_cells(heading: str) -> list[str]:
    """The names in the first column of the table under a heading."""
    section = README.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    return [
        name for row in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]


def test_there_are_exactly_two_setup_commands():
    """One opens JupyterLab on the first notebook, one installs the tests' extra and runs everything."""
    run, test = COMMANDS
    assert run.endswith("notebooks/01_quota_now.ipynb")
    assert (ROOT / run.split()[-1]).is_file()
    assert '".[test]"' in test
    assert test.endswith("-m pytest")


def test_ci_runs_the_readmes_own_test_command():
    """`.ci/run` takes the command from README; its pattern finds that one line and no other."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    pattern = re.search(r"grep -E '([^']+)' README.md", script)
    assert pattern
    assert [line for line in README.splitlines() if re.search(pattern[1], line)] == [COMMANDS[1]]


def test_every_column_is_explained_in_order():
    """The table of columns is the frame's own list."""
    assert first_cells("### The columns of the frame") == list(qh.COLUMNS)


def test_every_error_that_a_user_can_meet_is_explained():
    """Every class without subclasses stands in the table, and nothing else does."""
    tree = [item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, qh.QuotaError)]
    leaves = {item.__name__ for item in tree if not item.__subclasses__()}
    assert set(first_cells("## What can go wrong, and what to do")) == leaves


def test_the_error_tree_in_the_docstring_is_complete():
    """The tree that is drawn at the top of errors.py names every error of the file."""
    classes = {item.__name__ for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, Exception)}
    assert set(re.findall(r"\* (\w+)", errors.__doc__)) == classes


def test_every_notebook_is_listed():
    """The table of notebooks is the folder."""
    listed = re.findall(r"`(notebooks/\w+\.ipynb)`", README)
    assert listed == sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize(
    "name", re.findall(r"`(\w+)(?:\([^`]*\))?`", README.split("What else there is", 1)[1].split("###")[0])
)
def test_every_name_that_readme_offers_exists(name):
    """What README calls `qh.<name>` can be had."""
    assert callable(getattr(qh, name))


def test_every_option_that_readme_names_exists():
    """No option in README that the command line does not have."""
    own = set(re.findall(r"`(--[a-z-]+)", README)) - {"--allow-root"}
    help_text = make_parser().format_help()
    assert own
    assert all(option in help_text for option in own)


def test_the_readmes_python_runs(tmp_path):
    """The example under "In a cell" runs as it stands, on the demo."""
    example = README.split("## In a cell", 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_requirement_has_its_reason():
    """Each line of requirements.txt says why the package is there; the six that were asked for are among them."""
    lines = [
        line
        for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.search(r"\S\s+# \S", line) for line in lines)
    names = {re.split(r"[=\s]", line)[0] for line in lines}
    assert {"jupyterlab", "requests", "pandas", "ipywidgets", "plotly", "nbval"} <= names


def test_nothing_else_is_visible_at_the_top():
    """The layout is fixed: hidden files aside, there is only what was agreed."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {line.split("/")[0] for line in listed if line and not line.startswith(".")}
    agreed = {"notebooks", "quota_helpers", "tests", "requirements.txt", "README.md", "pyproject.toml", "CHANGELOG.md"}
    assert top == agreed
