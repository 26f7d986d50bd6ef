"""Which of the errors that are waited for a handler can raise, read from its source.

A call is followed by the name that it calls, wherever something of that name is defined: a port's
`remove` is every adapter's `remove`. So the answer is never too small, and sometimes too large.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FUNCTIONS = Path(__file__).parents[2] / "functions"


def names_used_by(handler: str) -> frozenset[str]:
    """Every name, of an error too, that `handlers/<handler>.py` or what it calls mentions."""
    known = _definitions()
    used: set[str] = set()
    waiting = [f"handlers.{handler}.handler"]
    while waiting:
        new = known.get(waiting.pop(), set()) - used
        used |= new
        waiting += new
    return frozenset(name.rpartition(".")[2] for name in used)


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
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _key(module: str, name: str) -> str:
    """What is private, and every `handler`, belongs to its module; all else is known by name."""
    return f"{module}.{name}" if name.startswith("_") or name == "handler" else name
