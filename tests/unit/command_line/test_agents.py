"""What a person does next for a container host: one thing, the first that is in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_anywhere.agents import Agent
from ecs_anywhere.host_checks import HostCheck

CHECK = HostCheck("mi-0a1b2c3d", "node1", "private", 1.0, (), names_are_private=True)
STALE = replace(CHECK, verdict="public", said=("numbered -> restart",))
PUBLIC = replace(STALE, names_are_private=False, said=("ecs leads to 203.0.113.1",))


@pytest.mark.parametrize(
    ("agent", "step"),
    [
        (Agent(CHECK, "Online", True), ""),
        (Agent(CHECK, "ConnectionLost", True), "amazon-ssm-agent"),
        (Agent(CHECK, "Online", None), "ECS_CLUSTER"),
        (Agent(CHECK, "Online", False), "ecs-agent.log"),
        (Agent(replace(CHECK, verdict="unchecked"), "Online", True), "agents check"),
        (Agent(STALE, "Online", True), "agents restart"),
        (Agent(PUBLIC, "Online", True), "ecs leads to 203.0.113.1"),
    ],
    ids=["well", "offline", "elsewhere", "not connected", "unchecked", "stale", "public"],
)
def test_each_host_has_one_next_step_or_none(agent: Agent, step: str) -> None:
    assert step in agent.next_step
    assert bool(agent.next_step) != agent.is_well
