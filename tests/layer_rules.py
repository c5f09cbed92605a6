"""The rules of the house, as functions over source text: who may import whom, and who may do what.

`problems(sources)` takes a package as {path: text} and says what breaks a rule, so that the rules themselves can be
tried on small bad packages.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

RANKS = {
    **dict.fromkeys(("paths", "labels", "files", "html", "tables"), 0),
    **dict.fromkeys(("times", "privacy", "workers"), 1),
    "models": 2,
    "errors": 3,
    **dict.fromkeys(("outcomes", "fields", "settings"), 4),
    **dict.fromkeys(("auth", "normalize", "bodies", "client", "appserver", "machine"), 5),
    **dict.fromkeys(("frames", "raw", "sessions", "invented", "siblings"), 6),
    **dict.fromkeys(("sources", "periods"), 7),
    "history": 8,
    "outlook": 9,
    "charts": 10,
    "widgets": 11,
    "__init__": 12,
    "cli": 13,
    "__main__": 14,  # nothing but a call of cli
}
FENCES = {
    "requests": {"client"},
    "urllib3": {"client"},
    "plotly": {"charts"},
    **{name: {"widgets"} for name in ("ipywidgets", "IPython", "anywidget", "traitlets")},
}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns"}
# history: the default of its `clock=`; sessions: "the last 7 days" counts from the moment somebody asks.
MAY_READ_THE_CLOCK = {"sources", "client", "widgets", "cli", "history", "sessions"}


@dataclass(frozen=True)
class Module:
    """One file: `noun` is its top name ("client" for client/body.py), `name` the dotted rest."""

    path: str
    noun: str
    name: str
    tree: ast.Module

    @property
    def package(self) -> list[str]:
        parts = self.path.removesuffix(".py").split("/")
        return parts[:-1]


def problems(sources: Mapping[str, str]) -> list[str]:
    """Every rule that is broken, one sentence each."""
    modules = [_module(path, text) for path, text in sources.items()]
    names = {module.name for module in modules}
    found = [sentence for module in modules for sentence in _of(module, names)]
    return sorted(found + _cycles(modules, names))


def _module(path: str, text: str) -> Module:
    parts = path.removesuffix(".py").split("/")
    name = ".".join(part for part in parts if part != "__init__") or "__init__"
    return Module(path, parts[0], name, ast.parse(text))


def _of(module: Module, names: set[str]) -> Iterator[str]:
    if module.noun not in RANKS:
        yield f"{module.path}: has no rank"
        return
    for node in ast.walk(module.tree):
        for target in _targets(module, node, names):
            yield from _imports(module, target)
    for node in _running(module.tree):
        if isinstance(node, ast.Call):
            yield from _calls(module, node)
        for foreign in _foreign(node):
            if module.noun not in FENCES.get(foreign, {module.noun}):
                yield f"{module.path}: imports {foreign}"
            if foreign == "quota_helpers":
                yield f"{module.path}: imports quota_helpers itself"


def _imports(module: Module, target: str) -> Iterator[str]:
    noun = target.partition(".")[0]
    if noun == module.noun:
        return
    if RANKS.get(noun, 99) >= RANKS[module.noun]:
        yield f"{module.path}: imports {noun}, which is not below it"


def _calls(module: Module, node: ast.Call) -> Iterator[str]:
    called = node.func
    if isinstance(called, ast.Name) and called.id == "print" and module.noun != "cli":
        yield f"{module.path}: prints"
    clock = isinstance(called, ast.Attribute) and called.attr in CLOCKS and _named(called.value)
    if clock and module.noun not in MAY_READ_THE_CLOCK:
        yield f"{module.path}: reads the clock"


def _named(value: ast.expr) -> bool:
    """datetime.now(...), datetime.datetime.now(...), date.today(), time.time(), pd.Timestamp.now()."""
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return name in {"datetime", "date", "time", "Timestamp", "dt"}


def _running(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node but those that exist for type checkers only."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _targets(module: Module, node: ast.AST, names: set[str]) -> Iterator[str]:
    """The package's own modules that an import statement loads, as dotted names."""
    if not (isinstance(node, ast.ImportFrom) and node.level):
        return
    base = module.package[: len(module.package) - node.level + 1]
    if node.module:
        base = [*base, *node.module.split(".")]
    for alias in node.names:
        full = ".".join([*base, alias.name])
        yield full if full in names else ".".join(base) or "__init__"


def _foreign(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    if isinstance(node, ast.ImportFrom) and not node.level and node.module:
        yield node.module.partition(".")[0]


def _cycles(modules: list[Module], names: set[str]) -> list[str]:
    """Import circles, those that only type checkers or a late import would go round included."""
    loads = {
        module.name: {to for node in ast.walk(module.tree) for to in _targets(module, node, names)} - {module.name}
        for module in modules
    }
    return [f"{name}: imports itself through others" for name in loads if _reaches(name, name, loads)]


def _reaches(start: str, goal: str, loads: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(loads.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += loads.get(name, ())
    return False
