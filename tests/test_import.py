"""`import quota_helpers` is cheap, and its table of contents is true."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import typing

import pytest
from foundation_support import FAR, PACKAGE, Desk, python

import quota_helpers as qh

HEAVY = ("pandas", "numpy", "plotly", "ipywidgets", "anywidget", "IPython", "traitlets")
LOADED = "import sys, json\n{code}\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"


def loaded_by(code: str, folder) -> set[str]:
    return set(json.loads(python(LOADED.format(code=code), cwd=folder).splitlines()[-1]))


def test_the_import_alone_loads_nothing_heavy(tmp_path):
    names = loaded_by("import quota_helpers", tmp_path)
    assert not names & {*HEAVY, "requests", "urllib3", "jwt", "tqdm", "sqlite3"}
    assert "quota_helpers" in names


def test_the_command_line_never_loads_what_only_notebooks_need(tmp_path):
    """Not when it is imported, and not when it has printed a table, a document and raw bodies."""
    with Desk(tmp_path / "account") as desk:
        desk.login("ada", exp=FAR)
        place = ["--chatgpt-url", desk.base]
        runs = [place, [*place, "--json"], [*place, "--raw-json", "--raw-headers"]]
        code = f"from quota_helpers.cli import main\nfor arguments in {runs!r}: assert main(arguments) == 0"
        names = loaded_by(code, tmp_path)
    assert not names & {*HEAVY, "tqdm"}
    assert "requests" in names


@pytest.mark.parametrize("name", qh.__all__)
def test_every_name_resolves(name):
    assert getattr(qh, name) is not None
    assert name in dir(qh)


def test_names_are_sorted_and_complete():
    """The list, the table that finds them, and the block for type checkers name the same things."""
    assert len(set(qh.__all__)) == len(qh.__all__)
    assert sorted(qh.__all__) == qh.__all__
    assert {*qh._HOME, "__version__"} == set(qh.__all__)
    assert _for_type_checkers() == qh._HOME


def _for_type_checkers() -> dict[str, str]:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module for node in imports for alias in node.names}


@pytest.mark.parametrize("module", sorted({module.partition(".")[0] for module in qh._HOME.values()}))
def test_what_the_table_of_contents_names_is_public_in_its_module(module):
    """A module with an `__all__` of its own lists what the package takes from it."""
    loaded = importlib.import_module(f"quota_helpers.{module}")
    if hasattr(loaded, "__all__"):
        assert {name for name, home in qh._HOME.items() if home == module} <= set(loaded.__all__)
        assert all(hasattr(loaded, name) for name in loaded.__all__)


PUBLIC = {
    f"{home}.{name}": value
    for home, names in (("qh", qh.__all__), ("models", qh.models.__all__), ("errors", dir(qh.errors)))
    for name in names
    if callable(value := getattr({"qh": qh, "models": qh.models, "errors": qh.errors}[home], name))
    if value.__module__.startswith("quota_helpers.")
}


@pytest.mark.parametrize("value", PUBLIC.values(), ids=PUBLIC)
def test_type_hints_can_be_asked_for(value):
    """What editors and libraries ask for, of public functions, and of values with their methods and properties."""
    members = vars(value).values() if inspect.isclass(value) else ()
    functions = [getattr(member, "fget", None) or getattr(member, "__func__", member) for member in members]
    for one in [value, *filter(inspect.isfunction, functions)]:
        typing.get_type_hints(one)


def test_tab_completion_shows_the_names_and_the_modules_and_nothing_else():
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert set(dir(qh)) == {*qh.__all__, *(name for name in modules if not name.startswith("_"))}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_module_can_be_imported_by_its_dotted_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    assert importlib.import_module(name).__name__ == name


def test_the_name_of_a_function_stays_the_function_after_its_neighbours_were_imported(tmp_path):
    code = "import quota_helpers.invented.truth, quota_helpers.periods.follow, quota_helpers as qh; "
    python(code + "assert callable(qh.demo) and callable(qh.cycles)", cwd=tmp_path)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = qh.nonsense
    assert not hasattr(qh, "nonsense")


def test_names_that_others_rely_on_are_there():
    promised = """
        connect demo live find_accounts load_auth parse_auth UsageClient normalize_usage normalize_headers
        normalize_token_count ALIASES to_frame COLUMNS plot_windows QuotaError __version__
    """
    assert set(promised.split()) <= set(qh.__all__)
