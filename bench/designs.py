"""The workflow, varied: what other designs would give, on the definition and the code as they are.

States are chosen by the calls that their functions make, never by name, so that the table outlives
a renaming. What only code could do is modelled and named so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from bench import lone
from bench.app import AS_DEPLOYED, App, Design
from bench.lifecycles import MEDIANS
from bench.workflow import FIRST_INTERVAL

Definition = Mapping[str, Any]
Program = dict[str, Any]
"""A definition, or a branch of a Parallel state."""

FIRST_LOOKS = {
    "ec2:CreateVpcEndpoint": 0.9,
    "route53resolver:CreateResolverEndpoint": 0.83,
    "ec2:DeleteVpcEndpoints": 0.75,
}
"""The first look, after this part of what AWS takes at the median."""
_TAKES = {
    "ec2:CreateVpcEndpoint": MEDIANS.endpoint_made,
    "route53resolver:CreateResolverEndpoint": MEDIANS.resolver_made,
    "ec2:DeleteVpcEndpoints": MEDIANS.resolver_gone,
}


@cache
def callers(story: str) -> Mapping[str, frozenset[str]]:
    """Return, for each action, the functions that call it when a VPC comes (`enable`) or goes."""
    with App() as app:
        network = app.add_vpc(1, MEDIANS)
        app.tag(network)
        app.clock.run(lone.QUIET)
        calls = app.account.calls
        if story == "disable":
            since = len(calls)
            app.untag(network)
            app.clock.run(2 * lone.QUIET)
            calls = app.account.calls[since:]
    return {
        name: frozenset(call.caller for call in calls if call.name == name)
        for name in {call.name for call in calls}
    }


def programs(program: Program) -> Iterator[Program]:
    """Yield the program and those of its Parallel states, from outside to inside."""
    yield program
    for state in program["States"].values():
        for branch in state.get("Branches", ()):
            yield from programs(branch)


def calling(program: Program, action: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the program's own states whose functions call `action`: to disable where it deletes."""
    story = "disable" if ":Delete" in action else "enable"
    for name, state in program["States"].items():
        function = state.get("Arguments", {}).get("FunctionName")
        if function in callers(story).get(action, frozenset()):
            yield name, state


def looking(first: Mapping[str, float], then: float) -> Callable[[Definition], Definition]:
    """Return what lets the first look at what was begun come after `first` seconds, by the action
    that begins it, and the others every `then` seconds."""

    def vary(definition: Definition) -> Definition:
        varied = copy.deepcopy(dict(definition))
        for program in programs(varied):
            for action, seconds in first.items():
                for _, state in calling(program, action):
                    for retrier in state.get("Retry", ()):
                        if "NotReadyYet" in retrier["ErrorEquals"]:
                            retrier |= {
                                FIRST_INTERVAL: seconds,
                                "IntervalSeconds": then,
                                "BackoffRate": 1,
                                "MaxAttempts": 200,
                            }
        return varied

    return vary


def private_dns_early(definition: Definition) -> Definition:
    """Move what turns private DNS on to the end of the branch that makes the endpoints."""
    varied = copy.deepcopy(dict(definition))
    for source in programs(varied):
        for name, state in [*calling(source, "ec2:ModifyVpcEndpoint")]:
            target = _branch_that_makes(varied, besides=source)
            if target is None or "Next" not in state:
                continue
            _move(source, name, target)
            return varied
    return varied


def _branch_that_makes(definition: Program, besides: Program) -> Program | None:
    for program in programs(definition):
        for _, state in calling(program, "ec2:CreateVpcEndpoint"):
            if program is not besides and state.get("End"):
                return program
    return None


def _move(source: Program, name: str, target: Program) -> None:
    """Move a state, with those that only lead back to it, to the end of another program."""
    state = source["States"].pop(name)
    helpers = [
        n
        for n, each in source["States"].items()
        if each.get("Next") == name and each["Type"] == "Wait"
    ]
    following = state.pop("Next")
    if source["StartAt"] == name:
        source["StartAt"] = following
    for helper in helpers:
        target["States"][helper] = source["States"].pop(helper)
    for each in source["States"].values():
        if each.get("Next") == name:
            each["Next"] = following
    for each in target["States"].values():
        if each.pop("End", None):
            each["Next"] = name
    target["States"][name] = {**state, "End": True}


def both(*varies: Callable[[Definition], Definition]) -> Callable[[Definition], Definition]:
    def vary(definition: Definition) -> Definition:
        for each in varies:
            definition = each(definition)
        return definition

    return vary


_LATER = looking({action: part * _TAKES[action] for action, part in FIRST_LOOKS.items()}, 5)
_PATIENT = looking({action: 0.7 * _TAKES[action] for action in FIRST_LOOKS}, 5)
_PROBE_AT_ONCE = looking({"lambda:CreateFunction": 0}, 5)


def _alone(name: str, **varied: Any) -> Design:
    return replace(AS_DEPLOYED, name=name, **varied)


_LATER_LOOK = "first look after 54, 75 and 45 s, then every 5 s"
_EARLY = both(private_dns_early, _PROBE_AT_ONCE)
SINGLE: Sequence[Design] = (
    _alone("one function for all steps", one_function=True),
    _alone("cold starts of 0.35 s", cold_seconds=0.35),
    _alone("reads 6 at a time (M)", reads_at_once=6),
    _alone("a function paces its calls (M)", paced=True),
    _alone(_LATER_LOOK, definition=_LATER),
    _alone("private DNS on when the endpoints are there", definition=private_dns_early),
    _alone("probe beside the resolver (M)", probe_beside_resolver=True, definition=_PROBE_AT_ONCE),
)
"""One thing at a time. (M): modelled, as it would be code and not the definition."""

_F = _alone(
    "F: functions as they are; paced (M), probe beside (M), private DNS early, " + _LATER_LOOK,
    paced=True,
    probe_beside_resolver=True,
    definition=both(_LATER, _EARLY),
)
_H = replace(
    _F,
    name="H: F, but first look after 42, 63 and 42 s, then a function looks itself every 2 s (M)",
    looks_itself_every=2,
    definition=both(_PATIENT, _EARLY),
)
COMBINED: Sequence[Design] = (
    _alone("a: one function", one_function=True),
    _alone(
        "c: a, reads 6 at a time (M), " + _LATER_LOOK,
        one_function=True,
        reads_at_once=6,
        definition=_LATER,
    ),
    _alone(
        "e: c, probe beside (M), private DNS early",
        one_function=True,
        reads_at_once=6,
        probe_beside_resolver=True,
        definition=both(_LATER, _EARLY),
    ),
    replace(_H, name="g: e with H's looks, paced (M)", one_function=True, reads_at_once=6),
    replace(
        _H,
        name="g with cold starts of 0.35 s",
        one_function=True,
        reads_at_once=6,
        cold_seconds=0.35,
    ),
    replace(_F, name="F0: F without pacing", paced=False),
    _F,
    replace(_F, name="F with cold starts of 0.35 s", cold_seconds=0.35),
    replace(_F, name="F, reads 6 at a time (M)", reads_at_once=6),
    _H,
    replace(_H, name="H with cold starts of 0.35 s", cold_seconds=0.35),
    replace(
        _H,
        name="H, reads 6 at a time (M), cold starts of 0.35 s",
        reads_at_once=6,
        cold_seconds=0.35,
    ),
    replace(
        _H, name="H, one function, cold starts of 0.35 s", one_function=True, cold_seconds=0.35
    ),
)
DESIGNS: Sequence[Design] = (AS_DEPLOYED, *SINGLE, *COMBINED)


@dataclass(frozen=True)
class Tried:
    """A design's enable and disable."""

    name: str
    enable: Mapping[str, float]
    disable: Mapping[str, float]


def tried(design: Design, lives: int) -> Tried:
    found = [lap for seed in range(lives) for lap in lone.laps(seed, design)]
    return Tried(design.name, lone.summary(found, "enable"), lone.summary(found, "disable"))
