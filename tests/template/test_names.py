"""One name from graph to test: state, substitution, function, handler, and the handler's docstring.

State "Verify resolution" invokes VerifyResolutionFunction, which is handlers/verify_resolution.py,
which says `State "Verify resolution"`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.template import sam_template, workflow

HANDLERS = Path(__file__).parents[2] / "functions" / "handlers"
TASKS = {
    state.name: state
    for scope in workflow.scopes(workflow.definition())
    for state in scope.states.values()
    if state.is_task
}

SHARED = {"__init__", "counting", "entry", "log", "measuring"}
"""Files that every handler stands on."""

WORDED_FOR_PEOPLE = {
    "Read the VPC": "ReadVpc",
    "Ask what answers": "VerifyResolution",
    "Ensure interface endpoints": "EnsureEndpoints",
    "Ensure inbound resolver": "EnsureResolver",
    "Ensure probe": "VerifyResolution",
    "Tell when its turn is": "Finish",
    "Learn what was begun": "EnsureEndpoints",
    "Turn off what goes": "TurnOffPrivateDns",
}
"""States that say more than their function's name."""

every_task = pytest.mark.parametrize("state", TASKS)
every_function = pytest.mark.parametrize("function", sam_template.functions())


@every_task
def test_a_state_invokes_the_function_of_its_name(state: str) -> None:
    name = WORDED_FOR_PEOPLE.get(state) or "".join(map(str.capitalize, state.split()))
    assert TASKS[state].function == f"{name}Function"


@every_task
def test_a_state_s_function_is_the_resource_of_that_name(state: str) -> None:
    function = TASKS[state].function
    machine = sam_template.resources("AWS::Serverless::StateMachine")["PrivateConnectivity"]
    assert machine["DefinitionSubstitutions"][function] == {"Fn::GetAtt": [function, "Arn"]}


@every_function
def test_a_function_is_the_handler_of_its_name(function: str) -> None:
    module = re.sub(r"\B([A-Z])", r"_\1", function.removesuffix("Function")).lower()
    assert sam_template.functions()[function]["Handler"] == f"handlers.{module}.handler"


@every_function
def test_a_handler_says_which_states_are_its_own(function: str) -> None:
    """The doors (knock, request, sweep), the guard and the report of an unreported end are no
    states, and say none."""
    module = sam_template.functions()[function]["Handler"].split(".")[1]
    docstring = ast.get_docstring(ast.parse((HANDLERS / f"{module}.py").read_text())) or ""
    states = {name for name, state in TASKS.items() if state.function == function}
    assert set(re.findall(r'"([^"]+)"', docstring)) == states


def test_every_handler_is_a_function_and_every_function_a_handler() -> None:
    files = {path.stem for path in HANDLERS.glob("*.py")} - SHARED
    handlers = {item["Handler"].split(".")[1] for item in sam_template.functions().values()}
    assert files == handlers


def test_the_table_of_other_words_holds_only_states_that_are_there() -> None:
    assert WORDED_FOR_PEOPLE.keys() <= TASKS.keys()


def test_the_page_about_the_workflow_names_every_state_and_no_other() -> None:
    """In its table by their whole names, several in a row; and in its picture."""
    page = (HANDLERS.parents[1] / "docs" / "architecture.md").read_text()
    table = page.partition("| state | does |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines()[2:]]
    named = {name.strip() for row in rows for name in row.split(",")}
    states = {name for scope in workflow.scopes(workflow.definition()) for name in scope.states}
    assert named == states
    picture = page.partition("flowchart TD")[2].partition("```")[0]
    drawn = set(re.findall(r"[\[{(/]+([A-Z][^\]})/\[]+?)[\]})/]+", picture))
    assert drawn == states
