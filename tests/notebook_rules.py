"""What a committed notebook must and must not hold, as functions from its text to what is wrong with it."""

from __future__ import annotations

import ast
import json
import re
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.inputtransformer2 import TransformerManager

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MEDIAN_LINES = 5
SELF_TEST = "selftest"  # hidden from readers, drives the widgets
QUIET = "quiet"  # ends in an expression whose value is None

_MAIL = re.compile(r"[\w.+%*…-]+@(?!example\.(?:com|org|invalid)\b)[a-zA-Z][\w-]*(?:\.[\w-]+)+")
_TOKENS = (
    re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+)+"),  # a JWT
    re.compile(r"(?<![\w-])(?:sk|sess|at|rt)[-_](?=[\w-]*\d)[\w-]{12,}"),  # a key or token with its service's prefix
    re.compile(r"\bBearer\s+[\w.~+/-]{8,}"),
)
_PLACE = re.compile(
    r"(?<![\w.~-])/(?:home|root|Users|tmp|private|var/folders)/\w|[A-Za-z]:\\+Users\\+\w"
    + "".join(f"|{re.escape(place)}" for place in (str(Path(__file__).resolve().parents[1]), sys.prefix))
)
_LIVE = re.compile(r"\b(?:QuotaPanel|Source)\(your logins\b")
_INVENTED = re.compile(r"\bDEMO, invented accounts\b")
_CONNECTS = re.compile(r"\b(?:connect|live)\(")
_OPENS = re.compile(r"\b(?:open_history|read_sessions)\((?![^)]*\bdemo\b)")  # one's own, even where there is no login
_NOT_TEXT = ("image/png", "image/jpeg")  # base64: letters that mean nothing
_STRUCTURES: dict[type[ast.stmt], str] = {
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "def",
    ast.ClassDef: "class",
    ast.For: "for",
    ast.AsyncFor: "for",
    ast.While: "while",
    ast.Try: "try",
    ast.TryStar: "try",
}


def private_texts(text: str) -> list[str]:
    """E-mail addresses of real domains, tokens and machine paths, each with its place in the notebook."""
    return [
        f"{what} at {place}: {found[:12]}…"
        for place, string in _strings(json.loads(text))
        for what, pattern in [("e-mail", _MAIL), *(("token", token) for token in _TOKENS), ("machine path", _PLACE)]
        for found in pattern.findall(string)
    ]


def live_outputs(text: str) -> list[str]:
    """Outputs that were made on somebody's own logins: only the demo's are for committing.

    A notebook that takes the reader's logins shows somewhere in its outputs that these were invented; a cell that opens
    the reader's history or logs shows it itself, for there are logs without a login.
    """
    cells = _code_cells(text)
    told = {index: " ".join(string for _, string in _strings(cell.get("outputs", []))) for index, cell in cells}
    found = [f"cell {index}: made on live logins" for index, string in told.items() if _LIVE.search(string)]
    found += [
        f"cell {index}: opens the reader's history, and does not show that it is the demo's"
        for index, cell in cells
        if _OPENS.search(_source(cell)) and not _INVENTED.search(told[index])
    ]
    asks = any(_CONNECTS.search(_source(cell)) for _, cell in cells)
    if asks and not found and not any(_INVENTED.search(string) for string in told.values()):
        found.append("takes the reader's logins, and no output says that these are the demo's")
    return found


def machine_metadata(text: str) -> list[str]:
    """Metadata that belong to one run or one machine."""
    notebook = json.loads(text)
    found = [name for name in ("widgets", "signature") if name in notebook["metadata"]]
    timed = [index for index, cell in enumerate(notebook["cells"]) if "execution" in cell["metadata"]]
    return [f"metadata.{name}" for name in found] + [f"cell {index}: execution times" for index in timed]


def missing_answers(text: str) -> list[str]:
    """Cells that strict nbval would have nothing to compare with, out of order, or that ended in an error."""
    found = []
    for expected, (index, cell) in enumerate(_code_cells(text), start=1):
        outputs = cell["outputs"]
        if cell["execution_count"] != expected:
            found.append(f"cell {index}: execution_count is {cell['execution_count']}, not {expected}")
        if not outputs and _ends_in_expression(cell) and not _tags(cell) & {SELF_TEST, QUIET}:
            found.append(f"cell {index}: ends in an expression and has no output")
        found += [f"cell {index}: error {out.get('ename')}" for out in outputs if out["output_type"] == "error"]
        found += [f"cell {index}: writes to stderr" for out in outputs if out.get("name") == "stderr"]
    return found


def not_an_article(text: str) -> list[str]:
    """Code that belongs into the package: definitions, loops, `try`, and cells that are too long as a rule."""
    found = [
        f"cell {index}, line {node.lineno}: {_STRUCTURES[type(node)]}"
        for index, cell in _code_cells(text)
        for node in ast.walk(_parsed(cell))
        if isinstance(node, ast.stmt) and type(node) in _STRUCTURES
    ]
    lengths = [_lines(cell) for _, cell in _code_cells(text) if SELF_TEST not in _tags(cell)]
    if lengths and (median := statistics.median(lengths)) > MAX_MEDIAN_LINES:
        found.append(f"half of the cells have more than {MAX_MEDIAN_LINES} lines: median {median}")
    return found


def _strings(value: Any, place: str = "$") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, keys included, with its path; sources and outputs as one text, not line by line."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        # Lines of one text end in line breaks or belong together; values of a chart are texts of their own.
        if ".data.application/" in place:
            yield from ((place, item) for item in value)
        else:
            yield place, "".join(value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{place}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f"{place}.{key}", key
            if key not in _NOT_TEXT:
                yield from _strings(item, f"{place}.{key}")


def _code_cells(text: str) -> list[tuple[int, Any]]:
    return [(index, cell) for index, cell in enumerate(json.loads(text)["cells"]) if cell["cell_type"] == "code"]


def _source(cell: Any) -> str:
    return "".join(cell["source"])


def _tags(cell: Any) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def _lines(cell: Any) -> int:
    return sum(bool(line.strip()) for line in _source(cell).splitlines())


def _parsed(cell: Any) -> ast.Module:
    """The cell's code; magics become the calls that they are."""
    return ast.parse(TransformerManager().transform_cell(_source(cell)))


def _ends_in_expression(cell: Any) -> bool:
    body = _parsed(cell).body
    return bool(body) and isinstance(body[-1], ast.Expr) and not _source(cell).rstrip().endswith(";")
