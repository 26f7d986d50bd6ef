"""The voice: a docstring begins with a verb in the imperative or with a noun (decision 0088).

The reader's English is often a second language. A docstring that begins with "What", "Whether", a
preposition or a pronoun names no subject, and takes two readings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
KEPT_IN = (
    *("bench", "cli/ecs_anywhere", "e2e", "functions", "local", "onprem/ecs_anywhere_check"),
    *("onprem/ecs_anywhere_dns", "onprem/installer", "recovery", "scripts"),
)
"""The rooms in which every docstring has the voice."""
QUESTIONS = "how what whatever when whenever where wherever whether which who whoever whose why"
PRONOUNS = (
    "anybody anything either everybody everything he it its neither no nobody none nothing she "
    "somebody something somewhere that their theirs them these they this those us we you"
)
PREPOSITIONS = (
    "about above across after along among apart around as at because before behind below beside "
    "besides between by during for from if in into like of on once only onto out over per since "
    "than through to together towards under unless until up upon while with within without"
)
OTHERS = (
    "again also although always and are be been but did does except had has have here is just "
    "least less more most never not or otherwise so such then there too was were yes "
    "adds asked asks binds called delivers examines follows gives held holds implements lets "
    "makes means puts raises reads remembers replaces returns says scales serves shows skips "
    "stands takes tells tries watches writes yields"
)
"""Conjunctions, adverbs, and forms of verbs that are not the imperative."""
NEVER_FIRST = frozenset(f"{QUESTIONS} {PRONOUNS} {PREPOSITIONS} {OTHERS}".split())


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield each text that stands as a statement, with its line: those of attributes, too."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value


def first_word(text: str) -> str:
    return next(iter(text.split()), "").rstrip(".,:;").lower()


def modules() -> list[Path]:
    """Return the modules of these rooms, and of the tests those that hold no test."""
    kept = [path for room in KEPT_IN for path in sorted((REPOSITORY / room).rglob("*.py"))]
    support = sorted((REPOSITORY / "tests").rglob("*.py"))
    return [*kept, *(path for path in support if not path.name.startswith("test_"))]


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_docstring_begins_with_a_verb_or_a_noun(module: Path) -> None:
    wrong = [
        f"line {line}: {text.strip().splitlines()[0]}"
        for line, text in docstrings(module.read_text())
        if first_word(text) in NEVER_FIRST
    ]
    assert not wrong


@pytest.mark.parametrize(
    "text", ["Whether it is.", "Of AWS.", "Raises CheckFailed.", "Those that are there.", "It: so."]
)
def test_it_finds_a_docstring_without_a_subject(text: str) -> None:
    assert first_word(text) in NEVER_FIRST


@pytest.mark.parametrize("text", ["Return the name.", "The zones.", "`init`: write it.", "Zones."])
def test_it_lets_a_verb_or_a_noun_pass(text: str) -> None:
    assert first_word(text) not in NEVER_FIRST
