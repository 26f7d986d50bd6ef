"""Errors that are waited for: those that a handler can raise, read from its source.

A call is followed by the name that it calls, wherever something of that name is defined: a port's
`remove` is every adapter's `remove`. A call of AWS may raise what the table of error codes says of
it. So the answer is never too small, and sometimes too large.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from botocore import xform_name
from connectivity.adapters.error_codes import MEANINGS, Reading
from connectivity.adapters.refusals import SAYINGS

FUNCTIONS = Path(__file__).parents[2] / "functions"


OPERATIONS = {xform_name(operation): operation for operation in MEANINGS}
"""botocore's method -> AWS's name of the operation."""


def names_used_by(handler: str) -> frozenset[str]:
    """Every name, of an error too, that `handlers/<handler>.py` or what it calls mentions."""
    known = _definitions()
    used: set[str] = set()
    waiting = [f"handlers.{handler}.handler"]
    while waiting:
        new = known.get(waiting.pop(), set()) - used
        used |= new
        waiting += new
    names = frozenset(name.rpartition(".")[2] for name in used)
    return names.union(*(_raised_by(OPERATIONS[name]) for name in names & OPERATIONS.keys()))


def _raised_by(operation: str) -> set[str]:
    """The names of the errors that AWS's refusals of `operation` become."""
    said = {each.means for each in SAYINGS if operation in each.operations}
    meanings = said | MEANINGS[operation].keys()
    return {each.__name__ for each in meanings if not isinstance(each, Reading)}


@cache
def _definitions() -> Mapping[str, set[str]]:
    """The names that stand in the functions and methods of a name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in FUNCTIONS.rglob("*.py"):
        module = ".".join(path.relative_to(FUNCTIONS).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                found[_key(module, node.name)] |= {
                    _key(module, name) for statement in node.body for name in _names(statement)
                }
    return found


def _names(node: ast.AST) -> set[str]:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    # A paginator's operation, and one that is chosen, stand there as text.
    texts = {str(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant)}
    names |= texts & OPERATIONS.keys()
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _key(module: str, name: str) -> str:
    """Return the key of a function: a private one, and every `handler`, belongs to its module; all
    else is known by name."""
    return f"{module}.{name}" if name.startswith("_") or name == "handler" else name
