"""Bring about the situations on one account, and write their histories.

`python -m tests.second_opinion.other_interpreter.tell embedded FILE`, or `localemu FILE`: a process
each, because the embedded AWS of a process has one world.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.settings import Settings
from tests.second_opinion.other_interpreter import localemu
from tests.second_opinion.other_interpreter.alike import Account
from tests.second_opinion.other_interpreter.apart import raise_loopback
from tests.second_opinion.other_interpreter.situations import PARAMETERS, tell
from tests.second_opinion.other_interpreter.split import SplitAws
from tests.story.app import App

SETTINGS = Settings(time_scale=0.05, stack_name="second-opinion")


def _on_embedded(_: Path) -> Account:
    with EmbeddedAws(SETTINGS) as aws:
        aws.outputs = deploy(aws, PARAMETERS)
        return _account(aws)


def _on_localemu(log: Path) -> Account:
    with SplitAws(SETTINGS) as aws, localemu.running(SETTINGS, aws.clock, log) as emulator:
        aws.join(emulator)
        aws.deploy(PARAMETERS)
        return _account(aws)


def _account(aws: EmbeddedAws) -> Account:
    pages = aws.client("cloudformation").get_paginator("list_stack_resources")
    logical = {
        resource["PhysicalResourceId"]: resource["LogicalResourceId"]
        for page in pages.paginate(StackName=aws.settings.stack_name)
        for resource in page["StackResourceSummaries"]
        if SETTINGS.stack_name in resource["PhysicalResourceId"]
    }
    return Account(tell(App(aws)), logical)


ON: dict[str, Callable[[Path], Account]] = {"embedded": _on_embedded, "localemu": _on_localemu}

if __name__ == "__main__":
    file = Path(sys.argv[2])
    raise_loopback()
    account = ON[sys.argv[1]](file.with_suffix(".log"))
    file.write_text(json.dumps(account.as_json(), indent=1))
