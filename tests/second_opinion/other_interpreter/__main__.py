"""`make second-opinion`: both accounts, and whether they tell the same."""

from __future__ import annotations

import json
import sys
import time

from local.deploy import install_dependencies
from local.settings import REPOSITORY
from tests.second_opinion.other_interpreter import alike, apart
from tests.second_opinion.other_interpreter.alike import Account
from tests.second_opinion.other_interpreter.localemu import PYTHON
from tests.template import workflow

FOLDER = REPOSITORY / ".local" / "second-opinion"
TELL = "tests.second_opinion.other_interpreter.tell"
_SHOWN = 20


class NotToldError(Exception):
    """An account did not come to the end of the situations; why is on the screen."""


def told_on(account: str) -> Account:
    """Tell the situations on an account, in a network of its own; return what it told."""
    file = FOLDER / f"{account}.json"
    file.unlink(missing_ok=True)
    print(f"{account}: ", end="", flush=True)
    began = time.monotonic()
    if apart.run_apart(TELL, account, str(file)) or not file.exists():
        raise NotToldError(f"{account} did not come to the end; {FOLDER} has its logs")
    told = Account.from_json(json.loads(file.read_text()))
    print(f"{len(told.histories)} executions in {time.monotonic() - began:.0f} s", flush=True)
    return told


def report(embedded: Account, localemu: Account) -> int:
    """Print every difference, or what was compared; return the exit code."""
    found = alike.differences(embedded, localemu)
    for difference in found[:_SHOWN]:
        print(difference)
    states = {name for scope in workflow.scopes(workflow.definition()) for name in scope.states}
    met = alike.visited(embedded)
    print(f"{len(met)} of {len(states)} states; never met: {', '.join(sorted(states - met))}")
    print(f"{len(found)} differences between the embedded AWS (first) and LocalEmu (second)")
    return 1 if found else 0


def main() -> int:
    """Return 0 if both tell the same, 1 if not, and 2 if one could not tell."""
    if not PYTHON.exists():
        print("LocalEmu is not installed: run `make second-opinion`", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    # What it takes from the package index, before there is no network any more.
    install_dependencies(REPOSITORY / "functions")
    try:
        return report(told_on("embedded"), told_on("localemu"))
    except (NotToldError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
